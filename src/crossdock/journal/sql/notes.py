"""What an audit notes down on its way: a private database in a temporary file, so that memory stays bounded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

#: Things whose last move is kept in memory before it is noted.
_FRESH_MAX = 20_000

#: State, mark and position of the last entry that moved a thing.
Stand = tuple[int, bytes | None, int]


class Notes:
    """The last word of the ledger on each thing, and the keys that arrivals came with."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -16000;"
            "CREATE TABLE stand (id INTEGER PRIMARY KEY, state INTEGER, mark BLOB, position INTEGER);"
            "CREATE TABLE arrival (capture INTEGER PRIMARY KEY, scope, system, key);"
        )
        self._fresh: dict[int, Stand] = {}
        self.arrivals_used = 0

    def moved(self, id_: int, state: int, mark: bytes | None, position: int) -> None:
        """An entry moved a thing, or says again where it stands (the move then stays)."""
        before = self._fresh.get(id_)
        if before is None and len(self._fresh) >= _FRESH_MAX:
            self.flush()
        if mark is not None or before is None or before[0] != state:
            self._fresh[id_] = (state, mark, position)

    def flush(self) -> None:
        """Writes down what is in memory."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO stand (id, state, mark, position) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " mark = excluded.mark, state = excluded.state, position = excluded.position"
            " WHERE state <> excluded.state OR excluded.mark IS NOT NULL",
            ((id_, *stand) for id_, stand in self._fresh.items()),
        )
        self._db.execute("COMMIT")
        self._fresh.clear()

    def stand(self, id_: int) -> Stand | None:
        """Where the ledger left a thing; asked after the last flush."""
        return self._db.execute("SELECT state, mark, position FROM stand WHERE id = ?", (id_,)).fetchone()

    def arrivals(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Notes (capture, scope, system, key) of every arrival."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO arrival VALUES (?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def arrival(self, capture: int) -> tuple[Any, Any, Any] | None:
        """(scope, system, key) that a capture came with."""
        row = self._db.execute(
            "SELECT scope, system, key FROM arrival WHERE capture = ?", (capture,)
        ).fetchone()
        self.arrivals_used += row is not None
        return row

    def close(self) -> None:
        """Drops everything that was noted."""
        self._db.close()
