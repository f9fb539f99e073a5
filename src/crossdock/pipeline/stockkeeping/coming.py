"""Goods on their way in: what purchase orders and advices announce, less what came of it, and what of it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from crossdock.faults import Invalid
from crossdock.journal.contract import Journal
from crossdock.journal.stock import ComingRow
from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.model.documents.purchase import DespatchAdvice, GoodsReceipt, PurchaseOrder
from crossdock.model.documents.sales import Cancellation
from crossdock.pipeline.lives import Story, read
from crossdock.pipeline.renumbering import ITEM, Numbers
from crossdock.pipeline.stockkeeping.measures import Measures
from crossdock.stock.policy import Policy
from crossdock.stock.promise import Expected, in_time

#: What is announced of (SKU, site), the earliest first.
Coming = Mapping[tuple[str, str], Sequence[Expected]]
#: Documents that change it.
PURCHASING = (PurchaseOrder, DespatchAdvice, GoodsReceipt)
_ANNOUNCES = (PurchaseOrder.kind, DespatchAdvice.kind)
_TELLS = frozenset({one.kind for one in PURCHASING} | {Cancellation.kind})


def moment_ms(when: datetime | date, zone: tzinfo) -> int:
    """The last millisecond of a day on the clock of the site, or the moment itself."""
    if isinstance(when, datetime):
        return int(when.astimezone(UTC).timestamp() * 1000)
    try:
        return int(datetime.combine(when + timedelta(days=1), time.min, zone).timestamp() * 1000) - 1
    except OverflowError:
        return int(datetime.combine(when, time.min, zone).timestamp() * 1000)


def counting(rows: Sequence[ComingRow], numbers: Numbers, policy: Policy, now_ms: int, by_ms: int) -> Coming:
    """What of all that is announced counts for a promise for that moment, under the numbers of today."""
    found: dict[tuple[str, str], list[Expected]] = {}
    for row in rows:
        found.setdefault((numbers.now(ITEM, row.sku), row.site), []).append(Expected(row.amount, row.at_ms))
    sites = policy.sites
    return {
        (sku, site): in_time(some, sites[site], now_ms, by_ms)
        for (sku, site), some in found.items()
        if site in sites
    }


class Announced:
    """Keeps the account of what is still to come, while a batch is decided."""

    def __init__(self, journal: Journal, policy: Policy, measures: Measures, zone: tzinfo) -> None:
        self._journal = journal
        self._policy = policy
        self._measures = measures
        self._zone = zone
        self._written: dict[int, dict[tuple[int, str, str], ComingRow]] = {}

    def begin(self) -> None:
        """A batch begins."""
        self._written.clear()

    def changed(self, message: Message, story: Story) -> list[ComingRow]:
        """What one more document of a purchase changes in what is to come."""
        told = {one.hub: one for one in _newest([*(m for m, _ in story), message], message)}
        first = told.get(message.root)
        if first is None or first.document not in _ANNOUNCES:
            return []  # goods for a customer's order, or a transfer: not announced to our stock
        known = {(row.hub, row.sku, row.site): row for row in self._journal.coming_of(message.root)}
        known |= self._written.get(message.root, {})
        now = {(row.hub, row.sku, row.site): row for row in self._still(list(told.values()))}
        gone = {key: replace(row, amount=0) for key, row in known.items() if key not in now and row.amount}
        changed = gone | {key: row for key, row in now.items() if known.get(key) != row}
        self._written.setdefault(message.root, {}).update(changed)
        return [row for _, row in sorted(changed.items())]

    def _still(self, told: Sequence[Message]) -> Iterator[ComingRow]:
        """What is announced, less what came or was called off; nothing once no more is expected."""
        documents = [(one, read(one)) for one in told]
        came: dict[str, int] = {}
        for _, one in documents:
            if isinstance(one, GoodsReceipt) and one.complete is True:
                return
            if isinstance(one, Cancellation) and not one.lines:
                return
            if isinstance(one, GoodsReceipt):
                self._add(came, one)
        orders = [(m, one) for m, one in documents if isinstance(one, PurchaseOrder)]
        advices = [(m, one) for m, one in documents if isinstance(one, DespatchAdvice)]
        ordered = orders[0][1] if orders else None
        advised: dict[str, int] = {}
        for _, advice in advices:
            self._add(advised, advice)
        # What is advised is on its way and comes first; the order tells of what is not advised yet.
        advices.sort(key=lambda one: (self._by(one[1], ordered) or 0, one[0].hub))
        for message, advice in advices:
            yield from self._open(message, advice, ordered, came)
        for message, order in orders:
            yield from self._open(message, order, order, advised, came)

    def _open(
        self,
        message: Message,
        document: PurchaseOrder | DespatchAdvice,
        ordered: PurchaseOrder | None,
        *taken: dict[str, int],
    ) -> Iterator[ComingRow]:
        """What is open of one announcement; each of `taken` has used up so much of it already."""
        site, by_ms = document.site or (ordered.site if ordered else None), self._by(document, ordered)
        sums: dict[str, int] = {}
        self._add(sums, document)
        for sku, amount in sums.items():
            left = amount
            for used in taken:
                some = min(left, used.get(sku, 0))
                left -= some
                used[sku] = used.get(sku, 0) - some
            if left > 0 and site in self._policy.sites and by_ms is not None:
                unit = self._unit(sku, document)
                yield ComingRow(message.hub, sku, str(site), message.root, message.number, unit, left, by_ms)

    def _add(self, sums: dict[str, int], document: PurchaseOrder | DespatchAdvice | GoodsReceipt) -> None:
        for line in document.lines:
            try:
                sums[line.sku] = (
                    sums.get(line.sku, 0) + self._measures.supply(line.sku, line.quantity, line.unit)[0]
                )
            except Invalid:
                continue  # a unit that the item has no longer: nobody can say how much that is

    def _unit(self, sku: str, document: PurchaseOrder | DespatchAdvice) -> str:
        line = next(one for one in document.lines if one.sku == sku)
        known = self._measures.item(sku)
        return known[0].unit if known is not None else line.unit

    def _by(self, document: PurchaseOrder | DespatchAdvice, ordered: PurchaseOrder | None) -> int | None:
        when = document.expected_at or (ordered.expected_at if ordered else None)
        return None if when is None else moment_ms(when, self._zone)


def _newest(messages: Sequence[Message], asked: Message) -> Iterator[Message]:
    """The newest version of each document of a purchase that was taken, and the one that is asked about."""
    newest: dict[int, Message] = {}
    for one in messages:
        if one.document not in _TELLS or (one is not asked and one.state is not MessageState.ROUTED):
            continue
        last = newest.get(one.hub)
        if last is None or one is asked or (last is not asked and one.version >= last.version):
            newest[one.hub] = one
    yield from newest.values()
