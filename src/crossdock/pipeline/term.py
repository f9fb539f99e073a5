"""One term of work: from the taking up of partitions until they are given back, or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog

from crossdock.journal.contract import Fenced, Overtaken, StoreDown
from crossdock.journal.tenure import Hold, News
from crossdock.message.gate import Direction
from crossdock.message.records import Capture
from crossdock.message.states import CaptureState
from crossdock.pipeline import ahead
from crossdock.pipeline.backlog import Backlog
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.clockwork import Duty, for_ever
from crossdock.pipeline.decide import Decider
from crossdock.pipeline.feed import Feed
from crossdock.pipeline.gatewatch import GateWatch
from crossdock.pipeline.knowledge import Knowledge, has_come
from crossdock.pipeline.lanes import Ordering
from crossdock.pipeline.poll import Pollers
from crossdock.pipeline.receipts import Receipts
from crossdock.pipeline.receive import Door
from crossdock.pipeline.resending import Resending
from crossdock.pipeline.route import Router
from crossdock.pipeline.shared_feed import SharedFeed
from crossdock.pipeline.stockkeeping.watch import StockWatch
from crossdock.pipeline.target import Target
from crossdock.pipeline.translate import Translator
from crossdock.pipeline.transmit import DoubtGuard
from crossdock.pipeline.turned_away import TurnedAway
from crossdock.pipeline.waiters import Waiters
from crossdock.pipeline.waking import Waking

_log = structlog.get_logger("crossdock.worker")
#: Captures decided in one commit.
BATCH_MAX = 64
#: How often one capture is decided anew because another process was faster, before it counts as a defect.
OVERTAKEN_MAX = 5
#: Where others write, too, the store is asked for what nobody told us: not at every tick.
_LOOK_EVERY_S = 1.0
#: How often those that wait are compared with what has come: a process may end before it wakes them.
_COMPARE_EVERY_S = 10.0
_ANCHOR_EVERY_S = 60.0
_STORE_RETRY_S = 0.5


class Term:
    """Everything that goes on without being asked, on the partitions held now."""

    def __init__(
        self, context: Context, door: Door, ordering: Ordering, doubt: DoubtGuard, *, window: int
    ) -> None:
        self._context = context
        self._journal = context.journal
        self._shared = context.tenure.shared
        self.hold = Hold(())
        self.feed = SharedFeed(context, self.hold) if self._shared else Feed(context)
        self._backlog = Backlog(context, self.hold)
        self.targets = {
            name: Target(
                context, bound, ordering, doubt, self.hold,
                window=window,
                completed=self._completed, blocked=self._blocked, freed=self._backlog.reload,
            )
            for name, bound in context.systems.items()
        }  # fmt: skip
        for target in self.targets.values():
            target.refill = self._backlog.refill_soon
        known = Knowledge(context.journal)
        decider = Decider(context, known, Router(context, self.targets), self.hold)
        self._translator = Translator(context, known, decider)
        self._decider = decider
        self._receipts = Receipts(context)
        self._resending = Resending(context, self.targets, self.hold)
        self._turned_away = TurnedAway(decider, self._forget, self._reload)
        self.pollers = Pollers(context, door, self.hold)
        self._gatewatch = GateWatch(context, self.targets, self._opened)
        self._waking = Waking(context, self.hold)
        self._decides = asyncio.Lock()  #: one batch at a time, so that each sees what the others wrote
        self._waiters = Waiters(
            context, self.hold, self._translator, decider, self._waking,
            decides=self._decides, commit=self._commit, forget=self._forget,
        )  # fmt: skip
        wake = self._waking.stock_come
        self._watch = StockWatch(context, self.targets, self.hold, wake) if context.stock else None
        self._fixes = 0  #: what people had added when we last looked
        self.tasks: set[asyncio.Task[None]] = set()

    # -- life ----------------------------------------------------------------

    def start(self) -> None:
        """Begins to work on whatever is held and will be."""
        self._gatewatch.look(store=True)
        for target in self.targets.values():
            target.start()
        self._run(self._translate(), "translate")
        self._run(for_ever(self._context.clock, self._duties()), "tick")
        if self._watch is not None:
            self._run(self._watch.run(), "stock")
        self.pollers.start()

    async def gain(self, partitions: frozenset[int]) -> None:
        """Takes up what another run or another process left in these partitions, then everything new."""
        self._journal.refresh_overrides()
        self._context.restored.refresh()
        for target in self.targets.values():
            doubted = await self._backlog.recover(target, partitions)
            if doubted:
                _log.warning("sends were cut off by the last stop", system=target.name, count=doubted)
        async with self._decides:
            self._backlog.awaits(self.targets.values(), partitions)
            await self._waiters.handed_over()
        self._waking.waiting = self._journal.count_waiting()
        for target in self.targets.values():
            await self._backlog.load(target)
        self._waking.freed(partitions)
        self.feed.look()

    async def leave(self, partitions: frozenset[int]) -> None:
        """Lets go of these partitions once nothing of them is under way."""
        async with self._decides:
            # Never amid a batch: the rest of it would be handed over as messages, and whoever comes next
            # would decide the captures behind them first.
            self.hold.remove(partitions)
        self.feed.forget(partitions)
        await self.pollers.leave(partitions)
        for target in self.targets.values():
            await self._backlog.vacate(target, partitions)

    async def end(self) -> None:
        """Stops at once; what is stored stays as it is."""
        self.hold.remove(self.hold.partitions)
        await self.pollers.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for target in self.targets.values():
            await target.stop()
        await self._backlog.stop()

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # -- captures ------------------------------------------------------------

    async def _translate(self) -> None:
        while True:
            captures: Sequence[Capture] = ()
            try:
                captures = await self.feed.take(BATCH_MAX)
                await self._decide(captures)
            except Exception as error:  # ends in another try: they still wait in the store
                tell = _log.error if isinstance(error, StoreDown) else _log.exception
                tell("captures were left waiting", captures=len(captures), says=str(error))
                await self._context.clock.sleep(_STORE_RETRY_S)
                self.feed.left(captures)

    async def _decide(self, captures: Sequence[Capture]) -> None:
        self._refresh()
        async with self._decides:
            batch = self._translator.batch()
            held = [c for c in captures if c.state is CaptureState.WAITING and self.hold.has(c.partition)]
            try:
                with self._journal.snapshot():
                    readings = [self._translator.read(capture) for capture in held]
                await self._journal.foresee(lambda: ahead.of_readings(readings, self._context.charter))
                # What was let go of meanwhile is decided by whoever comes next, in its order.
                readings = [one for one in readings if self.hold.has(one.capture.partition)]
                with self._journal.snapshot():
                    batch = self._translator.judged(readings, batch, self._forget)
                await self._commit(batch)
            except Exception as error:  # ends in _one_by_one, where only the one at fault goes to the desk
                tell = _log.info if isinstance(error, Overtaken | StoreDown) else _log.exception
                tell("a batch could not be decided as it was", captures=len(held), says=str(error))
                self._forget(batch)
                await self._one_by_one([capture.id for capture in held])

    def _refresh(self) -> None:
        """Takes over what people added through other processes, before anything is decided with it."""
        if self._shared and (fixes := self._journal.fixes()) != self._fixes:
            self._fixes = fixes
            self._journal.refresh_overrides()
            self._context.refresh()

    def _forget(self, batch: Batch) -> None:
        """Nothing of a batch was written."""
        for t in batch.routed:
            self.targets[t.target].forget(t)

    async def _one_by_one(self, captures: Sequence[int]) -> None:
        """Decides each capture alone, so that a defect of the hub stops one document and not the line."""
        for id_ in captures:
            for turn in range(OVERTAKEN_MAX):
                capture = self._journal.capture(id_)
                if capture is None or capture.state is not CaptureState.WAITING:
                    break
                if await self._alone(capture, last=turn == OVERTAKEN_MAX - 1):
                    break

    async def _alone(self, capture: Capture, *, last: bool) -> bool:
        """Decides one capture; False when another process was faster with something that it needs."""
        batch = self._translator.batch()
        try:
            self._translator.capture(self._translator.read(capture), batch)
            await self._commit(batch)
        except StoreDown:
            self._forget(batch)
            raise
        except Exception as error:  # ends on the desk as `poison`
            self._forget(batch)
            if isinstance(error, Overtaken) and not last:
                return False
            anew = self._journal.capture(capture.id)
            assert anew is not None, "a capture does not go away"
            if anew.state is CaptureState.WAITING:
                batch = self._translator.batch()
                self._translator.poisoned(anew, error, batch)
                await self._commit(batch)
        return True

    async def _commit(self, batch: Batch) -> None:
        """Writes a batch, however long the store takes; then its lanes may go and waiters are woken."""
        self._decider.write(batch.changes)
        while True:
            try:
                await self._journal.submit(batch.changes)
                self._decider.brake.keep()
                break
            except Fenced:
                await asyncio.get_running_loop().create_future()  # others have what was ours: this term ends
            except StoreDown as down:
                _log.error("store down", says=str(down))
                await self._context.clock.sleep(_STORE_RETRY_S)
        for t in batch.routed:
            self.targets[t.target].committed(t)
        self._waking.waiting += batch.waiting
        try:
            self._wake_waiting(batch)
        except StoreDown as down:  # who waits is found when they are compared with what has come
            _log.error("store down", says=str(down))

    def _wake_waiting(self, batch: Batch) -> None:
        """What waited for something in this batch is looked at again, here or where it is held."""
        # Whoever begins to wait looks once more afterwards, and we look after we have written: of the two
        # at least one sees the other, whichever process it is in.
        if self._waking.waiting > 0 or self._shared:
            self._waking.come(batch.arrived)
        self._waking.look_again(batch.late, desk=True)
        for arrived in batch.arrived:
            if arrived.startswith("item/"):
                self._waking.item_come(arrived[5:])
        if self._shared:
            self._waking.look_again(
                id_ for id_, system, awaited in batch.waits if has_come(self._journal, system, awaited)
            )
        if batch.elsewhere:
            self._context.signals.tell(News(partitions=tuple(sorted(batch.elsewhere))))

    # -- clocks --------------------------------------------------------------

    def _duties(self) -> list[Duty]:
        """What comes round, in this order; where others write, too, the store is not asked at every tick."""
        look_s = _LOOK_EVERY_S if self._shared else 0.0
        return [
            Duty("refill", self._refill),
            Duty(
                "turned_away",
                lambda: self._turned_away.look(self._decides, self._translator.batch, self._commit),
            ),
            Duty("find", self._find, look_s),
            Duty("look_again", self._look_again),
            Duty("overdue", self._overdue, look_s),
            Duty(
                "resend",
                lambda: self._resending.make(self._decides, self._translator.batch, self._commit),
                look_s,
            ),
            Duty("receipts", self._missed),
            Duty("news", self._news, look_s or _COMPARE_EVERY_S),
            Duty("compare", self._compare, _COMPARE_EVERY_S),
            Duty("gates", self._gatewatch.look),
            Duty("anchor", self._journal.anchor, _ANCHOR_EVERY_S),
        ]

    def _refill(self) -> None:
        for target in self.targets.values():
            self._backlog.refill(target)

    def _find(self) -> None:
        if not self._waking:
            self._waiters.find()

    async def _look_again(self) -> None:
        if self._waking:
            self._refresh()
            await self._waiters.look_again()

    async def _overdue(self) -> None:
        if self._waking.waiting:
            await self._waiters.overdue()

    async def _missed(self) -> None:
        if self._receipts.due(self._context.clock.monotonic_s()):
            async with self._decides:
                await self._receipts.missed(self._translator.batch(), self.hold, self._commit)

    def _news(self) -> None:
        """What people did, and nobody told us of: beside other processes, or in an act that broke off."""
        self._refresh()
        self._backlog.reload_freed(self.targets.values())

    def _compare(self) -> None:
        if self._waking.waiting:
            self._waking.compare()

    def _opened(self, system: str, way: Direction) -> None:
        """What waited at a way that was closed is looked at."""
        self.feed.look()
        for lane in self.targets[system].lanes.all():
            self.targets[system].schedule(lane)

    def gates_changed(self) -> None:
        """A person opened or closed a way; it is in the store."""
        self._gatewatch.look(store=True)

    # -- between targets -----------------------------------------------------

    def _reload(self, target: str, key: str) -> None:
        self._backlog.reload(self.targets[target], key)

    def _completed(self, transmission: int) -> None:
        """A transmission is done: those that come after it, or wait for its answer, may go."""
        self._waking.look_again(self._decider.follow_up.awaiting(transmission), desk=True)
        for target in self.targets.values():
            if (key := target.unfinished.pop(transmission, None)) is not None:
                target.wake(key)

    def _blocked(self, transmission: int) -> None:
        """A transmission waits for a person: a lane whose head comes after it looks at that."""
        self._turned_away.note(transmission)
        self._waking.look_again(self._decider.follow_up.awaiting(transmission), desk=True)
        for target in self.targets.values():
            if (key := target.unfinished.get(transmission)) is not None:
                target.wake(key)

    # -- from elsewhere ------------------------------------------------------

    def heard(self, news: News) -> None:
        """Something is in the store that concerns us, perhaps."""
        if news.fixed:
            self._journal.refresh_overrides()
            self._refresh()
        if news.fixed or any(map(self.hold.has, news.partitions)):
            self.feed.look()
            if self._shared:
                self._waiters.find()
        self._waking.look_again(news.messages, desk=True)
        for name, key in news.lanes:
            if name in self.targets:
                self._backlog.reload(self.targets[name], key)
