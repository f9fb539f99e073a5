"""Deliveries that a person wants made again, and that are left out, each with its reason."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from crossdock.journal.stories import Resend
from crossdock.journal.tenure import Hold
from crossdock.message.records import Message, Transmission
from crossdock.message.states import TransmissionState
from crossdock.model.personal import ERASED
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.lanes import Flight, KeyOrdering, Lanes
from crossdock.pipeline.resending import ASK, LEFT_OUT, MADE, NEW, SAME, TREATMENTS, Resending

ROOT = 7


class Case(NamedTuple):
    """How a delivery stands, and for which treatments it is left out."""

    out: tuple[str, ...]
    bytes_gone: bool = False
    moving: int | None = None  #: of which story something is on its way in its lane
    made: bool = False  #: the store knows that one: the judge has seen it
    judged: str = ""
    written: bool = True
    tree: dict[str, Any] = {}  # noqa: RUF012 - never changed


CASES = {
    "nothing speaks against it": Case(()),
    "its bytes were erased": Case((SAME, ASK), bytes_gone=True),
    "something of its story is on its way": Case(TREATMENTS, moving=ROOT),
    "something of its story is on its way, which the store knows": Case((), moving=ROOT, made=True),
    "another story is on its way": Case((), moving=8),
    "a newer one went since": Case(TREATMENTS, judged="newer"),
    "its target takes none any more": Case(TREATMENTS, written=False),
    "its person was erased": Case(TREATMENTS, tree={"ship_to": {"name": ERASED}}),
}


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_it_is_made_again_unless(case: Case, treatment: str):
    lanes, made, rows = Lanes(KeyOrdering()), list[Transmission](), list[int]()
    former = Transmission(
        1, 1, "wms", "shop", "sales_order", "SO-1", ROOT, ROOT, "h7", attempt=1, state=TransmissionState.DONE,
        payload=3, request='["POST", "/in", {}]',
    )  # fmt: skip
    if case.moving is not None:
        other = Transmission(2, 2, "wms", "shop", "sales_order", "SO-1", 9, case.moving, "h7")
        lanes.push(lanes.of(other), Flight(other, made=case.made))
    message = Message(1, 1, "shop", "sales_order", "SO-1", "SO-1", ROOT, ROOT, "h7", 1, case.tree)
    wanted = [[Resend(5, 1, treatment, "ann", "lost")], []]
    journal = SimpleNamespace(
        resends_waiting=lambda *_: wanted.pop(0), snapshot=nullcontext, transmission=lambda _id: former,
        message=lambda _id: message, body=lambda _id: None if case.bytes_gone else b"{}", next_id=lambda: 4, scope=1,
    )  # fmt: skip
    target = SimpleNamespace(
        lanes=lanes, writes=lambda _document: case.written, admit=lambda t, *_: made.append(t)
    )
    changes = SimpleNamespace(
        entry=lambda _entry, *noted: rows.extend(row[1][5] for row in noted),
        row=lambda _name, *values: rows.append(values[5]),
    )

    async def commit(_batch: Batch) -> None: ...

    context = cast("Any", SimpleNamespace(journal=journal, clock=SimpleNamespace(now_ms=lambda: 0)))
    again = Resending(context, cast("Any", {"wms": target}), Hold())
    again.judge = lambda *_, **__: case.judged
    await again.make(asyncio.Lock(), lambda: Batch(cast("Any", changes)), commit)
    assert rows == [LEFT_OUT if treatment in case.out else MADE]
    assert len(made) == (treatment not in case.out)
    if made and treatment != NEW:
        assert (made[0].payload, made[0].idempotency_key) == (3, former.idempotency_key)
