"""What systems last told of every object of one kind."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.rows import MESSAGE_COLUMNS, read_message
from crossdock.message.records import Message

_PAGE = 1_000


def last_words(connection: Connection, document: str) -> Iterator[Message]:
    """The newest message that a system told of each object, page by page."""
    after = 0
    while True:
        rows = connection.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id IN (SELECT max(b.message) FROM beliefs b"
            " JOIN hubs h ON h.id = b.hub WHERE h.document = ? AND b.how = 1 GROUP BY b.hub) AND id > ?"
            " ORDER BY id LIMIT ?",
            (document, after, _PAGE),
        ).fetchall()
        for row in rows:
            yield read_message(row)
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]
