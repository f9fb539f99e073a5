"""What an order asks of order routing: its demands, what is special about it, where and by when it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from crossdock.model.documents.item import Item
from crossdock.model.documents.sales import OrderLine, SalesOrder
from crossdock.pipeline.stockkeeping.measures import Measures
from crossdock.stock.sourcing.ask import Ask, Demand, Swap
from crossdock.stock.sourcing.policy import Sourcing

HAZMAT, GIFT, PALLET = "hazmat", "gift", "pallet"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of an order, and how much of it is to be routed, in the line's unit."""

    line: OrderLine
    quantity: Decimal

    @property
    def name(self) -> str:
        """The line's name."""
        return str(self.line.line)

    @property
    def unit_quantity(self) -> Decimal:
        """What is never divided: one unit, or all of what cannot be counted in whole units."""
        whole = self.quantity == self.quantity.to_integral_value()
        return Decimal(1) if whole else self.quantity


class Asking:
    """Reads orders by the item master and the charter."""

    def __init__(self, policy: Sourcing, measures: Measures, zone: ZoneInfo) -> None:
        self._policy = policy
        self._measures = measures
        self._zone = zone

    def who(self, system: str, order: SalesOrder) -> dict[str, str]:
        """What rules tell orders apart by."""
        return {
            "system": system,
            "order_type": order.order_type or "",
            "customer": (order.customer.id if order.customer else None) or "",
            "country": (order.ship_to.country if order.ship_to else None) or "",
        }

    def ask(
        self,
        order: SalesOrder,
        wanted: Iterable[Wanted],
        now_ms: int,
        *,
        site: str | None,
        shunned: frozenset[str] = frozenset(),
    ) -> Ask:
        """The question for some lines of an order."""
        lines = list(wanted)
        address = order.ship_to
        country = (address.country if address else None) or ""
        postcode = (address.postcode if address else None) or ""
        return Ask(
            tuple(self.demand(one) for one in lines),
            now_ms,
            self._policy.zone_of(country, postcode),
            order.ship_method,
            self.traits(order, lines),
            site,
            self.instant_ms(order.ship_from_at),
            self.instant_ms(order.ship_until_at, last=True),
            shunned,
        )

    def demand(self, one: Wanted) -> Demand:
        """The demand of a line; items that may be sent instead are counted in the same unit."""
        unit = one.unit_quantity
        step = self._measures.demand(one.line.sku, unit, one.line.unit)
        swaps = tuple(
            Swap(sku, self._measures.demand(sku, unit, one.line.unit))
            for sku in self._others(one.line.sku)
            if (item := self.item(sku)) is not None and one.line.unit in item.units()
        )
        return Demand(one.name, one.line.sku, int(one.quantity / unit), step, swaps)

    def _others(self, sku: str) -> tuple[str, ...]:
        """The charter's word goes before the item master's."""
        item = self.item(sku)
        return self._policy.substitutes.get(sku) or (item.substitutes if item else ())

    def item(self, sku: str) -> Item | None:
        """What the item master says of an item."""
        known = self._measures.item(sku)
        return known[0] if known else None

    def traits(self, order: SalesOrder, lines: Iterable[Wanted]) -> frozenset[str]:
        """What sites and carriers may refuse."""
        return frozenset(self._traits(order, lines))

    def _traits(self, order: SalesOrder, lines: Iterable[Wanted]) -> Iterator[str]:
        if order.order_type:
            yield order.order_type
        for one in lines:
            if one.line.gift:
                yield GIFT
            if self.is_hazardous(one.line.sku):
                yield HAZMAT
            if one.line.unit in self._policy.pallet_units:
                yield PALLET

    def is_hazardous(self, sku: str) -> bool:
        """Whether an item is dangerous to carry."""
        item = self.item(sku)
        return item is not None and item.hazard is not None

    def available_ms(self, sku: str) -> int | None:
        """When a new item may leave; None: any time."""
        item = self.item(sku)
        return self.instant_ms(item.available_from) if item is not None else None

    def instant_ms(self, when: date | datetime | None, *, last: bool = False) -> int | None:
        """A moment; of a whole day its beginning or its last, by the installation's clock."""
        if when is None:
            return None
        if not isinstance(when, datetime):
            day = when + timedelta(days=1) if last else when
            begins = datetime.combine(day, time(), self._zone)
            return int(begins.timestamp() * 1000) - last
        return int(when.timestamp() * 1000)


def units_of(order: SalesOrder) -> Mapping[str, str]:
    """The unit of each line."""
    return {str(line.line): line.unit for line in order.lines}
