"""What is charged: the invoice to a customer, the billing event to a 3PL client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from crossdock.model.document import Document, DocumentClass, Line, Measured, Part, in_lines
from crossdock.model.documents.party import Address, PartyRef
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.fields import (
    Code,
    Currency,
    LineId,
    Lines,
    NotNegative,
    Number,
    PersonalText,
    Several,
    UnitCode,
)
from crossdock.model.moments import Day, Instant, When


class InvoiceLine(Line):
    """What is charged for one line."""

    order_line: LineId | None = Field(None, description="The sales order's line.")
    quantity: Number = Field(description="How much is charged, in `unit`; below nothing for a credit.")
    price: Number = Field(description="Price of one `unit`, before tax.")
    tax_rate: NotNegative | None = Field(None, description="Tax, per cent.")
    total: Number | None = Field(None, description="The line's amount before tax.")


class Tax(Part):
    """The tax of one rate."""

    rate: NotNegative | None = Field(None, description="Per cent.")
    code: Code | None = Field(None, description="Tax code.")
    base: Number | None = Field(None, description="The amount it is taken on.")
    amount: Number = Field(description="The tax.")


class Invoice(Document):
    """What a customer owes for what was shipped."""

    kind: ClassVar[str] = "invoice"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The invoice's number.")
    order: Code | None = Field(None, description="The sales order.")
    shipment: Code | None = Field(None, description="The shipment it charges.")
    credit_of: Code | None = Field(None, description="The invoice that this one takes back.")
    customer: PartyRef | None = Field(None, description="Who owes.")
    bill_to: Address | None = Field(None, description="Where it is sent.")
    invoiced_on: Day | None = Field(None, description="Its date.")
    due_on: Day | None = Field(None, description="When it must be paid.")
    currency: Currency = Field(description="Currency of every amount here, ISO 4217.")
    taxes: Several[Tax] = Field((), description="Tax by rate.")
    total: Number | None = Field(None, description="What is owed, with tax.")
    lines: Lines[InvoiceLine] = Field(description="What is charged.")

    def own_number(self) -> str:
        """The invoice's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order where it is known, else the shipment."""
        if self.order is not None:
            return SalesOrder.kind, self.order
        return None if self.shipment is None else ("shipment", self.shipment)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The charged lines."""
        return in_lines(self.lines)


class BillingEvent(Document):
    """Work that a warehouse charges a client for."""

    kind: ClassVar[str] = "billing_event"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The event's number.")
    client: Code = Field(description="The client who pays.")
    site: Code | None = Field(None, description="The warehouse.")
    activity: Code = Field(description="What was done, in our words: pick, pack, store, receive.")
    quantity: Number = Field(description="How much of it.")
    unit: UnitCode = Field(description="Of what: pieces, pallets, days.")
    price: Number | None = Field(None, description="Price of one `unit`.")
    currency: Currency | None = Field(None, description="Currency, ISO 4217.")
    order: Code | None = Field(None, description="The sales order it was done for.")
    at: Instant = Field(description="When.")
    period: When | None = Field(None, description="The billing period's first day.")
    note: PersonalText | None = Field(None, description="Words for the bill.")

    def own_number(self) -> str:
        """The event's number."""
        return self.number
