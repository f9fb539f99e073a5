"""Where the clocks of orders begin: at what was said and when it came, not when somebody got round to looking."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crossdock.charter.charter import Charter, Site
from crossdock.charter.orders import Orders
from tests.pipeline.world import Clock, World, order

LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  #: half an hour beside all others


class Hasty(Clock):
    """A second goes by with every look at it, so that no two moments are one."""

    def __init__(self) -> None:
        self._looks = 0

    def now_ms(self) -> int:
        self._looks += 1
        return super().now_ms() + 1000 * self._looks


def a_world(folder: Path, orders: Orders) -> World:
    def rewrite(charter: Charter) -> Charter:
        return replace(charter, site=Site(timezone=LORD_HOWE), orders=orders)

    return World(folder, rewrite=rewrite, revise=True, clock=Hasty())


async def kept_until(world: World, tree: dict[str, Any]) -> tuple[int, int]:
    """Until when an order is kept back, and when it came, in milliseconds."""
    await world.push(tree)
    await world.until(lambda: world.count("captures", 1) == 0)
    newest = " ORDER BY m.id DESC LIMIT 1"
    return world.rows(
        f"SELECT m.until_ms, c.at_ms FROM messages m JOIN captures c ON c.id = m.capture WHERE m.state = 1{newest}"
    )[0]


async def test_an_edit_window_begins_when_the_version_came_however_late_it_is_decided(tmp_path: Path):
    async with a_world(tmp_path, Orders(edit_window_s=7200)) as world:
        first = await kept_until(world, order("O-1"))
        second = await kept_until(
            world, order("O-1", lines=[{"line": 1, "sku": "W-1", "quantity": 3, "unit": "EA"}])
        )
    assert [until - came for until, came in (first, second)] == [7_200_000, 7_200_000]
    assert second > first, "each version has a window of its own"


@pytest.mark.parametrize(
    "orders", [Orders(), Orders(edit_window_s=7200)], ids=["no window", "a window that closes before"]
)
async def test_a_ship_date_begins_at_midnight_of_the_site(tmp_path: Path, orders: Orders):
    async with a_world(tmp_path, orders) as world:
        until, _ = await kept_until(world, order("O-1", ship_from_at="2099-12-01"))
    assert until == datetime(2099, 12, 1, tzinfo=LORD_HOWE).timestamp() * 1000
