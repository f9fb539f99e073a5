"""The one writer of a SQLite journal: many callers share one transaction and one fsync."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

from crossdock.journal.contract import StoreDown
from crossdock.journal.sqlite.schema import tells_of_the_store
from crossdock.journal.unfit import Unfit

#: More callers than this wait for the next transaction, so that the loop is never held for long.
BATCH_MAX = 256
#: Callers waiting for a commit beyond this are turned away; the door then answers 503.
QUEUE_MAX = 20_000

#: One caller's writes: runs in the open transaction, gives what its future will hold.
Work = Callable[[sqlite3.Connection], Any]


class Unwind(Protocol):
    """What must be undone in memory when a transaction is."""

    def begin(self) -> None:
        """A transaction opens."""
        ...

    def finish(self, connection: sqlite3.Connection) -> None:
        """All works have run: the rest of what they write is written."""
        ...

    def keep(self) -> None:
        """It is durable."""
        ...

    def undo(self) -> None:
        """It was rolled back."""
        ...


class Writer:
    """Runs works in order, several to a transaction; the fsync happens in a thread of its own.

    Statements run on the event loop (they are microseconds, and a thread for them costs more in
    hand-over than they take); only COMMIT, which waits for the disk, leaves it.
    """

    def __init__(self, connection: sqlite3.Connection, unwind: Unwind, *, linger_s: float = 0.0) -> None:
        self._connection = connection
        self._unwind = unwind
        self._linger_s = linger_s
        self._queue: deque[tuple[Work, asyncio.Future[Any]]] = deque()
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="crossdock-commit")
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._began_s = 0.0
        self.failure: str | None = None  #: why the last commit failed; None while the store takes commits
        self.commits = 0
        self.failures = 0
        #: Told of every commit: seconds from the first statement to the disk's word, and how many callers shared it.
        self.watch: Callable[[float, int], None] = lambda _seconds, _callers: None

    def start(self) -> None:
        """Begins to write."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="journal-writer")

    def submit(self, work: Work) -> asyncio.Future[Any]:
        """Queues one work; its future ends when it is durable, or with what went wrong."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if len(self._queue) >= QUEUE_MAX or self._closing:
            future.set_exception(StoreDown("too many writes are waiting for the disk"))
            return future
        self._queue.append((work, future))
        self._wake.set()
        return future

    @property
    def depth(self) -> int:
        """How many callers wait."""
        return len(self._queue)

    async def close(self) -> None:
        """Writes what is queued, then stops."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        size = 0
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            if self._linger_s and size > 2 and not self._closing:
                # Under load a short wait lets more callers share the fsync; when idle nobody waits.
                await asyncio.sleep(self._linger_s)
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_MAX))]
            size = len(batch)
            await self._write(loop, batch)

    async def _write(
        self, loop: asyncio.AbstractEventLoop, batch: list[tuple[Work, asyncio.Future[Any]]]
    ) -> None:
        results = self._apply(batch)
        if results is None:
            # One of them is at fault: each gets a transaction of its own, so that only that one fails.
            for one in batch:
                await self._write_single(loop, one)
            return
        try:
            await loop.run_in_executor(self._thread, self._connection.commit)
        except sqlite3.Error as error:
            self._failed(error, batch)
            return
        self._kept(batch, results)

    async def _write_single(
        self, loop: asyncio.AbstractEventLoop, one: tuple[Work, asyncio.Future[Any]]
    ) -> None:
        try:
            self._begin()
            result = one[0](self._connection)
            self._unwind.finish(self._connection)
            await loop.run_in_executor(self._thread, self._connection.commit)
        except Exception as error:  # ends in the caller's future
            if isinstance(error, sqlite3.OperationalError) or tells_of_the_store(error):
                self._failed(error, [one])
                return
            self._rollback()
            if not one[1].done():
                one[1].set_exception(Unfit(str(error)) if isinstance(error, sqlite3.DataError) else error)
        else:
            self._kept([one], [result])

    def _begin(self) -> None:
        self._began_s = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        self._unwind.begin()

    def _apply(self, batch: list[tuple[Work, asyncio.Future[Any]]]) -> list[Any] | None:
        """Runs the batch in one open transaction; None when it had to be rolled back."""
        try:
            self._begin()
            connection = self._connection
            results = [work(connection) for work, _ in batch]
            self._unwind.finish(connection)
        except Exception:  # ends in _write_single, where each work answers for itself
            self._rollback()
            return None
        return results

    def _rollback(self) -> None:
        with suppress(sqlite3.Error):  # the next transaction cannot begin then, and says so
            if self._connection.in_transaction:
                self._connection.rollback()
        self._unwind.undo()

    def _failed(self, error: Exception, batch: list[tuple[Work, asyncio.Future[Any]]]) -> None:
        self._rollback()
        self.failure = str(error)
        self.failures += 1
        for _, future in batch:
            if not future.done():
                future.set_exception(StoreDown(f"the store takes no commits: {error}"))

    def _kept(self, batch: list[tuple[Work, asyncio.Future[Any]]], results: list[Any]) -> None:
        self._unwind.keep()
        self.failure = None
        self.commits += 1
        self.watch(time.perf_counter() - self._began_s, len(batch))
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
