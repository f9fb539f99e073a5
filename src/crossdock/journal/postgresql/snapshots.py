"""The reading connections of a PostgreSQL journal: one for small reads on the loop, others for larger ones."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg import waiting

from crossdock.journal.contract import DUE_LEAST, Ahead, StoreDown
from crossdock.journal.postgresql.connection import PostgresqlConnection, connect, speaking
from crossdock.journal.postgresql.foresight import STATEMENTS, Foreseen, Foresight
from crossdock.journal.postgresql.ids import Ids
from crossdock.journal.postgresql.wire import CONNECT_S, KEYED, Wire
from crossdock.journal.sql.connection import Connection, Cursor, Damaged
from crossdock.journal.sql.reads import Reads
from crossdock.journal.sql.rows import read_message
from crossdock.message.records import Message

T = TypeVar("T")
_VIEWS = 2
#: A read on the loop that takes longer is given up: nobody else is served meanwhile.
LOOP_READ_MAX_S = 2.0
_RECONNECT_PAUSE_S = 0.25
_DUE = (
    "SELECT due.id, p.partition, due.system, due.document FROM unnest(?::smallint[]) AS p(partition) CROSS JOIN LATERAL"
    " (SELECT c.id, c.system, c.document FROM captures c WHERE c.partition = p.partition AND c.state = 1"
    " ORDER BY c.id LIMIT ?) AS due"
)
_DUE_OF_KINDS = (
    "SELECT due.id, due.partition, k.system, k.document FROM unnest(?::text[], ?::text[]) AS k(system, document)"
    " CROSS JOIN LATERAL (SELECT x.id, p.partition FROM unnest(?::smallint[]) AS p(partition) CROSS JOIN LATERAL"
    " (SELECT c.id FROM captures c WHERE c.system = k.system AND c.document = k.document"
    " AND c.partition = p.partition AND c.state = 1 ORDER BY c.id LIMIT ?) AS x ORDER BY x.id LIMIT ?) AS due"
)
_NOTHING = Foreseen()


class _Impatient(psycopg.Connection[Any]):
    """A connection whose answers must come soon."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Waits for the server, but not for long."""
        limit = LOOP_READ_MAX_S if timeout is None else min(timeout, LOOP_READ_MAX_S)
        try:
            return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=limit)
        except psycopg.OperationalError:
            self.pgconn.finish()  # an answer that came too late would be taken for that of the next question
            raise


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
        try:
            return PostgresqlConnection(self._connection).execute(sql, parameters)
        except Damaged as damaged:  # who asks here goes on with the rest, and asks again
            raise StoreDown(str(damaged)) from damaged

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
        self._ids = Ids(self._draw_ids)
        self._foreseen = _NOTHING
        self.foresight = Foresight(self._connect_foresight, 1)
        self._threads = ThreadPoolExecutor(_VIEWS, thread_name_prefix="crossdock-views")
        self._views: list[psycopg.Connection[Any]] = []

    def _draw_ids(self) -> int:
        return int(self._loop_connection.execute("SELECT nextval('ids')").fetchone()[0])

    async def _connect_foresight(self) -> Wire:
        return await Wire.open(
            self._url,
            name="crossdock/foresight",
            settings=KEYED,
            statements=STATEMENTS,
            timeout_s=LOOP_READ_MAX_S,
        )

    # -- what was foreseen -----------------------------------------------------

    async def foresee(self, ahead: Callable[[], Ahead]) -> None:
        """Fetches what is about to be asked: at hand until the caller waits again."""
        asked = ahead()
        if asked.objects or asked.numbers or asked.items or asked.hubs:
            found = await self.foresight.fetch(asked)
            self._foreseen = found
            self._ids.mark()
            asyncio.get_running_loop().call_soon(self._forget, found)

    def _forget(self, found: Foreseen) -> None:
        """The loop has gone on: what others wrote meanwhile must be seen."""
        if self._foreseen is found:
            self._foreseen = _NOTHING

    def identity(self, system: str, document: str, their_id: str) -> tuple[int, int, str, int] | None:
        """See Reads."""
        asked, known = (system, document, their_id), self._foreseen.identity
        return known[asked] if asked in known else super().identity(*asked)

    def hub_of_number(self, document: str, number: str) -> tuple[int, int, str, int] | None:
        """See Reads."""
        asked, known = (document, number), self._foreseen.number
        return known[asked] if asked in known else super().hub_of_number(*asked)

    def belief(self, hub: int, system: str) -> tuple[int, int, int] | None:
        """See Reads."""
        asked, known = (hub, system), self._foreseen.belief
        return known[asked] if asked in known else super().belief(*asked)

    def message(self, id_: int) -> Message | None:
        """See Reads."""
        row = self._foreseen.message.get(id_)
        return read_message(row) if row is not None else super().message(id_)

    def item(self, sku: str) -> Message | None:
        """See Reads."""
        known = self._foreseen.item
        if sku not in known:
            return super().item(sku)
        row = known[sku]
        return read_message(row) if row is not None else None

    def their_id(self, hub: int, system: str) -> str | None:
        """See Reads."""
        known = self._foreseen.ids.get(hub)
        if known is not None:
            return known[1].get(system)
        if self._foreseen is not _NOTHING and self._ids.given_since_mark(hub):
            return None  # a number of this very decision
        return super().their_id(hub, system)

    def root_of(self, root: int, system: str) -> tuple[str, str] | None:
        """See Reads."""
        known = self._foreseen.ids.get(root)
        if known is None:
            return super().root_of(root, system)
        their_id = known[1].get(system)
        return None if their_id is None else (known[0], their_id)

    # -- the rest ------------------------------------------------------------

    def captures_due(
        self, kinds: Sequence[tuple[str, str]], partitions: Collection[int], each: int
    ) -> list[tuple[int, int, str, str]]:
        """(capture, partition, system, document) of the first to translate of each kind, in order of arrival.

        So many of each partition at most that one with a large backlog costs no more than any other. Kind by
        kind it is asked only where more waits than is read at once.
        """
        if not kinds:
            return []
        systems, documents = [list(names) for names in zip(*kinds, strict=True)]
        held, limit = sorted(partitions), each * len(kinds)
        few = max(limit // max(len(held), 1), DUE_LEAST)
        rows = self._reader.execute(_DUE, (held, few)).fetchall()
        counts = Counter(partition for _, partition, *_ in rows)
        asked = set(kinds)
        if not counts or (max(counts.values()) < few and all(row[2:] in asked for row in rows)):
            return sorted(rows)
        few = max(each // max(len(held), 1), DUE_LEAST)
        return self._reader.execute(_DUE_OF_KINDS, (systems, documents, held, few, each)).fetchall()

    def lanes_freed(self, target: str, keys: Sequence[str]) -> list[str]:
        """Those of some lanes in which nothing waits for a person any more."""
        rows = self._reader.execute(
            "SELECT k.key FROM unnest(?::text[]) AS k(key) WHERE NOT EXISTS (SELECT 1 FROM transmissions t"
            " WHERE t.target = ? AND t.key = k.key AND t.state IN (2, 8) AND t.state IN (1, 2, 3, 4, 5, 8)"
            " AND (t.state = 8 OR EXISTS (SELECT 1 FROM members m JOIN incidents i ON i.id = m.incident"
            " WHERE m.kind = 4 AND m.id = t.id AND i.state = 1)))",
            (list(keys), target),
        )
        return [key for (key,) in rows]

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
