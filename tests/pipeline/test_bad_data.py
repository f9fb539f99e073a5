"""The bad data matrix: each kind of wrong becomes an incident of its own type, with its owner, and is mended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.files.files_site import Stand, stand

CHARTER = """
crossdock: 1
site: {name: matrix, timezone: Europe/Amsterdam, currency: EUR}
checks: {address: refuse, price: refuse, wait_s: 0.3}
systems:
  shop:
    connector: http
    timezone: UTC
    in:
      - {document: sales_order, id: number, on_change: refuse, map: mappings/shop.jsonata,
         optional: [ship_method, lines.price]}
      - {document: item, id: sku, on_change: revise}
  wms:
    connector: files
    timezone: UTC
    folder: exchange/wms
    settled_s: 0
    in: [{document: shipment, id: number, every_s: 0.05, file: {match: 'ship*.json'}}]
    out: [{document: sales_order, file: {name: 'order-{number}-{key}.json'}}]
objects:
  item: {owner: shop}
  sales_order: {owner: shop, readers: [wms]}
  shipment: {owner: wms}
"""
MAP = """{ "number": number, "ship_to": ship_to,
  "ship_method": ship_method ? $ours("ship_method", ship_method) : undefined_field,
  "lines": [lines.{"line": line, "sku": sku, "quantity": quantity, "unit": unit, "price": price,
    "currency": "EUR"}] }"""
ITEM = {"sku": "W-1", "unit": "EA", "packs": [{"unit": "CS", "factor": 12}]}


def order(number: str = "S-1", **more: Any) -> dict[str, Any]:
    """An order that nothing is wrong with, but for `more`: of its line where it is a field of one."""
    line: dict[str, Any] = {"line": 1, "sku": "W-1", "quantity": 2, "unit": "EA", "price": 10}
    line |= {name: more.pop(name) for name in list(more) if name in {"sku", "unit", "price", "lot"}}
    if line["price"] is None:
        del line["price"]
    place = {"name": "Ann", "street": "Dam 1", "postcode": "1012 AB", "city": "Amsterdam", "country": "NL"}
    return {"number": number, "ship_to": place, "lines": [line]} | more


@asynccontextmanager
async def site(folder: Path, charter: str = CHARTER) -> AsyncIterator[Stand]:
    """The site with its mapping and one row of its crosswalk."""
    files = {
        "mappings__shop.jsonata": MAP,
        "crosswalks__ship_method.csv": "system,theirs,ours\nshop,std,STANDARD\n",
    }
    async with stand(folder, charter, **files) as world:
        yield world


async def push(world: Stand, document: str, tree: Mapping[str, Any]) -> None:
    """One document at the door."""
    await world.hub.worker.door.receive("shop", document, json.dumps(tree).encode(), {}, key=None)


async def the_one_incident(world: Stand) -> dict[str, Any]:
    """What is on the desk, once it is there."""
    (one,) = await world.incidents_once_there()
    return one


ADDRESS = {"name": "Ann", "street": "Dam 1", "postcode": "99", "city": "Amsterdam", "country": "NL"}
ROWS = (
    ("invalid SKU", order(sku="W-9"), "unknown_sku", "role:master_data", {"path": "lines[0].sku", "value": "W-1"}),
    ("unit mismatch", order(unit="PL"), "unknown_unit", "role:master_data", {"path": "lines[0].unit", "value": "CS"}),
    ("malformed address", order(ship_to=ADDRESS), "bad_address", "role:operations",
     {"path": "ship_to.postcode", "value": "1012 AB"}),
    ("unknown ship method", order(ship_method="drone"), "unmapped_code", "role:master_data",
     {"crosswalk": "ship_method", "system": "shop", "theirs": "drone", "ours": "STANDARD"}),
    ("price missing", order(price=None), "price_missing", "role:master_data", {"path": "lines[0].price", "value": 9}),
)  # fmt: skip


@pytest.mark.parametrize(("says", "tree", "type_", "owner", "fix"), ROWS, ids=[row[0] for row in ROWS])
async def test_bad_data_has_a_type_an_owner_and_a_fix_that_completes_the_order(
    tmp_path: Path, says: str, tree: dict[str, Any], type_: str, owner: str, fix: dict[str, Any]
) -> None:
    async with site(tmp_path) as world:
        await push(world, "item", ITEM)
        await push(world, "sales_order", tree)
        incident = await the_one_incident(world)
        assert (incident["type"], incident["owner"]) == (type_, owner), says
        assert incident["path"], says
        assert incident["fix"], says
        assert world.sent("order") == [], "a bad order went out"
        await world.act(incident["id"], "fix", fix)
        await world.until(lambda: world.sent("order") == ["order-S-1.json"], says)
        assert await world.incidents() == []


async def test_another_order_of_a_known_number_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async with site(tmp_path) as world:
        await push(world, "item", ITEM)
        await push(world, "sales_order", order())
        await push(world, "sales_order", order(price=11))
        incident = await the_one_incident(world)
        assert (incident["type"], incident["owner"]) == ("duplicate_conflict", "role:operations")
        await world.act(incident["id"], "resolve", {"reason": "the shop sent it twice"})
        await world.until(lambda: world.sent("order") == ["order-S-1.json"], "the first order")


async def test_a_shipment_of_an_order_that_never_came_is_a_bad_transition_until_it_comes(
    tmp_path: Path,
) -> None:
    async with site(tmp_path) as world:
        shipment = {"number": "SH-1", "order": "S-1", "shipped_at": "2026-11-22T10:00:00Z", "site": "AMS",
                    "lines": [{"line": 1, "sku": "W-1", "quantity": 2, "unit": "EA"}]}  # fmt: skip
        await push(world, "item", ITEM)
        world.drop("wms", "ship.json", json.dumps(shipment))
        incident = await the_one_incident(world)
        assert (incident["type"], incident["owner"]) == ("bad_transition", "role:operations")
        await push(world, "sales_order", order())
        await world.act(incident["id"], "retry", {})
        await world.until(lambda: world.sent("order") == ["order-S-1.json"], "the order")
        assert await world.incidents() == []


STOCKED = CHARTER.replace(
    "    out:",
    "      - {document: inventory_balance, id: sku, every_s: 0.05, file: {match: 'stock*.json'}}\n    out:",
).replace("    in: [{document: shipment, id: number, every_s: 0.05, file: {match: 'ship*.json'}}]",
          "    in:\n      - {document: shipment, id: number, every_s: 0.05, file: {match: 'ship*.json'}}",
) + "  inventory_balance: {owner: wms}\nstock: {sites: {AMS: {system: wms}}}\n"  # fmt: skip
LEFT = {"number": "SH-1", "order": "S-1", "shipped_at": "2026-11-22T10:00:00Z", "site": "AMS"}
LINE = {"line": 1, "order_line": 1, "sku": "W-1", "quantity": 2, "unit": "EA"}
BALANCE = {"sku": "W-1", "site": "AMS", "status": "available", "unit": "EA", "as_of": "2026-11-22T08:00:00Z"}
STOCK_ROWS = (
    ("lot_missing", "ship.json", LEFT | {"lines": [LINE]}),
    ("lot_expired", "ship.json", LEFT | {"lines": [LINE | {"lot": "OLD", "expires_on": "2026-01-31"}]}),
    ("negative_stock", "stock-2.json", BALANCE | {"lot": "X", "quantity": -3}),
)


@pytest.mark.parametrize(("type_", "name", "tree"), STOCK_ROWS, ids=[row[0] for row in STOCK_ROWS])
async def test_stock_that_cannot_be_has_its_own_type(
    tmp_path: Path, type_: str, name: str, tree: dict[str, Any]
) -> None:
    async with site(tmp_path, STOCKED) as world:
        await push(world, "item", ITEM | {"lot_tracked": True})
        world.drop("wms", "stock-1.json", json.dumps(BALANCE | {"lot": "NEW", "quantity": 9}))
        await push(world, "sales_order", order())
        await world.until(lambda: world.sent("order") == ["order-S-1.json"], "the order")
        world.drop("wms", name, json.dumps(tree))
        incident = await the_one_incident(world)
        assert (incident["type"], incident["owner"]) == (type_, "role:operations")


async def test_nothing_of_this_is_asked_where_the_charter_does_not_ask(tmp_path: Path) -> None:
    """The control: the same address and the missing price pass, and the matrix above would be empty."""
    plain = CHARTER.replace("address: refuse, price: refuse, ", "")
    async with site(tmp_path, plain) as world:
        await push(world, "item", ITEM)
        await push(world, "sales_order", order(ship_to=ADDRESS))
        await push(world, "sales_order", order("S-2", price=None))
        await world.until(lambda: sorted(world.sent("order")) == ["order-S-1.json", "order-S-2.json"])
        assert await world.incidents() == []


async def test_a_warning_is_noted_and_the_order_goes_on(tmp_path: Path) -> None:
    async with site(tmp_path, CHARTER.replace("address: refuse", "address: warn")) as world:
        await push(world, "item", ITEM)
        await push(world, "sales_order", order(ship_to=ADDRESS))
        await world.until(lambda: world.sent("order") == ["order-S-1.json"])
        says = world.hub.journal._reader.execute(
            "SELECT says FROM ledger WHERE says LIKE '%99 is no postcode%'"
        )
        assert says.fetchall()
