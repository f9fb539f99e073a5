"""Commits of one target: those that are waited for, and those that are written behind a lane that goes on."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from crossdock.journal.changes import Changes
from crossdock.journal.contract import Fenced, StoreDown
from crossdock.kit.connector import Ask
from crossdock.message.records import Transmission
from crossdock.message.states import EntryKind
from crossdock.pipeline.bound import Context
from crossdock.pipeline.conclude import Verdict
from crossdock.pipeline.lanes import Flight, Lane
from crossdock.pipeline.transmit import entry_of, in_words

_log = structlog.get_logger("crossdock.commit")
_STORE_RETRY_S = 0.5


class Commits:
    """Writes what came of sendings.

    `stored` is told the flights whose rows a commit made durable, `completed` the transmission that
    ended, `parted` a lane of which memory and store no longer say the same.
    """

    def __init__(
        self,
        context: Context,
        system: str,
        *,
        stored: Callable[[Lane, Sequence[Flight]], None],
        completed: Callable[[int], None],
        parted: Callable[[Lane], None],
    ) -> None:
        self._journal = context.journal
        self._clock = context.clock
        self._system = system
        self._stored = stored
        self._completed = completed
        self._parted = parted
        self._tasks: set[asyncio.Task[None]] = set()
        self.ending: dict[int, int] = {}  #: transmissions whose end is on its way to the disk -> partition

    async def durable(self, changes: Changes) -> None:
        """Commits, however long the store takes to come back."""
        while True:
            try:
                await self._journal.submit(changes)
            except Fenced:
                # Another process has what was ours: nothing of this is written, and this term ends.
                await asyncio.get_running_loop().create_future()
            except StoreDown as down:
                _log.error("store down", says=str(down), system=self._system)
                await self._clock.sleep(_STORE_RETRY_S)
            else:
                return

    async def stored_again(self, flights: Sequence[Flight], changes: Changes) -> None:
        """Commits what became of some flights, if there are any; their lane may go from them."""
        if flights:
            await self.durable(changes)
            for flight in flights:
                flight.stored = True

    async def ask(self, flight: Flight, ask: Ask) -> None:
        """Stores a further request of a dialogue before it leaves."""
        changes = self._journal.changes()
        entry = entry_of(flight.t, EntryKind.sent, in_words(ask))
        entry.payload, entry.digest = changes.payload(ask.body)
        entry.state = flight.t.state.value
        changes.entry(entry)
        await self.durable(changes)

    async def concluded(self, conclude: Callable[[Changes], Verdict]) -> tuple[Verdict, Changes]:
        """What came of a sending, and the changes that say so; waits while what it must look up cannot be read."""
        while True:
            changes = self._journal.changes()
            try:
                return conclude(changes), changes
            except StoreDown as down:
                _log.error("store down", says=str(down), system=self._system)
                await self._clock.sleep(_STORE_RETRY_S)

    def behind(self, lane: Lane, marked: Sequence[Flight], changes: Changes, done: Transmission) -> None:
        """Commits while the lane goes on.

        `marked` are the flights that these changes, and no others, store as SENDING: what follows is
        sent only once its own row is durable. A commit that fails is tried again, and the lane waits for
        it: a later outcome written before this one would be undone by it, and what left meanwhile would
        look after a stop as if it had never left.
        """
        lane.writing += 1
        self.ending[done.id] = done.partition
        future = self._journal.submit(changes)

        def written(result: Future[None]) -> None:
            if result.cancelled():
                return
            if result.exception() is None:
                lane.writing -= 1
                self._written(lane, marked, done)
            else:
                lane.failing += 1
                self.run(lane, self._again(lane, marked, changes, done))

        future.add_done_callback(written)

    async def _again(
        self, lane: Lane, marked: Sequence[Flight], changes: Changes, done: Transmission
    ) -> None:
        try:
            await self.durable(changes)
        finally:
            lane.writing -= 1
            lane.failing -= 1
            self.ending.pop(done.id, None)
        self._written(lane, marked, done)

    def _written(self, lane: Lane, marked: Sequence[Flight], done: Transmission) -> None:
        self.ending.pop(done.id, None)
        lane.given.pop(done.hub, None)  # the store says so from now on
        self._stored(lane, marked)
        self._completed(done.id)

    def run(self, lane: Lane, work: Coroutine[Any, Any, None]) -> None:
        """Does something for a lane beside its sender; if that fails, the store says how the lane stands."""

        async def attempt() -> None:
            try:
                await work
            except Exception:  # ends in a reload of the lane: memory and store had parted
                _log.exception("a lane is read anew", system=self._system, key=lane.key)
                self._parted(lane)
            finally:
                lane.writing -= 1

        lane.writing += 1
        task = asyncio.get_running_loop().create_task(attempt())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Gives up what has not been written; the next start finds it as it was."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
