"""What every journal does, whatever store it stands on."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from crossdock.journal.changes import Changes
from crossdock.message.records import Capture, Message, Transmission


class Verdict(Enum):
    """What an arrival is, next to what is already known."""

    NEW = "new"  #: a document not seen before, or its next revision
    LATE = "late"  #: an older version than one already accepted
    REPEAT = "repeat"  #: the same again: same answer, no effect
    CONFLICT = "conflict"  #: other content under a key or number that is taken


@dataclass(slots=True)
class Arrival:
    """One request at the door, or one thing that a poll found."""

    system: str
    document: str
    their_id: str
    version: int | None  #: None: the hub numbers revisions
    order_by: str | None
    idempotency_key: str | None
    content_type: str
    body: bytes
    parsed: Any
    at_ms: int
    revise: bool  #: other content of the same number is a revision, not a conflict
    same: Callable[[bytes, bytes], bool]  #: whether two bodies say the same


@dataclass(slots=True)
class Known:
    """What the store has under one key: a capture and its version."""

    capture: int
    version: int


@dataclass(slots=True)
class Accepted:
    """The answer to an arrival, true once it is returned."""

    verdict: Verdict
    capture: int
    record: Capture | None = None  #: for NEW and LATE
    incident: int | None = None  #: for CONFLICT


class Dedup(Protocol):
    """Says what an arrival is. Pure but for the comparison of contents."""

    def judge(
        self,
        arrival: Arrival,
        *,
        by_key: Known | None,
        same_version: Known | None,
        latest: Known | None,
        same_as: Callable[[int], bool],
    ) -> tuple[Verdict, int, int]:
        """Verdict, the version it gets, and the capture it repeats or collides with (0: none)."""
        ...


class StoreDown(Exception):
    """The store takes no commits now: disk full, locked or gone. Nothing of the call was written."""


class Overtaken(Exception):
    """A row is no longer as the change found it: somebody else moved it first. Nothing was written."""


class Journal(Protocol):
    """The ledger, the queue and what is known, in one store."""

    scope: int

    def next_id(self) -> int:
        """A number never given before, for a capture, message, transmission, payload, hub id or incident."""
        ...

    def changes(self) -> Changes:
        """An empty set of changes for this journal's scope."""
        ...

    def submit(self, changes: Changes) -> Future[None]:
        """Queues one atomic set of changes; the future is done when they are durable. Raises StoreDown there."""
        ...

    def accept(self, arrival: Arrival) -> Future[Accepted]:
        """Decides and stores one arrival; the future is done when that is durable."""
        ...

    # reads: what is committed

    def captures_waiting(self, after: int, limit: int) -> Sequence[Capture]:
        """Captures to translate, in arrival order, with their bodies."""
        ...

    def identity(self, system: str, document: str, their_id: str) -> tuple[int, int, str] | None:
        """(hub id, root hub id, ordering key) of an object by one system's id."""
        ...

    def their_id(self, hub: int, system: str) -> str | None:
        """The id that a system gave to an object."""
        ...

    def open_transmissions(
        self, target: str, states: Iterable[int], after: int, limit: int
    ) -> Sequence[Transmission]:
        """Open work of one target in order of making."""
        ...

    def message(self, id_: int) -> Message | None:
        """One message."""
        ...

    def body(self, payload: int) -> bytes | None:
        """The bytes of a payload; None when they were erased."""
        ...
