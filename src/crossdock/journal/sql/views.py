"""Larger reads of a store, each in one snapshot: conservation, and the bytes of a payload."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from crossdock.journal.changes import unpacked
from crossdock.journal.sql.connection import Connection
from crossdock.message.names import moment
from crossdock.message.states import CaptureState, EntryKind, MessageState, TransmissionState


@dataclass(frozen=True, slots=True)
class _Figures:
    """Where the figures of one row of conservation are counted.

    `made` is the ledger's own kind of entry; the states are counted from the rows of `table`. Each
    index is named with the very condition it was made with, since a partial index is used only where
    that condition is found in the query.
    """

    name: str
    first: str
    made: EntryKind
    table: str
    origin: str
    states: type[Enum]
    indexes: tuple[tuple[str, str], ...]  #: index, its condition


_ROWS = (
    _Figures(
        "captures", "accepted", EntryKind.accepted, "captures", "system", CaptureState,
        (("captures_waiting", "state = 1"), ("captures_state", "state <> 1")),
    ),
    _Figures(
        "messages", "made", EntryKind.translated, "messages", "system", MessageState,
        (("messages_waiting", "state = 1"), ("messages_state", "state <> 1")),
    ),
    _Figures(
        "transmissions", "made", EntryKind.due, "transmissions", "origin", TransmissionState,
        (("transmissions_open", "{dialect.open_work}"), ("transmissions_state", "{dialect.ended_work}")),
    ),
)  # fmt: skip


def conservation(connection: Connection, *, at_ms: int, system: str | None = None) -> dict[str, Any]:
    """Every accepted document, by where it is now; each figure counted from its own rows.

    The first figure of a row comes from the ledger, the others from the rows themselves, so that a
    row that vanishes on either side shows. `system` narrows to what came from one system.
    """
    position = connection.execute("SELECT coalesce(max(position), 0) FROM ledger").fetchone()[0]
    answer: dict[str, Any] = {"at": moment(at_ms), "position": position, "balanced": True}
    for row in _ROWS:
        made = _entries(connection, row.made, system)
        counted = _states(connection, row, system)
        figures = {state.name.lower(): counted[state.value] for state in row.states}
        answer[row.name] = {row.first: made, **figures}
        if made != sum(figures.values()):
            answer["balanced"] = False
    answer["outside"] = {
        "repeats": _entries(connection, EntryKind.repeated, system),
        "refused_at_door": _refused(connection, system),
    }
    return answer


def _entries(connection: Connection, kind: EntryKind, system: str | None) -> int:
    index = connection.dialect.index.format("ledger_made")
    query = f"SELECT count(*) FROM ledger{index} WHERE {connection.dialect.makes} AND kind = {kind.value}"
    return _count(connection, query, "origin", system)


def _states(connection: Connection, row: _Figures, system: str | None) -> dict[int, int]:
    """How many rows stand in each state. Open ones are few and counted in one pass; the others state by state."""
    narrowed, values = ("", ()) if system is None else (f" AND {row.origin} = ?", (system,))
    (open_index, is_open), (end_index, is_ended) = (_through(connection, one) for one in row.indexes)
    select = f"count(*) FROM {row.table}"
    grouped = f"SELECT state, {select}{open_index} WHERE {is_open}{narrowed} GROUP BY state"
    counted: dict[int, int] = dict(connection.execute(grouped, values).fetchall())
    for state in row.states:
        if state.value not in counted:
            one = f"SELECT {select}{end_index} WHERE {is_ended} AND state = {state.value}{narrowed}"
            counted[state.value] = connection.execute(one, values).fetchone()[0]
    return counted


def _through(connection: Connection, index: tuple[str, str]) -> tuple[str, str]:
    """How a query names an index, and the condition of that index, in the words of a store."""
    dialect, (name, condition) = connection.dialect, index
    return dialect.index.format(name), condition.format(dialect=dialect)


def _refused(connection: Connection, system: str | None) -> int:
    return _count(connection, "SELECT count(*) FROM door WHERE 1 = 1", "system", system)


def _count(connection: Connection, query: str, column: str, system: str | None) -> int:
    if system is None:
        return int(connection.execute(query).fetchone()[0])
    return int(connection.execute(f"{query} AND {column} = ?", (system,)).fetchone()[0])


def under_way(connection: Connection) -> dict[str, int]:
    """What is not at its end, by where it is: "captures waiting", "transmissions due" and so on."""
    counted: dict[str, int] = {}
    for row in _ROWS:
        named, condition = _through(connection, row.indexes[0])
        query = f"SELECT state, count(*) FROM {row.table}{named} WHERE {condition} GROUP BY state"
        for state, count in connection.execute(query):
            counted[f"{row.name} {row.states(state).name.lower()}"] = count
    return counted


@dataclass(frozen=True, slots=True)
class Bytes:
    """A payload as it came or left, and whose it is."""

    body: bytes
    content_type: str
    origin: str  #: the system that it came from, or whose document it carried


def bytes_of(connection: Connection, position: int) -> Bytes | None:
    """The bytes that the entry at a position tells of; None when there are none, or they were erased."""
    row = connection.execute(
        "SELECT p.codec, p.data, l.origin, c.content_type FROM ledger l JOIN payloads p ON p.id = l.payload"
        " LEFT JOIN captures c ON c.id = l.capture AND c.payload = l.payload WHERE l.position = ? AND p.codec <> 2",
        (position,),
    ).fetchone()
    if row is None:
        return None
    codec, data, origin, content_type = row
    return Bytes(unpacked(codec, data), content_type or "application/octet-stream", origin)
