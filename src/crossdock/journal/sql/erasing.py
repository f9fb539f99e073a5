"""What a store holds of a person or beyond its time, and the changes that take it out: a stone stands where it was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from crossdock.journal.chain import crc, sealed
from crossdock.journal.changes import ERASED, Row, packed_tree, unpacked, unpacked_tree
from crossdock.journal.marks import marks_of
from crossdock.journal.sql.connection import Connection
from crossdock.message.names import BYTES
from crossdock.model.personal import erased

_PAGE = 500
_SEALED = "id, scope, capture, system, document, their_id, number, hub, root, key, version, tree"
_MARK_BYTES = 8
_GONE = "erased"
_MESSAGE_OPEN, _TRANSMISSION_OPEN = (1, 5), (1, 2, 3, 4, 5, 8)


@dataclass(slots=True)
class Found:
    """What is to be taken out, by number; bounded by whoever gathers it."""

    payloads: set[int] = field(default_factory=set[int])
    messages: set[int] = field(default_factory=set[int])
    incidents: set[int] = field(default_factory=set[int])
    overrides: set[int] = field(default_factory=set[int])

    @property
    def count(self) -> int:
        """How many things."""
        return len(self.payloads) + len(self.messages) + len(self.incidents) + len(self.overrides)


def rows_of(connection: Connection, found: Found, why: str, now_ms: int) -> tuple[list[Row], list[Row]]:
    """The changes that take it out, and the stones that an entry of the ledger vouches for."""
    changes: list[Row] = []
    stones: list[Row] = []

    def stone(what: str, id_: int, seal: bytes | None = None, rest: bytes | None = None) -> None:
        stones.append(("insert_stone", (what, id_, seal, rest, why, now_ms), None))

    for row in _among(connection, "SELECT id FROM payloads WHERE codec <> 2 AND", found.payloads):
        changes.append(("erase_payload", (ERASED, 0, b"", crc(b""), row[0]), None))
        stone("payload", row[0])
    known = {
        row[0]
        for row in _among(connection, "SELECT id FROM stones WHERE what = 'message' AND", found.messages)
    }
    for row in _among(connection, f"SELECT {_SEALED} FROM messages WHERE", found.messages - known):
        before = (*row[:-1], bytes(row[-1]))
        tree = packed_tree(erased(row[4], unpacked_tree(before[-1])))
        changes.append(("erase_tree", (tree, row[0]), None))
        stone("message", row[0], sealed(before), sealed((*row[:-1], tree)))
    _values(connection, found, changes, stone)
    return changes, stones


def _values(connection: Connection, found: Found, changes: list[Row], stone: Any) -> None:
    """Values that stand in incidents, and those that people put in place of others."""
    incidents = (
        "SELECT id, scope, type, cause, severity, owner, opened_ms, due_ms, system, document, number, path, value,"
        " says, fix, state FROM incidents WHERE value IS NOT NULL AND value <> 'erased' AND"
    )
    for row in _among(connection, incidents, found.incidents):
        changes.append(("erase_incident", (_GONE, row[0]), None))
        rest = (*row[:12], _GONE, *row[13:])
        stone(
            "incident",
            row[0],
            *(marks_of("insert_incident", tuple(one))[:_MARK_BYTES] for one in (row, rest)),
        )
    overrides = (
        "SELECT id, scope, system, document, their_id, path, value, until_ms FROM overrides"
        " WHERE value <> '\"erased\"' AND"
    )
    for row in _among(connection, overrides, found.overrides):
        value = f'"{_GONE}"'
        changes.append(("erase_override", (value, row[0]), None))
        rest = (*row[:6], value, row[7])
        stone("override", row[0], marks_of("insert_override", tuple(row)), marks_of("insert_override", rest))


def _among(connection: Connection, query: str, ids: Iterable[int]) -> list[tuple[Any, ...]]:
    wanted = sorted(ids)
    if not wanted:
        return []
    dialect = connection.dialect
    return connection.execute(f"{query} {dialect.among.format('id')}", (dialect.listed(wanted),)).fetchall()


# -- what belongs to somebody ------------------------------------------------------


def page(connection: Connection, after: int) -> list[tuple[Any, ...]]:
    """(id, root, document, number, packed tree) of the next documents of ours."""
    query = "SELECT id, root, document, number, tree FROM messages WHERE id > ? ORDER BY id LIMIT ?"
    return connection.execute(query, (after, _PAGE)).fetchall()


def _told(connection: Connection, root: int, column: str) -> set[int]:
    """Numbers of one column of all entries of a story."""
    query = f"SELECT DISTINCT {column} FROM ledger WHERE root = ? AND {column} IS NOT NULL"
    return {row[0] for row in connection.execute(query, (root,))}


def story(connection: Connection, root: int) -> tuple[list[dict[str, Any]], bool]:
    """The documents of one story, and whether all of it has ended."""
    messages = "SELECT document, number, system, tree FROM messages WHERE"
    rows = _among(connection, messages, _told(connection, root, "message"))
    documents = [
        {"document": document, "number": number, "from": system, "content": unpacked_tree(bytes(tree))}
        for document, number, system, tree in rows
    ]
    return documents, is_ended(connection, root)


def is_ended(connection: Connection, root: int) -> bool:
    """Whether nothing of one story is under way or on the desk."""
    messages, sendings = _told(connection, root, "message"), _told(connection, root, "transmission")
    still = _among(connection, f"SELECT 1 FROM messages WHERE state IN {_MESSAGE_OPEN} AND", messages)
    return not still and not _among(
        connection, f"SELECT 1 FROM transmissions WHERE state IN {_TRANSMISSION_OPEN} AND", sendings
    )


def bytes_of(connection: Connection, root: int) -> list[str]:
    """Where the bytes of one story are read."""
    query = "SELECT l.position FROM ledger l JOIN payloads p ON p.id = l.payload WHERE l.root = ? AND p.codec <> 2"
    return [f"/v1/bytes/{BYTES}{row[0]}" for row in connection.execute(query, (root,))]


def of_story(connection: Connection, root: int) -> Found:
    """All that can be taken out of one story."""
    messages, sendings = _told(connection, root, "message"), _told(connection, root, "transmission")
    captures = {row[0] for row in _among(connection, "SELECT capture FROM messages WHERE", messages)}

    def held(kind: int, ids: set[int]) -> set[int]:
        query = f"SELECT incident FROM members WHERE kind = {kind} AND"
        return {row[0] for row in _among(connection, query, ids)}

    overrides: set[int] = set()
    names = "SELECT system, document, their_id FROM messages WHERE"
    for system, document, their_id in _among(connection, names, messages):
        query = "SELECT id FROM overrides WHERE scope = 1 AND system = ? AND document = ? AND their_id = ?"
        overrides |= {row[0] for row in connection.execute(query, (system, document, their_id))}
    return Found(
        payloads=_told(connection, root, "payload")
        | {row[0] for row in _among(connection, "SELECT payload FROM captures WHERE", captures)},
        messages=messages,
        incidents=held(1, captures) | held(2, messages) | held(3, sendings) | held(4, sendings),
        overrides=overrides,
    )


def raw(connection: Connection, value: str) -> dict[int, bool]:
    """Bytes that never became a document of ours and hold a text: payload -> whether it has ended."""
    found: dict[int, bool] = {}
    for payload, codec, data, state in _bodies(connection):
        if value.encode() in unpacked(codec, bytes(data)):
            found[payload] = state != 3
    return found


def _bodies(connection: Connection) -> Iterator[tuple[int, int, bytes, int]]:
    yield from connection.scan(
        "SELECT p.id, p.codec, p.data, c.state FROM captures c JOIN payloads p ON p.id = c.payload"
        " WHERE c.state IN (3, 4) AND p.codec <> 2"
    )
    yield from connection.scan(
        "SELECT p.id, p.codec, p.data, 4 FROM door d JOIN payloads p ON p.id = d.payload WHERE p.codec <> 2"
    )


# -- what is beyond its time -------------------------------------------------------


def refused_before(connection: Connection, before_ms: int, limit: int) -> Found:
    """Bodies of requests that were refused at the door before a time."""
    query = (
        "SELECT d.payload FROM door d JOIN payloads p ON p.id = d.payload WHERE d.at_ms < ? AND p.codec <> 2"
        " ORDER BY d.id LIMIT ?"
    )
    return Found(payloads={row[0] for row in connection.execute(query, (before_ms, limit))})


def captures_under_way(connection: Connection, before_ms: int) -> frozenset[int]:
    """Captures before a time of which some document waits, lies on the desk or is being sent: it may be read anew."""
    ways = [f"state = {state}" for state in _MESSAGE_OPEN]
    ways.append(f"id IN (SELECT message FROM transmissions WHERE {connection.dialect.open_work})")
    every = " UNION ".join(f"SELECT capture FROM messages WHERE {way}" for way in ways)
    query = f"SELECT u.capture FROM ({every}) AS u JOIN captures c ON c.id = u.capture WHERE c.at_ms < ?"
    return frozenset(row[0] for row in connection.execute(query, (before_ms,)))


def ended_before(
    connection: Connection,
    before_ms: int,
    after: int,
    limit: int,
    *,
    bytes_too: bool,
    documents_too: bool,
    under_way: Collection[int],
) -> tuple[Found, int]:
    """What the next entries before a time tell of and has ended; and the position to go on behind (0: at the end).

    `under_way` are captures whose documents have not ended. What has not stays, and is looked at again next time.
    """
    rows = connection.execute(
        "SELECT l.position, l.at_ms, l.root, l.message, l.payload, l.capture, c.state FROM ledger l"
        " LEFT JOIN captures c ON c.id = l.capture WHERE l.position > ? ORDER BY l.position LIMIT ?",
        (after, limit),
    ).fetchall()
    found, ended = Found(), dict[int, bool]()
    for _, at_ms, root, message, payload, capture, state in rows:
        if at_ms >= before_ms:
            return found, 0
        if state in (1, 3) or (message is None and payload is None):
            continue
        if root is None and capture in under_way:
            continue
        if root is not None and root not in ended:
            ended[root] = is_ended(connection, root)
        if root is not None and not ended[root]:
            continue
        if bytes_too and payload is not None:
            found.payloads.add(payload)
        if documents_too and message is not None:
            found.messages.add(message)
    return found, rows[-1][0] if len(rows) == limit else 0
