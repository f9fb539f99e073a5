"""What was put off while the machine's clock was years ahead: it goes once the clock is right again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.pipeline.test_a_closed_way import act
from tests.pipeline.world import World, order

YEARS_MS, MINUTE_MS = 32 * 365 * 86_400_000, 60_000


def later(folder: Path, by_ms: int) -> None:
    """Moves the time of everything in the store, behind the hub's back."""
    with closing(sqlite3.connect(folder / "hub.db", isolation_level=None)) as store:
        store.execute("UPDATE transmissions SET due_ms = due_ms + ? WHERE number = 'O-1'", (by_ms,))


async def put_off(folder: Path, by_ms: int) -> None:
    """Leaves one order in the store that is to go so much later."""
    world = World(folder, database=f"sqlite:{folder / 'hub.db'}")
    async with world:
        await act(world, "pause")
        await world.push(order("O-1", key="K1"))
        await world.until(lambda: world.rows("SELECT count(*) FROM transmissions") == [(1,)])
    later(folder, by_ms)


@pytest.mark.parametrize("by_ms", [YEARS_MS, 86_400_000])
async def test_what_is_due_later_than_anything_is_ever_put_off_goes_at_once(tmp_path: Path, by_ms: int):
    await put_off(tmp_path, by_ms)
    world = World(tmp_path, database=f"sqlite:{tmp_path / 'hub.db'}")
    async with world:
        await act(world, "resume")
        await world.settled()
    assert world.wms.applied == ["O-1"]


async def test_control_what_is_due_in_a_minute_waits_while_others_go(tmp_path: Path):
    await put_off(tmp_path, MINUTE_MS)
    world = World(tmp_path, database=f"sqlite:{tmp_path / 'hub.db'}")
    async with world:
        await act(world, "resume")
        await world.push(order("O-2", key="K2"))
        await world.until(lambda: bool(world.wms.applied))
        assert world.wms.applied == ["O-2"]
        later(
            tmp_path, -MINUTE_MS
        )  # as its last entry left it: the ledger is looked at when the hub has ended
