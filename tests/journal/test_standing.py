"""The one word for how far an order is, when what was short is released once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossdock.journal.sqlite.trace import trace
from tests.pipeline.world import World, order

DOCUMENTS = ("sales_order", "warehouse_order", "shipment")


def a_release(number: str, quantity: int) -> dict[str, Any]:
    line = {"line": 1, "sku": "W-1", "quantity": quantity, "unit": "EA"}
    return {"number": number, "order": "O-1", "lines": [line]}


def a_shipment(number: str, release: str, quantity: int) -> dict[str, Any]:
    line = {"line": 1, "sku": "W-1", "quantity": quantity, "unit": "EA"}
    whole = {"shipped_at": "2026-11-22T10:00:00Z", "complete": True, "lines": [line]}
    return {"number": number, "warehouse_order": release, "order": "O-1", **whole}


async def test_an_order_is_part_shipped_while_its_backorder_is_open(tmp_path: Path) -> None:
    states: list[str] = []
    async with World(tmp_path, documents=DOCUMENTS) as world:
        for document, tree in (
            ("sales_order", order("O-1")),
            ("warehouse_order", a_release("R-1", 2)),
            ("shipment", a_shipment("S-1", "R-1", 1)),
            ("warehouse_order", a_release("R-2", 1)),
            ("shipment", a_shipment("S-2", "R-2", 1)),
        ):
            await world.push(tree, document=document)
            await world.settled()
            story = await world.journal.view(lambda c: trace(c, "sales_order", "O-1"))
            assert isinstance(story, dict)
            states.append(story["state"])
    assert states == ["released", "released", "shipped", "part_shipped", "shipped"]
