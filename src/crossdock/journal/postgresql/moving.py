"""The move of a site from a SQLite file into an empty database: row by row as they are, resumable at any point."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as composed

from crossdock.faults import Misconfigured
from crossdock.journal.postgresql.connection import connect, speaking, spoken
from crossdock.journal.postgresql.ids import ID_BLOCK
from crossdock.journal.postgresql.schema import migrate
from crossdock.journal.postgresql.storage import PostgresqlStorage
from crossdock.journal.sql.views import conservation
from crossdock.journal.sqlite.lock import StoreLock
from crossdock.journal.sqlite.schema import connect as open_file
from crossdock.journal.sqlite.schema import migrate as renew_file
from crossdock.journal.sqlite.schema import retire
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.journal.sqlite.store import ID_TABLES

#: Rows that one transaction copies, with the note of how far it came.
CHUNK = 10_000
#: Called with the rows copied so far and all of them.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as both stores have it."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    types: tuple[str, ...]  #: of the columns, in the database


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move came to; empty where it had ended before."""

    #: table -> rows of the file, rows of the database
    rows: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    figures: tuple[dict[str, Any], dict[str, Any]] = ({}, {})  #: conservation of the file and of the database
    heads: tuple[dict[int, str], dict[int, str]] = ({}, {})  #: the last link of each chain

    @property
    def differs(self) -> list[str]:
        """What is not the same on both sides; empty when all is."""
        found = [
            f"{name}: {one} and {other} rows" for name, (one, other) in self.rows.items() if one != other
        ]
        if self.figures[0] != self.figures[1]:
            found.append("the figures of conservation")
        if self.heads[0] != self.heads[1]:
            found.append("the heads of the chains")
        return found


def move(file: Path, url: str, progress: Progress) -> Moved:
    """Copies everything, then compares; the file is retired, so that no hub goes on with it.

    A move that was cut off goes on where it stood. Raises Misconfigured when a hub runs on the file, when the
    database holds anything else, and StoreDown.
    """
    if not file.exists():
        raise Misconfigured(
            f"there is no store at {file}", path="CROSSDOCK_DATABASE", fix="write sqlite:PATH"
        )
    lock = StoreLock(file)
    try:
        with closing(open_file(file)) as source:
            renew_file(source)
        migrate(url, moving=True)
        with (
            closing(open_file(file, read_only=True)) as source,
            closing(connect(url, name="crossdock/move")) as target,
            speaking(),
        ):
            mover = _Mover(source, target, spoken(url))
            if mover.begin(file):
                mover.copy(progress)
                moved = _compared(mover.tables, file, url)
                if moved.differs:
                    return moved
                mover.end()
            else:
                moved = Moved()
        retire(file)
    finally:
        lock.release()
    return moved


class _Mover:
    """One run of a move."""

    def __init__(self, source: sqlite3.Connection, target: psycopg.Connection[Any], name: str) -> None:
        self._source = source
        self._target = target
        self._name = name
        self.tables = list(tables_of(source, target))

    # -- begin and end -------------------------------------------------------

    def begin(self, file: Path) -> bool:
        """Notes what is moved, or finds that this very move is under way; False when it had ended before.

        Raises Misconfigured.
        """
        row = self._source.execute(
            "SELECT position, link FROM ledger ORDER BY position DESC LIMIT 1"
        ).fetchone() or (0, b"")
        known = self._target.execute("SELECT position, head, ended_at IS NOT NULL FROM moving").fetchone()
        if known is None:
            self._must_be_empty()
            self._target.execute(
                "INSERT INTO moving (source, position, head) VALUES (%s, %s, %s)", (str(file), row[0], row[1])
            )
        elif (known[0], bytes(known[1])) != (row[0], row[1]):
            says = f"{self._name} holds another store, or this one has gone on since the move began"
            raise Misconfigured(says, path="--to", fix="make an empty database, and move into that")
        return known is None or not known[2]

    def _must_be_empty(self) -> None:
        for table in self.tables:
            if (
                table.name != "scopes"
                and self._target.execute(_all(table, "SELECT 1 FROM {} LIMIT 1")).fetchone()
            ):
                says = f"{self._name} is not empty: a site works there, or did"
                raise Misconfigured(says, path="--to", fix="make an empty database, and move into that")

    def end(self) -> None:
        """Lets the chains and the sequences go on behind what was copied."""
        with self._target.transaction():
            highest = max(
                self._source.execute(f"SELECT coalesce(max(id), 0) FROM {name}").fetchone()[0]
                for name in ID_TABLES
            )
            floor = self._source.execute("SELECT coalesce(max(floor), 0) FROM restored").fetchone()[0]
            self._go_on("ids", -(-max(highest, floor, 1) // ID_BLOCK) * ID_BLOCK + 1)
            for chain, position in self._source.execute(
                "SELECT partition, max(position) FROM ledger GROUP BY partition"
            ):
                self._target.execute("UPDATE chains SET position = %s WHERE chain = %s", (position, chain))
            last = self._source.execute("SELECT coalesce(max(position), 0) FROM ledger").fetchone()[0]
            self._go_on("positions", last + 1)
            doors = self._source.execute("SELECT count(*) FROM door").fetchone()[0]
            self._target.execute("UPDATE chains SET doors = %s WHERE chain = 0", (doors,))
            self._target.execute("UPDATE moving SET ended_at = now()")

    def _go_on(self, sequence: str, number: int) -> None:
        self._target.execute("SELECT setval(%s, %s, false)", (sequence, number))

    # -- the rows ------------------------------------------------------------

    def copy(self, progress: Progress) -> None:
        """Copies what is not there yet, each table in the order of its key."""
        counts = {
            t.name: self._source.execute(f"SELECT count(*) FROM {t.name}").fetchone()[0] for t in self.tables
        }
        whole, done = sum(counts.values()), 0
        for table in self.tables:
            note = self._target.execute(
                "SELECT rows, last, whole FROM moved WHERE name = %s", (table.name,)
            ).fetchone()
            rows, last = (note[0], _key_from(note[1])) if note else (0, ())
            done += rows
            progress(done, whole)
            while note is None or not note[2]:
                page = self._page(table, last)
                last = tuple(page[-1][table.columns.index(name)] for name in table.key) if page else last
                rows += len(page)
                note = (rows, last, len(page) < CHUNK)
                self._write(table, page, rows, last, whole=note[2])
                done += len(page)
                progress(done, whole)

    def _page(self, table: Table, last: Sequence[Any]) -> list[tuple[Any, ...]]:
        key = ", ".join(table.key)
        beyond = f" WHERE ({key}) > ({', '.join('?' * len(last))})" if last else ""
        query = f"SELECT {', '.join(table.columns)} FROM {table.name}{beyond} ORDER BY {key} LIMIT {CHUNK}"
        return self._source.execute(query, tuple(last)).fetchall()

    def _write(
        self, table: Table, page: Sequence[tuple[Any, ...]], rows: int, last: Sequence[Any], *, whole: bool
    ) -> None:
        """One page and the note of how far it goes, together."""
        late = [place for place, type_ in enumerate(table.types) if type_ == "bool"]
        with self._target.transaction(), self._target.cursor() as cursor:
            if table.name == "scopes" and page:
                cursor.execute("DELETE FROM scopes")  # the one that every new database has
            query = composed.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
                composed.Identifier(table.name),
                composed.SQL(", ").join(map(composed.Identifier, table.columns)),
            )
            with cursor.copy(query) as copy:
                copy.set_types(table.types)
                for row in page:
                    copy.write_row(_fitting(row, late) if late else row)
            cursor.execute(
                "INSERT INTO moved (name, rows, last, whole) VALUES (%s, %s, %s, %s) ON CONFLICT (name) DO UPDATE"
                " SET rows = excluded.rows, last = excluded.last, whole = excluded.whole",
                (table.name, rows, _key_to(last), whole),
            )


def _fitting(row: Sequence[Any], booleans: Sequence[int]) -> list[Any]:
    """A row whose truths SQLite keeps as numbers."""
    fitted = list(row)
    for place in booleans:
        fitted[place] = bool(fitted[place])
    return fitted


def tables_of(source: sqlite3.Connection, target: psycopg.Connection[Any]) -> Iterator[Table]:
    """Every table of the file, with the types that its columns have in the database."""
    types: dict[tuple[str, str], str] = {
        (table, column): type_
        for table, column, type_ in target.execute(
            "SELECT table_name, column_name, udt_name FROM information_schema.columns"
            " WHERE table_schema = current_schema()"
        )
    }
    for (name,) in source.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ):
        info = source.execute(f"PRAGMA table_info({name})").fetchall()
        columns = tuple(row[1] for row in info)
        key = tuple(row[1] for row in sorted(info, key=lambda row: row[5]) if row[5])
        yield Table(name, columns, key, tuple(types[name, column] for column in columns))


def _all(table: Table, query: str) -> composed.Composed:
    return composed.SQL(query).format(composed.Identifier(table.name))  # pyright: ignore[reportArgumentType] - a constant


def _key_to(key: Sequence[Any]) -> str:
    return json.dumps(
        [{"b": base64.b64encode(part).decode()} if isinstance(part, bytes) else part for part in key]
    )


def _key_from(text: str) -> tuple[Any, ...]:
    parts: list[Any] = json.loads(text)
    return tuple(part if isinstance(part, str | int) else base64.b64decode(part["b"]) for part in parts)


# -- the comparison ----------------------------------------------------------------


def _compared(tables: Sequence[Table], file: Path, url: str) -> Moved:
    """Rows by table, figures and chains of both, each counted from its own side."""
    with SqliteStorage(file).snapshot() as source, PostgresqlStorage(url).snapshot() as target:
        rows = {
            table.name: tuple(
                side.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] for side in (source, target)
            )
            for table in tables
        }
        sides = (source, target)
        figures = tuple(conservation(side, at_ms=0) for side in sides)
        last = "SELECT partition, max(position) FROM ledger GROUP BY partition"
        heads = tuple(
            {
                chain: bytes(
                    side.execute("SELECT link FROM ledger WHERE position = ?", (at,)).fetchone()[0]
                ).hex()
                for chain, at in side.execute(last).fetchall()
            }
            for side in sides
        )
    return Moved(rows, figures, heads)  # pyright: ignore[reportArgumentType] - two sides each
