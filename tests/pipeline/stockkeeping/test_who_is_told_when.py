"""Which channels are told of a figure now, which when there is room, and which know it already."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from crossdock.charter.stock import ITSELF
from crossdock.journal.stock import LevelRow, ToldRow
from crossdock.pipeline.stockkeeping.publish import AHEAD, Publisher
from crossdock.stock.amount import PARTS
from crossdock.stock.policy import ChannelPolicy, Policy, SitePolicy

NOW_MS = 1_000


class Case(NamedTuple):
    """What a channel has been told of 7 EA, whether there is room for it, and what becomes of it."""

    known: tuple[int, str] | None
    room: bool
    sent: bool = False
    due_ms: int | None = None  #: when it is looked at again; None: it has the figure


CASES = {
    "it has the figure": Case((7, "EA"), True),
    "it has the figure, and is busy": Case((7, "EA"), False),
    "it has another": Case((5, "EA"), True, sent=True),
    "it has another, and is busy": Case((5, "EA"), False, due_ms=NOW_MS),
    "it has as many of another unit, and is busy": Case((7, "CS"), False, due_ms=NOW_MS),
    "it was never told": Case(None, True, sent=True),
    "it was never told, and is busy": Case(None, False, due_ms=NOW_MS),
    "it is to be told for the first time, and is busy": Case((-1, "EA"), False, due_ms=NOW_MS),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_figure_is(case: Case):
    sent, dues = list[int](), list[int | None]()
    channel = ChannelPolicy("shop", ("AMS",), publish=True)
    policy = Policy({"AMS": SitePolicy("AMS", "wms")}, {"shop": channel})
    told = [ToldRow("shop", "A", 9, *case.known, 2, 0)] if case.known else []
    journal = SimpleNamespace(
        levels=lambda _skus: [LevelRow("A", "AMS", "EA", 7 * PARTS, 0, 0, 1)],
        told=lambda _skus: told,
        next_id=lambda: 4,
    )
    room = SimpleNamespace(
        policy=policy,
        kits=SimpleNamespace(kits={}),
        measures=SimpleNamespace(pack=lambda *_: ("EA", Fraction(1))),
    )
    lanes = SimpleNamespace(counts={ITSELF: 0 if case.room else AHEAD})
    target = SimpleNamespace(lanes=lanes, admit=lambda _t, message, *_: sent.append(message.tree["quantity"]))
    systems = {"shop": SimpleNamespace(limits=SimpleNamespace(concurrency=1))}

    def entry(_entry: Any, *rows: Any) -> None:
        dues.extend(row[1][-2] for row in rows if row[0] == "upsert_stock_told")

    changes = SimpleNamespace(
        row=lambda name, due_ms, *_: dues.append(due_ms), entry=entry, add_message=lambda *_: None,
        hub=lambda *_, **__: ("insert_hub", (), None),
    )  # fmt: skip
    publisher = Publisher(
        cast("Any", room), cast("Any", journal), cast("Any", {"shop": target}), cast("Any", systems)
    )
    publisher.publish(["A"], [channel], NOW_MS, cast("Any", changes), [])
    assert (sent, dues) == ([7] if case.sent else [], [case.due_ms])
