"""What was announced held against what came: amounts that add up in any order, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction

from crossdock.faults import Invalid
from crossdock.model.quantity import Quantity

#: A quantity of an item in the item's own unit. Raises Invalid for a unit that the item does not have.
InBase = Callable[[str, Quantity], Quantity]


@dataclass(frozen=True, slots=True)
class Expected:
    """So much of one item is announced; `line` is its name where it was announced."""

    line: str
    sku: str
    amount: Quantity


@dataclass(frozen=True, slots=True)
class Arrived:
    """So much of one item came; `line` names the announced line it belongs to, "" where nobody said."""

    line: str
    sku: str
    amount: Quantity
    spoilt: bool = False  #: it came, and cannot be sold as it is


@dataclass(frozen=True, slots=True)
class LineStanding:
    """One line as it stands, in the item's own unit; `line` is "" for what nobody announced."""

    line: str
    sku: str
    unit: str
    expected: Fraction
    arrived: Fraction
    spoilt: Fraction = Fraction(0)

    @property
    def missing(self) -> Fraction:
        """How much is still to come."""
        return max(self.expected - self.arrived, Fraction(0))

    @property
    def over(self) -> Fraction:
        """How much more came than was announced."""
        return max(self.arrived - self.expected, Fraction(0))

    def beyond(self, percent: Decimal) -> bool:
        """Whether more came than so many percent over what was announced."""
        return self.arrived > self.expected * (1 + Fraction(percent) / 100)


class Receiving(Enum):
    """How far goods that are announced have come."""

    EXPECTED = "expected"  #: nothing came yet
    ARRIVING = "arriving"  #: some came, more is expected
    COMPLETE = "closed_complete"  #: all that was announced came
    SHORT = "closed_short"  #: the warehouse said that no more will come, and some is missing


#: (anything came, anything is missing, somebody said that no more comes) -> how far that is.
#: It follows from the set of receipts alone, so that no order of arrival makes another.
STANDS = {
    (False, True, False): Receiving.EXPECTED,
    (False, True, True): Receiving.SHORT,
    (True, True, False): Receiving.ARRIVING,
    (True, True, True): Receiving.SHORT,
    (True, False, False): Receiving.COMPLETE,
    (True, False, True): Receiving.COMPLETE,
    (False, False, False): Receiving.COMPLETE,
    (False, False, True): Receiving.COMPLETE,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """All lines, announced ones first and in their order, then what nobody announced."""

    lines: tuple[LineStanding, ...]
    ended: bool  #: somebody said that no more comes

    @property
    def state(self) -> Receiving:
        """How far that is."""
        came = any(line.arrived for line in self.lines)
        return STANDS[came, any(line.missing for line in self.lines), self.ended]


def standing(
    expected: Iterable[Expected], arrived: Iterable[Arrived], in_base: InBase, *, ended: bool = False
) -> Standing:
    """How all that came stands to all that was announced. Raises Invalid for a unit that an item does not have.

    What names no line fills the lines of its item one after the other; what is too much stands on the last.
    """
    lines = [_Sum(one.line, one.sku, in_base(one.sku, one.amount)) for one in expected]
    named = {(line.line, line.sku): line for line in lines}
    pooled: dict[str, list[_Sum]] = {}
    for one in arrived:
        amount = in_base(one.sku, one.amount)
        target = named.get((one.line, one.sku))
        if target is None:
            target = _Sum("", one.sku, amount * 0)
            pooled.setdefault(one.sku, []).append(target)
        target.add(amount, spoilt=one.spoilt)
    for sku, parts in pooled.items():
        lines += _poured(parts, [line for line in lines if line.sku == sku and line.line])
    return Standing(tuple(line.told() for line in lines), ended)


def told(amount: Fraction, unit: str) -> str:
    """An amount as people read it, such as `2.5 KG`."""
    try:
        return f"{Quantity(amount, unit).number()} {unit}"
    except Invalid:
        return f"{amount} {unit}"


class _Sum:
    """A line while it is added up."""

    def __init__(self, line: str, sku: str, expected: Quantity) -> None:
        self.line, self.sku, self.unit = line, sku, expected.unit
        self.expected, self.arrived, self.spoilt = expected.value, Fraction(0), Fraction(0)

    def add(self, amount: Quantity, *, spoilt: bool) -> None:
        if amount.unit != self.unit:
            raise Invalid(
                f"{self.sku} is counted in {self.unit} here and in {amount.unit} there",
                path="unit", value=f"{self.sku} {amount.unit}", fix="send the item with its packs, then retry",
                type="unknown_unit",
            )  # fmt: skip
        self.arrived += amount.value
        self.spoilt += amount.value if spoilt else 0

    def told(self) -> LineStanding:
        return LineStanding(self.line, self.sku, self.unit, self.expected, self.arrived, self.spoilt)


def _poured(parts: Sequence[_Sum], lines: Sequence[_Sum]) -> list[_Sum]:
    """What names no line goes into the lines of its item; gives what there is no line for."""
    whole = _Sum("", parts[0].sku, Quantity(Fraction(0), parts[0].unit))
    for part in parts:
        whole.add(Quantity(part.arrived, part.unit), spoilt=False)
        whole.spoilt += part.spoilt
    if not lines:
        return [whole] if whole.arrived else []
    for line in lines:
        line.add(Quantity(Fraction(0), whole.unit), spoilt=False)  # of one unit, or nothing can be said
        room = max(line.expected - line.arrived, Fraction(0))
        taken = whole.arrived if line is lines[-1] else min(whole.arrived, room)
        spoilt = min(taken, whole.spoilt)
        line.arrived, line.spoilt = line.arrived + taken, line.spoilt + spoilt
        whole.arrived, whole.spoilt = whole.arrived - taken, whole.spoilt - spoilt
    return []
