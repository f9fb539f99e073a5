"""Units by the item master: what `$convert` in a mapping asks."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from crossdock.faults import Invalid
from crossdock.journal.contract import Journal
from crossdock.kit.connector import Read
from crossdock.model import register
from crossdock.model.documents.item import Item
from crossdock.model.quantity import Quantity

_KEPT_MAX = 10_000  #: items kept parsed


class Packs:
    """Converts exactly, through the packs of the item as its owner last told it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._items: dict[int, Item] = {}  # message -> item
        self._used: dict[str, Read] = {}

    def convert(self, quantity: Decimal, from_unit: str, to_unit: str, sku: str) -> Decimal:
        """The quantity in another unit. Raises Invalid for an item or a unit that the master does not have."""
        if from_unit == to_unit:
            return quantity
        message = self._journal.item(sku)
        if message is None:
            raise Invalid(
                f"the item master does not know {sku}, so {from_unit} cannot become {to_unit}",
                value=sku,
                fix="send the item with its packs, then retry",
                type="unknown_sku",
            )
        self._used[sku] = Read(f"item {sku}", f"m{message.id}")
        item = self._items.get(message.id)
        if item is None:
            if len(self._items) >= _KEPT_MAX:
                self._items.clear()
            item = self._items[message.id] = cast(Item, register.read("item", message.tree))
        return Decimal(item.convert(Quantity.of(quantity, from_unit), to_unit).number())

    def used(self) -> tuple[Read, ...]:
        """The items asked since the last call."""
        if not self._used:
            return ()
        reads = tuple(self._used.values())
        self._used.clear()
        return reads
