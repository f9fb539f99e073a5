"""What one commit writes: rows, moves and ledger entries, gathered as data and written together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import zstandard

from crossdock.journal.chain import crc, digest
from crossdock.journal.marks import (
    CITING,
    MARKED,
    TOLD,
    marked,
    message_mark,
    transmission_mark,
)
from crossdock.journal.numbers import Late, Numbering, Owing
from crossdock.message.incident import Incident, IncidentState, MemberKind
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
#: A move that no entry has told yet: what moved ("capture", "message", "transmission"), its id, its state, its mark.
Told = tuple[str, int, int, bytes | None]

_tree_encoder = msgspec.json.Encoder(decimal_format="number")
_tree_decoder: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
#: The fastest level: half the time of level 1 in the middle of other work, a quarter more bytes.
_compress = zstandard.ZstdCompressor(level=-1).compress
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


def storable(text: str) -> str:
    """A text without the one sign that not every store can keep."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}") if "\x00" in text else text


def packed_tree(tree: dict[str, Any]) -> bytes:
    """A canonical document as it is stored: compressed JSON with all digits of its numbers."""
    return _compress(_tree_encoder.encode(tree))


def unpacked_tree(data: bytes) -> dict[str, Any]:
    """A canonical document as it was stored."""
    return _tree_decoder.decode(_decompress(data))


class Changes:
    """One atomic set of writes. Moves are checked against the tables of message/states.py."""

    __slots__ = ("_loose", "_next_id", "_salt", "_told", "causes", "ends", "entries", "late", "rows", "scope")

    def __init__(self, scope: int, next_id: Callable[[], int], salt: Callable[[], bytes]) -> None:
        self.scope = scope
        self._next_id = next_id
        self._salt = salt
        self.rows: list[Row] = []
        #: Entries with the rows that need the entry's position as their last value.
        self.entries: list[tuple[Entry, Sequence[Row]]] = []
        self.causes: list[str] = []  #: of incidents that these changes open or join
        self.ends: list[int] = []  #: incidents that they end or give to somebody else
        self.late: list[Late] = []  #: bodies that get numbers in the commit
        self._loose: list[Row] = []
        self._told: list[Told] = []

    def row(self, statement: str, *values: Any, touches: int | None = None) -> None:
        """Adds one statement; one that cites an entry goes with the last one of these changes."""
        if statement in CITING:
            self._loose.append((statement, values, touches))
            if statement == "resolve_empty_incident":
                self.ends.append(values[2])
        elif statement in MARKED:
            self.rows.append((statement, marked(statement, values), touches))
        else:
            self.rows.append((statement, values, touches))

    def entry(self, entry: Entry, *rows: Row) -> None:
        """Adds one ledger entry; `rows` get its position appended."""
        self.entries.append((entry, rows))

    def payload(self, body: bytes) -> tuple[int, bytes]:
        """Stores bytes; gives the payload's id and the salted digest for the entry that tells of them."""
        id_, salt = self._next_id(), self._salt()
        codec, data = packed(body)
        self.rows.append(("insert_payload", (id_, salt, codec, len(body), data, crc(data)), None))
        return id_, digest(salt, body)

    def numbered(
        self,
        body: bytes,
        numbers: Sequence[Numbering],
        entry: Entry,
        told: Callable[[bytes], None],
        *,
        owed: tuple[Owing, Transmission, int] | None = None,
    ) -> int:
        """Stores bytes that get their control numbers in the commit; gives the payload's id.

        `entry` tells of them, `told` hears them as they are; `owed` is a receipt, for what, and since when (ms).
        """
        late = Late(self._next_id(), self._salt(), body, numbers, entry, told, packed)
        if owed is not None:
            late.owed, late.transmission, late.at_ms = owed
        self.late.append(late)
        return late.id

    def seal(self) -> None:
        """Ties every loose row and every untold move to an entry, so that the ledger vouches for it.

        Called by the journal before it writes; the second call finds nothing to do.
        """
        for entry, _ in self.entries:
            entry.says = storable(entry.says)
        if self._told:
            untold = self._untold()
            self._told = []
            if untold:
                self._tell(untold)
        if self._loose:
            assert self.entries, f"no entry tells of {self._loose}"
            entry, rows = self.entries[-1]
            self.entries[-1] = (entry, (*rows, *self._loose))
            self._loose = []

    def _untold(self) -> list[Told]:
        """The moves that no entry of these changes speaks of; the others' marks go to their entries."""
        open_ = {(id_, state): (what, id_, state, mark_) for what, id_, state, mark_ in self._told}
        for entry, _ in reversed(self.entries):
            if not open_:
                break
            # Numbers are never given twice, whatever they are given to.
            subject = entry.transmission or entry.message or entry.capture
            if subject is not None and entry.state is not None:
                told = open_.pop((subject, entry.state), None)
                if told is not None:
                    entry.mark = told[3]
            if entry.kind is EntryKind.translated and entry.capture is not None:
                open_.pop((entry.capture, _TRANSLATED), None)
        return list(open_.values())

    def _tell(self, untold: Sequence[Told]) -> None:
        """The last entry tells of what no other entry does; if there is none, one is made."""
        if not self.entries:
            self.entries.append((Entry(EntryKind.decided, says="moved"), ()))
        entry, rows = self.entries[-1]
        detail = _tree_decoder.decode(entry.detail) if entry.detail else {}
        detail["moves"] = [[what, id_, state] for what, id_, state, _ in untold]
        entry.detail = _tree_encoder.encode(detail).decode()
        told: list[Row] = [(TOLD, (mark_,), None) for *_, mark_ in untold if mark_ is not None]
        self.entries[-1] = (entry, (*rows, *told))

    # -- captures ------------------------------------------------------------

    def move_capture(self, capture: Capture, to: CaptureState) -> None:
        """Moves a capture; the caller adds the entry that tells why."""
        assert to in CAPTURE_MOVES[capture.state], (capture.state, to)
        self.rows.append(("move_capture", (to.value, capture.id, capture.state.value), 1))
        self._told.append(("capture", capture.id, to.value, None))
        capture.state = to

    # -- messages ------------------------------------------------------------

    def add_message(self, m: Message, entry: Entry) -> None:
        """Writes a new message with the entry that tells of it."""
        m.number = storable(m.number)
        tree = packed_tree(m.tree)
        fixed = (
            m.id,
            self.scope,
            m.capture,
            m.system,
            m.document,
            m.their_id,
            m.number,
            m.hub,
            m.root,
            m.key,
            m.version,
        )
        self.rows.append(
            ("insert_message", (*fixed, tree, m.state.value, m.waits_for, m.until_ms, m.partition), None)
        )
        entry.seal = (*fixed, tree)
        entry.state = m.state.value
        entry.mark = message_mark(m.id, m.waits_for, m.until_ms)
        self.entries.append((entry, ()))

    def move_message(
        self, m: Message, to: MessageState, *, waits_for: str | None = None, until_ms: int | None = None
    ) -> None:
        """Moves a message; the caller adds the entry that tells why."""
        assert to in MESSAGE_MOVES[m.state], (m.state, to)
        self.rows.append(("move_message", (to.value, waits_for, until_ms, m.id, m.state.value), 1))
        self._told.append(("message", m.id, to.value, message_mark(m.id, waits_for, until_ms)))
        m.state, m.waits_for, m.until_ms = to, waits_for, until_ms

    def hand_over(self, m: Message) -> None:
        """Leaves a message to whoever works on its partition; the caller adds the entry that tells why."""
        to = MessageState.WAITING
        assert to in MESSAGE_MOVES[m.state], (m.state, to)
        self.rows.append(("hand_over", (to.value, m.partition, m.id, m.state.value), 1))
        self._told.append(("message", m.id, to.value, None))
        m.state, m.waits_for, m.until_ms = to, None, None

    # -- transmissions -------------------------------------------------------

    def add_transmission(self, t: Transmission, entry: Entry) -> None:
        """Writes a new transmission with its `due` entry."""
        fixed = (
            t.id,
            self.scope,
            t.message,
            t.target,
            t.origin,
            t.document,
            t.number,
            t.hub,
            t.root,
            t.key,
            t.after,
        )
        moving = (t.state.value, t.round, t.attempt, t.due_ms, t.first_ms, t.payload, t.request, t.partition)
        self.rows.append(("insert_transmission", fixed + moving, None))
        entry.seal = fixed
        entry.state = t.state.value
        entry.mark = transmission_mark(t)
        self.entries.append((entry, ()))

    def move_transmission(
        self, t: Transmission, to: TransmissionState, entry: Entry | None, *rows: Row
    ) -> None:
        """Moves a transmission with all that may change on it, and its entry (None: told by another entry)."""
        assert to in TRANSMISSION_MOVES[t.state], (t.id, t.state, to)
        values = (
            to.value,
            t.round,
            t.attempt,
            t.due_ms,
            t.first_ms,
            t.payload,
            t.request,
            t.id,
            t.state.value,
        )
        self.rows.append(("move_transmission", values, 1))
        t.state = to
        if entry is not None:
            entry.state = to.value
            entry.mark = transmission_mark(t)
            self.entries.append((entry, rows))
        else:
            self._told.append(("transmission", t.id, to.value, transmission_mark(t)))

    # -- what is known -------------------------------------------------------

    def identity(self, system: str, document: str, their_id: str, hub: int, *, first: bool = False) -> Row:
        """The row that says: this id at that system is this object; `first`: nobody may have said it before."""
        values = (self.scope, system, document, their_id, hub)
        return ("upsert_identity", values, 1 if first else None)

    def hub(self, m: Message, *, shared: bool) -> Row:
        """The row that makes an object known; `shared`: by a number that others may tell at this moment, too."""
        values = (m.hub, m.root, m.document, m.number, m.system, m.key, m.partition)
        return ("introduce_shared", values, 1) if shared else ("upsert_hub", values, None)

    def belief(
        self,
        hub: int,
        system: str,
        *,
        how: int,
        version: int,
        message: int,
        transmission: int | None,
        at_ms: int,
    ) -> Row:
        """The row that says what a system last told (1), acknowledged (2) or was observed to have (3)."""
        return ("upsert_belief", (hub, system, how, version, message, transmission, at_ms), None)

    # -- incidents -----------------------------------------------------------

    def open_incident(self, incident: Incident, entry: Entry, *rows: Row) -> None:
        """Opens an incident, or adds its members to the open one of the same cause."""
        i = incident
        i.number, i.path, i.says, i.fix = (
            storable(i.number),
            storable(i.path),
            storable(i.says),
            storable(i.fix),
        )
        i.value, i.cause = None if i.value is None else storable(i.value), storable(i.cause)
        entry.kind = EntryKind.incident
        entry.incident = i.id
        entry.detail = json.dumps({"type": i.type, "cause": i.cause, "path": i.path})
        values = (
            i.id, self.scope, i.type, i.cause, i.severity, i.owner, i.opened_ms, i.due_ms, i.system, i.document,
            i.number, i.path, i.value, i.says, i.fix, i.state.value,
        )  # fmt: skip
        members: list[Row] = [
            ("insert_member_by_cause", (kind.value, id_, self.scope, i.cause), None)
            for kind, id_ in i.members
        ]
        self.causes.append(i.cause)
        self.entries.append((entry, (("insert_incident", values, None), *members, *rows)))

    def add_follower(self, cause: str, transmission: int) -> None:
        """Notes that a transmission is held behind the member of the open incident of this cause."""
        cause = storable(cause)
        self.causes.append(cause)
        self.row("insert_member_by_cause", MemberKind.FOLLOWER.value, transmission, self.scope, cause)

    def assign_incident(self, incident: Incident, owner: str, entry: Entry) -> None:
        """Gives an open incident to somebody else. Touching none means that it is no longer open."""
        incident.owner = owner
        entry.incident = incident.id
        self.ends.append(incident.id)
        self.entries.append((entry, (("assign_incident", (incident.id, owner), 1),)))

    def escalate_incident(self, incident: Incident, owner: str, entry: Entry) -> None:
        """Gives an open incident to the next one, unless it has another owner by now."""
        former, incident.owner = incident.owner, owner
        entry.incident = incident.id
        self.ends.append(incident.id)
        self.entries.append((entry, (("escalate_incident", (incident.id, owner, former), 1),)))

    def resolve_incident(self, incident: Incident, reason: str, closed_ms: int, entry: Entry) -> None:
        """Ends an open incident. Touching none means that it is no longer open, or that a member still is."""
        incident.state, incident.reason = IncidentState.RESOLVED, reason
        entry.incident = incident.id
        self.ends.append(incident.id)
        self.entries.append(
            (entry, (("resolve_incident", (incident.id, incident.owner, reason, closed_ms), 1),))
        )


_TRANSLATED = CaptureState.TRANSLATED.value
