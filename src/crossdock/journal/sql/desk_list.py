"""Incidents as the desk's list shows them: the one whose clock ends first at the top, counted and bounded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.message.names import INCIDENT

PAGE = 50
#: Members that are counted one by one; beyond, there are "more than" so many.
COUNTED_MAX = 1_000

_COLUMNS = (
    "i.id, i.type, i.severity, i.owner, i.opened_ms, i.due_ms, i.system, i.document, i.number, i.says, i.state,"
    " i.closed_ms, i.reason"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; `systems` None: every system."""

    ended: bool = False
    owner: str | None = None  #: one person, or "role:" for what belongs to a role
    type: str | None = None
    system: str | None = None
    systems: Collection[str] | None = None
    after: tuple[int, int] = (0, 0)  #: (due, id) of the last one of the page before
    asleep: bool | None = None  #: only those that sleep, or that do not; None: both
    now_ms: int = 0  #: what time it is, for those that sleep


@dataclass(frozen=True, slots=True)
class Listed:
    """One incident in the list; times in milliseconds since 1970."""

    id: str
    type: str
    severity: str
    owner: str
    opened_ms: int
    due_ms: int
    system: str
    document: str
    number: str
    says: str
    is_open: bool
    closed_ms: int | None
    reason: str | None
    members: int


def page(connection: Connection, wanted: Wanted, limit: int = PAGE) -> tuple[list[Listed], str | None]:
    """One page and what `after` the next one has; open ones by their clock, ended ones newest first."""
    condition, values = _condition(connection, wanted)
    due, id_ = wanted.after
    if wanted.ended:
        beyond = f" AND i.id < {id_}" if id_ else ""
        query = f"SELECT {_COLUMNS} FROM incidents i WHERE i.state = 2{beyond}{condition} ORDER BY i.id DESC LIMIT ?"
        rows = connection.execute(query, (*values, limit + 1)).fetchall()
    else:
        by_clock = connection.dialect.index.format(_index(wanted))
        query = (
            f"SELECT {_COLUMNS} FROM incidents i{by_clock} WHERE i.state = 1 AND (i.due_ms, i.id) > (?, ?){condition}"
            " ORDER BY i.due_ms, i.id LIMIT ?"
        )
        rows = connection.execute(query, (due, id_, *values, limit + 1)).fetchall()
    listed = [_listed(connection, row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return listed, None if last is None else f"{last[5]}.{last[0]}"


def _index(wanted: Wanted) -> str:
    """The index that leads to what is wanted in the order of its clocks, past what is somebody else's."""
    if wanted.owner is not None and wanted.owner != "role:":
        return "incidents_owner"
    return "incidents_due" if wanted.type is None else "incidents_of_kind"


def counts(
    connection: Connection, systems: Collection[str] | None, now_ms: int
) -> list[tuple[str, str, str, int, int, int]]:
    """(type, severity, owner, how many, earliest clock, earliest opening) of what is open and does not sleep."""
    condition, values = _condition(connection, Wanted(systems=systems, asleep=False, now_ms=now_ms))
    query = (
        "SELECT i.type, i.severity, i.owner, count(*), min(i.due_ms), min(i.opened_ms) FROM incidents i"
        f" WHERE i.state = 1{condition} GROUP BY i.type, i.severity, i.owner"
    )
    rows = connection.execute(query, values)
    return [
        (type_, severity, owner, int(many), due_ms, opened_ms)
        for type_, severity, owner, many, due_ms, opened_ms in rows
    ]


def is_seen(connection: Connection, id_: int, systems: Collection[str] | None) -> bool:
    """Whether somebody who sees some systems sees an incident."""
    if systems is None:
        return True
    condition, values = _condition(connection, Wanted(systems=systems))
    row = connection.execute(
        f"SELECT 1 FROM incidents i WHERE i.id = ?{condition}", (id_, *values)
    ).fetchone()
    return row is not None


def _listed(connection: Connection, row: Sequence[Any]) -> Listed:
    counted = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM members WHERE incident = ? LIMIT ?) AS m",
        (row[0], COUNTED_MAX + 1),
    ).fetchone()
    (
        number, type_, severity, owner, opened_ms, due_ms, system, document, theirs, says, state, closed_ms, reason,
    ) = row  # fmt: skip
    return Listed(
        f"{INCIDENT}{number}", type_, severity, owner, opened_ms, due_ms, system, document, theirs, says,
        state == 1, closed_ms, reason, int(counted[0]),
    )  # fmt: skip


def _condition(connection: Connection, wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    parts, values = list[str](), list[Any]()
    if wanted.owner == "role:":
        parts.append("i.owner LIKE 'role:%'")
    elif wanted.owner is not None:
        parts.append("i.owner = ?")
        values.append(wanted.owner)
    if wanted.type is not None:
        parts.append("i.type = ?")
        values.append(wanted.type)
    if wanted.system is not None:
        among, listed = of_systems(connection, [wanted.system])
        parts.append(among)
        values += listed
    if wanted.systems is not None:
        among, listed = of_systems(connection, wanted.systems)
        parts.append(among)
        values += listed
    if wanted.asleep is not None:
        asleep = "EXISTS (SELECT 1 FROM incident_clocks k WHERE k.incident = i.id AND k.until_ms > ?)"
        parts.append(asleep if wanted.asleep else f"NOT {asleep}")
        values.append(wanted.now_ms)
    return "".join(f" AND {part}" for part in parts), tuple(values)


def of_systems(connection: Connection, systems: Collection[str]) -> tuple[str, list[Any]]:
    """Incidents of some systems, or that hold something that came from one of them."""
    named = connection.dialect
    listed = named.listed(sorted(systems))
    came_from = named.among.format("coalesce(t.origin, d.system, c.system)")
    return (
        f"({named.among.format('i.system')} OR EXISTS (SELECT 1 FROM members m"
        " LEFT JOIN captures c ON m.kind = 1 AND c.id = m.id LEFT JOIN messages d ON m.kind = 2 AND d.id = m.id"
        " LEFT JOIN transmissions t ON m.kind IN (3, 4) AND t.id = m.id"
        f" WHERE m.incident = i.id AND {came_from}))"
    ), [listed, listed]
