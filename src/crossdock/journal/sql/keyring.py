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
    """Stores a key; it holds from the moment this returns. Makes the store if there is none."""
    row = (key.digest, key.name, key.role, key.system, _SCOPE, key.at_ms, key.revoked_ms)
    with storage.writing() as connection:
        connection.execute(
            "INSERT INTO keys (digest, name, role, system, scope, at_ms, revoked_ms, mark)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            marked("insert_key", row),
        )


def revoke_key(storage: Storage, key: StoredKey, at_ms: int) -> bool:
    """Ends a key at a time, which may lie ahead; False when it was to end before that anyway."""
    row = (key.digest, key.name, key.role, key.system, _SCOPE, key.at_ms, at_ms)
    mark = marked("insert_key", row)[-1]
    with storage.writing() as connection:
        ended = connection.execute(
            "UPDATE keys SET revoked_ms = ?, mark = ? WHERE digest = ? AND (revoked_ms IS NULL OR revoked_ms > ?)",
            (at_ms, mark, key.digest, at_ms),
        )
        return ended.rowcount == 1


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
