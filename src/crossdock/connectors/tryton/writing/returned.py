"""Goods that a customer sent back, told to Tryton: the return shipment received, each line where it belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossdock.connectors.tryton.reading.sources import referred
from crossdock.connectors.tryton.wire import Row, method_of
from crossdock.connectors.tryton.writing.arrival import MOVE, Open, Piece, incoming
from crossdock.connectors.tryton.writing.arriving import ArrivalWriter
from crossdock.connectors.tryton.writing.dialogue import change, latest, search
from crossdock.faults import Rejected
from crossdock.kit.connector import Ask, Exchange, Job

_MOVES = "model.stock.move.search_read"
_FIELDS = (*MOVE, "company", "sale")


class ReturnWriter(ArrivalWriter):
    """A return receipt on the return shipment that Tryton made of the returned sale.

    With goods received and put away Tryton has what it needs to credit them. Of what did not come it
    makes a new return shipment by itself, which a later receipt of the same leave fills.
    """

    model = "stock.shipment.out.return"

    def prepare(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | None:
        """A look at the moves of the return; then, where they are done, at those of its rest."""
        looks = sum(method_of(one.ask) == _MOVES for one in exchanges)
        if not looks:
            number = job.tree.get("return_authorisation")
            if number is None:
                raise Rejected(
                    "the goods came back without a leave",
                    path="return_authorisation", fix="enter the return in Tryton, then name it here and retry",
                )  # fmt: skip
            domain = [["shipment.number", "=", number, self.model]]
            return search(self.settings.database, "stock.move", domain, _FIELDS)
        moves = latest(exchanges, _MOVES)
        if looks == 1 and moves and not _waiting(moves):
            origins = sorted({str(move["origin"]) for move in moves if _from_sale(move)})
            return search(self.settings.database, "stock.move", [["origin", "in", origins]], _FIELDS)
        return None

    def open(self, job: Job, exchanges: Sequence[Exchange]) -> list[Open]:
        """The moves from the customer, those that wait first. Raises Rejected."""
        moves = [move for move in latest(exchanges, _MOVES) if _from_sale(move)]
        if not moves:
            number = job.tree.get("return_authorisation")
            raise Rejected(
                f"Tryton has no return {number}",
                path="return_authorisation",
                value=number,
                fix="check the number",
            )
        moves.sort(key=lambda move: (move["state"] != "draft", move["id"]))
        return [
            Open(frozenset({str(referred(move["origin"], "sale.line"))}), move, move["state"] == "draft")
            for move in moves
        ]

    def draft(
        self,
        job: Job,
        taken: Sequence[Piece],
        lots: Mapping[tuple[int, str], int],
        exchanges: Sequence[Exchange],
    ) -> Ask:
        """Writes on the waiting shipment what came; lines of which nothing came go to a later one."""
        waiting = _waiting(latest(exchanges, _MOVES))
        if not waiting:
            raise Rejected(
                f"{job.tree['return_authorisation']} is closed in Tryton",
                path="return_authorisation", fix="enter another return in Tryton, then name it here and retry",
            )  # fmt: skip
        came = {piece.line.move["id"] for piece in taken}
        company = waiting[0]["company"]
        changes = incoming(taken, lots, company)
        changes += [["write", [move["id"]], {"quantity": 0.0}] for move in waiting if move["id"] not in came]
        shipment = referred(waiting[0]["shipment"], self.model)
        values = {"reference": job.number, "incoming_moves": changes}
        method = f"model.{self.model}.write"
        return change(self.settings.database, method, [shipment], values, company=company)

    def after(self, job: Job, arrival: Row, exchanges: Sequence[Exchange]) -> Ask | None:
        """Nothing: the sale credits by its own rules."""
        del job, arrival, exchanges
        return None


def _from_sale(move: Row) -> bool:
    return str(move["origin"] or "").startswith("sale.line,") and move["state"] != "cancelled"


def _waiting(moves: Sequence[Row]) -> list[Row]:
    return [move for move in moves if _from_sale(move) and move["state"] == "draft" and move["shipment"]]
