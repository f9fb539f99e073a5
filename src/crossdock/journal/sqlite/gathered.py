"""The rows of an open transaction that nobody reads before its end, written statement by statement."""

from __future__ import annotations

import sqlite3
from typing import Any

from crossdock.journal.changes import Row
from crossdock.journal.contract import Overtaken
from crossdock.journal.sqlite.schema import STATEMENTS

Rows = list[tuple[Any, ...]]

#: In the order in which they are written: what is moved was made before.
_NAMES = (
    "insert_payload", "insert_capture", "insert_message", "introduce_shared", "upsert_hub", "insert_transmission",
    "insert_ledger", "move_capture", "move_message", "move_transmission", "upsert_identity", "upsert_belief",
)  # fmt: skip


class Gathered:
    """Rows by their statement: one call for all rows of a statement costs half of a call for each.

    Rows of one statement keep their order. Whoever reads, or writes otherwise, has these written before.
    """

    def __init__(self) -> None:
        self._rows: dict[str, Rows] = {name: [] for name in _NAMES}
        #: Those that must touch as many rows as there are.
        self._sure: dict[str, Rows] = {name: [] for name in _NAMES}
        self.ledger = self._rows["insert_ledger"]

    def add(self, row: Row) -> bool:
        """Keeps a row for later; False for one that must be written by itself."""
        statement, values, touches = row
        rows = (self._rows if touches is None else self._sure).get(statement)
        if rows is None or touches not in (None, 1):
            return False
        rows.append(values)
        return True

    def clear(self) -> None:
        """Forgets everything: the transaction is gone."""
        for name in _NAMES:
            self._rows[name].clear()
            self._sure[name].clear()

    def write(self, connection: sqlite3.Connection) -> None:
        """Writes everything. Raises Overtaken when a move found something else than it was made for."""
        for name in _NAMES:
            rows, sure = self._rows[name], self._sure[name]
            if sure:
                touched = connection.executemany(STATEMENTS[name], sure).rowcount
                if touched != len(sure):
                    raise Overtaken(f"{name}{sure[0][:4]} and so on touched {touched} rows, not {len(sure)}")
                sure.clear()
            if rows:
                connection.executemany(STATEMENTS[name], rows)
                rows.clear()
