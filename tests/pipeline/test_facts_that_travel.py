"""Facts that no rule of the hub reads: whoever reads the document gets them whole, with what else the hub knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crossdock.charter.charter import Reader
from tests.pipeline.world import World

KINDS = ("item", "shipment", "billing_event")
OWNERS = {"shipment": "wms", "billing_event": "wms"}


async def arrived(folder: Path, document: str, tree: dict[str, Any]) -> dict[str, Any]:
    """What the ERP got of one document."""
    world = World(folder, documents=KINDS, readers=(Reader("erp"),), owners=OWNERS, revise=True)
    async with world:
        await world.push(tree, system=OWNERS.get(document, "shop"), document=document)
        await world.settled()
        (one,) = world.targets["erp"].arrived
        return json.loads(one.body)


def lost(tree: dict[str, Any], got: dict[str, Any]) -> dict[str, Any]:
    """What was told and did not come as it was told."""
    return {name: value for name, value in tree.items() if got.get(name) != value}


async def test_a_variant_names_the_item_that_it_varies_wherever_it_goes(tmp_path: Path) -> None:
    tree = {
        "sku": "SHIRT-RED-M",
        "unit": "EA",
        "variant_of": "SHIRT",
        "name": "Shirt, red, M",
        "extra": {"size": "M"},
    }
    assert lost(tree, await arrived(tmp_path, "item", tree)) == {}


async def test_serial_numbers_of_what_left_reach_whoever_charges_it(tmp_path: Path) -> None:
    line = {"line": 1, "sku": "DRILL", "quantity": 2, "unit": "EA", "serials": ["SN-1", "SN-2"]}
    tree = {"number": "S-1", "warehouse_order": "W-1", "shipped_at": "2026-12-01T08:00:00Z", "lines": [line]}
    got = await arrived(tmp_path, "shipment", tree)
    assert lost(line, got["lines"][0]) == {}


async def test_a_reader_gets_the_points_at_which_to_order_again(tmp_path: Path) -> None:
    tree = {
        "sku": "TEA-1",
        "unit": "EA",
        "reorder_point": 24,
        "reorder_quantity": 144,
        "valuation": "average",
    }
    assert lost(tree, await arrived(tmp_path, "item", tree)) == {}


async def test_hazard_weight_and_size_of_an_item_reach_who_must_handle_it(tmp_path: Path) -> None:
    tree = {
        "sku": "ACID-1", "unit": "EA", "hazard": {"un_number": "UN1789", "hazard_class": "8"}, "weight_kg": 2,
        "length_cm": 10, "width_cm": 10, "height_cm": 25, "storage_class": "corrosive",
    }  # fmt: skip
    assert lost(tree, await arrived(tmp_path, "item", tree)) == {}


async def test_work_that_a_warehouse_charges_a_client_for_reaches_the_books(tmp_path: Path) -> None:
    tree = {
        "number": "B-1", "client": "ACME", "site": "AMS", "activity": "pick", "quantity": 40, "unit": "EA",
        "price": 3, "currency": "EUR", "order": "SO-1", "at": "2026-12-01T08:00:00Z", "period": "2026-12-01",
    }  # fmt: skip
    assert lost(tree, await arrived(tmp_path, "billing_event", tree)) == {}
