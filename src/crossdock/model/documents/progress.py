"""What is said about an order on its way: holds, arrival, and the hub's own word on how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from crossdock.model.document import Document, DocumentClass, Line, Measured, Part, in_lines
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import joined
from crossdock.model.fields import (
    Code,
    LineId,
    NotNegative,
    PersonalText,
    Positive,
    Several,
    Text,
)
from crossdock.model.moments import Day, Instant, When


class OrderHold(Document):
    """A reason not to release an order, set or lifted."""

    kind: ClassVar[str] = "order_hold"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    order: Code = Field(description="The sales order.")
    hold: Literal["fraud", "credit", "edit_window"] = Field(description="Why it is held.")
    state: Literal["set", "lifted"] = Field(description="Whether it is set or lifted.")
    at: Instant = Field(description="When that was so; the latest counts.")
    reason: Text | None = Field(None, description="Words for people.")

    def own_number(self) -> str:
        """Order and kind of hold."""
        return joined(self.order, self.hold)

    def parent(self) -> tuple[str, str] | None:
        """The sales order."""
        return SalesOrder.kind, self.order


class TransportStatus(Document):
    """Where a carrier has a shipment."""

    kind: ClassVar[str] = "transport_status"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The report's number, or the shipment's where it has none.")
    shipment: Code | None = Field(None, description="The shipment.")
    order: Code | None = Field(None, description="The sales order.")
    state: Literal["in_transit", "out_for_delivery", "delivered", "failed"] = Field(
        description="Where it is."
    )
    at: Instant = Field(description="When that was so.")
    tracking: Code | None = Field(None, description="The carrier's number.")
    signed_by: PersonalText | None = Field(None, description="Who took it.")

    def own_number(self) -> str:
        """The report's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order where it is known, else the shipment."""
        if self.order is not None:
            return SalesOrder.kind, self.order
        return None if self.shipment is None else (Shipment.kind, self.shipment)


class PartLine(Measured):
    """So much of one line of an order, in one part of it."""

    order_line: LineId | None = Field(None, description="The order's line.")
    quantity: Positive = Field(description="How much, in `unit`.")
    substitute_for: Code | None = Field(None, description="The item that this one replaces.")


class LineStatus(Line):
    """How far one line of an order is, in the order's own unit."""

    ordered: NotNegative = Field(description="How much was ordered.")
    allocated: NotNegative = Field(description="How much is set aside.")
    picked: NotNegative = Field(description="How much was taken from the shelf.")
    packed: NotNegative = Field(description="How much is in cartons.")
    shipped: NotNegative = Field(description="How much left.")
    backordered: NotNegative = Field(description="How much the warehouse lacks.")
    cancelled: NotNegative = Field(description="How much will not leave any more.")
    returned: NotNegative = Field(description="How much came back.")
    state: Code = Field(description="In one word.")


class OrderPart(Part):
    """What one site or supplier ships of an order."""

    number: Code = Field(description="The number of the warehouse order or purchase order.")
    site: Code | None = Field(None, description="The site, or the supplier; none: it waits for stock.")
    state: Code = Field(description="How far it is.")
    ship_on: Day | None = Field(None, description="The day on which it is to leave.")
    lines: Several[PartLine] = Field((), description="What it ships.")


class OrderStatus(Document):
    """How far an order is, as the hub knows it: told to whoever must know the truth."""

    kind: ClassVar[str] = "order_status"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="Order and occasion.")
    order: Code = Field(description="The sales order.")
    occasion: Code = Field(description="What made the hub tell it.")
    state: Code = Field(description="The order in one word, as in the trace.")
    fulfilment: Code = Field(description="How far the goods are.")
    billing: Code = Field(description="Whether it may be charged, or was.")
    cancellation: Code = Field(description="What became of its cancellation.")
    amendment: Code = Field(description="What became of a change after the release.")
    returned: Code = Field(description="What became of goods that come back.")
    holds: Several[Code] = Field((), description="The holds that are set.")
    closed: bool = Field(description="Whether all of that has ended.")
    reason: Text | None = Field(None, description="Words for people.")
    as_of: When | None = Field(None, description="When the hub told it.")
    lines: Several[LineStatus] = Field((), description="Line by line.")
    parts: Several[OrderPart] = Field((), description="Part by part, where the hub routes orders.")

    def own_number(self) -> str:
        """Order and occasion."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order."""
        return SalesOrder.kind, self.order

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The lines."""
        return in_lines(self.lines)
