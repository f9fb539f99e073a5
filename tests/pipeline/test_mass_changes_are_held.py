"""A feed of levels that changes far more than usual waits for a person; without the brake it goes out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from crossdock.charter.charter import System
from crossdock.charter.flow_settings import Brake
from crossdock.faults import Invalid
from crossdock.message.states import MessageState
from tests.desk.test_desk_and_worker import Person
from tests.pipeline.world import Clock, World

ITEMS = 40


class Set(Clock):
    """A clock that stands until it is moved, at the start of an hour."""

    def __init__(self) -> None:
        self.ms = 500_000 * 3_600_000

    def now_ms(self) -> int:
        return self.ms


def world_of(folder: Path, *, active: bool = True, clock: Clock | None = None) -> World:
    """A shop whose feed of levels may send ten of them to nothing within a minute."""
    brake = Brake(active=active, least=10, zero_share=0.5, jump_share=0.5, within_s=60)

    def braked(system: System) -> System:
        return replace(system, flows_in=tuple(replace(flow, brake=brake) for flow in system.flows_in))

    return World(folder, documents=("inventory_balance",), revise=True, adjust=braked, clock=clock)


def level(n: int, quantity: int, minute: int) -> dict[str, object]:
    return {"sku": f"W-{n}", "site": "A", "status": "available", "quantity": quantity, "unit": "EA",
            "as_of": f"2026-11-22T10:{minute:02}:00Z"}  # fmt: skip


async def push(world: World, quantity: int, *, minute: int, items: range = range(ITEMS)) -> None:
    """The level of every item, all at once."""
    async with world.worker._term._decides:
        levels = (level(n, quantity, minute) for n in items)
        await asyncio.gather(*(world.push(one, document="inventory_balance") for one in levels))
    await world.settled()


def sent(world: World) -> list[int]:
    """The quantities that the warehouse was told of since the first time."""
    return [int(json.loads(one.body)["quantity"]) for one in world.wms.arrived[ITEMS:]]


async def test_most_levels_to_nothing_wait_for_a_person_with_the_numbers(tmp_path: Path):
    world = world_of(tmp_path)
    async with world:
        await push(world, 7, minute=1)
        await push(world, 0, minute=2)
        (item,) = await Person(world).open()
        assert (item["type"], item["owner"], item["members"]) == ("mass_change", "role:operations", ITEMS)
        assert f"of {ITEMS}" in item["says"]
        assert item["acts"] == ["assign", "retry", "resolve"]
        assert sent(world) == [], "not even the first of them went out"


async def test_control_without_the_brake_all_of_them_go_out(tmp_path: Path):
    world = world_of(tmp_path, active=False)
    async with world:
        await push(world, 7, minute=1)
        await push(world, 0, minute=2)
        assert sent(world) == [0] * ITEMS


async def test_a_retry_lets_what_is_held_pass_and_what_follows_for_a_while(tmp_path: Path):
    world = world_of(tmp_path)
    async with world:
        await push(world, 7, minute=1)
        await push(world, 0, minute=2)
        await Person(world).act("retry", {})
        await world.until(lambda: len(sent(world)) == ITEMS)
        await world.settled()
        await push(world, 9, minute=3)
        await push(world, 0, minute=4)
        assert await Person(world).open() == []
        assert sent(world) == [0] * ITEMS + [9] * ITEMS + [0] * ITEMS


async def test_an_end_with_a_reason_drops_it_and_the_next_runaway_is_held_again(tmp_path: Path):
    world = world_of(tmp_path)
    async with world:
        await push(world, 7, minute=1)
        await push(world, 0, minute=2)
        await Person(world).act("resolve", {"reason": "their count was cut off"})
        await world.settled()
        assert sent(world) == []
        await push(world, 8, minute=3)
        assert sent(world) == [8] * ITEMS, "levels that only rise a little pass"
        await push(world, 0, minute=4)
        assert len(await Person(world).open()) == 1
        assert sent(world) == [8] * ITEMS


async def test_a_newer_level_takes_the_place_of_the_one_that_is_held(tmp_path: Path):
    world = world_of(tmp_path)
    async with world:
        await push(world, 7, minute=1)
        await push(world, 0, minute=2)
        await push(world, 0, minute=3, items=range(5))
        await push(world, 6, minute=4, items=range(5))
        (item,) = await Person(world).open()
        assert item["members"] == ITEMS, "five were replaced by newer ones, which wait in their place"
        assert world.count("messages", MessageState.SUPERSEDED.value) >= 5


async def test_no_value_can_mend_it(tmp_path: Path):
    world = world_of(tmp_path)
    async with world:
        await push(world, 7, minute=1)
        await push(world, 0, minute=2)
        with pytest.raises(Invalid, match="no value is wrong here"):
            await Person(world).act("fix", {"path": "quantity", "value": 7})


@pytest.mark.parametrize("to", [0, 70], ids=["to nothing", "ten times as much"])
async def test_a_feed_may_change_bit_by_bit_until_its_share_is_reached(tmp_path: Path, to: int):
    world = world_of(tmp_path)
    async with world:
        await push(world, 7, minute=1)
        await push(world, to, minute=2, items=range(19))
        assert await Person(world).open() == []
        assert sent(world) == [to] * 19
        await push(world, to, minute=3, items=range(19, 20))
        assert len(await Person(world).open()) == 1
        assert sent(world) == [to] * 19


@pytest.mark.parametrize("to", [0, 70], ids=["to nothing", "ten times as much"])
async def test_what_one_feed_changed_in_several_batches_is_counted_whole_after_a_restart(
    tmp_path: Path, to: int
):
    clock = Set()
    async with world_of(tmp_path, clock=clock) as world:
        await push(world, 7, minute=1)
        for begin in (0, 10):
            await push(world, to, minute=2, items=range(begin, begin + 9))
    async with world_of(tmp_path, clock=clock) as again:
        await push(again, to, minute=3, items=range(30, 31))
        assert await Person(again).open() == []
        await push(again, to, minute=3, items=range(31, 32))
        assert len(await Person(again).open()) == 1


async def test_what_a_person_let_pass_counts_no_more_when_that_is_over(tmp_path: Path):
    clock = Set()
    async with world_of(tmp_path, clock=clock) as world:
        await push(world, 7, minute=1)
        await push(world, 0, minute=2, items=range(20))
        await Person(world).act("retry", {})
        await world.until(lambda: len(sent(world)) == 20)
        clock.ms += 50_000
        await push(world, 0, minute=3, items=range(20, 39))
        clock.ms += 20_000  # a minute and ten seconds after it was let pass
        await push(world, 0, minute=4, items=range(39, 40))
        assert await Person(world).open() == []
        await push(world, 7, minute=5, items=range(20))
        await push(world, 0, minute=6, items=range(20))
        assert len(await Person(world).open()) == 1, "control: what runs away after that is held"


async def test_of_few_items_a_large_share_passes_until_the_least_number_is_reached(tmp_path: Path):
    world = world_of(tmp_path)
    async with world:
        await push(world, 7, minute=1, items=range(12))
        await push(world, 0, minute=2, items=range(9))
        assert await Person(world).open() == []
        await push(world, 0, minute=3, items=range(9, 10))
        assert len(await Person(world).open()) == 1


async def test_jumps_of_ten_times_are_held_and_a_restart_forgets_nothing(tmp_path: Path):
    world = world_of(tmp_path)
    async with world:
        await push(world, 7, minute=1)
        await push(world, 700, minute=2, items=range(15))
        assert sent(world) == [700] * 15
    again = world_of(tmp_path)
    async with again:
        await push(again, 700, minute=3, items=range(15, 30))
        (item,) = await Person(again).open()
        assert "jumped 10 times" in item["says"]
