"""How systems are asked: how long the hub waits for one that did not answer, and how it goes on from page to page."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.journal.contract import RestoredSystem, StoreDown
from crossdock.journal.tenure import Hold
from crossdock.kit.connector import Content, Page, Polled
from crossdock.pipeline.poll import Pollers, pause_s
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


class Restored:
    """A store that was restored; noting that a system is through with handing in again fails once."""

    all = open = (RestoredSystem("shop", 0, 0, 0, None),)

    def __init__(self) -> None:
        self.ended = 0

    def refresh(self) -> None:
        pass

    def may_have_left(self, _t: Any) -> bool:
        return False

    keyless = doubts = may_have_left

    async def end(self, *_words: str) -> bool:
        self.ended += 1
        if self.ended == 1:
            raise StoreDown("the disk is away")
        return True


async def test_a_system_that_is_not_asked_has_not_handed_in_again_and_one_whose_end_fails_is_asked_on(
    tmp_path: Path,
) -> None:
    world, pages, restored, full = World(tmp_path), Pages(), Restored(), True
    bound, context = world.context.systems["shop"], world.context
    flow = replace(bound.system.flows_in[0], every_s=0.01)
    shop = replace(bound, pollers={"sales_order": pages}, system=replace(bound.system, flows_in=(flow,)))
    context.systems["shop"] = shop  # type: ignore[index]
    context.restored, context.full = restored, lambda _system: full  # type: ignore[assignment]
    looks = 0

    async def slept(seconds: float) -> None:
        nonlocal looks
        looks += seconds == 0.01  # the pause of the flow
        await asyncio.sleep(min(seconds, 0.01))

    context.clock.sleep = slept  # type: ignore[method-assign]
    async with world:
        await world.until(lambda: looks > 2)
        assert (pages.asked, restored.ended) == ([], 0), "nobody asked it, and it was through"
        full = False
        await world.until(lambda: restored.ended > 1, "its poller has ended")
    assert pages.asked[:10] == list(range(10))


async def test_a_system_has_handed_in_again_once_each_of_its_documents_was_asked_for_up_to_its_end(
    tmp_path: Path,
):
    world, restored = World(tmp_path, documents=("item", "sales_order")), Restored()
    world.context.restored = restored  # type: ignore[assignment]
    pollers, bound = Pollers(world.context, world.worker.door, Hold()), world.context.systems["shop"]
    for _ in range(2):
        await pollers._caught_up(bound, "item")
    assert restored.ended == 0, "what it sold since would be sent a second time"
    with pytest.raises(StoreDown):
        await pollers._caught_up(bound, "sales_order")
    assert restored.ended == 1
