"""Orders in the warehouse: their lines, their states and the moves between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

from crossdock.twins.warehouse.floor.stock import NOTHING, Pick, PickState

__all__ = ["Order", "OrderLine", "OrderState", "line_facts", "order_facts", "present", "told"]


class OrderState(Enum):
    """How far an order is."""

    ACKNOWLEDGED = "acknowledged"  #: taken, nothing done yet
    ALLOCATED = "allocated"  #: stock is set aside
    PICKING = "picking"  #: somebody walks: no way back
    PICKED = "picked"  #: at the packing table
    PACKED = "packed"  #: in cartons with labels
    SHIPPED = "shipped"  #: gone, nothing more will follow
    CANCELLED = "cancelled"  #: will not be shipped


_S = OrderState
#: From a state to those that may follow it.
MOVES: dict[OrderState, frozenset[OrderState]] = {
    _S.ACKNOWLEDGED: frozenset({_S.ALLOCATED, _S.CANCELLED}),
    # Acknowledged: what was set aside was cancelled, and the rest waits for stock.
    _S.ALLOCATED: frozenset({_S.PICKING, _S.CANCELLED, _S.ACKNOWLEDGED}),
    # Not picked: nothing was found where the books said there is something.
    _S.PICKING: frozenset({_S.PICKED, _S.CANCELLED, _S.ACKNOWLEDGED}),
    _S.PICKED: frozenset({_S.PACKED}),
    _S.PACKED: frozenset({_S.SHIPPED, _S.ACKNOWLEDGED}),  # acknowledged: the rest waits for stock
    _S.SHIPPED: frozenset(),
    _S.CANCELLED: frozenset(),
}


@dataclass(slots=True)
class OrderLine:
    """One line; quantities in the item's own unit, of which the line's unit holds `pack`."""

    line: int | str
    sku: str
    unit: str
    pack: Decimal
    ordered: Decimal
    order_line: int | str | None = None
    lot: str | None = None
    status: str = "available"  #: of the stock that it is taken from
    picks: list[Pick] = field(default_factory=list[Pick])
    short: Decimal = NOTHING

    def amount(self, *states: PickState) -> Decimal:
        """What its picks in these states add up to."""
        return sum((pick.quantity for pick in self.picks if pick.state in states), NOTHING)

    @property
    def missing(self) -> Decimal:
        """Ordered and neither set aside nor taken."""
        return self.ordered - self.amount(PickState.ALLOCATED, PickState.TAKEN, PickState.SHIPPED)


@dataclass(slots=True)
class Order:
    """One order to ship."""

    id: str
    number: str
    site: str
    received_at: str
    content: bytes  #: what was asked for, to tell a repeat from another order of the same number
    lines: list[OrderLine]
    sales_order: str | None = None
    ship_method: str | None = None
    backorder_of: str | None = None
    state: OrderState = OrderState.ACKNOWLEDGED
    reason: str | None = None
    told_short: bool = False
    cartons: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])  #: packed, not yet shipped
    shipments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    history: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  #: (at, event type)

    def move(self, state: OrderState) -> None:
        """Goes on to another state."""
        assert state in MOVES[self.state], f"{self.number}: {self.state} to {state}"
        self.state = state

    def line_of(self, order_line: int | str, sku: str) -> OrderLine | None:
        """The line of this item that stands for a line of the sender's order."""
        named = ((one.order_line if one.order_line is not None else one.line, one) for one in self.lines)
        return next((one for name, one in named if str(name) == str(order_line) and one.sku == sku), None)

    @property
    def cancellable(self) -> bool:
        """Whether nobody has started to pick it."""
        return self.state in (OrderState.ACKNOWLEDGED, OrderState.ALLOCATED)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return not MOVES[self.state]


def line_facts(line: OrderLine) -> dict[str, Any]:
    """The line as the API tells it, everything in the line's unit."""
    open_picks = [p for p in line.picks if p.state is not PickState.FREED]
    facts: dict[str, Any] = {
        "line": line.line,
        "order_line": line.order_line,
        "sku": line.sku,
        "unit": line.unit,
        "ordered": told(line.ordered / line.pack),
        "allocated": told(line.amount(PickState.ALLOCATED) / line.pack),
        "picked": told(line.amount(PickState.TAKEN, PickState.SHIPPED) / line.pack),
        "short": told(line.short / line.pack),
        "shipped": told(line.amount(PickState.SHIPPED) / line.pack),
        "lots": [
            present(bin=p.bin.place.bin, lot=p.bin.place.lot, quantity=told(p.quantity / line.pack))
            for p in open_picks
        ],
    }
    return present(**facts)


def order_facts(order: Order) -> dict[str, Any]:
    """The order as the API tells it."""
    return present(
        id=order.id,
        number=order.number,
        sales_order=order.sales_order,
        site=order.site,
        status=order.state.value,
        reason=order.reason,
        received_at=order.received_at,
        ship_method=order.ship_method,
        backorder_of=order.backorder_of,
        lines=[line_facts(line) for line in order.lines],
        shipments=order.shipments,
    )


def present(**facts: Any) -> dict[str, Any]:
    """The facts without those that are None."""
    return {name: value for name, value in facts.items() if value is not None}


def told(quantity: Decimal) -> Decimal:
    """A quantity without a tail of zeros and without an exponent."""
    return quantity.quantize(Decimal(1)) if quantity == quantity.to_integral_value() else quantity.normalize()
