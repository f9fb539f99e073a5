"""Where a business object stands: one word for how far it is, and one sentence for what it waits for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.faults import Fault
from crossdock.journal.changes import unpacked_tree
from crossdock.message.incident import MemberKind
from crossdock.message.names import INCIDENT, name_of
from crossdock.message.states import CaptureState, MessageState, TransmissionState
from crossdock.model import register
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import PickStatus, WarehouseOrder
from crossdock.model.lifecycle import OrderState, after, told_by

_C, _M, _T = CaptureState, MessageState, TransmissionState
_UTC = ZoneInfo("UTC")
#: Messages and transmissions of one story that are looked at, the newest first.
_PARTS_MAX = 500
_ON_THE_WAY = {_T.DUE, _T.SENDING, _T.RETRYING}
#: What ends a release.
_ENDED = frozenset({OrderState.SHIPPED, OrderState.CANCELLED})
#: Kinds of document that tell how far an order is.
_TELLING = frozenset({"sales_order", "warehouse_order", "pick_status", "shipment"})


@dataclass(slots=True)
class Standing:
    """One object's standing, and the parts of its story."""

    state: str
    waits_for: str | None = None
    captures: set[int] = field(default_factory=set[int])
    incidents: set[int] = field(default_factory=set[int])


@dataclass(slots=True)
class _Parts:
    captures: dict[int, CaptureState]
    messages: list[tuple[int, int, str, bytes, MessageState, str | None]]
    transmissions: list[tuple[int, str, str, TransmissionState]]


def standing(
    connection: sqlite3.Connection, root: int | None, captures: Iterable[int], document: str
) -> Standing:
    """The standing of the object at the root of a story, or of captures that have no object yet."""
    parts = _parts(connection, root, captures)
    members = [
        *((MemberKind.CAPTURE, id_) for id_ in parts.captures),
        *((MemberKind.MESSAGE, m[0]) for m in parts.messages),
        *((MemberKind.TRANSMISSION, t[0]) for t in parts.transmissions),
        *((MemberKind.FOLLOWER, t[0]) for t in parts.transmissions),
    ]
    incidents, blocking = _incidents(connection, members)
    return Standing(
        _word(parts, document),
        _waits_for(parts, blocking),
        set(parts.captures),
        incidents,
    )


def _parts(connection: sqlite3.Connection, root: int | None, captures: Iterable[int]) -> _Parts:
    messages: list[tuple[int, int, str, bytes, MessageState, str | None]] = []
    transmissions: list[tuple[int, str, str, TransmissionState]] = []
    wanted = set(captures)
    if root is not None:
        ids = {
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT message FROM ledger WHERE root = ? AND message IS NOT NULL"
                " ORDER BY message DESC LIMIT ?",
                (root, _PARTS_MAX),
            )
        }
        for id_ in sorted(ids):
            for *head, state, waits_for in connection.execute(
                "SELECT id, capture, document, tree, state, waits_for FROM messages WHERE id = ?", (id_,)
            ):
                messages.append((*head, MessageState(state), waits_for))  # type: ignore[arg-type]  # columns as selected
                wanted.add(head[1])
            for t, target, document, state in connection.execute(
                "SELECT id, target, document, state FROM transmissions WHERE message = ?", (id_,)
            ):
                transmissions.append((t, target, document, TransmissionState(state)))
    states: dict[int, CaptureState] = {}
    for id_ in sorted(wanted):
        for (state,) in connection.execute("SELECT state FROM captures WHERE id = ?", (id_,)):
            states[id_] = CaptureState(state)
    return _Parts(states, messages, transmissions)


def _incidents(
    connection: sqlite3.Connection, members: Iterable[tuple[MemberKind, int]]
) -> tuple[set[int], tuple[Any, ...] | None]:
    """Every incident that something is or was a member of, and the oldest that is open."""
    every: set[int] = set()
    open_: dict[int, tuple[Any, ...]] = {}
    for kind, id_ in members:
        for row in connection.execute(
            "SELECT i.id, i.state, i.owner, i.says, i.type FROM members m JOIN incidents i ON i.id = m.incident"
            " WHERE m.kind = ? AND m.id = ?",
            (kind.value, id_),
        ):
            every.add(row[0])
            if row[1] == 1 and row[4] != "duplicate_conflict":
                open_[row[0]] = row
    return every, open_[min(open_)] if open_ else None


# -- words -----------------------------------------------------------------------


def _word(parts: _Parts, document: str) -> str:
    if parts.captures and all(state is _C.CLOSED for state in parts.captures.values()):
        return "closed"
    if not parts.messages:
        return "received"
    if document in _TELLING:
        told = _order_state(parts)
        if told is not None:
            return told.value
    states = {state for *_, state in parts.transmissions}
    if states & _ON_THE_WAY or _T.IN_DOUBT in states:
        return "on its way"
    if _T.DONE in states:
        return "delivered"
    return parts.messages[-1][4].name.lower()


def _order_state(parts: _Parts) -> OrderState | None:
    """How far an order is, from all that was told of it; a target that took the order has it released."""
    state: OrderState | None = None
    open_: set[str] = set()  # releases that nothing ended yet
    for _, _, document, tree, where, _ in parts.messages:
        if document not in _TELLING or where is not _M.ROUTED:
            continue
        try:
            read = register.read(document, unpacked_tree(tree), zone=_UTC)
            told = told_by(read)
            state = state if told is None else after(state, told)
        except Fault:
            continue  # an older model's document, or what cannot be true: it tells nothing here
        if isinstance(read, WarehouseOrder):
            open_.add(read.number)
        elif isinstance(read, PickStatus | Shipment) and told in _ENDED and read.warehouse_order is not None:
            open_.discard(read.warehouse_order)
    if state is OrderState.SHIPPED and open_:
        return OrderState.PART_SHIPPED  # a back-order was released after all of the first release had left
    released = any(d == "sales_order" and s is _T.DONE for _, _, d, s in parts.transmissions)
    return OrderState.RELEASED if released and state in {None, OrderState.PLACED} else state


def _waits_for(parts: _Parts, blocking: tuple[Any, ...] | None) -> str | None:
    if blocking is not None:
        id_, _, owner, says, _ = blocking
        return f"{owner}: {says} ({name_of(INCIDENT, id_)})"
    for *_, state, waits_for in parts.messages:
        if state is _M.WAITING:
            return (waits_for or "the hub").replace("/", " ")
    for _, target, document, state in parts.transmissions:
        if state is _T.IN_DOUBT:
            return f"word from {target} whether it has the {document}"
        if state in _ON_THE_WAY:
            return f"{target} to take the {document}"
        if state is _T.HELD:
            return f"an earlier document for {target}"
    if any(state is _C.WAITING for state in parts.captures.values()):
        return "the hub to translate it"
    return None
