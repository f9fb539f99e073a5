"""The worker: translates what came in, sends what is due, minds the clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from crossdock.journal.contract import StoreDown
from crossdock.message.records import Capture
from crossdock.message.states import CaptureState, MessageState
from crossdock.pipeline.backlog import Backlog
from crossdock.pipeline.bound import Context
from crossdock.pipeline.decide import Batch, Decider
from crossdock.pipeline.feed import Feed
from crossdock.pipeline.knowledge import Knowledge
from crossdock.pipeline.lanes import Ordering
from crossdock.pipeline.poll import Pollers
from crossdock.pipeline.receive import CommitGuard, Door
from crossdock.pipeline.route import Router
from crossdock.pipeline.target import WINDOW_MAX, Target
from crossdock.pipeline.translate import Translator
from crossdock.pipeline.transmit import DoubtGuard

_log = structlog.get_logger("crossdock.worker")
#: Captures decided in one commit.
BATCH_MAX = 64
#: Messages woken or timed out at once.
WAITING_PAGE = 200
_TICK_S = 0.25
_ANCHOR_EVERY_S = 60.0
_STORE_RETRY_S = 0.5


class Worker:
    """Everything that goes on without being asked."""

    def __init__(
        self,
        context: Context,
        *,
        commit: CommitGuard,
        ordering: Ordering,
        doubt: DoubtGuard,
        window: int = WINDOW_MAX,
    ) -> None:
        self._context = context
        self._journal = context.journal
        self.feed = Feed(context.journal)
        self.door = Door(context, self.feed, commit)
        self._backlog = Backlog(context)
        self.targets = {
            name: Target(
                context, bound, ordering, doubt,
                window=window,
                completed=self._completed, blocked=self._blocked, freed=self._backlog.reload,
            )
            for name, bound in context.systems.items()
        }  # fmt: skip
        known = Knowledge(context.journal)
        decider = Decider(context, known, Router(context, self.targets))
        self._translator = Translator(context, known, decider)
        self._decider = decider
        self.pollers = Pollers(context, self.door)
        self._again: list[int] = []
        self._waiting = 0  #: messages that wait for a predecessor, as far as we know
        self._tasks: list[asyncio.Task[None]] = []
        self._decides = asyncio.Lock()  #: one batch at a time, so that each sees what the others wrote

    # -- life ----------------------------------------------------------------

    async def start(self) -> None:
        """Takes up what a former run left, then everything new."""
        self._waiting = self._journal.count_waiting()
        self._journal.refresh_overrides()
        for target in self.targets.values():
            doubted = await self._backlog.recover(target)
            if doubted:
                _log.warning("sends were cut off by the last stop", system=target.name, count=doubted)
            target.start()
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._translate(), name="translate"),
            loop.create_task(self._tick(), name="tick"),
        ]
        self.pollers.start()

    async def stop(self) -> None:
        """Stops taking up work; what is stored stays."""
        await self.pollers.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._backlog.stop()
        for target in self.targets.values():
            await target.stop()

    # -- captures ------------------------------------------------------------

    async def _translate(self) -> None:
        while True:
            captures = await self.feed.take(BATCH_MAX)
            await self._decide(captures)

    async def _decide(self, captures: Sequence[Capture]) -> None:
        async with self._decides:
            batch = self._translator.batch()
            try:
                with self._journal.snapshot():
                    for capture in captures:
                        self._translator.capture(capture, batch)
                await self._commit(batch)
            except Exception:  # ends in _one_by_one, where only the one at fault goes to the desk
                _log.exception("a batch could not be decided", captures=len(captures))
                self._forget(batch)
                await self._one_by_one([capture.id for capture in captures])

    def _forget(self, batch: Batch) -> None:
        """Nothing of a batch was written."""
        for t in batch.routed:
            self.targets[t.target].forget(t)

    async def _one_by_one(self, captures: Sequence[int]) -> None:
        """Decides each capture alone, so that a defect of the hub stops one document and not the line."""
        for id_ in captures:
            capture = self._journal.capture(id_)
            if capture is None or capture.state is not CaptureState.WAITING:
                continue
            batch = self._translator.batch()
            try:
                self._translator.capture(capture, batch)
                await self._commit(batch)
            except Exception as error:  # ends on the desk as `poison`
                self._forget(batch)
                capture = self._journal.capture(id_)
                assert capture is not None, "nobody else moves a capture that waits"
                batch = self._translator.batch()
                self._translator.poisoned(capture, error, batch)
                await self._commit(batch)

    async def _commit(self, batch: Batch) -> None:
        """Writes a batch, however long the store takes; then its lanes may go and waiters are woken."""
        while True:
            try:
                await self._journal.submit(batch.changes)
                break
            except StoreDown as down:
                _log.error("store down", says=str(down))
                await self._context.clock.sleep(_STORE_RETRY_S)
        for t in batch.routed:
            self.targets[t.target].committed(t)
        self._waiting += batch.waiting
        for arrived in batch.arrived:
            if self._waiting > 0:
                self._again.extend(m.id for m in self._journal.messages_waiting_for(arrived, WAITING_PAGE))
            if arrived.startswith("item/"):
                self._again.extend(self._journal.messages_lacking_item(arrived[5:], WAITING_PAGE))

    # -- clocks --------------------------------------------------------------

    async def _tick(self) -> None:
        anchored = self._context.clock.monotonic_s()
        while True:
            await self._context.clock.sleep(_TICK_S)
            try:
                for target in self.targets.values():
                    self._backlog.refill(target)
                await self._look_again()
                if self._waiting:
                    await self._overdue()
                if self._context.clock.monotonic_s() - anchored > _ANCHOR_EVERY_S:
                    anchored = self._context.clock.monotonic_s()
                    await self._journal.anchor()
            except Exception:  # ends in the next tick: the clocks must not stop
                _log.exception("the clock stumbled")

    async def _look_again(self) -> None:
        ids, self._again = self._again[:WAITING_PAGE], self._again[WAITING_PAGE:]
        if not ids:
            # Those that a person sent back while no hub ran, or whose nudge was lost.
            ids = self._journal.messages_sent_back(WAITING_PAGE)
        if not ids:
            return
        async with self._decides:
            for id_ in ids:
                await self._again_one(id_)
        self._waiting = self._journal.count_waiting()

    async def _again_one(self, id_: int) -> None:
        message = self._journal.message(id_)
        if message is None or message.state not in (MessageState.WAITING, MessageState.DESK):
            return
        batch = self._translator.batch()
        try:
            self._translator.again(message, batch)
            await self._commit(batch)
        except Exception:  # ends in the state it had: on the desk or waiting
            _log.exception("a message could not be looked at again", message=id_)
            self._forget(batch)

    async def _overdue(self) -> None:
        overdue = self._journal.messages_overdue(self._context.clock.now_ms(), WAITING_PAGE)
        if not overdue:
            return
        async with self._decides:
            batch = self._translator.batch()
            for message in overdue:
                self._decider.overdue(message, batch)
            await self._commit(batch)
        self._waiting = self._journal.count_waiting()

    # -- between targets -----------------------------------------------------

    def _completed(self, transmission: int) -> None:
        """A transmission is done: those that come after it may go."""
        for target in self.targets.values():
            key = target.unfinished.pop(transmission, None)
            if key is not None:
                target.wake(key)

    def _blocked(self, transmission: int) -> None:
        """A transmission waits for a person: a lane whose head comes after it looks at that."""
        for target in self.targets.values():
            key = target.unfinished.get(transmission)
            if key is not None:
                target.wake(key)

    # -- from the desk -------------------------------------------------------

    def nudge(
        self,
        *,
        captures: Sequence[int] = (),
        messages: Sequence[int] = (),
        lanes: Sequence[tuple[str, str]] = (),
    ) -> None:
        """A person sent these back; they are in the store in their new state."""
        self._journal.refresh_overrides()
        self.feed.again(list(captures))
        self._again.extend(messages)
        for name, key in lanes:
            if name in self.targets:
                self._backlog.reload(self.targets[name], key)
