"""How much of one target's work is in memory, for each system that it came from; the rest waits in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crossdock.journal.contract import Journal
from crossdock.message.records import Transmission
from crossdock.message.states import TransmissionState
from crossdock.pipeline.lanes import Lane, Lanes

#: More than so many of other origins before one of a lane are not read out of their turn.
ELDERS_MAX = 64
_S = TransmissionState
_NOT_IN_THE_WAY = frozenset({_S.SENDING, _S.DESK})  # in memory, or its lane is held


@dataclass(slots=True)
class Window:
    """The work of one origin: all up to `loaded_upto`, and what is `early`, was taken into memory at some time."""

    spilled: bool = False  #: some of it is in the store only
    loaded_upto: int = 0
    unseen: int = 0  #: the newest that went to the store only
    refilling: bool = False  #: more of it is about to be read
    early: set[int] = field(
        default_factory=set[int]
    )  #: beyond that, and read with what comes after it in its lane

    def passed(self) -> None:
        """Reading has come some way: what was early there is so no more."""
        self.early = {id_ for id_ in self.early if id_ > self.loaded_upto}


class Windows:
    """A window for each origin, so that the flood of one leaves room for the others.

    A lane that several origins share keeps its order: what has an elder in the store only waits there too.
    """

    def __init__(self, journal: Journal, target: str, lanes: Lanes, limit: int) -> None:
        self._journal = journal
        self._target = target
        self._lanes = lanes
        self._limit = limit
        self._windows: dict[str, Window] = {}
        #: Transmissions that go to the store only, with origin and lane, until they are stored.
        self._coming: dict[int, tuple[str, str]] = {}

    def of(self, origin: str) -> Window:
        """The window of one origin."""
        window = self._windows.get(origin)
        if window is None:
            window = self._windows[origin] = Window()
        return window

    @property
    def spilled(self) -> list[tuple[str, Window]]:
        """The origins of which something is in the store only."""
        return [(origin, window) for origin, window in self._windows.items() if window.spilled]

    def room(self, origin: str) -> int:
        """How many more of one origin's flights fit into memory."""
        return self._share - self._lanes.counts[origin]

    @property
    def _share(self) -> int:
        """Who has nothing leaves their part to the others."""
        busy = sum(
            window.spilled or self._lanes.counts[origin] > 0 for origin, window in self._windows.items()
        )
        return max(self._limit // max(busy, 1), 1)

    def half_empty(self, origin: str) -> bool:
        """Whether it is worth while to read more of an origin's work."""
        return self._lanes.counts[origin] * 2 <= self._share

    def rewind(self) -> None:
        """Everything may be in the store only: partitions have come, or the process has."""
        for origin in (*self._windows, *self._journal.origins_open(self._target)):
            window = self.of(origin)
            window.spilled, window.loaded_upto = True, 0
            window.early.clear()

    # -- one transmission ----------------------------------------------------

    def takes(self, t: Transmission, lane: Lane) -> bool:
        """Whether a new transmission goes into memory; if not, it is noted as one for the store only."""
        window = self.of(t.origin)
        if not window.spilled and self.room(t.origin) > 0 and not self.elder_waits(t, lane):
            window.loaded_upto = max(window.loaded_upto, t.id)
            return True
        self.leave(t)
        self.comes(t, lane)
        return False

    def whole(self, t: Transmission, lane: Lane) -> bool:
        """Whether everything of a lane that comes before a new transmission is in memory."""
        return not (lane.more or self.of(t.origin).spilled or self.elder_waits(t, lane))

    def comes(self, t: Transmission, lane: Lane) -> None:
        """What the store has of it is not yet what is to be read: nothing of its origin is all read before that."""
        self._coming[t.id] = (t.origin, lane.key)

    def settled(self, t: Transmission) -> None:
        """A transmission is stored, or never will be."""
        self._coming.pop(t.id, None)

    def read_all(self, origin: str) -> None:
        """The store had no more of an origin; unless something is on its way there, memory has everything."""
        if all(of != origin for of, _ in self._coming.values()):
            window = self.of(origin)
            window.spilled = False
            window.loaded_upto = max(window.loaded_upto, window.unseen, *window.early)
            window.early.clear()

    def leave(self, t: Transmission) -> None:
        """A transmission stays in the store, or goes there; it is read with what comes after it."""
        window = self.of(t.origin)
        window.spilled = True
        window.unseen = max(window.unseen, t.id)
        window.loaded_upto = min(window.loaded_upto, t.id - 1)
        window.early.discard(t.id)

    def loaded(self, t: Transmission) -> bool:
        """Whether a transmission was read from the store, or went into memory at once."""
        window = self.of(t.origin)
        return not window.spilled or t.id <= window.loaded_upto or t.id in window.early

    def elder_waits(self, t: Transmission, lane: Lane) -> bool:
        """Whether something of the same lane from another origin comes first and is in the store only."""
        if not any(window.spilled for origin, window in self._windows.items() if origin != t.origin):
            return False
        if self._elder_comes(t, lane):
            return True
        # What is stored as being sent is in memory, or its end is on the way to the disk.
        return self._journal.lane_waits(self._target, lane.key, _last(lane), t.id)

    def elders(self, t: Transmission, lane: Lane) -> Sequence[Transmission] | None:
        """Those that `elder_waits` tells of: they are taken into memory with one that is read now, early as it is.

        Else all that its origin has behind it would wait for the others' work. None where they cannot be read
        with it: they are too many, or the store does not have them yet as they are to go.
        """
        if not self.elder_waits(t, lane):
            return ()
        if self._elder_comes(t, lane):
            return None
        rows = self._journal.lane(self._target, lane.key, _last(lane), ELDERS_MAX + 1)
        if len(rows) > ELDERS_MAX and rows[-1].id < t.id:
            return None
        elders = [row for row in rows if row.id < t.id and row.state not in _NOT_IN_THE_WAY]
        # What was read, and is not in the lane any more, is being ended or held.
        if any(row.state is _S.HELD or self.loaded(row) for row in elders):
            return None
        for elder in elders:
            self.of(elder.origin).early.add(elder.id)
        return elders

    def _elder_comes(self, t: Transmission, lane: Lane) -> bool:
        """Whether one of them is on its way to the store."""
        return any(key == lane.key and id_ < t.id for id_, (_, key) in self._coming.items())


def _last(lane: Lane) -> int:
    return lane.flights[-1].t.id if lane.flights else 0
