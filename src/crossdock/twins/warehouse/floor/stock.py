"""Stock by bin and lot: setting aside, taking, shipping, correcting, and the levels told outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

__all__ = ["Adjustment", "Bin", "Item", "Level", "NotEnough", "Pick", "PickState", "Place", "Stock"]

NOTHING = Decimal(0)
LevelKey = tuple[str, str, str, str | None, str | None]


class NotEnough(Exception):
    """A bin holds less free stock than an adjustment would take."""


@dataclass(frozen=True, slots=True)
class Item:
    """What the warehouse knows of an item; `packs` is unit -> how many of the item's own unit."""

    sku: str
    unit: str
    name: str | None = None
    gtin: str | None = None
    weight_kg: Decimal | None = None
    lot_tracked: bool = False
    packs: dict[str, Decimal] = field(default_factory=dict[str, Decimal])

    def pack(self, unit: str) -> Decimal | None:
        """How many of the item's own unit one `unit` holds; None for an unknown unit."""
        return Decimal(1) if unit == self.unit else self.packs.get(unit)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What tells one heap of stock from another."""

    site: str
    sku: str
    bin: str
    lot: str | None = None
    status: str = "available"
    owner: str | None = None

    @property
    def level(self) -> LevelKey:
        """The level that this heap counts towards: bins are the warehouse's own affair."""
        return (self.site, self.sku, self.status, self.lot, self.owner)


@dataclass(slots=True)
class Bin:
    """One heap: `quantity` lies there, `allocated` of it is set aside for orders."""

    place: Place
    expires_on: date | None
    quantity: Decimal = NOTHING
    allocated: Decimal = NOTHING

    @property
    def free(self) -> Decimal:
        """What may still be set aside."""
        return self.quantity - self.allocated


@dataclass(slots=True)
class Level:
    """Stock as it is told outside; `quantity` includes what is picked and not yet shipped."""

    site: str
    sku: str
    status: str
    lot: str | None
    owner: str | None
    unit: str
    quantity: Decimal = NOTHING
    allocated: Decimal = NOTHING
    as_of: str = ""
    sequence: int = 0
    expires_on: date | None = None  #: its lot's last day; of several the first


class PickState(Enum):
    """How far one pick is."""

    ALLOCATED = "allocated"  #: set aside in its bin
    TAKEN = "taken"  #: out of its bin, at the packing table
    SHIPPED = "shipped"  #: gone
    FREED = "freed"  #: given back before it was taken


@dataclass(slots=True)
class Pick:
    """A quantity to be taken from one bin, in the item's own unit."""

    bin: Bin
    quantity: Decimal
    state: PickState = PickState.ALLOCATED


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A difference booked in one bin."""

    number: str
    at: str
    place: Place
    quantity: Decimal
    unit: str
    reason: str


class Stock:
    """All bins of the warehouse, the levels they add up to, and every correction made."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.bins: dict[Place, Bin] = {}
        self.levels: dict[LevelKey, Level] = {}
        self.adjustments: list[Adjustment] = []
        self.changed: dict[LevelKey, Level] = {}  #: levels whose quantity changed since they were last told
        self._by_sku: dict[tuple[str, str], list[Bin]] = {}
        self._sequence = 0

    def adjust(
        self, place: Place, difference: Decimal, *, reason: str, at: str, expires_on: date | None = None
    ) -> Adjustment:
        """Books a difference. Raises NotEnough when the bin has not that much free."""
        bin = self.bins.get(place)
        if difference < 0 and (bin is None or bin.free + difference < 0):
            raise NotEnough
        if bin is None:
            bin = self.bins[place] = Bin(place, expires_on)
            heaps = self._by_sku.setdefault((place.site, place.sku), [])
            heaps.append(bin)
            heaps.sort(key=_first_expired_first)
        bin.quantity += difference
        self._tell(place, at, quantity=difference)
        unit = self.items[place.sku].unit
        adjustment = Adjustment(f"ADJ-{len(self.adjustments) + 1:06d}", at, place, difference, unit, reason)
        self.adjustments.append(adjustment)
        return adjustment

    def allocate(
        self,
        site: str,
        sku: str,
        wanted: Decimal,
        *,
        pack: Decimal,
        lot: str | None,
        today: date,
        at: str,
        status: str = "available",
    ) -> list[Pick]:
        """Sets aside up to `wanted`, first expired first, whole packs only; of good stock nothing past its date."""
        picks: list[Pick] = []
        for bin in self._by_sku.get((site, sku), ()):
            if wanted < pack and pack != 1:
                break
            if bin.place.status != status or (lot is not None and bin.place.lot != lot):
                continue
            if status == "available" and bin.expires_on is not None and bin.expires_on < today:
                continue
            quantity = _whole(min(bin.free, wanted), pack)
            if quantity <= 0:
                continue
            bin.allocated += quantity
            self._tell(bin.place, at, allocated=quantity)
            picks.append(Pick(bin, quantity))
            wanted -= quantity
        return picks

    def free(self, picks: Iterable[Pick], at: str) -> None:
        """Gives back what was set aside and not yet taken."""
        for pick in picks:
            assert pick.state is PickState.ALLOCATED
            pick.bin.allocated -= pick.quantity
            self._tell(pick.bin.place, at, allocated=-pick.quantity)
            pick.state = PickState.FREED

    def take(self, pick: Pick, missing: Decimal, at: str) -> None:
        """Takes a pick out of its bin; `missing` of it was not there and is written off."""
        assert pick.state is PickState.ALLOCATED
        assert 0 <= missing <= pick.quantity
        bin = pick.bin
        if missing:
            bin.allocated -= missing
            self._tell(bin.place, at, allocated=-missing)
            self.adjust(bin.place, -missing, reason="not found at picking", at=at)
            pick.quantity -= missing
        bin.quantity -= pick.quantity
        bin.allocated -= pick.quantity
        pick.state = PickState.TAKEN if pick.quantity else PickState.FREED

    def ship(self, pick: Pick, at: str) -> None:
        """Lets a taken pick leave the house."""
        assert pick.state is PickState.TAKEN
        self._tell(pick.bin.place, at, quantity=-pick.quantity, allocated=-pick.quantity)
        pick.state = PickState.SHIPPED

    def _tell(
        self, place: Place, at: str, *, quantity: Decimal = NOTHING, allocated: Decimal = NOTHING
    ) -> None:
        """Keeps the level, which moves to the end of the list as the one that changed last."""
        level = self.levels.pop(place.level, None) or Level(*place.level, unit=self.items[place.sku].unit)
        self.levels[place.level] = level
        self._sequence += 1
        level.quantity += quantity
        level.allocated += allocated
        level.as_of, level.sequence = at, self._sequence
        day = self.bins[place].expires_on
        level.expires_on = min(filter(None, (day, level.expires_on)), default=None)
        if quantity:
            self.changed[place.level] = level


def _first_expired_first(bin: Bin) -> tuple[date, str, str]:
    return (bin.expires_on or date.max, bin.place.lot or "", bin.place.bin)


def _whole(quantity: Decimal, pack: Decimal) -> Decimal:
    """The part of a quantity that is whole packs; the item's own unit may be broken."""
    return quantity if pack == 1 else quantity // pack * pack
