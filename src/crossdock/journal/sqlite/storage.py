"""A SQLite file as the commands open it, with or without a hub beside them."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sqlite.schema import SqliteConnection, connect, migrate, migrations


@dataclass(frozen=True, slots=True)
class SqliteStorage:
    """One file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    def behind(self) -> bool:
        """Whether a migration is still to come; a damaged file is not behind."""
        try:
            with closing(connect(self.path, read_only=True)) as connection:
                found = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error:
            return False
        return 0 < found < migrations()[-1][0]

    @contextmanager
    def snapshot(self) -> Generator[SqliteConnection]:
        """One view of all that is committed; sqlite3.Error tells of damage."""
        with closing(connect(self.path, read_only=True)) as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Generator[SqliteConnection]:
        """A connection to write with; makes the file if there is none."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(connect(self.path)) as connection:
            migrate(connection)
            yield connection

    def complaint(self, connection: Connection) -> str | None:
        """Whether the tables are those of this version, and the file is whole."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
            migrate(fresh)
            if _shape(connection) != _shape(fresh):
                return "the tables of the file are not those of this version of the hub"
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        return None if said == "ok" else f"SQLite finds the file damaged: {said}"


def _shape(connection: Connection | sqlite3.Connection) -> tuple[int, list[tuple[Any, ...]]]:
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"
    )
    shape = rows.fetchall()
    return connection.execute("PRAGMA user_version").fetchone()[0], shape
