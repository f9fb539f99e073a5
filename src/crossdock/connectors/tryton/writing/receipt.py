"""Goods received for a purchase, told to Tryton: a supplier shipment with lots, received and put away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from crossdock.connectors.tryton.wire import Row, first, warning_of
from crossdock.connectors.tryton.writing.arrival import MOVE, Open, Piece
from crossdock.connectors.tryton.writing.arriving import ArrivalWriter, changes_of
from crossdock.connectors.tryton.writing.dialogue import asked, change, latest, search
from crossdock.connectors.tryton.writing.exception import ignored
from crossdock.faults import Rejected
from crossdock.kit.connector import Ask, Exchange, Job

_PURCHASE = "model.purchase.purchase.search_read"
_WARNING = "model.res.user.warning.skip"
_FIELDS = (
    "number", "state", "company", "party", "warehouse", "warehouse.input_location", "warehouse.storage_location",
    "shipment_state", "lines.type", "lines.product.code", "lines.moves_ignored", "lines.moves_recreated",
    *(f"lines.moves.{name}" for name in MOVE),
)  # fmt: skip
#: More came than was ordered. The hub held the receipt against the charter's tolerance before it sent it.
_OVER = ".check_move_quantity"


class ReceiptWriter(ArrivalWriter):
    """A goods receipt as a supplier shipment.

    Of what is missing Tryton makes a new move by itself, which the next receipt fills; when the
    warehouse says that no more will come, the rest is cancelled and let be, so that the purchase closes.
    """

    model = "stock.shipment.in"

    def prepare(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | None:
        """A look at the purchase."""
        return None if asked(exchanges, _PURCHASE) else self._look_at_purchase(job)

    def open(self, job: Job, exchanges: Sequence[Exchange]) -> list[Open]:
        """The lines of the purchase, each with its move that waits, or one to go by. Raises Rejected."""
        found: list[Open] = []
        for line in self._purchase(job, exchanges)["lines."]:
            moves: list[Row] = [one for one in line.get("moves.") or () if one["state"] != "cancelled"]
            waiting = [one for one in moves if one["state"] == "draft" and not one["shipment"]]
            if moves:
                found.append(Open(frozenset({str(line["id"])}), (waiting or moves)[0], bool(waiting)))
        return found

    def draft(
        self,
        job: Job,
        taken: Sequence[Piece],
        lots: Mapping[tuple[int, str], int],
        exchanges: Sequence[Exchange],
    ) -> Ask:
        """One call that makes the shipment and fills its moves."""
        purchase = self._purchase(job, exchanges)
        house = purchase["warehouse."]
        values = {
            "supplier": purchase["party"], "company": purchase["company"], "reference": job.number,
            "warehouse": purchase["warehouse"], "warehouse_input": house["input_location"],
            "warehouse_storage": house["storage_location"],
            "effective_date": date.fromisoformat(str(job.tree["received_at"])[:10]),
            "incoming_moves": changes_of(taken, lots, purchase["company"]),
        }  # fmt: skip
        method = f"model.{self.model}.create"
        return change(self.settings.database, method, [values], company=purchase["company"])

    def after(self, job: Job, arrival: Row, exchanges: Sequence[Exchange]) -> Ask | None:
        """Where no more will come, the rest of the purchase is cancelled and let be."""
        if job.tree.get("complete") is not True or not self.settings.closes_short:
            return None
        if not asked(exchanges[_changed(exchanges) :], _PURCHASE):
            return self._look_at_purchase(job)
        purchase = self._purchase(job, exchanges)
        moves = [move for line in purchase["lines."] for move in line.get("moves.") or ()]
        waiting = [move["id"] for move in moves if move["state"] == "draft" and not move["shipment"]]
        company = arrival["company"]
        if waiting:
            return change(self.settings.database, "model.stock.move.cancel", waiting, company=company)
        if purchase["shipment_state"] != "exception":
            return None
        settled = {
            id_
            for line in purchase["lines."]
            for name in ("moves_ignored", "moves_recreated")
            for id_ in line[name]
        }
        left = [move["id"] for move in moves if move["state"] == "cancelled" and move["id"] not in settled]
        return ignored(self.settings.database, "purchase", purchase["id"], left, exchanges, company)

    def answered(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | None:
        """Confirms that more came than was ordered, which the hub has allowed."""
        del job
        named = (warning_of(one.ask, one.answer) for one in exchanges)
        name = next((name for name in named if name and name.endswith(_OVER)), None)
        if name is None or asked(exchanges, _WARNING):
            return None
        return change(self.settings.database, _WARNING, name, False, company=None)

    def _look_at_purchase(self, job: Job) -> Ask:
        their_id = job.parent_ids.get("purchase_order", "")
        number = job.tree.get("purchase_order")
        domain = [["id", "=", int(their_id)] if their_id.isdigit() else ["number", "=", number]]
        return search(self.settings.database, "purchase.purchase", domain, _FIELDS)

    def _purchase(self, job: Job, exchanges: Sequence[Exchange]) -> Row:
        row = first(latest(exchanges, _PURCHASE))
        number = job.tree.get("purchase_order")
        if row is None or number is None:
            raise Rejected(
                f"Tryton has no purchase {number}" if number else "the receipt belongs to no purchase",
                path="purchase_order", value=number, fix="check the number; what nobody ordered is entered in Tryton",
            )  # fmt: skip
        if row["state"] not in ("confirmed", "processing", "done"):
            raise Rejected(
                f"{number} is {row['state']} in Tryton",
                path="purchase_order", value=number, fix="confirm the purchase in Tryton, or send the goods back",
            )  # fmt: skip
        return row


def _changed(exchanges: Sequence[Exchange]) -> int:
    """Where the last change was made: what was read before it may be no more so."""
    return max((n for n, one in enumerate(exchanges) if not one.ask.safe), default=0)
