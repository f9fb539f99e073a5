"""What one commit writes: rows, moves and ledger entries, gathered as data and written together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import zstandard

from crossdock.journal.chain import digest
from crossdock.message.incident import Incident, MemberKind
from crossdock.message.records import Capture, Entry, Message, Transmission
from crossdock.message.states import (
    CAPTURE_MOVES,
    MESSAGE_MOVES,
    TRANSMISSION_MOVES,
    CaptureState,
    EntryKind,
    MessageState,
    TransmissionState,
)

#: One statement: its name in statements.sql, its values, and the number of rows it must touch (None: any).
Row = tuple[str, tuple[Any, ...], int | None]

_tree_encoder = msgspec.json.Encoder(decimal_format="number")
_tree_decoder: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_compress = zstandard.ZstdCompressor(level=1).compress
_decompress = zstandard.ZstdDecompressor().decompress
#: Smaller bodies are not worth the call.
_COMPRESS_FROM_BYTES = 200
RAW, ZSTD = 0, 1


def packed(body: bytes) -> tuple[int, bytes]:
    """A codec number and the bytes as they are stored."""
    if len(body) < _COMPRESS_FROM_BYTES:
        return RAW, body
    return ZSTD, _compress(body)


def unpacked(codec: int, data: bytes) -> bytes:
    """The bytes as they came."""
    return _decompress(data) if codec == ZSTD else data


def packed_tree(tree: dict[str, Any]) -> bytes:
    """A canonical document as it is stored: compressed JSON with all digits of its numbers."""
    return _compress(_tree_encoder.encode(tree))


def unpacked_tree(data: bytes) -> dict[str, Any]:
    """A canonical document as it was stored."""
    return _tree_decoder.decode(_decompress(data))


class Changes:
    """One atomic set of writes. Moves are checked against the tables of message/states.py."""

    __slots__ = ("_next_id", "_salt", "entries", "rows", "scope")

    def __init__(self, scope: int, next_id: Callable[[], int], salt: Callable[[], bytes]) -> None:
        self.scope = scope
        self._next_id = next_id
        self._salt = salt
        self.rows: list[Row] = []
        #: Entries with the rows that need the entry's position as their last value.
        self.entries: list[tuple[Entry, Sequence[Row]]] = []

    def row(self, statement: str, *values: Any, touches: int | None = None) -> None:
        """Adds one statement."""
        self.rows.append((statement, values, touches))

    def entry(self, entry: Entry, *rows: Row) -> None:
        """Adds one ledger entry; `rows` get its position appended."""
        self.entries.append((entry, rows))

    def payload(self, body: bytes) -> tuple[int, bytes]:
        """Stores bytes; gives the payload's id and the salted digest for the entry that tells of them."""
        id_, salt = self._next_id(), self._salt()
        codec, data = packed(body)
        self.rows.append(("insert_payload", (id_, salt, codec, len(body), data), None))
        return id_, digest(salt, body)

    # -- captures ------------------------------------------------------------

    def move_capture(self, capture: Capture, to: CaptureState) -> None:
        """Moves a capture; the caller adds the entry that tells why."""
        assert to in CAPTURE_MOVES[capture.state], (capture.state, to)
        self.rows.append(("move_capture", (to.value, capture.id, capture.state.value), 1))
        capture.state = to

    # -- messages ------------------------------------------------------------

    def add_message(self, m: Message, entry: Entry) -> None:
        """Writes a new message with the entry that tells of it."""
        tree = packed_tree(m.tree)
        fixed = (m.id, self.scope, m.capture, m.system, m.document, m.their_id, m.number, m.hub, m.root, m.key, m.version)
        self.rows.append(("insert_message", (*fixed, tree, m.state.value, m.waits_for, m.until_ms), None))
        entry.seal = (*fixed, tree)
        entry.state = m.state.value
        self.entries.append((entry, ()))

    def move_message(
        self, m: Message, to: MessageState, *, waits_for: str | None = None, until_ms: int | None = None
    ) -> None:
        """Moves a message; the caller adds the entry that tells why."""
        assert to in MESSAGE_MOVES[m.state], (m.state, to)
        self.rows.append(("move_message", (to.value, waits_for, until_ms, m.id, m.state.value), 1))
        m.state, m.waits_for, m.until_ms = to, waits_for, until_ms

    # -- transmissions -------------------------------------------------------

    def add_transmission(self, t: Transmission, entry: Entry) -> None:
        """Writes a new transmission with its `due` entry."""
        fixed = (t.id, self.scope, t.message, t.target, t.origin, t.document, t.number, t.hub, t.root, t.key, t.after)
        moving = (t.state.value, t.round, t.attempt, t.due_ms, t.first_ms, t.payload, t.request)
        self.rows.append(("insert_transmission", fixed + moving, None))
        entry.seal = fixed
        entry.state = t.state.value
        self.entries.append((entry, ()))

    def move_transmission(self, t: Transmission, to: TransmissionState, entry: Entry | None, *rows: Row) -> None:
        """Moves a transmission with all that may change on it, and its entry (None: told by another entry)."""
        assert to in TRANSMISSION_MOVES[t.state], (t.id, t.state, to)
        values = (to.value, t.round, t.attempt, t.due_ms, t.first_ms, t.payload, t.request, t.id, t.state.value)
        self.rows.append(("move_transmission", values, 1))
        t.state = to
        if entry is not None:
            entry.state = to.value
            self.entries.append((entry, rows))

    # -- what is known -------------------------------------------------------

    def identity(self, system: str, document: str, their_id: str, hub: int) -> Row:
        """The row that says: this id at that system is this object."""
        return ("upsert_identity", (self.scope, system, document, their_id, hub), None)

    def belief(
        self, hub: int, system: str, *, how: int, version: int, message: int, transmission: int | None, at_ms: int
    ) -> Row:
        """The row that says what a system last told (1), acknowledged (2) or was observed to have (3)."""
        return ("upsert_belief", (hub, system, how, version, message, transmission, at_ms), None)

    # -- incidents -----------------------------------------------------------

    def open_incident(self, incident: Incident, entry: Entry, *rows: Row) -> None:
        """Opens an incident, or adds its members to the open one of the same cause."""
        i = incident
        entry.kind = EntryKind.incident
        entry.detail = json.dumps({"incident": i.id, "type": i.type, "cause": i.cause, "path": i.path})
        values = (
            i.id, self.scope, i.type, i.cause, i.severity, i.owner, i.opened_ms, i.due_ms, i.system, i.document,
            i.number, i.path, i.value, i.says, i.fix, i.state.value,
        )  # fmt: skip
        self.entries.append((entry, (("insert_incident", values, None), *rows)))
        for kind, id_ in i.members:
            self.rows.append(("insert_member_by_cause", (kind.value, id_, self.scope, i.cause), None))

    def add_follower(self, cause: str, transmission: int) -> None:
        """Notes that a transmission is held behind the member of the open incident of this cause."""
        values = (MemberKind.FOLLOWER.value, transmission, self.scope, cause)
        self.rows.append(("insert_member_by_cause", values, None))
