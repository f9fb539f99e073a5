"""What is to be taken off an order, line by line."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from crossdock.twins.warehouse.face import wire
from crossdock.twins.warehouse.face.problem import Problem
from crossdock.twins.warehouse.floor.orders import Order
from crossdock.twins.warehouse.floor.stock import PickState

#: Quantity, SKU, unit and path of a line to how many of the item's own unit that is. Raises Problem.
Measure = Callable[[Decimal | int, str, str, str], Decimal]


def taken_off(order: Order, wish: wire.NewCancel, measure: Measure) -> dict[int | str, Decimal]:
    """How much of each line is not wanted any more, in the item's own unit. Raises Problem."""
    less: dict[int | str, Decimal] = {}
    for index, one in enumerate(wish.lines):
        path = f"lines[{index}]"
        line = order.line_of(one.order_line, one.sku)
        if line is None:
            raise Problem(422, "invalid", path=f"{path}.order_line", value=one.order_line)
        left = line.ordered - line.amount(PickState.SHIPPED) - less.get(line.line, Decimal())
        size = left if one.quantity is None else measure(one.quantity, one.sku, one.unit, path)
        if size > left:
            raise Problem(409, "not_open", path=f"{path}.quantity", value=str(one.quantity))
        less[line.line] = less.get(line.line, Decimal()) + size
    return less
