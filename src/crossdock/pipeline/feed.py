"""Captures in turns of their systems: from memory while the worker keeps up, from the store when it does not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from crossdock.message.records import Capture
from crossdock.pipeline.bound import Context
from crossdock.pipeline.order import Order, Stream, cost_of, part_of

#: Captures kept in memory with their bytes; beyond this they are read back from the store.
MEMORY_MAX = 4_000
#: Bytes of their bodies, in the same way.
MEMORY_MAX_BYTES = 64_000_000
#: Captures of one kind that fit however full the memory is, so that a flood of others pushes nobody out.
MEMORY_LEAST = 32
#: Captures of one kind read from the store at once; fewer where they are large.
PAGE_MAX = 64
#: Captures that people sent back, whose turn is remembered; beyond this the store is read from its beginning.
AGAIN_MAX = 50_000


class Feed:
    """A queue for each system with two sources: the cursors see to it that none is given twice and none is skipped.

    What comes from a system whose way in is closed, and held, stays where it is.
    """

    def __init__(self, context: Context) -> None:
        self._journal = context.journal
        self._gates = context.gates
        self._charter = context.charter
        self._order: Order = context.order()
        self._streams: dict[tuple[str, str], Stream] = {}
        self._again: deque[int] = deque()
        self._count = self._bytes = 0
        self._begun = False
        self._wake = asyncio.Event()

    # -- what comes ----------------------------------------------------------

    def offer(self, capture: Capture) -> None:
        """A capture has just been committed."""
        if self._begun:
            stream = self._stream(capture.system, capture.document, behind=False)
            full = self._count >= MEMORY_MAX or self._bytes >= MEMORY_MAX_BYTES
            if stream.behind or (full and len(stream.fresh) >= MEMORY_LEAST):
                stream.behind = True
            elif capture.id > stream.cursor:
                self._take_in(stream, capture)
        self._wake.set()

    def look(self) -> None:
        """There may be something in the store; before the first look nothing is given."""
        if not self._begun:
            self._begun = True
            self._rewind()
        self._wake.set()

    def again(self, captures: Iterable[int]) -> None:
        """Captures that a person sent back to be translated again."""
        self._again.extend(captures)
        if len(self._again) > AGAIN_MAX:
            self._again.clear()
            self._rewind()
        self._wake.set()

    def left(self, captures: Iterable[Capture]) -> None:
        """These could not be decided, and wait in the store: they come again before those behind them."""
        for capture in captures:
            self._stream(capture.system, capture.document, behind=True)
        self._from_the_beginning()
        self._wake.set()

    def forget(self, partitions: frozenset[int]) -> None:
        """Never called for: whoever is alone gives nothing away."""

    def _rewind(self) -> None:
        """The store is read from its beginning; what is decided by then is not found there."""
        for system, document in self._journal.captures_queued():
            self._stream(system, document, behind=True)
        self._from_the_beginning()

    def _from_the_beginning(self) -> None:
        self._count = self._bytes = 0
        for stream in self._streams.values():
            stream.fresh.clear()
            stream.cursor, stream.behind = 0, True

    def _stream(self, system: str, document: str, *, behind: bool) -> Stream:
        stream = self._streams.get((system, document))
        if stream is None:
            stream = self._streams[system, document] = Stream(
                system, document, part_of(self._charter, system, document), behind=behind
            )
            self._order.join(stream)
        return stream

    def _take_in(self, stream: Stream, capture: Capture) -> None:
        stream.fresh.append(capture)
        stream.cursor = capture.id
        self._count += 1
        self._bytes += len(capture.body or b"")

    # -- what goes -----------------------------------------------------------

    @property
    def depth(self) -> int:
        """How many captures wait in memory."""
        return self._count

    async def take(self, limit: int) -> list[Capture]:
        """The next captures; waits while there is none."""
        while True:
            self._wake.clear()
            batch = self._next(limit) if self._begun else []
            if batch:
                return batch
            await self._wake.wait()

    def _next(self, limit: int) -> list[Capture]:
        batch = self._sent_back(max(limit // 4, 1))
        while len(batch) < limit:
            try:
                stream = self._order.pick(self._has)
            except Exception:  # ends in the store, where those that were taken out already still wait
                self.left(batch)
                raise
            if stream is None:
                break
            capture = stream.fresh.popleft()
            self._count -= 1
            self._bytes -= len(capture.body or b"")
            self._order.charge(stream, cost_of(capture))
            batch.append(capture)
        return batch

    def _sent_back(self, limit: int) -> list[Capture]:
        """Those that people sent back have a part of each batch; the closed ones among them wait on."""
        found, closed = list[Capture](), list[int]()
        for _ in range(min(limit, len(self._again))):
            capture = self._journal.capture(self._again[0])
            self._again.popleft()
            if capture is not None and self._gates.holds(capture.system):
                closed.append(capture.id)
            elif capture is not None:
                found.append(capture)
        self._again.extend(closed)
        return found

    def _has(self, stream: Stream) -> bool:
        """Whether a stream has a capture that may go; filled from the store where memory has none."""
        if self._gates.holds(stream.system):
            return False
        if not stream.fresh and stream.behind:
            page = self._journal.captures_waiting(stream.system, stream.document, stream.cursor, stream.page)
            for capture in page:
                self._take_in(stream, capture)
            # A short page means that the store holds no more: everything later is offered from memory.
            stream.behind = len(page) == stream.page
            size = sum(len(capture.body or b"") for capture in page)
            small = size < MEMORY_MAX_BYTES // 64
            stream.page = min(stream.page * 2, PAGE_MAX) if small else max(stream.page // 2, 1)
        return bool(stream.fresh)
