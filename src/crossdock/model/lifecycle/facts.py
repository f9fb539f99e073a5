"""What each document tells of an order, taken out of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from crossdock.model.document import Document, Line
from crossdock.model.documents.billing import Invoice
from crossdock.model.documents.inventory import StockTransfer
from crossdock.model.documents.progress import OrderHold, TransportStatus
from crossdock.model.documents.purchase import DespatchAdvice, PurchaseOrder
from crossdock.model.documents.returns import ReturnAuthorisation, ReturnReceipt, ReturnToVendor
from crossdock.model.documents.sales import Cancellation, SalesOrder
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import PickedLine, PickStatus, WarehouseOrder, WarehouseOrderCancel
from crossdock.model.lifecycle.words import HoldKind, Told

_FROM_FLOOR = {
    # A warehouse that says of an order that it is released has it.
    "released": Told.ACKNOWLEDGED,
    "acknowledged": Told.ACKNOWLEDGED,
    "refused": Told.REFUSED,
    "backordered": Told.BACKORDERED,
    "allocated": Told.ALLOCATED,
    "picking": Told.PICKING,
    "picked": Told.PICKED,
    "packing": Told.PICKED,
    "packed": Told.PACKED,
    "shipped": Told.SHIPPED,
    "cancelled": Told.CANCEL_ACCEPTED,
}

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_ANSWERS = {"accepted": Told.CANCEL_ACCEPTED, "refused": Told.CANCEL_REFUSED, None: None}


class LineFact(NamedTuple):
    """So much of one line of the order, in `unit`; `short` could not be found."""

    line: str
    sku: str
    unit: str
    quantity: Decimal | None = None
    short: Decimal = Decimal()


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing told of an order. `at` is when it was so, where that was said."""

    told: Told
    source: str  #: kind and number of the document; the same source again takes its own place
    system: str = ""
    release: str = ""  #: the warehouse order it speaks of; none: the order, or its only release
    at: datetime | None = None
    version: int = 0
    about: str = ""  #: the shipment or invoice that it is about
    hold: HoldKind = HoldKind.FRAUD
    lines: tuple[LineFact, ...] = ()
    forced: bool = False  #: a person, or the hub's own sending, answers for it: nothing need come before it

    def __hash__(self) -> int:
        """By what tells facts of one order apart; going through all lines takes long."""
        return hash((self.told, self.source))


def facts_of(document: Document, system: str = "", version: int = 0) -> tuple[Fact, ...]:
    """What a document tells; nothing for one that is about something else."""
    if isinstance(document, PurchaseOrder | DespatchAdvice):
        return tuple(_bought(document, system, version))
    return tuple(_facts(document, system, version))


def _facts(document: Document, system: str, version: int) -> Iterator[Fact]:
    source = f"{document.kind}/{document.own_number()}"

    def fact(told: Told, **more: object) -> Fact:
        return Fact(told, source, system, version=version, **more)  # pyright: ignore[reportArgumentType]

    match document:
        case SalesOrder() | StockTransfer() | ReturnToVendor():
            # To the warehouse that sends it, a transfer or a return to a supplier is an order like any other.
            yield fact(Told.VALIDATED, lines=_lines(document.lines))
            for kind in document.holds if isinstance(document, SalesOrder) else ():
                at = _instant(getattr(document, "placed_at", None)) or _BEGINNING
                yield Fact(
                    Told.HOLD_SET, f"{source}/{kind}", system, at=at, version=version, hold=HoldKind(kind)
                )
        case WarehouseOrder():
            yield fact(Told.RELEASED, release=document.number, lines=_lines(document.lines))
        case PickStatus():
            yield from _from_floor(document, fact(_FROM_FLOOR[document.state]), system)
        case Shipment():
            told = Told.SHIPPED if document.is_whole() else Told.PART_SHIPPED
            place, at = document.warehouse_order or "", _instant(document.shipped_at)
            lines = _lines(document.lines)
            yield fact(told, release=place, at=at, about=document.number, lines=lines)
            if document.is_final():
                yield fact(Told.FINAL, release=place, at=at, about=document.number)
        case TransportStatus(state="delivered"):
            yield fact(Told.DELIVERED, at=document.at, about=document.shipment or "")
        case Invoice():
            told = Told.INVOICED if document.credit_of is None else Told.CREDITED
            yield fact(told, about=document.credit_of or document.shipment or "")
        case Cancellation():
            at = _instant(document.requested_at)
            lines = tuple(
                LineFact(str(one.line), one.sku, one.unit, _decimal(one.quantity)) for one in document.lines
            )
            yield fact(Told.AMEND_REQUESTED if lines else Told.CANCEL_REQUESTED, at=at, lines=lines)
        case WarehouseOrderCancel():
            at = _instant(document.requested_at)
            yield fact(Told.CANCEL_REQUESTED, release=document.number, at=at)
        case OrderHold():
            told = Told.HOLD_SET if document.state == "set" else Told.HOLD_LIFTED
            yield fact(told, at=document.at, hold=HoldKind(document.hold))
        case ReturnAuthorisation():
            yield fact(Told.RETURN_AUTHORISED)
        case ReturnReceipt():
            at = _instant(document.received_at)
            yield fact(Told.RETURN_RECEIVED, at=at, about=document.number, lines=_lines(document.lines))
        case _:
            return


def _bought(document: PurchaseOrder | DespatchAdvice, system: str, version: int) -> Iterator[Fact]:
    """Of a supplier that ships to the customer itself; one for our own shelves tells nothing of an order."""
    source = f"{document.kind}/{document.own_number()}"
    if isinstance(document, PurchaseOrder):
        lines = _lines(document.lines)
        yield Fact(Told.RELEASED, source, system, document.number, version=version, lines=lines)
        return
    place, at = document.purchase_order or "", _instant(document.shipped_at)
    left = Fact(Told.PART_SHIPPED, source, system, place, at, version, document.number)
    yield replace(left, lines=_lines(document.lines))
    yield replace(left, told=Told.FINAL)


def _from_floor(document: PickStatus, plain: Fact, system: str) -> Iterator[Fact]:
    # Every report of one release is a document of its own, whatever its number.
    source = f"{plain.source}/{document.state}/{document.at.isoformat()}"
    place = document.warehouse_order
    answer = _ANSWERS[document.cancellation]
    if document.state != "cancelled" or answer is None:
        yield Fact(
            plain.told,
            source,
            system,
            place,
            document.at,
            plain.version,
            lines=tuple(_picked(document.lines)),
        )
    if answer is not None:
        yield Fact(answer, f"{source}/cancellation", system, place, document.at, plain.version)


def _picked(lines: Iterable[PickedLine]) -> Iterator[LineFact]:
    for one in lines:
        short = Decimal(one.short or 0)
        yield LineFact(_line(one), one.sku, one.unit, Decimal(one.picked), short)


def _lines(lines: Iterable[Line]) -> tuple[LineFact, ...]:
    return tuple(
        LineFact(_line(one), one.sku, one.unit, _decimal(one.__dict__.get("quantity"))) for one in lines
    )


def _line(line: Line) -> str:
    """The order's own line, where the line names it."""
    own = line.__dict__.get("order_line")
    return str(line.line if own is None else own)


def _decimal(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _instant(value: object) -> datetime | None:
    """An instant; a bare day tells no order within it."""
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else None
