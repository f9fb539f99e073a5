"""What a document did to stock."""

from __future__ import annotations

from dataclasses import dataclass, field

from crossdock.faults import Fault
from crossdock.journal.changes import Row
from crossdock.kit.connector import Read
from crossdock.pipeline.sourcing.plan import Plan


class NotCovered(Exception):
    """An order that the stock does not cover, where the charter says that it is refused."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


@dataclass(slots=True)
class Kept:
    """What a document did to stock: rows for the entry that tells of it, words, and what is wrong all the same."""

    rows: list[Row] = field(default_factory=list[Row])
    says: str = ""
    fault: Fault | None = None
    plan: Plan | None = None  #: the parts that the order is shared out to
    reads: list[Read] = field(default_factory=list[Read])
