"""The move of a site from a SQLite file into an empty database: row by row as they are, resumable at any point."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as composed

from crossdock.faults import Misconfigured
from crossdock.journal.postgresql.connection import connect, speaking, spoken
from crossdock.journal.postgresql.ids import ID_BLOCK
from crossdock.journal.postgresql.schema import Source, migrate, note_move, shape_of
from crossdock.journal.postgresql.storage import PostgresqlStorage
from crossdock.journal.sql.views import conservation
from crossdock.journal.sqlite.left import Left, leave, left_by, refusal
from crossdock.journal.sqlite.lock import StoreLock
from crossdock.journal.sqlite.schema import connect as open_file
from crossdock.journal.sqlite.schema import migrate as renew_file
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.journal.sqlite.store import ID_TABLES

#: Rows that one transaction copies, with the note of how far it came.
CHUNK = 10_000
#: Of an id that is named to people.
_SHOWN_CHARS = 40
_LAST_NUMBER = re.compile(r"(\d+)\D*$")
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
    """Copies everything, then compares; the file is marked as left, so that nobody goes on with it.

    A move that was cut off goes on where it stood. Raises Misconfigured when a hub runs on the file, when the file was
    moved into another database, when the database holds anything else, and StoreDown.
    """
    _must_be_store(file)
    lock = StoreLock(file, fix="stop it first, and let it end; then give the same command again")
    try:
        with closing(open_file(file)) as source:
            gone = left_by(source, file)
            if gone is None:
                renew_file(source)
            last = "SELECT position, link FROM ledger ORDER BY position DESC LIMIT 1"
            position, head = source.execute(last).fetchone() or (0, b"")
        begun = Source(str(file), position, head)
        if gone is None:
            migrate(url, moving=begun)
        else:
            _must_be_the_same(file, gone, begun, url)
        with (
            closing(open_file(file, read_only=True)) as source,
            closing(connect(url, name="crossdock/move")) as target,
            speaking(),
        ):
            mover = _Mover(source, target, spoken(url))
            noted = mover.begin(begun)
            if noted.ended:
                if gone is None:  # its mark was taken away, or the move was cut off right before it
                    leave(file, into=spoken(url), move=noted.began)
                return Moved()
            mover.copy(progress)
            moved = _compared(mover.tables, file, url)
            if moved.differs:
                return moved
            # Before the database may be worked on: at no moment both could be.
            leave(file, into=spoken(url), move=noted.began)
            mover.end()
    finally:
        lock.release()
    return moved


def _must_be_store(file: Path) -> None:
    """Raises Misconfigured for a file that no hub wrote, before anything is made in it or beside it."""
    fix = "give --from sqlite:PATH, with the file of the site: mostly data/crossdock.db in its folder"
    if not file.exists():
        says = f"there is no store at {file}"
    elif not file.is_file():
        says = f"{file} is a folder, and no store"
    else:
        try:
            with closing(open_file(file, read_only=True)) as source:
                found = source.execute("SELECT 1 FROM sqlite_schema WHERE name = 'ledger'").fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            found = None  # damaged at its very beginning, or no database
        says = "" if found else f"{file} is no store that a hub made"
    if says:
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix)


@dataclass(frozen=True, slots=True)
class _Noted:
    """What a database says of the move into it."""

    source: tuple[int, bytes]  #: the last entry of the file's ledger, and its link
    began: str
    ended: bool


def _noted(target: psycopg.Connection[Any]) -> _Noted | None:
    row = target.execute(
        "SELECT position, head, (extract(epoch FROM began_at) * 1000000)::bigint, ended_at IS NOT NULL FROM moving"
    ).fetchone()
    return None if row is None else _Noted((row[0], bytes(row[1])), str(row[2]), row[3])


def _must_be_the_same(file: Path, gone: Left, begun: Source, url: str) -> None:
    """A file that was left is moved once more only where its own move is to be ended. Raises Misconfigured."""
    with closing(connect(url, name="crossdock/move")) as target, speaking():
        known = _noted(target) if shape_of(target) else None
    same = known is not None and known.source == (begun.position, begun.head)
    if known is not None and same and (known.began == gone.move or (not gone.move and known.ended)):
        return
    says = (
        f"{refusal(file, gone).says}, and is not moved into {spoken(url)} too: both would send what is open"
    )
    raise Misconfigured(says, path="--to", fix="start the hub with the database that it was moved into")


class _Mover:
    """One run of a move."""

    def __init__(self, source: sqlite3.Connection, target: psycopg.Connection[Any], name: str) -> None:
        self._source = source
        self._target = target
        self._name = name
        self.tables = list(tables_of(source, target))

    # -- begin and end -------------------------------------------------------

    def begin(self, begun: Source) -> _Noted:
        """Notes what is moved, or finds that this very move is under way, or had ended before. Raises Misconfigured."""
        known = _noted(self._target)
        if known is None:
            self._must_be_empty()
            note_move(self._target, begun)
            known = _noted(self._target)
            assert known is not None, "it was noted a moment ago"
        elif known.source != (begun.position, begun.head):
            says = f"{self._name} holds another store, or this one has gone on since the move began"
            raise Misconfigured(says, path="--to", fix="make an empty database, and move into that")
        return known

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
            with _telling_of_rows(self._name, table, page), cursor.copy(query) as copy:
                copy.set_types(table.types)
                for row in page:
                    copy.write_row(_fitting(row, late) if late else row)
            cursor.execute(
                "INSERT INTO moved (name, rows, last, whole) VALUES (%s, %s, %s, %s) ON CONFLICT (name) DO UPDATE"
                " SET rows = excluded.rows, last = excluded.last, whole = excluded.whole",
                (table.name, rows, _key_to(last), whole),
            )


@contextmanager
def _telling_of_rows(name: str, table: Table, page: Sequence[tuple[Any, ...]]) -> Generator[None]:
    """Tells which row a database cannot hold. Raises Misconfigured."""
    try:
        yield
    except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
        counted = _LAST_NUMBER.search(error.diag.context or "")  # such as: COPY captures, line 7
        number = int(counted[1]) if counted else 0
        # Where the server does not count: the longest row, since what is too long is what it refuses.
        row = page[number - 1] if 0 < number <= len(page) else max(page, key=lambda row: len(str(row)))
        id_ = ", ".join(f"{one} {_short(row[table.columns.index(one)])}" for one in table.key)
        says = f"{name} cannot hold a row of {table.name} ({id_}): {error.diag.message_primary or error}"
        fix = "keep this site in a SQLite file, which holds it; the file is as it was"
        raise Misconfigured(says, path="--to", fix=fix) from error


def _short(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}… of {len(text)} signs"


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
