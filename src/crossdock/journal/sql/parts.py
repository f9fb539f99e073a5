"""The parts of one story: its captures, its messages, what was sent of them, and the incidents they are in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.message.incident import MemberKind
from crossdock.message.states import CaptureState, MessageState, TransmissionState

#: Messages of one story that are looked at, the newest first.
_PARTS_MAX = 500
_MESSAGES = (
    "SELECT id, capture, system, document, number, hub, tree, state, waits_for, until_ms FROM messages"
)
#: Incidents of receipts that were refused or did not come: nothing is held in them, their cause names the receipt.
_OF_RECEIPTS = (
    "SELECT i.id, i.owner, i.says FROM receipts r JOIN incidents i ON i.scope = r.scope AND i.state = 1"
    " AND i.cause = (CASE r.state WHEN 4 THEN 'rejected/' ELSE 'overdue/' END) || r.system || '/receipt/'"
    " || r.transmission || '.' || r.round WHERE r.transmission = ? AND r.state IN (4, 5)"
)
_OWED = (
    "SELECT system, says, due_ms FROM receipts WHERE transmission = ? AND state = 1 AND control >= 0"
    " ORDER BY round DESC LIMIT 1"
)
_SENDS = "SELECT id, message, target, document, number, state, first_ms, due_ms FROM transmissions"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a story."""

    id: int
    capture: int
    system: str
    document: str
    number: str
    hub: int
    tree: bytes
    state: MessageState
    waits_for: str | None
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Send:
    """One message on its way to one system; `since_ms` is when it was first sent or made."""

    id: int
    message: int
    target: str
    document: str
    number: str
    state: TransmissionState
    since_ms: int
    due_ms: int


@dataclass(frozen=True, slots=True)
class Blocking:
    """An open incident: whose turn it is, and what happened."""

    id: int
    owner: str
    says: str


@dataclass(frozen=True, slots=True)
class Owed:
    """An acknowledgement that a partner owes for something it has, and by when (milliseconds since 1970)."""

    system: str
    says: str
    due_ms: int


@dataclass(frozen=True, slots=True)
class Parts:
    """All that is looked at."""

    captures: dict[int, CaptureState]
    senders: dict[int, str]  #: of the captures
    messages: list[Message]
    sends: list[Send]

    def only(self, messages: Collection[int]) -> Parts:
        """What belongs to some of the messages."""
        kept = [m for m in self.messages if m.id in messages]
        of = {m.capture for m in kept}
        return Parts(
            {id_: state for id_, state in self.captures.items() if id_ in of},
            self.senders,
            kept,
            [t for t in self.sends if t.message in messages],
        )


def parts_of(connection: Connection, root: int | None, captures: Iterable[int]) -> Parts:
    """The parts of the story at a root, or of captures that have no object yet."""
    messages: list[Message] = []
    sends: list[Send] = []
    for id_ in _message_ids(connection, root):
        messages += map(_message, connection.execute(f"{_MESSAGES} WHERE id = ?", (id_,)))
        sends += map(_send, connection.execute(f"{_SENDS} WHERE message = ?", (id_,)))
    states: dict[int, CaptureState] = {}
    senders: dict[int, str] = {}
    for id_ in sorted({*captures, *(m.capture for m in messages)}):
        for state, system in connection.execute("SELECT state, system FROM captures WHERE id = ?", (id_,)):
            states[id_], senders[id_] = CaptureState(state), system
    return Parts(states, senders, messages, sends)


def _message(row: tuple[Any, ...]) -> Message:
    return Message(*row[:7], state=MessageState(row[7]), waits_for=row[8], until_ms=row[9])


def _send(row: tuple[Any, ...]) -> Send:
    return Send(*row[:5], state=TransmissionState(row[5]), since_ms=row[6] or row[7], due_ms=row[7])


def _message_ids(connection: Connection, root: int | None) -> list[int]:
    if root is None:
        return []
    rows = connection.execute(
        "SELECT DISTINCT message FROM ledger WHERE root = ? AND message IS NOT NULL ORDER BY message DESC LIMIT ?",
        (root, _PARTS_MAX),
    )
    return sorted(row[0] for row in rows)


def open_incidents(connection: Connection, parts: Parts) -> tuple[set[int], list[Blocking]]:
    """Every incident that something is or was a member of, and those that are open, the oldest first."""
    members = [
        *((MemberKind.CAPTURE, id_) for id_ in parts.captures),
        *((MemberKind.MESSAGE, m.id) for m in parts.messages),
        *((MemberKind.TRANSMISSION, t.id) for t in parts.sends),
        *((MemberKind.FOLLOWER, t.id) for t in parts.sends),
    ]
    every: set[int] = set()
    open_: dict[int, Blocking] = {}
    for kind, id_ in members:
        for incident, state, owner, says in connection.execute(
            "SELECT i.id, i.state, i.owner, i.says FROM members m JOIN incidents i ON i.id = m.incident"
            " WHERE m.kind = ? AND m.id = ?",
            (kind.value, id_),
        ):
            every.add(incident)
            if state == 1:
                open_[incident] = Blocking(incident, owner, says)
    for id_ in (*(t.id for t in parts.sends), *(m.id for m in parts.messages)):
        for incident, owner, says in connection.execute(_OF_RECEIPTS, (id_,)):
            every.add(incident)
            open_[incident] = Blocking(incident, owner, says)
    return every, [open_[incident] for incident in sorted(open_)]


def owed(connection: Connection, parts: Parts) -> list[Owed]:
    """The acknowledgements that are awaited in their time; one that is late is an incident."""
    done = (t.id for t in parts.sends if t.state is TransmissionState.DONE)
    return [Owed(*row) for id_ in done for row in connection.execute(_OWED, (id_,))]
