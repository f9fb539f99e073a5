"""What a customer asks for: the sales order, its cancellation, the stock set aside for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from crossdock.faults import Invalid
from crossdock.model.document import Document, DocumentClass, Line, Measured, in_lines
from crossdock.model.documents.party import Address, PartyRef
from crossdock.model.fields import (
    Code,
    Currency,
    LineId,
    Lines,
    Number,
    PersonalNotes,
    PersonalText,
    Positive,
    Several,
    Text,
)
from crossdock.model.moments import Day, When
from crossdock.model.money import Money
from crossdock.model.quantity import Quantity


class OrderLine(Line):
    """So much of one item, asked for."""

    quantity: Positive = Field(description="How much, in `unit`; more than nothing.")
    price: Number | None = Field(None, description="Price of one `unit`, before tax; with `currency`.")
    currency: Currency | None = Field(None, description="Currency of the price, ISO 4217.")
    name: Text | None = Field(None, description="The item as the buyer read it.")
    lot: Code | None = Field(None, description="The lot that was asked for.")
    requested_at: When | None = Field(None, description="When the buyer wants this line.")
    substitute_for: Code | None = Field(None, description="The item that this one replaces.")
    gift: bool | None = Field(None, description="Whether it is wrapped as a gift.")
    gift_message: Text | None = Field(None, description="What the gift card says.")

    def amount(self) -> Quantity:
        """The quantity with its unit."""
        return Quantity.of(self.quantity, self.unit)

    def money(self) -> Money | None:
        """The price of one unit with its currency; None without a price."""
        if self.price is None or self.currency is None:
            return None
        return Money.of(self.price, self.currency)


class SalesOrder(Document):
    """An order that a customer placed."""

    kind: ClassVar[str] = "sales_order"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The order's number.")
    placed_at: When | None = Field(None, description="When the customer placed it.")
    customer: PartyRef | None = Field(None, description="Who ordered.")
    ship_to: Address | None = Field(None, description="Where the goods go.")
    bill_to: Address | None = Field(None, description="Where the invoice goes.")
    ship_method: Code | None = Field(None, description="Carrier service, in our words.")
    order_type: Code | None = Field(None, description="Such as `b2c`, `b2b`, `drop_ship`, `preorder`.")
    site: Code | None = Field(None, description="The warehouse it is meant for, where the seller chose one.")
    reference: Code | None = Field(None, description="The buyer's own order number.")
    promise: Code | None = Field(None, description="The promise under which its stock is already set aside.")
    requested_at: When | None = Field(None, description="When the buyer wants it.")
    ship_from_at: When | None = Field(None, description="Start of the ship window.")
    ship_until_at: When | None = Field(None, description="End of the ship window.")
    ship_complete: bool | None = Field(None, description="True: all in one shipment, or nothing yet.")
    holds: Several[Literal["fraud", "credit", "edit_window"]] = Field(
        (), description="Why it must not be released yet; `order_hold` lifts them."
    )
    routing_code: Code | None = Field(None, description="Routing code of the buyer's routing guide.")
    notes: PersonalNotes | None = Field(None, description="Words for people.")
    lines: Lines[OrderLine] = Field(description="What was ordered.")

    def own_number(self) -> str:
        """The order's number."""
        return self.number

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The order lines."""
        return in_lines(self.lines)

    def rules(self) -> None:
        """Lines have names of their own, prices a currency, addresses can be delivered to."""
        refuse_twin_lines(self.lines)
        refuse_bare_prices(self.lines)
        if self.ship_to is not None:
            self.ship_to.refuse_bad("ship_to")
        if self.bill_to is not None:
            self.bill_to.refuse_bad("bill_to")


class CancelledLine(Line):
    """A line that is no longer wanted, whole or in part."""

    quantity: Positive | None = Field(None, description="How much is no longer wanted; absent: all of it.")


class Cancellation(Document):
    """The wish that an order, or some of its lines, be not fulfilled."""

    kind: ClassVar[str] = "cancellation"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The cancellation's number, or the order's where it has none.")
    order: Code = Field(description="The sales order.")
    reason: PersonalText | None = Field(None, description="Why.")
    requested_at: When | None = Field(None, description="When it was asked for.")
    lines: Several[CancelledLine] = Field((), description="The lines; none: the whole order.")

    def own_number(self) -> str:
        """The cancellation's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order."""
        return SalesOrder.kind, self.order

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The cancelled lines."""
        return in_lines(self.lines)


class ReservedLine(Line):
    """Stock set aside for one order line."""

    order_line: LineId | None = Field(None, description="The order's line.")
    quantity: Positive = Field(description="How much is set aside.")
    lot: Code | None = Field(None, description="From this lot.")


class Reservation(Document):
    """Stock set aside for an order at a site."""

    kind: ClassVar[str] = "reservation"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The reservation's number.")
    order: Code = Field(description="The sales order.")
    site: Code = Field(description="Where the stock is.")
    until: Day | None = Field(None, description="The last day it is kept.")
    lines: Lines[ReservedLine] = Field(description="What is set aside.")

    def own_number(self) -> str:
        """The reservation's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order."""
        return SalesOrder.kind, self.order

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The reserved lines."""
        return in_lines(self.lines)


def refuse_twin_lines(lines: tuple[Line, ...]) -> None:
    """Raises Invalid when two lines have one name: nothing later could say which was shipped."""
    if len({line.line for line in lines}) == len(lines) and all(type(line.line) is int for line in lines):
        return
    seen: dict[str, int] = {}
    for index, line in enumerate(lines):
        first = seen.setdefault(str(line.line), index)
        if first != index:
            raise Invalid(
                f"line {line.line} stands here and at lines[{first}]",
                path=f"lines[{index}].line",
                value=line.line,
                fix="give each line a number of its own",
            )


def refuse_bare_prices(lines: tuple[OrderLine, ...]) -> None:
    """Raises Invalid for a price without a currency."""
    for index, line in enumerate(lines):
        if line.price is not None and line.currency is None:
            raise Invalid(
                "a price without a currency",
                path=f"lines[{index}].currency",
                fix="map the currency, or write the site's own into the mapping",
            )
