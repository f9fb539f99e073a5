"""What went to and from trading partners, as people look for it: counted, awaited, listed, each bounded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.numbers import OVERDUE, REJECTED, STANDINGS, WAITING
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.receipts import has_been_sent
from crossdock.message.states import CaptureState, MessageState, TransmissionState

#: Documents that are counted one by one; beyond, there are "more than" so many.
COUNTED_MAX = 10_000
#: Clocks that one page looks at; some of them wait for what has been done already.
CLOCKS_MAX = 200
#: Entries of the ledger that are looked through for the documents of one interchange.
_BEHIND_MAX = 20_000
_NEVER = (1 << 62, 1 << 62)
#: What a receipt is read with, in the order of `Sent`.
RECEIPT = (
    "r.transmission, r.round, r.system, r.document, r.number, r.root, r.says, r.control, r.grp, r.sent_ms, r.due_ms,"
    " r.state, r.answered, r.position"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One document as a partner was sent it, and what the partner has said of it. Times: milliseconds since 1970.

    Of a clock, `control` is below 0: nothing was sent yet.
    """

    transmission: int
    round: int
    system: str
    document: str
    number: str
    root: int
    says: str
    control: int
    group: int
    sent_ms: int
    due_ms: int
    state: int  #: as journal/numbers.py names them
    answered: str | None
    position: int
    incident: int | None = None  #: the open one that tells of it
    owner: str = ""

    @property
    def is_clock(self) -> bool:
        """Whether it is a clock of ours, and not what a partner owes us."""
        return self.control < 0


@dataclass(frozen=True, slots=True)
class Received:
    """One document that a partner handed in. Times are milliseconds since 1970."""

    message: int
    capture: int
    document: str
    number: str
    state: MessageState
    control: str  #: of its interchange
    at_ms: int
    tree: bytes  #: packed, as it is stored
    incident: int | None


@dataclass(frozen=True, slots=True)
class Unread:
    """An interchange that is not yet translated, or could not be. Times are milliseconds since 1970."""

    capture: int
    state: CaptureState
    control: str
    at_ms: int
    incident: int | None


@dataclass(frozen=True, slots=True)
class Unsent:
    """A document that a partner shall get and has not been given."""

    transmission: int
    document: str
    number: str
    root: int
    state: TransmissionState
    first_ms: int
    incident: int | None


def counts(connection: Connection, scope: int, system: str, since_ms: int) -> Mapping[str, int]:
    """How many documents stand where, by the word for it: all that wait, of the others those sent since a time."""
    found: dict[str, int] = {}
    for state, word in STANDINGS.items():
        from_ms = 0 if state == WAITING else since_ms
        row = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM receipts r WHERE r.scope = ? AND r.system = ? AND r.state = ?"
            f" AND r.sent_ms >= ? AND r.control >= 0{_newest(state)} LIMIT {COUNTED_MAX + 1}) AS n",
            (scope, system, state, from_ms),
        ).fetchone()
        found[word] = int(row[0])
    return found


def _newest(state: int) -> str:
    """What was sent again counts as it stands now: its earlier rounds do not."""
    if state not in (OVERDUE, REJECTED):
        return ""
    return (
        " AND NOT EXISTS (SELECT 1 FROM receipts n WHERE n.transmission = r.transmission AND n.round > r.round"
        " AND n.control >= 0)"
    )


def awaited(
    connection: Connection, scope: int, systems: Collection[str], limit: int
) -> tuple[list[Sent], list[Sent]]:
    """What ran out and is somebody's, then what is awaited, the next one first; clocks that are met are left out."""
    return _late(connection, scope, systems, limit), _next(connection, scope, systems, limit)


def _late(connection: Connection, scope: int, systems: Collection[str], limit: int) -> list[Sent]:
    """What is overdue or refused, and has an incident that is open."""
    found: list[Sent] = []
    for state in (OVERDUE, REJECTED):
        for system in sorted(systems):
            rows = connection.execute(
                f"SELECT {RECEIPT} FROM receipts r WHERE r.scope = ? AND r.system = ? AND r.state = ?"
                " ORDER BY r.sent_ms DESC LIMIT ?",
                (scope, system, state, CLOCKS_MAX),
            ).fetchall()
            owned = [with_owner(connection, scope, row) for row in rows]
            found += [one for one in owned if one.incident is not None]
    return sorted(found, key=lambda one: one.due_ms)[:limit]


def _next(connection: Connection, scope: int, systems: Collection[str], limit: int) -> list[Sent]:
    among, listed = connection.dialect.among.format("r.system"), connection.dialect.listed(sorted(systems))
    rows = connection.execute(
        f"SELECT {RECEIPT} FROM receipts r WHERE r.scope = ? AND r.state = {WAITING} AND {among}"
        " ORDER BY r.due_ms LIMIT ?",
        (scope, listed, CLOCKS_MAX),
    ).fetchall()
    found: list[Sent] = []
    for one in (Sent(*row) for row in rows):
        if one.is_clock and has_been_sent(
            connection, one.system, one.document, root=-one.control, hub=-one.group
        ):
            continue
        found.append(one)
        if len(found) == limit:
            break
    return found


def with_owner(connection: Connection, scope: int, row: Sequence[Any]) -> Sent:
    """A receipt with the open incident that tells of it, found as the one that opened it named its cause."""
    one = Sent(*row)
    kind = {OVERDUE: "overdue", REJECTED: "rejected"}.get(one.state)
    if kind is None:
        return one
    cause = f"{kind}/{one.system}/receipt/{one.transmission}.{one.round}"
    found = connection.execute(
        "SELECT id, owner FROM incidents WHERE scope = ? AND cause = ? AND state = 1", (scope, cause)
    ).fetchone()
    return one if found is None else Sent(*row, *found)


def under_way(connection: Connection, target: str, document: str, root: int) -> TransmissionState | None:
    """Where the newest document of a kind stands on its way to a partner; None when there is none."""
    row = connection.execute(
        "SELECT t.state FROM ledger l JOIN transmissions t ON t.id = l.transmission"
        " WHERE l.root = ? AND t.target = ? AND t.document = ? ORDER BY l.position DESC LIMIT 1",
        (root, target, document),
    ).fetchone()
    return TransmissionState(row[0]) if row else None


def sent(
    connection: Connection,
    scope: int,
    system: str,
    states: Collection[int],
    before: tuple[int, int] | None,
    limit: int,
) -> list[Sent]:
    """What a partner was sent, newest first, from before a time and a transmission."""
    found: list[Sent] = []
    at_ms, transmission = before or _NEVER
    for state in states:
        rows = connection.execute(
            f"SELECT {RECEIPT} FROM receipts r WHERE r.scope = ? AND r.system = ? AND r.state = ?"
            f" AND r.sent_ms <= ? AND r.control >= 0 AND (r.sent_ms, r.transmission) < (?, ?){_newest(state)}"
            " ORDER BY r.sent_ms DESC, r.transmission DESC LIMIT ?",
            (scope, system, state, at_ms, at_ms, transmission, limit),
        ).fetchall()
        found += [with_owner(connection, scope, row) for row in rows]
    return sorted(found, key=lambda one: (one.sent_ms, one.transmission), reverse=True)[:limit]


def unsent(connection: Connection, target: str, limit: int) -> list[Unsent]:
    """What a partner shall get and does not have, the newest first."""
    by_target = connection.dialect.index.format("transmissions_open")
    rows = connection.execute(
        f"SELECT id, document, number, root, state, first_ms FROM transmissions{by_target}"
        f" WHERE {connection.dialect.open_work} AND target = ? ORDER BY id DESC LIMIT ?",
        (target, limit),
    ).fetchall()
    return [
        Unsent(
            id_,
            document,
            number,
            root,
            TransmissionState(state),
            first_ms,
            incident_of(connection, (3, 4), id_),
        )
        for id_, document, number, root, state, first_ms in rows
    ]


def received(connection: Connection, system: str, before: int | None, limit: int) -> list[Received]:
    """Documents that a partner handed in, acknowledgements among them, newest first, from below one number."""
    by_state = connection.dialect.index.format("messages_state")
    ids: list[int] = []
    for state in MessageState:
        where = (
            f"messages{by_state} WHERE state <> 1 AND state = {state.value}"
            if state is not MessageState.WAITING
            else "messages WHERE state = 1"
        )
        rows = connection.execute(
            f"SELECT id FROM {where} AND system = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (system, before or _NEVER[0], limit),
        )
        ids += [row[0] for row in rows]
    return [_received(connection, id_) for id_ in sorted(ids, reverse=True)[:limit]]


def made_of(connection: Connection, capture: int) -> list[Received]:
    """The documents that one interchange became, in their order; of very many the first.

    They are told of soon after the interchange itself: a page that shows it looks so far and no further.
    """
    row = connection.execute(
        "SELECT position FROM ledger WHERE capture = ? AND root IS NULL AND capture IS NOT NULL AND kind = 1",
        (capture,),
    ).fetchone()
    if row is None:
        return []
    rows = connection.execute(
        "SELECT message FROM ledger WHERE position > ? AND position <= ? AND kind = 3 AND capture = ?"
        " ORDER BY position LIMIT ?",
        (row[0], row[0] + _BEHIND_MAX, capture, CLOCKS_MAX),
    ).fetchall()
    return [_received(connection, id_) for (id_,) in rows if id_ is not None]


def _received(connection: Connection, id_: int) -> Received:
    capture, document, number, state, tree, control, at_ms = connection.execute(
        "SELECT m.capture, m.document, m.number, m.state, m.tree, c.their_id, c.at_ms FROM messages m"
        " JOIN captures c ON c.id = m.capture WHERE m.id = ?",
        (id_,),
    ).fetchone()
    at = MessageState(state)
    incident = incident_of(connection, (2,), id_) if at is MessageState.DESK else None
    return Received(id_, capture, document, number, at, control, at_ms, bytes(tree), incident)


def unread(connection: Connection, system: str, limit: int) -> list[Unread]:
    """Interchanges that wait to be read, or that nobody could read, the newest first."""
    by_state = connection.dialect.index.format("captures_state")
    rows = connection.execute(
        f"SELECT id, their_id, at_ms, state FROM captures{by_state} WHERE state <> 1 AND state = 3 AND system = ?"
        " ORDER BY id DESC LIMIT ?",
        (system, limit),
    ).fetchall()
    rows += connection.execute(
        "SELECT id, their_id, at_ms, state FROM captures WHERE state = 1 AND system = ? ORDER BY id DESC LIMIT ?",
        (system, limit),
    ).fetchall()
    return [
        Unread(id_, CaptureState(state), control, at_ms, incident_of(connection, (1,), id_))
        for id_, control, at_ms, state in sorted(rows, reverse=True)[:limit]
    ]


def incident_of(connection: Connection, kinds: Sequence[int], id_: int) -> int | None:
    """The open incident that holds a thing of one of some kinds."""
    among = ", ".join(map(str, kinds))
    row = connection.execute(
        "SELECT i.id FROM members m JOIN incidents i ON i.id = m.incident"
        f" WHERE m.kind IN ({among}) AND m.id = ? AND i.state = 1 LIMIT 1",
        (id_,),
    ).fetchone()
    return row[0] if row else None


def carried(connection: Connection, message: int) -> tuple[int, int, TransmissionState] | None:
    """(transmission, round, state) of the first sending of a message, as an acknowledgement of ours has one."""
    row = connection.execute(
        "SELECT id, round, state FROM transmissions WHERE message = ? ORDER BY id LIMIT 1", (message,)
    ).fetchone()
    return (row[0], row[1], TransmissionState(row[2])) if row else None
