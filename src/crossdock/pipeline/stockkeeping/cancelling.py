"""What was set aside for an order that is not wanted any more."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Journal
from crossdock.message.records import Message, Transmission
from crossdock.model import register
from crossdock.model.documents.sales import Cancellation
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.kit import exploded
from crossdock.stock.reservation import ReservationState

_S = ReservationState
#: Documents that ask a warehouse to stop.
CANCELLATIONS = frozenset({"cancellation", "warehouse_order_cancel"})


def taken_back(
    room: Stockroom, journal: Journal, t: Transmission, changes: Changes, now_ms: int, *, is_answer: bool
) -> list[Row]:
    """A warehouse has taken a cancellation: what was set aside there for the order is given back.

    Unless that is no answer (`is_answer`): it may still say that it comes too late, and ship. Gives the rows for the
    entry that tells of it, and writes the sums into the changes.
    """
    sites = {name for name, site in room.policy.sites.items() if site.system == t.target}
    message = journal.message(t.message) if sites and t.document in CANCELLATIONS else None
    if message is None or not (is_answer or message.tree.get("lines")):
        return []
    ledger = StockLedger(journal, room.policy, room.guard)
    if t.document == "cancellation":
        told = cast(Cancellation, register.read(t.document, message.tree, declares=_whatever))
        rows = given_back(room, ledger, t.root, told, sites)
    else:
        rows = ledger.release(t.root, sites=_of_part(message, sites))
    ledger.write(changes, now_ms)
    return rows


def never_sent(
    room: Stockroom, journal: Journal, order: Transmission, changes: Changes, now_ms: int
) -> list[Row]:
    """An order is withdrawn before its warehouse heard of it: all that was set aside for it there is given back."""
    sites = {name for name, site in room.policy.sites.items() if site.system == order.target}
    ledger = StockLedger(journal, room.policy, room.guard)
    message = journal.message(order.message) if sites else None
    rows = ledger.release(order.root, sites=_of_part(message, sites)) if message is not None else []
    ledger.write(changes, now_ms)
    return rows


def given_back(
    room: Stockroom, ledger: StockLedger, order: int, told: Cancellation, sites: Collection[str] | None = None
) -> list[Row]:
    """What was set aside for an order, or for some of its lines, at some sites or all."""
    if not told.lines:
        return ledger.release(order, sites=sites)
    rows: list[Row] = []
    for line in told.lines:
        if line.quantity is None:
            rows += ledger.release(order, sites=sites, line=str(line.line))
            continue
        amount = room.measures.demand(line.sku, line.quantity, line.unit)
        for sku, some in exploded(line.sku, amount, room.kits.kits).items():
            rows += less(ledger, order, str(line.line), sku, some)
    return rows


def less(
    ledger: StockLedger, order: int, line: str, sku: str, amount: int, sites: Collection[str] | None = None
) -> list[Row]:
    """Gives back so much of what is set aside for a line, at some sites or all."""
    rows: list[Row] = []
    for one in ledger.of(order):
        if amount <= 0 or one.state is not _S.HELD or (one.line, one.sku) != (line, sku):
            continue
        if sites is not None and one.site not in sites:
            continue
        some = min(amount, one.amount)
        amount -= some
        after = one.moved(_S.RELEASED) if some == one.amount else one.moved(_S.HELD, amount=one.amount - some)
        rows.append(ledger.move(one, after))
    return rows


def _of_part(message: Message, sites: Collection[str]) -> Collection[str]:
    """The site of a part where it names one: its system may ship other parts of the order from other sites."""
    site = str(message.tree.get("site"))
    return {site} if site in sites else sites


def _whatever(_sku: str, _unit: str) -> bool:
    return True
