"""Capture, message and transmission as the journal keeps them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from crossdock.message.states import CaptureState, EntryKind, MessageState, TransmissionState


@dataclass(slots=True)
class Capture:
    """Bytes as they came, with where from and when. `at_ms` is milliseconds since 1970."""

    id: int
    system: str
    document: str
    their_id: str
    version: int
    order_by: str | None
    content_type: str
    payload: int
    at_ms: int
    late: bool = False  #: a newer version was accepted before
    state: CaptureState = CaptureState.WAITING
    body: bytes | None = None  #: loaded when needed
    parsed: Any = None  #: the tree the door decoded, while it is at hand
    partition: int = 0  #: whose owner decides it


@dataclass(slots=True)
class Message:
    """One business document in our words."""

    id: int
    capture: int
    system: str
    document: str
    their_id: str
    number: str
    hub: int
    root: int  #: hub id of the object whose story this belongs to (the order of a shipment)
    key: str
    version: int
    tree: dict[str, Any]
    state: MessageState = MessageState.WAITING
    waits_for: str | None = None  #: "document/number" of the missing predecessor
    until_ms: int | None = None
    partition: int = 0  #: whose owner decides it: the home of its root
    heavy: bool = False  #: too large to wait in memory; it is read back from the store


@dataclass(slots=True)
class Transmission:
    """One message on its way to one system."""

    id: int
    message: int
    target: str
    origin: str  #: the system that the message came from
    document: str
    number: str
    hub: int
    root: int
    key: str
    round: int = 1
    attempt: int = 0
    state: TransmissionState = TransmissionState.DUE
    due_ms: int = 0
    first_ms: int = 0  #: when it was first tried; the retry clock runs from here
    after: int | None = None  #: transmission that must be done first
    payload: int | None = None  #: the exact body of this round
    request: str | None = None  #: method, path and non-secret headers of this round, JSON
    partition: int = 0  #: whose owner sends it: the home of its root

    @property
    def idempotency_key(self) -> str:
        """The key of this round: `<transmission>.<round>`, or that of the delivery which it repeats."""
        return repeated_key(self.request) or f"t{self.id}.{self.round}"


def repeated_key(request: str | None) -> str | None:
    """The key that a stored request goes under again, where it repeats a delivery; it stands behind the headers."""
    return json.loads(request)[3] if request is not None and request.endswith('"]') else None


@dataclass(slots=True)
class Entry:
    """One line of the ledger, before it has its position and link."""

    kind: EntryKind
    system: str = ""
    origin: str = ""
    capture: int | None = None
    message: int | None = None
    transmission: int | None = None
    attempt: int | None = None
    root: int | None = None
    state: int | None = None  #: the state that the thing moved to
    says: str = ""
    reads: str | None = None  #: JSON list of {what, version}
    payload: int | None = None
    digest: bytes | None = None  #: of the payload, salted
    detail: str | None = None  #: JSON; for incidents and acts the row as it is now
    incident: int | None = None  #: the incident that it opens or acts on
    mark: bytes | None = None  #: of the changing columns of the thing that it moved, as it left them
    seal: tuple[Any, ...] = ()  #: the row that this entry makes; part of the link, not of the row
    partition: int = 0
