"""The stock a warehouse opens with, from a file: items and what lies in which bin."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from crossdock.faults import Misconfigured
from crossdock.twins.warehouse.floor.stock import Item, Place, Stock

__all__ = ["fill", "read_opening"]


class OpeningItem(Struct, frozen=True, forbid_unknown_fields=True):
    """An item; `packs` is unit -> how many of the item's own unit."""

    sku: str
    unit: str = "EA"
    name: str | None = None
    gtin: str | None = None
    weight_kg: Decimal | None = None
    lot_tracked: bool = False
    packs: dict[str, Decimal] = {}


class OpeningBin(Struct, frozen=True, forbid_unknown_fields=True):
    """What lies in one bin, in the item's own unit; without `bin` in the first one, beside all other items there."""

    sku: str
    quantity: Decimal
    bin: str = "A-01"
    site: str = "MAIN"
    lot: str | None = None
    expires_on: date | None = None
    status: str = "available"
    owner: str | None = None


class Opening(Struct, frozen=True, forbid_unknown_fields=True):
    """The file: a site is known by being named, or by holding stock."""

    items: list[OpeningItem] = []
    stock: list[OpeningBin] = []
    sites: list[str] = []


def read_opening(path: Path) -> Opening:
    """The opening stock of a JSON file. Raises Misconfigured."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Opening)
    except (OSError, msgspec.DecodeError) as error:
        raise Misconfigured(
            f"the opening stock cannot be read: {error}",
            file=str(path),
            fix='write {"items": [{"sku": "A-1"}], "stock": [{"sku": "A-1", "quantity": 5}]}; a row may also have '
            "bin, site, lot, expires_on, status and owner",
        ) from None


def fill(stock: Stock, opening: Opening, at: str) -> list[str]:
    """Puts the opening stock into the bins and gives the sites. Raises Misconfigured."""
    for item in opening.items:
        stock.items[item.sku] = Item(
            item.sku, item.unit, item.name, item.gtin, item.weight_kg, item.lot_tracked, dict(item.packs)
        )
    for index, row in enumerate(opening.stock):
        if row.sku not in stock.items:
            raise Misconfigured(
                f"no item {row.sku!r} is listed", path=f"stock[{index}].sku", fix="add it to `items`"
            )
        if row.quantity <= 0:
            raise Misconfigured("a bin opens with more than nothing", path=f"stock[{index}].quantity")
        place = Place(row.site, row.sku, row.bin, row.lot, row.status, row.owner)
        stock.adjust(place, row.quantity, reason="opening", at=at, expires_on=row.expires_on)
    stock.changed.clear()  # Readers learn the opening levels from /stock; nothing happened yet.
    return sorted({*opening.sites, *(row.site for row in opening.stock)}) or ["MAIN"]
