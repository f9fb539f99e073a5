"""The interchanges of trading partners as they came and left, and their control numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crossdock.journal.changes import unpacked
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.partners import RECEIPT, Unread, incident_of, unread, with_owner
from crossdock.message.states import CaptureState

_LOOKED_AT = 5


@dataclass(frozen=True, slots=True)
class Numbers:
    """The last number of a sequence that was given, and the highest that there is."""

    last: int
    most: int


def numbers(connection: Connection, scope: int) -> Mapping[str, Numbers]:
    """Every sequence of control numbers by its name."""
    rows = connection.execute(
        "SELECT sequence, value, most FROM numbers WHERE scope = ? AND sequence LIKE 'edi/%'", (scope,)
    )
    return {sequence: Numbers(value, most) for sequence, value, most in rows}


def last_seen(connection: Connection, system: str) -> tuple[str, int] | None:
    """(control number, time) of the newest interchange of a partner."""
    newest = [*captures_read(connection, system, _LOOKED_AT), *unread(connection, system, _LOOKED_AT)]
    told = [one for one in newest if not one.control.startswith("file+")]
    if not told:
        return None
    last = max(told, key=lambda one: one.capture)
    return last.control.partition("+")[0], last.at_ms


def captures_read(connection: Connection, system: str, limit: int) -> list[Unread]:
    """Interchanges of a partner that were read, the newest first."""
    by_state = connection.dialect.index.format("captures_state")
    rows = connection.execute(
        f"SELECT id, their_id, at_ms, state FROM captures{by_state} WHERE state <> 1 AND state = 2 AND system = ?"
        " ORDER BY id DESC LIMIT ?",
        (system, limit),
    )
    return [Unread(id_, CaptureState(state), control, at_ms, None) for id_, control, at_ms, state in rows]


@dataclass(frozen=True, slots=True)
class Document:
    """One interchange as it came or left; `body` is None once it was erased, or before it is written."""

    system: str
    at_ms: int
    body: bytes | None
    control: str
    document: str = ""
    number: str = ""
    root: int = 0
    state: int = 0  #: of the receipt; 0: none is owed
    says: str = ""
    answered: str | None = None
    due_ms: int = 0
    incident: int | None = None


def came(connection: Connection, capture: int) -> Document | None:
    """An interchange that a partner handed in."""
    row = connection.execute(
        "SELECT system, at_ms, their_id, payload FROM captures WHERE id = ?", (capture,)
    ).fetchone()
    if row is None:
        return None
    system, at_ms, control, payload = row
    incident = incident_of(connection, (1,), capture)
    return Document(system, at_ms, _bytes(connection, payload), control.partition("+")[0], incident=incident)


def left(connection: Connection, scope: int, transmission: int, round_: int) -> Document | None:
    """An interchange as it was sent to a partner in one round."""
    row = connection.execute(
        f"SELECT {RECEIPT}, l.payload FROM receipts r JOIN ledger l ON l.position = r.position"
        " WHERE r.transmission = ? AND r.round = ? AND r.control >= 0",
        (transmission, round_),
    ).fetchone()
    if row is not None:
        one = with_owner(connection, scope, row[:-1])
        return Document(
            one.system, one.sent_ms, _bytes(connection, row[-1]), str(one.control), one.document, one.number,
            one.root, one.state, one.says, one.answered, one.due_ms, one.incident,
        )  # fmt: skip
    row = connection.execute(
        "SELECT target, first_ms, payload, document, number, root FROM transmissions WHERE id = ? AND round = ?",
        (transmission, round_),
    ).fetchone()
    if row is None:
        return None
    target, first_ms, payload, document, number, root = row
    return Document(target, first_ms, _bytes(connection, payload), "", document, number, root)


def _bytes(connection: Connection, payload: int | None) -> bytes | None:
    row = connection.execute("SELECT codec, data FROM payloads WHERE id = ?", (payload,)).fetchone()
    return unpacked(row[0], bytes(row[1])) if row else None


def place_of(connection: Connection, root: int) -> tuple[str, str, str] | None:
    """(document, number, owner) of a root object, where its story stands."""
    row = connection.execute("SELECT document, number, owner FROM hubs WHERE id = ?", (root,)).fetchone()
    return tuple(row) if row else None
