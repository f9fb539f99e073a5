"""Quantities with their unit, exact, and their conversion through an item's packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from typing import Protocol

from crossdock.faults import Invalid
from crossdock.model.codes.units import UNITS

_DIGITS_MAX = 40  #: digits a converted quantity may need before it counts as not writable
_EXACT = Context(prec=_DIGITS_MAX, traps=[Inexact])


class PackLike(Protocol):
    """What conversion must know of a pack: its unit and how many base units it holds."""

    @property
    def unit(self) -> str: ...
    @property
    def factor(self) -> int | Decimal: ...


@dataclass(frozen=True, slots=True)
class Quantity:
    """So many of a unit, as an exact ratio; quantities of two units cannot be mixed."""

    value: Fraction
    unit: str

    @classmethod
    def of(cls, amount: int | Decimal | Fraction, unit: str) -> Quantity:
        """The quantity. Raises TypeError for a float, Invalid for what is no number."""
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal | Fraction):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("a quantity is an int, a Decimal or a Fraction")
        try:
            return cls(Fraction(amount), unit)
        except (ValueError, OverflowError) as error:
            raise Invalid(
                "not a quantity", path="quantity", value=str(amount), fix="write a number"
            ) from error

    def __add__(self, other: Quantity) -> Quantity:
        """The sum. Raises TypeError for two units."""
        return Quantity(self.value + self._same(other).value, self.unit)

    def __sub__(self, other: Quantity) -> Quantity:
        """The difference. Raises TypeError for two units."""
        return Quantity(self.value - self._same(other).value, self.unit)

    def __mul__(self, times: int | Decimal | Fraction) -> Quantity:
        """So many times the quantity. Raises TypeError for a float."""
        return Quantity(self.value * Quantity.of(times, self.unit).value, self.unit)

    def __neg__(self) -> Quantity:
        """The same, taken away."""
        return Quantity(-self.value, self.unit)

    def __lt__(self, other: Quantity) -> bool:
        """Whether this is less. Raises TypeError for two units."""
        return self.value < self._same(other).value

    def __le__(self, other: Quantity) -> bool:
        """Whether this is not more. Raises TypeError for two units."""
        return self.value <= self._same(other).value

    def number(self) -> int | Decimal:
        """The bare number as a tree carries it. Raises Invalid when no decimal is exactly that."""
        if self.value.denominator == 1:
            return self.value.numerator
        try:
            return _EXACT.divide(Decimal(self.value.numerator), Decimal(self.value.denominator)).normalize(
                _EXACT
            )
        except Inexact as error:
            raise Invalid(
                f"{self.value} {self.unit} cannot be written without rounding",
                path="quantity",
                value=str(self.value),
                fix="order whole packs, or send the smaller unit",
            ) from error

    def _same(self, other: Quantity) -> Quantity:
        if not isinstance(other, Quantity):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("a quantity adds to a quantity only")
        if other.unit != self.unit:
            raise TypeError(f"{other.unit} cannot be mixed with {self.unit}")
        return other


def convert(quantity: Quantity, unit: str, *, base: str, packs: Iterable[PackLike] = ()) -> Quantity:
    """The same quantity in another unit of one item, exact.

    `base` is the item's own unit and `packs` what it declares. Units of one dimension (KG and G)
    also convert without a pack. Raises Invalid (`unknown_unit`) when the item says nothing of one
    of the units.
    """
    if quantity.unit == unit:
        return quantity
    declared = {pack.unit: Fraction(pack.factor) for pack in packs}
    ratio = _in_base(quantity.unit, base, declared) / _in_base(unit, base, declared)
    return Quantity(quantity.value * ratio, unit)


def _in_base(unit: str, base: str, declared: Mapping[str, Fraction]) -> Fraction:
    """How many of the item's base unit one of `unit` is."""
    if unit == base:
        return Fraction(1)
    # What the item declares goes before the table: its dozen may be a baker's.
    if unit in declared:
        return declared[unit]
    one, other = UNITS.get(unit), UNITS.get(base)
    if one and other and one.factor and other.factor and one.dimension is other.dimension:
        return one.factor / other.factor
    raise Invalid(
        f"the item does not say how many {base} one {unit} is",
        path="unit",
        value=unit,
        fix=f"add the pack {unit} to the item",
        type="unknown_unit",
    )
