"""Captures in turns of their systems, out of a store that other processes write to as well."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from functools import partial

from crossdock.journal.tenure import Hold
from crossdock.message.records import Capture
from crossdock.pipeline.bound import Context
from crossdock.pipeline.order import Order, Place, Stream, part_of, unbroken

#: Captures kept in memory with their bytes, only to spare reading them again.
KEPT_MAX = 4_000
KEPT_MAX_BYTES = 32_000_000
#: Captures whose turn is known in advance, and of one kind at least so many.
AHEAD_MAX, AHEAD_LEAST = 512, 16
#: How often the store is asked when nobody tells of anything new.
POLL_S = 0.5
#: How often it is asked which systems have anything at all; those of the charter are always asked about.
_KINDS_EVERY_S = 30.0


class SharedFeed:
    """The captures of the partitions held here.

    Nothing but the store says what waits: another process may have accepted an earlier one, and numbers
    become visible in another order than they were given. What this process accepted itself is kept
    only to spare reading the bytes again.
    """

    def __init__(self, context: Context, hold: Hold) -> None:
        self._journal = context.journal
        self._gates = context.gates
        self._clock = context.clock
        self._hold = hold
        self._make_order = context.order
        self._part = partial(part_of, context.charter)
        self._kinds = {
            (name, flow.document) for name, s in context.charter.systems.items() for flow in s.flows_in
        }
        self._asked_s = float("-inf")
        self._kept: dict[int, Capture] = {}
        self._bytes = 0
        self._turns: deque[tuple[int, int, str]] = deque()  #: (capture, partition, system)
        self._wake = asyncio.Event()

    def offer(self, capture: Capture) -> None:
        """A capture has just been committed here."""
        if len(self._kept) >= KEPT_MAX or self._bytes >= KEPT_MAX_BYTES:
            self._kept.clear()
            self._bytes = 0
        self._kept[capture.id] = capture
        self._bytes += len(capture.body or b"")
        self._wake.set()

    def again(self, captures: Iterable[int]) -> None:
        """Captures that a person sent back: they wait in the store."""
        self.left(())

    def left(self, captures: Iterable[Capture]) -> None:
        """These could not be decided, and wait in the store: they come again before those behind them."""
        self._turns.clear()  # the store says anew whose turn it is: those known by now come after them
        self._wake.set()

    def look(self) -> None:
        """There may be something in the store."""
        self._wake.set()

    def forget(self, partitions: frozenset[int]) -> None:
        """These partitions are no longer held: what is known of them will be out of date."""
        self._turns = deque(turn for turn in self._turns if turn[1] not in partitions)
        self._kept = {id_: c for id_, c in self._kept.items() if c.partition not in partitions}
        self._bytes = sum(len(capture.body or b"") for capture in self._kept.values())

    @property
    def depth(self) -> int:
        """How many captures are kept in memory."""
        return len(self._kept)

    async def take(self, limit: int) -> list[Capture]:
        """The next captures; waits while there is none. Each must be decided before the next call."""
        while True:
            self._wake.clear()
            batch = self._next(limit)
            if batch:
                return batch
            try:
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _next(self, limit: int) -> list[Capture]:
        if not self._turns:
            self._turns.extend(self._ahead())
        ids = list[int]()
        while self._turns and len(ids) < limit:
            id_, partition, system = self._turns.popleft()
            if self._hold.has(partition) and not self._gates.holds(system):
                ids.append(id_)
        kept = {id_: self._kept.pop(id_) for id_ in ids if id_ in self._kept}
        self._bytes -= sum(len(capture.body or b"") for capture in kept.values())
        missing = [id_ for id_ in ids if id_ not in kept]
        read = {c.id: c for c in self._journal.captures(missing)} if missing else {}
        return [kept.get(id_) or read[id_] for id_ in ids if id_ in kept or id_ in read]

    def _ahead(self) -> list[tuple[int, int, str]]:
        """What comes next, each system in its turns, as the store has it now."""
        if self._clock.monotonic_s() - self._asked_s >= _KINDS_EVERY_S:
            self._asked_s = self._clock.monotonic_s()
            self._kinds |= set(self._journal.captures_queued())
        kinds = sorted(kind for kind in self._kinds if not self._gates.holds(kind[0]))
        each = max(AHEAD_MAX // max(len(kinds), 1), AHEAD_LEAST)
        order, partitions = self._make_order(), dict[int, int]()
        streams: dict[tuple[str, str], Stream] = {}
        due: list[Place] = self._journal.captures_due(kinds, self._hold.partitions, each)
        for id_, partition, system, document in unbroken(due, each, self._part):
            stream = streams.get((system, document))
            if stream is None:
                stream = streams[system, document] = Stream(system, document, self._part(system, document))
                order.join(stream)
            stream.fresh.append(_turn(id_, system, document))
            partitions[id_] = partition
        return list(_emptied(order, partitions))


def _emptied(order: Order, partitions: dict[int, int]) -> Iterable[tuple[int, int, str]]:
    while (stream := order.pick(lambda stream: bool(stream.fresh))) is not None:
        id_ = stream.fresh.popleft().id
        yield id_, partitions[id_], stream.system


def _turn(id_: int, system: str, document: str) -> Capture:
    """A capture of which only its place is known yet."""
    return Capture(id_, system, document, "", 0, None, "", 0, 0)
