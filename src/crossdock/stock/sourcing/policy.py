"""What a site has decided about order routing: rules, costs by zone, carriers, suppliers, substitutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from crossdock.stock.sourcing.calendar import Dock, Workdays, earlier

EVERYWHERE = "*"  #: in a table of costs: every other zone
NOWHERE = ""  #: the zone of an address that no zone holds


class Split(Enum):
    """Whether several sites may share an order."""

    NEVER = "never"  #: one site ships all of it
    LINES = "lines"  #: each line comes whole from one site
    UNITS = "units"  #: a line may come from several sites


class Backorder(Enum):
    """What becomes of what is not there."""

    WAIT = "wait"  #: the whole order waits for it
    SPLIT = "split"  #: what is there leaves, the rest waits
    CANCEL = "cancel"  #: what is there leaves, the rest is cancelled


@dataclass(frozen=True, slots=True)
class Rule:
    """How the orders that it fits are shared out; an empty condition holds for all."""

    name: str = "default"
    systems: frozenset[str] = frozenset()
    order_types: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    sites: tuple[str, ...] = ()
    split: Split = Split.NEVER
    parts_max: int = 2
    split_penalty: Decimal = Decimal(0)
    late_penalty: Decimal = Decimal(0)
    backorder: Backorder = Backorder.WAIT
    ship_complete: bool = False
    substitute: bool = False
    reroute: bool = True  #: what a warehouse refuses goes to another; False: a person looks

    def fits(self, who: Mapping[str, str]) -> bool:
        """Whether it is for an order; `who` says its system, order_type, customer and country."""
        return all(not allowed or who.get(name) in allowed for name, allowed in self._conditions())

    def _conditions(self) -> tuple[tuple[str, frozenset[str]], ...]:
        return (
            ("system", self.systems), ("order_type", self.order_types), ("customer", self.customers),
            ("country", self.countries),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the world."""

    name: str
    countries: frozenset[str] = frozenset()
    postcodes: tuple[str, ...] = ()

    def holds(self, country: str, postcode: str) -> bool:
        """Whether an address lies in it."""
        plain = postcode.replace(" ", "").upper()
        near = any(plain.startswith(one.replace(" ", "").upper()) for one in self.postcodes)
        return (not self.countries or country in self.countries) and (not self.postcodes or near)


@dataclass(frozen=True, slots=True)
class SourceSite:
    """One warehouse as a source."""

    name: str
    zone: ZoneInfo
    costs: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    refuses: frozenset[str] = frozenset()
    cut_off: time | None = None
    work: Workdays = field(default_factory=lambda: Workdays("the site"))
    waves: tuple[time, ...] = ()
    fefo: bool = False  #: the hub says from which lots goods are taken

    def cost(self, zone: str) -> Decimal | None:
        """What a shipment to a zone costs; None: it is not served."""
        return self.costs.get(zone, self.costs.get(EVERYWHERE)) if self.costs else Decimal(0)


@dataclass(frozen=True, slots=True)
class Method:
    """One carrier service."""

    name: str
    sites: frozenset[str] = frozenset()
    refuses: frozenset[str] = frozenset()
    cut_offs: Mapping[str, time] = field(default_factory=dict[str, time])
    work: Workdays = field(default_factory=lambda: Workdays("the carrier"))

    def collects(self, site: str) -> bool:
        """Whether it comes to a site."""
        return not self.sites or site in self.sites


@dataclass(frozen=True, slots=True)
class Supplier:
    """Somebody who ships to our customers himself."""

    name: str
    system: str
    skus: frozenset[str] = frozenset()
    order_types: frozenset[str] = frozenset()

    def ships(self, sku: str, order_type: str) -> bool:
        """Whether a line of an order is his."""
        return sku in self.skus or order_type in self.order_types


@dataclass(frozen=True, slots=True)
class Sourcing:
    """The `sourcing` section of a charter."""

    rules: tuple[Rule, ...] = ()
    sites: Mapping[str, SourceSite] = field(default_factory=dict[str, SourceSite])
    zones: tuple[Zone, ...] = ()
    methods: Mapping[str, Method] = field(default_factory=dict[str, Method])
    suppliers: tuple[Supplier, ...] = ()
    substitutes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    pallet_units: frozenset[str] = frozenset()

    def rule_for(self, who: Mapping[str, str]) -> Rule:
        """The first rule that fits an order, or the defaults."""
        return next((rule for rule in self.rules if rule.fits(who)), Rule())

    def zone_of(self, country: str, postcode: str) -> str:
        """The zone that an address lies in."""
        return next((zone.name for zone in self.zones if zone.holds(country, postcode)), NOWHERE)

    def supplier_of(self, sku: str, order_type: str) -> Supplier | None:
        """Who ships a line in our place, if anybody does."""
        return next((one for one in self.suppliers if one.ships(sku, order_type)), None)

    def dock(self, site: str, method: str | None) -> Dock:
        """When goods leave a site by a carrier service."""
        place = self.sites[site]
        by = self.methods.get(method or "")
        if by is None:
            return Dock(place.zone, (place.work,), place.cut_off, place.waves)
        cut_off = earlier((place.cut_off, by.cut_offs.get(site)))
        return Dock(place.zone, (place.work, by.work), cut_off, place.waves)
