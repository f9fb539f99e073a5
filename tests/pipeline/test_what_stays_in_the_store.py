"""What is in the store only: let go, doubted, taken back or passed over there while nobody has it in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crossdock.kit.connector import Unclear
from crossdock.message.states import TransmissionState
from crossdock.pipeline.backlog import Backlog
from crossdock.pipeline.target import Target
from tests.pipeline.test_a_newer_state import Held, level
from tests.pipeline.world import World, order

_S = TransmissionState


async def _waiting(world: World) -> tuple[Backlog, Target]:
    """One order that waits for its target."""
    world.wms.closed = True
    await world.push(order("O-1", key="K"))
    target = world.worker.targets["wms"]
    await world.until(lambda: target.lanes.count == 1)
    return world.worker._term._backlog, target


@pytest.mark.parametrize(("state", "becomes"), [(_S.HELD, _S.DUE), (_S.SENDING, _S.IN_DOUBT)])
async def test_what_changes_in_the_store_counts_as_unread_until_that_is_durable(
    tmp_path: Path, state: TransmissionState, becomes: TransmissionState
):
    world = World(tmp_path, unclear=Unclear.FIND)
    async with world:
        backlog, target = await _waiting(world)
        (lane,) = target.lanes.all()
        t, changes = lane.flights[0].t, world.journal.changes()
        window, t.state, lane.left = target.windows.of(t.origin), state, True
        assert backlog._again(target, lane, t, changes)
        assert t.state is becomes, "as it was, no look at the store would find it"
        target.windows.read_all(t.origin)
        assert window.spilled, "a look at the store that does not find it yet is no reason not to look again"
        target.windows.settled(t)
        target.windows.read_all(t.origin)
        assert not window.spilled


async def _brought_back(folder: Path, *, guarded: bool) -> int:
    """How much comes back from the store while the commit that supersedes it is not durable."""
    world = World(folder, unclear=Unclear.RESEND, documents=("inventory_balance",), revise=True)
    world.wms.closed = True
    async with world:
        target, held = world.worker.targets["wms"], Held(world)
        await world.push(level(1), document="inventory_balance")
        await world.until(lambda: target.lanes.count == 1)
        await world.push(level(2), document="inventory_balance")
        await held.began.wait()
        if not guarded:
            target.lanes.parting.clear()
        before = target.lanes.count
        target.windows.rewind()  # as when partitions come
        world.worker._term._backlog.refill(target)
        found = target.lanes.count - before
        held.go.set()
        await asyncio.sleep(0)
    return found


async def test_what_leaves_its_lane_is_not_brought_back_before_that_is_durable(tmp_path: Path):
    assert await _brought_back(tmp_path, guarded=True) == 0


async def test_control_without_the_guard_it_is_back_behind_the_newer_one(tmp_path: Path):
    assert await _brought_back(tmp_path, guarded=False) == 1
