"""What entries of the ledger made and speak of: rows and bytes, read for many entries at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.message.states import EntryKind

#: Entries that are looked at together: against a server each question is a round trip.
PAGE = 500
#: Larger bodies are read one by one, so that memory stays bounded.
_TOGETHER_MAX_BYTES = 65_536

_COLUMNS = {
    "capture": (
        "captures",
        "id, scope, system, document, their_id, version, order_by, content_type, payload, at_ms, late",
    ),
    "message": (
        "messages",
        "id, scope, capture, system, document, their_id, number, hub, root, key, version, tree",
    ),
    "transmission": (
        "transmissions",
        "id, scope, message, target, origin, document, number, hub, root, key, after",
    ),
}
_PAYLOAD = "SELECT id, salt, codec, size, data, crc FROM payloads WHERE"


def maker_of(entry: Sequence[Any]) -> tuple[str, int] | None:
    """What an entry made: "capture", "message" or "transmission", and its id; None when it made nothing."""
    kind, capture, message, transmission = entry[2], *entry[7:10]
    if kind == EntryKind.accepted.value:
        return "capture", capture
    if kind == EntryKind.translated.value and message is not None:
        return "message", message
    return ("transmission", transmission) if kind == EntryKind.due.value else None


class Made:
    """The rows and bytes behind a page of entries."""

    def __init__(self, read: Connection, entries: Sequence[Sequence[Any]]) -> None:
        self._read = read
        made = [one for entry in entries if (one := maker_of(entry)) is not None]
        self._rows = {
            (what, row[0]): row
            for what, (table, columns) in _COLUMNS.items()
            for row in self._among(
                f"SELECT {columns} FROM {table} WHERE", "id", [id_ for kind, id_ in made if kind == what]
            )
        }
        messages = [id_ for kind, id_ in made if kind == "message"]
        self._stones = {
            row[0]: (bytes(row[1]), bytes(row[2]))
            for row in self._among(
                "SELECT id, seal, rest FROM stones WHERE what = 'message' AND", "id", messages
            )
        }
        ids = [entry[16] for entry in entries if entry[16] is not None]
        small = self._among(f"{_PAYLOAD} size <= {_TOGETHER_MAX_BYTES} AND", "id", ids)
        self._payloads = {row[0]: row[1:] for row in small}

    def _among(self, query: str, column: str, ids: Sequence[int]) -> Iterable[Any]:
        dialect = self._read.dialect
        if not ids:
            return ()
        return self._read.execute(
            f"{query} {dialect.among.format(column)}", (dialect.listed(ids),)
        ).fetchall()

    def row(self, what: str, id_: int) -> tuple[Any, ...] | None:
        """The row that an entry made; None when it is gone."""
        return self._rows.get((what, id_))

    def stone(self, what: str, id_: int) -> tuple[bytes, bytes] | None:
        """The digest of a row as it was made, and as erasure left it; None where nothing of it was erased."""
        return self._stones.get(id_) if what == "message" else None

    def is_erased(self, payload: int) -> bool:
        """Whether an act in the ledger tells that bytes were erased."""
        query = "SELECT 1 FROM stones WHERE what = 'payload' AND id = ?"
        return self._read.execute(query, (payload,)).fetchone() is not None

    def payload(self, id_: int) -> tuple[Any, ...] | None:
        """Salt, codec, size, bytes and checksum of a payload; None when it is gone."""
        known = self._payloads.get(id_)
        if known is not None:
            return known
        row = self._read.execute(f"{_PAYLOAD} id = ?", (id_,)).fetchone()
        return None if row is None else row[1:]
