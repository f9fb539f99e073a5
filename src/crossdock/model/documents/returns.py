"""Goods on their way back: return authorisation, return receipt, return to vendor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from crossdock.model.document import Document, DocumentClass, Line, Measured, in_lines
from crossdock.model.documents.inventory import StockStatus
from crossdock.model.documents.party import Address, PartyRef
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.fields import (
    Code,
    LineId,
    Lines,
    NotNegative,
    PersonalText,
    Positive,
    Several,
)
from crossdock.model.moments import When


class ReturnLine(Line):
    """So much of one item that may come back."""

    order_line: LineId | None = Field(None, description="The sales order's line.")
    quantity: Positive = Field(description="How much, in `unit`.")
    reason: Code | None = Field(None, description="Why, in our words.")
    lot: Code | None = Field(None, description="The lot.")
    serials: Several[Code] = Field((), description="Serial numbers.")


class ReturnAuthorisation(Document):
    """The leave for a customer to send goods back (RMA)."""

    kind: ClassVar[str] = "return_authorisation"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The authorisation's number.")
    order: Code | None = Field(None, description="The sales order.")
    site: Code | None = Field(None, description="The warehouse that takes the goods.")
    customer: PartyRef | None = Field(None, description="Who sends them.")
    ship_from: Address | None = Field(None, description="From where.")
    expires_at: When | None = Field(None, description="Until when it holds.")
    lines: Lines[ReturnLine] = Field(description="What may come back.")

    def own_number(self) -> str:
        """The authorisation's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order, where it is known."""
        return None if self.order is None else (SalesOrder.kind, self.order)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The lines that may come back."""
        return in_lines(self.lines)


class ReturnedLine(Line):
    """What came back of one line, and what became of it."""

    quantity: NotNegative = Field(description="How much came back, in `unit`.")
    order_line: LineId | None = Field(None, description="The sales order's line.")
    status: StockStatus | None = Field(None, description="The state it was put away in.")
    outcome: Literal["restock", "repair", "scrap", "return_to_vendor"] | None = Field(
        None, description="What becomes of it."
    )
    lot: Code | None = Field(None, description="The lot.")
    serials: Several[Code] = Field((), description="Serial numbers.")


class ReturnReceipt(Document):
    """What a customer sent back, as the warehouse found it."""

    kind: ClassVar[str] = "return_receipt"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The receipt's number.")
    return_authorisation: Code | None = Field(None, description="The authorisation.")
    order: Code | None = Field(None, description="The sales order.")
    site: Code = Field(description="The warehouse.")
    received_at: When = Field(description="When it came in.")
    lines: Lines[ReturnedLine] = Field(description="What came back.")

    def own_number(self) -> str:
        """The receipt's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order where it is known, else the authorisation."""
        if self.order is not None:
            return SalesOrder.kind, self.order
        if self.return_authorisation is None:
            return None
        return ReturnAuthorisation.kind, self.return_authorisation

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The returned lines."""
        return in_lines(self.lines)


class VendorReturnLine(ReturnLine):
    """So much of one item that goes back to its supplier."""

    status: StockStatus | None = Field(
        None, description="The state of stock that it is taken from; absent: available."
    )


class ReturnToVendor(Document):
    """Goods to be sent back to their supplier (RTV). It goes its own way: one purchase may have several."""

    kind: ClassVar[str] = "return_to_vendor"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The return's number.")
    purchase_order: Code | None = Field(None, description="The purchase order.")
    supplier: PartyRef | None = Field(None, description="Who gets them back.")
    ship_to: Address | None = Field(None, description="Where the supplier takes them, for the label.")
    site: Code | None = Field(None, description="The warehouse they leave.")
    note: PersonalText | None = Field(None, description="Words for the supplier.")
    lines: Lines[VendorReturnLine] = Field(description="What goes back.")

    def own_number(self) -> str:
        """The return's number."""
        return self.number

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The lines that go back."""
        return in_lines(self.lines)
