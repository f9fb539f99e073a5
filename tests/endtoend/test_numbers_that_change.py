"""Items renamed and superseded, customers merged: what went by the old number is found, counted and delivered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.harness.hub import run
from tests.harness.small import Small, small_site

CHARTER: dict[str, Any] = {
    "crossdock": 1,
    "site": {"name": "numbers", "timezone": "Europe/Amsterdam", "currency": "EUR"},
    "network": {"allow": ["127.0.0.1/32"]},
    "checks": {"wait_s": 0.3},
    "objects": {
        "item": {"owner": "shop"}, "party": {"owner": "shop"}, "number_change": {"owner": "shop"},
        "sales_order": {"owner": "shop", "readers": ["wms"]},
        "shipment": {"owner": "wms"}, "inventory_balance": {"owner": "wms"},
    },
    "stock": {"sites": {"AMS": {"system": "wms"}}},
}  # fmt: skip


def _write(site: Path, ear: str) -> None:
    site.mkdir(parents=True)
    shop = {"connector": "http", "timezone": "UTC", "in": [
        {"document": "sales_order", "id": "number", "on_change": "revise"},
        {"document": "item", "id": "sku", "on_change": "revise"},
        {"document": "party", "id": "id", "on_change": "revise"},
        {"document": "number_change", "id": "number"}]}  # fmt: skip
    wms = {"connector": "http", "timezone": "UTC", "url": ear, "auth": {"type": "none"}, "in": [
        {"document": "shipment", "id": "number"},
        {"document": "inventory_balance", "id": "$join([sku, lot], '/')", "on_change": "revise"}],
        "out": [{"document": "sales_order", "send": {"method": "POST", "path": "/wh"}, "on_unclear": "resend",
                 "idempotency": {"header": "Idempotency-Key"}}]}  # fmt: skip
    (site / "charter.yaml").write_text(json.dumps(CHARTER | {"systems": {"shop": shop, "wms": wms}}), "utf-8")


def order(number: str, sku: str, quantity: int = 2, **more: Any) -> dict[str, Any]:
    """An order of one line."""
    return {"number": number, "lines": [{"line": 1, "sku": sku, "quantity": quantity, "unit": "EA"}]} | more


def change(number: str, old: str, new: str, how: str = "rename", kind: str = "item") -> dict[str, str]:
    """One number takes the place of another."""
    return {"number": number, "object": kind, "how": how, "old": old, "new": new}


def balance(sku: str, quantity: int, hour: int, **more: Any) -> dict[str, Any]:
    """What the warehouse has."""
    return {"sku": sku, "site": "AMS", "status": "available", "quantity": quantity, "unit": "EA",
            "as_of": f"2026-11-22T{hour:02}:00:00Z"} | more  # fmt: skip


async def _until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    until_s = time.monotonic() + 120
    while not await true():
        assert time.monotonic() < until_s, what
        await asyncio.sleep(0.05)


async def _stock(world: Small, sku: str) -> dict[str, Any]:
    status, found = await world.ask("operator", "GET", f"/v1/stock/{sku}")
    assert status == 200, found
    return found


async def _is(world: Small, sku: str, promisable: int, reserved: int) -> None:
    async def so() -> bool:
        status, found = await world.ask("operator", "GET", f"/v1/stock/{sku}")
        sites = found["sites"] if status == 200 else ()
        return bool(sites) and (sites[0]["promisable"], sites[0]["reserved"]) == (promisable, reserved)

    await _until(so, f"{sku} never was {promisable} with {reserved} set aside")


async def _begin(world: Small) -> None:
    for sku in ("OLD", "NEXT", "B"):
        await world.tell("shop", "item", {"sku": sku, "unit": "EA", "packs": [{"unit": "CS", "factor": 6}]})
    await world.tell("wms", "inventory_balance", balance("OLD", 10, 8))
    await world.tell("wms", "inventory_balance", balance("B", 10, 8))
    await world.tell("shop", "sales_order", order("S-1", "OLD", 4))
    await world.done("S-1")
    await _is(world, "OLD", 10, 4)


async def test_a_renamed_item_keeps_its_stock_its_reservations_and_its_late_documents(tmp_path: Path) -> None:
    async with small_site(tmp_path, _write) as world:
        await _begin(world)
        assert await world.tell("shop", "number_change", change("N-1", "OLD", "NEW")) == 202
        await _is(world, "NEW", 10, 4)
        by_old = await _stock(world, "OLD")
        assert (by_old["sku"], by_old["formerly"]) == ("NEW", ["OLD"]), "both numbers find it"
        told = json.loads(await run("stock", "OLD", "--json", "--site", str(world.hub.site)))
        assert (told["sku"], told["available"]) == ("NEW", 6)
        for number in ("OLD", "NEW"):
            status, story = await world.ask("operator", "GET", f"/v1/trace/item/{number}")
            assert (status, story["renumbered"]) == (200, {"now": "NEW", "formerly": ["OLD"]})

        # Late documents under the old number are about the new one: an order, a shipment, a figure.
        await world.tell("shop", "sales_order", order("S-2", "OLD", 3))
        await world.done("S-2")
        assert world.ear.of("/wh")[-1]["lines"][0]["sku"] == "NEW"
        await _is(world, "NEW", 10, 7)
        left = {"number": "SH-1", "order": "S-1", "shipped_at": "2026-11-22T10:00:00Z", "site": "AMS",
                "lines": [{"line": 1, "order_line": 1, "sku": "OLD", "quantity": 4, "unit": "EA"}]}  # fmt: skip
        await world.tell("wms", "shipment", left)
        await world.shipped("S-1")
        await world.tell("wms", "inventory_balance", balance("OLD", 6, 11))
        await _is(world, "NEW", 6, 3)
        await world.tell("wms", "inventory_balance", balance("NEW", 5, 12))
        await _is(world, "NEW", 5, 3)

        # A repeat of the order under its old number changes nothing; a cart may ask by either.
        assert await world.tell("shop", "sales_order", order("S-1", "OLD", 4)) == 202
        status, made = await world.ask(
            "shop", "POST", "/v1/promises", {"lines": [{"sku": "OLD", "quantity": 2}]}
        )
        assert (status, made["lines"][0]["from"][0]["sku"]) == (201, "NEW")
        status, _ = await world.ask(
            "shop", "POST", "/v1/promises", {"lines": [{"sku": "NEW", "quantity": 1}]}
        )
        assert status == 409, "the same shelf"
        await world.clear()
        await run("audit", "verify", "--site", str(world.hub.site))


async def test_a_superseded_item_is_delivered_as_its_successor_and_its_stock_stays_what_it_is(
    tmp_path: Path,
) -> None:
    async with small_site(tmp_path, _write) as world:
        await _begin(world)
        await world.tell("wms", "inventory_balance", balance("NEXT", 9, 8))
        await world.tell("shop", "number_change", change("N-1", "OLD", "NEXT", "supersede"))
        await world.tell("shop", "sales_order", order("S-2", "OLD", 2))
        await world.done("S-2")
        assert world.ear.of("/wh")[-1]["lines"][0]["sku"] == "NEXT"
        await _is(world, "NEXT", 9, 2)
        await _is(world, "OLD", 10, 4)


async def test_merged_customers_have_one_number_from_then_on(tmp_path: Path) -> None:
    async with small_site(tmp_path, _write) as world:
        await _begin(world)
        for id_ in ("C-1", "C-2"):
            await world.tell("shop", "party", {"id": id_, "name": "Café Ewa", "roles": ["customer"]})
        await world.tell("shop", "number_change", change("N-1", "C-1", "C-2", "merge", "party"))
        await world.tell("shop", "sales_order", order("S-2", "B", customer={"id": "C-1", "name": "Ewa"}))
        await world.done("S-2")
        assert world.ear.of("/wh")[-1]["customer"]["id"] == "C-2"
        await world.tell("shop", "party", {"id": "C-1", "name": "Somebody else", "roles": ["customer"]})
        for id_ in ("C-1", "C-2"):
            _, story = await world.ask("operator", "GET", f"/v1/trace/party/{id_}")
            assert story["renumbered"] == {"now": "C-2", "formerly": ["C-1"]}


async def test_a_change_in_a_circle_or_two_ways_is_refused_and_one_too_early_waits(tmp_path: Path) -> None:
    async with small_site(tmp_path, _write) as world:
        await _begin(world)
        await world.tell("shop", "number_change", change("N-1", "OLD", "NEW"))
        await _is(world, "NEW", 10, 4)
        await world.tell("shop", "number_change", change("N-2", "NEW", "OLD"))
        one = await world.incident("bad_transition", "role:operations")
        assert "its own place" in one["says"]
        await world.by_http(one, "resolve", {"reason": "a slip"})
        await world.clear()
        await world.tell("shop", "number_change", change("N-3", "OLD", "B"))
        one = await world.incident("bad_transition", "role:operations")
        assert "given way to NEW" in one["says"]
        await world.by_terminal(one, "resolve", "--reason", "a slip")
        await world.clear()
        await _is(world, "NEW", 10, 4)
        await _is(world, "B", 10, 0)


async def test_without_the_change_the_two_numbers_are_two_items(tmp_path: Path) -> None:
    """The control: nothing above comes about by itself."""
    async with small_site(tmp_path, _write) as world:
        await _begin(world)
        status, _ = await world.ask("operator", "GET", "/v1/stock/NEW")
        assert status == 404
        await world.tell("shop", "sales_order", order("S-2", "NEW"))
        assert (await world.incident("unknown_sku", "role:master_data"))["value"] == "NEW"
