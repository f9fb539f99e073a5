"""The reference warehouse API over one warehouse: a request to an answer, without network and without faults."""

from __future__ import annotations

import hmac
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from crossdock.twins.clock import Clock, rfc3339
from crossdock.twins.door import Reply, Request
from crossdock.twins.warehouse.face import wire
from crossdock.twins.warehouse.face.changes import taken_off
from crossdock.twins.warehouse.face.dock import expect
from crossdock.twins.warehouse.face.facts import adjustment_facts, item_facts
from crossdock.twins.warehouse.face.problem import Problem
from crossdock.twins.warehouse.floor.dock import Dock, task_facts
from crossdock.twins.warehouse.floor.feed import JSON, CursorExpired
from crossdock.twins.warehouse.floor.floor import ORDERS_MAX, Floor, level_facts
from crossdock.twins.warehouse.floor.orders import Order, OrderLine, order_facts
from crossdock.twins.warehouse.floor.stock import Item, NotEnough, Place

__all__ = ["Face", "decode"]

KEYS_MAX = 500_000
ADJUSTMENTS_MAX = 100_000
ITEMS_MAX = 200_000
EFFECTS_MAX = 1_000_000
#: Quantities beyond these are typing errors, not business.
QUANTITY_MAX, QUANTITY_STEP = Decimal(10) ** 9, Decimal("0.000001")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept:
    request: bytes  #: digest of method, target and body
    reply: Reply


class Face:
    """Answers requests, each changing one at most once under its Idempotency-Key."""

    def __init__(self, floor: Floor, clock: Clock, sites: list[str], *, api_key: str | None = None) -> None:
        self.floor, self.clock, self.sites = floor, clock, sites
        self.effects: deque[dict[str, Any]] = deque(
            maxlen=EFFECTS_MAX
        )  #: every change that a request made, in order
        self.dock = Dock(floor.stock, floor.feed)
        self._effects_count = 0
        self._api_key = api_key
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def answer(self, request: Request) -> Reply:
        """The answer to one request."""
        try:
            self._authorise(request)
            if request.method == "GET":
                return self._read(request)
            return self._once(request)
        except Problem as problem:
            return problem.reply()

    def _authorise(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if self._api_key is not None and not hmac.compare_digest(
            given.encode(), f"Bearer {self._api_key}".encode()
        ):
            raise Problem(401, "unauthorized")

    def _once(self, request: Request) -> Reply:
        """The change, or the answer that its key got before."""
        change = self._change(request)
        key = request.headers.get("idempotency-key", "")
        if not key:
            raise Problem(400, "key_missing", path="Idempotency-Key")
        digest = sha256(b"\0".join((request.method.encode(), request.target.encode(), request.body))).digest()
        kept = self._kept.get(key)
        if kept is not None:
            if kept.request != digest:
                raise Problem(422, "key_reused", path="Idempotency-Key", value=key)
            return replace(
                kept.reply, headers={**kept.reply.headers, "Idempotency-Replayed": "true"}, outcome="repeated"
            )
        try:
            reply = change()
        except Problem as problem:
            reply = problem.reply()
        if reply.status < 500 and reply.status != 429:
            self._kept[key] = _Kept(digest, reply)
            if len(self._kept) > KEYS_MAX:
                self._kept.popitem(last=False)
        return reply

    def _change(self, request: Request) -> Callable[[], Reply]:
        match (request.method, *request.parts):
            case ("POST", "orders"):
                return lambda: self._create_order(request)
            case ("PUT", "orders", number):
                return lambda: self._change_order(request, number)
            case ("POST", "orders", number, "cancel"):
                return lambda: self._cancel_order(request, number)
            case ("PUT", "items", sku):
                return lambda: self._write_item(request, sku)
            case ("POST", "stock", "adjustments"):
                return lambda: self._adjust(request)
            case ("PUT", "receiving", number):
                return lambda: self._expect(request, number)
            case (_, "orders" | "items" | "stock" | "events" | "receiving", *_):
                raise Problem(405, "method_not_allowed")
            case _:
                raise Problem(404, "not_found")

    def _read(self, request: Request) -> Reply:
        match request.parts:
            case ("orders", number):
                return _json(200, order_facts(self._order(number)))
            case ("items", sku):
                return _json(200, item_facts(self._item(sku, "sku")))
            case ("receiving", number) if number in self.dock.tasks:
                return _json(200, task_facts(self.dock.tasks[number]))
            case ("events",):
                return self._events(request)
            case ("stock",):
                return self._levels(request)
            case ("stock", "adjustments"):
                return self._adjustments(request)
            case _:
                raise Problem(404, "not_found")

    def _create_order(self, request: Request) -> Reply:
        new = decode(request.body, wire.NewOrder)
        content = msgspec.json.encode(new)
        known = self.floor.orders.get(new.number)
        if known is not None:
            if known.content != content:
                raise Problem(409, "order_exists", path="number", value=new.number, order=order_facts(known))
            return _json(200, order_facts(known), outcome="repeated")
        if len(self.floor.orders) >= ORDERS_MAX:
            raise Problem(429, "busy")
        now = self.clock.now()
        order = Order(
            id=f"WO-{len(self.floor.orders) + 1:06d}",
            number=new.number,
            site=self.site_of(new.site),
            received_at=rfc3339(now),
            content=content,
            lines=self._lines(new),
            sales_order=new.sales_order,
            ship_method=new.ship_method,
            backorder_of=new.backorder_of,
        )
        self.floor.accept(order, now)
        self._effect(request, "order_created", new.number)
        return _json(201, order_facts(order), outcome="applied")

    def _change_order(self, request: Request, number: str) -> Reply:
        """The order in a new version: whatever it was to be, it is to be this now."""
        new, order = decode(request.body, wire.NewOrder), self._order(number)
        content = msgspec.json.encode(new)
        if order.content == content:
            return _json(200, order_facts(order), outcome="repeated")
        if new.number != number or self.site_of(new.site) != order.site:
            raise Problem(422, "invalid", path="number" if new.number != number else "site", value=new.number)
        lines = self._lines(new)
        if not self.floor.change(order, lines, self.clock.now()):
            raise Problem(409, "pick_started", path="number", value=number, order=order_facts(order))
        order.content, order.ship_method, order.sales_order = content, new.ship_method, new.sales_order
        self._effect(request, "order_changed", number)
        return _json(200, order_facts(order), outcome="applied")

    def _lines(self, new: wire.NewOrder) -> list[OrderLine]:
        lines: list[OrderLine] = []
        seen: set[str] = set()
        for index, line in enumerate(new.lines):
            path = f"lines[{index}]"
            if str(line.line) in seen:
                raise Problem(422, "invalid", path=f"{path}.line", value=line.line)
            seen.add(str(line.line))
            quantity = _sound(line.quantity, f"{path}.quantity")
            item = self.floor.stock.items.get(line.sku)
            if item is None:
                raise Problem(422, "unknown_sku", path=f"{path}.sku", value=line.sku)
            pack = self._pack(item, line.unit, f"{path}.unit")
            lines.append(
                OrderLine(
                    line=line.line,
                    sku=line.sku,
                    unit=line.unit,
                    pack=pack,
                    ordered=quantity * pack,
                    order_line=line.order_line,
                    lot=line.lot,
                    status=line.status,
                )
            )
        return lines

    def _cancel_order(self, request: Request, number: str) -> Reply:
        order = self._order(number)
        wish = decode(request.body, wire.NewCancel) if request.body else wire.NewCancel()
        before = order.state
        if wish.lines and not order.ended:
            return self._reduce(request, order, wish)
        if not self.floor.cancel(order, wish.reason, self.clock.now()):
            raise Problem(409, "pick_started", path="number", value=number, order=order_facts(order))
        if order.state is before:
            return _json(200, order_facts(order), outcome="repeated")
        self._effect(request, "order_cancelled", number)
        return _json(200, order_facts(order), outcome="applied")

    def _reduce(self, request: Request, order: Order, wish: wire.NewCancel) -> Reply:
        """Some lines, or some of them, are not wanted any more."""
        less = taken_off(order, wish, self._measured)
        if not self.floor.reduce(order, less, wish.reason, self.clock.now()):
            raise Problem(409, "pick_started", path="number", value=order.number, order=order_facts(order))
        self._effect(request, "lines_cancelled", order.number)
        return _json(200, order_facts(order), outcome="applied")

    def _measured(self, quantity: Decimal | int, sku: str, unit: str, path: str) -> Decimal:
        return _sound(quantity, f"{path}.quantity") * self.pack_of(sku, unit, path)

    def _write_item(self, request: Request, sku: str) -> Reply:
        new = decode(request.body, wire.NewItem)
        packs = {
            pack.unit: _sound(pack.quantity, f"packs[{index}].quantity")
            for index, pack in enumerate(new.packs)
        }
        if not 1 <= len(sku) <= 100:
            raise Problem(422, "invalid", path="sku", value=sku)
        stock = self.floor.stock
        known = stock.items.get(sku)
        if known is None and len(stock.items) >= ITEMS_MAX:
            raise Problem(429, "busy")
        if known is not None and known.unit != new.unit and any(place.sku == sku for place in stock.bins):
            raise Problem(409, "unit_in_use", path="unit", value=new.unit)
        weight_kg = Decimal(new.weight_kg) if new.weight_kg else None
        if weight_kg is not None:
            _sound(weight_kg, "weight_kg")
        item = Item(sku, new.unit, new.name, new.gtin, weight_kg, new.lot_tracked, packs)
        stock.items[sku] = item
        self._effect(request, "item_written", sku)
        return _json(201 if known is None else 200, item_facts(item), outcome="applied")

    def _adjust(self, request: Request) -> Reply:
        new = decode(request.body, wire.NewAdjustment)
        if len(self.floor.stock.adjustments) >= ADJUSTMENTS_MAX:
            raise Problem(429, "busy")
        item = self.floor.stock.items.get(new.sku)
        if item is None:
            raise Problem(422, "unknown_sku", path="sku", value=new.sku)
        size = _sound(abs(new.quantity), "quantity") * self._pack(item, new.unit, "unit")
        difference = size if new.quantity > 0 else -size
        place = Place(self.site_of(new.site), new.sku, new.bin, new.lot, new.status, new.owner)
        now = self.clock.now()
        try:
            booked = self.floor.stock.adjust(
                place, difference, reason=new.reason, at=rfc3339(now), expires_on=new.expires_on
            )
        except NotEnough:
            raise Problem(409, "not_enough", path="quantity", value=new.quantity) from None
        self._effect(request, "stock_adjusted", booked.number)
        facts = {"site": place.site, "number": booked.number, "adjustment": adjustment_facts(booked)}
        self.floor.feed.add("adjusted", booked.at, new.sku, facts)
        self.floor.tell_stock()
        self.floor.stock_came()
        return _json(201, adjustment_facts(booked), outcome="applied")

    def _expect(self, request: Request, number: str) -> Reply:
        new = decode(request.body, wire.NewTask)
        if not 1 <= len(number) <= 100:
            raise Problem(422, "invalid", path="number", value=number)
        is_new = number not in self.dock.tasks
        task, changed = expect(self.dock, number, new, self.site_of(new.site), self.pack_of)
        if changed:
            self._effect(request, "receiving_expected", number)
        return _json(201 if is_new else 200, task_facts(task), outcome="applied" if changed else "repeated")

    def pack_of(self, sku: str, unit: str, path: str) -> Decimal:
        """How many of an item's own unit one unit is. Raises Problem."""
        item = self.floor.stock.items.get(sku)
        if item is None:
            raise Problem(422, "unknown_sku", path=f"{path}.sku", value=sku)
        return self._pack(item, unit, f"{path}.unit")

    def _events(self, request: Request) -> Reply:
        after, limit = _number(request, "after", 0), _limit(request)
        overlap = _number(request, "overlap", 0)
        if overlap > 200 or overlap >= limit:
            raise Problem(400, "invalid", path="overlap", value=str(overlap))
        types = frozenset(request.query["types"].split(",")) if request.query.get("types") else None
        try:
            events, reached, more = self.floor.feed.page(after, limit, types, overlap)
        except CursorExpired:
            raise Problem(410, "cursor_expired", path="after", value=str(after)) from None
        items = b",".join(event.body for event in events)
        tail = JSON.encode({"next": str(reached), "more": more})[1:]
        return Reply(200, b'{"items":[' + items + b"]," + tail)

    def _levels(self, request: Request) -> Reply:
        after, limit = _number(request, "after", 0), _limit(request)
        levels = [level for level in self.floor.stock.levels.values() if level.sequence > after]
        page = levels[:limit]
        reached = page[-1].sequence if page else after
        items = [level_facts(level) for level in page]
        return _json(200, {"items": items, "next": str(reached), "more": len(levels) > limit})

    def _adjustments(self, request: Request) -> Reply:
        after, limit = _number(request, "after", 0), _limit(request)
        booked = self.floor.stock.adjustments
        page = booked[after : after + limit]
        reached = after + len(page)
        items = [adjustment_facts(adjustment) for adjustment in page]
        return _json(200, {"items": items, "next": str(reached), "more": reached < len(booked)})

    def _order(self, number: str) -> Order:
        order = self.floor.orders.get(number)
        if order is None:
            raise Problem(404, "not_found", path="number", value=number)
        return order

    def _item(self, sku: str, path: str) -> Item:
        item = self.floor.stock.items.get(sku)
        if item is None:
            raise Problem(404, "not_found", path=path, value=sku)
        return item

    def site_of(self, site: str | None) -> str:
        """The site of that name, or the only one. Raises Problem."""
        if site is None and len(self.sites) == 1:
            return self.sites[0]
        if site is None or site not in self.sites:
            raise Problem(422, "unknown_site", path="site", value=site)
        return site

    def _pack(self, item: Item, unit: str, path: str) -> Decimal:
        pack = item.pack(unit)
        if pack is None:
            raise Problem(422, "unknown_unit", path=path, value=unit)
        return pack

    def _effect(self, request: Request, kind: str, number: str) -> None:
        self._effects_count += 1
        self.effects.append(
            {
                "effect": self._effects_count,
                "kind": kind,
                "number": number,
                "key": request.headers["idempotency-key"],
                "at": rfc3339(self.clock.now()),
            }
        )


def decode(body: bytes, shape: type[T]) -> T:
    """A body as one of the shapes. Raises Problem."""
    try:
        return wire.decoded(body, shape)
    except msgspec.ValidationError as error:
        says, _, path = str(error).partition(" - at `$")
        raise Problem(422, "invalid", path=path.strip("`.") or "body", detail=says) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "unreadable", detail=str(error)) from None


def _sound(quantity: wire.Number, path: str) -> Decimal:
    """The quantity; refused when it is nothing, less, beyond all reason, or finer than a millionth."""
    exact = Decimal(quantity)
    if not (0 < exact <= QUANTITY_MAX and exact % QUANTITY_STEP == 0):
        raise Problem(422, "invalid", path=path, value=str(quantity))
    return exact


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise Problem(400, "invalid", path=name, value=text)
    return int(text)


def _limit(request: Request) -> int:
    limit = _number(request, "limit", 200)
    if not 1 <= limit <= 1000:
        raise Problem(400, "invalid", path="limit", value=str(limit))
    return limit


def _json(status: int, tree: dict[str, Any], *, outcome: str = "read") -> Reply:
    return Reply(status, JSON.encode(tree), outcome=outcome)
