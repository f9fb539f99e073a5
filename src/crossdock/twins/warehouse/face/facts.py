"""Items and corrections as the reference warehouse API tells them."""

from __future__ import annotations

from typing import Any

from crossdock.twins.warehouse.floor.orders import present, told
from crossdock.twins.warehouse.floor.stock import Adjustment, Item


def item_facts(item: Item) -> dict[str, Any]:
    """The item as the API tells it."""
    return present(
        sku=item.sku,
        unit=item.unit,
        name=item.name,
        gtin=item.gtin,
        weight_kg=item.weight_kg,
        lot_tracked=item.lot_tracked,
        packs=[{"unit": unit, "quantity": quantity} for unit, quantity in item.packs.items()],
    )


def adjustment_facts(adjustment: Adjustment) -> dict[str, Any]:
    """The correction as the API tells it."""
    place = adjustment.place
    return present(
        number=adjustment.number,
        at=adjustment.at,
        site=place.site,
        sku=place.sku,
        bin=place.bin,
        lot=place.lot,
        status=place.status,
        owner=place.owner,
        quantity=told(adjustment.quantity),
        unit=adjustment.unit,
        reason=adjustment.reason,
    )
