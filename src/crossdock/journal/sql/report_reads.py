"""What reports count: the incidents of a span of time, when somebody first looked at each, and weeks before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.desk_list import of_systems
from crossdock.message.states import EntryKind

#: Incidents of one span that are looked at one by one, and those asked of at once.
COUNTED_MAX, _PAGE = 100_000, 1_000
WEEK_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Told:
    """One incident of a report; times in milliseconds since 1970."""

    id: int
    type: str
    system: str
    owner: str
    path: str
    value: str | None
    opened_ms: int
    closed_ms: int | None


def opened_in(
    connection: Connection, from_ms: int, until_ms: int, systems: Collection[str] | None
) -> list[Told]:
    """What was opened in a span of time, oldest first."""
    among, listed = ("", []) if systems is None else of_systems(connection, systems)
    rows = connection.execute(
        "SELECT i.id, i.type, i.system, i.owner, i.path, i.value, i.opened_ms, i.closed_ms FROM incidents i"
        f" WHERE i.opened_ms >= ? AND i.opened_ms < ?{' AND ' + among if among else ''} ORDER BY i.opened_ms LIMIT ?",
        (from_ms, until_ms, *listed, COUNTED_MAX),
    )
    return [Told(*row) for row in rows]


def first_looks(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """When a person first did something about each of some incidents."""
    return dict(_looks(connection, ids))


def _looks(connection: Connection, ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    named = connection.dialect
    for at in range(0, len(ids), _PAGE):
        yield from connection.execute(
            f"SELECT incident, min(at_ms) FROM ledger WHERE {named.among.format('incident')} AND incident IS NOT NULL"
            f""" AND kind = {EntryKind.act.value} AND detail NOT LIKE '%"who":"hub"%' GROUP BY incident""",
            (named.listed(list(ids[at : at + _PAGE])),),
        )


def by_week(
    connection: Connection, from_ms: int, until_ms: int, systems: Collection[str] | None
) -> list[tuple[str, int, int]]:
    """(type, week counted from the first, how many) of what was opened in a span of time."""
    among, listed = ("", []) if systems is None else of_systems(connection, systems)
    rows = connection.execute(
        f"SELECT i.type, (i.opened_ms - ?) / {WEEK_MS}, count(*) FROM incidents i"
        f" WHERE i.opened_ms >= ? AND i.opened_ms < ?{' AND ' + among if among else ''} GROUP BY 1, 2",
        (from_ms, from_ms, until_ms, *listed),
    )
    return [(type_, int(week), int(count)) for type_, week, count in rows]
