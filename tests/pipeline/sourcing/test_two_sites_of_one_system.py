"""Parts that are stopped before they left: each gives back what is set aside for it, once, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.sourcing.sourced import RULES, SITES, Sourced, lines, policy, sourced
from tests.pipeline.sourcing.test_orders_find_their_site import DUTCH, UNITS
from tests.pipeline.world import order

DONE, CLOSED = 6, 9


def _shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """One system ships from two sites."""
    monkeypatch.setitem(SITES, "RTM", "ams")
    for document in ("warehouse_order", "warehouse_order_cancel"):
        monkeypatch.setitem(RULES, document, ("hub", ("ams", "lyo")))


def _asked(world: Sourced) -> list[int]:
    """The states of what the warehouses are to get."""
    query = "SELECT state FROM transmissions WHERE target IN ('ams', 'rtm') ORDER BY id"
    return [state for (state,) in world.rows(query)]


async def test_both_unsent_parts_of_a_cancelled_order_give_their_stock_back_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shared(monkeypatch)
    async with sourced(tmp_path, policy(UNITS)) as world:
        world.targets["ams"].closed = True
        await world.has("AMS", 3)
        await world.has("RTM", 2)
        await world.push(order("SO-1", lines=lines(("A", 5)), ship_to=DUTCH))
        await world.until(lambda: len(_asked(world)) == 2)
        assert world.held() == {("A", "AMS"): 3, ("A", "RTM"): 2}
        await world.push({"number": "C-1", "order": "SO-1"}, document="cancellation")
        await world.until(lambda: set(_asked(world)) == {CLOSED})
        await world.calm()
        assert (world.held(), world.incidents()) == ({}, [])


@pytest.mark.parametrize("shared", [True, False])
async def test_a_dropped_line_that_never_left_leaves_the_other_part_its_stock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    if shared:
        _shared(monkeypatch)
    async with sourced(tmp_path, policy(UNITS)) as world:
        world.targets["ams"].closed = world.targets["rtm"].closed = True
        await world.has("AMS", 5, "A")
        await world.has("RTM", 5, "B")
        await world.push(order("SO-1", lines=lines(("A", 1), ("B", 2)), ship_to=DUTCH))
        await world.until(lambda: len(_asked(world)) == 2)
        await world.push(order("SO-1", lines=lines(("A", 1)), ship_to=DUTCH))
        await world.until(lambda: CLOSED in _asked(world))
        assert (world.held(), world.incidents()) == ({("A", "AMS"): 1}, [])


async def test_a_part_that_is_stopped_leaves_the_other_site_of_its_system_its_stock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shared(monkeypatch)
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 5, "A")
        await world.has("RTM", 5, "B")
        await world.orders("SO-1", ("A", 1), ("B", 2), ship_to=DUTCH)
        await world.orders("SO-1", ("A", 1), ship_to=DUTCH)
        assert _asked(world) == [DONE] * 3
        assert (world.held(), world.incidents()) == ({("A", "AMS"): 1}, [])
