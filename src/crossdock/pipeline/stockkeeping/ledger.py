"""Levels and reservations while a batch is decided: the store, and what the batch itself has changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Journal
from crossdock.journal.stock import BeliefRow, LevelRow
from crossdock.pipeline.stockkeeping.guard import ReservationGuard
from crossdock.pipeline.stockkeeping.rows import ANYTHING, added, given_back, moved, reserved, took
from crossdock.stock.policy import ChannelPolicy, Policy
from crossdock.stock.promise import kept_back
from crossdock.stock.reservation import Reservation, ReservationState, passed, shown, split

_S = ReservationState


class StockLedger:
    """What a batch does to stock. Rows of reservations go with the entry that tells why, sums with the batch."""

    def __init__(self, journal: Journal, policy: Policy, guard: ReservationGuard) -> None:
        self._journal = journal
        self._policy = policy
        self._guard = guard
        self._levels: dict[str, dict[str, LevelRow]] = {}
        self._beliefs: dict[tuple[int, str], BeliefRow | None] = {}
        self._held: dict[int, dict[int, Reservation]] = {}
        self._supply: dict[tuple[str, str], int] = {}
        self._taken: dict[tuple[str, str], int] = {}
        self._left: set[tuple[str, str]] = set()  #: what was taken there and asked nobody
        self._lots: dict[tuple[str, str, str], int] = {}  #: set aside of lots by this batch

    def aside(self, channel: ChannelPolicy, skus: Collection[str]) -> dict[str, int]:
        """What is set aside of some items for a channel that may hold a share of them; of others nobody asks."""
        return self._journal.held_by(channel.name, skus) if channel.share is not None else {}

    def begin(self) -> None:
        """Ends a batch: from now on the store has what it did."""
        self._levels.clear()
        self._beliefs.clear()
        self._held.clear()
        self._supply.clear()
        self._taken.clear()
        self._left.clear()
        self._lots.clear()

    def write(self, changes: Changes, now_ms: int) -> None:
        """The sums of what the batch did."""
        for sku, site in sorted(self._supply):
            row = self._levels[sku][site]
            amount = self._supply[sku, site]
            changes.row(*added(sku, site, row.unit, amount, row.as_of_ms, now_ms), touches=None)
        for (sku, site), amount in sorted(self._taken.items()):
            if amount > 0:
                kept = kept_back(self._policy.sites[site], sku)
                least = ANYTHING if (sku, site) in self._left else self._guard.least(kept)
                changes.row(*took(sku, site, amount, least, now_ms), touches=1)
            elif amount < 0:
                changes.row(*given_back(sku, site, -amount, now_ms), touches=1)

    # -- levels --------------------------------------------------------------

    def levels(self, skus: Collection[str]) -> dict[tuple[str, str], LevelRow]:
        """The levels of some items as the batch leaves them."""
        fresh = [sku for sku in skus if sku not in self._levels]
        if fresh:
            self._levels |= {sku: {} for sku in fresh}
            for row in self._journal.levels(fresh):
                self._levels[row.sku][row.site] = row
        return {(sku, site): row for sku in skus for site, row in self._levels[sku].items()}

    def supply(self, sku: str, site: str, unit: str, amount: int, as_of_ms: int) -> None:
        """So much more or less can be promised, by a figure of that moment."""
        row = self.levels([sku]).get((sku, site)) or LevelRow(sku, site, unit, 0, 0, 0, 0)
        self._levels[sku][site] = replace(
            row, unit=unit, supply=row.supply + amount, as_of_ms=max(row.as_of_ms, as_of_ms)
        )
        self._supply[sku, site] = self._supply.get((sku, site), 0) + amount

    def take(self, sku: str, site: str, amount: int) -> None:
        """So much more, or below nothing less, is set aside."""
        row = self.levels([sku]).get((sku, site)) or LevelRow(sku, site, "EA", 0, 0, 0, 0)
        self._levels[sku][site] = replace(row, reserved=row.reserved + amount)
        self._taken[sku, site] = self._taken.get((sku, site), 0) + amount

    def take_lot(self, sku: str, site: str, lot: str, amount: int) -> None:
        """So much of one lot will be set aside by this batch."""
        self._lots[sku, site, lot] = self._lots.get((sku, site, lot), 0) + amount

    def lot_taken(self, sku: str, site: str, lot: str) -> int:
        """What this batch sets aside of a lot."""
        return self._lots.get((sku, site, lot), 0)

    # -- beliefs -------------------------------------------------------------

    def belief(self, hub: int, system: str) -> BeliefRow | None:
        """What a system last told of one balance."""
        if (hub, system) not in self._beliefs:
            self._beliefs[hub, system] = self._journal.stock_belief(hub, system)
        return self._beliefs[hub, system]

    def believe(self, row: BeliefRow) -> None:
        """A system has told another figure."""
        self._beliefs[row.hub, row.system] = row

    # -- reservations --------------------------------------------------------

    def of(self, holder: int) -> list[Reservation]:
        """Everything set aside for an order or a promise, as the batch leaves it."""
        if holder not in self._held:
            self._held[holder] = {one.id: one for one in self._journal.reservations(holder)}
        return list(self._held[holder].values())

    def add(self, one: Reservation) -> Row:
        """Sets stock aside."""
        self.of(one.holder)
        self._held[one.holder][one.id] = one
        self.take(one.sku, one.site, one.amount)
        return reserved(one)

    def move(self, before: Reservation, after: Reservation) -> Row:
        """Another state or amount of a reservation."""
        self.of(after.holder)
        self._held[after.holder][after.id] = after
        counted = (after.amount if after.counts else 0) - (before.amount if before.counts else 0)
        if counted:
            self.take(after.sku, after.site, counted)
        return moved(before, after)

    def release(
        self, holder: int, *, sites: Collection[str] | None = None, line: str | None = None
    ) -> list[Row]:
        """Gives back whatever still counts, at some sites or all; of one line or of all."""
        return [
            self.move(one, one.moved(_S.RELEASED))
            for one in self.of(holder)
            if one.counts and (sites is None or one.site in sites) and line in {None, one.line}
        ]

    def pass_on(
        self,
        holder: int,
        sku: str,
        amount: int,
        *,
        line: str,
        lot: str | None,
        at_ms: int,
        sites: Collection[str],
    ) -> list[Row]:
        """The warehouse has taken so much of an item for an order; the line that it names goes before the others."""
        held = [
            one for one in self.of(holder) if one.state is _S.HELD and one.sku == sku and one.site in sites
        ]
        rows: list[Row] = []
        for one in sorted(held, key=lambda one: one.line != line):
            some = min(amount, one.amount)
            if some <= 0:
                break
            amount -= some
            seen = self.levels([sku])[sku, one.site].as_of_ms
            if some == one.amount:
                rows.append(self.move(one, passed(one, at_ms, lot, seen)))
                continue
            taken, left = split(one, some, self._journal.next_id())
            gone = passed(taken, at_ms, lot, seen)
            rows.append(self.move(one, left))
            rows.append(self.add(gone) if gone.counts else self._added_gone(gone))
        return rows

    def _added_gone(self, one: Reservation) -> Row:
        self._held[one.holder][one.id] = one
        return reserved(one)

    def note(self, one: Reservation) -> Row:
        """Goods that left already: nobody can promise or refuse them any more."""
        self.of(one.holder)
        if not one.counts:
            return self._added_gone(one)
        self._left.add((one.sku, one.site))
        return self.add(one)

    def show(self, sku: str, site: str, as_of_ms: int, lot: str | None) -> list[Row]:
        """A figure shows that goods have gone: what is still counted of them is counted no more."""
        stored: Iterable[Reservation] = self._journal.reservations_passing(sku, site)
        for one in stored:
            self.of(one.holder)
        passing = [
            one
            for of in self._held.values()
            for one in of.values()
            if one.sku == sku and one.site == site and shown(one, as_of_ms, lot)
        ]
        return [self.move(one, one.moved(_S.GONE)) for one in passing]
