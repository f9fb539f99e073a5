"""The warehouse's opening stock that agrees with the ERP's books, or falls short of them where a story wants it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.tryton.seed import LOTS, PRODUCTS, WAREHOUSE


def opening(short: Mapping[str, int] | None = None) -> dict[str, Any]:
    """What the warehouse twin opens with (`--stock`); `short`: sku -> the little that really lies there."""
    found = short or {}
    stored = [product for product in PRODUCTS if not product.parts]
    items = [
        {"sku": product.sku, "name": product.name, "unit": "EA", "gtin": product.gtin, "lot_tracked": product.by_lot,
         "packs": {"CS12": 12}}
        for product in stored
    ]  # fmt: skip
    stock: list[dict[str, Any]] = []
    for aisle, product in enumerate(stored, 1):
        lots = LOTS if product.by_lot else (None,)
        for place, lot in enumerate(lots, 1):
            quantity = found.get(product.sku, product.opening) // len(lots)
            bin_ = {
                "sku": product.sku,
                "quantity": quantity,
                "site": WAREHOUSE,
                "bin": f"A-{aisle:02}-{place}",
            }
            stock.append(bin_ | ({"lot": lot} if lot else {}))
    return {"items": items, "stock": stock}
