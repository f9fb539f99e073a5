"""Systems beside a restored store: who hands in again what it has lost, and how that ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crossdock.journal.sql.connection import Connection
from crossdock.message.states import EntryKind


@dataclass(frozen=True, slots=True)
class Ending:
    """When a system was said to hand in only what is new, by whom, and the words of the ledger."""

    at_ms: int
    who: str  #: empty: the hub found it out by itself
    says: str


def handing_in(connection: Connection) -> Mapping[str, int]:
    """Systems that hand in again, and when the backup was taken that the store came back from."""
    rows = connection.execute(
        "SELECT system, backup_ms FROM restored WHERE ended_id IS NULL ORDER BY system"
    ).fetchall()
    return dict(rows)


def endings(connection: Connection) -> Mapping[str, Ending]:
    """The end of each restored mode that is over, by system."""
    rows = connection.execute(
        "SELECT r.system, l.at_ms, l.kind, l.origin, l.says FROM restored r JOIN ledger l ON l.position = r.position"
        " WHERE r.ended_id IS NOT NULL"
    ).fetchall()
    act = EntryKind.act.value
    return {
        system: Ending(at_ms, who if kind == act else "", says) for system, at_ms, kind, who, says in rows
    }
