"""The one word for how far a sales order is, in one list of states that every system's own words are brought to.

A state is told by documents: the order itself, its release, what the floor reports, what left.
Systems skip steps and report late, so a step forward may pass over others and a late one changes
nothing; only what cannot be true is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from crossdock.faults import Invalid
from crossdock.model.document import Document
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import PickStatus, WarehouseOrder


class OrderState(Enum):
    """How far a sales order is."""

    PLACED = "placed"  #: the customer ordered; no warehouse was asked yet
    RELEASED = "released"  #: a warehouse was asked to ship it
    ALLOCATED = "allocated"  #: stock is set aside for it
    PICKING = "picking"  #: somebody walks; from here a cancellation may come too late
    PICKED = "picked"  #: taken from the shelf
    PACKED = "packed"  #: in cartons with labels
    PART_SHIPPED = "part_shipped"  #: some of it left, the rest is still to come
    SHIPPED = "shipped"  #: all of it left that ever will
    DELIVERED = "delivered"  #: the receiver has all of it
    CANCELLED = "cancelled"  #: nothing more will leave


_S = OrderState
_ON_THE_FLOOR = frozenset({_S.ALLOCATED, _S.PICKING, _S.PICKED, _S.PACKED})
_LEFT = frozenset({_S.PART_SHIPPED, _S.SHIPPED})

#: From a state to those that may follow it.
ORDER_MOVES: Mapping[OrderState, frozenset[OrderState]] = MappingProxyType(
    {
        _S.PLACED: frozenset({_S.RELEASED, _S.CANCELLED}) | _ON_THE_FLOOR | _LEFT,
        _S.RELEASED: frozenset({_S.CANCELLED}) | _ON_THE_FLOOR | _LEFT,
        _S.ALLOCATED: frozenset({_S.PICKING, _S.PICKED, _S.PACKED, _S.CANCELLED}) | _LEFT,
        _S.PICKING: frozenset({_S.PICKED, _S.PACKED, _S.CANCELLED}) | _LEFT,
        _S.PICKED: frozenset({_S.PACKED, _S.CANCELLED}) | _LEFT,
        _S.PACKED: frozenset({_S.CANCELLED}) | _LEFT,
        _S.PART_SHIPPED: frozenset({_S.SHIPPED, _S.CANCELLED}),
        _S.SHIPPED: frozenset({_S.DELIVERED}),
        _S.DELIVERED: frozenset(),
        # What a warehouse ships after it said that it would not, has left all the same.
        _S.CANCELLED: _LEFT,
    }
)

_FROM_FLOOR = {
    "released": _S.RELEASED,
    "acknowledged": _S.RELEASED,
    "refused": _S.RELEASED,
    "backordered": _S.RELEASED,
    "allocated": _S.ALLOCATED,
    "picking": _S.PICKING,
    "picked": _S.PICKED,
    "packing": _S.PICKED,
    "packed": _S.PACKED,
    "shipped": _S.SHIPPED,
    "cancelled": _S.CANCELLED,
}


def told_by(document: Document) -> OrderState | None:
    """The order's state as this document tells it; None when it tells nothing of that."""
    match document:
        case SalesOrder():
            return OrderState.PLACED
        case WarehouseOrder():
            return OrderState.RELEASED
        case PickStatus():
            return _FROM_FLOOR[document.state]
        case Shipment():
            return OrderState.SHIPPED if document.is_whole() else OrderState.PART_SHIPPED
        case _:
            return None


def after(state: OrderState | None, told: OrderState) -> OrderState:
    """The state once `told` is heard; a late or repeated word leaves it as it is.

    Raises Invalid (`bad_transition`) for a cancellation of what has left.
    """
    if state is None or told in ORDER_MOVES[state]:
        return told
    if told is OrderState.CANCELLED and state in (OrderState.SHIPPED, OrderState.DELIVERED):
        raise Invalid(
            f"the order is {state.value} and now said to be {told.value}",
            path="state",
            value=told.value,
            fix="ask the warehouse what left, then tell the other systems",
            type="bad_transition",
        )
    return state
