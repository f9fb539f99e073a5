"""What a warehouse sent back to a supplier, told to Tryton: the return shipment assigned and booked out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.units import Units
from crossdock.connectors.tryton.wire import Row, at, exact, first, found_rows, result, warning_of
from crossdock.connectors.tryton.writing.dialogue import asked, change, latest, refuse_endless, search
from crossdock.connectors.tryton.writing.shipment import ShipmentWriter
from crossdock.faults import Rejected
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Unclear

_MODEL = "stock.shipment.in.return"
_LOOK = f"model.{_MODEL}.search_read"
_WARNING = "model.res.user.warning.skip"
_CARRIER = "carrier"  #: what the name of the warning has in it that no carrier is set
_TRY = f"model.{_MODEL}.assign_try"
_FIELDS = (
    "number", "state", "company", "reference", "moves.product.code", "moves.quantity", "moves.unit.symbol",
    "moves.state",
)  # fmt: skip
Sums = Mapping[tuple[str, str], Decimal]


class LeavingWriter:
    """What left a warehouse: for a customer, or back to a supplier where the story is that of such a return."""

    unclear = Unclear.FIND
    settle_s = 10.0

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._customers = ShipmentWriter(settings, tools)
        self._suppliers = SentBackWriter(settings, tools)

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        return self._of(job).step(job, exchanges)

    def find(self, job: Job) -> Ask | None:
        """A look at how it stands."""
        return self._of(job).find(job)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the goods left in Tryton just as the document says. Raises TryLater."""
        return self._of(job).found(job, answer)

    def _of(self, job: Job) -> ShipmentWriter | SentBackWriter:
        return self._suppliers if "return_to_vendor" in job.parent_ids else self._customers


class SentBackWriter:
    """Leads a return shipment from waiting to done. What comes next is chosen from a look at how it stands.

    Tryton books all of a return or nothing: where other quantities left, a person makes the two agree.
    """

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools
        self._units = Units(tools, by_crosswalk="unit" in settings.crosswalks)

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected, Unmapped."""
        self._tools.reads()
        refuse_endless(exchanges)
        if not exchanges:
            return self.find(job)
        last = exchanges[-1]
        warned = warning_of(last.ask, last.answer)
        if warned is not None and _CARRIER in warned and not asked(exchanges, _WARNING):
            # The supplier has it fetched, or the warehouse knows who takes it: nothing that Tryton must know.
            return change(self._settings.database, _WARNING, warned, False, company=None)
        result(last.ask, last.answer)
        return self._on(job, exchanges) if last.ask.safe else self.find(job)

    def find(self, job: Job) -> Ask:
        """A look at the return shipment."""
        their_id = job.parent_ids["return_to_vendor"]
        domain = [["id", "=", int(their_id)]] if their_id.isdigit() else [["number", "=", their_id]]
        return search(self._settings.database, _MODEL, domain, _FIELDS)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when it is booked out. Raises TryLater."""
        row = first(found_rows(self.find(job), answer))
        return self._done(row) if row is not None and row["state"] == "done" else None

    def _on(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        row = first(latest(exchanges, _LOOK))
        if row is None:
            raise Rejected(
                "Tryton has no such return to a supplier", path="warehouse_order", fix="check the number"
            )
        if row["state"] == "done":
            return self._done(row)
        if row["state"] not in ("waiting", "assigned"):
            raise Rejected(
                f"{row['number']} is {row['state']} in Tryton", path="warehouse_order", value=row["number"],
                fix="release the return again in Tryton, or bring the goods back; then retry",
            )  # fmt: skip
        self._refuse_other(job, row)
        company = row["company"]
        if row["reference"] != job.number:
            values = {"reference": job.number}
            return change(
                self._settings.database, f"model.{_MODEL}.write", [row["id"]], values, company=company
            )
        if row["state"] == "assigned":
            return change(self._settings.database, f"model.{_MODEL}.do", [row["id"]], company=company)
        if asked(exchanges, _TRY):
            raise Rejected(
                f"Tryton has not the stock that left with {job.number}", path="lines",
                fix="correct the stock in Tryton where the return takes it from, then retry",
            )  # fmt: skip
        return change(self._settings.database, _TRY, [row["id"]], company=company)

    def _refuse_other(self, job: Job, row: Row) -> None:
        """Raises Rejected where other goods left than the return says."""
        moves = [move for move in row["moves."] if move["state"] != "cancelled"]
        theirs = _sums(
            (
                at(one, "product.code"),
                self._units.ours(at(one, "unit.symbol"), "unit"),
                exact(one["quantity"]),
            )
            for one in moves
        )
        left = _sums(
            (one["sku"], one["unit"], one["quantity"]) for one in job.tree["lines"] if one["quantity"]
        )
        if left != theirs:
            raise Rejected(
                f"{_words(left)} went back with {job.number}, and {row['number']} is of {_words(theirs)}",
                path="lines", value=_words(left),
                fix="correct the quantities of the return in Tryton, then retry",
            )  # fmt: skip

    def _done(self, row: Row) -> Done:
        return Done(str(row["id"]), f"{row['number']} is done", reads=self._tools.reads())


def _sums(rows: Iterable[tuple[str, str, object]]) -> Sums:
    found: dict[tuple[str, str], Decimal] = {}
    for sku, unit, quantity in rows:
        found[sku, unit] = found.get((sku, unit), Decimal()) + Decimal(str(quantity))
    return found


def _words(sums: Sums) -> str:
    words = (f"{quantity.normalize():f} {unit} of {sku}" for (sku, unit), quantity in sorted(sums.items()))
    return ", ".join(words) or "nothing"
