"""A fair order among parties: whoever has much waits behind their own, not before the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Party = TypeVar("Party", bound=Hashable)
T = TypeVar("T")


class Rounds(Generic[Party]):
    """Whose turn it is: one thing from each in each round; who took something large sits rounds out.

    Deficit round robin. Source: Shreedhar and Varghese, "Efficient Fair Queueing Using Deficit Round Robin"
    (1995). Parties that have nothing neither save up turns nor owe any.
    """

    def __init__(self) -> None:
        self._ring: deque[Party] = deque()
        self._owes: dict[Party, float] = {}

    def join(self, party: Party) -> None:
        """Somebody who may have something; joining twice is joining once."""
        if party not in self._owes:
            self._owes[party] = 0.0
            self._ring.append(party)

    def leave(self, party: Party) -> None:
        """Somebody who has nothing any more."""
        if self._owes.pop(party, None) is not None:
            self._ring.remove(party)

    def __len__(self) -> int:
        return len(self._ring)

    def next(self, ready: Callable[[Party], bool]) -> Party | None:
        """Whose turn it is among those that are ready; None when nobody is."""
        waiting: list[Party] = []
        for _ in range(len(self._ring)):
            party = self._ring[0]
            self._ring.rotate(-1)
            if not ready(party):
                self._owes[party] = 0.0
                continue
            if self._owes[party] <= 0.0:
                return party
            self._owes[party] -= 1.0
            waiting.append(party)
        if not waiting:
            return None
        # Everybody owes: so many rounds pass at once that one of them is free.
        least = min(self._owes[party] for party in waiting)
        for party in waiting:
            self._owes[party] -= least
        return next(party for party in waiting if self._owes[party] <= 0.0)

    def charge(self, party: Party, cost: float) -> None:
        """What the party just took counted for so many turns; 1 is the usual."""
        if party in self._owes:
            self._owes[party] += max(cost - 1.0, 0.0)


class Turns(Generic[T]):
    """One queue for many parties, and for the parts of each: the parties take turns, and so do their parts.

    Within one part the order is that of coming. A party that is alone loses nothing.
    """

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], deque[T]] = {}
        self._parts: dict[str, Rounds[str]] = {}
        self._parties: Rounds[str] = Rounds()
        self._count = 0
        #: While only one part of one party has anything, this is its queue, and nobody takes turns.
        self._alone: deque[T] = deque()
        self._whose = ("", "")

    def push(self, party: str, part: str, item: T) -> None:
        """Something of one part of a party comes."""
        if self._count == 0:
            self._whose = (party, part)
        elif self._alone and self._whose != (party, part):
            alone, self._alone, self._count = self._alone, deque(), 0
            for one in alone:
                self._join(*self._whose, one)
        if self._queues:
            self._join(party, part, item)
        else:
            self._alone.append(item)
            self._count += 1

    def _join(self, party: str, part: str, item: T) -> None:
        queue = self._queues.get((party, part))
        if queue is None:
            queue = self._queues[party, part] = deque()
            if party not in self._parts:
                self._parts[party] = Rounds()
                self._parties.join(party)
            self._parts[party].join(part)
        queue.append(item)
        self._count += 1

    def pop(self) -> T:
        """What is next. Raises IndexError when there is nothing."""
        if self._alone:
            self._count -= 1
            return self._alone.popleft()
        party = self._parties.next(_always)
        if party is None:
            raise IndexError("nobody has anything")
        parts = self._parts[party]
        part = parts.next(_always)
        assert part is not None, "a party stays only while it has something"
        queue = self._queues[party, part]
        item = queue.popleft()
        self._count -= 1
        if not queue:
            del self._queues[party, part]
            parts.leave(part)
            if not len(parts):
                del self._parts[party]
                self._parties.leave(party)
        return item

    def others(self, party: str) -> bool:
        """Whether anybody else has something."""
        if self._alone:
            return self._whose[0] != party
        return len(self._parts) > (party in self._parts)

    def __len__(self) -> int:
        return self._count


def _always(_: object) -> bool:
    return True
