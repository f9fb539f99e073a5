"""What flow control asks a store: the acts on gates, and how much waits where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.journal.sql.connection import Connection
from crossdock.message.gate import Direction, GateAct, GateMove

#: Acts on gates that are looked at: years of them, for people act by hand.
GATE_ACTS_MAX = 10_000


def gate_acts(connection: Connection, scope: int) -> Sequence[GateAct]:
    """What people did to the ways into and out of systems, oldest first; the newest where there are very many."""
    rows = connection.execute(
        "SELECT id, system, direction, move, who, reason, at_ms FROM gate_acts WHERE scope = ?"
        " AND direction IN ('in', 'out') ORDER BY at_ms DESC, id DESC LIMIT ?",
        (scope, GATE_ACTS_MAX),
    ).fetchall()
    return [
        GateAct(id_, system, Direction(direction), GateMove(move), who, reason, at_ms)
        for id_, system, direction, move, who, reason, at_ms in reversed(rows)
    ]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of one kind waits between two systems; captures and messages have no target yet."""

    what: str  #: captures | messages | transmissions
    origin: str
    target: str
    state: int
    count: int
    oldest: int  #: the lowest number among them


def waiting(connection: Connection) -> list[Waiting]:
    """Everything that is not at its end, counted by where it came from and where it goes."""
    found = [
        Waiting("captures", system, "", 1, count, oldest)
        for system, count, oldest in connection.execute(
            "SELECT system, count(*), min(id) FROM captures WHERE state = 1 GROUP BY system"
        )
    ]
    found += [
        Waiting("messages", system, "", 1, count, oldest)
        for system, count, oldest in connection.execute(
            "SELECT system, count(*), min(id) FROM messages WHERE state = 1 GROUP BY system"
        )
    ]
    found += [
        Waiting("transmissions", origin, target, state, count, oldest)
        for target, origin, state, count, oldest in connection.execute(
            "SELECT target, origin, state, count(*), min(id) FROM transmissions"
            f" WHERE {connection.dialect.open_work} GROUP BY target, origin, state"
        )
    ]
    return found


def accepted_ms(connection: Connection, one: Waiting) -> int | None:
    """When the oldest of them was accepted; None when it is gone by now."""
    capture = {
        "captures": "SELECT at_ms FROM captures WHERE id = ?",
        "messages": "SELECT c.at_ms FROM messages m JOIN captures c ON c.id = m.capture WHERE m.id = ?",
        "transmissions": "SELECT c.at_ms FROM transmissions t JOIN messages m ON m.id = t.message"
        " JOIN captures c ON c.id = m.capture WHERE t.id = ?",
    }
    row = connection.execute(capture[one.what], (one.oldest,)).fetchone()
    return row[0] if row else None


def left_to_drain(connection: Connection, target: str, upto: int) -> int:
    """How many transmissions a draining way still lets through."""
    row = connection.execute(
        f"SELECT count(*) FROM transmissions WHERE target = ? AND id <= ? AND {connection.dialect.open_work}"
        " AND state IN (1, 3, 4, 5)",
        (target, upto),
    ).fetchone()
    return int(row[0])


#: Directions under which the desk notes what a person did about a feed that the brake held.
BRAKE = "brake:"


def brake_acts(connection: Connection, scope: int) -> dict[tuple[str, str], tuple[str, int]]:
    """What a person did last about each feed that the brake held: (system, document) to (what, when)."""
    rows = connection.execute(
        "SELECT system, direction, move, at_ms FROM gate_acts WHERE scope = ? AND direction NOT IN ('in', 'out')"
        " ORDER BY at_ms DESC, id DESC LIMIT ?",
        (scope, GATE_ACTS_MAX),
    ).fetchall()
    return {
        (system, direction.removeprefix(BRAKE)): (move, at_ms)
        for system, direction, move, at_ms in reversed(rows)
    }


def tallies(
    connection: Connection, scope: int, system: str, document: str, since_ms: int
) -> list[tuple[int, int, int, int, int]]:
    """(begin of a part of time, counter, changed, zeroed, jumped) of one feed."""
    return connection.execute(
        "SELECT from_ms, counter, changed, zeroed, jumped FROM tallies WHERE scope = ? AND system = ?"
        " AND document = ? AND from_ms >= ?",
        (scope, system, document, since_ms),
    ).fetchall()
