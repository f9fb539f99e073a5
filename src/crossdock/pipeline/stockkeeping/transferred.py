"""A transfer as the site that sends the goods sees it."""

from __future__ import annotations

from crossdock.model.documents.inventory import StockTransfer
from crossdock.model.documents.sales import SalesOrder


def asked_of(transfer: StockTransfer) -> SalesOrder:
    """An order that only the sending site can fill."""
    lines = [
        {"line": one.line, "sku": one.sku, "quantity": one.quantity, "unit": one.unit}
        for one in transfer.lines
    ]
    return SalesOrder.model_validate({"number": transfer.number, "site": transfer.from_site, "lines": lines})
