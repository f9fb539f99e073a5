"""The reading connections of a PostgreSQL journal: one for small reads on the loop, others for larger ones beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg import waiting

from crossdock.journal.contract import StoreDown
from crossdock.journal.postgresql.connection import PostgresqlConnection, connect, speaking
from crossdock.journal.postgresql.wire import CONNECT_S
from crossdock.journal.sql.connection import Connection, Cursor
from crossdock.journal.sql.reads import Reads

T = TypeVar("T")
_VIEWS = 2
#: A read on the loop that takes longer is given up: nobody else is served meanwhile.
LOOP_READ_MAX_S = 2.0
_RECONNECT_PAUSE_S = 0.25


class _Impatient(psycopg.Connection[Any]):
    """A connection whose answers must come soon."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Waits for the server, but not for long."""
        limit = LOOP_READ_MAX_S if timeout is None else min(timeout, LOOP_READ_MAX_S)
        try:
            return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=limit)
        except psycopg.errors._WaitTimeout as late:  # pyright: ignore[reportPrivateUsage] - it has no public name
            self.pgconn.finish()
            raise psycopg.OperationalError("the answer did not come in time") from late


class LoopConnection:
    """For reads on the loop: fails at once while there is no connection, and gets one beside the loop."""

    dialect = PostgresqlConnection.dialect

    def __init__(self, url: str) -> None:
        self._url = url
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="crossdock-reconnect")
        self._coming: Future[None] | None = None
        self._connection = self._connected()

    def _connected(self) -> _Impatient:
        with speaking():
            return _Impatient.connect(
                self._url, autocommit=True, application_name="crossdock/reads", connect_timeout=CONNECT_S
            )

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Runs one query. Raises StoreDown."""
        if self._connection.closed:
            if self._coming is None:
                self._coming = self._thread.submit(self._come_back)
            raise StoreDown("the database cannot be read now")
        return PostgresqlConnection(self._connection).execute(sql, parameters)

    def scan(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Any]:
        """The rows of a query."""
        return iter(self.execute(sql, parameters))

    def _come_back(self) -> None:
        try:
            self._connection = self._connected()
        except StoreDown:
            time.sleep(_RECONNECT_PAUSE_S)
        finally:
            self._coming = None

    def close(self) -> None:
        """Lets go of it."""
        self._thread.shutdown()
        self._connection.close()


class PostgresqlReads(Reads):
    """Reads of a database, each of what is committed."""

    def __init__(self, url: str) -> None:
        self._loop_connection = LoopConnection(url)
        super().__init__(self._loop_connection)
        self._url = url
        self._threads = ThreadPoolExecutor(_VIEWS, thread_name_prefix="crossdock-views")
        self._views: list[psycopg.Connection[Any]] = []

    def close_reads(self) -> None:
        """Closes the reading connections."""
        self._threads.shutdown()
        for connection in self._views:
            connection.close()
        self._loop_connection.close()

    async def view(self, read: Callable[[Connection], T]) -> T:
        """Runs a larger read in one snapshot, off the event loop. Raises StoreDown."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_snapshot, read)

    def _in_snapshot(self, read: Callable[[Connection], T]) -> T:
        with suppress(IndexError):
            idle = self._views.pop()
            if not idle.closed:
                with suppress(StoreDown):
                    return self._read(idle, read)  # it may have broken since; then a fresh one
        return self._read(connect(self._url, name="crossdock/views", read_only=True), read)

    def _read(self, connection: psycopg.Connection[Any], read: Callable[[Connection], T]) -> T:
        try:
            with speaking():
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                found = read(PostgresqlConnection(connection))
                connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        self._views.append(connection)
        return found

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Many small reads in a row. Each sees what is committed at its time: others write meanwhile in any case."""
        yield
