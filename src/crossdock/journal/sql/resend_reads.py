"""What is asked of a store to make a delivery again: which ones wait for that, and what went after them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.flow_reads import FlowReads
from crossdock.journal.sql.rows import TRANSMISSION_COLUMNS, read_transmission
from crossdock.journal.stories import Resend
from crossdock.message.records import Transmission
from crossdock.message.states import EntryKind, TransmissionState

#: Later sendings of one story that are looked at.
_LATER_MAX = 500
_OF_T = ", ".join(f"t.{column.strip()}" for column in TRANSMISSION_COLUMNS.split(","))


class ResendReads(FlowReads):
    """Small reads on a connection of their own, which sees only what is durable."""

    def resends_waiting(self, partitions: Collection[int], limit: int) -> Sequence[Resend]:
        """Deliveries to be made again, in the order in which they were made first."""
        within, listed = self._within("r.partition", partitions)
        rows = self._reader.execute(
            "SELECT r.run, r.transmission, r.treatment, d.who, d.why FROM resends r JOIN desk_runs d ON d.id = r.run"
            f" WHERE r.state = 1 AND d.state = 'running'{within} ORDER BY r.run, r.transmission LIMIT ?",
            (*listed, limit),
        )
        return [Resend(*row) for row in rows]

    def sent_after(
        self, root: int, target: str, transmission: int, *, run: int = 0
    ) -> Sequence[Transmission]:
        """What was made for a target later than one delivery of the same story, newest first; not what `run` made."""
        return sent_after(self._reader, root, target, transmission, run=run)


def sent_after(
    connection: Connection, root: int, target: str, transmission: int, *, run: int = 0
) -> Sequence[Transmission]:
    """What was made for a target later than one delivery of the same story, newest first; not what `run` made."""
    rows = connection.execute(
        f"SELECT {_OF_T} FROM ledger l JOIN transmissions t ON t.id = l.transmission"
        f" WHERE l.root = ? AND l.root IS NOT NULL AND l.kind = {EntryKind.due.value} AND l.system = ?"
        " AND l.transmission > ? AND NOT EXISTS (SELECT 1 FROM resends r WHERE r.made = t.id AND r.run = ?)"
        " ORDER BY l.position DESC LIMIT ?",
        (root, target, transmission, run, _LATER_MAX),
    )
    return [read_transmission(row) for row in rows]


# -- what a range holds ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Range:
    """Deliveries to one system; positions of the ledger from (beyond) and to (with)."""

    target: str
    begin: int
    end: int
    document: str | None = None
    origin: str | None = None


def position_at(connection: Connection, at_ms: int) -> int:
    """The position of the last entry before a time, by halving: the ledger is written in the order of time."""
    low, high = 0, int(connection.execute("SELECT coalesce(max(position), 0) FROM ledger").fetchone()[0])
    while low < high:
        middle = (low + high + 1) // 2
        row = connection.execute(
            "SELECT position, at_ms FROM ledger WHERE position <= ? ORDER BY position DESC LIMIT 1", (middle,)
        ).fetchone()
        if row is not None and row[1] >= at_ms:
            high = row[0] - 1
        else:
            low = middle
    return low


def delivered_in(
    connection: Connection, wanted: Range, after: int, limit: int
) -> list[tuple[int, Transmission]]:
    """(position, delivery) of what fell due in a range and was delivered since, in order, beyond one position."""
    parts, values = list[str](), list[object]()
    for column, value in (("t.document", wanted.document), ("t.origin", wanted.origin)):
        if value is not None:
            parts.append(f" AND {column} = ?")
            values.append(value)
    rows = connection.execute(
        f"SELECT l.position, {_OF_T} FROM ledger l JOIN transmissions t ON t.id = l.transmission"
        f" WHERE l.position > ? AND l.position <= ? AND l.kind = {EntryKind.due.value} AND l.system = ?"
        f" AND t.state = {TransmissionState.DONE.value}{''.join(parts)} ORDER BY l.position LIMIT ?",
        (max(after, wanted.begin), wanted.end, wanted.target, *values, limit),
    )
    return [(row[0], read_transmission(row[1:])) for row in rows]


def delivered_of(
    connection: Connection, target: str, number: str, documents: Collection[str]
) -> list[Transmission]:
    """What was delivered to a system of the objects with a number, of some kinds, in order."""
    named = connection.dialect
    hubs = connection.execute(
        f"SELECT h.id, h.root FROM hubs h WHERE {named.among.format('h.document')} AND h.number = ? LIMIT ?",
        (named.listed(sorted(documents)), number, _LATER_MAX),
    ).fetchall()
    found: list[Transmission] = []
    for hub, root in hubs:
        of_root = reversed(sent_after(connection, root, target, 0))
        found += [t for t in of_root if t.hub == hub and t.state is TransmissionState.DONE]
    return found
