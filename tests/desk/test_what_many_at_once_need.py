"""What an act on many needs from a second person: that it is on many, and whatever the act itself needs."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.desk.runs import Runs
from crossdock.message.four_eyes import Asked, Kind

ABANDON = {"outcome": "abandoned", "reason": "they closed"}
FIX = {"path": "sku", "value": "W-1"}


@pytest.mark.parametrize(
    ("act", "body", "needs"),
    [
        ("retry", {}, {Kind.REPLAY}),
        ("resolve", ABANDON, {Kind.REPLAY, Kind.ABANDON}),
        ("fix", FIX, {Kind.REPLAY, Kind.FIX}),
    ],
)
async def test_each_kind_that_it_is_of_is_asked_for_and_any_of_them_stops_it(
    act: str, body: dict[str, str], needs: set[Kind]
):
    async def known() -> None: ...

    for stops in (*needs, None):
        asked = set[Kind]()

        class Eyes:
            async def must_agree(
                self, kind: Kind, verb: str, *_: object, who: str, says: Callable[[], str], stops: Kind | None = stops,
                asked: set[Kind] = asked,
            ) -> None:  # fmt: skip
                assert (verb, who) == ("desk/bulk", "ann")
                asked.add(kind)
                if kind is stops:
                    raise Asked({"id": "p1", "says": says()})

        runs = cast("Any", SimpleNamespace(known=known, _eyes=Eyes(), _journal=None))
        # Past all questions it would go to the store, which is not there.
        with pytest.raises(AttributeError if stops is None else Asked):
            await Runs.bulk(runs, [1], act, body, who="ann", why="x")
        assert stops is not None or asked == needs
