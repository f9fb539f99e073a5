"""The quantities of an order's lines, carried through from what was ordered to what came back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from crossdock.model.lifecycle.facts import Fact, LineFact
from crossdock.model.lifecycle.words import Fulfilment, Told

#: How many of one unit a quantity in another is: (sku, quantity, from, to); None where nobody knows.
Convert = Callable[[str, Decimal, str, str], Decimal | None]
_NONE = Decimal()


def same_unit(_sku: str, quantity: Decimal, given: str, wanted: str) -> Decimal | None:
    """Knows only that a unit is itself."""
    return quantity if given == wanted else None


@dataclass(slots=True)
class LineProgress:
    """One line of an order, every figure in the order's own unit."""

    line: str
    sku: str
    unit: str
    ordered: Decimal = _NONE
    allocated: Decimal = _NONE
    picked: Decimal = _NONE
    packed: Decimal = _NONE
    shipped: Decimal = _NONE
    backordered: Decimal = _NONE
    cancelled: Decimal = _NONE
    returned: Decimal = _NONE

    @property
    def open(self) -> Decimal:
        """What is still to leave."""
        return max(self.ordered - self.shipped - self.cancelled, _NONE)

    def state(self, whole: Fulfilment) -> str:
        """The line in one word; `whole` is how far its order is."""
        if self.ordered and self.cancelled >= self.ordered:
            return "cancelled"
        if self.shipped:
            left_all = not self.open or whole in (Fulfilment.SHIPPED, Fulfilment.DELIVERED)
            word = Fulfilment.DELIVERED if whole is Fulfilment.DELIVERED else Fulfilment.SHIPPED
            return (word if left_all else Fulfilment.PART_SHIPPED).value
        for figure, word in (
            (self.packed, Fulfilment.PACKED), (self.picked, Fulfilment.PICKED),
            (self.backordered, Fulfilment.BACKORDERED), (self.allocated, Fulfilment.ALLOCATED),
        ):  # fmt: skip
            if figure:
                return word.value
        early = (Fulfilment.RECEIVED, Fulfilment.VALIDATED, Fulfilment.RELEASED, Fulfilment.ACKNOWLEDGED)
        return (whole if whole in early else Fulfilment.RELEASED).value


_AT_LEAST = {
    Told.ALLOCATED: ("allocated",),
    Told.PICKING: ("allocated",),
    Told.PICKED: ("allocated", "picked"),
    Told.PACKED: ("allocated", "picked", "packed"),
}


def carried(facts: Iterable[Fact], *, stopped: bool, convert: Convert = same_unit) -> dict[str, LineProgress]:
    """The lines of an order after some facts, in the order in which they happened.

    `stopped`: its cancellation was accepted, so that nothing more leaves. A quantity in a unit that
    nobody can convert counts for nothing here.
    """
    facts = list(facts)
    refused = {one.source.rpartition("/")[0] for one in facts if one.told is Told.AMEND_REFUSED}
    lines: dict[str, LineProgress] = {}
    for fact in facts:
        if fact.told is Told.VALIDATED and not fact.release:
            lines = {
                one.line: LineProgress(one.line, one.sku, one.unit, one.quantity or _NONE)
                for one in fact.lines
            }
    picked: dict[tuple[str, str], dict[str, Decimal]] = {}
    for fact in facts:
        match fact.told:
            case Told.SHIPPED | Told.PART_SHIPPED if fact.about:
                _add(lines, fact, "shipped", convert)
            case Told.RETURN_RECEIVED:
                _add(lines, fact, "returned", convert)
            case Told.AMEND_REQUESTED if fact.source not in refused:
                _add(lines, fact, "cancelled", convert)
            case (
                Told.ALLOCATED
                | Told.PICKING
                | Told.PICKED
                | Told.PACKED
                | Told.BACKORDERED
                | Told.ACKNOWLEDGED
            ):
                _on_the_floor(lines, fact, picked, convert)
            case _:
                pass
    for line in lines.values():
        _even(line, stopped=stopped)
    return lines


def _quantity(line: LineProgress, one: LineFact, quantity: Decimal, convert: Convert) -> Decimal:
    return convert(line.sku, quantity, one.unit, line.unit) or _NONE


def _add(lines: dict[str, LineProgress], fact: Fact, figure: str, convert: Convert) -> None:
    for one in fact.lines:
        line = _meant(lines, one)
        if line is not None:
            told = line.open if one.quantity is None else _quantity(line, one, one.quantity, convert)
            setattr(line, figure, getattr(line, figure) + told)


def _meant(lines: dict[str, LineProgress], one: LineFact) -> LineProgress | None:
    """The line that is spoken of: under its name, else the only one of its item."""
    named = lines.get(one.line)
    if named is not None and named.sku == one.sku:
        return named
    same = [line for line in lines.values() if line.sku == one.sku]
    return same[0] if len(same) == 1 else named


def _on_the_floor(
    lines: dict[str, LineProgress],
    fact: Fact,
    picked: dict[tuple[str, str], dict[str, Decimal]],
    convert: Convert,
) -> None:
    """What the floor tells of a line is the whole of it so far, in each release."""
    told = {one.line: one for one in fact.lines}
    for line in lines.values():
        one = told.get(line.line)
        if fact.lines and one is None:
            continue
        short = _quantity(line, one, one.short, convert) if one else _NONE
        line.backordered = short or (line.ordered if fact.told is Told.BACKORDERED else _NONE)
        for figure in _AT_LEAST.get(fact.told, ()):
            so_far = line.ordered - short
            if figure != "allocated" and one is not None and one.quantity is not None:
                so_far = _quantity(line, one, one.quantity, convert)
            releases = picked.setdefault((line.line, figure), {})
            releases[fact.release] = max(releases.get(fact.release, _NONE), so_far)
            total = sum(releases.values(), _NONE)
            setattr(line, figure, min(total, line.ordered) if figure == "allocated" else total)


def _even(line: LineProgress, *, stopped: bool) -> None:
    """What left was packed, picked and set aside before, whether or not that was told."""
    line.cancelled = min(line.cancelled, max(line.ordered - line.shipped, _NONE))
    if stopped:
        line.cancelled = max(line.ordered - line.shipped, _NONE)
        line.allocated = line.picked = line.packed = line.shipped
    line.packed = max(line.packed, line.shipped)
    line.picked = max(line.picked, line.packed)
    line.allocated = max(line.allocated, line.picked)
    line.backordered = min(line.backordered, line.open)
