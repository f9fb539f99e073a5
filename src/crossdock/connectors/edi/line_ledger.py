"""What became of each line of an order: asked for, shipped by several notices, charged by several bills."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from crossdock.connectors.edi.ordered_units import converted
from crossdock.faults import Invalid
from crossdock.kit.connector import Convert, Tree
from crossdock.mapping.rule import no_units

_NONE = Decimal(0)


@dataclass(slots=True)
class LedgerLine:
    """One line of an order, in `unit`; what was told in a unit that does not convert is in `otherwise`."""

    line: str
    sku: str
    unit: str
    ordered: Decimal = _NONE
    shipped: Decimal = _NONE
    billed: Decimal = _NONE
    shipments: list[str] = field(default_factory=list[str])  #: numbers of the notices that shipped some of it
    substitutes: list[str] = field(default_factory=list[str])  #: other items that were shipped in its place
    otherwise: list[tuple[str, Decimal, str]] = field(default_factory=list[tuple[str, Decimal, str]])

    @property
    def short(self) -> Decimal:
        """What is still missing."""
        return max(self.ordered - self.shipped, _NONE)

    @property
    def over(self) -> Decimal:
        """What left beyond the order."""
        return max(self.shipped - self.ordered, _NONE)


def line_ledger(
    order: Tree, shipments: Iterable[Tree], bills: Iterable[Tree] = (), *, convert: Convert = no_units
) -> dict[str, LedgerLine]:
    """The lines of an order by name, with those that nobody ordered behind them (`ordered` is 0)."""
    found: dict[str, LedgerLine] = {}
    for line in order.get("lines", ()):
        name = str(line["line"])
        found[name] = LedgerLine(name, line["sku"], line["unit"], ordered=Decimal(line["quantity"]))
    for shipment in shipments:
        for line in shipment["lines"]:
            one = _of(found, line)
            amount = _amount(line, one.unit, convert)
            if line["sku"] != one.sku and line["sku"] not in one.substitutes:
                one.substitutes.append(line["sku"])
            if amount is None:
                one.otherwise.append((shipment["number"], Decimal(line["quantity"]), line["unit"]))
            else:
                one.shipped += amount
                if amount and shipment["number"] not in one.shipments:
                    one.shipments.append(shipment["number"])
    for bill in bills:
        for line in bill["lines"]:
            one = _of(found, line)
            one.billed += _amount(line, one.unit, convert) or _NONE
    return found


def _amount(line: Tree, unit: str, convert: Convert) -> Decimal | None:
    """The quantity of a line in the unit of the order; None where the item does not say how they convert."""
    amount = Decimal(line["quantity"])
    try:
        return converted(amount, line["unit"], unit, line["sku"], convert)
    except Invalid:
        return None


def _of(found: dict[str, LedgerLine], line: Tree) -> LedgerLine:
    name = str(line.get("order_line", line["line"]))
    return found.setdefault(name, LedgerLine(name, line["sku"], line["unit"]))


def up_to(documents: Sequence[Tree], number: str) -> list[Tree]:
    """Those that came before one of them, and that one: the later ones have to fit into what it leaves."""
    found: list[Tree] = []
    for one in documents:
        found.append(one)
        if one["number"] == number:
            break
    return found
