"""Connections, statements and migrations of the SQLite journal."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from crossdock.journal.chain import mark, partition_of
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql.connection import Dialect, must_be_known

_PACKAGE = "crossdock.journal.sqlite"
_HEADING = re.compile(r"^-- (\w+)\n((?:(?!^-- \w+\n).*\n?)*)", re.MULTILINE)


def _statements() -> dict[str, str]:
    """Every statement of statements.sql by the name above it."""
    text = resources.files(_PACKAGE).joinpath("statements.sql").read_text("utf-8")
    return {name: sql.strip().rstrip(";") for name, sql in _HEADING.findall(text)}


STATEMENTS = _statements()


#: Marks a file that was copied out of a database, whose positions have gaps where commits were rolled back.
SPARSE = 0x43445350
#: Mark a file whose site was moved into a database; the second is sparse too.
LEFT, LEFT_SPARSE = 0x6D6F7665, 0x6D6F7673


class SqliteConnection(sqlite3.Connection):
    """A connection that knows how its store says things."""

    dialect = Dialect(
        index=" INDEXED BY {}", dense=True, open_work="state < 9 AND state <> 6 AND state <> 7",
        ended_work="state > 5 AND state <> 8", makes="kind < 6 AND kind <> 4",
    )  # fmt: skip

    def scan(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Any]:
        """The rows of a query one by one."""
        return self.execute(sql, parameters)


class ReadingConnection(SqliteConnection):
    """A connection of a running hub, which tells of a store that cannot be read as every store does."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Runs one query. Raises StoreDown."""
        try:
            return _execute(self, sql, parameters)
        except sqlite3.DatabaseError as error:
            if tells_of_the_store(error):
                raise StoreDown(f"the store cannot be read: {error}") from error
            raise


_execute = sqlite3.Connection.execute


def tells_of_the_store(error: Exception) -> bool:
    """Whether an error tells of the file or its disk, and not of what was asked."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR
    return type(error) is sqlite3.DatabaseError  # the file is damaged, or no store at all


def _stands_still(path: Path) -> bool:
    """Whether a file is a copy that nobody writes to, as an auditor has it: SQLite asks for a log beside others."""
    effective = os.access in os.supports_effective_ids
    writable = any(os.access(one, os.W_OK, effective_ids=effective) for one in (path, path.parent))
    return path.exists() and not writable and not Path(f"{path}-wal").exists()


def connect(
    path: Path,
    *,
    read_only: bool = False,
    synchronous: str = "FULL",
    kind: type[SqliteConnection] = SqliteConnection,
) -> SqliteConnection:
    """A connection with the settings that durability rests on."""
    still = read_only and kind is SqliteConnection and _stands_still(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?immutable=1" if still else path, uri=still,
        isolation_level=None, timeout=10, check_same_thread=False, cached_statements=512, factory=kind,
    )  # fmt: skip
    if connection.execute("PRAGMA application_id").fetchone()[0] in {SPARSE, LEFT_SPARSE}:
        connection.dialect = replace(SqliteConnection.dialect, dense=False)
    if read_only:
        connection.execute("PRAGMA query_only = 1")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        # Checkpoints of about 16 MB: fewer interruptions than the default 4 MB, a bounded -wal file.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def migrations() -> list[tuple[int, str, str]]:
    """Number, name and text of every migration, in order."""
    folder = resources.files(_PACKAGE).joinpath("migrations")
    files = sorted((f.name, f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".sql"))
    return [(int(name.split("_")[0]), name, text) for name, text in files]


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Brings a store to the newest shape; gives the names of what was applied. Each is one transaction.

    Raises Misconfigured for a store that a newer version of the hub has made.
    """
    applied: list[str] = []
    connection.create_function("partition_of", 1, partition_of, deterministic=True)
    newest = migrations()
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    must_be_known(found, newest[-1][0])
    if found < newest[-1][0]:
        for number, name, text in newest:
            if _apply(connection, number, text):
                applied.append(name)
    return applied


def _apply(connection: sqlite3.Connection, number: int, text: str) -> bool:
    """One migration in one transaction, unless another process was faster."""
    with connection:  # commits, or rolls back what a failure leaves
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone()[0] >= number:
            return False
        for statement in _split(text):
            connection.execute(statement)
        if number == 1:
            scope = (1, "default", "default")
            values = (*scope, mark("scope", scope))
            connection.execute("INSERT INTO scopes (id, tenant, site, mark) VALUES (?, ?, ?, ?)", values)
        connection.execute(f"PRAGMA user_version = {number}")
        return True


def _split(text: str) -> Iterator[str]:
    """The statements of a migration, one by one: `executescript` would end the transaction."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
