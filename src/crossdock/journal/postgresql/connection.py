"""A PostgreSQL connection as the reading code sees it: `?` for values, tuples for rows, two kinds of failure."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql as composed
from psycopg.conninfo import conninfo_to_dict

from crossdock.faults import Misconfigured
from crossdock.journal.address import is_written_well, spoken
from crossdock.journal.contract import StoreDown
from crossdock.journal.postgresql.wire import CONNECT_S, DOWN
from crossdock.journal.sql.connection import Cursor, Damaged, Dialect

#: Rows of a scan that are in memory at once.
_PAGE = 2_000
#: Classes of SQLSTATE that tell of stored data which cannot be read back.
_DAMAGE = ("XX", "58P01", "22021")
_QUOTED = re.compile(r'"([^"]*)"')


@lru_cache(maxsize=512)
def _translated(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresqlConnection:
    """Takes the statements that both stores understand."""

    dialect = Dialect(index="", dense=False, ends=True, among="{} = ANY(?)", listed=list, find="strpos")

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._scans = 0

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Runs one statement. Raises StoreDown or Damaged."""
        with speaking():
            query = cast(LiteralString, _translated(sql))
            return cast(Cursor, self._connection.execute(query, parameters))

    def scan(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Any]:
        """The rows of a query one by one, in bounded memory. Raises StoreDown or Damaged."""
        self._scans += 1
        with speaking(), self._connection.cursor(f"scan_{self._scans}") as cursor:
            cursor.itersize = _PAGE
            cursor.execute(composed.SQL(cast(LiteralString, _translated(sql))), parameters)
            yield from cursor

    def close(self) -> None:
        """Lets go of the connection."""
        self._connection.close()


@contextmanager
def speaking() -> Generator[None]:
    """Turns what the driver raises into the journal's own words."""
    try:
        yield
    except psycopg.errors.ProgramLimitExceeded as error:
        raise StoreDown(f"the database refuses: {error}") from error
    except psycopg.OperationalError as error:
        raise StoreDown(f"the database does not answer: {error}") from error
    except psycopg.Error as error:
        if (error.sqlstate or "").startswith(_DAMAGE):
            raise Damaged(str(error)) from error
        if (error.sqlstate or "").startswith(DOWN):
            raise StoreDown(f"the database refuses: {error}") from error
        raise


def connect(url: str, *, name: str = "crossdock", read_only: bool = False) -> psycopg.Connection[Any]:
    """A connection whose statements each stand for themselves. Raises StoreDown, and Misconfigured for no URL."""
    _must_be_url(url)
    with speaking():
        connection = psycopg.Connection[Any].connect(
            url, autocommit=True, application_name=name, connect_timeout=CONNECT_S
        )
        connection.read_only = read_only
        return connection


def remedy(down: StoreDown, url: str) -> str:
    """What to do about a database that was not reached, as far as its answer tells."""
    cause = down.__cause__
    said, tried = str(down), cause.pgconn if isinstance(cause, psycopg.Error) else None
    if "password" in said or (tried is not None and (tried.needs_password or tried.used_password)):
        line = "HOST:PORT:DATABASE:USER:PASSWORD"
        return f"see to the password: one line {line} in ~/.pgpass, a file of mode 0600; or in the URL, USER:PASSWORD@"
    if re.search(r'database "[^"]*" does not exist', said):
        return f"make it by createdb --encoding UTF8, or look at the name at the end of {spoken(url)}"
    return "start the server, or see host, port, role and pg_hba.conf"


def _must_be_url(url: str) -> None:
    if not is_written_well(url):
        says = f"this is no address of a database: {spoken(url)}, without what is before its last @"
        fix = "in a password write %40 for @, %2F for /, %3A for : and %3F for ?; or keep it in ~/.pgpass"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix)
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        named = spoken(url)
        text = str(error).strip().replace(url, named)
        why = _QUOTED.sub(lambda quoted: quoted[0] if quoted[1] in named else "…", text)
        says = f"this is no address of a database: {why}"
        fix = "write postgresql://USER@HOST/NAME; in a password %40 for @, %2F for / and %3A for :"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix) from None
