"""The keys in a SQLite store, read and written beside a hub that may be running."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crossdock.journal.changes import marked
from crossdock.journal.sqlite.schema import STATEMENTS, connect, migrate

_SCOPE = 1


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What a store keeps of one key; times in milliseconds since 1970."""

    digest: bytes
    name: str
    role: str
    system: str | None
    at_ms: int
    revoked_ms: int | None


def add_key(path: Path, key: StoredKey) -> None:
    """Stores a key; it holds from the moment this returns. Makes the store if there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    row = (key.digest, key.name, key.role, key.system, _SCOPE, key.at_ms, key.revoked_ms)
    with closing(_opened(path)) as connection:
        connection.execute(STATEMENTS["insert_key"], marked("insert_key", row))


def revoke_key(path: Path, key: StoredKey, at_ms: int) -> bool:
    """Ends a key; False when it had ended before."""
    row = (key.digest, key.name, key.role, key.system, _SCOPE, key.at_ms, at_ms)
    mark = marked("insert_key", row)[-1]
    with closing(_opened(path)) as connection:
        return connection.execute(STATEMENTS["revoke_key"], (at_ms, mark, key.digest)).rowcount == 1


def forget_key(path: Path, digest: bytes) -> None:
    """Takes a key out that was made for one command only."""
    with closing(_opened(path)) as connection:
        connection.execute("DELETE FROM keys WHERE digest = ?", (digest,))


def stored_keys(path: Path) -> Sequence[StoredKey]:
    """Every key that was ever made, oldest first; none when there is no store yet."""
    if not path.exists():
        return []
    with closing(connect(path, read_only=True)) as connection:
        rows = connection.execute(
            "SELECT digest, name, role, system, at_ms, revoked_ms FROM keys ORDER BY at_ms, digest"
        ).fetchall()
    return [StoredKey(*row) for row in rows]


def _opened(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    migrate(connection)
    return connection
