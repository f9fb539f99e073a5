"""Whose incidents are handed over at the end of a shift."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.desk.supervision import Supervision
from crossdock.journal.contract import Overtaken

OWNED = {"ann": [1, 2], "cy": [3, 4, 5]}


@pytest.mark.parametrize(("of", "given"), [(None, [1, 2]), ("cy", [3, 5])])
async def test_those_of_the_one_who_is_named_and_who_still_has_them(of: str | None, given: list[int]):
    handed: list[tuple[int, dict[str, str], str]] = []
    notes: list[Any] = []

    async def act(id_: int, name: str, body: dict[str, str], *, who: str) -> None:
        assert name == "assign"
        if id_ == 4:
            raise Overtaken("it ended at this moment")
        handed.append((id_, body, who))

    async def view(read: Any) -> Any:
        def execute(_query: str, values: tuple[Any, ...]) -> list[tuple[int]]:
            return [(id_,) for id_ in OWNED[values[0]]]

        return read(SimpleNamespace(execute=execute))

    async def submit(_changes: object) -> None: ...

    changes = SimpleNamespace(entry=lambda _entry, row: notes.append(row[1]))
    journal = SimpleNamespace(view=view, changes=lambda: changes, next_id=lambda: 9, scope=1, submit=submit)
    desk = SimpleNamespace(_journal=journal, desk=SimpleNamespace(act=act), _now_ms=lambda: 7)
    told = await Supervision.hand_over(cast("Any", desk), "ann", "bea", "good night", of=of)
    assert handed == [(id_, {"owner": "bea"}, "ann") for id_ in given]
    assert (told["incidents"], notes) == (len(given), [(9, 1, "ann", "bea", "good night", len(given), 7)])
