"""Amounts of money with their currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact

from crossdock.faults import Invalid
from crossdock.model.codes.currencies import CURRENCIES

# Wide enough that no product of a price and a quantity needs rounding; one that did would be a defect.
_EXACT = Context(prec=60, traps=[Inexact])
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency; amounts of two currencies cannot be mixed."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, amount: int | Decimal | str, currency: str) -> Money:
        """The amount, once the currency is one of ISO 4217 and the number exact. Raises Invalid, TypeError."""
        if isinstance(amount, float):
            raise TypeError("money is never a float")
        if currency not in CURRENCIES:
            raise Invalid("unknown currency", path="currency", value=currency, fix="write its ISO 4217 code")
        value = Decimal(amount)
        if not value.is_finite():
            raise Invalid("not an amount", path="amount", value=str(amount), fix="write a number")
        return cls(value, currency)

    def __add__(self, other: Money) -> Money:
        """The sum. Raises TypeError for two currencies."""
        return Money(_EXACT.add(self.amount, self._same(other).amount), self.currency)

    def __sub__(self, other: Money) -> Money:
        """The difference. Raises TypeError for two currencies."""
        return Money(_EXACT.subtract(self.amount, self._same(other).amount), self.currency)

    def __mul__(self, times: int | Decimal) -> Money:
        """So many times the amount, unrounded."""
        if isinstance(times, float):
            raise TypeError("money is never multiplied by a float")
        return Money(_EXACT.multiply(self.amount, Decimal(times)), self.currency)

    def __lt__(self, other: Money) -> bool:
        """Whether this is less. Raises TypeError for two currencies."""
        return self.amount < self._same(other).amount

    def __le__(self, other: Money) -> bool:
        """Whether this is not more. Raises TypeError for two currencies."""
        return self.amount <= self._same(other).amount

    def rounded(self) -> Money:
        """To the currency's smallest coin, halves away from zero. The only place that rounds money."""
        coin = Decimal(1).scaleb(-CURRENCIES[self.currency])
        return Money(self.amount.quantize(coin, context=_ROUNDING), self.currency)

    def _same(self, other: Money) -> Money:
        if not isinstance(other, Money):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("money adds to money only")
        if other.currency != self.currency:
            raise TypeError(f"{other.currency} cannot be mixed with {self.currency}")
        return other
