"""What becomes of orders that the stock does not cover: told at once, woken by what they lack, never counted twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossdock.charter.charter import Charter, ObjectRule, Reader
from crossdock.stock.policy import ChannelPolicy, Policy, Short, SitePolicy
from tests.pipeline.stockkeeping.shelf import level
from tests.pipeline.stockkeeping.stocked import DESK, DOCUMENTS, OWNERS, REFUSED, Stocked, at, balance, lines


@asynccontextmanager
async def a_world(folder: Path, short: Short = Short.BACKORDER) -> AsyncIterator[Stocked]:
    """A shop whose ERP reads how far orders are."""

    def rewrite(charter: Charter) -> Charter:
        rule = ObjectRule("order_status", "hub", (Reader("erp"),))
        return replace(charter, objects={**charter.objects, "order_status": rule})

    policy = Policy({"AMS": SitePolicy("AMS", "wms")}, {"shop": ChannelPolicy("shop", ("AMS",), short=short)})
    documents = (*DOCUMENTS, "order_status")
    async with Stocked(
        folder, documents=documents, owners=OWNERS, revise=True, stock=policy, rewrite=rewrite
    ) as world:
        yield world


def told(world: Stocked) -> list[tuple[Any, ...]]:
    """(order, state) of every word on orders."""
    trees = [json.loads(one.body) for one in world.targets["erp"].arrived]
    return [(tree["order"], tree["state"]) for tree in trees if "occasion" in tree]


async def test_an_order_that_is_not_covered_is_told_with_what_it_lacks(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.has(balance(1))
        await world.orders("SO-1", ("A", 2))
        await world.until(lambda: told(world) == [("SO-1", "backordered")], "nobody was told")
        await world.orders("SO-2", ("A", 1))
        assert told(world) == [("SO-1", "backordered")], "one that is covered says nothing of it"


async def test_a_refused_order_is_told_to_be_refused(tmp_path: Path) -> None:
    async with a_world(tmp_path, Short.REFUSE) as world:
        await world.has(balance(1))
        await world.orders("SO-1", ("A", 2))
        await world.until(lambda: told(world) == [("SO-1", "refused")], "nobody was told")
        assert world.state("SO-1") == REFUSED


async def test_an_order_that_waits_for_two_items_goes_on_when_the_last_of_them_comes(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.has(balance(1), balance(1, "B"))
        await world.orders("SO-1", ("A", 2), ("B", 2))
        assert [value for _, _, value in world.incidents()] == ["A"]
        await world.has(balance(5, seconds=1))
        await world.until(
            lambda: [value for _, _, value in world.incidents()] == ["B"], "it waits for the wrong one"
        )
        assert world.state("SO-1") == DESK
        await world.has(balance(5, "B", seconds=1))
        await world.until(lambda: world.wms.applied == ["SO-1"], "it slept on")
        assert world.incidents() == []


async def test_what_left_before_its_stock_was_set_aside_is_not_set_aside_any_more(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.has(balance(1))
        await world.orders("SO-1", ("A", 4))
        assert world.state("SO-1") == DESK
        left = lines(("A", 4))
        await world.push(
            {"number": "D-1", "order": "SO-1", "shipped_at": at(10), "complete": True, "lines": left},
            system="wms", document="shipment",
        )  # fmt: skip
        await world.settled()
        await world.has(balance(6, seconds=5))
        await world.until(lambda: world.state("SO-1") != DESK, "it never went on")
        assert level(world.journal) == (6, 4), "the figure was told before the goods left"
        await world.has(balance(2, seconds=20))
        assert level(world.journal) == (2, 0)
