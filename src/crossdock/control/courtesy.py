"""A flood leaves others their time: who hands in much beside those who hand in little goes by few, with pauses."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest

import structlog

from crossdock.pipeline.bound import Clock

_log = structlog.get_logger("crossdock.intake")
#: Of one system so many may wait for a commit at once, so that a flood fills one transaction and not the queue.
COMMITS_MAX = 256
#: A system is heeded for so many seconds after it has handed something in.
ACTIVE_S = 5.0
#: A flood begins with so many times as much a second as another system hands in, and ends when it is no more.
MUCH = 4
#: It has so many requests at the door at once, and so many times as many as the other.
AT_ONCE = 2
#: Of a flood so many may wait for a commit at once.
FEW = 4
#: However busy the loop is, a flood has so many turns a second, and a fifth more than any other system. So two
#: that answer each other, such as orders and their confirmations, free each other by and by.
TURNS_MIN, TURNS_MORE = 20.0, 1.2
#: Seconds of unused time that are saved up, and of overdrawn time that are made up for, at most.
_SAVED_S, _OWED_S = 0.002, 0.1
#: Seconds over which the pace of a system is averaged, and from one look at it to the next.
_PACE_S, _LOOK_S = 1.0, 0.1
#: A flood is told of in the log once in so many seconds.
_TELL_S = 60.0
_Waiting = asyncio.Future[None]


class Closed(Exception):
    """The hub is stopping: nobody gets in any more."""


@dataclass(slots=True)
class Sender:
    """One system at the door; times in seconds of the monotonic clock."""

    here: int = 0  #: its requests, those that wait included
    inside: int = 0  #: of these, those that may go on
    waiting: deque[_Waiting] = field(default_factory=deque[_Waiting])
    seen_s: float = -math.inf
    turn_s: float = -math.inf  #: when it last had a turn as a flood
    count: int = 0  #: requests that got in since the last look
    per_s: float = 0.0
    much: bool = False  #: whether it hands in much more than another
    told_s: float = -math.inf  #: when it was told of last


class Courtesy:
    """Says which requests may go on to the store, and when. Who is alone, or among equals, never pauses.

    `share` is the part of the event loop's time beyond which a flood pauses, at 1 never; `busy_s` gives the
    processor seconds that the thread of the loop has used so far.
    """

    def __init__(
        self,
        systems: Iterable[str],
        clock: Clock,
        *,
        share: float,
        busy_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self._clock = clock
        self._share = share
        self._busy_s = busy_s
        self._senders = {name: Sender() for name in systems}
        self._active: list[Sender] = []
        self._looked_s = self._counted_s = clock.monotonic_s()
        self._used_s = 0.0
        self._credit_s = 0.0
        self._closed = False

    async def enter(self, system: str) -> None:
        """Waits until a request may go on. Whoever got in calls `leave` in the end. Raises Closed."""
        if self._closed:
            raise Closed
        sender = self._senders[system]
        sender.seen_s = self._clock.monotonic_s()
        if sender.seen_s - self._looked_s >= _LOOK_S or not self._active:
            self._look(sender)
        sender.here += 1
        if sender.waiting or sender.inside >= self._most(sender):
            await self._called(sender)
        else:
            sender.inside += 1
        if self._floods(sender):
            self._tell(system, sender)
            try:
                await self._pause(sender)
            except (asyncio.CancelledError, Closed):
                self.leave(system)
                raise
        sender.count += 1

    def leave(self, system: str) -> None:
        """A request that got in has its answer."""
        sender = self._senders[system]
        sender.here -= 1
        sender.inside -= 1
        self._call(sender)

    def close(self) -> None:
        """Sends away all who wait, and whoever comes later: the hub is stopping, and their turn would come too late."""
        self._closed = True
        for sender in self._senders.values():
            for waiting in sender.waiting:
                if not waiting.done():
                    waiting.set_exception(Closed())
            sender.waiting.clear()

    def _floods(self, sender: Sender) -> bool:
        """Whether a system hands in much, at once, while another hands in little."""
        if not sender.much or sender.here < AT_ONCE:
            return False
        return any(other.here * AT_ONCE <= sender.here for other in self._active if other is not sender)

    def _most(self, sender: Sender) -> int:
        return FEW if self._floods(sender) else COMMITS_MAX

    def waiting(self) -> Mapping[str, int]:
        """Requests of each system that are held back now."""
        return {name: len(sender.waiting) for name, sender in self._senders.items()}

    # -- one after another ---------------------------------------------------

    async def _called(self, sender: Sender) -> None:
        """Waits behind those of the same system who came before."""
        waiting: _Waiting = asyncio.get_running_loop().create_future()
        sender.waiting.append(waiting)
        try:
            await waiting
        except Closed:
            sender.here -= 1
            raise
        except asyncio.CancelledError:
            sender.here -= 1
            # Where it was called its place is another's.
            if not waiting.cancelled() and waiting.exception() is None:
                sender.inside -= 1
                self._call(sender)
            raise

    def _call(self, sender: Sender) -> None:
        """Calls those for whom there is a place."""
        while sender.waiting and sender.inside < self._most(sender):
            waiting = sender.waiting.popleft()
            if not waiting.done():
                sender.inside += 1
                waiting.set_result(None)

    # -- pauses --------------------------------------------------------------

    async def _pause(self, sender: Sender) -> None:
        """Waits until the loop has had its idle time, or the turn has come that a flood has in any case."""
        busiest = max((other.per_s for other in self._active if other is not sender), default=0.0)
        every_s = 1 / max(busiest * TURNS_MORE, TURNS_MIN)
        while self._floods(sender):
            now_s = self._clock.monotonic_s()
            self._count(now_s)
            wait_s = min(-self._credit_s / self._share, sender.turn_s + every_s - now_s)
            if wait_s <= 0:
                break
            await self._clock.sleep(max(wait_s, 0.001))
            if self._closed:
                raise Closed
        sender.turn_s = self._clock.monotonic_s()

    def _tell(self, system: str, sender: Sender) -> None:
        if sender.seen_s - sender.told_s >= _TELL_S:
            sender.told_s = sender.seen_s
            says = "a flood: it goes by few, so that others need not wait; intake.flood_share says how much it may take"
            _log.warning(says, system=system, requests=sender.here)

    def _count(self, now_s: float) -> None:
        """Sets the time that has passed against the time that was used."""
        used_s = self._busy_s()
        earned_s = (now_s - self._counted_s) * self._share - max(used_s - self._used_s, 0.0)
        self._credit_s = min(max(self._credit_s + earned_s, -_OWED_S), _SAVED_S)
        self._counted_s, self._used_s = now_s, used_s

    def _look(self, here: Sender) -> None:
        """Finds who is active, how many each hands in, and who much more than another; who is here is active."""
        now_s = here.seen_s
        self._count(now_s)
        passed_s, self._looked_s = max(now_s - self._looked_s, 1e-3), now_s
        weight = 1 - math.exp(-passed_s / _PACE_S)
        for sender in self._senders.values():
            sender.per_s += (sender.count / passed_s - sender.per_s) * weight
            sender.count = 0
        self._active = [one for one in self._senders.values() if now_s - one.seen_s < ACTIVE_S]
        slowest = nsmallest(2, self._active, key=lambda one: one.per_s)
        for sender in self._active:
            other = slowest[-1] if slowest[0] is sender else slowest[0]
            more = sender.per_s > other.per_s * (1 if sender.much else MUCH)
            sender.much = more and other is not sender and self._share < 1
