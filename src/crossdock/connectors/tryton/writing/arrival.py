"""Goods that came, in Tryton's terms: what was open, which pieces came of it, and how its moves are to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crossdock.connectors.tryton.reading.sources import referred
from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.units import Units, factor
from crossdock.connectors.tryton.wire import Row, at, exact, their_float
from crossdock.faults import Invalid, Rejected
from crossdock.kit.connector import Tree

#: What a look at a move reads.
MOVE = (
    "origin", "state", "quantity", "product", "product.code", "product.lot_required", "product.shelf_life_state",
    "lot", "lot.number", "unit", "unit.symbol", "unit.factor", "product.default_uom", "product.default_uom.symbol",
    "product.default_uom.factor", "unit_price", "currency", "from_location", "to_location", "shipment",
)  # fmt: skip

#: States of a line and words of what becomes of it that keep it off the shelf -> the setting that says where it goes.
_ASIDE = {
    "held": "quarantine_location", "quarantine": "quarantine_location",
    "quality": "quarantine_location", "damaged": "quarantine_location",
    "expired": "quarantine_location", "repair": "quarantine_location", "return_to_vendor": "quarantine_location",
    "scrap": "scrap_location",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Open:
    """A line that goods may come for: its name with us, and the move in Tryton that waits for them."""

    names: frozenset[str]
    move: Row  #: its values are copied where goods come in several pieces
    waits: bool  #: whether the move itself still waits

    @property
    def origin(self) -> str:
        """The line in Tryton, such as `purchase.line,7`."""
        return str(self.move["origin"])


@dataclass(frozen=True, slots=True)
class Piece:
    """So much of one line from one lot to one place; `base` counts the product's own unit."""

    line: Open
    lot: str | None
    expires_on: str | None
    quantity: int | Decimal
    unit: int
    base: Decimal
    place: str | None  #: code of where it lies aside; None: on the shelf
    path: str

    @property
    def slot(self) -> tuple[str, str | None]:
        """Line and lot."""
        return self.line.origin, self.lot


def pieces(
    lines: Sequence[Tree], open_: Sequence[Open], units: Units, settings: Settings
) -> tuple[Piece, ...]:
    """The document's lines in Tryton's terms. Raises Rejected, Invalid, Unmapped. Lines of nothing are left out."""
    found = (
        _piece(line, open_, units, settings, f"lines[{n}]")
        for n, line in enumerate(lines)
        if line["quantity"]
    )
    merged: dict[tuple[object, ...], Piece] = {}
    for one in found:
        key = (*one.slot, one.place, one.unit)
        before = merged.get(key)
        merged[key] = one if before is None else _sum(before, one)
    return tuple(merged.values())


def _piece(line: Tree, open_: Sequence[Open], units: Units, settings: Settings, path: str) -> Piece:
    move = _open_of(line, open_, path)
    row = move.move
    unit, base = row["unit."], row["product."]["default_uom."]
    lot = line.get("lot")
    if row["product."].get("lot_required") and not lot:
        raise Invalid(
            f"{line['sku']} moves by lot, and the line names none",
            path=f"{path}.lot", fix="ask the warehouse for the lot", type="lot_missing",
        )  # fmt: skip
    chosen = next((one for one in (unit, base) if units.ours(one["symbol"], path) == line["unit"]), None)
    if chosen is None:
        raise Invalid(
            f"the unit {line['unit']} is neither that of the line nor that of the item",
            path=f"{path}.unit", value=line["unit"], fix="send the quantity in either", type="unknown_unit",
        )  # fmt: skip
    size, quantity = Decimal(factor(chosen, base)), exact(line["quantity"])
    return Piece(
        move, lot, line.get("expires_on"), quantity, chosen["id"], Decimal(quantity) * size, _place(line, settings),
        path,
    )  # fmt: skip


def _open_of(line: Tree, open_: Sequence[Open], path: str) -> Open:
    named = {str(line[name]) for name in ("purchase_line", "order_line") if line.get(name) is not None}
    same = [one for one in open_ if at(one.move, "product.code") == line["sku"]]
    match = next((one for one in same if named & one.names), None) or next(iter(same), None)
    if match is None:
        raise Rejected(
            f"in Tryton nobody expects {line['sku']} here",
            path=f"{path}.sku", value=line["sku"], fix="add the line in Tryton, then retry",
        )  # fmt: skip
    return match


def _place(line: Tree, settings: Settings) -> str | None:
    word = next((str(line[name]) for name in ("outcome", "status") if str(line.get(name)) in _ASIDE), None)
    if word is None:
        return None
    setting = _ASIDE[word]
    code = {
        "quarantine_location": settings.quarantine_location,
        "scrap_location": settings.scrap_location,
    }[setting]
    if code is None:
        raise Rejected(
            f"nobody said where in Tryton goods lie that are {word}",
            path=setting,
            fix=f"write {setting}: CODE",
        )
    return code


def _sum(one: Piece, other: Piece) -> Piece:
    return Piece(
        one.line, one.lot, one.expires_on or other.expires_on, exact(Decimal(one.quantity) + other.quantity), one.unit,
        one.base + other.base, one.place, one.path,
    )  # fmt: skip


def incoming(taken: Sequence[Piece], lots: Mapping[tuple[int, str], int], company: int) -> list[object]:
    """The changes that make the moves of an arrival as the pieces are."""
    changes: list[object] = []
    written: set[int] = set()
    for piece in taken:
        move = piece.line.move
        values: dict[str, object] = {"quantity": their_float(piece.quantity), "unit": piece.unit}
        if piece.lot is not None:
            values["lot"] = lots[move["product"], piece.lot]
        if piece.line.waits and move["id"] not in written:
            written.add(move["id"])
            changes.append(["write", [move["id"]], values])
            continue
        shared = {
            name: move[name]
            for name in ("origin", "product", "unit_price", "currency", "from_location", "to_location")
        }
        changes.append(["create", [{**shared, **values, "company": company}]])
    return changes


def amounts(moves: Sequence[Row]) -> dict[tuple[str, str | None], Decimal]:
    """How much of each line and lot is on moves, in the products' own units."""
    found: dict[tuple[str, str | None], Decimal] = {}
    for move in moves:
        if move["quantity"] and move["state"] != "cancelled":
            slot = (str(move["origin"]), at(move, "lot.number"))
            found[slot] = found.get(slot, Decimal(0)) + base_of(move)
    return found


def wanted(taken: Sequence[Piece]) -> dict[tuple[str, str | None], Decimal]:
    """How much of each line and lot came."""
    found: dict[tuple[str, str | None], Decimal] = {}
    for piece in taken:
        found[piece.slot] = found.get(piece.slot, Decimal(0)) + piece.base
    return found


def base_of(move: Row) -> Decimal:
    """The quantity of a move in its product's own unit."""
    size = factor(move["unit."], move["product."]["default_uom."])
    return Decimal(exact(move["quantity"])) * Decimal(size)


def shelved(arrival: Row, taken: Sequence[Piece], places: Mapping[str, int]) -> Iterator[object]:
    """The changes that bring what is set aside to its place instead of the shelf.

    What lies at its place already stays there: two pieces of one line may be alike but for their place.
    """
    came = {move["id"]: move for move in arrival["incoming_moves."]}
    left = [(move, came[id_]) for move in arrival["inventory_moves."] if (id_ := _source(move)) in came]
    aside = [piece for piece in taken if piece.place is not None]
    for exact_place in (True, False):
        for piece in list(aside):
            target = places[str(piece.place)]
            match = next(
                (
                    pair
                    for pair in left
                    if _is_of(pair[1], piece) and (pair[0]["to_location"] == target or not exact_place)
                ),
                None,
            )
            if match is None:
                continue
            left.remove(match)
            aside.remove(piece)
            if match[0]["to_location"] != target:
                yield ["write", [match[0]["id"]], {"to_location": target}]


def _source(move: Row) -> int:
    return referred(move["origin"], "stock.move") or 0


def _is_of(source: Row, piece: Piece) -> bool:
    return piece.slot == (str(source["origin"]), at(source, "lot.number")) and piece.base == base_of(source)
