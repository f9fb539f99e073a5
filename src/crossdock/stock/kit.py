"""Kits by their components: how many can be made of what is there, and what one takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from crossdock.faults import Invalid
from crossdock.stock.amount import PARTS

#: A kit of kits of kits is as deep as one may go; deeper is taken for a circle.
DEPTH_MAX = 5


@dataclass(frozen=True, slots=True)
class Part:
    """So much of one item in one kit, in parts of the item's base unit."""

    sku: str
    amount: int


Kits = Mapping[str, tuple[Part, ...]]


def exploded(sku: str, amount: int, kits: Kits) -> dict[str, int]:
    """What an amount of an item takes of stocked items; an item that is no kit takes itself.

    Broken parts count as whole ones. Raises Invalid for a kit that holds itself.
    """
    found: dict[str, Fraction] = {}
    _explode(sku, Fraction(amount), kits, found, 0)
    return {name: -(-value.numerator // value.denominator) for name, value in found.items()}


def _explode(sku: str, amount: Fraction, kits: Kits, found: dict[str, Fraction], depth: int) -> None:
    parts = kits.get(sku)
    if not parts:
        found[sku] = found.get(sku, Fraction(0)) + amount
        return
    if depth >= DEPTH_MAX:
        raise Invalid(
            f"kit {sku} holds itself, or is more than {DEPTH_MAX} deep",
            path="components",
            value=sku,
            fix="correct the composition of the kit",
        )
    for part in parts:
        _explode(part.sku, amount * part.amount / PARTS, kits, found, depth + 1)


def makes(sku: str, free: Mapping[str, int], kits: Kits) -> int:
    """How much of a kit the free stock of its components makes, in parts of whole kits."""
    one = exploded(sku, PARTS, kits)
    return min(max(free.get(name, 0), 0) // amount for name, amount in one.items()) * PARTS


def skus(sku: str, kits: Kits) -> Iterable[str]:
    """The stocked items that an item is promised from."""
    return exploded(sku, PARTS, kits)
