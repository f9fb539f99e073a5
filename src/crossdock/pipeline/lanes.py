"""Lanes in memory: what is to be sent to one target, one ordering key at a time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from crossdock.kit.connector import Ask, Job
from crossdock.message.records import Transmission
from crossdock.message.states import TransmissionState

#: Flights of one lane stored as SENDING ahead of their turn, where the target dedupes on our key.
AHEAD_MAX = 8
#: Documents and requests of more bytes are read back from the store when they are sent.
HEAVY_BYTES = 32_768


@dataclass(slots=True, eq=False)
class Flight:
    """A transmission on its way: its row, and what is at hand to send it."""

    t: Transmission
    tree: dict[str, Any] | None = None  #: the document; read back from the store when needed
    ask: Ask | None = None  #: the exact request of this round, once rendered
    job: Job | None = None  #: what the writer was told for `ask`
    reads: str | None = None  #: what the rendering looked up, as the ledger keeps it
    made: bool = False  #: its row is in the store, in whatever state
    stored: bool = False  #: the row as it is here is durable
    absent: int = 0  #: how often the target said that it does not have it
    their_id: str | None = None  #: what the target calls its object, by the answer that ended it

    def lighten(self) -> None:
        """Lets go of what is large while it waits; it is read back from the store."""
        if self.ask is not None and len(self.ask.body) > HEAVY_BYTES and self.t.payload is not None:
            self.ask = None


@dataclass(slots=True, eq=False)
class Lane:
    """The flights of one target and one ordering key, in order."""

    key: str
    partition: int = -1  #: that of all its transmissions; -1: not known yet
    flights: deque[Flight] = field(default_factory=deque[Flight])
    blocked_by: str | None = None  #: the cause of the incident that holds it
    busy: bool = False  #: somebody is sending from it
    writing: int = 0  #: commits about it that it does not wait for
    leaving: int = 0  #: commits that take some of it out; what stood behind those does not go before
    failing: int = 0  #: outcomes among them that the disk has refused, and that are tried again
    queued: bool = False  #: it is among the ready ones
    unsure: bool = False  #: something is held behind an incident that was not in the store yet
    more: bool = False  #: the store holds more of it than fits into the window
    left: bool = False  #: when it was read last, something of it stayed in the store
    stale: bool = False  #: something in the store may come first: nothing goes until it is read anew
    #: Object -> its kind, and what the target calls it, by answers that are on their way to the disk: what stands
    #: behind them is written with that.
    given: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])

    def ended(self, flight: Flight) -> None:
        """The target has taken a flight; what it calls the object is known before that is durable."""
        if flight.their_id is not None:
            self.given[flight.t.hub] = flight.t.document, flight.their_id

    def ahead(self) -> int:
        """How many flights are stored as being sent."""
        count = 0
        for flight in self.flights:
            if flight.t.state is not TransmissionState.SENDING:
                break
            count += 1
        return count

    def tells(self, t: Transmission, place: int | None = None) -> bool:
        """Whether the answer to one before it (the first `place` of the lane) may say what its rendering needs.

        That is an earlier version of its object, or the object that it belongs to.
        """
        return any(flight.t.hub in (t.hub, t.root) for flight in islice(self.flights, place))


class Ordering(Protocol):
    """Which transmissions must not overtake each other."""

    def lane_key(self, transmission: Transmission) -> str:
        """The lane that a transmission belongs to."""
        ...


class KeyOrdering:
    """The guard of promise P3: one lane per ordering key."""

    def lane_key(self, transmission: Transmission) -> str:
        """The ordering key itself."""
        return transmission.key


class Lanes:
    """All lanes of one target."""

    def __init__(self, ordering: Ordering) -> None:
        self._ordering = ordering
        self._lanes: dict[str, Lane] = {}
        self.count = 0  #: flights in memory
        self.aboard: set[int] = set()  #: their transmissions
        self.parting: set[int] = set()  #: those that left their lane by what is not durable yet
        self.counts: Counter[str] = Counter()  #: of them, by the system that they came from

    def of(self, transmission: Transmission) -> Lane:
        """The lane of a transmission, made when needed."""
        lane = self.by_key(self._ordering.lane_key(transmission))
        lane.partition = transmission.partition
        return lane

    def by_key(self, key: str) -> Lane:
        """A lane by its key, made when needed."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key)
        return lane

    def push(self, lane: Lane, flight: Flight) -> None:
        """Puts a flight at the end of its lane."""
        lane.flights.append(flight)
        self.aboard.add(flight.t.id)
        self.count += 1
        self.counts[flight.t.origin] += 1

    def pop(self, lane: Lane) -> Flight:
        """Takes the first flight out."""
        self.count -= 1
        flight = lane.flights.popleft()
        self.aboard.discard(flight.t.id)
        self.counts[flight.t.origin] -= 1
        return flight

    def remove(self, lane: Lane, flights: Iterable[Flight]) -> None:
        """Takes some flights out, wherever they stand."""
        flights = list(flights)
        gone = set(map(id, flights))
        self.aboard.difference_update(flight.t.id for flight in flights)
        kept = deque(f for f in lane.flights if id(f) not in gone)
        self.count -= len(lane.flights) - len(kept)
        self.counts.subtract(f.t.origin for f in lane.flights if id(f) in gone)
        lane.flights = kept

    def has(self, id_: int) -> bool:
        """Whether a transmission is in memory, or is leaving it by what is not durable yet."""
        return id_ in self.aboard or id_ in self.parting

    def part(self, lane: Lane, flights: Iterable[Flight]) -> None:
        """Takes some out by what is not durable yet: until `parted` the store still says that they are to go."""
        flights = list(flights)
        self.remove(lane, flights)
        self.parting.update(flight.t.id for flight in flights)

    def parted(self, ids: Iterable[int]) -> None:
        """That is durable, or never will be."""
        self.parting.difference_update(ids)

    def put_back(self, lane: Lane, flights: Iterable[Flight]) -> None:
        """Puts flights that were taken out back to where they stood: a lane is in the order of making."""
        found = list(flights)
        self.count += len(found)
        self.counts.update(flight.t.origin for flight in found)
        self.aboard.update(flight.t.id for flight in found)
        lane.flights = deque(sorted((*lane.flights, *found), key=lambda flight: flight.t.id))

    def tidy(self, lane: Lane) -> None:
        """Forgets a lane that holds nothing."""
        if lane.flights or lane.blocked_by is not None:
            return
        if lane.busy or lane.writing or lane.leaving or lane.queued or lane.more or lane.stale:
            return
        if self._lanes.get(lane.key) is lane:  # one that was given away may have an heir
            del self._lanes[lane.key]

    def within(self, partitions: Collection[int]) -> list[Lane]:
        """The lanes of some partitions."""
        return [lane for lane in self._lanes.values() if lane.partition in partitions]

    def all(self) -> list[Lane]:
        """Every lane."""
        return list(self._lanes.values())

    def drop(self, lane: Lane) -> None:
        """Forgets a lane with all that is in it."""
        self.remove(lane, list(lane.flights))
        lane.blocked_by = None
        self._lanes.pop(lane.key, None)

    def __len__(self) -> int:
        return len(self._lanes)
