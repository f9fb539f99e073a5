"""A PostgreSQL database as the commands open it, with or without a hub beside them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from crossdock.journal.postgresql.connection import PostgresqlConnection, connect, speaking, spoken
from crossdock.journal.postgresql.schema import migrate, migrations, shape_of
from crossdock.journal.sql.connection import Connection


@dataclass(frozen=True, slots=True)
class PostgresqlStorage:
    """One database."""

    url: str

    @property
    def name(self) -> str:
        """Its address without the password."""
        return spoken(self.url)

    def exists(self) -> bool:
        """Whether a hub ever wrote here. Raises StoreDown."""
        with closing(connect(self.url)) as connection, speaking():
            return shape_of(connection) > 0

    def behind(self) -> bool:
        """Whether a migration is still to come. Raises StoreDown."""
        with closing(connect(self.url)) as connection, speaking():
            return 0 < shape_of(connection) < _newest()

    @contextmanager
    def snapshot(self) -> Generator[PostgresqlConnection]:
        """One view of all that is committed. Raises StoreDown or Damaged."""
        with closing(connect(self.url, read_only=True)) as connection:
            with speaking():
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostgresqlConnection(connection)

    @contextmanager
    def writing(self) -> Generator[PostgresqlConnection]:
        """A connection to write with; makes the tables if there are none. Raises StoreDown, Misconfigured."""
        migrate(self.url)
        with closing(connect(self.url)) as connection:
            yield PostgresqlConnection(connection)

    def complaint(self, connection: Connection) -> str | None:
        """Whether the tables are those of this version."""
        newest = _newest()
        found = connection.execute("SELECT max(number) FROM shape").fetchone()[0]
        if found != newest:
            return f"the tables have shape {found}, this version of the hub knows {newest}"
        return None


def _newest() -> int:
    return max(number for number, _, _ in migrations())
