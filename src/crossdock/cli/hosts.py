"""Which processes of a hub work on a shared store now, as the store itself tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.journal.sql.connection import Connection


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


def told(processes: list[Working]) -> str:
    """Them in a line."""
    return ", ".join(f"{one.host} ({one.address})" for one in processes)
