"""The end of the ledger, read in bounded steps: what came and what was done in the last minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.journal.sql.connection import Connection
from crossdock.message.states import EntryKind, TransmissionState

STEP_MAX = 20_000
_DONE = TransmissionState.DONE.value


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that came from a system (`system`, no target) or that a system has (`system` is the target)."""

    at_ms: int
    came: bool
    system: str


def last_position(connection: Connection) -> int:
    """The position of the newest entry."""
    return int(connection.execute("SELECT coalesce(max(position), 0) FROM ledger").fetchone()[0])


def position_at(connection: Connection, at_ms: int, last: int) -> int:
    """About where the ledger stood at a time: found by halving, since positions rise with time."""
    low, high = 0, last
    while high - low > STEP_MAX // 10:
        middle = (low + high) // 2
        row = connection.execute(
            "SELECT at_ms FROM ledger WHERE position >= ? ORDER BY position LIMIT 1", (middle,)
        ).fetchone()
        if row is None or row[0] >= at_ms:
            high = middle
        else:
            low = middle
    return low


def time_of(connection: Connection, position: int) -> int | None:
    """When the first entry from a position on was written; None when there is none."""
    row = connection.execute(
        "SELECT at_ms FROM ledger WHERE position >= ? ORDER BY position LIMIT 1", (position,)
    ).fetchone()
    return row[0] if row else None


def events_after(connection: Connection, position: int) -> tuple[int, Sequence[Event]]:
    """What happened beyond a position, and how far was read; at most `STEP_MAX` entries."""
    rows = connection.execute(
        "SELECT position, at_ms, kind, system, state, transmission FROM ledger WHERE position > ?"
        " ORDER BY position LIMIT ?",
        (position, STEP_MAX),
    ).fetchall()
    events = [
        Event(at_ms, kind == EntryKind.accepted.value, system)
        for _, at_ms, kind, system, state, transmission in rows
        if kind == EntryKind.accepted.value or (state == _DONE and transmission is not None)
    ]
    return (rows[-1][0] if rows else position), events


def last_heard(connection: Connection, system: str) -> int | None:
    """When a system last handed something in; None when it never did."""
    by_state = connection.dialect.index.format("captures_state")
    row = connection.execute(
        f"SELECT max(id) FROM captures{by_state} WHERE state <> 1 AND state = 2 AND system = ?", (system,)
    ).fetchone()
    waits = connection.execute(
        "SELECT max(id) FROM captures WHERE state = 1 AND system = ?", (system,)
    ).fetchone()
    newest = max(row[0] or 0, waits[0] or 0)
    if not newest:
        return None
    found = connection.execute("SELECT at_ms FROM captures WHERE id = ?", (newest,)).fetchone()
    return found[0] if found else None
