"""What every journal does, whatever store it stands on."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from crossdock.journal.changes import Changes
from crossdock.journal.numbers import Receipt
from crossdock.journal.stock import StockBook
from crossdock.journal.stories import Stories
from crossdock.message.gate import GateAct
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Message, Transmission
from crossdock.message.states import TransmissionState

#: Captures of one kind in one partition that are always read together.
DUE_LEAST = 4


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


@dataclass(frozen=True, slots=True)
class RestoredSystem:
    """A system that hands in again what a restored store has lost. Times are milliseconds since 1970."""

    system: str
    backup_ms: int  #: when the backup was taken: what came later is lost
    since_ms: int  #: when it was restored
    floor: int  #: numbers beyond this were given after the restore
    ended_id: int | None  #: captures from this number on are new for certain; None: none is yet

    @property
    def columns(self) -> tuple[str, int, int, int, int | None]:
        """As the store keeps it."""
        return self.system, self.backup_ms, self.since_ms, self.floor, self.ended_id


@dataclass(slots=True)
class Ahead:
    """What is about to be asked, so that a store behind a network can be asked for all of it at once."""

    objects: list[tuple[str, str, str]] = field(
        default_factory=list[tuple[str, str, str]]
    )  #: (system, document, id)
    numbers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  #: (document, number)
    items: list[str] = field(default_factory=list[str])  #: SKUs
    hubs: list[int] = field(default_factory=list[int])  #: objects whose ids at other systems are asked


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


class Fenced(StoreDown):
    """Another process owns what this one owned. Nothing was written, and nothing of it may be sent any more."""


class Overtaken(Exception):
    """A row is no longer as the change found it: somebody else moved it first. Nothing was written."""


class Journal(Stories, StockBook, Protocol):
    """The ledger, the queue and what is known, in one store.

    Reads are small and immediate, of what is committed; writes are durable when their future is done.
    """

    scope: int
    has_overrides: bool  #: whether any value was ever mended by a person, as of the last look

    @property
    def depth(self) -> int:
        """Writes that wait for the disk."""
        ...

    # -- ownership -------------------------------------------------------------

    @property
    def owned(self) -> frozenset[int]:
        """The partitions that this process works on now; a store with one writer owns all of them."""
        ...

    def owns(self, partition: int) -> bool:
        """Whether a partition is this process's own."""
        ...

    # -- writing ---------------------------------------------------------------

    def next_id(self) -> int:
        """A number never given before."""
        ...

    def ids_beyond(self, number: int) -> None:
        """Numbers given from now on are greater than one that another process may have given."""
        ...

    def changes(self) -> Changes:
        """An empty set of changes."""
        ...

    def submit(self, changes: Changes) -> Future[None]:
        """Queues one atomic set of changes."""
        ...

    def accept(self, arrival: Arrival) -> Future[Accepted]:
        """Decides and stores one arrival."""
        ...

    def accept_page(
        self, arrivals: Sequence[Arrival], system: str, document: str, cursor: str | None
    ) -> Future[list[Accepted]]:
        """Stores what one poll found and moves its cursor (None: it stays), in one commit. Repeats leave no trace."""
        ...

    async def anchor(self) -> None:
        """Ties the heads of all chains together in one row, so that none can be cut off unseen."""
        ...

    # -- reads: what is committed ----------------------------------------------

    def snapshot(self) -> AbstractContextManager[None]:
        """One view of the store for many small reads, which each would take a lock of their own otherwise.

        Nothing may be awaited inside: what others commit meanwhile is not seen.
        """
        ...

    async def foresee(self, ahead: Callable[[], Ahead]) -> None:
        """Fetches what is about to be asked, where a read is a round trip: at hand until the caller waits again."""
        ...

    def captures_queued(self) -> list[tuple[str, str]]:
        """(system, document) of everything that waits to be translated."""
        ...

    def captures_waiting(self, system: str, document: str, after: int, limit: int) -> Sequence[Capture]:
        """Captures of one kind from one system to translate, in arrival order, with their bodies."""
        ...

    def captures_due(
        self, kinds: Sequence[tuple[str, str]], partitions: Collection[int], each: int
    ) -> list[tuple[int, int, str, str]]:
        """(capture, partition, system, document) of the first to translate of each kind, in order of arrival.

        Where more wait, `each` of a kind at most, and not fewer than `DUE_LEAST` of it in one partition.
        """
        ...

    def captures(self, ids: Sequence[int]) -> Sequence[Capture]:
        """Some captures with their bodies."""
        ...

    def capture(self, id_: int) -> Capture | None:
        """One capture with its body."""
        ...

    def overrides(self, system: str, document: str, their_id: str, now_ms: int) -> Sequence[tuple[str, Any]]:
        """Values that a person put in place of what the sender said: (path, value), oldest first."""
        ...

    def refresh_overrides(self) -> None:
        """Looks whether any value was ever mended by a person; most stores never ask again."""
        ...

    def fixes(self) -> int:
        """A number that rises with every value and every row of a crosswalk that a person adds."""
        ...

    def identity(self, system: str, document: str, their_id: str) -> tuple[int, int, str, int] | None:
        """(hub id, root hub id, ordering key, home partition) of an object by one system's id."""
        ...

    def their_id(self, hub: int, system: str) -> str | None:
        """The id that a system gave to an object."""
        ...

    def hub_of_number(self, document: str, number: str) -> tuple[int, int, str, int] | None:
        """The same of an object by its own number, whoever owns it; the newest if several do."""
        ...

    def belief(self, hub: int, system: str) -> tuple[int, int, int] | None:
        """(how, version, message) of what a system is known to have of an object."""
        ...

    def item(self, sku: str) -> Message | None:
        """What the item master last told of a SKU."""
        ...

    def message(self, id_: int) -> Message | None:
        """One message."""
        ...

    def messages_waiting_for(
        self, predecessors: Sequence[str], limit: int, after: int = 0
    ) -> list[tuple[int, int]]:
        """(message, partition) of those beyond an id that wait for one of several "document/number"."""
        ...

    def messages_freed(self, partitions: Collection[int], limit: int, after: int = 0) -> list[int]:
        """Messages beyond an id that wait for something that has come."""
        ...

    def messages_sent_back(self, partitions: Collection[int], limit: int) -> list[int]:
        """Messages that a person sent back, or another process handed over: they wait, and for nothing."""
        ...

    def messages_lacking_item(self, sku: str, limit: int, after: int = 0) -> list[tuple[int, int]]:
        """(message, partition) of those beyond an id on the desk because an item, or a unit of it, was not known."""
        ...

    def messages_overdue(self, partitions: Collection[int], now_ms: int, limit: int) -> Sequence[Message]:
        """Messages whose wait is over."""
        ...

    def count_waiting(self) -> int:
        """How many messages wait for a predecessor."""
        ...

    def open_transmissions(
        self,
        target: str,
        states: Iterable[TransmissionState],
        after: int,
        limit: int,
        partitions: Collection[int],
        origin: str | None = None,
    ) -> Sequence[Transmission]:
        """Open work of one target in order of making, beyond one id; of one origin, or of all."""
        ...

    def origins_open(self, target: str) -> list[str]:
        """The systems from which there is open work for a target."""
        ...

    def lane(self, target: str, key: str, after: int, limit: int) -> Sequence[Transmission]:
        """Open work of one lane in order."""
        ...

    def lane_waits(self, target: str, key: str, after: int, before: int) -> bool:
        """Whether anything of a lane between two ids is neither at its end nor being sent."""
        ...

    def lanes_blocked(self, target: str, partitions: Collection[int]) -> list[tuple[str, int, int]]:
        """(ordering key, first that waits, partition) of every lane of a target that waits for a person."""
        ...

    def lanes_freed(self, target: str, keys: Sequence[str]) -> list[str]:
        """Those of some lanes in which nothing waits for a person any more."""
        ...

    def transmission(self, id_: int) -> Transmission | None:
        """One transmission."""
        ...

    def root_of(self, root: int, system: str) -> tuple[str, str] | None:
        """(document, the system's own id) of a root object."""
        ...

    def incident_of(self, kind: MemberKind, id_: int) -> int | None:
        """The open incident that something is a member of."""
        ...

    def cause_of(self, transmission: int) -> str:
        """The cause of the open incident that holds a transmission, or that it is held behind."""
        ...

    def body(self, payload: int) -> bytes | None:
        """The bytes of a payload; None when they were erased."""
        ...

    def incident_of_cause(self, cause: str) -> int | None:
        """The open incident of a cause."""
        ...

    def incidents_of_causes(self, prefix: str) -> Sequence[str]:
        """The causes of open incidents that begin like this; of very many, some."""
        ...

    def messages_on_desk(self, hub: int) -> Sequence[Message]:
        """What is on the desk of one object."""
        ...

    def messages_taken(self, root: int, document: str) -> Sequence[Message]:
        """Documents of one kind in the story of a root that passed all checks, in order; the newest of very many."""
        ...

    def count_objects(self, system: str, document: str) -> int:
        """How many objects of a kind a system has an id for."""
        ...

    def tallies(self, system: str, document: str, since_ms: int) -> Sequence[tuple[int, int, int, int, int]]:
        """(begin of a part of time, counter, changed, zeroed, jumped) of one feed, by whoever counted it."""
        ...

    def brake_acts(self) -> Mapping[tuple[str, str], tuple[str, int]]:
        """What a person did last about each feed that the brake held: (system, document) to (pass or drop, when)."""
        ...

    def gate_acts(self) -> Sequence[GateAct]:
        """What people did to the ways into and out of systems, oldest first; the newest where there are very many."""
        ...

    def restored_systems(self) -> Sequence[RestoredSystem]:
        """Systems that hand in again, or did, because the store was restored from a backup."""
        ...

    def receipts_owed(
        self, system: str, *, control: int | None = None, group: int | None = None
    ) -> Sequence[Receipt]:
        """What one partner owes for an interchange or a group, the newest first."""
        ...

    def receipts_of(self, transmission: int) -> Sequence[Receipt]:
        """What was owed for one transmission, the newest round first."""
        ...

    def has_been_sent(self, target: str, document: str, *, root: int, hub: int) -> bool:
        """Whether a target has a document of one root object: any of it, or that of `hub` where it is another."""
        ...

    def numbers_of(self, root: int, hub: int) -> Mapping[str, Sequence[int]]:
        """The numbers that were given for a document of an object, by sequence, the first ones first."""
        ...

    def numbers(self) -> Sequence[tuple[str, int, int]]:
        """Every sequence with the last number given and the highest that may be given."""
        ...

    def receipts_overdue(self, partitions: Collection[int], now_ms: int, limit: int) -> Sequence[Receipt]:
        """Receipts that should have come by now."""
        ...

    def cursor(self, system: str, document: str) -> str | None:
        """Where a poller stands."""
        ...
