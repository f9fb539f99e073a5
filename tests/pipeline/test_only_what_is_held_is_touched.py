"""A process asks the store for its own partitions only, and asks a system only while it is sure that it may."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.journal.chain import partition_of
from crossdock.journal.tenure import Hold
from crossdock.kit.connector import Page
from crossdock.pipeline.poll import Pollers
from crossdock.pipeline.receipts import Receipts
from crossdock.pipeline.resending import Resending
from crossdock.pipeline.waiters import Waiters
from crossdock.pipeline.waking import Waking

HELD = frozenset({3, 5})


class Asked:
    """A store without anything; it notes for which partitions it is asked by whatever question."""

    def __init__(self) -> None:
        self.of: dict[str, Any] = {}

    def __getattr__(self, question: str) -> Any:
        def answer(partitions: Any, *_more: Any) -> list[Any]:
            self.of[question] = partitions
            return []

        return answer


def world() -> tuple[Any, Asked]:
    asked = Asked()
    clock = SimpleNamespace(now_ms=lambda: 0, monotonic_s=lambda: 0.0)
    charter = SimpleNamespace(systems={}, objects={})
    return cast("Any", SimpleNamespace(journal=asked, clock=clock, charter=charter, signals=None)), asked


async def test_every_clock_and_every_wait_is_asked_of_the_partitions_that_are_held():
    context, asked = world()
    hold, lock, no = Hold(HELD), asyncio.Lock(), cast("Any", None)
    waking = Waking(context, hold)
    waiters = Waiters(context, hold, no, no, waking, decides=lock, commit=no, forget=no)
    waiters.find()
    await waiters.handed_over()
    await waiters.overdue()
    waking.compare()
    await Resending(context, {}, hold).make(lock, no, no)
    await Receipts(context).missed(no, hold, no)
    messages = ["messages_sent_back", "messages_overdue", "messages_freed"]
    assert asked.of == dict.fromkeys([*messages, "resends_waiting", "receipts_overdue"], HELD), (
        "two decide it"
    )


class Folder:
    """A system with nothing to tell."""

    def __init__(self) -> None:
        self.asked = 0

    async def poll(self, cursor: str | None, client: Any) -> Page:
        self.asked += 1
        return Page([], cursor or "0", more=False)


@pytest.mark.parametrize(
    ("held", "sure", "asks"), [(True, True, True), (True, False, False), (False, True, False)]
)
async def test_a_system_is_asked_where_its_partition_is_held_for_sure(held: bool, sure: bool, asks: bool):
    folder, ticks = Folder(), asyncio.Semaphore(0)

    async def slept(_seconds: float) -> None:
        ticks.release()
        await asyncio.sleep(0)

    system = SimpleNamespace(name="shop", flow_in=lambda _document: None, flows_in=())
    bound = SimpleNamespace(system=system, pollers={"sales_order": folder}, client=None)
    journal = SimpleNamespace(
        cursor=lambda *_: "0",
        incidents_of_causes=lambda _flow: [],
        changes=lambda: SimpleNamespace(entries=[]),
    )
    context = SimpleNamespace(
        systems={"shop": bound}, journal=journal, full=lambda _system: False,
        gates=SimpleNamespace(shut=lambda *_: None), tenure=SimpleNamespace(may_send=lambda: sure),
        clock=SimpleNamespace(sleep=slept), restored=SimpleNamespace(open=()),
    )  # fmt: skip
    hold = Hold({partition_of("poll/shop/sales_order")} if held else ())
    pollers = Pollers(cast("Any", context), cast("Any", None), hold)
    pollers.start()
    for _ in range(3):
        await ticks.acquire()
    await pollers.stop()
    assert bool(folder.asked) is asks
