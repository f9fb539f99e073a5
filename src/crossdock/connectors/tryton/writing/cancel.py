"""A customer's wish not to have an order, told to Tryton: its shipments cancelled, and what was to go let be."""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.wire import Row, first, found_rows, result
from crossdock.connectors.tryton.writing.dialogue import (
    asked,
    change,
    latest,
    refuse_endless,
    search,
)
from crossdock.connectors.tryton.writing.exception import ignored
from crossdock.faults import Rejected
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Unclear

_LOOK = "model.sale.sale.search_read"
_SHIPMENTS = "model.stock.shipment.out.search_read"
_FIELDS = (
    "number", "state", "company", "shipment_state", "shipments", "lines.moves_ignored", "lines.moves_recreated",
    "lines.moves.state",
)  # fmt: skip
_OPEN = frozenset({"draft", "waiting", "assigned"})


class CancelWriter:
    """Cancels a whole sale in Tryton: a draft by itself, a confirmed one by its shipments and the wizard."""

    unclear = Unclear.FIND
    settle_s = 10.0

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected."""
        self._tools.reads()
        refuse_endless(exchanges)
        if job.tree.get("lines"):
            raise Rejected(
                "Tryton cancels whole sales only",
                path="lines",
                fix="cancel the whole order, then enter the rest anew",
            )
        if not exchanges:
            return self._look(job)
        last = exchanges[-1]
        result(last.ask, last.answer)
        if not last.ask.safe:
            return self._look(job)
        return self._on(job, exchanges)

    def find(self, job: Job) -> Ask | None:
        """A look at the sale."""
        return self._look(job)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when nothing of the sale is to go any more. Raises TryLater."""
        sale = first(found_rows(self._look(job), answer))
        return self._done(sale) if sale and _is_over(sale) else None

    def _look(self, job: Job) -> Ask:
        their_id = job.parent_ids.get("sales_order", "")
        if their_id.isdigit():
            domain: list[object] = [["id", "=", int(their_id)]]
        else:
            number = job.tree.get("order")
            domain = [["OR", ["number", "=", number], ["web_id", "=", number]]]
        return search(self._settings.database, "sale.sale", domain, _FIELDS)

    def _on(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        sale = first(latest(exchanges, _LOOK))
        number = job.tree.get("order")
        if sale is None:
            raise Rejected(f"Tryton has no sale {number}", path="order", value=number, fix="check the number")
        if _is_over(sale):
            return self._done(sale)
        company = sale["company"]
        if sale["state"] in ("draft", "quotation"):
            return change(self._settings.database, "model.sale.sale.cancel", [sale["id"]], company=company)
        if sale["shipment_state"] == "exception":
            return ignored(self._settings.database, "sale", sale["id"], _left(sale), exchanges, company)
        if not asked(exchanges, _SHIPMENTS):
            domain = [["id", "in", sale["shipments"]]]
            return search(self._settings.database, "stock.shipment.out", domain, ("number", "state"))
        shipments = latest(exchanges, _SHIPMENTS)
        gone = [row["number"] for row in shipments if row["state"] not in (*_OPEN, "cancelled")]
        if gone:
            raise Rejected(
                f"{', '.join(gone)} of {number} is picked or has left",
                path="order", value=number, fix="take the goods back as a return",
            )  # fmt: skip
        open_ = [row["id"] for row in shipments if row["state"] in _OPEN]
        if not open_:
            raise Rejected(
                f"{number} has nothing to cancel in Tryton", path="order", fix="look at the sale in Tryton"
            )
        return change(self._settings.database, "model.stock.shipment.out.cancel", open_, company=company)

    def _done(self, sale: Row) -> Done:
        return Done(
            str(sale["id"]), f"{sale['number'] or 'the sale'} is cancelled", reads=self._tools.reads()
        )


def _left(sale: Row) -> list[int]:
    """Cancelled moves of which nobody said yet what becomes of them."""
    lines: list[Row] = sale["lines."]
    settled = {id_ for line in lines for name in ("moves_ignored", "moves_recreated") for id_ in line[name]}
    moves = [move for line in lines for move in line.get("moves.") or ()]
    return [move["id"] for move in moves if move["state"] == "cancelled" and move["id"] not in settled]


def _is_over(sale: Row) -> bool:
    """Whether the sale is cancelled, or all that was to go is cancelled and let be."""
    moves = [move for line in sale["lines."] for move in line.get("moves.") or ()]
    all_cancelled = bool(moves) and all(move["state"] == "cancelled" for move in moves)
    return sale["state"] == "cancelled" or (
        all_cancelled and sale["shipment_state"] != "exception" and not _left(sale)
    )
