"""A dialogue that leads goods into Tryton: from what was expected to received and put away."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date

from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.units import Units
from crossdock.connectors.tryton.wire import Row, found_rows, result
from crossdock.connectors.tryton.writing.arrival import (
    MOVE,
    Open,
    Piece,
    amounts,
    incoming,
    pieces,
    shelved,
    wanted,
)
from crossdock.connectors.tryton.writing.dialogue import (
    asked,
    change,
    latest,
    refuse_endless,
    search,
)
from crossdock.faults import Rejected
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Tree, Unclear

_LOTS = "model.stock.lot.search_read"
_PLACES = "model.stock.location.search_read"

#: What a look at an arrival reads.
ARRIVAL = (
    "number", "state", "reference", "company",
    *(f"incoming_moves.{name}" for name in MOVE), *(f"inventory_moves.{name}" for name in MOVE),
)  # fmt: skip


class ArrivalWriter(ABC):
    """What receipts and returns share.

    draft -(lots, quantities)-> received -(what is set aside goes elsewhere)-> done. What comes next
    is chosen from looks at how things stand, so that a dialogue that was cut off anywhere goes on when
    it is begun anew, and one that had ended does nothing. An arrival bears our number as its reference.
    """

    unclear = Unclear.FIND
    settle_s = 10.0
    model = ""  #: of the arrival in Tryton

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.settings = settings
        self.tools = tools
        self.units = Units(tools, by_crosswalk="unit" in settings.crosswalks)

    # -- what differs --------------------------------------------------------

    @abstractmethod
    def prepare(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | None:
        """The next look that is needed before anything can be done; None when all is known."""

    @abstractmethod
    def open(self, job: Job, exchanges: Sequence[Exchange]) -> list[Open]:
        """The lines that goods may come for."""

    @abstractmethod
    def draft(
        self,
        job: Job,
        taken: Sequence[Piece],
        lots: Mapping[tuple[int, str], int],
        exchanges: Sequence[Exchange],
    ) -> Ask:
        """Makes the arrival with its moves, or fills the one that waits."""

    @abstractmethod
    def after(self, job: Job, arrival: Row, exchanges: Sequence[Exchange]) -> Ask | None:
        """What follows once the arrival is done; None when nothing does."""

    # -- the dialogue --------------------------------------------------------

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        self.tools.reads()  # each step looks up all that it rests on
        refuse_endless(exchanges)
        if not exchanges:
            return self._look(job)
        last = exchanges[-1]
        if reply := self.answered(job, exchanges):
            return reply
        result(last.ask, last.answer)
        if not last.ask.safe:
            return self._look(job)
        arrival = self._arrival(exchanges)
        if arrival is not None and arrival["state"] == "done":
            rest = self.after(job, arrival, exchanges)
            return rest or Done(str(arrival["id"]), f"{arrival['number']} is done", reads=self.tools.reads())
        if ask := self.prepare(job, exchanges):
            return ask
        return self._on(job, arrival, exchanges)

    def answered(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | None:
        """A reply to an answer that is no end by itself; None where there is none."""
        del job, exchanges
        return None

    def find(self, job: Job) -> Ask | None:
        """A look for the arrival by our number."""
        return self._look(job)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the arrival is. Raises TryLater."""
        del job
        arrival = _standing(found_rows(self._look_of(""), answer))
        if arrival is None or arrival["state"] != "done":
            return None
        return Done(str(arrival["id"]), f"{arrival['number']} is done", reads=self.tools.reads())

    def _look(self, job: Job) -> Ask:
        return self._look_of(job.number)

    def _look_of(self, number: str) -> Ask:
        domain = [["reference", "=", number], ["state", "!=", "cancelled"]]
        return search(self.settings.database, self.model, domain, ARRIVAL)

    def _arrival(self, exchanges: Sequence[Exchange]) -> Row | None:
        return _standing(latest(exchanges, f"model.{self.model}.search_read"))

    def _on(self, job: Job, arrival: Row | None, exchanges: Sequence[Exchange]) -> Ask | Done:
        taken = pieces(job.tree["lines"], self.open(job, exchanges), self.units, self.settings)
        if not taken:
            return Done(None, "nothing came")
        if ask := self._lots(taken, exchanges) or self._places(taken, exchanges):
            return ask
        if arrival is None:
            return self.draft(job, taken, _lot_ids(exchanges), exchanges)
        if amounts(arrival["incoming_moves."]) != wanted(taken):
            raise Rejected(
                f"{arrival['number']} stands in Tryton with other quantities or lots",
                path="lines", fix="correct it in Tryton by hand, then close this",
            )  # fmt: skip
        if arrival["state"] == "draft":
            return self.button("receive", arrival)
        places = {row["code"]: row["id"] for row in latest(exchanges, _PLACES)}
        aside = list(shelved(arrival, taken, places))
        if aside:
            return self.write(arrival, {"inventory_moves": aside})
        return self.button("do", arrival)

    def _lots(self, taken: Sequence[Piece], exchanges: Sequence[Exchange]) -> Ask | None:
        """A look for the lots, then the making of one that Tryton does not know."""
        numbers = sorted({piece.lot for piece in taken if piece.lot})
        if numbers and not asked(exchanges[_last_made(exchanges) :], _LOTS):
            return search(
                self.settings.database, "stock.lot", [["number", "in", numbers]], ["number", "product"]
            )
        known = _lot_ids(exchanges)
        for piece in taken:
            product = piece.line.move["product."]
            if piece.lot and (piece.line.move["product"], piece.lot) not in known:
                values: Tree = {"number": piece.lot, "product": piece.line.move["product"]}
                if piece.expires_on and product.get("shelf_life_state") in ("optional", "required"):
                    values["shelf_life_expiration_date"] = date.fromisoformat(piece.expires_on)
                return change(self.settings.database, "model.stock.lot.create", [values], company=None)
        return None

    def _places(self, taken: Sequence[Piece], exchanges: Sequence[Exchange]) -> Ask | None:
        codes = sorted({piece.place for piece in taken if piece.place})
        if codes and not asked(exchanges, _PLACES):
            return search(self.settings.database, "stock.location", [["code", "in", codes]], ["code"])
        unknown = set(codes) - {row["code"] for row in latest(exchanges, _PLACES)}
        if unknown:
            raise Rejected(
                f"Tryton has no location {min(unknown)}",
                fix="create it in Tryton, or name another in the charter",
            )
        return None

    def write(self, arrival: Row, values: Mapping[str, object]) -> Ask:
        """Writes on the arrival."""
        return change(
            self.settings.database, f"model.{self.model}.write", [arrival["id"]], values, company=arrival["company"]
        )  # fmt: skip

    def button(self, name: str, arrival: Row) -> Ask:
        """Presses a button of the arrival."""
        return change(
            self.settings.database, f"model.{self.model}.{name}", [arrival["id"]], company=arrival["company"]
        )


def changes_of(taken: Sequence[Piece], lots: Mapping[tuple[int, str], int], company: int) -> list[object]:
    """See arrival.incoming; moves that wait elsewhere are brought along first."""
    waiting = sorted({piece.line.move["id"] for piece in taken if piece.line.waits})
    return [*([["add", waiting]] if waiting else []), *incoming(taken, lots, company)]


def _standing(found: Sequence[Row]) -> Row | None:
    """The arrival that is furthest: one that was made twice was made in doubt, and a draft moves nothing."""
    order = {"done": 0, "received": 1}
    return min(found, key=lambda row: (order.get(row["state"], 2), row["id"]), default=None)


def _lot_ids(exchanges: Sequence[Exchange]) -> dict[tuple[int, str], int]:
    return {(row["product"], row["number"]): row["id"] for row in latest(exchanges, _LOTS)}


def _last_made(exchanges: Sequence[Exchange]) -> int:
    """Where the lots must be asked for anew: after the last one that was made."""
    made = [n for n, one in enumerate(exchanges) if asked([one], "model.stock.lot.create")]
    return made[-1] if made else 0
