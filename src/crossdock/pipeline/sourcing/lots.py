"""From which lots a part is taken, where the hub says so: what expires first goes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from crossdock.journal.contract import Journal
from crossdock.model.documents.sales import OrderLine
from crossdock.pipeline.sourcing.asking import Wanted
from crossdock.pipeline.sourcing.plan import Part, PartLine
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.lots import Lot, first_expired_first_out
from crossdock.stock.sourcing.policy import Sourcing


class Lots:
    """Chooses lots by what warehouses tell of them and what is set aside of each."""

    def __init__(self, policy: Sourcing, room: Stockroom, ledger: StockLedger, journal: Journal) -> None:
        self._policy = policy
        self._room = room
        self._ledger = ledger
        self._journal = journal

    def chosen(self, part: Part, units: Mapping[str, Wanted], now_ms: int) -> Part:
        """A part whose lines name their lots; where the lots do not add up to it, the warehouse chooses."""
        if part.site is None or not self._policy.sites[part.site].fefo:
            return part
        lines: list[PartLine] = []
        for line in part.lines:
            lines += self._split(line, part.site, units[line.line].line, now_ms)
        return replace(part, lines=tuple(lines))

    def _split(self, line: PartLine, site: str, ordered: OrderLine, now_ms: int) -> list[PartLine]:
        measures = self._room.measures
        known = measures.item(line.sku)
        if ordered.lot is not None and line.substitute_for is None:
            return [replace(line, lot=ordered.lot)]
        if known is None or not known[0].lot_tracked:
            return [line]
        whole = measures.demand(line.sku, line.quantity, ordered.unit)
        today = datetime.fromtimestamp(now_ms / 1000, self._policy.sites[site].zone).date()
        lots = self._lots(line.sku, site)
        left_days = measures.left_days(line.sku, self._room.policy.sites[site].left_days)
        taken = first_expired_first_out(lots, whole, today, left_days=left_days)
        if taken is None:
            return [line]
        shares = [(lot.name, Decimal(amount) * line.quantity / Decimal(whole)) for lot, amount in taken]
        if any(share != share.to_integral_value() for _, share in shares) and len(shares) > 1:
            return [line]  # a case is not opened for its lot
        for lot, amount in taken:
            self._ledger.take_lot(line.sku, site, lot.name, amount)
        return [replace(line, quantity=share, lot=name) for name, share in shares]

    def _lots(self, sku: str, site: str) -> list[Lot]:
        """What is left of each lot."""
        aside = self._journal.lots_held(sku, site)
        left, last = Counter[str](), dict[str, date | None]()
        for row in self._journal.lots(sku, site):
            name = str(row.lot)
            left[name] += row.counted
            last[name] = date.fromisoformat(row.expires_on) if row.expires_on else None
        return [
            Lot(name, amount - aside.get(name, 0) - self._ledger.lot_taken(sku, site, name), last[name])
            for name, amount in left.items()
        ]
