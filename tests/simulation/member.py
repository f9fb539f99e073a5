"""A host's end of the shared store: the production journal, writer and tenure over a simulated database."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from crossdock.journal.contract import Ahead, Dedup, StoreDown
from crossdock.journal.postgresql.ids import Ids
from crossdock.journal.postgresql.membership import EpochFence, Process, count_out
from crossdock.journal.postgresql.membership import _join as join_rows
from crossdock.journal.postgresql.snapshots import _NOTHING
from crossdock.journal.postgresql.store import PostgresqlJournal
from crossdock.journal.postgresql.tenure import PostgresqlTenure
from crossdock.journal.postgresql.transaction import Kit, Task
from crossdock.journal.postgresql.writer import Writer
from crossdock.journal.salts import Salts
from crossdock.journal.sql.connection import Connection as Reader
from crossdock.journal.sql.reads import Reads
from crossdock.journal.sqlite.schema import SqliteConnection, connect
from tests.simulation.database import ID_BLOCK, Connection, Road, Session
from tests.simulation.loop import PROCESS
from tests.simulation.serving import Server, Transaction, Wire, at_once


class RoadReader:
    """Reads on the loop, which fail at once while the way is cut."""

    def __init__(self, connection: SqliteConnection, road: Road) -> None:
        self._connection = connection
        self._road = road
        self.dialect = connection.dialect

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        if self._road.cut:
            raise StoreDown("the database cannot be read now")
        return self._connection.execute(sql, parameters)

    def scan(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Any]:
        return iter(self.execute(sql, parameters))

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a host stands: the store, the way to it, its own time."""

    server: Server
    road: Road
    path: Path
    name: str
    lease_s: float
    monotonic_s: Callable[[], float]
    clock_ms: Callable[[], int]
    random_bytes: Callable[[int], bytes]


class SharedJournal(PostgresqlJournal):
    """The production journal's life and writer; reads and transactions go to the simulated store."""

    captures_due = Reads.captures_due
    lanes_freed = Reads.lanes_freed

    def __init__(self, place: Place, dedup: Dedup) -> None:
        self._place = place
        self._loop_connection = RoadReader(connect(place.path, read_only=True), place.road)  # type: ignore[assignment]
        Reads.__init__(self, self._loop_connection)  # type: ignore[arg-type]
        self._views_connection = connect(place.path, read_only=True)
        self._ids = Ids(self._draw_ids, ID_BLOCK)
        self._foreseen = _NOTHING
        self._threads = None  # type: ignore[assignment] - the loop runs what is handed to it
        self.scope = 1
        self._clock_ms, self._dedup = place.clock_ms, dedup
        self.process = Process(place.name, place.name, f"?/{place.name}")
        self._lease_s, self._claims = place.lease_s, False
        self._owned = frozenset[int]()
        self.fence = EpochFence()
        self._salt = Salts(place.random_bytes)
        self._member = self._kit = self._heart = None
        self._charter = self._anchored = self._seen = 0
        self.writer = Writer(
            self._connect, linger_s=0.001, lease_s=place.lease_s, monotonic_s=place.monotonic_s,
            begin=Transaction,  # type: ignore[arg-type]
        )  # fmt: skip

    # -- life ----------------------------------------------------------------

    async def _connect(self) -> tuple[Any, Kit]:
        place, process = self._place, PROCESS.get()
        if self._member is None:
            try:
                connection = Connection(place.server.database, place.road, process)
                async with connection, connection.transaction(), connection.cursor() as cursor:
                    await count_out(cursor, self.process)  # type: ignore[arg-type]
                    member = await join_rows(cursor, self.process, place.lease_s, claims=False)  # type: ignore[arg-type]
            except psycopg.Error as error:
                raise StoreDown(f"the database is not reached: {error}") from error
            self._joined(member)
        member, kit = self._member, self._kit
        assert member is not None
        assert kit is not None
        session = Session(process, f"crossdock/{member.id}")
        place.server.database.connect(session)
        wire = Wire(place.server, place.road, session)
        await wire.ask(lambda: None)
        if self._member is not member:
            raise StoreDown("this process began anew while it connected")
        return wire, kit

    async def close(self) -> None:
        """Writes what is queued, leaves, closes the reads."""
        if self._heart is not None:
            self._heart.cancel()
        await self.writer.close()
        member = self._member
        if member is not None and not self.writer.fenced:
            with suppress(psycopg.Error):
                async with Connection(self._place.server.database, self._place.road, PROCESS.get()) as way:
                    values = (member.id, member.epoch)
                    gone = "UPDATE owners SET epoch = epoch + 1, chain = NULL, gone_at = clock_timestamp()"
                    await way.execute(f"{gone} WHERE id = %s AND epoch = %s", values)
                    await way.execute("UPDATE partitions SET owner = NULL WHERE owner = %s", (member.id,))
                    await way.execute("DELETE FROM budgets WHERE owner = %s", (member.id,))
        self.close_reads()

    async def use_charter(self, version: str, code: str, files: dict[str, str]) -> None:
        """Records the charter version, as the store itself does."""

        def work(_answers: Any, server: Any) -> int:
            at_once(server.store.use_charter(version, code, files))
            return int(server.store._charter)

        self._charter = await self.writer.submit(Task(then=work))
        assert self._kit is not None
        self._kit.scribe.charter = self._charter

    async def anchor(self) -> None:
        """Ties the heads of all chains together."""
        await self.writer.submit(Task(then=lambda _answers, server: at_once(server.store.anchor())))  # type: ignore[attr-defined]

    # -- reads -----------------------------------------------------------------

    def _draw_ids(self) -> int:
        if self._place.road.cut:
            raise StoreDown("the database cannot be read now")
        return self._place.server.database.block(ID_BLOCK)

    async def foresee(self, ahead: Callable[[], Ahead]) -> None:
        """Nothing to fetch: a read is a function call."""

    def _in_snapshot(self, read: Callable[[Reader], Any]) -> Any:
        if self._place.road.cut:
            raise StoreDown("the database cannot be read now")
        self._views_connection.execute("BEGIN")
        try:
            return read(self._views_connection)
        finally:
            self._views_connection.rollback()

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Each read sees what is committed at its time."""
        yield

    def close_reads(self) -> None:
        """Closes the reading connections."""
        self._views_connection.close()
        self._loop_connection.close()


class SharedTenure(PostgresqlTenure):
    """The production tenure; its connections lead to the simulated database."""

    def __init__(self, place: Place, *more: Any) -> None:
        super().__init__(*more, url="", lease_s=place.lease_s, monotonic_s=place.monotonic_s)
        self._place = place

    async def _connect(self) -> Any:
        return Connection(self._place.server.database, self._place.road, PROCESS.get())
