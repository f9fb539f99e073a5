"""Who floods the hub waits behind their own: counted in places of the order of work, not in time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.message.records import Transmission
from crossdock.pipeline.lanes import KeyOrdering, Lanes
from crossdock.pipeline.windows import Windows
from tests.pipeline.world import World, order
from tests.unfair import NoTurns, OneQueue

DUE, DONE = 1, 6
FAIR: dict[str, Any] = {}
UNFAIR: dict[str, Any] = {"order": NoTurns, "turns": OneQueue}
LINES = [{"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}]
#: Orders of the shop, stock moves of the ERP: both go to the warehouse.
DOCUMENTS = ("sales_order", "stock_transfer")
OWNERS = {"stock_transfer": "erp"}


def transfer(number: str, *, key: str | None = None) -> dict[str, Any]:
    extra = {"key": key} if key else {}
    return {"number": number, "from_site": "A", "to_site": "B", "lines": LINES, "extra": extra}


async def flood(world: World, orders: int, *, key: str | None = None) -> None:
    """The shop hands in much, before anything of it is decided."""
    for begin in range(0, orders, 100):
        numbers = range(begin, min(begin + 100, orders))
        await asyncio.gather(*(world.push(order(f"O-{n}", key=key)) for n in numbers))


async def calm(world: World, transfers: int, *, key: str | None = None) -> None:
    """The ERP hands in little, after that."""
    for n in range(transfers):
        await world.push(transfer(f"T-{n}", key=key), system="erp", document="stock_transfer")


BOTH = pytest.mark.parametrize(
    ("how", "fair"), [(FAIR, True), (UNFAIR, False)], ids=["in turns", "control: one queue"]
)


@BOTH
async def test_a_flood_of_one_system_does_not_hold_up_what_another_hands_in(tmp_path: Path, how, fair):
    world = World(tmp_path, documents=DOCUMENTS, owners=OWNERS, surroundings=how)
    async with world:
        async with world.worker._term._decides:  # nothing is decided before everything is here
            await flood(world, 400)
            await calm(world, 5)
        await world.settled()
        decided = [d for (d,) in world.rows("SELECT document FROM messages ORDER BY id")]
        last = max(n for n, document in enumerate(decided) if document == "stock_transfer")
        assert len(decided) == 405
        assert (last < 64 + 20) == fair, "one batch was taken before the others came"


@BOTH
async def test_a_backlog_in_the_store_of_one_system_does_not_hold_up_another(tmp_path: Path, how, fair):
    world = World(tmp_path, documents=DOCUMENTS, owners=OWNERS)
    world.journal.start()
    await world.journal.use_charter("sha256:test", "0", {})
    await flood(world, 600)  # nobody works yet
    await calm(world, 5)
    await world.journal.close()
    again = World(tmp_path, documents=DOCUMENTS, owners=OWNERS, surroundings=how)
    async with again:
        await again.settled()
        decided = [d for (d,) in again.rows("SELECT document FROM messages ORDER BY id")]
        last = max(n for n, document in enumerate(decided) if document == "stock_transfer")
        assert (last <= 20) == fair
    assert len(again.wms.applied) == 605


@BOTH
async def test_a_flood_for_a_target_does_not_hold_up_what_another_system_sends_there(
    tmp_path: Path, how, fair
):
    last = await last_transfer(World(
        tmp_path, documents=DOCUMENTS, owners=OWNERS, concurrency=2, surroundings=how,
    ))  # fmt: skip
    assert last <= 80 if fair else last >= 150


async def test_not_even_when_most_of_the_flood_is_in_the_store(tmp_path: Path):
    world = World(tmp_path, documents=DOCUMENTS, owners=OWNERS, concurrency=2, window=60)
    assert await last_transfer(world) <= 80


@pytest.mark.parametrize(
    "fair", [True, False], ids=["elders are read with it", "control: they are waited for"]
)
async def test_one_lane_that_is_shared_with_a_flood_does_not_hold_up_the_others(tmp_path: Path, fair: bool):
    world = World(tmp_path, documents=DOCUMENTS, owners=OWNERS, concurrency=2, window=60)
    windows = world.worker.targets["wms"].windows
    if not fair:
        windows.elders = lambda t, lane: None if windows.elder_waits(t, lane) else ()  # type: ignore[method-assign]
    world.wms.closed = True
    async with world:
        await flood(world, 398)
        for n in (398, 399):
            await world.push(order(f"O-{n}", key="K"))
        await calm(world, 1, key="K")
        for n in range(1, 6):
            await world.push(transfer(f"T-{n}"), system="erp", document="stock_transfer")
        await world.until(lambda: world.count("transmissions", DUE) == 406)
        if fair:  # while the flood itself is far from its turn
            await world.until(lambda: not windows.of("erp").spilled)
        world.wms.closed = False
        await world.settled()
    applied = world.wms.applied
    assert [n for n in applied if n in {"O-398", "O-399", "T-0"}] == ["O-398", "O-399", "T-0"]
    assert (max(applied.index(f"T-{n}") for n in range(6)) < 100) == fair
    assert len(set(applied)) == len(applied) == 406


async def last_transfer(world: World) -> int:
    """After how many orders the last of five transfers went, when all of them waited for the same target."""
    world.wms.closed = True
    async with world:
        await flood(world, 400)
        await calm(world, 5)
        await world.until(lambda: world.count("transmissions", DUE) == 405)
        world.wms.closed = False
        await world.settled()
    assert len(world.wms.applied) == 405
    return max(n for n, number in enumerate(world.wms.applied) if number.startswith("T-"))


async def test_one_system_s_levels_do_not_hold_up_its_orders(tmp_path: Path):
    documents = ("sales_order", "inventory_balance")
    world = World(tmp_path, documents=documents)
    async with world:
        async with world.worker._term._decides:
            for n in range(300):
                level = {"sku": f"W-{n}", "site": "A", "status": "available", "quantity": 5, "unit": "EA",
                         "as_of": "2026-11-22T10:00:00Z"}  # fmt: skip
                await world.push(level, document="inventory_balance")
            await world.push(order("O-1"))
        await world.until(lambda: "O-1" in world.wms.applied)
        await world.settled()
        decided = [d for (d,) in world.rows("SELECT document FROM messages ORDER BY id")]
        assert decided.index("sales_order") <= 70


@pytest.mark.parametrize("seed", range(6))
async def test_a_lane_that_two_systems_share_keeps_its_order_while_most_of_it_is_in_the_store(
    tmp_path: Path, seed: int
):
    assert await overtaken(World(
        tmp_path, documents=DOCUMENTS, owners=OWNERS, concurrency=3, window=12,
    ), Random(seed)) == []  # fmt: skip


async def test_control_without_looking_for_elders_they_are_overtaken(tmp_path: Path):
    found = list[str]()
    for seed in range(6):
        (tmp_path / str(seed)).mkdir()
        world = World(
            tmp_path / str(seed), documents=DOCUMENTS, owners=OWNERS, concurrency=3, window=12
        )  # fmt: skip
        world.worker.targets["wms"].windows.elder_waits = lambda t, lane: False  # type: ignore[method-assign]
        found += await overtaken(world, Random(seed))
    assert found


async def overtaken(world: World, dice: Random) -> list[str]:
    """Lanes whose documents did not arrive in order, when two systems fill four of them."""
    world.wms.closed = True
    async with world:
        for n in range(120):
            key = f"K{dice.randrange(4)}"
            if dice.random() < 0.7:
                await world.push(order(f"O-{n}", key=key))
            else:
                await world.push(transfer(f"T-{n}", key=key), system="erp", document="stock_transfer")
            if n == 60:
                world.wms.closed = False
        await world.settled()
        made = world.rows("SELECT key, number FROM transmissions ORDER BY id")
    wrong = list[str]()
    for key in {key for key, _ in made}:
        awaited = [number for lane, number in made if lane == key]
        if [n for n in world.wms.applied if n in set(awaited)] != awaited:
            wrong.append(key)
    return wrong


def test_an_elder_on_its_way_to_the_store_is_waited_for_in_a_lane_that_two_systems_share() -> None:
    lanes = Lanes(KeyOrdering())
    asked = SimpleNamespace(lane_waits=lambda *_: False)  # the store has not heard of the elder yet
    windows = Windows(cast("Any", asked), "wms", lanes, 10)
    lane = lanes.by_key("K")
    windows.of("shop").spilled = True
    assert not windows.takes(_of("shop", 5), lane)
    assert not windows.takes(_of("erp", 6), lane), "it would leave before the elder"
    windows.settled(_of("shop", 5))
    windows.settled(_of("erp", 6))
    assert not windows.elder_waits(_of("erp", 7), lane), "control: nothing older is on its way any more"


def _of(origin: str, id_: int) -> Transmission:
    return Transmission(id_, 1, "wms", origin, "sales_order", f"O-{id_}", 1, 1, "K")
