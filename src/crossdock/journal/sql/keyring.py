"""The keys in a store, read and written beside a hub that may be running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.journal.marks import marked
from crossdock.journal.sql.connection import Connection, Storage

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


def add_key(storage: Storage, key: StoredKey) -> None:
    """Stores a key as it shall stand; it holds from the moment this returns. Makes the store if there is none."""
    row = (key.digest, key.name, key.role, key.system, _SCOPE, key.at_ms, key.revoked_ms)
    with storage.writing() as connection:
        connection.execute(
            "INSERT INTO keys (digest, name, role, system, scope, at_ms, revoked_ms, mark)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (digest) DO UPDATE SET revoked_ms = excluded.revoked_ms, mark = excluded.mark",
            marked("insert_key", row),
        )


def forget_key(storage: Storage, digest: bytes) -> None:
    """Takes a key out that was made for one command only."""
    with storage.writing() as connection:
        connection.execute("DELETE FROM keys WHERE digest = ?", (digest,))


def stored_keys(storage: Storage) -> Sequence[StoredKey]:
    """Every key that was ever made, oldest first; none when there is no store yet."""
    if not storage.exists():
        return []
    with storage.snapshot() as connection:
        return keys_of(connection)


def keys_of(connection: Connection) -> Sequence[StoredKey]:
    """Every key that was ever made, oldest first."""
    rows = connection.execute(
        "SELECT digest, name, role, system, at_ms, revoked_ms FROM keys ORDER BY at_ms, digest"
    ).fetchall()
    return [StoredKey(*row) for row in rows]
