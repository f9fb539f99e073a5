"""Goods that go from one of our sites to another: none are lost, and none are promised twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crossdock.stock.policy import ChannelPolicy, Policy, SitePolicy
from tests.pipeline.stockkeeping.shelf import level
from tests.pipeline.stockkeeping.stocked import DOCUMENTS, OWNERS, Stocked, at, balance, lines

TRANSFER: dict[str, Any] = {"number": "T-1", "from_site": "AMS", "to_site": "RTM", "lines": lines(("A", 4))}


def a_world(folder: Path) -> Stocked:
    """Two sites of one warehouse, and somebody who moves goods between them."""
    sites = {"AMS": SitePolicy("AMS", "wms"), "RTM": SitePolicy("RTM", "wms")}
    policy = Policy(sites, {"erp": ChannelPolicy("erp", ("AMS",), publish=True)})
    documents = (*DOCUMENTS, "stock_transfer", "goods_receipt")
    owners = OWNERS | {"goods_receipt": "wms"}
    return Stocked(folder, documents=documents, owners=owners, revise=True, stock=policy)


async def test_a_transfer_is_set_aside_shipped_under_way_and_received(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.has(balance(10), balance(1, site="RTM"))
        await world.push(TRANSFER, document="stock_transfer")
        await world.settled()
        assert (level(world.journal), level(world.journal, site="RTM")) == ((10, 4), (1, 0))
        assert "T-1" in world.wms.applied

        # The warehouse knows it by the number of its own order alone.
        left = {"number": "D-1", "warehouse_order": "T-1", "shipped_at": at(10), "site": "AMS", "complete": True,
                "lines": lines(("A", 4))}  # fmt: skip
        await world.push(left, system="wms", document="shipment")
        await world.settled()
        await world.has(balance(6, seconds=11))
        assert (level(world.journal), level(world.journal, site="RTM")) == ((6, 0), (1, 0)), "4 are under way"

        came = {"number": "G-1", "stock_transfer": "T-1", "site": "RTM", "received_at": at(20), "complete": True,
                "lines": lines(("A", 4))}  # fmt: skip
        await world.push(came, system="wms", document="goods_receipt")
        await world.has(balance(5, site="RTM", seconds=21))
        assert level(world.journal)[0] + level(world.journal, site="RTM")[0] == 11, "as many as there were"
        assert world.incidents() == []
        told = world.rows("SELECT says FROM ledger WHERE says LIKE '%closed_complete%'")
        assert told, "the transfer is told to be complete"


async def test_more_than_the_site_has_is_not_moved_and_one_piece_too_many_is_not_received(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path) as world:
        await world.has(balance(3), balance(50, site="RTM"))
        await world.push(TRANSFER, document="stock_transfer")
        await world.settled()
        assert world.incidents() == [("backorder", "lines[0].quantity", "A")]
        await world.has(balance(9, seconds=1))
        await world.until(lambda: "T-1" in world.wms.applied, "it never went on")
        too_many = {"number": "G-1", "stock_transfer": "T-1", "site": "RTM", "received_at": at(20),
                    "lines": lines(("A", 5))}  # fmt: skip
        await world.push(too_many, system="wms", document="goods_receipt")
        await world.until(world.incidents, "nobody noticed")
        assert world.incidents()[0][0] == "bad_transition"
        assert json.loads(world.wms.arrived[-1].body)["number"] == "T-1"
