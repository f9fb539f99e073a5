"""Kits for a warehouse that does not know them: components go out, and what is told of these comes back as kits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from crossdock.charter.charter import System
from crossdock.faults import Invalid
from crossdock.kit.connector import Read
from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.model.document import Document
from crossdock.model.documents.shipment import Shipment
from crossdock.model.quantity import Quantity, convert
from crossdock.pipeline.knowledge import Knowledge, Known, Object
from crossdock.stock.kit import DEPTH_MAX

Tree = Mapping[str, Any]
#: What asks a warehouse for goods, or for less of them; and what a warehouse tells of goods.
_ASKING = frozenset({"sales_order", "warehouse_order", "cancellation"})
_TELLING = frozenset({"pick_status", "shipment"})
#: Where it stands in `extra` what left beyond whole kits.
BEYOND = "beyond_kits"
_KEPT = ("order_line", "gift", "gift_message", "hazardous")


@dataclass(frozen=True, slots=True)
class Piece:
    """One component of an order line: `each` of its own unit in one kit."""

    name: str  #: of the line that the warehouse gets: 1.2 is the second component of line 1
    sku: str
    unit: str
    each: Decimal


class KitParts:
    """Takes kits apart for the systems that want that, and puts together what they tell, by the newest compositions."""

    def __init__(self, journal: Known) -> None:
        self._known = Knowledge(journal)
        self.reads: list[Read] = []  #: the compositions that were looked at for the last document

    def apart(self, system: System, document: str, tree: dict[str, Any]) -> dict[str, Any]:
        """A document for a system, each kit in it as its components. Raises Invalid for a kit that holds itself."""
        self.reads = []
        if system.kits == "whole" or document not in _ASKING or not tree.get("lines"):
            return tree
        self._known.forget()
        lines = [row for line in tree["lines"] for row in self._rows(line)]
        return {**tree, "lines": lines} if self.reads else tree

    def together(
        self, system: System, told: Document, tree: dict[str, Any], known: Knowledge
    ) -> dict[str, Any]:
        """What a system told of the components of an order's kits, told of the kits.

        The components stay under `extra`, and what of them makes no whole kit, which is for a person. Packages stay
        as they were packed.
        """
        self.reads = []
        if system.kits == "whole" or told.kind not in _TELLING or not tree.get("lines"):
            return tree
        self._known.forget()
        ordered = _order_lines(known, tree)
        kits = [(line, pieces) for line in ordered if (pieces := self._pieces(line))]
        named = {str(row["line"]) for row in tree["lines"]}
        kits = [(line, pieces) for line, pieces in kits if any(piece.name in named for piece in pieces)]
        if not kits:
            return tree
        made = dict(tree)
        beyond: list[str] = []
        if isinstance(told, Shipment):
            made["final"] = told.is_final()
        rest = {piece.name for _, pieces in kits for piece in pieces}
        lines = [row for row in tree["lines"] if str(row["line"]) not in rest]
        for line, pieces in kits:
            if isinstance(told, Shipment):
                row, over = self._shipped(line, pieces, tree["lines"])
                lines.append(row)
                beyond += over
            else:
                lines.append(self._picked(line, pieces, tree["lines"]))
        made["lines"] = lines
        made["extra"] = {**tree.get("extra", {}), "components": tree["lines"]} | (
            {BEYOND: beyond} if beyond else {}
        )
        return made

    # -- out -------------------------------------------------------------------

    def _rows(self, line: Tree) -> list[dict[str, Any]]:
        pieces = self._pieces(line)
        if not pieces:
            return [dict(line)]
        kept = {name: line[name] for name in _KEPT if line.get(name) is not None}
        rows: list[dict[str, Any]] = []
        for piece in pieces:
            row = {"line": piece.name, **kept, "sku": piece.sku, "unit": piece.unit}
            if line.get("quantity") is not None:
                row["quantity"] = _plain(self._in_kits(line) * piece.each)
            rows.append(row)
        return rows

    def _pieces(self, line: Tree) -> list[Piece]:
        """The components of a line's kit; none for an item that is no kit, or is built ahead and stored."""
        found: list[tuple[str, str, Decimal]] = []
        if self._parts_of(line["sku"]):
            self._add(line["sku"], Decimal(1), found, 0)
        return [Piece(f"{line['line']}.{n}", *one) for n, one in enumerate(found, 1)]

    def _add(self, sku: str, each: Decimal, found: list[tuple[str, str, Decimal]], depth: int) -> None:
        if depth >= DEPTH_MAX:
            raise Invalid(
                f"kit {sku} holds itself, or is more than {DEPTH_MAX} deep", path="components", value=sku,
                fix="correct the composition of the kit, then retry",
            )  # fmt: skip
        for part in self._parts_of(sku):
            some = each * Decimal(str(part["quantity"]))
            if self._parts_of(part["sku"]):
                self._add(part["sku"], some, found, depth + 1)
            else:
                found.append((part["sku"], part["unit"], some))

    def _parts_of(self, sku: str) -> Sequence[Tree]:
        there = self._known.by_number("kit_composition", sku)
        last = _last(self._known, there) if there is not None else None
        if last is None or last.tree.get("stocked"):
            return ()
        read = Read(f"kit {sku}", str(last.version))
        if read not in self.reads:
            self.reads.append(read)
        return last.tree["components"]

    def _in_kits(self, line: Tree) -> Decimal:
        """The quantity of a line in single kits."""
        return Decimal(str(line["quantity"])) * self._factor(line["sku"], line["unit"])

    def _factor(self, sku: str, unit: str) -> Decimal:
        item = self._known.item(sku)
        if item is None or not item.base or unit == item.base:
            return Decimal(1)
        return Decimal(
            convert(Quantity.of(Decimal(1), unit), item.base, base=item.base, packs=item.packs).number()
        )

    def _unit(self, line: Tree) -> str:
        item = self._known.item(line["sku"])
        return item.base if item is not None and item.base else line["unit"]

    # -- back ------------------------------------------------------------------

    def _shipped(
        self, line: Tree, pieces: Sequence[Piece], rows: Sequence[Tree]
    ) -> tuple[dict[str, Any], list[str]]:
        """The kit as far as it is whole, and what of its components left beyond that, in words."""
        left = {piece: _sum(rows, piece, "quantity") for piece in pieces}
        kits = min((left[piece] / piece.each).to_integral_value(ROUND_FLOOR) for piece in pieces)
        made: dict[str, Any] = _named(line) | {"quantity": _plain(kits), "unit": self._unit(line)}
        if line.get("quantity") is not None:
            made["ordered"] = _plain(self._in_kits(line))
        over = {piece: left[piece] - kits * piece.each for piece in pieces}
        return made, [f"{_plain(more)} {piece.unit} of {piece.sku}" for piece, more in over.items() if more]

    def _picked(self, line: Tree, pieces: Sequence[Piece], rows: Sequence[Tree]) -> dict[str, Any]:
        """As many kits as can be made of what was picked; one is short when any of its components is."""
        picked = min(
            (_sum(rows, piece, "picked") / piece.each).to_integral_value(ROUND_FLOOR) for piece in pieces
        )
        short = max(
            (_sum(rows, piece, "short") / piece.each).to_integral_value(ROUND_CEILING) for piece in pieces
        )
        return _named(line) | {"picked": _plain(picked), "short": _plain(short), "unit": self._unit(line)}


def _named(line: Tree) -> dict[str, Any]:
    order_line = line.get("order_line")
    return {
        "line": line["line"],
        "order_line": line["line"] if order_line is None else order_line,
        "sku": line["sku"],
    }


def _sum(rows: Iterable[Tree], piece: Piece, field: str) -> Decimal:
    """What all rows of a component add up to; they are told in the unit in which it was asked for."""
    mine = (
        row
        for row in rows
        if (str(row["line"]), row["sku"], row["unit"]) == (piece.name, piece.sku, piece.unit)
    )
    return sum((Decimal(str(row.get(field) or 0)) for row in mine), Decimal())


def _order_lines(known: Knowledge, tree: Tree) -> Sequence[Tree]:
    """The lines of the order that the warehouse got, as they were last told."""
    release, order = tree.get("warehouse_order"), tree.get("order")
    for kind, number in (("warehouse_order", release), ("sales_order", order or release)):
        there = known.by_number(kind, str(number)) if number is not None else None
        last = _last(known, there) if there is not None else None
        if last is not None:
            return last.tree["lines"]
    return ()


def _last(known: Knowledge, there: Object) -> Message | None:
    """The newest version of an object that went its way."""
    told = [m for m, _ in known.story(there.root) if m.hub == there.hub and m.state is MessageState.ROUTED]
    return told[-1] if told else None


def _plain(quantity: Decimal) -> int | Decimal:
    return int(quantity) if quantity == quantity.to_integral_value() else quantity.normalize()
