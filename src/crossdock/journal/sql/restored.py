"""Systems beside a restored store: who hands in again what it has lost."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.journal.sql.connection import Connection


def handing_in(connection: Connection) -> Mapping[str, int]:
    """Systems that hand in again, and when the backup was taken that the store came back from."""
    rows = connection.execute(
        "SELECT system, backup_ms FROM restored WHERE ended_id IS NULL ORDER BY system"
    ).fetchall()
    return dict(rows)
