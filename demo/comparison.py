"""The ERP's own records held against the warehouse's, line by line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from demo.tryton.sales import SaleRecord, ShipmentRecord

#: Units as both sides call them -> our word for them here, and how many pieces that is.
PIECES = {"u": ("EA", 1), "EA": ("EA", 1), "cs12": ("CS", 12), "CS": ("CS", 12)}
NOTHING = Decimal(0)

#: Lot and tracking number -> pieces.
Parcels = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of one release as both sides have it; quantities in `unit`, parcels in pieces."""

    sale: str
    release: str
    line: str
    sku: str
    unit: str
    ordered: Decimal
    there: Decimal  #: shipped by the warehouse's records
    here: Decimal  #: shipped by the ERP's records
    parcels_there: Parcels
    parcels_here: Parcels
    rest: str  #: the back-order of the ERP that has what is missing, and how much
    agrees: bool
    says: str
    incident: str = ""  #: what explains a row that does not agree

    @property
    def fine(self) -> bool:
        """Whether both sides agree, or somebody has it on the desk."""
        return self.agrees or bool(self.incident)


@dataclass(slots=True)
class Verdict:
    """The rows, and what was counted from the records of both sides."""

    rows: list[Row]
    created: int = 0  #: orders that the warehouse made
    cancelled: int = 0
    shipped: int = 0  #: shipments that left the warehouse
    booked: int = 0  #: shipments that the ERP shows as done
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether there is nothing to look at."""
        return not (self.lost or self.twice or self.out_of_order) and all(row.fine for row in self.rows)


def compare(
    sales: Sequence[SaleRecord], warehouse: Mapping[str, Any], incidents: Sequence[Mapping[str, Any]]
) -> Verdict:
    """All rows, sale by sale, and the counts. `warehouse` is the state that the warehouse tells."""
    orders = {order["number"]: order for order in warehouse["orders"]}
    desk = {(one["object"], one["number"]): one["id"] for one in incidents}
    ordered_sales = sorted(sales, key=lambda sale: sale.id)
    rows = [
        row
        for sale in ordered_sales
        for shipment in sale.shipments
        for row in _release(sale, shipment, orders, desk)
    ]
    kinds = Counter(effect["kind"] for effect in warehouse["effects"])
    verdict = Verdict(
        rows,
        created=kinds["order_created"],
        cancelled=kinds["order_cancelled"],
        shipped=sum(len(order["shipments"]) for order in orders.values()),
        booked=sum(shipment.state == "done" for sale in sales for shipment in sale.shipments),
    )
    verdict.lost = list(_lost(ordered_sales, orders, desk))
    verdict.twice = list(_twice(ordered_sales, warehouse["effects"]))
    verdict.out_of_order = list(_out_of_order(ordered_sales, warehouse["effects"]))
    return verdict


# -- one release ---------------------------------------------------------------


def _release(
    sale: SaleRecord, shipment: ShipmentRecord, orders: Mapping[str, Any], desk: Mapping[tuple[str, str], str]
) -> Iterator[Row]:
    order = orders.get(shipment.number or "")
    here: dict[str, Parcels] = {}
    items: dict[str, tuple[str, str]] = {}
    for move in shipment.moves:
        unit, pieces = PIECES[move.unit]
        items[move.line] = (move.sku, unit)
        here.setdefault(move.line, Counter())[move.lot or "", move.tracking or ""] += int(
            move.quantity * pieces
        )
    there = _parcels_of(order)
    asked = {str(line["line"]): line for line in order["asked"]["lines"]} if order else {}
    items |= {name: (line["sku"], PIECES[line["unit"]][0]) for name, line in asked.items()}
    for name in sorted(items, key=_line_key):
        sku, unit = items[name]
        yield _row(sale, shipment, order, name, sku, unit, asked.get(name), there, here, orders, desk)


def _row(
    sale: SaleRecord, shipment: ShipmentRecord, order: Mapping[str, Any] | None, name: str, sku: str, unit: str,
    asked: Mapping[str, Any] | None, there: Mapping[str, Parcels], here: Mapping[str, Parcels],
    orders: Mapping[str, Any], desk: Mapping[tuple[str, str], str],
) -> Row:  # fmt: skip
    size = PIECES[unit][1]
    done = shipment.state == "done"
    left, booked = there.get(name, Counter()), here.get(name, Counter()) if done else Counter()
    open_here = Decimal(here.get(name, Counter()).total()) / size
    ordered = Decimal(str(asked["quantity"])) if asked else open_here
    shipped, shown = Decimal(left.total()) / size, Decimal(booked.total()) / size
    rest, rest_quantity = _rest(sale, shipment, name, orders) if done and shown < ordered else ("", NOTHING)
    says = _difference(shipment, order, left, booked)
    if not says and done and ordered - shown != rest_quantity:
        says = f"{ordered - shown} missing, {rest_quantity} on back-order"
    incident = _incident(shipment, order, desk) if says else ""
    return Row(
        sale.number, shipment.number or "", name, sku, unit, ordered, shipped, shown, left, booked, rest,
        not says, says or _agreement(shipment, order, ordered, shown, rest), incident,
    )  # fmt: skip


def _difference(
    shipment: ShipmentRecord, order: Mapping[str, Any] | None, left: Parcels, booked: Parcels
) -> str:
    """What the two records do not agree on; empty when they do."""
    if order is None:
        return "" if shipment.state == "draft" else "the warehouse does not have this release"
    if shipment.state == "cancelled" and order["status"] != "cancelled":
        return "cancelled too late" if order["status"] == "shipped" else "cancelled in the ERP only"
    if shipment.state != "done":
        return "left the warehouse, not booked in the ERP" if left else ""
    if +left == +booked:
        return ""
    if _by(left, 0) == _by(booked, 0):
        return "other tracking numbers"
    return "other quantities" if left.total() != booked.total() else "other lots"


def _agreement(
    shipment: ShipmentRecord, order: Mapping[str, Any] | None, ordered: Decimal, shown: Decimal, rest: str
) -> str:
    if shipment.state == "cancelled":
        return "both cancelled it"
    if shipment.state != "done":
        return "both wait for stock" if order and order["status"] == "acknowledged" else "open on both sides"
    return "agrees" if shown == ordered else f"short, rest on {rest.partition(' ')[0]}"


def _rest(
    sale: SaleRecord, shipment: ShipmentRecord, name: str, orders: Mapping[str, Any]
) -> tuple[str, Decimal]:
    """The next release of the same sale that has this line, and how much of it is asked for there."""
    for later in sale.shipments:
        if later.id <= shipment.id:
            continue
        order = orders.get(later.number or "")
        if order is not None:
            found = [line for line in order["asked"]["lines"] if str(line["line"]) == name]
            quantity = sum((Decimal(str(line["quantity"])) for line in found), NOTHING)
        else:
            quantity = sum((move.quantity for move in later.moves if move.line == name), NOTHING)
        if quantity:
            return f"{later.number} {quantity:f}", quantity
    return "", NOTHING


def _incident(
    shipment: ShipmentRecord, order: Mapping[str, Any] | None, desk: Mapping[tuple[str, str], str]
) -> str:
    names = [("warehouse_order_cancel", shipment.number or ""), ("warehouse_order", shipment.number or "")]
    names += [("shipment", one["number"]) for one in (order or {}).get("shipments", ())]
    return next((desk[name] for name in names if name in desk), "")


def _parcels_of(order: Mapping[str, Any] | None) -> dict[str, Parcels]:
    """Pieces by line, lot and tracking number, as they lie in the packages that left."""
    found: dict[str, Parcels] = {}
    for shipment in order["shipments"] if order else ():
        for package in shipment["packages"]:
            for line in package["lines"]:
                size = PIECES[line["unit"]][1]
                place = (line.get("lot", ""), package.get("tracking", ""))
                found.setdefault(str(line["line"]), Counter())[place] += int(
                    Decimal(str(line["quantity"])) * size
                )
    return found


def _by(parcels: Parcels, part: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for key, pieces in parcels.items():
        found[key[part]] += pieces
    return found


def _line_key(name: str) -> tuple[int, str]:
    head = name.partition(".")[0]
    return (int(head), name) if head.isdigit() else (1 << 30, name)


# -- counts --------------------------------------------------------------------


def _lost(
    sales: Sequence[SaleRecord], orders: Mapping[str, Any], desk: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    """Releases that never came, and shipments that left and were never booked, unless they are on the desk."""
    for sale in sales:
        for shipment in sale.shipments:
            number = shipment.number or ""
            order = orders.get(number)
            if order is None and shipment.state != "draft" and ("warehouse_order", number) not in desk:
                yield f"{number} never reached the warehouse"
            for left in order["shipments"] if order else ():
                booked = shipment.state == "done" and shipment.reference == left["number"]
                if not booked and ("shipment", left["number"]) not in desk:
                    yield f"{left['number']} of {number} left and is not booked in the ERP"
    known = {shipment.number for sale in sales for shipment in sale.shipments}
    yield from (f"{number} is not in the ERP" for number in orders if number not in known)


def _twice(sales: Sequence[SaleRecord], effects: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Effects that a document had more than once, on either side."""
    for (kind, number), count in Counter((e["kind"], e["number"]) for e in effects).items():
        if count > 1 and kind in ("order_created", "order_cancelled", "stock_adjusted"):
            yield f"{kind} {number} {count} times in the warehouse"
    booked = Counter(s.reference for sale in sales for s in sale.shipments if s.state == "done")
    yield from (f"{number} booked {count} times in the ERP" for number, count in booked.items() if count > 1)
    for sale in sales:
        ordered = {str(line): quantity * PIECES[unit][1] for line, _, quantity, unit in sale.lines}
        left: Counter[str] = Counter()
        for shipment in sale.shipments:
            for move in shipment.moves if shipment.state == "done" else ():
                left[move.line] += int(move.quantity * PIECES[move.unit][1])
        for line, pieces in left.items():
            if line in ordered and pieces > ordered[line]:
                yield f"{pieces} of {ordered[line]} pieces of {sale.number} line {line} left"


def _out_of_order(sales: Sequence[SaleRecord], effects: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the warehouse did of one sale in another order than the ERP asked for it."""
    place = {(effect["kind"], effect["number"]): effect["effect"] for effect in reversed(effects)}
    for sale in sales:
        made = [
            (place[key], s.number) for s in sale.shipments if (key := ("order_created", s.number)) in place
        ]
        if [number for _, number in sorted(made)] != [number for _, number in made]:
            yield f"the releases of {sale.number} came as {', '.join(str(n) for _, n in sorted(made))}"
        for shipment in sale.shipments:
            cancelled = place.get(("order_cancelled", shipment.number))
            if cancelled is not None and cancelled < place.get(("order_created", shipment.number), 0):
                yield f"{shipment.number} was cancelled before it was made"
