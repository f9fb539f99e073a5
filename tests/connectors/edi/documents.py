"""Documents in our words from which each set is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def shipment(**more: Any) -> dict[str, Any]:
    """What left for the order of the sample."""
    return {
        "number": "SHP-1",
        "order": "PO-884120",
        "shipped_at": "2026-03-17T15:42:00Z",
        "carrier": "RDWY",
        "site": "PDX",
        "lines": [
            {"line": 1, "order_line": "1", "sku": "PT-100", "quantity": 48, "ordered": 48, "unit": "EA"},
            {
                "line": 2,
                "order_line": "2",
                "sku": "PT-210",
                "quantity": 6,
                "ordered": 10,
                "unit": "CA",
                "lot": "L1",
            },
        ],
        "packages": [
            {"id": "T1", "sscc": "000001234567890128"},
            {
                "sscc": "000001234567890135",
                "inside": "T1",
                "lines": [{"line": 1, "sku": "PT-100", "quantity": 48, "unit": "EA"}],
            },
            {
                "sscc": "000001234567890142",
                "tracking": "1Z1",
                "lines": [{"line": 2, "sku": "PT-210", "quantity": 6, "unit": "CA"}],
            },
        ],
        **more,
    }


DOCUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "855": (
        "order_response",
        {
            "number": "R-1",
            "order": "PO-884120",
            "status": "changed",
            "answered_at": "2026-03-03",
            "lines": [
                {
                    "line": "1",
                    "sku": "PT-100",
                    "quantity": 48,
                    "unit": "EA",
                    "status": "accepted",
                    "promised_at": "2026-03-17",
                },
                {"line": "2", "sku": "PT-210", "quantity": 4, "unit": "CA", "status": "backordered"},
            ],
        },
    ),
    "856": ("shipment", shipment()),
    "945": ("shipment", shipment(warehouse_order="DO-30071")),
    "810": (
        "invoice",
        {
            "number": "INV-1",
            "order": "PO-884120",
            "currency": "USD",
            "invoiced_on": "2026-03-19",
            "lines": [
                {"line": "1", "sku": "PT-100", "quantity": 48, "unit": "EA", "price": Decimal("12.75")},
            ],
        },
    ),
    "846": (
        "inventory_balance",
        {
            "sku": "PT-100",
            "site": "PDX",
            "status": "available",
            "quantity": 1240,
            "net": 1200,
            "unit": "EA",
            "as_of": "2026-03-20T06:30:00Z",
            "lot": "L26",
        },
    ),
    "940": (
        "warehouse_order",
        {
            "number": "DO-1",
            "order": "PO-884120",
            "site": "NG1",
            "ship_method": "RDWY",
            "requested_at": "2026-03-16",
            "notes": "Handle with care",
            "lines": [{"line": "1", "sku": "PT-100", "quantity": 48, "unit": "EA", "lot": "L26"}],
        },
    ),
    "943": (
        "despatch_advice",
        {
            "number": "ST-1",
            "purchase_order": "PO-77120",
            "site": "NG1",
            "shipped_at": "2026-03-10",
            "expected_at": "2026-03-13",
            "carrier": "RDWY",
            "lines": [{"line": "1", "sku": "PT-100", "quantity": 480, "unit": "EA", "lot": "L26"}],
        },
    ),
    "944": (
        "goods_receipt",
        {
            "number": "WR-1",
            "despatch_advice": "ST-1",
            "site": "NG1",
            "received_at": "2026-03-13",
            "lines": [
                {
                    "line": "1",
                    "sku": "PT-100",
                    "quantity": 478,
                    "unit": "EA",
                    "lot": "L26",
                    "status": "available",
                },
                {
                    "line": "1",
                    "sku": "PT-100",
                    "quantity": 2,
                    "unit": "EA",
                    "lot": "L26",
                    "status": "damaged",
                },
            ],
        },
    ),
    "947": (
        "inventory_adjustment",
        {
            "number": "ADJ-1",
            "sku": "PT-100",
            "site": "NG1",
            "quantity": -3,
            "unit": "EA",
            "reason": "AA",
            "at": "2026-03-20T00:00:00Z",
            "lot": "L26",
            "location": "12-04",
        },
    ),
}
