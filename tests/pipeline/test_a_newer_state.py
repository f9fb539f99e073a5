"""Levels and other states: the newest goes, whatever became of the older ones, and never before them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.charter.charter import System
from crossdock.journal.changes import Changes
from crossdock.journal.contract import Overtaken
from crossdock.kit.connector import Unclear
from crossdock.message.records import Transmission
from crossdock.message.states import TransmissionState
from crossdock.pipeline.lanes import Flight, KeyOrdering, Lanes
from crossdock.pipeline.succession import Succession
from tests.pipeline.world import World


def level(quantity: int, sku: str = "W-1") -> dict[str, Any]:
    """How many there are, in our own words."""
    at = f"2026-11-22T10:00:{quantity % 60:02d}Z"
    return {
        "sku": sku,
        "site": "MAIN",
        "status": "available",
        "quantity": quantity,
        "unit": "EA",
        "as_of": at,
    }


async def _push(world: World, quantity: int) -> None:
    await world.push(level(quantity), document="inventory_balance")


def _world(folder: Path, unclear: Unclear = Unclear.PERSON) -> World:
    return World(folder, unclear=unclear, documents=("inventory_balance",), revise=True)


def _applied(world: World) -> list[int]:
    return [int(a.body.split(b'"quantity": ')[1].split(b",")[0].strip(b'"')) for a in world.wms.arrived]


async def test_a_newer_state_frees_a_lane_with_all_that_is_held_in_it(tmp_path: Path):
    world = _world(tmp_path)
    world.wms.script = lambda arrived, nth: 400 if nth == 0 else 200
    gate = asyncio.Event()
    send = world.wms.send

    async def slow(*words: object, **more: object) -> object:
        await gate.wait()
        return await send(*words, **more)  # type: ignore[arg-type]

    world.wms.send = slow  # type: ignore[method-assign,assignment]
    async with world:
        await _push(world, 1)
        await world.until(lambda: world.count("transmissions", 3) == 1)
        await _push(world, 2)
        await world.until(lambda: world.count("transmissions", 1) == 1)
        gate.set()
        await world.until(lambda: world.count("transmissions", 2) == 1, "the second is held behind the first")
        await _push(world, 3)
        await world.settled()
        assert (world.count("transmissions", 7), world.count("transmissions", 6)) == (2, 1)
        assert world.rows("SELECT state FROM incidents") == [(2,)]
    assert _applied(world)[-1] == 3


async def test_a_newer_state_waits_for_what_may_still_arrive_of_an_older_one(tmp_path: Path):
    def patient(system: System) -> System:
        return replace(system, limits=replace(system.limits, retry_first_s=60, retry_max_s=60))

    kinds = ("inventory_balance",)
    world = World(tmp_path, unclear=Unclear.RESEND, documents=kinds, revise=True, adjust=patient)
    writer = world.context.systems["wms"].writers["inventory_balance"]
    writer.settle_s = 0.3  # type: ignore[misc]
    world.wms.script = lambda arrived, nth: 408 if nth == 0 else 200
    async with world:
        await _push(world, 1)
        await world.until(lambda: world.count("transmissions", 4) == 1)
        await _push(world, 2)
        await world.until(lambda: world.count("transmissions", 7) == 1)
        (doubted_ms,) = world.rows("SELECT max(at_ms) FROM ledger WHERE kind = 8")[0]
        (due_ms,) = world.rows("SELECT due_ms FROM transmissions WHERE state <> 7")[0]
        assert due_ms - doubted_ms >= 300, "it would leave while the older one might still arrive"
        await world.settled()
    assert _applied(world) == [1, 2]


class OvertakenOnce:
    """Fails the commit that supersedes, as if a person had been faster."""

    def __init__(self, world: World) -> None:
        self._submit = world.journal.submit
        self.failed = 0
        world.journal.submit = self  # type: ignore[method-assign]

    def __call__(self, changes: Changes) -> asyncio.Future[None]:
        superseding = any(row[0] == "move_transmission" and row[1][0] == 7 for row in changes.rows)
        if superseding and not self.failed:
            self.failed += 1
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.set_exception(Overtaken("somebody was faster"))
            return future
        return self._submit(changes)


async def test_what_was_never_written_displaces_nothing(tmp_path: Path):
    world = _world(tmp_path, Unclear.RESEND)
    world.wms.closed = True
    async with world:
        overtaken = OvertakenOnce(world)
        for quantity in (1, 2):
            await _push(world, quantity)
            await world.until(lambda n=quantity: world.rows("SELECT count(*) FROM transmissions")[0][0] == n)
        assert overtaken.failed == 1
        lanes = world.worker.targets["wms"].lanes
        assert lanes.count == 1, "the newer one alone is still to go"
        world.wms.closed = False
        await world.settled()
    assert [a.number for a in world.wms.arrived] == ["MAIN:W-1:available"] or _applied(world) == [2]


async def test_a_newer_state_goes_though_it_empties_a_lane_of_which_the_store_has_more(tmp_path: Path):
    world = _world(tmp_path, Unclear.RESEND)
    world.wms.closed = True
    async with world:
        await _push(world, 1)
        await world.until(lambda: world.worker.targets["wms"].lanes.count == 1)
        (lane,) = world.worker.targets["wms"].lanes.all()
        lane.more = True  # as after a lane that is longer than memory was read anew
        lane.flights[0].t.due_ms = world.context.clock.now_ms() + 400
        world.wms.closed = False
        await world.until(lambda: not (lane.queued or lane.busy), "it waits for its time")
        await _push(world, 2)
        await world.settled()
        assert not lane.more
    assert _applied(world)[-1] == 2


class Held:
    """Keeps the commit that supersedes until it is let go, as a disk that is full."""

    def __init__(self, world: World) -> None:
        self._submit = world.journal.submit
        self.go = asyncio.Event()
        self.began = asyncio.Event()
        world.journal.submit = self  # type: ignore[method-assign]

    def __call__(self, changes: Changes) -> asyncio.Future[None]:
        if not any(row[0] == "move_transmission" and row[1][0] == 7 for row in changes.rows):
            return self._submit(changes)
        self.began.set()
        return asyncio.ensure_future(self._later(changes))

    async def _later(self, changes: Changes) -> None:
        await self.go.wait()
        await self._submit(changes)


async def _two_of_a_group_and_a_newer_one(world: World, *, guarded: bool) -> list[int]:
    """What was sent before the commit that supersedes the first of two is durable."""
    async with world:
        world.wms.closed = True
        held = Held(world)
        for quantity, sku in ((1, "W-1"), (2, "W-2"), (3, "W-1")):
            tree = level(quantity, sku) | {"extra": {"key": "G"}}
            await world.push(tree, document="inventory_balance")
            if quantity < 3:
                await world.until(lambda n=quantity: world.count("transmissions", 1) == n)
        await held.began.wait()
        (lane,) = world.worker.targets["wms"].lanes.all()
        if not guarded:
            lane.leaving = 0
        world.wms.closed = False
        world.worker.targets["wms"].schedule(lane)
        for _ in range(5):
            await asyncio.sleep(world.wms.wait_s() + 0.01)
        sent = _applied(world)
        lane.leaving = 1
        held.go.set()
        await world.settled()
        assert _applied(world) == [2, 3]
    return sent


async def test_nothing_goes_past_what_is_superseded_before_that_is_durable(tmp_path: Path):
    assert await _two_of_a_group_and_a_newer_one(_world(tmp_path), guarded=True) == []


async def test_control_without_the_guard_the_second_leaves_before_the_first_is_out_of_its_way(tmp_path: Path):
    assert await _two_of_a_group_and_a_newer_one(_world(tmp_path), guarded=False) == [2]


def test_what_comes_back_stands_where_it_stood() -> None:
    lanes = Lanes(KeyOrdering())
    flights = [Flight(Transmission(n, n, "wms", "erp", "item", f"W-{n}", n, n, "G")) for n in (1, 2, 3)]
    lane = lanes.of(flights[0].t)
    for flight in flights:
        lanes.push(lane, flight)
    lanes.remove(lane, flights[:2])
    lanes.put_back(lane, flights[1::-1])
    assert [flight.t.id for flight in lane.flights] == [1, 2, 3]
    assert (lanes.count, lanes.aboard, lanes.counts["erp"]) == (3, {1, 2, 3}, 3)


_S = TransmissionState
NOW_MS, LATER_MS, SETTLED_MS = 1_000, 5_000, 31_000


@pytest.mark.parametrize(
    ("state", "due_ms", "whole", "newer_due_ms"),
    [
        (_S.DUE, 0, True, NOW_MS),
        (_S.DUE, LATER_MS, False, LATER_MS),  # the target asked for so much time
        (_S.RETRYING, 0, True, SETTLED_MS),
        (_S.RETRYING, LATER_MS, True, SETTLED_MS),  # perhaps after a doubt: it may still be on its way
        (_S.IN_DOUBT, 0, True, SETTLED_MS),
        (_S.RETRYING, 0, False, None),
        (_S.IN_DOUBT, 0, False, None),
        (_S.SENDING, 0, True, None),
    ],
)
def test_a_newer_state_waits_until_an_older_one_can_arrive_no_more(
    state: TransmissionState, due_ms: int, whole: bool, newer_due_ms: int | None
) -> None:
    lanes, writers = Lanes(KeyOrdering()), {"item": SimpleNamespace(settle_s=30.0)}
    older, newer = (Transmission(n, n, "wms", "erp", "item", "W-1", 7, 7, "G") for n in (1, 2))
    older.state, older.due_ms, newer.due_ms = state, due_ms, NOW_MS
    lane = lanes.of(older)
    lanes.push(lane, Flight(older, stored=True))
    changes = SimpleNamespace(move_transmission=lambda t, to, _entry: setattr(t, "state", to))
    taken = Succession(lanes, cast("Any", writers), cast("Any", None))
    taken.take_place(lane, newer, cast("Any", changes), whole=whole)
    if newer_due_ms is None:
        assert (older.state, len(lane.flights), newer.due_ms) == (state, 1, NOW_MS), "it goes before it"
    else:
        assert (older.state, len(lane.flights), newer.due_ms) == (_S.SUPERSEDED, 0, newer_due_ms)
