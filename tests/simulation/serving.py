"""The store that two hosts share, and the writer's way of asking it: the fence, then everything with the commit."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossdock.journal.contract import Dedup, Fenced
from crossdock.journal.marks import marked
from crossdock.journal.postgresql.transaction import Kit, Task
from crossdock.journal.postgresql.wire import Lost, Refused
from crossdock.journal.sqlite.store import SqliteJournal
from tests.simulation.database import ID_BLOCK, Database, Road, Session, Waits

_TIMEOUT_S = 10.0


class Inline:
    """Stands for the writer of the store: its works run at once, in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def submit(self, work: Callable[[sqlite3.Connection], Any]) -> Ready:
        """Runs it."""
        return Ready(work(self._connection))


@dataclass(frozen=True, slots=True)
class Ready:
    """A value that nobody has to wait for."""

    value: Any

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.value
        yield


def at_once(work: Any) -> Any:
    """The value of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


class Server:
    """The store itself: whatever transaction arrives is done in one instant, or not at all."""

    def __init__(self, path: Path, database: Database, dedup: Dedup) -> None:
        self.path = path
        self.database = database
        self.store = SqliteJournal(path, clock_ms=lambda: 0, dedup=dedup, synchronous="OFF")
        self.connection = self.store._write_connection
        database.beyond(self.store._highest_id())
        self.store._ids = self._numbers()  # type: ignore[assignment]
        self.store.writer = Inline(self.connection)  # type: ignore[assignment]
        self.broken: Callable[[str], None] = lambda _: None

    def _numbers(self) -> Iterator[int]:
        while True:
            first = self.database.block(ID_BLOCK)
            yield from range(first, first + ID_BLOCK)

    def open(self, session: Session, kit: Kit, tasks: Sequence[Task]) -> int | None:
        """A transaction begins: it locks its owner's row. The epoch that it finds there. Raises Waits."""
        del tasks
        database, member = self.database, kit.member.id
        database.free(None)
        other = database.writing.get(member)
        if other is not None and other is not session:
            if database._loop.time() - other.last_s <= database.lease_s:
                raise Waits
            database.abort(other)
        database.writing[member] = session
        session.last_s = database._loop.time()
        return database.epoch(member)

    def commit(self, session: Session, kit: Kit, tasks: Sequence[Task], round_: int) -> list[Any]:
        """Writes everything and renews the lease, or raises and has done nothing."""
        database, member = self.database, kit.member
        database.free(None)
        if session.dead or database.writing.get(member.id) is not session:
            raise Lost("terminating connection")
        del database.writing[member.id]
        if database.random.random() < database.failing:
            raise Refused("could not extend file: No space left on device", "53100")
        outcome = self._run(kit, tasks)
        if database.epoch(member.id) != member.epoch:
            self.broken(f"member {member.id} committed although its epoch {member.epoch} is over")
        database.rows.execute(
            "UPDATE owners SET lease_until = clock_timestamp() + ? / 1000.0, round = ? WHERE id = ?",
            (kit.lease_ms, round_, member.id),
        )
        database.commits += 1
        database.last = session.process
        database.after_commit()
        return outcome

    def _run(self, kit: Kit, tasks: Sequence[Task]) -> list[Any]:
        store, connection = self.store, self.connection
        store._charter, store._clock_ms, store._salt = kit.scribe.charter, kit.clock_ms, kit.salt  # type: ignore[method-assign]
        if any(task.arrivals for task in tasks):
            store._ids = self._numbers()  # type: ignore[assignment] - as production: drawn inside the transaction
        connection.execute("BEGIN IMMEDIATE")
        store.begin()
        try:
            outcome = [self._task(task) for task in tasks]
            store.finish(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            store.undo()
            if isinstance(error, sqlite3.IntegrityError):
                raise Refused(str(error), "23505") from error
            raise
        store.keep()
        return outcome

    def _task(self, task: Task) -> Any:
        store, connection = self.store, self.connection
        if task.stock is not None:
            decided: Any = store.decide_on_stock(*task.stock, entries_max=task.entries)
            return decided.value
        if task.changes is not None:
            store._write(connection, task.changes)
            return None
        if task.then is not None:
            return task.then([], self)  # type: ignore[arg-type]
        found = [store._accept(connection, a, quiet=task.cursor is not None) for a in task.arrivals]
        if task.cursor is None:
            return found[0] if found else None
        if task.cursor:
            store._put(connection, ("upsert_cursor", marked("upsert_cursor", task.cursor), None))
        return found


class Transaction:
    """Two round trips, as the production one makes them: the fence, then everything with the commit."""

    def __init__(self, wire: Wire, kit: Kit, tasks: Sequence[Task], round_: int) -> None:
        self._wire = wire
        self._kit = kit
        self._tasks = tasks
        self.round = round_
        self.outcome: list[Any] = []
        self.committing = False

    async def run(self) -> None:
        """See the production one."""
        wire, kit, tasks = self._wire, self._kit, self._tasks
        spare, era = kit.ids.low, kit.ids.era

        def begin() -> tuple[int | None, int]:
            found = wire.server.open(wire.session, kit, tasks)
            return found, wire.server.database.block(ID_BLOCK) if spare else 0

        found, block = await wire.ask(begin)
        if not kit.fence.holds(found, kit.member.epoch):
            raise Fenced("another process took over what this one owned")
        if spare:
            kit.ids.refill(block, era)
        self.committing = True
        try:
            self.outcome = await wire.ask(lambda: wire.server.commit(wire.session, kit, tasks, self.round))
        except Lost:
            raise
        except Exception:
            self.committing = False
            raise

    async def rollback(self) -> None:
        """Gives up."""
        wire = self._wire
        await wire.ask(lambda: wire.server.database.writing.pop(self._kit.member.id, None))


class _Found:
    """A result of whole numbers in the binary format."""

    def __init__(self, rows: Sequence[tuple[int, ...]]) -> None:
        self._rows = rows
        self.ntuples = len(rows)
        self.nfields = len(rows[0]) if rows else 0

    def ftype(self, _column: int) -> int:
        return 20

    def get_value(self, row: int, column: int) -> bytes:
        return self._rows[row][column].to_bytes(8, "big", signed=True)


class Wire:
    """The writer's connection."""

    def __init__(self, server: Server, road: Road, session: Session) -> None:
        self.server = server
        self.session = session
        self._road = road

    async def ask(self, act: Callable[[], Any]) -> Any:
        """One round trip. Raises Lost."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await self._road.ask(act)
        except TimeoutError:
            raise Lost(f"the database did not answer within {_TIMEOUT_S:g} s") from None

    async def exchange(self, commands: Sequence[Any]) -> list[Any]:
        """What the writer asks when it does not know what became of a commit."""
        names = [statement.name for statement, _ in commands]
        assert names == [b"begin", b"find_round", b"seen_round", b"commit"], names
        member = int.from_bytes(commands[1][1][0], "big", signed=True)
        return await self.ask(lambda: self._round(member))

    def _round(self, member: int) -> list[Any]:
        database = self.server.database
        database.free(None)
        other = database.writing.get(member)
        if other is not None:
            if database._loop.time() - other.last_s <= database.lease_s:
                raise Waits
            database.abort(other)
        found = database.rows.execute("SELECT epoch, round FROM owners WHERE id = ?", (member,)).fetchall()
        return [None, _Found(found), None, None]

    def notices(self) -> list[str]:
        """No standby, no warning."""
        return []

    async def close(self) -> None:
        """The server learns of it as soon as the way lets it."""
        database, session = self.server.database, self.session
        future = asyncio.ensure_future(self._road.ask(lambda: database.abort(session)))
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
