"""Control totals: what CNT says of a message beside what was counted in it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from crossdock.formats.edifact.checking.inspection import Fault
from crossdock.formats.edifact.checking.values import Flaw
from crossdock.formats.edifact.wire.segment import parse
from crossdock.formats.edifact.wire.syntax import Delimiters

CONTROLS_MAX = 100  #: CNT segments of one message that are compared


class Totals:
    """Lines and quantities of one message, counted as they come by, and its CNT segments."""

    __slots__ = ("_controls", "_delimiters", "lines", "quantities")

    def __init__(self, delimiters: Delimiters) -> None:
        self.lines = 0
        self.quantities: dict[str, Decimal] = {}  #: by qualifier; within lines only
        self._controls: list[tuple[int, str]] = []
        self._delimiters = delimiters

    def take(self, raw: str, number: int) -> None:
        """Count one LIN, QTY or CNT."""
        tag = raw[:3]
        if tag == "LIN":
            self.lines += 1
        elif tag == "CNT":
            if len(self._controls) < CONTROLS_MAX:
                self._controls.append((number, raw))
        elif self.lines:
            qualifier, _, rest = raw[4:].partition(self._delimiters.component)
            amount = rest.partition(self._delimiters.component)[0]
            try:
                value = Decimal(amount.replace(",", "."))
            except InvalidOperation:
                return
            self.quantities[qualifier] = self.quantities.get(qualifier, Decimal(0)) + value

    def faults(self) -> Iterator[tuple[int, str, Fault]]:
        """Each CNT that is not so: its number in the message, its text, and what is wrong."""
        for number, raw in self._controls:
            control = parse(raw, self._delimiters)
            kind, told = control.get(1, 1), control.get(1, 2)
            try:
                amount = Decimal(told.replace(",", "."))
            except InvalidOperation:
                continue
            if kind == "2" and amount != self.lines:
                says = f"CNT counts {told} lines, there are {self.lines}"
                yield (
                    number,
                    raw,
                    Fault(Flaw("edifact.total", says, f"write {self.lines}", "12"), "01-2", told),
                )
            elif kind == "1" and self.quantities and not self._is_sum(amount):
                sums = " or ".join(
                    f"{value:f} ({qualifier})" for qualifier, value in sorted(self.quantities.items())
                )
                says = f"CNT gives {told} as the sum of quantities, they are {sums[:200]}"
                fix = "write the sum of the quantities of the lines"
                yield number, raw, Fault(Flaw("edifact.total", says, fix, "12"), "01-2", told)

    def _is_sum(self, amount: Decimal) -> bool:
        # The standard does not say which of several quantities of a line is summed.
        return amount in self.quantities.values() or amount == sum(self.quantities.values())
