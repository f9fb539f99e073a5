"""Amounts of items in their base unit, and kits in their components, by the item master as it was last told."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import cast

from crossdock.faults import Fault, Invalid
from crossdock.journal.contract import Journal
from crossdock.kit.connector import Read
from crossdock.message.records import Message
from crossdock.model import register
from crossdock.model.documents.item import Item, KitComposition
from crossdock.model.quantity import Quantity
from crossdock.stock.amount import PARTS, supplied, wanted
from crossdock.stock.kit import Kits, Part, exploded

_KEPT_MAX = 20_000  #: items kept parsed


def _whatever(_sku: str, _unit: str) -> bool:
    return True


class Measures:
    """Converts exactly. An item that the master does not know is counted in whatever unit it comes."""

    def __init__(self, item: Callable[[str], Message | None], kept_max: int = _KEPT_MAX) -> None:
        """`item` gives what the item master last told of a SKU; `kept_max` are kept parsed."""
        self._item = item
        self._kept_max = kept_max
        self._parsed: dict[int, Item] = {}  # message -> item

    def item(self, sku: str) -> tuple[Item, Read] | None:
        """An item and where it was read; None when the master does not know it."""
        message = self._item(sku)
        if message is None:
            return None
        item = self._parsed.get(message.id)
        if item is None:
            if len(self._parsed) >= self._kept_max:
                self._parsed.clear()
            declared = frozenset(
                {message.tree.get("unit"), *(p["unit"] for p in message.tree.get("packs") or ())}
            )
            read = register.read("item", message.tree, declares=lambda _, unit: unit in declared)
            item = self._parsed[message.id] = cast(Item, read)
        return item, Read(f"item {sku}", f"m{message.id}")

    def left_days(self, sku: str, site_days: int) -> int:
        """Days that a lot of an item must still have: those of the site, or of the item where those are more."""
        known = self.item(sku)
        return max(site_days, int(known[0].shelf_life_left_days or 0)) if known is not None else site_days

    def in_base(self, sku: str, amount: int | Decimal | Fraction, unit: str) -> tuple[Fraction, str]:
        """So much of an item in its base unit, and that unit. Raises Invalid (`unknown_unit`)."""
        known = self.item(sku)
        if known is None:
            return Fraction(amount), unit
        item = known[0]
        return item.convert(Quantity.of(amount, unit), item.unit).value, item.unit

    def pack(self, sku: str, unit: str | None, base: str) -> tuple[str, Fraction]:
        """The unit that a channel counts an item in, and how many base units it is."""
        known = self.item(sku)
        if unit is None or known is None or unit not in known[0].units():
            return base, Fraction(1)
        return unit, self.in_base(sku, 1, unit)[0]

    def supply(self, sku: str, amount: int | Decimal, unit: str) -> tuple[int, str]:
        """What is there, in parts of the base unit. Raises Invalid."""
        value, base = self.in_base(sku, amount, unit)
        return supplied(value), base

    def demand(self, sku: str, amount: int | Decimal, unit: str, *, at: str = "") -> int:
        """What is asked for, in parts of the base unit. Raises Invalid, with a path below `at`."""
        try:
            return wanted(self.in_base(sku, amount, unit)[0])
        except Invalid as wrong:
            path = ".".join(filter(None, (at, wrong.path or "unit")))
            raise Invalid(wrong.says, path=path, value=wrong.value, fix=wrong.fix, type=wrong.type) from None


class KitBook:
    """What every kit is made of. A kit that is built ahead and stored is stock like any other."""

    def __init__(self, journal: Journal, measures: Measures) -> None:
        self._journal = journal
        self._measures = measures
        self._version = -1
        self._kits: dict[str, tuple[Part, ...]] = {}
        self._within: dict[str, set[str]] = {}

    def refresh(self) -> None:
        """Reads anew what has been told since."""
        version = self._journal.kits_version()
        if version == self._version:
            return
        self._kits.clear()
        self._within.clear()
        for message in self._journal.kits():
            self.learn(message)
        self._version = version

    def learn(self, message: Message) -> None:
        """What one kit is made of. One whose components cannot be counted makes nothing, and is told of elsewhere."""
        try:
            kit = cast(KitComposition, register.read("kit_composition", message.tree, declares=_whatever))
            parts = tuple(
                Part(c.sku, self._measures.demand(c.sku, c.quantity, c.unit))
                for c in kit.components
                if not kit.stocked
            )
        except Fault:
            return
        self._kits.pop(kit.sku, None)
        if not parts:
            return
        self._kits[kit.sku] = parts
        if not all(self._ends(sku) for sku in self._above(kit.sku)):
            del self._kits[
                kit.sku
            ]  # two that were told at once may hold each other: sums must end all the same
            return
        for part in parts:
            self._within.setdefault(part.sku, set()).add(kit.sku)

    def _above(self, sku: str) -> set[str]:
        """A kit, and the kits that it is within."""
        found, look = set[str](), {sku}
        while look:
            found |= look
            look = {kit for one in look for kit in self._within.get(one, ())} - found
        return found

    def _ends(self, sku: str) -> bool:
        try:
            exploded(sku, PARTS, self._kits)
        except Invalid:
            return False
        return True

    @property
    def kits(self) -> Kits:
        """Kits that are picked by their components."""
        return self._kits

    def holding(self, sku: str) -> frozenset[str]:
        """The kits that an item is a component of."""
        return frozenset(self._within.get(sku, ()))
