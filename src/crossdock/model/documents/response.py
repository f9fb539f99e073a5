"""What is said of something that was sent: the response to an order, the acknowledgement of an interchange."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from crossdock.model.document import Document, DocumentClass, Line, Measured, Part, in_lines
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.fields import (
    Code,
    Currency,
    LineId,
    NotNegative,
    Number,
    PersonalText,
    Several,
    Text,
)
from crossdock.model.moments import When

#: How a whole was taken.
Verdict = Literal["accepted", "accepted_with_errors", "partly", "rejected"]


class AnsweredLine(Line):
    """What a seller says of one line of an order."""

    order_line: LineId | None = Field(None, description="The order's line.")
    quantity: NotNegative = Field(description="How much will be delivered, in `unit`.")
    ordered: NotNegative | None = Field(None, description="How much was asked for, in `unit`.")
    status: Literal["accepted", "changed", "backordered", "substituted", "rejected"] = Field(
        description="What becomes of the line."
    )
    promised_at: When | None = Field(None, description="When it will leave or arrive.")
    price: Number | None = Field(None, description="Price of one `unit`, before tax; with `currency`.")
    currency: Currency | None = Field(None, description="Currency of the price, ISO 4217.")
    reason: Text | None = Field(None, description="Why it is not as it was asked for.")


class OrderResponse(Document):
    """A seller's answer to an order: taken, taken with changes, or not."""

    kind: ClassVar[str] = "order_response"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The response's number.")
    order: Code = Field(description="The sales order.")
    status: Literal["accepted", "changed", "rejected"] = Field(description="What becomes of the order.")
    answered_at: When | None = Field(None, description="When it was answered.")
    placed_at: When | None = Field(None, description="The order's date.")
    promised_at: When | None = Field(None, description="When the goods will leave or arrive.")
    note: PersonalText | None = Field(None, description="Words for the buyer.")
    lines: Several[AnsweredLine] = Field((), description="The lines; none: all as they were ordered.")

    def own_number(self) -> str:
        """The response's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The sales order."""
        return SalesOrder.kind, self.order

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The answered lines."""
        return in_lines(self.lines)


class AcknowledgedSet(Part):
    """The verdict on one set or message of an interchange."""

    set: Code = Field(description="Set or message: 850, ORDERS.")
    control: Code = Field(description="Its control number or reference.")
    group: Code | None = Field(None, description="The control number of its group.")
    verdict: Verdict = Field(description="Whether it was taken.")
    says: Text | None = Field(None, description="What was found wrong.")


class Acknowledgement(Document):
    """Whether an interchange could be read: TA1, 997, 999 or CONTRL. It says nothing of the business in it."""

    kind: ClassVar[str] = "acknowledgement"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="Its own number.")
    form: Literal["TA1", "997", "999", "CONTRL"] = Field(description="In which form it was written.")
    direction: Literal["given", "got"] = Field(
        description="`given`: by us to the partner; `got`: from the partner."
    )
    interchange: Code | None = Field(
        None, description="Control number of the interchange, where it is named."
    )
    group: Code | None = Field(None, description="Control number of the group, where one is meant.")
    verdict: Verdict = Field(description="Whether the whole was taken.")
    says: Text | None = Field(None, description="Why not.")
    sets: Several[AcknowledgedSet] = Field((), description="The sets that are named.")

    def own_number(self) -> str:
        """The acknowledgement's number."""
        return self.number
