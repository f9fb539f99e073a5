"""Everything that the rules of one site's stock rest on, wired once."""

from __future__ import annotations

from datetime import UTC, tzinfo

from crossdock.journal.contract import Journal
from crossdock.pipeline.renumbering import Numbers
from crossdock.pipeline.stockkeeping.guard import ReservationGuard
from crossdock.pipeline.stockkeeping.measures import KitBook, Measures
from crossdock.pipeline.stockkeeping.promises import Clock, Promises
from crossdock.stock.policy import Policy


class Stockroom:
    """The stock of a site: its policy, its measures and kits, and the promises given of it."""

    def __init__(
        self, journal: Journal, clock: Clock, policy: Policy, guard: ReservationGuard, zone: tzinfo = UTC
    ) -> None:
        self.policy = policy
        self.guard = guard
        self.numbers = Numbers(journal)
        self.measures = Measures(self.numbers.item)
        self.kits = KitBook(journal, self.measures)
        self.promises = Promises(journal, clock, policy, guard, self.measures, self.kits, self.numbers, zone)
