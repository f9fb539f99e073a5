"""A copy of a database as a SQLite file, taken while hubs write to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as composed

from crossdock.journal.postgresql.connection import connect, speaking
from crossdock.journal.postgresql.moving import Table, tables_of
from crossdock.journal.sqlite.schema import SPARSE, migrate, migrations
from crossdock.journal.sqlite.schema import connect as open_file

_CHUNK = 5_000


def copy(url: str, target: Path, progress: Callable[[int, int], None]) -> tuple[int, int]:
    """Copies one snapshot of a database; gives the schema number of the file and the position of its last entry.

    Hubs go on meanwhile and wait for nothing; the database keeps old row versions until the copy ends.
    Raises StoreDown.
    """
    with (
        closing(open_file(target, synchronous="OFF")) as file,
        closing(connect(url, name="crossdock/backup")) as source,
    ):
        migrate(file)
        file.execute(f"PRAGMA application_id = {SPARSE}")
        with speaking():
            source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            source.read_only = True
            source.autocommit = False
            tables = list(tables_of(file, source))
            whole = sum(_count(source, table) for table in tables)
            done = 0
            for table in tables:
                for rows in _pages(source, table):
                    _write(file, table, rows)
                    done += len(rows)
                    progress(done, whole)
        position = file.execute("SELECT coalesce(max(position), 0) FROM ledger").fetchone()[0]
        file.execute("PRAGMA journal_mode = DELETE")
    with target.open("rb+") as written:
        os.fsync(written.fileno())
    return migrations()[-1][0], int(position)


def _count(source: psycopg.Connection[Any], table: Table) -> int:
    query = composed.SQL("SELECT count(*) FROM {}").format(composed.Identifier(table.name))
    row = source.execute(query).fetchone()
    return int(row[0]) if row else 0


def _pages(source: psycopg.Connection[Any], table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table in the order of its key, so that the file is written from front to back."""
    query = composed.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT (FORMAT BINARY)").format(
        composed.SQL(", ").join(map(composed.Identifier, table.columns)),
        composed.Identifier(table.name),
        composed.SQL(", ").join(map(composed.Identifier, table.key)),
    )
    page: list[tuple[Any, ...]] = []
    with source.cursor() as cursor, cursor.copy(query) as rows:
        rows.set_types(table.types)
        for row in rows.rows():
            page.append(row)
            if len(page) == _CHUNK:
                yield page
                page = []
    yield page


def _write(file: sqlite3.Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    file.execute("BEGIN")
    if table.name == "scopes":
        file.execute("DELETE FROM scopes")  # the one that every new store has
    marks = ", ".join("?" * len(table.columns))
    file.executemany(f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})", rows)
    file.execute("COMMIT")
