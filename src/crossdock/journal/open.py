"""The store that a database URL means."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from crossdock.faults import Misconfigured
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql.connection import Damaged, Storage
from crossdock.journal.sqlite.storage import SqliteStorage

#: What reading or writing a store may raise: it is gone, locked or damaged.
STORE_ERRORS = (sqlite3.Error, StoreDown, Damaged)


def storage_of(database: str) -> Storage:
    """The store at `sqlite:PATH` or `postgresql://…`. Raises Misconfigured for any other URL."""
    if database.startswith("postgresql://"):
        from crossdock.journal.postgresql.storage import PostgresqlStorage

        return PostgresqlStorage(database)
    scheme, _, rest = database.partition(":")
    if scheme != "sqlite" or not rest:
        says = f"{database!r} is no database"
        raise Misconfigured(
            says, path="CROSSDOCK_DATABASE", fix="write sqlite:PATH or postgresql://USER@HOST/NAME"
        )
    return SqliteStorage(Path(rest))
