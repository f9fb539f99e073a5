"""What an order asks of stock."""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.model.documents.inventory import StockTransfer
from crossdock.model.documents.returns import ReturnToVendor
from crossdock.model.documents.sales import OrderLine, SalesOrder
from crossdock.stock.place import Want
from crossdock.stock.reservation import Reservation

#: What sends goods of ours away that no channel sold.
OUR_OWN = (StockTransfer, ReturnToVendor)


def as_order(moved: StockTransfer | ReturnToVendor) -> SalesOrder:
    """A transfer, or a return to a supplier, as the site that sends the goods sees it: an order that only it can fill.

    What goes back of goods that nobody may be promised takes nothing.
    """
    lines = tuple(
        OrderLine(line=one.line, sku=one.sku, quantity=one.quantity, unit=one.unit)  # pyright: ignore[reportCallIssue]
        for one in moved.lines
        if getattr(one, "status", None) in (None, "available")
    )
    site = moved.from_site if isinstance(moved, StockTransfer) else moved.site
    return SalesOrder.model_construct(number=moved.number, site=site, lines=lines)  # pyright: ignore[reportCallIssue] - the rest has defaults


def is_same(wants: Sequence[Want], held: Sequence[Reservation]) -> bool:
    """Whether exactly what is wanted is already set aside."""

    def sums(rows: Sequence[Want] | Sequence[Reservation]) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for one in rows:
            found[one.line, one.sku] = found.get((one.line, one.sku), 0) + one.amount
        return found

    where = {(want.line, want.sku): want.site for want in wants}
    return sums(wants) == sums(held) and all(where[one.line, one.sku] in {None, one.site} for one in held)
