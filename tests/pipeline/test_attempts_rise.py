"""Attempts count what may have left: one stored ahead of its turn counts once nobody knows any more that it stayed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from crossdock.kit.connector import Unclear
from tests.desk.test_desk_and_worker import Person
from tests.pipeline.test_a_newer_state import level
from tests.pipeline.world import World, order

SENDING, IN_DOUBT = 3, 5


def _world(folder: Path, database: str | None = None) -> World:
    """Orders whose doubts only a person settles, and levels that may be sent again, in one lane."""
    world = World(
        folder, unclear=Unclear.PERSON, documents=("sales_order", "inventory_balance"), database=database
    )
    world.context.systems["wms"].writers["inventory_balance"].unclear = Unclear.RESEND  # type: ignore[misc]
    return world


async def test_what_may_have_left_behind_a_lost_outcome_goes_again_as_another_attempt(tmp_path: Path):
    first = _world(tmp_path)
    send, gate, commit = first.wms.send, asyncio.Event(), first.journal.submit
    lost = asyncio.Event()

    async def slow(*words: Any, **more: Any) -> Any:
        await gate.wait()
        return await send(*words, **more)

    def outcome_lost(changes: Any) -> Any:
        """From when the order was answered on, nothing reaches the disk any more."""
        return asyncio.get_running_loop().create_future() if lost.is_set() else commit(changes)

    first.wms.send, first.journal.submit = slow, outcome_lost  # type: ignore[method-assign,assignment]
    async with first:
        await first.push(order("O-1", key="K"))
        await first.push(level(1) | {"extra": {"key": "K"}}, document="inventory_balance")
        await first.until(lambda: first.count("transmissions", SENDING) == 2, "it is not stored ahead")
        lost.set()
        gate.set()
        await first.until(lambda: len(first.wms.arrived) == 2, "the second did not leave")
    assert [one.attempt for one in first.wms.arrived] == [1, 1]

    second = _world(tmp_path, first.database)
    async with second:
        assert second.count("transmissions", IN_DOUBT) == 1, "it counts as never sent"
        await Person(second).act("resolve", {"outcome": "applied", "reason": "it is there"})
        await second.until(lambda: len(second.wms.arrived) == 1)
    (again,) = second.wms.arrived
    assert (again.key, again.attempt) == (first.wms.arrived[1].key, 2)
