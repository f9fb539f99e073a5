"""The states of capture, message and transmission, and the moves each may make."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING


class Numbered(Enum):
    """Members that a store keeps by their numbers."""

    if not TYPE_CHECKING:
        # The language's own way to a value is a call in Python, and an order takes it two dozen times.
        value = property(attrgetter("_value_"))
    #: So is the way to a hash, and each member is there once.
    __hash__ = object.__hash__


class CaptureState(Numbered):
    """Where a capture stands. The number is what the store keeps; never re-used."""

    WAITING = 1  #: committed, not yet translated
    TRANSLATED = 2  #: became messages
    DESK = 3  #: could not be translated; an open incident has it
    CLOSED = 4  #: ended by a person, with a reason


class MessageState(Numbered):
    """Where a message stands."""

    WAITING = 1  #: lacks a predecessor; woken by its arrival or its clock
    ROUTED = 2  #: checked, and every reader has its transmission
    SUPERSEDED = 3  #: a newer version was already known
    REFUSED = 4  #: the charter said no and that was the end of it
    DESK = 5  #: failed a check; an open incident has it
    CLOSED = 6  #: ended by a person, or by a cancellation before it was released, with a reason


class TransmissionState(Numbered):
    """Where a transmission stands."""

    DUE = 1  #: to be sent when its lane comes to it
    HELD = 2  #: behind one that waits for a person
    SENDING = 3  #: the exact bytes are on disk and may be on the wire
    RETRYING = 4  #: the target was not ready; goes again at its time
    IN_DOUBT = 5  #: left, and nobody knows yet whether it was applied
    DONE = 6  #: the target has it
    SUPERSEDED = 7  #: a newer state went instead
    DESK = 8  #: waits for a person; an open incident has it
    CLOSED = 9  #: ended by a person, or by a cancellation before it was sent, with a reason


class EntryKind(Numbered):
    """What a ledger entry tells. The name is what the trace shows."""

    accepted = 1  #: bytes are committed
    repeated = 2  #: the same arrival came again
    translated = 3  #: one message was made
    decided = 4  #: checked and routed, or not, and why
    due = 5  #: a transmission was made
    sent = 6  #: a request is about to leave, its bytes stored
    answered = 7  #: the target answered
    doubted = 8  #: no trustworthy answer
    settled = 9  #: a doubt was ended
    superseded = 10  #: a newer one took its place
    incident = 11  #: something was put on the desk
    act = 12  #: a person did something


_C, _M, _T = CaptureState, MessageState, TransmissionState

CAPTURE_MOVES: Mapping[CaptureState, frozenset[CaptureState]] = {
    _C.WAITING: frozenset({_C.TRANSLATED, _C.DESK}),
    _C.DESK: frozenset({_C.WAITING, _C.CLOSED}),
    _C.TRANSLATED: frozenset(),
    _C.CLOSED: frozenset(),
}

MESSAGE_MOVES: Mapping[MessageState, frozenset[MessageState]] = {
    # WAITING to WAITING: sent back from the desk, and its predecessor is still missing.
    _M.WAITING: frozenset({_M.WAITING, _M.ROUTED, _M.DESK, _M.SUPERSEDED, _M.REFUSED, _M.CLOSED}),
    _M.DESK: frozenset({_M.WAITING, _M.ROUTED, _M.SUPERSEDED, _M.REFUSED, _M.CLOSED}),
    _M.ROUTED: frozenset(),
    _M.SUPERSEDED: frozenset(),
    _M.REFUSED: frozenset(),
    _M.CLOSED: frozenset(),
}

TRANSMISSION_MOVES: Mapping[TransmissionState, frozenset[TransmissionState]] = {
    # DUE, HELD, RETRYING or DESK to IN_DOUBT: the store was restored from a backup, and it may have been sent since.
    _T.DUE: frozenset({_T.SENDING, _T.IN_DOUBT, _T.HELD, _T.SUPERSEDED, _T.DESK, _T.CLOSED}),
    _T.HELD: frozenset({_T.DUE, _T.IN_DOUBT, _T.SUPERSEDED, _T.CLOSED}),
    # SENDING to DUE or HELD: stored ahead of its turn in the lane, and never put on the wire.
    _T.SENDING: frozenset({_T.DONE, _T.RETRYING, _T.IN_DOUBT, _T.DESK, _T.DUE, _T.HELD, _T.SUPERSEDED}),
    _T.RETRYING: frozenset({_T.SENDING, _T.IN_DOUBT, _T.HELD, _T.DESK, _T.SUPERSEDED, _T.CLOSED}),
    _T.IN_DOUBT: frozenset({_T.RETRYING, _T.SENDING, _T.HELD, _T.DONE, _T.DESK, _T.SUPERSEDED, _T.CLOSED}),
    _T.DESK: frozenset({_T.DUE, _T.IN_DOUBT, _T.DONE, _T.CLOSED, _T.SUPERSEDED}),
    _T.DONE: frozenset(),
    _T.SUPERSEDED: frozenset(),
    _T.CLOSED: frozenset(),
}
