"""Which package each sending move goes into, and which moves must be split for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crossdock.connectors.tryton.units import Units, factor
from crossdock.connectors.tryton.wire import exact
from crossdock.connectors.tryton.writing.release import Move, Release, Slot, taken
from crossdock.kit.connector import Tree


@dataclass(frozen=True, slots=True)
class Packing:
    """The plan: `splits` (move id -> quantities of its parts) come first, then `contents` (move ids per package)."""

    splits: Mapping[int, tuple[int | Decimal, ...]]
    contents: tuple[tuple[int, ...], ...]


def packing(packages: Sequence[Tree], release: Release, units: Units) -> Packing:
    """Moves into packages as the warehouse packed them. Raises Rejected, Invalid, Unmapped.

    Tryton wants every move in some package, so what the packages do not account for goes into the first.
    """
    sends = [move for move in release.sends if move.quantity and move.state != "cancelled"]
    inside = _inside(packages, release, units)
    splits: dict[int, tuple[int | Decimal, ...]] = {}
    contents: list[list[int]] = [[] for _ in packages]
    for slot, moves in _by_slot(sends).items():
        pieces = inside.get(slot, [])
        if len(moves) == 1 and len(pieces) > 1 and (parts := _parts(moves[0], pieces)):
            splits[moves[0].id] = parts
            continue
        left = list(pieces)
        for move in moves:
            match = next(
                (piece for piece in left if piece[1] == move.base), left[0] if left else (0, move.base)
            )
            if match in left:
                left.remove(match)
            contents[match[0]].append(move.id)
    return Packing(splits, tuple(map(tuple, contents)))


def _inside(
    packages: Sequence[Tree], release: Release, units: Units
) -> dict[Slot, list[tuple[int, int | Decimal]]]:
    """Per line and lot: which package holds how much, in base units."""
    found: dict[Slot, list[tuple[int, int | Decimal]]] = {}
    for index, package in enumerate(packages):
        lines = [line for line in package.get("lines", ()) if line.get("line") is not None]
        for part in taken(lines, release, units, f"packages[{index}].lines"):
            found.setdefault(part.slot, []).append((index, part.base))
    return found


def _by_slot(moves: Sequence[Move]) -> dict[Slot, list[Move]]:
    found: dict[Slot, list[Move]] = {}
    for move in sorted(moves, key=lambda move: move.id):
        found.setdefault(move.slot, []).append(move)
    return found


def _parts(move: Move, pieces: Sequence[tuple[int, int | Decimal]]) -> tuple[int | Decimal, ...] | None:
    """Quantities to split a move into, in its own unit; None where they do not add up or break a pack."""
    size = Decimal(factor(move.unit, move.base_unit))
    parts = tuple(exact(Decimal(base) / size) for _, base in pieces)
    if sum(map(Decimal, parts)) != move.quantity or any(type(part) is not int for part in parts):
        return None
    return parts
