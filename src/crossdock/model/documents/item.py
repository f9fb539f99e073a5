"""What is bought, stored and sold: the item, its packs, its kit, its price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from crossdock.faults import Invalid
from crossdock.model.codes.units import UNITS
from crossdock.model.document import (
    Document,
    DocumentClass,
    Measured,
    Part,
    in_lines,
    unknown_unit,
)
from crossdock.model.documents.warehouse import joined
from crossdock.model.fields import (
    Code,
    Country,
    Currency,
    Gtin,
    Lines,
    Notes,
    NotNegative,
    Number,
    Positive,
    Several,
    Text,
    UnitCode,
)
from crossdock.model.moments import Day, When
from crossdock.model.quantity import Quantity, convert


class Pack(Part):
    """A unit in which the item is packed: how many base units it holds."""

    unit: UnitCode = Field(description="The pack's unit; any code, the item gives it its meaning.")
    factor: Positive = Field(description="How many of the item's `unit` one pack holds.")
    gtin: Gtin | None = Field(None, description="The barcode on this pack.")
    weight_kg: NotNegative | None = Field(None, description="Gross weight of one pack, kg.")
    length_cm: NotNegative | None = Field(None, description="Length, cm.")
    width_cm: NotNegative | None = Field(None, description="Width, cm.")
    height_cm: NotNegative | None = Field(None, description="Height, cm.")


class Hazard(Part):
    """What makes an item dangerous to carry."""

    un_number: Code | None = Field(None, description="UN number, four digits.")
    hazard_class: Code | None = Field(None, description="Class or division, such as `3` or `9`.")
    packing_group: Literal["I", "II", "III"] | None = Field(None, description="Packing group.")
    name: Text | None = Field(None, description="Proper shipping name.")


class Item(Document):
    """An item as its owner describes it."""

    kind: ClassVar[str] = "item"
    document_class: ClassVar[DocumentClass] = DocumentClass.STATE

    sku: Code = Field(description="The item's code.")
    name: Text | None = Field(None, description="What people call it.")
    description: Notes | None = Field(None, description="What it is, in more words.")
    status: Literal["planned", "active", "inactive", "blocked", "discontinued"] | None = Field(
        None, description="Whether it may be sold and moved."
    )
    unit: UnitCode = Field(description="The base unit: stock is counted in it.")
    pick_unit: UnitCode | None = Field(None, description="The unit it is picked in.")
    packs: Several[Pack] = Field((), description="The units it is packed in.")
    gtin: Gtin | None = Field(None, description="The barcode of one base unit.")
    substitutes: Several[Code] = Field((), description="Items that may be sent instead, the best first.")
    available_from: Day | None = Field(None, description="The first day on which it leaves (preorder).")
    variant_of: Code | None = Field(None, description="The item that this one is a variant of.")
    lot_tracked: bool | None = Field(None, description="Whether every movement names a lot.")
    serial_tracked: bool | None = Field(None, description="Whether every piece has a serial number.")
    shelf_life_days: NotNegative | None = Field(None, description="Days from making to expiry.")
    shelf_life_left_days: NotNegative | None = Field(None, description="Days a customer must still have.")
    weight_kg: NotNegative | None = Field(None, description="Gross weight of one base unit, kg.")
    length_cm: NotNegative | None = Field(None, description="Length of one base unit, cm.")
    width_cm: NotNegative | None = Field(None, description="Width, cm.")
    height_cm: NotNegative | None = Field(None, description="Height, cm.")
    hazard: Hazard | None = Field(None, description="What makes it dangerous; absent: nothing said.")
    storage_class: Code | None = Field(None, description="Where it may be stored, in our words.")
    origin: Country | None = Field(None, description="Country of origin.")
    customs_code: Code | None = Field(None, description="Commodity code (HS, CN).")
    reorder_point: NotNegative | None = Field(None, description="Stock, in `unit`, at which to order again.")
    reorder_quantity: NotNegative | None = Field(None, description="How much to order then, in `unit`.")
    valuation: Code | None = Field(None, description="How it is valued, in our words.")
    owner: Code | None = Field(
        None, description="Whose item it is, where a warehouse keeps several clients' goods."
    )

    def own_number(self) -> str:
        """The item's code."""
        return self.sku

    def rules(self) -> None:
        """The base unit is one the hub knows, each pack stands once and is not the base unit."""
        if self.unit not in UNITS:
            raise unknown_unit(self.unit, "unit")
        seen = {self.unit}
        for index, pack in enumerate(self.packs):
            if pack.unit in seen:
                raise Invalid(
                    f"{pack.unit} already has a meaning for this item",
                    path=f"packs[{index}].unit",
                    value=pack.unit,
                    fix="keep one pack per unit",
                )
            seen.add(pack.unit)
        if self.pick_unit is not None and self.pick_unit not in seen:
            raise unknown_unit(self.pick_unit, "pick_unit")

    def units(self) -> frozenset[str]:
        """The base unit and every pack: what an order line may name."""
        return frozenset({self.unit, *(pack.unit for pack in self.packs)})

    def convert(self, quantity: Quantity, unit: str) -> Quantity:
        """The same quantity in another unit of this item, exact. Raises Invalid (`unknown_unit`)."""
        return convert(quantity, unit, base=self.unit, packs=self.packs)


class Component(Measured):
    """So much of one item in one kit."""

    quantity: Positive = Field(description="How much of it one kit holds, in `unit`.")


class KitComposition(Document):
    """What a kit or bundle is made of."""

    kind: ClassVar[str] = "kit_composition"
    document_class: ClassVar[DocumentClass] = DocumentClass.STATE

    sku: Code = Field(description="The kit.")
    stocked: bool | None = Field(
        None, description="True: built ahead and stored; false: picked by component."
    )
    components: Lines[Component] = Field(description="What one kit holds.")

    def own_number(self) -> str:
        """The kit's item code."""
        return self.sku

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The components."""
        return in_lines(self.components, "components")


class Price(Document):
    """What one unit of an item costs on one price list."""

    kind: ClassVar[str] = "price"
    document_class: ClassVar[DocumentClass] = DocumentClass.STATE

    sku: Code = Field(description="The item.")
    unit: UnitCode = Field(description="The unit that the price is for.")
    price: Number = Field(description="Price of one unit, before tax.")
    currency: Currency = Field(description="Currency, ISO 4217.")
    price_list: Code | None = Field(None, description="The list it stands on.")
    customer: Code | None = Field(None, description="The customer it holds for.")
    from_quantity: Positive | None = Field(None, description="From this much on, in `unit`.")
    valid_from: When | None = Field(None, description="From when.")
    valid_until: When | None = Field(None, description="Until when.")

    def own_number(self) -> str:
        """Item, unit, list, customer and step."""
        step = None if self.from_quantity is None else str(self.from_quantity)
        return joined(self.sku, self.unit, self.price_list, self.customer, step)

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """The item that is priced."""
        yield "", Measured(sku=self.sku, unit=self.unit)
