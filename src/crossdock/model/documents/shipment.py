"""What left a warehouse: lines with lots and serials, packages with SSCC and tracking."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import ClassVar

from pydantic import Field

from crossdock.faults import Invalid
from crossdock.model.document import Document, DocumentClass, Line, Measured, Part, in_lines
from crossdock.model.documents.party import Address, PartyRef
from crossdock.model.documents.warehouse import of_order
from crossdock.model.fields import (
    Code,
    LineId,
    Lines,
    NotNegative,
    PersonalText,
    Positive,
    Several,
    Sscc,
)
from crossdock.model.moments import Day, When
from crossdock.model.quantity import Quantity


class ShippedLine(Line):
    """What was shipped of one line; less than `ordered` is a short line."""

    order_line: LineId | None = Field(None, description="The sales order's line.")
    quantity: NotNegative = Field(description="How much left, in `unit`.")
    ordered: NotNegative | None = Field(None, description="How much was asked for, in `unit`.")
    lot: Code | None = Field(None, description="The lot it came from.")
    expires_on: Day | None = Field(None, description="The lot's last day.")
    serials: Several[Code] = Field((), description="Serial numbers.")
    reason: Code | None = Field(None, description="Why less left than was ordered.")

    def amount(self) -> Quantity:
        """The shipped quantity with its unit."""
        return Quantity.of(self.quantity, self.unit)

    def is_short(self) -> bool:
        """Whether less left than was ordered."""
        return self.ordered is not None and self.quantity < self.ordered


class PackedLine(Measured):
    """So much of one item in one package."""

    line: LineId | None = Field(None, description="The shipment's line.")
    quantity: Positive = Field(description="How much is inside, in `unit`.")
    lot: Code | None = Field(None, description="The lot it came from.")
    serials: Several[Code] = Field((), description="Serial numbers.")


class Package(Part):
    """A handling unit: carton or pallet, with its label."""

    id: Code | None = Field(None, description="The warehouse's own id of it.")
    sscc: Sscc | None = Field(None, description="Serial Shipping Container Code on its label.")
    inside: Code | None = Field(None, description="The `id` or SSCC of the unit it stands on or in.")
    type: Code | None = Field(None, description="Kind of packing, in our words.")
    tracking: Code | None = Field(None, description="The carrier's number of this package.")
    weight_kg: NotNegative | None = Field(None, description="Gross weight, kg.")
    length_cm: NotNegative | None = Field(None, description="Length, cm.")
    width_cm: NotNegative | None = Field(None, description="Width, cm.")
    height_cm: NotNegative | None = Field(None, description="Height, cm.")
    lines: Several[PackedLine] = Field((), description="What is inside.")


class Shipment(Document):
    """Goods that left a warehouse for one order, whole or in part."""

    kind: ClassVar[str] = "shipment"
    document_class: ClassVar[DocumentClass] = DocumentClass.EVENT

    number: Code = Field(description="The shipment's number.")
    warehouse_order: Code | None = Field(None, description="The warehouse order it fulfils.")
    order: Code | None = Field(None, description="The sales order.")
    site: Code | None = Field(None, description="The warehouse.")
    shipped_at: When | None = Field(None, description="When it left.")
    carrier: Code | None = Field(None, description="The carrier, in our words.")
    ship_method: Code | None = Field(None, description="Carrier service, in our words.")
    tracking: Code | None = Field(None, description="The carrier's number of the whole.")
    complete: bool | None = Field(None, description="False: more will follow for this warehouse order.")
    final: bool | None = Field(None, description="False: what is in the packages may still change.")
    customer: PartyRef | None = Field(None, description="Who ordered.")
    ship_to: Address | None = Field(None, description="Where it goes.")
    notes: PersonalText | None = Field(None, description="Words for people.")
    lines: Lines[ShippedLine] = Field(
        description="What left; one line may stand once per lot.",
    )
    packages: Several[Package] = Field((), description="The cartons and pallets.")

    def own_number(self) -> str:
        """The shipment's number."""
        return self.number

    def is_whole(self) -> bool:
        """Whether nothing more will follow: said so, or not said and no line is short."""
        return self.complete if self.complete is not None else not any(line.is_short() for line in self.lines)

    def is_final(self) -> bool:
        """Whether it may be charged: not said to be open, and packages that list contents list all of it."""
        if self.final is not None:
            return self.final
        inside: dict[tuple[str, str], Decimal] = {}
        for package in self.packages:
            for part in package.lines:
                key = part.sku, part.unit
                inside[key] = inside.get(key, Decimal()) + part.quantity
        if not inside:
            return True
        left: dict[tuple[str, str], Decimal] = {}
        for line in self.lines:
            left[line.sku, line.unit] = left.get((line.sku, line.unit), Decimal()) + line.quantity
        # A package that counts in another unit says nothing here.
        return all(inside[key] >= left[key] for key in left if key in inside) and (
            {sku for sku, _ in left if left[sku, _] > 0} <= {sku for sku, _ in inside}
        )

    def parent(self) -> tuple[str, str] | None:
        """The sales order where it is known, else the warehouse order."""
        return of_order(self.order, self.warehouse_order)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The lines, then what is in each package."""
        inside = (in_lines(package.lines, f"packages[{i}].lines") for i, package in enumerate(self.packages))
        return chain(in_lines(self.lines), chain.from_iterable(inside))

    def rules(self) -> None:
        """It belongs to an order, and no two packages wear one label."""
        if self.order is None and self.warehouse_order is None:
            raise Invalid(
                "the shipment belongs to no order", path="warehouse_order", fix="map warehouse_order or order"
            )
        seen: set[str] = set()
        for index, package in enumerate(self.packages):
            if package.sscc is None:
                continue
            if package.sscc in seen:
                raise Invalid(
                    "two packages wear this SSCC",
                    path=f"packages[{index}].sscc",
                    value=package.sscc,
                    fix="read the label of this package again",
                )
            seen.add(package.sscc)
