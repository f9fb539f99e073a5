"""The work on the floor: orders become waves, picks, cartons and shipments, one turn after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.twins.clock import rfc3339
from crossdock.twins.dials import Dials, Dice
from crossdock.twins.warehouse.floor.feed import Feed
from crossdock.twins.warehouse.floor.orders import Order, OrderLine, OrderState, line_facts, present, told
from crossdock.twins.warehouse.floor.packing import UNIT_KG, CartonLine, Labels, cartons
from crossdock.twins.warehouse.floor.stock import NOTHING, Level, Pick, PickState, Stock

__all__ = ["ON_SHORT", "ORDERS_MAX", "Floor", "WarehouseDials", "level_facts"]

ORDERS_MAX = 200_000
#: What the floor can do about an order that it has too little for.
ON_SHORT = ("ship", "ship_or_wait", "wait", "split")


@dataclass(frozen=True, slots=True)
class WarehouseDials(Dials):
    """The fault dials and the pace of the work.

    `on_short`: `ship` what is there and be done; `ship_or_wait`: the same, but wait for stock where there
    is nothing at all; `wait` with the whole order for stock; `split`: ship what is there, and the rest
    when stock comes.
    """

    work_interval_s: float = (
        0.2  #: pause between two turns; in a turn every order in work goes one state further
    )
    wave_orders: int = 10  #: how many orders one turn takes into work
    on_short: str = "ship"
    miscount: float = 0.0  #: a picker finds one piece less in the bin than the books say


class Floor:
    """Takes orders and works through them. Deterministic: time comes in, chance comes from the seed."""

    def __init__(self, stock: Stock, feed: Feed, labels: Labels, dice: Dice, dials: WarehouseDials) -> None:
        self.stock, self.feed, self.dials = stock, feed, dials
        self.orders: dict[str, Order] = {}
        self._labels, self._dice = labels, dice
        self._queue: deque[Order] = deque()  # acknowledged, to be looked at in the next turns
        self._waiting: list[Order] = []  # acknowledged, without stock
        self._working: list[Order] = []  # allocated to packed
        self._shipments = 0
        self._picks = 0

    @property
    def busy(self) -> bool:
        """Whether a turn would move anything."""
        return bool(self._queue or self._working)

    def accept(self, order: Order, now: datetime) -> None:
        """Takes an order into the queue."""
        assert order.number not in self.orders
        self.orders[order.number] = order
        self._queue.append(order)
        self.tell("acknowledged", order, now)

    def cancel(self, order: Order, reason: str | None, now: datetime) -> bool:
        """Whether the order could be cancelled; False once picking began."""
        if order.state is OrderState.CANCELLED:
            return True
        if not order.cancellable:
            self.tell("cancel_refused", order, now, reason="pick_started")
            return False
        self._end_cancelled(order, reason, now)
        self.stock_came()
        return True

    def reduce(
        self, order: Order, less: Mapping[int | str, Decimal], reason: str | None, now: datetime
    ) -> bool:
        """Whether so much of its lines could be taken off an order; False once picking began."""
        if not order.cancellable:
            self.tell("cancel_refused", order, now, reason="pick_started")
            return False
        at = rfc3339(now)
        self._give_back(order, at)
        for line in order.lines:
            line.ordered -= less.get(line.line, NOTHING)
        if not any(line.missing for line in order.lines):
            self._end_cancelled(order, reason, now)
        elif order.state is OrderState.ALLOCATED:
            # It lacks what it lacked before; where that is all that is left of it, it waits like a new one.
            self._set_aside(order, now)
            if not any(line.amount(PickState.ALLOCATED) for line in order.lines):
                self._working.remove(order)
                order.move(OrderState.ACKNOWLEDGED)
                self._queue.append(order)
            _count_short(order)
        elif order.told_short:
            _count_short(order)
        self.stock_came()
        return True

    def change(self, order: Order, lines: list[OrderLine], now: datetime) -> bool:
        """Whether an order could get other lines; False once picking began, or a part of it left."""
        if not order.cancellable or order.shipments:
            return False
        self._give_back(order, rfc3339(now))
        order.lines, order.told_short = lines, False
        if order.state is OrderState.ALLOCATED:
            self._working.remove(order)
            order.move(OrderState.ACKNOWLEDGED)
            self._queue.append(order)
        self.tell("acknowledged", order, now)
        self.stock_came()
        return True

    def stock_came(self) -> None:
        """Looks again at the orders that wait for stock."""
        self._queue.extend(self._waiting)
        self._waiting.clear()

    def turn(self, now: datetime) -> None:
        """One turn: every order in work goes one state further, then a new wave is made."""
        steps = {
            OrderState.ALLOCATED: self._start_picking,
            OrderState.PICKING: self._pick,
            OrderState.PICKED: self._pack,
            OrderState.PACKED: self._ship,
        }
        for order in self._working:
            if not order.ended:
                steps[order.state](order, now)
        for _ in range(min(self.dials.wave_orders, len(self._queue))):
            self._allocate(self._queue.popleft(), now)
        self._working = [o for o in self._working if o.state is not OrderState.ACKNOWLEDGED and not o.ended]
        self.tell_stock()

    def tell_stock(self) -> None:
        """Makes an event of each stock level that changed since the last time."""
        for level in self.stock.changed.values():
            self.feed.add(
                "stock_changed", level.as_of, level.sku, {"site": level.site, "stock": level_facts(level)}
            )
        self.stock.changed.clear()

    def tell(self, type: str, order: Order, now: datetime, **facts: Any) -> None:
        """Makes an event of what happened to an order."""
        at = rfc3339(now)
        order.history.append((at, type))
        about = present(
            site=order.site,
            order_id=order.id,
            number=order.number,
            sales_order=order.sales_order,
            status=order.state.value,
        )
        lines = [line_facts(line) for line in order.lines]
        self.feed.add(type, at, order.number, {**about, **facts, "lines": lines})

    def _allocate(self, order: Order, now: datetime) -> None:
        if order.ended:
            return
        self._set_aside(order, now)
        held = any(line.amount(PickState.ALLOCATED) for line in order.lines)
        missing = any(line.missing for line in order.lines)
        if missing and self.dials.on_short == "wait" and held:
            self._give_back(order, rfc3339(now))
            held = False
        if held:
            _count_short(order)
            order.move(OrderState.ALLOCATED)
            self._working.append(order)
            self.tell("allocated", order, now)
        elif self.dials.on_short == "ship":
            self._close_empty(order, now)
        else:
            self._waiting.append(order)
            self._tell_short(order, now)

    def _set_aside(self, order: Order, now: datetime) -> None:
        at = rfc3339(now)
        for line in order.lines:
            line.picks += self.stock.allocate(
                order.site,
                line.sku,
                line.missing,
                pack=line.pack,
                lot=line.lot,
                status=line.status,
                today=now.date(),
                at=at,
            )

    def _start_picking(self, order: Order, now: datetime) -> None:
        order.move(OrderState.PICKING)
        self.tell("picking", order, now)

    def _pick(self, order: Order, now: datetime) -> None:
        at = rfc3339(now)
        for line in order.lines:
            for pick in line.picks:
                if pick.state is PickState.ALLOCATED:
                    self._picks += 1
                    found_less = self._dice.falls("miscount", self._picks, self.dials.miscount)
                    self.stock.take(pick, min(line.pack, pick.quantity) if found_less else NOTHING, at)
        if not any(line.amount(PickState.TAKEN) for line in order.lines):
            self._found_nothing(order, now)
            return
        _count_short(order)
        if any(line.short for line in order.lines):
            order.told_short = False
            self._tell_short(order, now)
        order.move(OrderState.PICKED)
        self.tell("picked", order, now)

    def _found_nothing(self, order: Order, now: datetime) -> None:
        if self.dials.on_short == "ship":
            self._close_empty(order, now)
            return
        order.move(OrderState.ACKNOWLEDGED)
        self._waiting.append(order)
        self._tell_short(order, now)

    def _pack(self, order: Order, now: datetime) -> None:
        goods = [
            CartonLine(line.line, line.sku, pick.bin.place.lot, pick.quantity, line.pack, self._unit_kg(line))
            for line in order.lines
            for pick in line.picks
            if pick.state is PickState.TAKEN
        ]
        units = {line.line: line for line in order.lines}
        order.cartons = [
            present(
                sscc=self._labels.sscc(),
                tracking=self._labels.tracking(),
                weight_kg=told(carton.weight_kg) or None,
                lines=_packed_lines(carton.lines, units),
            )
            for carton in cartons(goods)
        ]
        order.move(OrderState.PACKED)
        self.tell("packed", order, now, packages=order.cartons)

    def _ship(self, order: Order, now: datetime) -> None:
        at = rfc3339(now)
        rows = [row for line in order.lines if line.ordered for row in _shipped_rows(line)]
        for line in order.lines:
            for pick in line.picks:
                if pick.state is PickState.TAKEN:
                    self.stock.ship(pick, at)
        self._shipments += 1
        complete = self.dials.on_short != "split" or not any(line.missing for line in order.lines)
        shipment = present(
            number=f"SH-{self._shipments:06d}",
            shipped_at=at,
            # A ship method is the carrier's name and its service: DHL_EXPRESS.
            carrier=(order.ship_method or "PARCEL").partition("_")[0] or "PARCEL",
            ship_method=order.ship_method,
            tracking=order.cartons[0]["tracking"],
            complete=complete,
            lines=rows,
            packages=order.cartons,
        )
        order.shipments.append(shipment)
        order.cartons = []
        order.move(OrderState.SHIPPED if complete else OrderState.ACKNOWLEDGED)
        if not complete:
            self._waiting.append(order)
        self.tell("shipped", order, now, shipment=shipment)

    def _close_empty(self, order: Order, now: datetime) -> None:
        """Nothing is there to be shipped: the warehouse itself ends the order."""
        self._tell_short(order, now, reason="no_stock")
        self._end_cancelled(order, "no_stock", now)

    def _end_cancelled(self, order: Order, reason: str | None, now: datetime) -> None:
        self._give_back(order, rfc3339(now))
        _count_short(order)
        order.move(OrderState.CANCELLED)
        order.reason = reason
        self.tell("cancelled", order, now, reason=reason)

    def _give_back(self, order: Order, at: str) -> None:
        for line in order.lines:
            self.stock.free((p for p in line.picks if p.state is PickState.ALLOCATED), at)
            line.picks = [p for p in line.picks if p.state is not PickState.FREED]

    def _tell_short(self, order: Order, now: datetime, *, reason: str | None = None) -> None:
        """Tells what is missing; an order that goes on waiting is not told of again and again."""
        _count_short(order)
        if not order.told_short:
            order.told_short = True
            self.tell("short", order, now, **present(reason=reason))

    def _unit_kg(self, line: OrderLine) -> Decimal:
        weight = self.stock.items[line.sku].weight_kg
        return UNIT_KG if weight is None else weight


def _count_short(order: Order) -> None:
    """What is missing of each line as things stand."""
    for line in order.lines:
        line.short = line.missing


def _packed_lines(lines: list[CartonLine], units: dict[int | str, OrderLine]) -> list[dict[str, Any]]:
    """One row per line and lot: two bins of one lot are one row."""
    sums: dict[tuple[int | str, str | None], Decimal] = {}
    for part in lines:
        sums[part.line, part.lot] = sums.get((part.line, part.lot), NOTHING) + part.quantity
    return [
        present(
            line=line,
            sku=units[line].sku,
            quantity=told(sum_ / units[line].pack),
            unit=units[line].unit,
            lot=lot,
        )
        for (line, lot), sum_ in sums.items()
    ]


def _shipped_rows(line: OrderLine) -> list[dict[str, Any]]:
    """What leaves now: one row per lot, or one with 0."""
    taken: list[Pick] = [pick for pick in line.picks if pick.state is PickState.TAKEN]
    lots: dict[tuple[str | None, str | None], Decimal] = {}
    for pick in taken:
        expires_on = pick.bin.expires_on.isoformat() if pick.bin.expires_on is not None else None
        lot = (pick.bin.place.lot, expires_on)
        lots[lot] = lots.get(lot, NOTHING) + pick.quantity
    return [
        present(
            line=line.line,
            order_line=line.order_line,
            sku=line.sku,
            quantity=told(quantity / line.pack),
            ordered=told(line.ordered / line.pack),
            unit=line.unit,
            lot=lot,
            expires_on=expires_on,
        )
        for (lot, expires_on), quantity in (lots or {(None, None): NOTHING}).items()
    ]


def level_facts(level: Level) -> dict[str, Any]:
    """The stock level as the API tells it."""
    return present(
        site=level.site,
        sku=level.sku,
        status=level.status,
        lot=level.lot,
        owner=level.owner,
        expires_on=level.expires_on.isoformat() if level.expires_on is not None else None,
        quantity=told(level.quantity),
        allocated=told(level.allocated),
        unit=level.unit,
        as_of=level.as_of,
        sequence=level.sequence,
    )
