"""The table by which messages of one grammar are walked: for each place the ways on, and what accepts its segments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from crossdock.formats.edi.chart import Chart, chart
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edifact.checking.pattern import Accept, accept
from crossdock.formats.edifact.wire.syntax import Delimiters

TABLES_MAX = 64  #: kept; the oldest goes first
DATES_MAX = 4096  #: dates that were right, not looked at again

_COUNTED = frozenset({"LIN", "QTY", "CNT"})


class Step(NamedTuple):
    """One place: where each tag leads from it, what accepts a segment here, and whether it is counted or a date."""

    ways: dict[str, tuple[int, int, int]]
    accept: Accept
    counted: bool
    dated: bool


@dataclass(slots=True)
class Table:
    """The steps of one grammar in one set of service characters, made when a place is first reached."""

    chart: Chart
    delimiters: Delimiters
    steps: list[Step | None]
    dates: set[str] = field(default_factory=set[str])

    def step(self, at: int) -> Step:
        """The step at a place."""
        step = self.steps[at]
        if step is None:
            segment = self.chart.places[at].slot.segment
            accepts = accept(segment, self.delimiters)
            ways = self.chart.plain(at)
            step = self.steps[at] = Step(ways, accepts, segment.id in _COUNTED, segment.id == "DTM")
        return step

    def right(self, date: str) -> None:
        """Remember a DTM that was right."""
        if len(self.dates) >= DATES_MAX:
            self.dates.clear()
        self.dates.add(date)


_tables: dict[tuple[int, Delimiters], Table] = {}


def table(grammar: DocumentGrammar, delimiters: Delimiters) -> Table:
    """The table of a grammar; made once, while it is among the last TABLES_MAX."""
    made = chart(grammar)
    # by identity, as the chart is kept; the table keeps the chart, so the identity holds
    found = _tables.get((id(made), delimiters))
    if found is None:
        found = _tables[id(made), delimiters] = Table(made, delimiters, [None] * len(made.places))
        while len(_tables) > TABLES_MAX:
            del _tables[next(iter(_tables))]
    return found
