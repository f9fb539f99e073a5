"""The words of the reference warehouse API as types; fields that the hub has no use for are left out.

The shapes are those of `docs/reference/warehouse-api.yaml`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Struct

__all__ = [
    "Adjustment",
    "Count",
    "Event",
    "EventPage",
    "Item",
    "Line",
    "Order",
    "Package",
    "PackedLine",
    "Problem",
    "Receipt",
    "ReceivedLine",
    "ReceivingTask",
    "Shipment",
    "ShippedLine",
    "StockLevel",
    "StockPage",
]

Number = int | Decimal
LineId = int | str
Topic = Literal[
    "pick_status", "shipment", "inventory_balance", "goods_receipt", "return_receipt", "inventory_count",
    "inventory_adjustment",
]  # fmt: skip


class LotPick(Struct, frozen=True):
    """Where a part of a line was taken from."""

    bin: str
    quantity: Number
    lot: str | None = None


class Line(Struct, frozen=True):
    """A line of an order as it stands in the warehouse; everything in `unit`."""

    line: LineId
    sku: str
    unit: str
    ordered: Number
    picked: Number
    short: Number
    order_line: LineId | None = None
    lots: list[LotPick] = []


class ShippedLine(Struct, frozen=True):
    """What left of one line and lot."""

    line: LineId
    sku: str
    quantity: Number
    unit: str
    ordered: Number
    order_line: LineId | None = None
    lot: str | None = None
    expires_on: str | None = None


class PackedLine(Struct, frozen=True):
    """What is in a package."""

    sku: str
    quantity: Number
    unit: str
    line: LineId | None = None
    lot: str | None = None


class Package(Struct, frozen=True):
    """A carton or pallet with its label."""

    sscc: str
    lines: list[PackedLine]
    tracking: str | None = None
    weight_kg: Number | None = None


class Shipment(Struct, frozen=True):
    """Goods that left for one order."""

    number: str
    shipped_at: str
    complete: bool
    lines: list[ShippedLine]
    packages: list[Package]
    carrier: str | None = None
    ship_method: str | None = None
    tracking: str | None = None


class StockLevel(Struct, frozen=True):
    """One stock level; `sequence` rises with every change of it."""

    site: str
    sku: str
    status: str
    quantity: Number
    unit: str
    as_of: str
    sequence: int
    allocated: Number = 0
    lot: str | None = None
    owner: str | None = None
    expires_on: str | None = None


class ReceivedLine(Struct, frozen=True):
    """What came of one line and lot."""

    line: LineId
    sku: str
    quantity: Number
    unit: str
    status: str
    task_line: LineId | None = None
    order_line: LineId | None = None
    ordered: Number | None = None
    lot: str | None = None
    expires_on: str | None = None
    outcome: str | None = None


class Receipt(Struct, frozen=True):
    """Goods that came for one receiving task."""

    number: str
    received_at: str
    complete: bool
    lines: list[ReceivedLine]


class CountedLine(Struct, frozen=True):
    """What was counted of one item and lot."""

    line: LineId
    sku: str
    unit: str
    counted: Number
    expected: Number | None = None
    lot: str | None = None


class Count(Struct, frozen=True):
    """A stock count."""

    number: str
    at: str
    lines: list[CountedLine]


class Adjustment(Struct, frozen=True):
    """A correction in one bin."""

    number: str
    at: str
    site: str
    sku: str
    bin: str
    quantity: Number
    unit: str
    reason: str
    status: str = "available"
    lot: str | None = None
    owner: str | None = None


class ReceivingTask(Struct, frozen=True):
    """The answer to what is expected."""

    number: str | None = None
    status: str | None = None


class Event(Struct, frozen=True):
    """Something that happened in the warehouse."""

    id: str
    type: str
    topic: Topic
    at: str
    site: str
    number: str | None = None
    sales_order: str | None = None
    status: str | None = None
    reason: str | None = None
    lines: list[Line] = []
    shipment: Shipment | None = None
    stock: StockLevel | None = None
    kind: str | None = None
    receipt: Receipt | None = None
    count: Count | None = None
    adjustment: Adjustment | None = None


class EventPage(Struct, frozen=True):
    """One page of the feed; the events stay as they came."""

    items: list[msgspec.Raw]
    next: str
    more: bool


class StockPage(Struct, frozen=True):
    """One page of stock levels, as they came."""

    items: list[msgspec.Raw]
    next: str
    more: bool


class Order(Struct, frozen=True):
    """The answer to an order."""

    id: str | None = None
    status: str | None = None


class Item(Struct, frozen=True):
    """The answer to an item."""

    sku: str | None = None


class Problem(Struct, frozen=True):
    """Why the warehouse said no."""

    code: str = ""
    title: str = ""
    detail: str = ""
    path: str = ""
    value: Any = None
