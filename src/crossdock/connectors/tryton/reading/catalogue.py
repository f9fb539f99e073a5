"""Which records of Tryton stand for which document."""

from __future__ import annotations

from crossdock.connectors.tryton.reading import goods, sources
from crossdock.connectors.tryton.reading.sources import Source
from crossdock.connectors.tryton.settings import Settings

_MAKERS = {
    "item": sources.items, "party": sources.parties, "sales_order": sources.sales,
    "warehouse_order": sources.releases, "warehouse_order_cancel": sources.cancelled_releases,
    "purchase_order": goods.purchases, "return_authorisation": goods.returns, "return_to_vendor": goods.vendor_returns,
}  # fmt: skip


def source_of(document: str, settings: Settings) -> Source:
    """The source of one document."""
    return _MAKERS[document](settings)
