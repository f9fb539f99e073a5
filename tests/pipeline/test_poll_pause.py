"""How systems are asked: how long the hub waits for one that did not answer, and how it goes on from page to page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.kit.connector import Content, Page, Polled
from crossdock.pipeline.poll import pause_s
from tests.pipeline.world import World, order


@pytest.mark.parametrize(
    ("failures", "every_s", "wait_s"),
    [(1, 1, 1), (2, 1, 2), (3, 1, 4), (4, 1, 5), (500, 1, 5), (500, 0.05, 5), (4, 30, 8), (500, 30, 60)],
)
def test_a_system_that_comes_back_is_heard_within_seconds(
    failures: int, every_s: float, wait_s: float
) -> None:
    assert pause_s(failures, every_s) == wait_s


class Pages:
    """Ten pages, of which only the last has anything for us."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def poll(self, cursor: str | None, client: Any) -> Page:
        at = int(cursor or 0)
        self.asked.append(at)
        found = [Polled("sales_order", Content(json.dumps(order("O-1")).encode()))] if at == 9 else []
        return Page(found, str(min(at + 1, 10)), more=at < 9)


async def test_a_page_with_nothing_for_us_is_left_behind_too(tmp_path: Path) -> None:
    world, pages = World(tmp_path), Pages()
    world.context.systems["shop"] = replace(world.context.systems["shop"], pollers={"sales_order": pages})  # type: ignore[index]
    async with world:
        await world.until(
            lambda: world.count("transmissions", 6) == 1, "what stands behind empty pages never came"
        )
        assert world.rows("SELECT cursor FROM cursors") == [("10",)]
    assert pages.asked[:10] == list(range(10))
