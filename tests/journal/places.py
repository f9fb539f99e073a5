"""The two stores as tests see them: the same stories told to either, and a look behind the hub's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from crossdock.journal.open import storage_of
from crossdock.journal.sql.connection import Storage
from tests.database import Server


@dataclass(frozen=True, slots=True)
class Place:
    """One store that is still empty."""

    kind: str
    database: str  #: as in CROSSDOCK_DATABASE
    server: Server | None = None

    @property
    def storage(self) -> Storage:
        """As the commands open it."""
        return storage_of(self.database)

    @contextmanager
    def behind(self) -> Iterator[Any]:
        """A connection that asks nobody; `?` stands for a value."""
        if self.server is None:
            with closing(sqlite3.connect(self.database.removeprefix("sqlite:"), isolation_level=None)) as db:
                yield db
        else:
            with psycopg.connect(self.database, autocommit=True) as db:
                yield _Behind(db)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What the store says."""
        with self.behind() as db:
            return [tuple(row) for row in db.execute(sql, values).fetchall()]

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Changes something behind the hub's back; gives how many rows."""
        with self.behind() as db:
            return int(db.execute(sql, values).rowcount)

    def count(self, table: str, where: str = "1 = 1") -> int:
        """How many rows there are."""
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


class _Behind:
    def __init__(self, db: psycopg.Connection[Any]) -> None:
        self._db = db

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._db.execute(sql.replace("%", "%%").replace("?", "%s"), values)  # type: ignore[arg-type]


def sqlite_place(folder: Path) -> Place:
    """A file."""
    return Place("sqlite", f"sqlite:{folder / 'hub.db'}")


def postgresql_place(server: Server, *, keep: bool = False) -> Place:
    """A database; with `keep` it outlives the test."""
    return Place("postgresql", server.fresh(keep=keep), server)
