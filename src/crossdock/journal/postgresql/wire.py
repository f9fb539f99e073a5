"""A connection that takes many prepared statements in one round trip, and never blocks the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast

import psycopg
from psycopg import pq

from crossdock.journal.contract import StoreDown

#: How long a connection may take to come about.
CONNECT_S = 5
#: A session whose statements are plain look-ups by key: the plans are made once, whatever the tables hold then.
KEYED = (
    "plan_cache_mode = force_generic_plan", "enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off",
    "enable_bitmapscan = off", "jit = off",
)  # fmt: skip
#: Classes of SQLSTATE that say nothing of the data that was given, only that the store cannot do it now: it is busy or
#: ill, or has not the tables, the rights, or the state that the hub left it in.
DOWN = ("08", "0A", "25", "28", "3D", "3F", "42", "53", "55", "57", "58")
_OK = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})
_BINARY = pq.Format.BINARY


class Lost(StoreDown):
    """The connection broke, or its answer did not come in time: what was asked may or may not have been done."""


class Refused(Exception):
    """The server ran a statement into an error; nothing after it was done. `code` is its SQLSTATE."""

    def __init__(self, says: str, code: str) -> None:
        super().__init__(says)
        self.code = code


@dataclass(frozen=True, slots=True)
class Statement:
    """A prepared statement: its name on the server, its text, and the numbers of its parameters' types."""

    name: bytes
    sql: str
    types: tuple[int, ...] = ()


#: A statement with its parameters in the binary format.
Command = tuple[Statement, Sequence[bytes | None]]


class Wire:
    """One connection in pipeline mode. One exchange at a time."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], timeout_s: float) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._timeout_s = timeout_s
        self._notices: list[str] = []
        self._pg.notice_handler = self._noticed
        self._pg.nonblocking = 1

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        name: str,
        settings: Sequence[str],
        statements: Sequence[Statement],
        timeout_s: float,
    ) -> Wire:
        """Connects, sets the session up and prepares the statements. Raises StoreDown."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                url, autocommit=True, application_name=name, connect_timeout=CONNECT_S, prepare_threshold=None
            )
        except psycopg.Error as error:
            raise StoreDown(f"the database is not reached: {error}") from error
        wire = cls(connection, timeout_s)
        try:
            for setting in settings:
                await connection.execute(cast("LiteralString", f"SET {setting}"))
            wire._pg.enter_pipeline_mode()
            for statement in statements:
                wire._pg.send_prepare(statement.name, statement.sql.encode(), statement.types)
            await wire._finish(len(statements))
        except BaseException as error:
            await wire.close()
            if isinstance(error, psycopg.Error):
                raise StoreDown(f"the database does not answer: {error}") from error
            raise
        return wire

    @property
    def pid(self) -> int:
        """The server process at the other end."""
        return self._pg.backend_pid

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return self._pg.transaction_status == pq.TransactionStatus.IDLE

    async def exchange(self, commands: Sequence[Command]) -> list[pq.abc.PGresult]:
        """Runs statements in order in one round trip; gives their results.

        Raises Refused with the first error of the server, Lost when nobody knows what was done.
        """
        pg = self._pg
        try:
            for statement, parameters in commands:
                pg.send_query_prepared(statement.name, parameters, [_BINARY] * len(parameters), _BINARY)
        except psycopg.Error as error:
            raise Lost(f"the connection to the database is gone: {error}") from error
        return await self._finish(len(commands))

    async def _finish(self, count: int) -> list[pq.abc.PGresult]:
        try:
            async with asyncio.timeout(self._timeout_s):
                self._pg.pipeline_sync()
                await self._flush()
                return await self._results(count)
        except TimeoutError:
            raise Lost(f"the database did not answer within {self._timeout_s:g} s") from None
        except (psycopg.Error, OSError) as error:
            raise Lost(f"the connection to the database broke: {error}") from error

    async def _flush(self) -> None:
        while self._pg.flush():
            await self._ready(write=True)
            self._pg.consume_input()  # the server may wait for us to read before it reads on

    async def _results(self, count: int) -> list[pq.abc.PGresult]:
        pg, found, wrong = self._pg, list[pq.abc.PGresult](), None
        while True:
            while pg.is_busy():
                await self._ready()
                pg.consume_input()
            result = pg.get_result()
            if result is None:
                if pg.status == pq.ConnStatus.BAD:
                    raise Lost(f"the connection to the database broke: {pg.get_error_message()}")
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                break
            if result.status not in _OK and wrong is None:
                wrong = result
            found.append(result)
        if wrong is not None:
            raise _refusal(wrong)
        assert len(found) == count, f"{len(found)} results for {count} statements"
        return found

    async def _ready(self, *, write: bool = False) -> None:
        """Waits until the socket may be read from (or, with `write`, written to)."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        fd = self._pg.socket

        def ring() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(fd, ring)
        if write:
            loop.add_writer(fd, ring)
        try:
            await ready
        finally:
            loop.remove_reader(fd)
            if write:
                loop.remove_writer(fd)

    def _noticed(self, result: pq.abc.PGresult) -> None:
        code = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
        text = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
        self._notices.append(f"{code.decode()} {text.decode(errors='replace')}")

    def notices(self) -> list[str]:
        """What the server warned of since the last call, each with its code in front."""
        told, self._notices = self._notices, []
        return told

    async def close(self) -> None:
        """Lets go of the connection; what is under way on it is undone by the server."""
        await self._connection.close()


def _refusal(result: pq.abc.PGresult) -> Refused:
    code = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
    says = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"the pipeline was cut off"
    return Refused(says.decode(errors="replace"), code.decode())
