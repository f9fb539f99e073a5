"""What reports count: the incidents of a span of time, when somebody first looked at each, and weeks before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.desk_list import of_systems
from crossdock.message.states import EntryKind

#: Kinds of incidents of one span that are told apart, and incidents that people looked at.
COUNTED_MAX = 100_000
WEEK_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Told:
    """Incidents of a report that are alike in all that it tells them apart by; times in milliseconds since 1970."""

    type: str
    system: str
    owner: str
    path: str
    value: str | None  #: where it may name an item
    count: int
    open: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Look:
    """One incident that a person did something about."""

    type: str
    system: str
    owner: str
    path: str
    value: str | None
    looked_ms: int
    closed_ms: int | None


def opened_in(
    connection: Connection,
    from_ms: int,
    until_ms: int,
    systems: Collection[str] | None,
    of_items: Collection[str],
) -> list[Told]:
    """What was opened in a span of time, counted; `of_items`: types whose value is an item, whatever their path."""
    span, values = _span(connection, from_ms, until_ms, systems)
    named = connection.dialect
    names_item = f"{named.among.format('i.type')} OR i.path LIKE '%sku' OR i.path LIKE '%item'"
    rows = connection.execute(
        f"SELECT i.type, i.system, i.owner, i.path, CASE WHEN {names_item} THEN i.value END AS item,"
        " count(*), count(*) - count(i.closed_ms), min(i.opened_ms), max(i.opened_ms)"
        f" FROM incidents i WHERE {span} GROUP BY i.type, i.system, i.owner, i.path, item LIMIT ?",
        (named.listed(sorted(of_items)), *values, COUNTED_MAX),
    )
    return [Told(*row) for row in rows]


def looked_at(
    connection: Connection, from_ms: int, until_ms: int, systems: Collection[str] | None
) -> list[Look]:
    """What was opened in a span of time and a person did something about, with when they first did."""
    span, values = _span(connection, from_ms, until_ms, systems)
    looks = (
        f"SELECT incident, min(at_ms) AS at_ms FROM ledger WHERE kind = {EntryKind.act.value} AND incident IS NOT NULL"
        """ AND at_ms >= ? AND detail NOT LIKE '%"who":"hub"%' GROUP BY incident"""
    )
    rows = connection.execute(
        "SELECT i.type, i.system, i.owner, i.path, i.value, l.at_ms, i.closed_ms"
        f" FROM incidents i JOIN ({looks}) AS l ON l.incident = i.id WHERE {span} LIMIT ?",
        (from_ms, *values, COUNTED_MAX),
    )
    return [Look(*row) for row in rows]


def _span(
    connection: Connection, from_ms: int, until_ms: int, systems: Collection[str] | None
) -> tuple[str, tuple[Any, ...]]:
    among, listed = ("", []) if systems is None else of_systems(connection, systems)
    return f"i.opened_ms >= ? AND i.opened_ms < ?{among and ' AND '}{among}", (from_ms, until_ms, *listed)


def by_week(
    connection: Connection, from_ms: int, until_ms: int, systems: Collection[str] | None
) -> list[tuple[str, int, int]]:
    """(type, week counted from the first, how many) of what was opened in a span of time."""
    span, values = _span(connection, from_ms, until_ms, systems)
    rows = connection.execute(
        f"SELECT i.type, (i.opened_ms - ?) / {WEEK_MS}, count(*) FROM incidents i WHERE {span} GROUP BY 1, 2",
        (from_ms, *values),
    )
    return [(type_, int(week), int(count)) for type_, week, count in rows]
