"""Incidents as the desk's list shows them: the one whose clock ends first at the top, counted and bounded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.orders import after_all
from crossdock.message.names import INCIDENT, id_of

PAGE = 50
#: Members that are counted one by one; beyond, there are "more than" so many.
COUNTED_MAX = 1_000

_COLUMNS = (
    "i.id, i.type, i.severity, i.owner, i.opened_ms, i.due_ms, i.system, i.document, i.number, i.says, i.state,"
    " i.closed_ms, i.reason"
)
#: Whether an incident still holds something that came from a system; its own it is about in any case.
_HOLDS = (
    "({0}.own = 1 OR EXISTS (SELECT 1 FROM members m LEFT JOIN captures c ON m.kind = 1 AND c.id = m.id"
    " LEFT JOIN messages d ON m.kind = 2 AND d.id = m.id"
    " LEFT JOIN transmissions t ON m.kind IN (3, 4) AND t.id = m.id"
    " WHERE m.incident = {0}.incident AND coalesce(t.origin, d.system, c.system) = {0}.system))"
).format


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
    systems = _reach(wanted)
    if systems is None:
        rows = _rows(connection, wanted, limit + 1)
    else:
        # Each system's own page, found by its clocks; an incident may be about more than one of them.
        found = {row[0]: row for one in systems for row in _rows_of(connection, wanted, one, limit + 1)}
        rows = sorted(found.values(), key=lambda row: -row[0] if wanted.ended else (row[5], row[0]))[
            : limit + 1
        ]
    listed = [_listed(connection, row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return listed, None if last is None else f"{last[5]}.{last[0]}"


def _reach(wanted: Wanted) -> Sequence[str] | None:
    """The systems that a list is of; None: every system. Somebody of other systems than the wanted one sees none."""
    if wanted.system is None:
        return None if wanted.systems is None else sorted(wanted.systems)
    return [wanted.system] if wanted.systems is None or wanted.system in wanted.systems else []


def _rows(connection: Connection, wanted: Wanted, limit: int) -> Sequence[Sequence[Any]]:
    condition, values = _condition(wanted, "i")
    due, id_ = wanted.after
    if wanted.ended:
        beyond = f" AND i.id < {id_}" if id_ else ""
        query = f"SELECT {_COLUMNS} FROM incidents i WHERE i.state = 2{beyond}{condition} ORDER BY i.id DESC LIMIT ?"
        return connection.execute(query, (*values, limit)).fetchall()
    by_clock = connection.dialect.index.format(_index(wanted))
    query = (
        f"SELECT {_COLUMNS} FROM incidents i{by_clock} WHERE i.state = 1 AND (i.due_ms, i.id) > (?, ?){condition}"
        " ORDER BY i.due_ms, i.id LIMIT ?"
    )
    return connection.execute(query, (due, id_, *values, limit)).fetchall()


def _rows_of(connection: Connection, wanted: Wanted, system: str, limit: int) -> Sequence[Sequence[Any]]:
    """Those that are about one system."""
    condition, values = _condition(wanted, "o", "o.incident")
    due, id_ = wanted.after
    if wanted.ended:
        place, order = (" AND o.incident < ?", (id_,)) if id_ else ("", ()), "o.due_ms DESC, o.incident DESC"
    else:
        place, order = (" AND (o.due_ms, o.incident) > (?, ?)", (due, id_)), "o.due_ms, o.incident"
    query = (
        f"SELECT {_COLUMNS} FROM incident_origins o CROSS JOIN incidents i WHERE i.id = o.incident"
        f" AND o.system = ? AND o.state = {2 if wanted.ended else 1}{place[0]}{condition} AND {_HOLDS('o')}"
        f" ORDER BY {order} LIMIT ?"
    )
    return connection.execute(query, (system, *place[1], *values, limit)).fetchall()


def meant(connection: Connection, wanted: str, systems: Collection[str] | None, limit: int) -> list[Listed]:
    """Incidents that a text may mean: its name (i10), or open ones about a number that begins so."""
    id_ = id_of(INCIDENT, wanted)
    if id_ is not None:
        by, is_meant, values = "", "i.id = ?", (id_,)
    else:
        by = connection.dialect.index.format("incidents_number")
        is_meant, values = "i.state = 1 AND i.number >= ? AND i.number < ?", (wanted, after_all(wanted))
    among, more = ("", []) if systems is None else of_systems(connection, systems)
    query = f"SELECT {_COLUMNS} FROM incidents i{by} WHERE {is_meant}{among and ' AND '}{among} LIMIT ?"
    rows = connection.execute(query, (*values, *more, limit)).fetchall()
    return [_listed(connection, row) for row in rows]


def _index(wanted: Wanted) -> str:
    """The index that leads to what is wanted in the order of its clocks, past what is somebody else's."""
    if wanted.owner is not None and wanted.owner != "role:":
        return "incidents_owner"
    return "incidents_due" if wanted.type is None else "incidents_of_kind"


def counts(
    connection: Connection, systems: Collection[str] | None, now_ms: int
) -> list[tuple[str, str, str, int, int, int]]:
    """(type, severity, owner, how many, earliest clock, earliest opening) of what is open and does not sleep."""
    if systems is None:
        condition, values = _condition(Wanted(asleep=False, now_ms=now_ms), "i")
        return _counted(connection, "i", f"incidents i WHERE i.state = 1{condition}", values)
    named, total = sorted(systems), dict[tuple[str, str, str], tuple[int, int, int]]()
    for place, system in enumerate(named):
        for *kind, many, due_ms, opened_ms in _counted_of(connection, system, named[:place], now_ms):
            before = total.get(key := (kind[0], kind[1], kind[2]), (0, due_ms, opened_ms))
            total[key] = (before[0] + many, min(before[1], due_ms), min(before[2], opened_ms))
    return [(*kind, *figures) for kind, figures in total.items()]


def _counted_of(
    connection: Connection, system: str, others: Sequence[str], now_ms: int
) -> list[tuple[str, str, str, int, int, int]]:
    """What is open of one system, and is not counted as one of others."""
    condition, values = _condition(Wanted(asleep=False, now_ms=now_ms), "o", "o.incident")
    if others:
        among = connection.dialect.among.format("p.system")
        is_theirs = (
            f"SELECT 1 FROM incident_origins p WHERE p.incident = o.incident AND {among} AND {_HOLDS('p')}"
        )
        condition, values = (
            f"{condition} AND NOT EXISTS ({is_theirs})",
            (*values, connection.dialect.listed(others)),
        )
    by_kind = connection.dialect.index.format("incident_origins_kinds")
    source = f"incident_origins o{by_kind} WHERE o.system = ? AND o.state = 1 AND {_HOLDS('o')}{condition}"
    return _counted(connection, "o", source, (system, *values))


def _counted(
    connection: Connection, of: str, source: str, values: Sequence[Any]
) -> list[tuple[str, str, str, int, int, int]]:
    kind = f"{of}.type, {of}.severity, {of}.owner"
    query = f"SELECT {kind}, count(*), min({of}.due_ms), min({of}.opened_ms) FROM {source} GROUP BY {kind}"
    return [
        (type_, severity, owner, int(many), due_ms, opened_ms)
        for type_, severity, owner, many, due_ms, opened_ms in connection.execute(query, values)
    ]


def is_seen(connection: Connection, id_: int, systems: Collection[str] | None) -> bool:
    """Whether somebody who sees some systems sees an incident."""
    if systems is None:
        return True
    among, values = of_systems(connection, systems)
    row = connection.execute(
        f"SELECT 1 FROM incidents i WHERE i.id = ? AND {among}", (id_, *values)
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


def _condition(wanted: Wanted, of: str, id_: str = "i.id") -> tuple[str, tuple[Any, ...]]:
    """What a list is narrowed to beside its systems: `of` is the table that has the columns."""
    parts, values = list[str](), list[Any]()
    if wanted.owner == "role:":
        parts.append(f"{of}.owner LIKE 'role:%'")
    elif wanted.owner is not None:
        parts.append(f"{of}.owner = ?")
        values.append(wanted.owner)
    if wanted.type is not None:
        parts.append(f"{of}.type = ?")
        values.append(wanted.type)
    if wanted.asleep is not None:
        # Read once for a whole list: few sleep, and each would be asked for otherwise.
        asleep = "IN (SELECT k.incident FROM incident_clocks k WHERE k.until_ms > ?)"
        parts.append(f"{id_} {asleep if wanted.asleep else f'NOT {asleep}'}")
        values.append(wanted.now_ms)
    return "".join(f" AND {part}" for part in parts), tuple(values)


def of_systems(connection: Connection, systems: Collection[str]) -> tuple[str, list[Any]]:
    """Incidents of some systems, or that hold something that came from one of them."""
    named = connection.dialect
    among = named.among.format("o.system")
    is_theirs = f"SELECT 1 FROM incident_origins o WHERE o.incident = i.id AND {among} AND {_HOLDS('o')}"
    return f"EXISTS ({is_theirs})", [named.listed(sorted(systems))]
