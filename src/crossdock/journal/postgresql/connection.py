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
from crossdock.journal.contract import StoreDown
from crossdock.journal.postgresql.wire import CONNECT_S, DOWN
from crossdock.journal.sql.connection import Cursor, Damaged, Dialect

#: Rows of a scan that are in memory at once.
_PAGE = 2_000
#: Classes of SQLSTATE that tell of stored data which cannot be read back.
_DAMAGE = ("XX", "58P01", "22021")
#: Behind the user of a URL and before its servers.
_PASSWORD = re.compile(r"^(\w+://[^/?@:]*):[^@]*(?=@)")
_QUOTED = re.compile(r'"([^"]*)"')
#: Among the parameters behind its `?`.
_PASSWORD_PARAMETER = re.compile(r"(?<=[?&])((?:ssl)?password=)[^&]*")


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


def spoken(url: str) -> str:
    """A database URL without its password, for people; it may name several servers."""
    return _PASSWORD_PARAMETER.sub(r"\1…", _PASSWORD.sub(r"\1", url))


def _must_be_url(url: str) -> None:
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        named = spoken(url)
        text = str(error).strip().replace(url, named)
        why = _QUOTED.sub(lambda quoted: quoted[0] if quoted[1] in named else "…", text)
        says = f"this is no address of a database: {why}"
        fix = "write postgresql://USER@HOST/NAME, and %40 for an @ in a password"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix) from None
