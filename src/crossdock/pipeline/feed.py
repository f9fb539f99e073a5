"""Captures in arrival order: from memory while the worker keeps up, from the store when it does not or is not alone."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from crossdock.journal.contract import Journal
from crossdock.journal.tenure import Hold
from crossdock.message.records import Capture
from crossdock.pipeline.bound import Context

#: Captures kept in memory with their bytes; beyond this they are read back from the store.
MEMORY_MAX = 4_000
#: Captures of a shared store whose turn is known in advance.
AHEAD_MAX = 512
#: How often a shared store is asked when nobody tells of anything new.
POLL_S = 0.5


class Feed:
    """One queue with two sources. The cursor makes sure that none is given twice and none is skipped."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._fresh: deque[Capture] = deque()
        self._again: deque[int] = deque()
        self._cursor = 0
        self._behind = True  # a start may find a backlog
        self._begun = False
        self._wake = asyncio.Event()

    def offer(self, capture: Capture) -> None:
        """A capture has just been committed."""
        if self._behind or len(self._fresh) >= MEMORY_MAX:
            self._behind = True
        else:
            self._fresh.append(capture)
        self._wake.set()

    def look(self) -> None:
        """There may be something in the store; before the first look nothing is given."""
        self._begun = True
        self._wake.set()

    def again(self, captures: Iterable[int]) -> None:
        """Captures that a person sent back to be translated again."""
        self._again.extend(captures)
        self._wake.set()

    def forget(self, partitions: frozenset[int]) -> None:
        """Never called for: whoever is alone gives nothing away."""

    @property
    def depth(self) -> int:
        """How many captures wait in memory."""
        return len(self._fresh)

    async def take(self, limit: int) -> list[Capture]:
        """The next captures; waits while there is none."""
        while True:
            batch = self._next(limit) if self._begun else []
            if batch:
                return batch
            self._wake.clear()
            if not self._begun or (not self._behind and not self._fresh and not self._again):
                await self._wake.wait()

    def _next(self, limit: int) -> list[Capture]:
        if self._again:
            ids = [self._again.popleft() for _ in range(min(limit, len(self._again)))]
            return [c for c in map(self._journal.capture, ids) if c is not None]
        if self._fresh:
            fresh = self._fresh
            batch = [fresh.popleft() for _ in range(min(limit, len(fresh)))]
            batch = [c for c in batch if c.id > self._cursor]
        elif self._behind:
            batch = list(self._journal.captures_waiting(self._cursor, limit))
            # A short page means that the store holds no more: everything later is offered from memory.
            self._behind = len(batch) == limit
        else:
            return []
        if batch:
            self._cursor = batch[-1].id
        return batch


class SharedFeed:
    """The captures of the partitions held here, out of a store that others write to as well.

    Nothing but the store says what waits: another process may have accepted an earlier one, and numbers
    become visible in another order than they were given. What this process accepted itself is kept
    only to spare reading the bytes again.
    """

    def __init__(self, context: Context, hold: Hold) -> None:
        self._journal = context.journal
        self._hold = hold
        self._kept: dict[int, Capture] = {}
        self._turns: deque[tuple[int, int]] = (
            deque()
        )  # (capture, partition) in order of arrival, per partition
        self._wake = asyncio.Event()

    def offer(self, capture: Capture) -> None:
        """A capture has just been committed here."""
        if len(self._kept) >= MEMORY_MAX:
            self._kept.clear()
        self._kept[capture.id] = capture
        self._wake.set()

    def again(self, captures: Iterable[int]) -> None:
        """Captures that a person sent back: they wait in the store."""
        self._wake.set()

    def look(self) -> None:
        """There may be something in the store."""
        self._wake.set()

    def forget(self, partitions: frozenset[int]) -> None:
        """These partitions are no longer held: what is known of them will be out of date."""
        self._turns = deque(turn for turn in self._turns if turn[1] not in partitions)
        self._kept = {id_: c for id_, c in self._kept.items() if c.partition not in partitions}

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
            self._turns.extend(self._journal.captures_due(self._hold.partitions, AHEAD_MAX))
        ids = list[int]()
        while self._turns and len(ids) < limit:
            id_, partition = self._turns.popleft()
            if self._hold.has(partition):
                ids.append(id_)
        kept = {id_: self._kept.pop(id_) for id_ in ids if id_ in self._kept}
        missing = [id_ for id_ in ids if id_ not in kept]
        read = {c.id: c for c in self._journal.captures(missing)} if missing else {}
        return [kept.get(id_) or read[id_] for id_ in ids if id_ in kept or id_ in read]
