"""A shop, a warehouse with stock at two sites, and an ERP that sells too."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crossdock.stock.policy import ChannelPolicy, Figure, Policy, SitePolicy
from tests.pipeline.world import World, order

DOCUMENTS = (
    "sales_order", "inventory_balance", "shipment", "pick_status", "cancellation", "item", "kit_composition",
    "stock_level",
)  # fmt: skip
OWNERS = {"inventory_balance": "wms", "shipment": "wms", "pick_status": "wms"}
NOW = datetime.now(UTC)


def at(seconds: float = 0) -> str:
    """A moment, seconds after the test began."""
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def balance(
    quantity: float, sku: str = "A", site: str = "AMS", *, seconds: float = 0, **more: Any
) -> dict[str, Any]:
    """What the warehouse has."""
    status, lot = more.pop("status", "available"), more.get("lot")
    return {
        "sku": sku, "site": site, "status": status, "quantity": quantity, "unit": more.pop("unit", "EA"),
        "as_of": at(seconds), "extra": {"id": f"{site}/{sku}/{status}/{lot}"}, **more,
    }  # fmt: skip


def lines(*wanted: tuple[str, float]) -> list[dict[str, Any]]:
    """Lines of an order."""
    return [
        {"line": n, "sku": sku, "quantity": quantity, "unit": "EA"}
        for n, (sku, quantity) in enumerate(wanted, 1)
    ]


class Stocked(World):
    """A shop, and a warehouse with stock."""

    async def has(self, *balances: dict[str, Any]) -> None:
        """The warehouse tells what it has."""
        for one in balances:
            await self.push(one, system="wms", document="inventory_balance")
        await self.settled()

    async def orders(self, number: str, *wanted: tuple[str, float], **more: Any) -> None:
        """The shop sells."""
        await self.push(order(number, lines=lines(*wanted), **more))
        await self.settled()

    async def ships(self, number: str, *shipped: tuple[str, float], seconds: float = 10, **more: Any) -> None:
        """The warehouse ships."""
        tree = {
            "number": f"D-{number}-{seconds}",
            "order": number,
            "shipped_at": at(seconds),
            "lines": lines(*shipped),
        }
        await self.push(tree | more, system="wms", document="shipment")
        await self.settled()

    def state(self, number: str) -> int:
        """Where the newest message of an order is."""
        found = self.rows(
            f"SELECT state FROM messages WHERE number = '{number}' AND document = 'sales_order' ORDER BY id"
        )
        return found[-1][0]

    def published(self, sku: str = "A") -> list[tuple[Any, str]]:
        """(quantity, unit) of every figure that the ERP was sent of an item."""
        trees = [json.loads(one.body) for one in self.targets["erp"].arrived if one.number == sku]
        return [(tree["quantity"], tree["unit"]) for tree in trees]

    async def shows(self, quantity: int, sku: str = "A") -> None:
        """Waits until the ERP has a figure."""
        await self.until(lambda: [amount for amount, _ in self.published(sku)][-1:] == [quantity])

    def incidents(self) -> list[tuple[str, str, str]]:
        """(type, path, value) of every open one."""
        return self.rows("SELECT type, path, value FROM incidents WHERE state = 1 ORDER BY id")


ROUTED, REFUSED, DESK = 2, 4, 5


@asynccontextmanager
async def stocked(
    folder: Path,
    *,
    figure: Figure = Figure.GROSS,
    channel: ChannelPolicy | None = None,
    settle_s: float = 0.05,
    **more: Any,
) -> AsyncIterator[Stocked]:
    """A world with two sites."""
    sites = {"AMS": SitePolicy("AMS", "wms", figure), "RTM": SitePolicy("RTM", "wms", figure)}
    shop = channel or ChannelPolicy("shop", ("AMS", "RTM"))
    erp = ChannelPolicy("erp", ("AMS",), publish=True)
    policy = Policy(sites, {"shop": shop, "erp": more.pop("erp", erp)}, settle_s=settle_s)
    world = Stocked(folder, documents=DOCUMENTS, owners=OWNERS, revise=True, stock=policy, **more)
    async with world:
        yield world
