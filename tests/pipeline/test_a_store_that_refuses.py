"""Commits that fail for a while: nothing leaves before its row is there, and nothing is stuck afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from crossdock.journal.changes import Changes
from crossdock.journal.contract import StoreDown
from crossdock.kit.connector import Unclear
from crossdock.message.states import TransmissionState
from tests.pipeline.world import Arrived, World, order


class Refusing:
    """Stands before the journal's `submit` and refuses what it is told to refuse, each once."""

    def __init__(self, world: World) -> None:
        self._submit = world.journal.submit
        self.refuse = 0
        world.journal.submit = self  # type: ignore[method-assign]

    def __call__(self, changes: Changes) -> asyncio.Future[None]:
        if self.refuse and changes.rows:
            self.refuse -= 1
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.set_exception(StoreDown("no space left"))
            return future
        return self._submit(changes)


@pytest.mark.parametrize("unclear", [Unclear.RESEND, Unclear.PERSON])
async def test_what_was_not_stored_is_not_sent(tmp_path: Path, unclear: Unclear):
    world = World(tmp_path, unclear=unclear)
    seen: dict[str, object] = {}
    first = asyncio.Event()

    def look(arrived: Arrived, nth: int) -> int:
        seen[arrived.number] = world.rows(
            f"SELECT state FROM transmissions WHERE number = '{arrived.number}'"
        )
        return 200

    world.wms.script = look
    send = world.wms.send

    async def slow(*words: object, **more: object) -> object:
        if not world.wms.arrived:
            await first.wait()
        return await send(*words, **more)  # type: ignore[arg-type]

    world.wms.send = slow  # type: ignore[method-assign,assignment]
    async with world:
        refusing = Refusing(world)
        await world.push(order("O-1", key="K"))
        await world.until(lambda: world.count("transmissions", 3) == 1)
        refusing.refuse = 1  # the commit that routes O-2
        await world.push(order("O-2", key="K"))
        await world.until(lambda: refusing.refuse == 0)
        first.set()
        await world.settled()
        await world.until(lambda: world.count("transmissions", 6) == 2, "the second was stuck")
    assert seen["O-2"] == [(TransmissionState.SENDING.value,)], "it left before its row was there"
    assert world.wms.applied == ["O-1", "O-2"]


async def test_an_answer_is_kept_until_the_store_takes_it(tmp_path: Path):
    world = World(tmp_path)
    async with world:
        refusing = Refusing(world)
        for n in range(6):
            await world.push(order(f"O-{n}", key="K"))
            refusing.refuse = n % 3
        await world.settled()
        await world.until(lambda: world.count("transmissions", 6) == 6)
    assert world.wms.applied == [f"O-{n}" for n in range(6)]
    assert len(world.wms.arrived) == 6


async def test_a_refusal_holds_those_whose_rows_are_still_under_way(tmp_path: Path):
    world = World(tmp_path)
    world.wms.script = lambda arrived, nth: 400 if arrived.number == "O-1" else 200
    first = asyncio.Event()
    send = world.wms.send

    async def slow(*words: object, **more: object) -> object:
        await first.wait()
        return await send(*words, **more)  # type: ignore[arg-type]

    world.wms.send = slow  # type: ignore[method-assign,assignment]
    async with world:
        refusing = Refusing(world)
        await world.push(order("O-1", key="K"))
        await world.until(lambda: world.count("transmissions", 3) == 1)
        refusing.refuse = 1
        await world.push(order("O-2", key="K"))
        await world.until(lambda: refusing.refuse == 0)
        first.set()
        await world.settled()
        await world.until(lambda: world.count("transmissions", 2) == 1, "the follower is not held")
    assert [a.number for a in world.wms.arrived] == ["O-1"]


async def test_a_lane_waits_for_an_end_that_could_not_be_written(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.PERSON)
    unended: list[int] = []
    async with world:
        refusing = Refusing(world)
        send = world.wms.send

        async def look(*words: object, **more: object) -> object:
            unended.append(world.count("transmissions", 3))
            answer = await send(*words, **more)  # type: ignore[arg-type]
            refusing.refuse = 1  # the commit that ends this one
            return answer

        world.wms.send = look  # type: ignore[method-assign,assignment]
        for n in range(4):
            await world.push(order(f"O-{n}", key="K"))
        await world.settled()
    assert unended == [1, 1, 1, 1], "one left while another, ended, still looked as if it were on the wire"
    assert world.wms.applied == [f"O-{n}" for n in range(4)]


async def test_who_is_held_before_the_incident_is_there_becomes_a_member_of_it(tmp_path: Path):
    world = World(tmp_path)
    async with world:
        refusing = Refusing(world)

        def refuse(arrived: Arrived, nth: int) -> int:
            refusing.refuse = 1  # the commit that opens the incident
            return 400

        world.wms.script = refuse
        await world.push(order("O-0", key="K"))
        await world.until(lambda: world.wms.arrived and refusing.refuse == 0)
        await world.push(order("O-1", key="K"))
        await world.until(lambda: world.count("transmissions", 2) == 1)
        assert world.count("transmissions", 8) == 0, "it is held before there is an incident"
        await world.until(lambda: world.rows("SELECT count(*) FROM held")[0][0] == 2)


@pytest.mark.parametrize("error", [StoreDown("no disk"), KeyError("a defect")])
async def test_a_lane_that_could_not_be_read_anew_is_read_again(tmp_path: Path, error: Exception):
    async with World(tmp_path) as world:
        term, lane, reads = world.worker._term, world.journal.lane, 0

        def fails_once(*asked: Any) -> Any:
            nonlocal reads
            reads += 1
            if reads == 1:
                raise error
            return lane(*asked)

        world.journal.lane = fails_once  # type: ignore[method-assign]
        term._backlog.reload(world.worker.targets["wms"], "K")
        await world.until(lambda: reads > 1, "nobody comes back to the lane")
        assert reads == 2


@pytest.mark.parametrize("unclear", [Unclear.RESEND, Unclear.FIND, Unclear.PERSON])
async def test_what_the_hub_stumbles_over_after_it_left_is_in_doubt(tmp_path: Path, unclear: Unclear):
    """The lane is read anew, and finds stored as being sent what nobody is sending: it may have arrived."""
    async with World(tmp_path, unclear=unclear) as world:
        concluder = world.worker.targets["wms"].concluder
        conclude, stumbled = concluder.conclude, 0

        def stumbles_once(*words: Any) -> Any:
            nonlocal stumbled
            stumbled += 1
            if stumbled == 1:
                raise KeyError("a defect")
            return conclude(*words)

        concluder.conclude = stumbles_once  # type: ignore[method-assign]
        world.wms.has = lambda _number: True
        await world.push(order("O-1", key="K"))
        doubted = "SELECT count(*) FROM ledger WHERE kind = 8"
        await world.until(lambda: world.rows(doubted)[0][0] == 1, "nobody doubts what was cut off")
        await world.settled()
        state = TransmissionState.DESK if unclear is Unclear.PERSON else TransmissionState.DONE
        await world.until(lambda: world.count("transmissions", state.value) == 1)
    assert len(world.wms.arrived) == (2 if unclear is Unclear.RESEND else 1)
    assert {one.attempt for one in world.wms.arrived} == set(range(1, len(world.wms.arrived) + 1))
