"""Which system a part of an order is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.charter.charter import Charter
from crossdock.message.records import Message

#: What the hub sends to one warehouse of several.
_PARTS = frozenset({"warehouse_order", "warehouse_order_cancel"})


def supplier_of(tree: Mapping[str, Any]) -> str | None:
    """The supplier of a purchase order."""
    supplier: Mapping[str, Any] = tree.get("supplier") or {}
    return supplier.get("id")


def is_meant(charter: Charter, system: str, message: Message) -> bool:
    """Whether a document is for a system: of the warehouses only its own site's gets a part, of suppliers its own."""
    if charter.sourcing is None or charter.stock is None or message.root == message.hub:
        return True
    if message.document == "purchase_order":
        supplier = supplier_of(message.tree)
        sells = {one.system: one.name for one in charter.sourcing.suppliers}
        return supplier is None or sells.get(system, supplier) == supplier
    whose = {one.system for one in charter.stock.sites.values()}
    if message.document not in _PARTS or not charter.made_by_hub(message.document) or system not in whose:
        return True
    site = charter.stock.sites.get(message.tree.get("site") or "")
    return site is not None and site.system == system
