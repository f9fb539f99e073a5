"""Lots where a document must name them, and lots that are too old to move."""

from __future__ import annotations

from datetime import date, datetime

from crossdock.faults import Invalid
from crossdock.journal.contract import Journal
from crossdock.model.document import Document
from crossdock.model.documents.inventory import InventoryAdjustment, InventoryBalance
from crossdock.model.documents.returns import ReturnReceipt
from crossdock.model.documents.shipment import Shipment, ShippedLine
from crossdock.pipeline.stockkeeping.measures import Measures
from crossdock.stock.lots import is_good

#: Documents that say what moved: of an item that is kept by lots each of their lines names one.
_MOVING = (Shipment, ReturnReceipt, InventoryBalance, InventoryAdjustment)


def check(document: Document, measures: Measures, journal: Journal, now: datetime) -> None:
    """Raises Invalid of type lot_missing or lot_expired."""
    if not isinstance(document, _MOVING):
        return
    if isinstance(document, InventoryBalance | InventoryAdjustment):
        if document.quantity != 0:
            _named(document.sku, document.lot, "lot", measures)
        return
    for index, line in enumerate(document.lines):
        if line.quantity != 0:
            _named(line.sku, line.lot, f"lines[{index}].lot", measures)
    if isinstance(document, Shipment):
        left = document.shipped_at or now
        day = left.date() if isinstance(left, datetime) else left
        for index, line in enumerate(document.lines):
            expires_on = line.expires_on or _expiry(journal, line.sku, line.lot)
            _good(line, expires_on, day, f"lines[{index}].lot")


def _named(sku: str, lot: str | None, path: str, measures: Measures) -> None:
    known = measures.item(sku) if lot is None else None
    if known is not None and known[0].lot_tracked:
        raise Invalid(
            f"{sku} is kept by lots, and no lot is named",
            path=path,
            fix="find out which lot it was, write it here, then retry",
            type="lot_missing",
        )


def _good(line: ShippedLine, expires_on: date | None, day: date, path: str) -> None:
    if line.lot is not None and line.quantity != 0 and not is_good(expires_on, day):
        raise Invalid(
            f"lot {line.lot} of {line.sku} was good until {expires_on}",
            path=path,
            value=line.lot,
            fix="stop the goods if they can still be stopped; correct the lot or its date, then retry",
            type="lot_expired",
        )


def _expiry(journal: Journal, sku: str, lot: str | None) -> date | None:
    """The last day of a lot as a warehouse told it."""
    told = journal.lot_expiry(sku, lot or "")
    return date.fromisoformat(told) if told else None
