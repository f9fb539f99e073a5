"""What a warehouse is asked to do and how far it got: release, cancel, wave, pick status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from crossdock.model.document import Document, DocumentClass, Line, Measured, in_lines
from crossdock.model.documents.party import Address, PartyRef
from crossdock.model.documents.sales import SalesOrder, refuse_twin_lines
from crossdock.model.fields import (
    Code,
    LineId,
    Lines,
    NotNegative,
    PersonalNotes,
    Positive,
    Several,
    Text,
)
from crossdock.model.moments import Day, Instant, When
from crossdock.model.quantity import Quantity

PickState = Literal[
    "released", "acknowledged", "refused", "backordered", "allocated", "picking", "picked", "packing", "packed",
    "shipped", "cancelled",
]  # fmt: skip


class WarehouseOrderLine(Line):
    """So much of one item to be picked."""

    order_line: LineId | None = Field(None, description="The sales order's line.")
    quantity: Positive = Field(description="How much to pick, in `unit`.")
    lot: Code | None = Field(None, description="The lot to pick from, where one is prescribed.")
    substitute_for: Code | None = Field(None, description="The item that this one replaces.")
    gift: bool | None = Field(None, description="Whether it is wrapped as a gift.")
    gift_message: Text | None = Field(None, description="What the gift card says.")
    hazardous: bool | None = Field(None, description="Whether its item is dangerous to carry.")

    def amount(self) -> Quantity:
        """The quantity with its unit."""
        return Quantity.of(self.quantity, self.unit)


class WarehouseOrder(Document):
    """An order released to one warehouse."""

    kind: ClassVar[str] = "warehouse_order"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The release's number.")
    order: Code | None = Field(None, description="The sales order it fulfils.")
    site: Code | None = Field(None, description="The warehouse.")
    customer: PartyRef | None = Field(None, description="Who ordered.")
    ship_to: Address | None = Field(None, description="Where the goods go.")
    ship_method: Code | None = Field(None, description="Carrier service, in our words.")
    released_at: When | None = Field(None, description="When it was released.")
    requested_at: When | None = Field(None, description="When the goods must leave or arrive.")
    release_at: Instant | None = Field(None, description="It is not released before.")
    promised_ship_on: Day | None = Field(None, description="The day on which it is to leave.")
    ship_until_at: When | None = Field(None, description="End of the ship window.")
    backorder_of: Code | None = Field(None, description="The warehouse order whose rest this is.")
    priority: Code | None = Field(None, description="How urgent, in our words.")
    reference: Code | None = Field(None, description="The buyer's own order number.")
    notes: PersonalNotes | None = Field(None, description="Words for the floor.")
    lines: Lines[WarehouseOrderLine] = Field(description="What to pick.")

    def own_number(self) -> str:
        """The release's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order, where it is known."""
        return None if self.order is None else (SalesOrder.kind, self.order)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The lines to pick."""
        return in_lines(self.lines)

    def rules(self) -> None:
        """Lines have names of their own; the goods can be delivered."""
        refuse_twin_lines(self.lines)
        if self.ship_to is not None:
            self.ship_to.refuse_bad("ship_to")


class WarehouseOrderCancel(Document):
    """The wish that a warehouse stop working on an order."""

    kind: ClassVar[str] = "warehouse_order_cancel"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The warehouse order to stop.")
    order: Code | None = Field(None, description="The sales order.")
    site: Code | None = Field(None, description="The warehouse.")
    reason: Text | None = Field(None, description="Why.")
    requested_at: When | None = Field(None, description="When it was asked for.")

    def own_number(self) -> str:
        """The number of the warehouse order."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order where it is known, else the warehouse order."""
        return of_order(self.order, self.number)


class Wave(Document):
    """Warehouse orders released to the floor together."""

    kind: ClassVar[str] = "wave"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The wave's number.")
    site: Code = Field(description="The warehouse.")
    at: Instant = Field(description="When it was released.")
    warehouse_orders: Lines[Code] = Field(description="The warehouse orders in it.")

    def own_number(self) -> str:
        """The wave's number."""
        return self.number


class PickedLine(Line):
    """How far one line got."""

    picked: NotNegative = Field(description="How much was picked, in `unit`.")
    short: NotNegative | None = Field(None, description="How much could not be found.")
    order_line: LineId | None = Field(None, description="The sales order's line.")
    lot: Code | None = Field(None, description="The lot that was picked from.")
    serials: Several[Code] = Field((), description="Serial numbers picked.")


class PickStatus(Document):
    """What a warehouse reports of an order on its floor."""

    kind: ClassVar[str] = "pick_status"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    warehouse_order: Code = Field(description="The warehouse order.")
    order: Code | None = Field(None, description="The sales order.")
    site: Code | None = Field(None, description="The warehouse.")
    state: PickState = Field(description="How far it is.")
    cancellation: Literal["accepted", "refused"] | None = Field(
        None, description="The warehouse's answer to a cancellation, where this is one."
    )
    at: Instant = Field(description="When that was so.")
    lines: Several[PickedLine] = Field((), description="The lines that moved.")

    def own_number(self) -> str:
        """The number of the warehouse order."""
        return self.warehouse_order

    def parent(self) -> tuple[str, str] | None:
        """The sales order where it is known, else the warehouse order."""
        return of_order(self.order, self.warehouse_order)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The lines that moved."""
        return in_lines(self.lines)


class Location(Document):
    """A place in a warehouse: bin, aisle, zone."""

    kind: ClassVar[str] = "location"
    document_class: ClassVar[DocumentClass] = DocumentClass.STATE

    site: Code = Field(description="The warehouse.")
    code: Code = Field(description="The place's code there.")
    zone: Code | None = Field(None, description="Zone.")
    aisle: Code | None = Field(None, description="Aisle.")
    bin: Code | None = Field(None, description="Bin.")
    use: Literal["receiving", "storage", "picking", "packing", "shipping", "hold"] | None = Field(
        None, description="What happens there."
    )
    status: Literal["active", "blocked"] | None = Field(None, description="Whether it may be used.")

    def own_number(self) -> str:
        """Site and code."""
        return joined(self.site, self.code)


def of_order(order: str | None, warehouse_order: str | None) -> tuple[str, str] | None:
    """The sales order where it is known, else the warehouse order."""
    if order is not None:
        return SalesOrder.kind, order
    return None if warehouse_order is None else (WarehouseOrder.kind, warehouse_order)


def joined(*parts: str | None) -> str:
    """Codes as one number, `:` between them, so that no two different lists look the same."""
    while parts and parts[-1] is None:
        parts = parts[:-1]
    return ":".join("" if part is None else part.replace("%", "%25").replace(":", "%3A") for part in parts)
