"""One chain of the ledger as its only writer keeps it: links and positions of what is being written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.chain import DOOR_BITS, link
from crossdock.journal.changes import Changes, Row
from crossdock.journal.marks import TOLD, marks_of
from crossdock.journal.postgresql.plan import Plan
from crossdock.message.incident import MemberKind
from crossdock.message.records import Entry

_NONE: Mapping[int, Sequence[Row]] = {}
#: Statements that must be the first to write their row, where the changes say so.
_FIRST = {"upsert_identity": "introduce_identity"}


@dataclass(slots=True)
class End:
    """Where a chain ends: its last link, the position of that entry, the rows of the door that it numbers."""

    head: bytes
    position: int
    doors: int


@dataclass(slots=True)
class Standing:
    """What a transaction found of the incidents that it writes about, and what it has added since."""

    opened: dict[str, int]  #: cause -> open incident
    owners: dict[int, str | None]  #: incident that nobody is a member of any more -> its owner


class Scribe:
    """Turns changes into rows of a plan. What a transaction adds to the chain counts once it is durable."""

    def __init__(self, chain: int, end: End, *, scope: int, clock_ms: Callable[[], int]) -> None:
        self.chain = chain
        self.charter = 0
        self._scope = scope
        self._clock_ms = clock_ms
        self._durable = end
        self._open = End(end.head, end.position, end.doors)
        self._positions: Iterator[int] = iter(())
        self._plan = Plan()

    @property
    def position(self) -> int:
        """The position of the last durable entry of this chain."""
        return self._durable.position

    # -- one transaction -----------------------------------------------------

    def begin(self, positions: Iterator[int]) -> Plan:
        """A transaction opens, and these positions are its own; gives the plan that it writes into."""
        self._positions = positions
        self._plan = Plan()
        self._open = End(self._durable.head, self._durable.position, self._durable.doors)
        return self._plan

    def keep(self) -> None:
        """It is durable."""
        self._durable = self._open

    @property
    def moved(self) -> tuple[int, int] | None:
        """(position, rows of the door) where the chain ends now; None when the transaction added nothing."""
        end = self._open
        return None if end == self._durable else (end.position, end.doors)

    # -- writing -------------------------------------------------------------

    def rows(self, changes: Changes) -> None:
        """Plans the rows that no entry of these changes makes."""
        changes.seal()
        for statement, values, _ in changes.rows:
            if statement == "insert_door":
                self._open.doors += 1
                self._plan.add(statement, (*values, (self.chain << DOOR_BITS) + self._open.doors))
            else:
                self._plan.add(statement, values)

    def entries(
        self, changes: Changes, standing: Standing, numbered: Mapping[int, Sequence[Row]] = _NONE
    ) -> None:
        """Plans the entries with the rows that cite them; `numbered` are those of an entry that gave numbers."""
        for entry, known in changes.entries:
            rows = (*known, *numbered.get(id(entry), ())) if numbered else known
            planned = _planned(entry, rows, standing) if rows else rows
            position = self.append(entry, planned)
            for statement, values, touches in planned:
                if statement is not TOLD:
                    name = _FIRST.get(statement, statement) if touches else statement
                    self._plan.add(name, (*values, position))

    def append(self, e: Entry, rows: Sequence[Row] = ()) -> int:
        """Gives an entry its position and link, and plans it."""
        position = next(self._positions)
        marks = b"".join(marks_of(statement, values) for statement, values, _ in rows) if rows else None
        columns = (
            position, self.chain, e.kind.value, self._clock_ms(), self._scope, e.system, e.origin, e.capture, e.message,
            e.transmission, e.attempt, e.root, e.state, e.says, self.charter, e.reads, e.payload, e.digest, e.detail,
            e.incident, e.mark, marks,
        )  # fmt: skip
        after = link(self._open.head, columns, e.seal)
        self._plan.add("insert_ledger", (*columns, after))
        self._open.head, self._open.position = after, position
        return position


def _planned(entry: Entry, rows: Sequence[Row], standing: Standing) -> list[Row]:
    """The rows of an entry once it is known which incident is open for a cause."""
    planned: list[Row] = []
    for row in rows:
        statement, values, _ = row
        if statement == "insert_incident":
            known = standing.opened.get(values[3])
            if known is None:
                known = values[0]
                planned.append(row)
            standing.opened[values[3]] = entry.incident = known
        elif statement == "insert_member_by_cause":
            planned += _member(values, standing)
        elif statement == "resolve_empty_incident":
            reason, now, id_ = values
            owner = standing.owners.get(id_)
            if owner is not None:
                planned.append(("resolve_incident", (id_, owner, reason, now), 1))
        else:
            planned.append(row)
    return planned


def _member(values: tuple[Any, ...], standing: Standing) -> Iterator[Row]:
    kind, id_, _, cause = values
    incident = standing.opened.get(cause)
    if incident is not None:
        if kind != MemberKind.FOLLOWER.value:
            standing.owners.pop(incident, None)
        yield "insert_member", (incident, kind, id_), None
