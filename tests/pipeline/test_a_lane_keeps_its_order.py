"""Order per key, under refusals and unclear answers, with and without the guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.kit.connector import Unclear
from crossdock.pipeline import blind
from tests.pipeline.world import Arrived, World, order


def _every_third_fails(arrived: Arrived, nth: int) -> int:
    return 503 if nth == 0 and int(arrived.number.split("-")[1]) % 3 == 0 else 200


async def _run(world: World) -> list[str]:
    world.wms.script = _every_third_fails
    async with world:
        for n in range(40):
            await world.push(order(f"O-{n}", key="K"))
        await world.settled()
    return world.wms.applied


async def test_effects_of_one_key_keep_the_order_of_arrival(tmp_path: Path):
    assert await _run(World(tmp_path)) == [f"O-{n}" for n in range(40)]


async def test_without_the_order_guard_they_overtake_each_other(tmp_path: Path):
    applied = await _run(World(tmp_path, ordering=blind.NoOrder()))
    assert sorted(applied) == sorted(f"O-{n}" for n in range(40))
    assert applied != [f"O-{n}" for n in range(40)]


async def test_a_key_that_waits_for_a_person_holds_back_itself_only(tmp_path: Path):
    world = World(tmp_path)
    world.wms.script = lambda arrived, nth: 400 if arrived.number == "A-0" else 200
    async with world:
        for n in range(4):
            await world.push(order(f"A-{n}", key="A"))
            await world.push(order(f"B-{n}", key="B"))
        await world.settled()
        assert world.wms.applied == ["B-0", "B-1", "B-2", "B-3"]
        assert (world.count("transmissions", 8), world.count("transmissions", 2)) == (1, 3)
        members = world.rows("SELECT kind, count(*) FROM members GROUP BY kind ORDER BY kind")
        assert members == [(3, 1), (4, 3)]
        await world.push(order("A-9", key="A"))
        await world.settled()
        assert world.count("transmissions", 2) == 4, "a late follower is held too"


@pytest.mark.parametrize("unclear", list(Unclear))
async def test_a_backlog_beyond_the_window_goes_out_in_order(tmp_path: Path, unclear: Unclear):
    world = World(tmp_path, window=6, unclear=unclear)
    world.wms.closed = True
    async with world:
        for n in range(60):
            await world.push(order(f"O-{n}", key=f"K{n % 3}"))
        await world.until(lambda: world.count("transmissions", 1) >= 50)
        assert world.worker.targets["wms"].lanes.count <= 6, "memory is bounded"
        world.wms.closed = False
        await world.settled()
    for k in range(3):
        mine = [n for n in world.wms.applied if int(n.split("-")[1]) % 3 == k]
        assert mine == [f"O-{n}" for n in range(k, 60, 3)]


@pytest.mark.parametrize("letters", [40_000, 10], ids=["heavy", "control: light"])
async def test_a_heavy_document_goes_at_once_though_nobody_keeps_it_in_memory(tmp_path: Path, letters: int):
    world = World(tmp_path)
    async with world:
        await world.push(order("O-1", extra={"words": "x" * letters}))
        await world.push(order("O-2", extra={"words": "x" * letters}))
        await world.settled()
        assert world.wms.applied == ["O-1", "O-2"]
        assert world.rows("SELECT type FROM incidents") == []
