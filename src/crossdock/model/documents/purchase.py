"""Goods on their way in: purchase order, despatch advice, goods receipt."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import ClassVar

from pydantic import Field

from crossdock.model.document import Document, DocumentClass, Measured, in_lines
from crossdock.model.documents.inventory import StockStatus
from crossdock.model.documents.party import Address, PartyRef
from crossdock.model.documents.sales import OrderLine, refuse_bare_prices, refuse_twin_lines
from crossdock.model.documents.shipment import Package, ShippedLine
from crossdock.model.fields import (
    Code,
    LineId,
    Lines,
    PersonalNotes,
    Several,
)
from crossdock.model.moments import When


class PurchaseOrder(Document):
    """An order that we place with a supplier."""

    kind: ClassVar[str] = "purchase_order"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The order's number.")
    placed_at: When | None = Field(None, description="When it was placed.")
    supplier: PartyRef | None = Field(None, description="Who delivers.")
    site: Code | None = Field(None, description="The warehouse that receives.")
    ship_to: Address | None = Field(None, description="Where the goods go.")
    expected_at: When | None = Field(None, description="When they are expected.")
    notes: PersonalNotes | None = Field(None, description="Words for people.")
    lines: Lines[OrderLine] = Field(description="What is ordered.")

    def own_number(self) -> str:
        """The order's number."""
        return self.number

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The order lines."""
        return in_lines(self.lines)

    def rules(self) -> None:
        """Lines have names of their own, prices a currency; the goods can be delivered."""
        refuse_twin_lines(self.lines)
        refuse_bare_prices(self.lines)
        if self.ship_to is not None:
            self.ship_to.refuse_bad("ship_to")


class DespatchAdvice(Document):
    """A supplier's word that goods are on their way (ASN)."""

    kind: ClassVar[str] = "despatch_advice"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The advice's number.")
    purchase_order: Code | None = Field(None, description="The purchase order.")
    supplier: PartyRef | None = Field(None, description="Who delivers.")
    site: Code | None = Field(None, description="The warehouse that receives.")
    shipped_at: When | None = Field(None, description="When they left.")
    expected_at: When | None = Field(None, description="When they are expected.")
    carrier: Code | None = Field(None, description="The carrier, in our words.")
    tracking: Code | None = Field(None, description="The carrier's number.")
    lines: Lines[ShippedLine] = Field(description="What is on its way.")
    packages: Several[Package] = Field((), description="The cartons and pallets.")

    def own_number(self) -> str:
        """The advice's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The purchase order, where it is known."""
        return None if self.purchase_order is None else (PurchaseOrder.kind, self.purchase_order)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The lines, then what is in each package."""
        inside = (in_lines(package.lines, f"packages[{i}].lines") for i, package in enumerate(self.packages))
        return chain(in_lines(self.lines), chain.from_iterable(inside))


class ReceivedLine(ShippedLine):
    """What was received of one line."""

    purchase_line: LineId | None = Field(None, description="The purchase order's line.")
    status: StockStatus | None = Field(None, description="In what state it was put away.")


class GoodsReceipt(Document):
    """What a warehouse took in."""

    kind: ClassVar[str] = "goods_receipt"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The receipt's number.")
    purchase_order: Code | None = Field(None, description="The purchase order.")
    despatch_advice: Code | None = Field(None, description="The advice it was announced by.")
    stock_transfer: Code | None = Field(None, description="The transfer it completes.")
    site: Code = Field(description="The warehouse.")
    received_at: When = Field(description="When it came in.")
    complete: bool | None = Field(None, description="False: more is expected.")
    lines: Lines[ReceivedLine] = Field(description="What came in.")

    def own_number(self) -> str:
        """The receipt's number."""
        return self.number

    def parent(self) -> tuple[str, str] | None:
        """The purchase order, the transfer or the advice, whichever is known first."""
        if self.purchase_order is not None:
            return PurchaseOrder.kind, self.purchase_order
        if self.stock_transfer is not None:
            return "stock_transfer", self.stock_transfer
        return None if self.despatch_advice is None else (DespatchAdvice.kind, self.despatch_advice)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The received lines."""
        return in_lines(self.lines)
