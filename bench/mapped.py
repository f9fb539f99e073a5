"""The job that hub, relay and peers do: an order in the shop's words becomes one in the warehouse's."""

from __future__ import annotations

from typing import Any

PACKS = {"W": 12, "G": 24, "B": 6}
SERVICES = {"DHL-STD": "S1", "DHL-EXP": "E9", "PICKUP": "C0", "FRT": "F4"}


def mapped(order: dict[str, Any]) -> dict[str, Any]:
    """The warehouse's words for a shop's order."""
    ship_to = order["shipTo"]
    return {
        "wh_order": order["orderNumber"],
        "owner_ref": order["customer"]["id"],
        "seq": order["seq"],
        "carrier_service": SERVICES[order["shipMethod"]],
        "consignee": {
            "name": ship_to["name"],
            "address1": ship_to["street"],
            "postcode": ship_to["zip"],
            "city": ship_to["city"],
            "country": ship_to["country"],
        },
        "instructions": order["remarks"],
        "order_lines": [
            {
                "line": line["lineNo"],
                "item": line["sku"],
                "unit": "EA",
                "price": line["unitPrice"],
                "quantity": line["qty"] * (PACKS[line["sku"][0]] if line["uom"] == "CS" else 1),
            }
            for line in order["lines"]
        ],
    }
