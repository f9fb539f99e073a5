"""The bad data matrix as people meet it: each row an incident of its own, mended over HTTP or from a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.harness.small import Small, small_site

CHARTER: dict[str, Any] = {
    "crossdock": 1,
    "site": {"name": "matrix", "timezone": "Europe/Amsterdam", "currency": "EUR"},
    "network": {"allow": ["127.0.0.1/32"]},
    "checks": {"address": "refuse", "price": "refuse", "wait_s": 0.3},
    "objects": {
        "item": {"owner": "shop"},
        "sales_order": {"owner": "shop", "readers": ["wms"]},
        "shipment": {"owner": "wms"},
        "inventory_balance": {"owner": "wms"},
    },
    "stock": {"sites": {"AMS": {"system": "wms"}}},
}
MAP = """{ "number": number, "ship_to": ship_to,
  "ship_method": ship_method ? $ours("ship_method", ship_method) : undefined_field,
  "lines": [lines.{"line": line, "sku": sku, "quantity": quantity, "unit": unit, "price": price,
    "currency": "EUR"}] }"""
PLACE = {"name": "Ann", "street": "Dam 1", "postcode": "1012 AB", "city": "Amsterdam", "country": "NL"}
MASTER, OPERATIONS = "role:master_data", "role:operations"


def order(number: str, **more: Any) -> dict[str, Any]:
    """An order that nothing is wrong with, but for `more`: of its line where it is a field of one."""
    line: dict[str, Any] = {"line": 1, "sku": "W-1", "quantity": 2, "unit": "EA", "price": 10}
    line |= {name: more.pop(name) for name in list(more) if name in line}
    if line["price"] is None:
        del line["price"]
    return {"number": number, "ship_to": PLACE, "lines": [line]} | more


def shipment(number: str, order_number: str, sku: str, **line: Any) -> dict[str, Any]:
    """All of an order."""
    return {"number": number, "order": order_number, "shipped_at": "2026-11-22T10:00:00Z", "site": "AMS",
            "lines": [{"line": 1, "order_line": 1, "sku": sku, "quantity": 2, "unit": "EA"} | line]}  # fmt: skip


def balance(sku: str, quantity: int, **more: Any) -> dict[str, Any]:
    """What the warehouse has."""
    return {"sku": sku, "site": "AMS", "status": "available", "quantity": quantity, "unit": "EA",
            "as_of": "2026-11-22T08:00:00Z"} | more  # fmt: skip


async def test_each_row_has_its_type_its_owner_and_a_fix_that_completes_the_order(tmp_path: Path) -> None:
    async with small_site(tmp_path, _write) as world:
        for item in (
            {"sku": "W-1", "unit": "EA", "packs": [{"unit": "CS", "factor": 12}]},
            {"sku": "L-1", "unit": "EA", "lot_tracked": True}, {"sku": "N-1", "unit": "EA"},
        ):  # fmt: skip
            await world.tell("shop", "item", item)
        await world.tell("wms", "inventory_balance", balance("W-1", 500))
        await world.tell("wms", "inventory_balance", balance("L-1", 50, lot="NEW"))
        await world.tell("wms", "inventory_balance", balance("L-1", 50, lot="OLD", expires_on="2026-01-31"))
        await _orders(world)
        await _moves(world)
        await _lots_and_stock(world)
        sent = sorted(tree["number"] for tree in world.ear.of("/wh"))
        assert sent == sorted(f"S-{n}" for n in range(1, 11)), "each order once, whatever was wrong with it"


def _write(site: Path, ear: str) -> None:
    for name in ("mappings", "crosswalks"):
        (site / name).mkdir(parents=True)
    (site / "mappings" / "shop.jsonata").write_text(MAP, "utf-8")
    (site / "crosswalks" / "ship_method.csv").write_text("system,theirs,ours\nshop,std,STANDARD\n", "utf-8")
    shop = {"connector": "http", "timezone": "UTC", "in": [
        {"document": "sales_order", "id": "number", "on_change": "refuse", "map": "mappings/shop.jsonata",
         "optional": ["ship_method", "lines.price"]},
        {"document": "item", "id": "sku", "on_change": "revise"}]}  # fmt: skip
    wms = {"connector": "http", "timezone": "UTC", "url": ear, "auth": {"type": "none"}, "in": [
        {"document": "shipment", "id": "number"},
        {"document": "inventory_balance", "id": "$join([sku, lot], '/')", "on_change": "revise"}],
        "out": [{"document": "sales_order", "send": {"method": "POST", "path": "/wh"}, "on_unclear": "resend",
                 "idempotency": {"header": "Idempotency-Key"}}]}  # fmt: skip
    (site / "charter.yaml").write_text(json.dumps(CHARTER | {"systems": {"shop": shop, "wms": wms}}), "utf-8")


async def _orders(world: Small) -> None:
    """Invalid SKU, unit mismatch, malformed address, unknown ship method, price missing."""
    await world.tell("shop", "sales_order", order("S-1", sku="W-9"))
    one = await world.incident("unknown_sku", MASTER)
    await world.by_http(one, "fix", {"path": "lines[0].sku", "value": "W-1"})
    await world.done("S-1")

    await world.tell("shop", "sales_order", order("S-2", unit="PL"))
    one = await world.incident("unknown_unit", MASTER)
    assert "CS" in one["says"], "it shows both sides"
    assert "PL" in one["says"], "it shows both sides"
    await world.by_terminal(one, "fix", "--path", "lines[0].unit", "--value", "CS")
    await world.done("S-2")

    await world.tell("shop", "sales_order", order("S-3", ship_to=PLACE | {"postcode": "99"}))
    one = await world.incident("bad_address", OPERATIONS)
    await world.by_terminal(one, "fix", "--path", "ship_to.postcode", "--value", "1012 AB")
    await world.done("S-3")

    await world.tell("shop", "sales_order", order("S-4", ship_method="drone"))
    one = await world.incident("unmapped_code", MASTER)
    row = {"crosswalk": "ship_method", "system": "shop", "theirs": "drone", "ours": "STANDARD"}
    await world.by_http(one, "fix", row)
    await world.done("S-4")

    await world.tell("shop", "sales_order", order("S-5", price=None))
    one = await world.incident("price_missing", MASTER)
    await world.by_http(one, "fix", {"path": "lines[0].price", "value": 9})
    await world.done("S-5")


async def _moves(world: Small) -> None:
    """A known number with other content, and a move that cannot be."""
    assert await world.tell("shop", "sales_order", order("S-6")) == 202
    assert await world.tell("shop", "sales_order", order("S-6", price=11)) == 409
    one = await world.incident("duplicate_conflict", OPERATIONS)
    await world.by_terminal(one, "resolve", "--reason", "the shop sent it twice")
    await world.done("S-6")

    await world.tell("wms", "shipment", shipment("SH-7", "S-7", "W-1"))
    one = await world.incident("bad_transition", OPERATIONS)
    await world.tell("shop", "sales_order", order("S-7"))
    await world.by_terminal(one, "retry")
    await world.done("S-7")
    await world.shipped("S-7")


async def _lots_and_stock(world: Small) -> None:
    """A lot that is missing, one that is past its date, stock below nothing."""
    await world.tell("shop", "sales_order", order("S-8", sku="L-1"))
    await world.done("S-8")
    await world.tell("wms", "shipment", shipment("SH-8", "S-8", "L-1"))
    one = await world.incident("lot_missing", OPERATIONS)
    await world.by_http(one, "fix", {"path": "lines[0].lot", "value": "NEW"})
    await world.shipped("S-8")

    await world.tell("shop", "sales_order", order("S-9", sku="L-1"))
    await world.done("S-9")
    await world.tell("wms", "shipment", shipment("SH-9", "S-9", "L-1", lot="OLD"))
    one = await world.incident("lot_expired", OPERATIONS)
    await world.by_terminal(one, "fix", "--path", "lines[0].lot", "--value", "NEW")
    await world.shipped("S-9")

    await world.tell("wms", "inventory_balance", balance("N-1", -3))
    one = await world.incident("negative_stock", OPERATIONS)
    await world.by_http(one, "fix", {"path": "quantity", "value": 5})
    await world.tell("shop", "sales_order", order("S-10", sku="N-1"))
    await world.done("S-10")
