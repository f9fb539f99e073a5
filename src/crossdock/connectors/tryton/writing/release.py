"""A Tryton shipment as the last look showed it, and what the warehouse did, both by order line and lot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crossdock.connectors.tryton.reading.sources import referred
from crossdock.connectors.tryton.units import Units, factor
from crossdock.connectors.tryton.wire import Row, at, exact
from crossdock.faults import Invalid, Rejected
from crossdock.kit.connector import Tree

_MOVE = (
    "origin", "state", "quantity", "product", "product.code", "product.lot_required", "lot", "lot.number", "unit",
    "unit.symbol", "unit.factor", "product.default_uom", "product.default_uom.symbol",
    "product.default_uom.factor",
)  # fmt: skip

_BEFORE_PICK = frozenset({"waiting", "assigned"})

#: What a look at a shipment reads.
FIELDS = (
    "number", "state", "reference", "shipping_reference", "company", "packages",
    *(f"inventory_moves.{name}" for name in (*_MOVE, "from_location", "to_location")),
    *(f"outgoing_moves.{name}" for name in _MOVE),
)  # fmt: skip

#: An order line's origin in Tryton, such as `sale.line,7`, and a lot's number.
Slot = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Move:
    """One stock move: so much of a line, from one lot. `base` is the quantity in the product's own unit."""

    id: int
    origin: str
    state: str
    sku: str
    product: int
    needs_lot: bool
    lot: str | None
    quantity: int | Decimal
    unit: Row
    base_unit: Row
    raw: Row

    @property
    def base(self) -> int | Decimal:
        """The quantity in the product's own unit."""
        return exact(Decimal(self.quantity) * factor(self.unit, self.base_unit))

    @property
    def slot(self) -> Slot:
        """Line and lot."""
        return self.origin, self.lot


@dataclass(frozen=True, slots=True)
class Release:
    """A shipment of Tryton: `picks` bring goods from storage to the dock, `sends` from there to the customer."""

    id: int
    number: str
    state: str
    company: int
    reference: str | None
    tracking: str | None
    has_packages: bool
    picks: tuple[Move, ...]
    sends: tuple[Move, ...]

    @classmethod
    def of(cls, row: Row) -> Release:
        """The shipment in one row of a look."""
        sends = tuple(_move(move, _own_origin(move)) for move in row["outgoing_moves."])
        # A picking move's origin is the sending move that it feeds.
        lines = {move.id: move.origin for move in sends}
        picks = tuple(
            _move(move, lines.get(referred(move["origin"], "stock.move") or 0, _own_origin(move)))
            for move in row["inventory_moves."]
            if move["state"] != "cancelled"
        )
        return cls(
            row["id"], row["number"], row["state"], row["company"], row["reference"], row["shipping_reference"],
            bool(row["packages"]), picks, sends,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What the warehouse took for one line and lot: `quantity` in the unit of the release's move, or in `unit`."""

    origin: str
    lot: str | None
    quantity: int | Decimal
    unit: int  #: Tryton's id of the unit that `quantity` counts
    base: int | Decimal
    path: str

    @property
    def slot(self) -> Slot:
        """Line and lot."""
        return self.origin, self.lot


def taken(lines: Sequence[Tree], release: Release, units: Units, path: str = "lines") -> tuple[Taken, ...]:
    """The document's lines in terms of the release. Raises Rejected, Invalid, Unmapped.

    Lines of nothing are left out; a lot that stands twice on a line is added up.
    """
    by_origin = {move.origin: move for move in (*release.sends, *release.picks)}
    found: dict[Slot, Taken] = {}
    for index, line in enumerate(lines):
        here = f"{path}[{index}]"
        if not line["quantity"] and release.state not in _BEFORE_PICK:
            continue  # Tryton drops what was not picked
        move = _move_of(line, by_origin, release, here)
        one = _taken(line, move, units, here)
        if not one.quantity:
            continue
        if before := found.get(one.slot):
            one = _sum(before, one)
        found[one.slot] = one
    return tuple(found.values())


def amounts(parts: Sequence[Move | Taken]) -> Mapping[Slot, int | Decimal]:
    """How much per line and lot, in base units; nothing is left out."""
    found: dict[Slot, Decimal] = {}
    for part in parts:
        if part.base:
            found[part.slot] = found.get(part.slot, Decimal(0)) + part.base
    return found


def by_origin(moves: Sequence[Move]) -> Iterator[tuple[str, list[Move]]]:
    """The moves of each line, in the order of their ids."""
    origins: dict[str, list[Move]] = {}
    for move in sorted(moves, key=lambda move: move.id):
        origins.setdefault(move.origin, []).append(move)
    return iter(origins.items())


def origin_of(line: object) -> str:
    """The origin in Tryton that the line of a release names: `7`, `7.2` (part 2 of a kit), `m9` (no order)."""
    head = str(line).partition("/")[0].partition(":")[0]
    if head.startswith("m"):
        return f"stock.move,{head[1:]}"
    _, dot, part = head.partition(".")
    return f"sale.line.component,{part}" if dot else f"sale.line,{head}"


def _move(row: Row, origin: str) -> Move:
    return Move(
        row["id"], origin, row["state"], at(row, "product.code"), row["product"], bool(at(row, "product.lot_required")),
        at(row, "lot.number"), exact(row["quantity"]), row["unit."], row["product."]["default_uom."], row,
    )  # fmt: skip


def _own_origin(row: Row) -> str:
    origin = str(row["origin"] or "")
    return origin if origin.startswith("sale.line") else f"stock.move,{row['id']}"


def _move_of(line: Tree, by_origin: Mapping[str, Move], release: Release, path: str) -> Move:
    move = by_origin.get(origin_of(line["line"]))
    if move is None:
        raise Rejected(
            f"{release.number} has no line {line['line']}",
            path=f"{path}.line", value=line["line"], fix="send the line as the release named it",
        )  # fmt: skip
    if move.sku != line["sku"]:
        raise Rejected(
            f"line {line['line']} of {release.number} asks for {move.sku}, not {line['sku']}",
            path=f"{path}.sku", value=line["sku"], fix="change the order in Tryton to the item that was sent",
        )  # fmt: skip
    if move.needs_lot and not line.get("lot") and line["quantity"]:
        raise Invalid(
            f"{move.sku} moves by lot, and the line names none",
            path=f"{path}.lot", fix="ask the warehouse for the lot", type="lot_missing",
        )  # fmt: skip
    return move


def _taken(line: Tree, move: Move, units: Units, path: str) -> Taken:
    quantity, unit, lot = exact(line["quantity"]), line["unit"], line.get("lot")
    size = factor(move.unit, move.base_unit)
    if unit == units.ours(move.unit["symbol"], f"{path}.unit"):
        return Taken(move.origin, lot, quantity, move.unit["id"], exact(Decimal(quantity) * size), path)
    if unit != units.ours(move.base_unit["symbol"], f"{path}.unit"):
        raise Invalid(
            f"the unit {unit} is neither that of the line nor that of the item",
            path=f"{path}.unit", value=unit, fix="send the quantity in either", type="unknown_unit",
        )  # fmt: skip
    in_line_unit = Decimal(quantity) / Decimal(size)
    if in_line_unit == in_line_unit.to_integral_value():
        return Taken(move.origin, lot, int(in_line_unit), move.unit["id"], quantity, path)
    return Taken(move.origin, lot, quantity, move.base_unit["id"], quantity, path)  # a broken case


def _sum(one: Taken, other: Taken) -> Taken:
    if one.unit == other.unit:
        return Taken(
            one.origin, one.lot, exact(Decimal(one.quantity) + other.quantity), one.unit,
            exact(Decimal(one.base) + other.base), one.path,
        )  # fmt: skip
    raise Invalid("one lot of one line comes in two units", path=other.path, fix="send it as one line")
