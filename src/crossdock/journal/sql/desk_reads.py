"""What the desk keeps beside its incidents: clocks, notes of a shift, acts on many at once, deliveries made again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.message.names import moment

#: What a page of notes or of runs shows.
PAGE = 50


@dataclass(frozen=True, slots=True)
class IncidentClock:
    """How far an incident went up, until when it sleeps, when its clock ends; milliseconds since 1970."""

    level: int = 0
    until_ms: int | None = None
    clock_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An open incident whose clock has run out while it belonged to a role."""

    incident: int
    due_ms: int
    level: int


@dataclass(frozen=True, slots=True)
class Run:
    """An act on many things at once; `ended_ms` None: it goes on."""

    id: int
    kind: str
    who: str
    why: str
    given: Mapping[str, Any]
    state: str
    total: int
    done: int
    failed: int
    at_ms: int
    ended_ms: int | None


def clock_of(connection: Connection, incident: int) -> IncidentClock | None:
    """The clock of one incident; None while it stands as it was opened."""
    row = connection.execute(
        "SELECT level, until_ms, clock_ms FROM incident_clocks WHERE incident = ?", (incident,)
    ).fetchone()
    return None if row is None else IncidentClock(*row)


def clocks_of(connection: Connection, incidents: Collection[int]) -> dict[int, IncidentClock]:
    """The clocks of those among some incidents that do not stand as they were opened."""
    named = connection.dialect
    rows = connection.execute(
        "SELECT incident, level, until_ms, clock_ms FROM incident_clocks WHERE "
        + named.among.format("incident"),
        (named.listed(list(incidents)),),
    )
    return {id_: IncidentClock(*rest) for id_, *rest in rows}


def unanswered(connection: Connection, now_ms: int, after: tuple[int, int], limit: int) -> list[Unanswered]:
    """Incidents past their first clock that nobody took and that never went up, beyond one (due, id)."""
    by_clock = connection.dialect.index.format("incidents_due")
    rows = connection.execute(
        f"SELECT i.id, i.due_ms, 0 FROM incidents i{by_clock} WHERE i.state = 1 AND (i.due_ms, i.id) > (?, ?)"
        " AND i.due_ms <= ? AND i.owner LIKE 'role:%'"
        " AND NOT EXISTS (SELECT 1 FROM incident_clocks k WHERE k.incident = i.id) ORDER BY i.due_ms, i.id LIMIT ?",
        (*after, now_ms, limit),
    )
    return [Unanswered(*row) for row in rows]


def unanswered_again(
    connection: Connection, now_ms: int, after: tuple[int, int], limit: int
) -> list[Unanswered]:
    """The same of those that have a clock of their own: they went up, slept, or were given back to a role."""
    rows = connection.execute(
        "SELECT k.incident, k.clock_ms, k.level FROM incident_clocks k JOIN incidents i ON i.id = k.incident"
        " WHERE k.clock_ms IS NOT NULL AND (k.clock_ms, k.incident) > (?, ?) AND k.clock_ms <= ?"
        " AND i.state = 1 AND i.owner LIKE 'role:%'"
        " ORDER BY k.clock_ms, k.incident LIMIT ?",
        (*after, now_ms, limit),
    )
    return [Unanswered(*row) for row in rows]


def owned_by(connection: Connection, owner: str, limit: int) -> list[int]:
    """Open incidents of one owner, oldest first."""
    rows = connection.execute(
        "SELECT id FROM incidents WHERE state = 1 AND owner = ? ORDER BY id LIMIT ?", (owner, limit)
    )
    return [row[0] for row in rows]


def shift_notes(connection: Connection, before: int = 0, limit: int = PAGE) -> list[dict[str, Any]]:
    """What one shift told the next, newest first."""
    condition = "WHERE id < ?" if before else "WHERE ? = 0"
    rows = connection.execute(
        f"SELECT id, who, heir, says, given, at_ms FROM shift_notes {condition} ORDER BY id DESC LIMIT ?",
        (before, limit),
    )
    return [
        {"id": f"n{id_}", "who": who, "to": heir, "says": says, "incidents": given, "at": moment(at_ms)}
        for id_, who, heir, says, given, at_ms in rows
    ]


# -- acts on many at once ----------------------------------------------------------

_RUN = "id, kind, who, why, given, state, total, done, failed, at_ms, ended_ms"


def run(connection: Connection, id_: int) -> Run | None:
    """One act on many things."""
    row = connection.execute(f"SELECT {_RUN} FROM desk_runs WHERE id = ?", (id_,)).fetchone()
    return None if row is None else _run(row)


def claim(connection: Connection, name: str) -> int | None:
    """Who has what may be had once; None while nobody has it."""
    row = connection.execute("SELECT holder FROM claims WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def run_once(connection: Connection, name: str) -> Run | None:
    """The act that was begun for one request already, by the name under which it was claimed."""
    holder = claim(connection, name)
    return None if holder is None else run(connection, holder)


def runs(connection: Connection, before: int = 0, limit: int = PAGE) -> list[Run]:
    """Acts on many things, newest first."""
    condition = "WHERE id < ?" if before else "WHERE ? = 0"
    rows = connection.execute(
        f"SELECT {_RUN} FROM desk_runs {condition} ORDER BY id DESC LIMIT ?", (before, limit)
    )
    return [_run(row) for row in rows]


def runs_open(connection: Connection, limit: int = PAGE) -> list[Run]:
    """Acts that go on, oldest first."""
    rows = connection.execute(
        f"SELECT {_RUN} FROM desk_runs WHERE ended_ms IS NULL ORDER BY id LIMIT ?", (limit,)
    )
    return [_run(row) for row in rows]


def _run(row: Sequence[Any]) -> Run:
    id_, kind, who, why, given, *rest = row
    return Run(id_, kind, who, why, json.loads(given), *rest)


def held_count(connection: Connection, incidents: Collection[int]) -> int:
    """How many documents wait because of some incidents."""
    named = connection.dialect
    row = connection.execute(
        f"SELECT count(*) FROM held WHERE {named.among.format('incident')}", (named.listed(list(incidents)),)
    ).fetchone()
    return int(row[0])


def resends_laid_out(connection: Connection, run: int) -> set[int]:
    """The deliveries that a run has laid out already."""
    rows = connection.execute("SELECT transmission FROM resends WHERE run = ?", (run,))
    return {row[0] for row in rows}


def resend_counts(connection: Connection, run: int) -> dict[int, int]:
    """How many deliveries of a run stand in each state: 1 waiting, 2 made, 3 left out."""
    rows = connection.execute(
        "SELECT state, count(*) FROM resends WHERE run = ? GROUP BY state", (run,)
    ).fetchall()
    return {int(state): int(count) for state, count in rows}


def resends(connection: Connection, run: int, after: int = 0, limit: int = PAGE) -> list[dict[str, Any]]:
    """The deliveries of a run, oldest first: which, what was made of it, or why it was left out."""
    rows = connection.execute(
        "SELECT r.transmission, t.target, t.document, t.number, r.state, r.made, r.says, m.state FROM resends r"
        " JOIN transmissions t ON t.id = r.transmission LEFT JOIN transmissions m ON m.id = r.made"
        " WHERE r.run = ? AND r.transmission > ? ORDER BY r.transmission LIMIT ?",
        (run, after, limit),
    )
    words = {1: "waiting", 2: "made", 3: "left_out"}
    return [
        {"delivery": f"t{id_}", "target": target, "object": document, "number": number, "state": words[state],
         "made": f"t{made}" if made else None, "stands": stands, "says": says}
        for id_, target, document, number, state, made, says, stands in rows
    ]  # fmt: skip
