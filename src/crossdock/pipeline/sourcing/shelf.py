"""What a channel may take of some items now, at every site that may ship them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossdock.journal.contract import Journal
from crossdock.journal.stock import LevelRow
from crossdock.pipeline.stockkeeping import offer
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.kit import exploded
from crossdock.stock.policy import ChannelPolicy
from crossdock.stock.promise import Level, at_site, for_channel
from crossdock.stock.reservation import Reservation
from crossdock.stock.sourcing.ask import Ask
from crossdock.stock.sourcing.choose import Supply


class Shelf:
    """Levels as a batch leaves them, for order routing."""

    def __init__(self, room: Stockroom, ledger: StockLedger, journal: Journal) -> None:
        self._room = room
        self._ledger = ledger
        self._journal = journal

    def supply(
        self, ask: Ask, sites: Sequence[str], channel: ChannelPolicy, promised: Sequence[Reservation]
    ) -> tuple[Supply, list[LevelRow]]:
        """What may be taken, and the levels that it rests on; what the channel holds by a promise counts as free."""
        self._room.kits.refresh()
        skus = self._skus(ask)
        rows = self._ledger.levels(skus)
        levels = dict(rows)
        held = self._ledger.aside(channel, skus)
        for one in promised:
            row = levels.get((one.sku, one.site))
            if row is not None:
                levels[one.sku, one.site] = replace(row, reserved=row.reserved - one.amount)
                held[one.sku] = held.get(one.sku, 0) - one.amount
        policy, guard = self._room.policy, self._room.guard
        free, most = dict[tuple[str, str], int](), dict[str, int]()
        for sku in skus:
            known = offer.levels_of(sku, levels, policy)
            most[sku] = guard.free(for_channel(known, policy.sites, channel, sku, held.get(sku, 0)))
            for site in sites:
                there = at_site(known.get(site, Level()), policy.sites[site], sku)
                free[sku, site] = guard.free(there)
        return Supply(free, most, self._room.kits.kits), [rows[key] for key in sorted(rows)]

    def _skus(self, ask: Ask) -> set[str]:
        kits = self._room.kits.kits
        found: set[str] = set()
        for demand in ask.demands:
            for sku, step in ((demand.sku, demand.step), *((one.sku, one.step) for one in demand.swaps)):
                found |= exploded(sku, step, kits).keys()
        return found
