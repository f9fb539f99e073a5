"""A copy of a SQLite store, taken while a hub writes to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from crossdock.journal.sqlite.schema import connect

_PAGES = 2_000


def copy(source: Path, target: Path, progress: Callable[[int, int], None]) -> tuple[int, int]:
    """Copies one snapshot of the store; gives its schema number and the position of its last entry.

    The snapshot is held open for the whole copy, so that a busy writer neither waits nor makes it start
    over; what it writes meanwhile stays in the -wal file until the copy ends.
    """
    with closing(connect(source, read_only=True)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.execute("BEGIN")
        position = reading.execute("SELECT coalesce(max(position), 0) FROM ledger").fetchone()[0]
        schema = reading.execute("PRAGMA user_version").fetchone()[0]
        reading.backup(
            writing, pages=_PAGES, progress=lambda _status, remaining, all_: progress(all_ - remaining, all_)
        )
        # A store in one file: no -wal beside it that could be forgotten.
        writing.execute("PRAGMA journal_mode = DELETE")
    with target.open("rb+") as file:
        os.fsync(file.fileno())
    return int(schema), int(position)
