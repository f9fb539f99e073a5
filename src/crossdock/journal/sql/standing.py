"""Where a business object stands: one word for how far it is, and the sentences for what it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from crossdock.faults import Fault
from crossdock.journal.changes import unpacked_tree
from crossdock.journal.sql.awaited import Closed, Release, awaited, open_
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.parts import Message, Parts, Send, open_incidents, owed, parts_of
from crossdock.message.states import CaptureState, MessageState, TransmissionState
from crossdock.model import register
from crossdock.model.document import Document
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import PickStatus, WarehouseOrder, WarehouseOrderCancel
from crossdock.model.headline import OrderState, after, told_by

_C, _M, _T = CaptureState, MessageState, TransmissionState
_UTC = ZoneInfo("UTC")
_ON_THE_WAY = {_T.DUE, _T.SENDING, _T.RETRYING, _T.IN_DOUBT, _T.HELD}
#: What ends a release.
_ENDED = frozenset({OrderState.SHIPPED, OrderState.CANCELLED})
#: Kinds of document of which the floor tells how far they are.
_ON_THE_FLOOR = frozenset({"sales_order", "warehouse_order"})
#: Kinds of document that tell how far an order is.
_TELLING = frozenset({*_ON_THE_FLOOR, "pick_status", "shipment"})

#: What the headline of a story may say of any object, beside the states of an order.
WORDS = {
    "received": "it is here and safe; nothing more was told of it",
    "waiting": "it waits for a document that must come before it, or for its day",
    "on_the_desk": "it cannot go on until a person acts",
    "on_its_way": "a system that is to have it does not have it yet",
    "passed_on": "every system that is to have it has it",
    "superseded": "a newer version took its place",
    "refused": "the charter does not let its sender change that",
    "closed": "a person ended it, with a reason",
}


@dataclass(slots=True)
class Standing:
    """One object's standing, and the parts of its story."""

    state: str
    waits_for: str | None = None
    captures: set[int] = field(default_factory=set[int])
    incidents: set[int] = field(default_factory=set[int])


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that is asked for: its kind, its number, and its row; None while nobody knew it."""

    document: str
    number: str
    hub: int | None


def standing(
    connection: Connection,
    root: int | None,
    captures: Iterable[int],
    subject: Subject,
    closed: Closed = open_,
) -> Standing:
    """The standing of one object of a story; the root speaks of all that hangs on it, a child of itself."""
    whole = parts_of(connection, root, captures)
    read = {m.id: _read(m) for m in whole.messages}
    if subject.hub is not None and subject.hub != root:
        own = {m.id for m in whole.messages if _concerns(m, read[m.id], subject)}
        scoped = whole.only(own)
    else:
        scoped = whole
    documents = [(m, read[m.id]) for m in scoped.messages]
    state, releases = _progress(documents, scoped.sends, subject)
    every, _ = open_incidents(connection, whole)
    _, blocking = open_incidents(connection, scoped)
    return Standing(
        _word(scoped, subject, state),
        awaited(scoped, blocking, releases, owed(connection, scoped), closed),
        set(whole.captures),
        every,
    )


def _read(message: Message) -> Document | None:
    """The document of a message; None for one of an older model.

    Its units were checked against the items of its day, and are not checked again here.
    """
    try:
        tree = unpacked_tree(message.tree)
        return register.read(message.document, tree, zone=_UTC, declares=lambda _sku, _unit: True)
    except Fault:
        return None


def _concerns(message: Message, read: Document | None, subject: Subject) -> bool:
    """Whether a message of the story speaks of a child of it."""
    if message.hub == subject.hub:
        return True
    return subject.document == "warehouse_order" and _release_of(read) == subject.number


def _release_of(read: Document | None) -> str | None:
    match read:
        case WarehouseOrder() | WarehouseOrderCancel():
            return read.number
        case PickStatus() | Shipment():
            return read.warehouse_order
        case _:
            return None


# -- words -----------------------------------------------------------------------


def _word(parts: Parts, subject: Subject, told: OrderState | None) -> str:
    captures = set(parts.captures.values())
    own = [m for m in parts.messages if subject.hub is None or m.hub == subject.hub]
    ids = {m.id for m in own}
    sends = {t.state for t in parts.sends if t.message in ids}
    if captures and captures == {_C.CLOSED}:
        return "closed"
    if subject.document in _ON_THE_FLOOR and told is not None and told is not OrderState.PLACED:
        started = told is not OrderState.RELEASED or _T.DONE in sends
        return told.value if started or not sends & {_T.DESK} else "on_the_desk"
    if not own:
        return "on_the_desk" if _C.DESK in captures else "received"
    if any(m.state is _M.DESK for m in own) or _T.DESK in sends:
        return "on_the_desk"
    if sends & _ON_THE_WAY:
        return "on_its_way"
    last = own[-1].state
    if last is _M.ROUTED:
        return "passed_on" if sends else "received"
    return last.name.lower()


def _progress(
    documents: Iterable[tuple[Message, Document | None]], sends: Iterable[Send], subject: Subject
) -> tuple[OrderState | None, list[Release]]:
    """How far an order is, from all that was told of it, and its releases that have not left."""
    state: OrderState | None = None
    releases: dict[str, Release] = {}
    sends, documents = list(sends), list(documents)
    direct = not any(isinstance(read, WarehouseOrder) for _, read in documents)
    for message, read in documents:
        if message.document not in _TELLING or message.state is not _M.ROUTED or read is None:
            continue
        told = told_by(read)
        if told is None:
            continue
        state = _after(state, told)
        _tell(releases, message, read, told, sends, direct=direct)
    open_ = [one for one in releases.values() if one.state not in _ENDED]
    if state is OrderState.SHIPPED and open_:
        state = OrderState.PART_SHIPPED  # a back-order was released after all of the first release had left
    taken = any(t.document in _ON_THE_FLOOR and t.state is _T.DONE for t in sends)
    if taken and state in {None, OrderState.PLACED} and subject.document in _ON_THE_FLOOR:
        state = OrderState.RELEASED
    return state, open_


def _after(state: OrderState | None, told: OrderState) -> OrderState | None:
    try:
        return after(state, told)
    except Fault:
        return state  # what cannot be true tells nothing here


def _tell(
    releases: dict[str, Release],
    message: Message,
    read: Document,
    told: OrderState,
    sends: Iterable[Send],
    *,
    direct: bool,
) -> None:
    """What one document tells of a release; `direct` where the order itself went to the warehouse."""
    number = _release_of(read)
    if number is None:
        return
    known = releases.get(number)
    if isinstance(read, WarehouseOrder):
        takers = [t.target for t in sends if t.message == message.id and t.state is _T.DONE]
        if takers and known is None:
            waits = read.backorder_of is not None
            releases[number] = Release(message.document, number, takers[0], OrderState.RELEASED, waits)
    elif known is not None:
        known.state = _after(known.state, told) or known.state
        known.warehouse, known.short = message.system, _short(read)
    elif direct:
        releases[number] = Release(SalesOrder.kind, number, message.system, told, _short(read))


def _short(read: Document) -> bool:
    return isinstance(read, PickStatus) and any(line.short for line in read.lines)
