"""What the reference warehouse API takes, as types; the shapes are those of `docs/reference/warehouse-api.yaml`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

__all__ = [
    "Counter", "NewAdjustment", "NewCancel", "NewItem", "NewLine", "NewOrder", "NewPack", "NewTask", "Truck", "decoded",
]  # fmt: skip

T = TypeVar("T")
Number = int | Decimal
Code = Annotated[str, Meta(min_length=1, max_length=100)]
Text = Annotated[str, Meta(max_length=500)]
LineId = Annotated[str, Meta(min_length=1, max_length=50)] | Annotated[int, Meta(ge=0)]


class NewParty(Struct, frozen=True, omit_defaults=True):
    """A customer."""

    id: Code
    name: Text | None = None


class NewAddress(Struct, frozen=True, omit_defaults=True):
    """Where to ship to."""

    name: Text
    city: Text
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    company: Text | None = None
    street: Text | None = None
    street2: Text | None = None
    postcode: Annotated[str, Meta(max_length=12)] | None = None
    region: Text | None = None
    phone: Text | None = None
    email: Text | None = None


class NewLine(Struct, frozen=True, omit_defaults=True):
    """One line of an order to ship."""

    line: LineId
    sku: Code
    quantity: Number
    unit: Code
    order_line: LineId | None = None
    lot: Code | None = None
    status: Code = "available"


class NewOrder(Struct, frozen=True, omit_defaults=True):
    """An order to ship."""

    number: Code
    ship_to: NewAddress
    lines: Annotated[list[NewLine], Meta(min_length=1, max_length=20_000)]
    sales_order: Code | None = None
    reference: Code | None = None
    site: Code | None = None
    customer: NewParty | None = None
    ship_method: Code | None = None
    backorder_of: Code | None = None
    priority: Code | None = None
    requested_at: Annotated[str, Meta(max_length=40)] | None = None
    notes: Annotated[str, Meta(max_length=20_000)] | None = None


class NewCancelLine(Struct, frozen=True):
    """A line that shall not be shipped; without a quantity all that is left of it."""

    order_line: LineId
    sku: Code
    quantity: Number | None = None
    unit: Code = "EA"


class NewCancel(Struct, frozen=True):
    """A wish not to have an order shipped, or some lines of it."""

    reason: Text | None = None
    lines: Annotated[list[NewCancelLine], Meta(max_length=20_000)] = []


class NewPack(Struct, frozen=True):
    """A pack of an item: how many of the item's own unit."""

    unit: Code
    quantity: Number


class NewItem(Struct, frozen=True):
    """What the warehouse is told of an item."""

    unit: Code
    name: Text | None = None
    gtin: Annotated[str, Meta(pattern="^([0-9]{8}|[0-9]{12,14})$")] | None = None
    weight_kg: Number | None = None
    lot_tracked: bool = False
    packs: Annotated[list[NewPack], Meta(max_length=20)] = []


class NewAdjustment(Struct, frozen=True):
    """A difference to be booked in one bin."""

    site: Code
    sku: Code
    bin: Code
    quantity: Number
    unit: Code
    reason: Text
    lot: Code | None = None
    expires_on: date | None = None
    status: Code = "available"
    owner: Code | None = None


class NewTaskLine(Struct, frozen=True, omit_defaults=True):
    """One line of goods that are to come in."""

    line: LineId
    sku: Code
    quantity: Number
    unit: Code
    order_line: LineId | None = None
    lot: Code | None = None


class NewTask(Struct, frozen=True, omit_defaults=True):
    """Goods to be taken in."""

    kind: Literal["purchase", "return", "transfer"]
    lines: Annotated[list[NewTaskLine], Meta(min_length=1, max_length=20_000)]
    site: Code | None = None
    order: Code | None = None
    sender: NewParty | None = None
    expected_at: Annotated[str, Meta(max_length=40)] | None = None
    notices: Annotated[list[Code], Meta(max_length=1_000)] = []


class TruckLine(Struct, frozen=True):
    """So much of one item that came off a truck."""

    sku: Code
    quantity: Number
    unit: Code = "EA"
    line: LineId | None = None
    lot: Code | None = None
    expires_on: date | None = None
    status: Code | None = None
    outcome: Literal["restock", "repair", "scrap", "return_to_vendor"] | None = None


class Truck(Struct, frozen=True):
    """Goods that came for a task; `complete`: no more will come."""

    number: Code
    lines: Annotated[list[TruckLine], Meta(min_length=1, max_length=20_000)]
    complete: bool = False


class CounterLine(Struct, frozen=True):
    """What a counter found of one item."""

    sku: Code
    quantity: Number
    unit: Code = "EA"
    lot: Code | None = None


class Counter(Struct, frozen=True):
    """A count of sellable goods."""

    lines: Annotated[list[CounterLine], Meta(min_length=1, max_length=20_000)]
    site: Code | None = None


_TREE = msgspec.json.Decoder(float_hook=Decimal)


def decoded(body: bytes, shape: type[T]) -> T:
    """The body as one of the shapes, quantities exact. Raises msgspec.DecodeError, ValidationError, UnicodeDecodeError.

    A number in quotes is not a number: a caller with that mistake shall learn of it here.
    """
    return msgspec.convert(_TREE.decode(body), shape, builtin_types=(Decimal,))
