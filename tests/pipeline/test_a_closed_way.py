"""Ways that are closed: what waits, what goes on beside it, what a restart remembers, and that nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.charter.blackouts import Blackout, Every
from crossdock.charter.charter import Checks, ItemCheck, Reader, System
from crossdock.charter.flow_settings import WhenClosed
from crossdock.control.operate import Operator, Order
from crossdock.journal.sql.trace import trace
from crossdock.kit.connector import Unclear
from crossdock.message.gate import HUB, Direction, GateMove
from tests.pipeline.world import World, order

IN, OUT = Direction.IN, Direction.OUT
DUE, SENDING, RETRYING, DONE = 1, 3, 4, 6
BOTH = (Reader("wms"), Reader("erp"))


async def act(
    world: World, move: str, system: str = "wms", way: Direction = OUT, reason: str = "stocktake"
) -> None:
    """Ann does something to a way."""
    operator = Operator(world.journal, world.worker, world.clock.now_ms, world.charter.systems)
    await operator.act(system, Order(GateMove(move), (way,), reason), who="ann")


async def waits_for(world: World, number: str) -> str:
    found: Any = await world.journal.view(
        lambda c: trace(c, "sales_order", number, closed=world.context.gates.why)
    )
    return found["waits_for"] or ""


async def test_what_is_for_a_paused_system_waits_and_others_get_theirs(tmp_path: Path):
    world = World(tmp_path, readers=BOTH)
    async with world:
        await act(world, "pause")
        for n in range(20):
            await world.push(order(f"O-{n}", key=f"K{n % 3}"))
        await world.until(lambda: len(world.targets["erp"].applied) == 20)
        assert world.wms.arrived == []
        sending = f"SELECT count(*) FROM transmissions WHERE target = 'wms' AND state = {SENDING}"
        assert world.rows(sending) == [(0,)]
        said = await waits_for(world, "O-7")
        assert "wms to take sales_order O-7; wms is paused by ann since" in said
        assert "(stocktake)" in said
        await act(world, "resume")
        await world.settled()
    for key in range(3):
        assert [n for n in world.wms.applied if int(n[2:]) % 3 == key] == [
            f"O-{n}" for n in range(key, 20, 3)
        ]


async def test_control_without_a_pause_everything_goes_at_once(tmp_path: Path):
    async with World(tmp_path) as world:
        await world.push(order("O-1"))
        await world.settled()
        assert world.wms.applied == ["O-1"]


async def test_a_pause_outlives_a_restart_and_so_does_what_waits(tmp_path: Path):
    world = World(tmp_path)
    async with world:
        await act(world, "pause")
        for n in range(5):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", DUE) == 5)
    again = World(tmp_path)
    async with again:
        await again.push(order("O-5", key="K"))
        await again.until(lambda: again.count("transmissions", DUE) == 6)
        assert again.wms.arrived == []
        await act(again, "resume")
        await again.settled()
    assert again.wms.applied == [f"O-{n}" for n in range(6)]


async def test_what_was_stored_ahead_comes_back_and_is_sent_once(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.PERSON, concurrency=1)
    async with world:
        world.wms.closed = True
        for n in range(4):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", DUE) == 4)
        await act(world, "pause")
        world.wms.closed = False
        for n in range(4, 8):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", DUE) == 8)
        await act(world, "resume")
        await world.settled()
    assert world.wms.applied == [f"O-{n}" for n in range(8)]
    assert {a.attempt for a in world.wms.arrived} == {1}


async def test_what_was_stored_ahead_and_taken_back_was_never_tried(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.RESEND, concurrency=1)
    send, paused = world.wms.send, asyncio.Event()

    async def slow(*words: Any, **more: Any) -> Any:
        await paused.wait()
        return await send(*words, **more)

    world.wms.send = slow  # type: ignore[method-assign]
    async with world:
        for n in range(4):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", SENDING) == 4)
        await act(world, "pause")
        paused.set()
        await world.until(lambda: world.count("transmissions", DUE) == 3)
        await act(world, "resume")
        await world.settled()
    assert [(a.number, a.attempt) for a in world.wms.arrived] == [(f"O-{n}", 1) for n in range(4)]


async def test_a_retry_waits_while_its_way_is_closed(tmp_path: Path):
    world = World(tmp_path)
    send, seen = world.wms.send, list[int]()
    world.wms.script = lambda arrived, nth: 503 if nth < 3 else 200

    async def closing(*words: Any, **more: Any) -> Any:
        if len(world.wms.arrived) == 2:
            await act(world, "pause")  # while the third try is under way
        return await send(*words, **more)

    world.wms.send = closing  # type: ignore[method-assign]
    async with world:
        await world.push(order("O-1"))
        due = f"SELECT due_ms FROM transmissions WHERE state = {RETRYING} AND attempt = 3"
        await world.until(lambda: world.rows(due))
        until_ms = world.rows(due)[0][0] + 40
        await world.until(lambda: world.clock.now_ms() > until_ms)
        seen.append(len(world.wms.arrived))
        await act(world, "resume")
        await world.settled()
    assert seen == [3], "its time had come, and its way was closed"
    assert world.wms.applied == ["O-1"]


async def test_a_drain_lets_what_is_there_pass_and_keeps_what_comes_later(tmp_path: Path):
    world = World(tmp_path)
    world.wms.closed = True
    async with world:
        for n in range(3):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", DUE) == 3)
        await act(world, "drain")
        for n in range(3, 6):
            await world.push(order(f"O-{n}", key=f"K{n % 2}"))
        await world.until(lambda: world.count("transmissions", DUE) == 6)
        world.wms.closed = False
        await world.until(lambda: len(world.wms.applied) == 3)
        assert world.wms.applied == ["O-0", "O-1", "O-2"]
        assert "is being drained by ann" in await waits_for(world, "O-4")
        await act(world, "resume")
        await world.settled()
    assert sorted(world.wms.applied) == [f"O-{n}" for n in range(6)]


async def test_the_retry_clock_stands_still_during_a_pause(tmp_path: Path):
    world = World(tmp_path, retry_for_s=0.15)
    world.wms.script = lambda arrived, nth: 503
    async with world:
        await world.push(order("O-1"))
        await world.until(lambda: world.wms.arrived)
        await act(world, "pause")
        paused_ms = world.clock.now_ms()
        await world.until(lambda: world.clock.now_ms() > paused_ms + 300)
        assert world.count("transmissions", 8) == 0
        tries = len(world.wms.arrived)
        world.wms.script = lambda arrived, nth: 200
        await act(world, "resume")
        await world.settled()
        assert world.rows("SELECT count(*) FROM incidents") == [(0,)]
    assert (len(world.wms.arrived), world.wms.applied) == (tries + 1, ["O-1"])


async def test_control_without_the_pause_the_same_wait_ends_on_the_desk(tmp_path: Path):
    world = World(tmp_path, retry_for_s=0.15)
    world.wms.script = lambda arrived, nth: 503
    async with world:
        await world.push(order("O-1"))
        await world.until(lambda: world.count("transmissions", 8) == 1)
        assert world.rows("SELECT type FROM incidents") == [("overdue",)]


async def test_a_doubt_is_not_asked_about_while_the_system_is_left_alone(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.FIND)
    world.wms.script = lambda arrived, nth: 408 if nth == 0 else 200
    world.wms.has = lambda number: True
    async with world:
        await act(world, "pause", reason="a")
        await act(world, "resume", reason="b")
        await world.push(order("O-1"))
        await world.until(lambda: world.wms.arrived)
        await act(world, "pause")
        asked = len(world.wms.asked)
        now_ms = world.clock.now_ms()
        await world.until(lambda: world.clock.now_ms() > now_ms + 100)
        assert len(world.wms.asked) <= asked + 1, "one question may have been under way"
        await act(world, "resume")
        await world.settled()


async def test_the_whole_hub_is_paused_and_resumed_at_once(tmp_path: Path):
    world = World(tmp_path, readers=BOTH)
    async with world:
        await act(world, "pause", HUB, OUT)
        await world.push(order("O-1"))
        await world.until(lambda: world.count("transmissions", DUE) == 2)
        await act(world, "resume", HUB, OUT)
        await world.settled()
    assert (world.wms.applied, world.targets["erp"].applied) == (["O-1"], ["O-1"])


def blackout(*ways: str) -> Blackout:
    """A blackout that is on now and for an hour, on the clock of UTC."""
    now = datetime.now(UTC)
    begin = (now - timedelta(minutes=10)).time().replace(microsecond=0)
    return Blackout(frozenset(ways), "period close", every=Every.DAY, at=begin, hours=1.0)


def closed(name: str, *rules: Blackout) -> Callable[[System], System]:
    """Gives one system blackouts."""
    return lambda system: replace(system, blackouts=rules) if system.name == name else system


async def test_in_a_blackout_sends_wait_and_the_story_says_until_when(tmp_path: Path):
    world = World(tmp_path, readers=BOTH, adjust=closed("wms", blackout("out")))
    async with world:
        await world.push(order("O-1"))
        await world.until(lambda: world.targets["erp"].applied)
        said = await waits_for(world, "O-1")
        assert "wms is left alone until" in said
        assert "(period close)" in said
        assert world.wms.arrived == []


async def test_an_incident_that_is_opened_in_a_blackout_has_its_hours_after_it(tmp_path: Path):
    world = World(tmp_path, adjust=closed("wms", blackout("in", "out")))
    async with world:
        await world.push({"poison": 1, "number": "O-1", "extra": {"poison": True}})
        await world.until(lambda: world.count("incidents", 1) == 1)
        opened, due, system = world.rows("SELECT opened_ms, due_ms, system FROM incidents")[0]
        assert (system, due - opened) == ("shop", 4 * 3_600_000)


async def test_while_its_owner_is_closed_a_message_waits_on_for_what_it_lacks(tmp_path: Path):
    world = World(
        tmp_path, documents=("sales_order", "warehouse_order"), checks=Checks(ItemCheck.SKIP, wait_s=0.05),
    )  # fmt: skip
    line = {"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}
    async with world:
        await act(world, "pause", "shop", IN)
        await world.push({"number": "R-1", "order": "O-1", "lines": [line]}, document="warehouse_order")
        now_ms = world.clock.now_ms()
        await world.until(lambda: world.clock.now_ms() > now_ms + 700)
        assert (world.count("messages", 1), world.count("messages", 5)) == (1, 0)
        await act(world, "resume", "shop", IN)
        await world.until(lambda: world.count("messages", 5) == 1)


@pytest.mark.parametrize("when_closed", list(WhenClosed))
async def test_a_closed_door_refuses_or_holds_as_the_charter_says(tmp_path: Path, when_closed: WhenClosed):
    world = World(tmp_path, adjust=lambda s: replace(s, when_closed=when_closed))
    async with world:
        await act(world, "pause", "shop", IN)
        assert (world.worker.door.shut("shop") is None) == (when_closed is WhenClosed.HOLD)
        await world.push(order("O-1"))  # the route refuses before this where it must
        if when_closed is WhenClosed.HOLD:
            await world.until(lambda: world.count("captures", 1) == 1)
            assert "the hub to translate it; shop is paused by ann" in await waits_for(world, "O-1")
            await world.push(order("O-2"), system="wms")
            await world.until(lambda: world.count("captures", 2) == 1)
            assert world.count("captures", 1) == 1
        await act(world, "resume", "shop", IN)
        await world.settled()
        assert "O-1" in world.wms.applied
