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


def must_not_be_newer(storage: Storage) -> None:
    """Raises Misconfigured for a store that only a newer version of the hub knows; StoreDown. It must be there."""
    found, newest = _shapes(storage)
    if found > newest:
        says = f"a newer hub made the store {storage.name} (shape {found}; this one knows {newest})"
        fix = "use the version of the hub that made it, or a newer one"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix)


def _shapes(storage: Storage) -> tuple[int, int]:
    """The shape that a store has, and the newest that this version knows."""
    if isinstance(storage, SqliteStorage):
        from crossdock.journal.sqlite.schema import migrations

        try:
            with storage.snapshot() as connection:
                return connection.execute("PRAGMA user_version").fetchone()[0], migrations()[-1][0]
        except sqlite3.Error:
            return 0, 0  # it is damaged: whoever reads it next says so
    from crossdock.journal.postgresql import schema

    with storage.snapshot() as read:
        return read.execute("SELECT max(number) FROM shape").fetchone()[0], schema.migrations()[-1][0]
