"""The worker: translates what came in, sends what is due, minds the clocks, on the partitions that it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from crossdock.journal.contract import Accepted, StoreDown
from crossdock.journal.tenure import News
from crossdock.pipeline.bound import Context
from crossdock.pipeline.lanes import Ordering
from crossdock.pipeline.receive import CommitGuard, Door
from crossdock.pipeline.target import WINDOW_MAX, Target
from crossdock.pipeline.term import Term
from crossdock.pipeline.transmit import DoubtGuard

_log = structlog.get_logger("crossdock.worker")
#: The tasks of a term without which nothing moves.
_FOR_EVER = ("translate", "tick")


class Worker:
    """One term after the other: a new one begins when another process has taken over what this one had."""

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
        self.door = Door(context, self._offer, commit)
        self._begin = lambda: Term(context, self.door, ordering, doubt, window=window)
        self._term = self._begin()

    @property
    def targets(self) -> Mapping[str, Target]:
        """The outbound side of each system."""
        return self._term.targets

    # -- life ----------------------------------------------------------------

    async def start(self) -> None:
        """Takes up what a former run left, then everything new."""
        self._context.signals.listen(self._heard)
        self._term.start()
        await self._context.tenure.work(self)

    async def stop(self) -> None:
        """Stops taking up work; what is stored stays."""
        await self._term.end()

    def ails(self) -> str | None:
        """What of the work has stopped that should go on for ever; None: all of it goes on."""
        going = {task.get_name() for task in self._term.tasks if not task.done()}
        stopped = [name for name in _FOR_EVER if name not in going]
        stopped += [task.get_name() for task in self._term.pollers.tasks if task.done()]
        return f"{stopped[0]} has stopped" if stopped else None

    # -- what the tenure gives and takes -------------------------------------

    async def gain(self, partitions: frozenset[int]) -> None:
        """Works on these partitions, too."""
        await self._term.gain(partitions)

    async def leave(self, partitions: frozenset[int]) -> None:
        """Works on these partitions no more."""
        await self._term.leave(partitions)

    async def drop(self) -> None:
        """Everything was lost: another term begins, with nothing yet."""
        await self._term.end()
        self._term = self._begin()
        self._term.start()

    # -- what comes from outside ---------------------------------------------

    def _offer(self, accepted: Accepted) -> None:
        """A capture has just been committed: it is ours, or its owner is told."""
        capture = accepted.record
        if capture is None:
            return
        if self._term.hold.has(capture.partition):
            self._term.feed.offer(capture)
        else:
            self._context.signals.tell(News(partitions=(capture.partition,)))

    def nudge(
        self,
        *,
        captures: Sequence[int] = (),
        messages: Sequence[int] = (),
        lanes: Sequence[tuple[str, str]] = (),
    ) -> None:
        """A person sent these back; they are in the store in their new state."""
        news = News(messages=tuple(messages), lanes=tuple(lanes), fixed=True)
        self._term.feed.again(captures)
        self._heard(news)
        self._context.signals.tell(news)

    def gates_changed(self) -> None:
        """A person opened or closed a way; it is in the store."""
        self._term.gates_changed()

    def _heard(self, news: News) -> None:
        try:
            self._term.heard(news)
        except StoreDown as down:  # what is told of is found by looking, once the store can be read
            _log.error("store down", says=str(down))
