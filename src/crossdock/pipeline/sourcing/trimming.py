"""What stays set aside for an order: what its open parts still have to ship, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from crossdock.journal.changes import Row
from crossdock.model.lifecycle.words import Fulfilment, Told
from crossdock.pipeline.sourcing.plan import RELEASE
from crossdock.pipeline.sourcing.standing import OpenPart, Standing
from crossdock.pipeline.stockkeeping.cancelling import less
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.kit import exploded
from crossdock.stock.reservation import ReservationState

_LEFT = (Told.SHIPPED, Told.PART_SHIPPED)
_OVER = (Fulfilment.SHIPPED, Fulfilment.DELIVERED)
#: Line, item and site.
Place = tuple[str, str, str]


def trimmed(standing: Standing, root: int, ledger: StockLedger, room: Stockroom) -> list[Row]:
    """Gives back what is set aside for an order and no open part of it needs any more."""
    needed: dict[Place, int] = {}
    for place, amount in _needs(standing, room):
        needed[place] = needed.get(place, 0) + amount
    held: dict[Place, int] = {}
    for one in ledger.of(root):
        if one.state is ReservationState.HELD:
            place = (one.line, one.sku, one.site)
            held[place] = held.get(place, 0) + one.amount
    rows: list[Row] = []
    for (line, sku, site), amount in held.items():
        excess = amount - max(needed.get((line, sku, site), 0), 0)
        if excess > 0:
            rows += less(ledger, root, line, sku, excess, {site})
    return rows


def _needs(standing: Standing, room: Stockroom) -> Iterator[tuple[Place, int]]:
    for part in standing.parts():
        if part.message.document != RELEASE or part.site is None or _is_over(part):
            continue
        for line in part.message.tree["lines"]:
            name, sku = str(line.get("order_line", line["line"])), line["sku"]
            asked = Decimal(str(line["quantity"])) - _left(standing, part, name, sku, line["unit"])
            if asked > 0:
                amount = room.measures.demand(sku, asked, line["unit"])
                for one, some in exploded(sku, amount, room.kits.kits).items():
                    yield (name, one, part.site), some


def _is_over(part: OpenPart) -> bool:
    return part.refused or part.release.ended or part.release.fulfilment in _OVER


def _left(standing: Standing, part: OpenPart, line: str, sku: str, unit: str) -> Decimal:
    """What left of one line with one part."""
    return sum(
        (
            standing.convert(sku, one.quantity, one.unit, unit) or Decimal()
            for fact in standing.life.told
            if fact.told in _LEFT and fact.about and fact.release == f"h{part.message.hub}"
            for one in fact.lines
            if (one.line, one.sku) == (line, sku) and one.quantity is not None
        ),
        Decimal(),
    )
