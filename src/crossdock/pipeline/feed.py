"""Captures in arrival order: from memory while the worker keeps up, from the store when it does not."""

from __future__ import annotations

import asyncio
from collections import deque

from crossdock.journal.contract import Journal
from crossdock.message.records import Capture

#: Captures kept in memory with their bytes; beyond this they are read back from the store.
MEMORY_MAX = 4_000


class Feed:
    """One queue with two sources. The cursor makes sure that none is given twice and none is skipped."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._fresh: deque[Capture] = deque()
        self._again: deque[int] = deque()
        self._cursor = 0
        self._behind = True  # a start may find a backlog
        self._wake = asyncio.Event()
        self._wake.set()

    def offer(self, capture: Capture) -> None:
        """A capture has just been committed."""
        if self._behind or len(self._fresh) >= MEMORY_MAX:
            self._behind = True
        else:
            self._fresh.append(capture)
        self._wake.set()

    def again(self, captures: list[int]) -> None:
        """Captures that a person sent back to be translated again."""
        self._again.extend(captures)
        self._wake.set()

    @property
    def depth(self) -> int:
        """How many captures wait in memory."""
        return len(self._fresh)

    async def take(self, limit: int) -> list[Capture]:
        """The next captures; waits while there is none."""
        while True:
            batch = self._next(limit)
            if batch:
                return batch
            self._wake.clear()
            if not self._behind and not self._fresh and not self._again:
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
