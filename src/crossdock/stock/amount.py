"""Amounts of stock as whole millionths of an item's base unit, so that both stores reckon exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from crossdock.faults import Invalid

#: Parts of one base unit that amounts are counted in.
PARTS = 1_000_000
#: The largest amount that a store keeps, in parts.
LARGEST = 1 << 60


def supplied(quantity: Fraction | Decimal | int) -> int:
    """What there is, in parts; a part that is not whole is not there. Raises Invalid beyond all stores."""
    value = Fraction(quantity) * PARTS
    return _kept(value.numerator // value.denominator)


def wanted(quantity: Fraction | Decimal | int) -> int:
    """What is asked for, in parts; a part that is not whole is asked for whole. Raises Invalid beyond all stores."""
    value = Fraction(quantity) * PARTS
    return _kept(-(-value.numerator // value.denominator))


def quantity(parts: int) -> Fraction:
    """The quantity in base units."""
    return Fraction(parts, PARTS)


def number(parts: int) -> int | Decimal:
    """The quantity in base units as an answer shows it, all digits and no zeros behind them."""
    if parts % PARTS == 0:
        return parts // PARTS
    return Decimal(parts).scaleb(-6).normalize()


def whole(parts: int, factor: Fraction) -> int:
    """How many whole packs of so many base units fit into an amount; none into less than nothing."""
    return max(int(Fraction(parts, PARTS) // factor), 0)


def _kept(parts: int) -> int:
    if abs(parts) > LARGEST:
        raise Invalid(
            "more than any stock", path="quantity", value=str(parts // PARTS), fix="look at the unit"
        )
    return parts
