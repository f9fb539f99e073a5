"""Events and stock levels of the warehouse to pick states, shipments and balances. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast, get_args

import msgspec

from crossdock.connectors.warehouse.codes import Codes
from crossdock.connectors.warehouse.wire import Event, Line, Package, ShippedLine, StockLevel
from crossdock.faults import Invalid, Unmapped, Unreadable
from crossdock.formats import json
from crossdock.kit.bounds import VERSION_MAX, id_part, no_version
from crossdock.kit.connector import Content, Draft, Facts, Tools, Tree
from crossdock.model.documents.warehouse import PickState, joined, of_order

__all__ = ["BalanceReader", "EventReader", "PickStatusReader", "ShipmentReader", "present", "text", "tree_of"]

#: Their states to ours; the rest are the same words.
STATES = {"acknowledged": "released"}
_KNOWN = frozenset(get_args(PickState))
API = "the warehouse must speak the reference warehouse API (docs/reference/warehouse-api.yaml)"
T = TypeVar("T")


class EventReader(ABC):
    """What the readers of events share: an event is one document, kept in the order of its sales order."""

    document: str

    @abstractmethod
    def facts(self, content: Content) -> Facts:
        """What the door must know of an event. Raises Unreadable (422)."""

    @abstractmethod
    def read(self, content: Content) -> Sequence[Draft]:
        """The documents in it. Raises Invalid, Unmapped."""

    def __init__(self, tools: Tools) -> None:
        self.codes = Codes(tools)
        self.tools = tools

    def same(self, one: Content, other: Content) -> bool:
        """Whether two contents say the same."""
        return json.same(tree_of(one), tree_of(other))

    def event(self, content: Content) -> Event:
        """The event, which must be of this reader's topic. Raises Invalid."""
        event = _converted(tree_of(content), Event)
        if event.topic != self.document:
            raise Invalid(
                f"an event of topic {event.topic} came as {self.document}",
                path="topic",
                value=event.topic,
                fix="push to a URL with ?document={topic}",
            )
        return event


class PickStatusReader(EventReader):
    """An event of an order on the floor to one pick state; every event is a document of its own."""

    document = "pick_status"

    def facts(self, content: Content) -> Facts:
        """The event's id, and the order that it is kept in order with. Raises Unreadable (422)."""
        tree = tree_of(content)
        return Facts(id=text(tree, "id"), order_by=_order_by(tree), parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        """One pick state. Raises Invalid, Unmapped."""
        self.tools.reads()  # What an earlier document read is not read for this one.
        event = self.event(content)
        if event.number is None or event.status is None:
            raise Invalid(
                "the event does not say which order it is about, and how far that is", path="number", fix=API
            )
        tree = present(
            warehouse_order=event.number,
            order=event.sales_order,
            site=self.codes.ours("site", event.site),
            state=self._state(event),
            at=event.at,
            lines=[self._line(line) for line in event.lines],
            extra=present(event=event.type, event_id=event.id, reason=event.reason),
        )
        parent = of_order(event.sales_order, event.number)
        return (Draft("pick_status", tree, event.id, self.tools.reads(), parent),)

    def _state(self, event: Event) -> str:
        """Our word for theirs: by the crosswalk `state` where it is on. Raises Unmapped for one that nobody knows."""
        status = str(event.status)
        ours = self.codes.ours("state", status)
        if event.type == "short" and ours == "acknowledged" and not event.reason:
            return "backordered"  # it lacks stock before anybody picked, and nobody ended it: it waits
        ours = STATES.get(ours, ours)
        if ours not in _KNOWN:
            raise Unmapped(
                f"nobody here knows the state {status} of the warehouse", crosswalk="state", value=status,
                path="status", fix="list `state` under crosswalks of the warehouse, and add a row for it",
            )  # fmt: skip
        return ours

    def _line(self, line: Line) -> Tree:
        lots = {pick.lot for pick in line.lots}
        return present(
            line=line.line,
            order_line=line.order_line,
            sku=line.sku,
            unit=self.codes.ours("unit", line.unit),
            picked=line.picked,
            short=line.short,
            # A line out of several lots has no one lot; the shipment tells which.
            lot=lots.pop() if len(lots) == 1 else None,
        )


class ShipmentReader(EventReader):
    """A `shipped` event to one shipment."""

    document = "shipment"

    def facts(self, content: Content) -> Facts:
        """The shipment's number, and the order that it is kept in order with. Raises Unreadable (422)."""
        tree = tree_of(content)
        return Facts(id=text(tree, "shipment.number"), order_by=_order_by(tree), parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        """One shipment. Raises Invalid, Unmapped."""
        self.tools.reads()  # What an earlier document read is not read for this one.
        event = self.event(content)
        shipment = event.shipment
        if shipment is None or event.number is None:
            raise Invalid(
                "the event does not say what was shipped, and for which order", path="shipment", fix=API
            )
        codes = self.codes
        tree = present(
            number=shipment.number,
            warehouse_order=event.number,
            order=event.sales_order,
            site=codes.ours("site", event.site),
            shipped_at=shipment.shipped_at,
            carrier=codes.ours_if("carrier", shipment.carrier),
            ship_method=codes.ours_if("ship_method", shipment.ship_method),
            tracking=shipment.tracking,
            complete=shipment.complete,
            lines=[self._line(line) for line in shipment.lines],
            packages=[self._package(package) for package in shipment.packages],
            extra={"event_id": event.id},
        )
        return (
            Draft(
                "shipment",
                tree,
                shipment.number,
                self.tools.reads(),
                of_order(event.sales_order, event.number),
            ),
        )

    def _line(self, line: ShippedLine) -> Tree:
        return present(
            line=line.line,
            order_line=line.order_line,
            sku=line.sku,
            quantity=line.quantity,
            ordered=line.ordered,
            unit=self.codes.ours("unit", line.unit),
            lot=line.lot,
            expires_on=line.expires_on,
        )

    def _package(self, package: Package) -> Tree:
        lines = [
            present(
                line=line.line,
                sku=line.sku,
                quantity=line.quantity,
                unit=self.codes.ours("unit", line.unit),
                lot=line.lot,
            )
            for line in package.lines
        ]
        return present(sscc=package.sscc, tracking=package.tracking, weight_kg=package.weight_kg, lines=lines)


class BalanceReader:
    """A stock level, bare from `/stock` or inside a `stock_changed` event, to one balance."""

    def __init__(self, tools: Tools) -> None:
        self.codes = Codes(tools)
        self.tools = tools

    def facts(self, content: Content) -> Facts:
        """The level's own id, and its sequence as version. Raises Unreadable (422)."""
        tree = tree_of(content)
        level = _level(tree)
        sequence = level.get("sequence")
        if not isinstance(sequence, int) or isinstance(sequence, bool):
            raise Unreadable(
                "the stock level has no sequence", status=422, path="sequence", value=sequence, fix=API
            )
        parts = [text(level, name) for name in ("site", "sku", "status")]
        optional = [text(level, name) if name in level else None for name in ("lot", "owner")]
        if abs(sequence) > VERSION_MAX:
            raise no_version(sequence, "sequence")
        return Facts(id=joined(*parts, *optional), version=sequence, parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        """One balance. Raises Invalid, Unmapped."""
        self.tools.reads()  # What an earlier document read is not read for this one.
        level = _converted(_level(tree_of(content)), StockLevel)
        codes = self.codes
        tree = present(
            sku=level.sku,
            site=codes.ours("site", level.site),
            status=codes.ours("stock_status", level.status),
            lot=level.lot,
            owner=level.owner,
            expires_on=level.expires_on,
            quantity=level.quantity,
            net=level.quantity - level.allocated,
            unit=codes.ours("unit", level.unit),
            as_of=level.as_of,
        )
        their_id = joined(level.site, level.sku, level.status, level.lot, level.owner)
        return (Draft("inventory_balance", tree, their_id, self.tools.reads()),)

    def same(self, one: Content, other: Content) -> bool:
        """Whether two contents say the same, whichever way they came."""
        return json.same(_level(tree_of(one)), _level(tree_of(other)))


def tree_of(content: Content) -> dict[str, Any]:
    """The content as a tree. Raises Unreadable."""
    tree = content.parsed if content.parsed is not None else json.decode(content.body)
    if not isinstance(tree, dict):
        raise Unreadable("the body is not a JSON object", status=422, path="id", fix=API)
    return cast("dict[str, Any]", tree)


def _converted(tree: dict[str, Any], shape: type[T]) -> T:
    """The tree as one of their types; a number in quotes is not a number. Raises Invalid."""
    try:
        return msgspec.convert(tree, shape, builtin_types=(Decimal,))
    except msgspec.ValidationError as error:
        says, _, path = str(error).partition(" - at `$")
        raise Invalid(
            f"this is not of the agreed shape: {says}", path=path.strip("`.") or "body", fix=API
        ) from None


def text(tree: dict[str, Any], path: str) -> str:
    """The text at a path of one or two names. Raises Unreadable (422)."""
    value: Any = tree
    for name in path.split("."):
        value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{path} is missing", status=422, path=path, fix=API)
    return id_part(value, path)


def _order_by(tree: dict[str, Any]) -> str | None:
    """The order whose events stay in order among each other. Raises Unreadable (422)."""
    name = "sales_order" if tree.get("sales_order") else "number"
    value = tree.get(name)
    return id_part(value, name) if isinstance(value, str) else None


def _level(tree: dict[str, Any]) -> dict[str, Any]:
    inner = tree.get("stock")
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else tree


def present(**facts: Any) -> Tree:
    """The facts without those that are None."""
    return {name: value for name, value in facts.items() if value is not None}
