"""Open work for targets that the charter names no more, or sends no more of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.incidents import record
from crossdock.message.incident import Incident

#: What the causes of such incidents begin with.
CAUSE = "unserved/"
_INCIDENTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Unserved:
    """Documents of one kind that wait for one target."""

    target: str
    document: str
    count: int
    number: str  #: of the first of them


def unserved(connection: Connection, serves: Callable[[str, str], bool]) -> list[Unserved]:
    """What waits to be sent, and nobody will send; `serves` says whether a target is sent a kind of document."""
    rows = connection.execute(
        f"SELECT target, document, count(*), min(id) FROM transmissions WHERE {connection.dialect.open_work}"
        " AND state IN (1, 2, 3, 4, 5) GROUP BY target, document"
    ).fetchall()
    number = "SELECT number FROM transmissions WHERE id = ?"
    return [
        Unserved(target, document, count, connection.execute(number, (first,)).fetchone()[0])
        for target, document, count, first in rows
        if not serves(target, document)
    ]


def standing(connection: Connection, scope: int) -> list[Incident]:
    """The open incidents about them."""
    rows = connection.execute(
        "SELECT id FROM incidents WHERE scope = ? AND state = 1 AND cause LIKE ? LIMIT ?",
        (scope, f"{CAUSE}%", _INCIDENTS_MAX),
    ).fetchall()
    return [one for (id_,) in rows if (one := record(connection, id_)) is not None]
