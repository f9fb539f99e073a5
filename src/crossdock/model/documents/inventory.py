"""What is in stock and how it changed without a customer: balance, adjustment, count, transfer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from crossdock.faults import Invalid
from crossdock.model.document import Document, DocumentClass, Line, Measured, in_lines
from crossdock.model.documents.party import Address
from crossdock.model.documents.warehouse import joined
from crossdock.model.fields import Code, Lines, NotNegative, Number, Positive, Text, UnitCode
from crossdock.model.moments import Day, Instant, When
from crossdock.model.quantity import Quantity

#: What state stock is in. Only `available` may be promised.
StockStatus = Literal[
    "available", "allocated", "picked", "held", "quality", "quarantine", "damaged", "expired", "in_transit"
]


class InventoryBalance(Document):
    """How much of an item a site has, in one status, lot and ownership."""

    kind: ClassVar[str] = "inventory_balance"
    document_class: ClassVar[DocumentClass] = DocumentClass.STATE

    sku: Code = Field(description="The item.")
    site: Code = Field(description="The warehouse.")
    location: Code | None = Field(None, description="The place in it, where the balance is per place.")
    status: StockStatus = Field(description="What state the stock is in.")
    lot: Code | None = Field(None, description="The lot.")
    expires_on: Day | None = Field(None, description="The lot's last day.")
    owner: Code | None = Field(None, description="Whose stock it is, where not the site's own.")
    quantity: Number = Field(
        description="Gross: what is there, in `unit`; below nothing where the books say so."
    )
    net: Number | None = Field(None, description="Net of what is already promised, in `unit`.")
    unit: UnitCode = Field(description="Unit of the quantities.")
    as_of: Instant = Field(description="When that was so.")

    def own_number(self) -> str:
        """Site, item, status, lot, owner, place."""
        return joined(self.site, self.sku, self.status, self.lot, self.owner, self.location)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The item itself."""
        yield "", Measured(sku=self.sku, unit=self.unit)

    def amount(self) -> Quantity:
        """The gross quantity with its unit."""
        return Quantity.of(self.quantity, self.unit)


class StockLevel(Document):
    """How much of an item a channel may sell now."""

    kind: ClassVar[str] = "stock_level"
    document_class: ClassVar[DocumentClass] = DocumentClass.STATE

    sku: Code = Field(description="The item.")
    quantity: NotNegative = Field(description="How much may be sold, in whole `unit`.")
    unit: UnitCode = Field(description="Unit of the quantity.")
    as_of: Instant | None = Field(None, description="When that was so.")

    def own_number(self) -> str:
        """The item's code."""
        return self.sku

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The item itself."""
        yield "", Measured(sku=self.sku, unit=self.unit)


class InventoryAdjustment(Document):
    """A correction of stock, with its reason."""

    kind: ClassVar[str] = "inventory_adjustment"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The adjustment's number.")
    sku: Code = Field(description="The item.")
    site: Code = Field(description="The warehouse.")
    location: Code | None = Field(None, description="The place in it.")
    status: StockStatus | None = Field(None, description="The state of the stock that changed.")
    to_status: StockStatus | None = Field(None, description="The state it moved to, for a change of state.")
    lot: Code | None = Field(None, description="The lot.")
    owner: Code | None = Field(None, description="Whose stock it is.")
    quantity: Number = Field(description="The change, in `unit`: below nothing for a loss.")
    unit: UnitCode = Field(description="Unit of the quantity.")
    reason: Code = Field(description="Why, in our words.")
    note: Text | None = Field(None, description="Why, in the counter's words.")
    at: Instant = Field(description="When.")

    def own_number(self) -> str:
        """The adjustment's number."""
        return self.number

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The item itself."""
        yield "", Measured(sku=self.sku, unit=self.unit)


class CountedLine(Line):
    """What was counted of one item."""

    counted: NotNegative = Field(description="What was there, in `unit`.")
    expected: Number | None = Field(None, description="What the books said, in `unit`.")
    location: Code | None = Field(None, description="Where.")
    status: StockStatus | None = Field(None, description="In what state.")
    lot: Code | None = Field(None, description="The lot.")


class InventoryCount(Document):
    """The result of a stock count."""

    kind: ClassVar[str] = "inventory_count"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The count's number.")
    site: Code = Field(description="The warehouse.")
    at: Instant = Field(description="When it was counted.")
    lines: Lines[CountedLine] = Field(description="What was counted.")

    def own_number(self) -> str:
        """The count's number."""
        return self.number

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The counted lines."""
        return in_lines(self.lines)


class TransferLine(Line):
    """So much of one item to move."""

    quantity: Positive = Field(description="How much, in `unit`.")
    lot: Code | None = Field(None, description="The lot.")


class StockTransfer(Document):
    """Goods to be moved from one site to another."""

    kind: ClassVar[str] = "stock_transfer"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The transfer's number.")
    from_site: Code = Field(description="From this warehouse.")
    to_site: Code = Field(description="To this one.")
    requested_at: When | None = Field(None, description="When it must arrive.")
    ship_to: Address | None = Field(None, description="Where the receiving site is, for the label.")
    lines: Lines[TransferLine] = Field(description="What to move.")

    def own_number(self) -> str:
        """The transfer's number."""
        return self.number

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The lines to move."""
        return in_lines(self.lines)

    def rules(self) -> None:
        """The two sites differ."""
        if self.from_site == self.to_site:
            raise Invalid(
                "a transfer to where the goods are",
                path="to_site",
                value=self.to_site,
                fix="name the other site",
            )
