"""The reading connections of a SQLite journal: one for small reads on the loop, one for larger ones beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from crossdock.journal.contract import Ahead
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.reads import Reads
from crossdock.journal.sqlite.schema import ReadingConnection, connect

T = TypeVar("T")


class SqliteReads(Reads):
    """Reads of a SQLite file, each of what is durable."""

    def __init__(self, path: Path) -> None:
        self._loop_connection = connect(path, read_only=True, kind=ReadingConnection)
        super().__init__(self._loop_connection)
        self._views = connect(path, read_only=True, kind=ReadingConnection)
        self._views_thread = ThreadPoolExecutor(1, thread_name_prefix="crossdock-views")

    def close_reads(self) -> None:
        """Closes the reading connections."""
        self._views_thread.shutdown()
        self._views.close()
        self._loop_connection.close()

    async def view(self, read: Callable[[Connection], T]) -> T:
        """Runs a larger read in one snapshot, off the event loop. Raises StoreDown."""
        return await asyncio.get_running_loop().run_in_executor(self._views_thread, self._in_snapshot, read)

    def _in_snapshot(self, read: Callable[[Connection], T]) -> T:
        self._views.execute("BEGIN")
        try:
            return read(self._views)
        finally:
            self._views.rollback()

    async def foresee(self, ahead: Callable[[], Ahead]) -> None:
        """Nothing to fetch: a read is a function call."""

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """One view of the store for many small reads, which each would take a lock of their own otherwise.

        Nothing may be awaited inside: what others commit meanwhile is not seen.
        """
        self._loop_connection.execute("BEGIN")
        try:
            yield
        finally:
            self._loop_connection.execute("COMMIT")
