"""A shop and a warehouse as the charter describes them, and the tools they are bound with."""

from collections.abc import Callable
from typing import Any

from crossdock.charter.charter import Find, FlowIn, FlowOut, OnUnclear, System
from crossdock.faults import Unmapped
from crossdock.kit.connector import Read, Tools

ROWS = [("ship_method", "STD", "standard"), ("ship_method", "EXP", "express")]

SHOP_IN = """
{ "number": orderNumber, "placed_at": orderDate, "customer": {"id": customer.id, "name": customer.name},
  "ship_to": {"name": shipTo.name, "street": shipTo.street, "postcode": shipTo.zip, "city": shipTo.city,
              "country": shipTo.country},
  "ship_method": $ours("ship_method", shipMethod), "notes": remarks,
  "lines": [lines.{"line": lineNo, "sku": sku, "quantity": qty, "unit": uom,
                   "price": unitPrice, "currency": currency}] }
"""
WMS_OUT = """
{ "wh_order": number, "owner_ref": customer.id, "carrier_service": $theirs("ship_method", ship_method),
  "consignee": {"name": ship_to.name, "address1": ship_to.street, "postcode": ship_to.postcode,
                "city": ship_to.city, "country": ship_to.country},
  "instructions": notes,
  "order_lines": [lines.{"line": line, "item": sku, "unit": "EA", "price": price,
    "quantity": quantity * (unit = "CS" ? $lookup({"W": 12, "G": 24, "B": 6}, $substring(sku, 0, 1)) : 1)}] }
"""
FILES = {"mappings/shop-in.jsonata": SHOP_IN, "mappings/wms-out.jsonata": WMS_OUT}

FIND = Find("GET", "/wh/{number}", settle_s=15.0)


def tools(system: System) -> Tools:
    """Tools with one crosswalk, two mappings and a clock that stands at 2026-11-22T10:00:00Z."""
    used: list[Read] = []

    def look_up(by: int, want: int) -> Callable[[str, object], str]:
        def code(crosswalk: str, value: object) -> str:
            for row in ROWS:
                if row[0] == crosswalk and row[by] == value:
                    used.append(Read(f"crosswalk {crosswalk}", "1"))
                    return row[want]
            raise Unmapped("no row", crosswalk=crosswalk, value=value, fix="add a row")

        return code

    def reads() -> tuple[Read, ...]:
        taken = tuple(used)
        used.clear()
        return taken

    return Tools(system, look_up(1, 2), look_up(2, 1), FILES.__getitem__, lambda: 1_795_341_600.0, reads)


def shop(**flow: Any) -> System:
    """A system that posts sales orders."""
    zone = flow.pop("timezone", None)
    return System(
        "shop", "http", timezone=zone, flows_in=(FlowIn("sales_order", **{"id": "orderNumber", **flow}),)
    )


def wms(**flow: Any) -> System:
    """A system that takes sales orders."""
    usual: dict[str, Any] = {
        "path": "/wh", "their_id": "id", "idempotency_header": "Idempotency-Key", "on_unclear": OnUnclear.RESEND,
    }  # fmt: skip
    return System(
        "wms", "http", url="http://wms.test", flows_out=(FlowOut("sales_order", **{**usual, **flow}),)
    )


def order() -> dict[str, Any]:
    """A canonical order of five lines."""
    return {
        "number": "SO-1001",
        "customer": {"id": "C-7", "name": "Buyer"},
        "ship_to": {
            "name": "Buyer",
            "street": "Canal 1",
            "postcode": "1011",
            "city": "Amsterdam",
            "country": "NL",
        },
        "ship_method": "express",
        "notes": "ring twice",
        "lines": [
            {
                "line": n,
                "sku": f"{'WGB'[n % 3]}-1000{n}",
                "quantity": n,
                "unit": "CS" if n % 2 else "EA",
                "price": 12,
            }
            for n in range(1, 6)
        ],
    }
