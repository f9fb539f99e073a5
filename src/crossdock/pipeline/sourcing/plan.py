"""An order shared out: the parts that are to be made of it, and how each is written as a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crossdock.message.records import Message

RELEASE, PURCHASE = "warehouse_order", "purchase_order"
#: What a part has of its order as it stands there.
_CARRIED = (
    "customer", "ship_to", "ship_method", "reference", "notes", "requested_at", "ship_until_at", "extra",
)  # fmt: skip
_CARRIED_BY_PURCHASES = ("ship_to", "notes", "extra")


@dataclass(frozen=True, slots=True)
class PartLine:
    """So much of one order line."""

    line: str
    sku: str
    quantity: Decimal
    substitute_for: str | None = None
    lot: str | None = None
    hazardous: bool = False
    unit: str = ""  #: of a part as it was written; empty: the order line's


@dataclass(frozen=True, slots=True)
class Part:
    """What one site or supplier ships, or what waits for stock (no site)."""

    lines: tuple[PartLine, ...]
    site: str | None = None
    supplier: str | None = None
    ship_on: str | None = None  #: the day that is promised
    release_at: str | None = None  #: not released before

    @property
    def document(self) -> str:
        """The kind of document that it becomes."""
        return PURCHASE if self.supplier is not None else RELEASE


@dataclass(frozen=True, slots=True)
class Revised:
    """A part that was made before and is another now; without one it is not wanted any more."""

    before: Message
    part: Part | None


@dataclass(slots=True)
class Plan:
    """What becomes of an order, or of one part of it that is looked at again."""

    order: Message
    parts: list[Part] = field(default_factory=list[Part])
    cancelled: tuple[PartLine, ...] = ()
    replaces: Message | None = None  #: the part whose place these take; the first of them has its number
    revised: list[Revised] = field(default_factory=list["Revised"])
    tree: Mapping[str, Any] | None = None  #: the order with lines that it has no more; None: as it is
    says: str = ""
    refused: str = ""  #: what of a change comes too late


def tree_of(part: Part, order: Mapping[str, Any], number: str) -> dict[str, Any]:
    """The document of a part, in our words."""
    lines = {str(line["line"]): line for line in order["lines"]}
    tree: dict[str, Any] = {"number": number}
    if part.supplier is not None:
        tree["supplier"] = {"id": part.supplier}
        tree |= {name: order[name] for name in _CARRIED_BY_PURCHASES if order.get(name) is not None}
    else:
        tree["order"] = order["number"]
        tree |= {name: order[name] for name in _CARRIED if order.get(name) is not None}
        if part.site is not None:
            tree["site"] = part.site
        if part.ship_on is not None:
            tree["promised_ship_on"] = part.ship_on
        if part.release_at is not None:
            tree["release_at"] = part.release_at
    tree["lines"] = _lines(part, lines)
    return tree


def _lines(part: Part, lines: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each keeps its order's line number; a second one of the same line gets a number of its own."""
    names: set[object] = set()
    highest = max((line["line"] for line in lines.values() if isinstance(line["line"], int)), default=0)
    found: list[dict[str, Any]] = []
    for one in part.lines:
        line = lines[one.line]
        name: object = line["line"]
        if name in names:
            highest += 1
            name = highest
        names.add(name)
        told: dict[str, Any] = {
            "line": name, "sku": one.sku, "quantity": number_of(one.quantity), "unit": one.unit or line["unit"],
        }  # fmt: skip
        if part.supplier is None:
            told["order_line"] = line["line"]
            told |= {key: line[key] for key in ("gift", "gift_message") if line.get(key) is not None}
            if one.hazardous:
                told["hazardous"] = True
        lot = one.lot or (line.get("lot") if one.substitute_for is None else None)
        if lot is not None:
            told["lot"] = lot
        if one.substitute_for is not None:
            told["substitute_for"] = one.substitute_for
        found.append(told)
    return found


def number_of(quantity: Decimal) -> int | Decimal:
    """A quantity without a fraction that says nothing."""
    return int(quantity) if quantity == quantity.to_integral_value() else quantity


def says_of(part: Part) -> str:
    """A part in a few words."""
    what = ", ".join(f"{number_of(one.quantity)} {one.sku}" for one in part.lines)
    if part.supplier is not None:
        return f"{part.supplier} ships {what}"
    if part.site is None:
        return f"{what} wait{'s' if len(part.lines) == 1 else ''}"
    return f"{part.site} ships {what}" + (f" on {part.ship_on}" if part.ship_on else "")


def lines_of(tree: Mapping[str, Any]) -> Sequence[PartLine]:
    """The lines of a part as it was written."""
    return [
        PartLine(
            str(line.get("order_line", line["line"])), line["sku"], Decimal(str(line["quantity"])),
            line.get("substitute_for"), line.get("lot"), line.get("hazardous") is True, line["unit"],
        )
        for line in tree["lines"]
    ]  # fmt: skip
