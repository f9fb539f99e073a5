"""What an incident rests on, from the store: our document, the target's answer, the two contents of a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossdock.journal.changes import unpacked, unpacked_tree
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.views import bytes_of
from crossdock.message.incident import MemberKind
from crossdock.message.states import EntryKind


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sending that waits for a person: our document, and what the target said last."""

    tree: dict[str, Any]
    says: str
    body: bytes


def refusal_of(connection: Connection, incident: int) -> Refusal | None:
    """The first sending of an incident; None when it holds none."""
    row = connection.execute(
        "SELECT t.id, t.root, d.tree FROM members m JOIN transmissions t ON t.id = m.id"
        " JOIN messages d ON d.id = t.message WHERE m.incident = ? AND m.kind = ? ORDER BY m.id LIMIT 1",
        (incident, MemberKind.TRANSMISSION.value),
    ).fetchone()
    if row is None:
        return None
    id_, root, tree = row
    last = connection.execute(
        "SELECT position, says FROM ledger WHERE root = ? AND transmission = ? AND kind = ?"
        " ORDER BY position DESC LIMIT 1",
        (root, id_, EntryKind.answered.value),
    ).fetchone()
    found = bytes_of(connection, last[0]) if last else None
    return Refusal(unpacked_tree(tree), last[1] if last else "", found.body if found else b"")


def contents_of(connection: Connection, incident: int) -> tuple[bytes, bytes] | None:
    """The first content of a conflict and the one that was refused last; None when they are not there."""
    first = connection.execute(
        "SELECT p.codec, p.data FROM members m JOIN captures c ON c.id = m.id JOIN payloads p ON p.id = c.payload"
        " WHERE m.incident = ? AND m.kind = ? ORDER BY m.id LIMIT 1",
        (incident, MemberKind.CAPTURE.value),
    ).fetchone()
    last = connection.execute(
        "SELECT max(position) FROM ledger WHERE incident = ? AND kind = ? AND payload IS NOT NULL",
        (incident, EntryKind.incident.value),
    ).fetchone()[0]
    second = bytes_of(connection, last) if last is not None else None
    return (unpacked(*first), second.body) if first and second else None
