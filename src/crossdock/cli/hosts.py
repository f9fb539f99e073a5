"""Which processes of a hub work on a shared store now, as the store itself tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.journal.sql.connection import Connection


#: Nothing of the work goes by the name; people do.
WHY_A_NAME = "all work as they should, but nobody can tell them apart in lists and logs"


@dataclass(frozen=True, slots=True)
class Working:
    """A process whose lease holds: the name of its host, where it listens, its charter, and which process it is."""

    host: str
    address: str
    charter: str | None
    birth: str


def working(read: Connection) -> list[Working]:
    """All that work on a PostgreSQL database, the oldest first."""
    rows = read.execute(
        "SELECT o.host, o.address, coalesce(left(c.version, 19), o.charter::text), o.birth FROM owners o"
        " LEFT JOIN charters c ON c.id = o.charter"
        " WHERE o.gone_at IS NULL AND o.lease_until > clock_timestamp() AND o.works ORDER BY o.id"
    ).fetchall()
    return [Working(*row) for row in rows]


def namesakes(processes: list[Working], own: str) -> dict[str, list[Working]]:
    """Processes that live at the same time under one name, by the name; `own` is which process asks.

    One that ended on this machine and whose lease still runs is no namesake: it was started again.
    """
    from crossdock.journal.postgresql.membership import is_dead

    found: dict[str, list[Working]] = {}
    for one in processes:
        if not is_dead(one.birth, own):
            found.setdefault(one.host, []).append(one)
    return {host: several for host, several in found.items() if len(several) > 1}


def others_called(read: Connection, host: str) -> list[Working]:
    """Processes beside this one that live and have the name which it was given."""
    from crossdock.journal.postgresql.membership import is_dead, this_process

    own = this_process(host).birth
    return [
        one for one in working(read) if one.host == host and one.birth != own and not is_dead(one.birth, own)
    ]


def told(processes: list[Working]) -> str:
    """Them in a line."""
    return ", ".join(f"{one.host} ({one.address})" for one in processes)
