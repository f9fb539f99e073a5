"""Messages that wait or lie on the desk, looked at again: what they lacked has come, or their time is over."""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from crossdock.faults import Invalid
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.journal.tenure import Hold
from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.decide import Decider
from crossdock.pipeline.translate import Translator
from crossdock.pipeline.waking import Waking

_log = structlog.get_logger("crossdock.worker")
#: Messages handed over, sent back or timed out that are read at once.
PAGE = 200


class Waiters:
    """Decides them anew, each in a commit of its own; those whose time is over share one."""

    def __init__(
        self,
        context: Context,
        hold: Hold,
        translator: Translator,
        decider: Decider,
        waking: Waking,
        *,
        decides: Lock,
        commit: Callable[[Batch], Coroutine[Any, Any, None]],
        forget: Callable[[Batch], None],
    ) -> None:
        """`commit` writes a batch, `forget` is told one that was not written."""
        self._journal = context.journal
        self._clock = context.clock
        self._hold = hold
        self._translator = translator
        self._decider = decider
        self._waking = waking
        self._decides = decides
        self._commit = commit
        self._forget = forget

    def find(self) -> None:
        """Finds those that a person sent back while no hub ran, that were handed over, or whose news was lost."""
        self._waking.look_again(self._journal.messages_sent_back(self._hold.partitions, PAGE))

    async def look_again(self) -> None:
        """Looks at a page of those that may find now what they lacked."""
        async with self._decides:
            for id_, desk in self._waking.take():
                await self.again(id_, desk=desk)
        self._waking.waiting = self._journal.count_waiting()

    async def handed_over(self) -> None:
        """Looks at all that others left to us; nothing else is decided meanwhile."""
        seen = set[int]()
        while ids := set(self._journal.messages_sent_back(self._hold.partitions, PAGE)) - seen:
            seen |= ids
            for id_ in sorted(ids):
                await self.again(id_, desk=False)

    async def again(self, id_: int, *, desk: bool) -> None:
        """Looks at one again; with `desk` also where it lies on the desk."""
        message = self._journal.message(id_)
        states = (MessageState.WAITING, MessageState.DESK) if desk else (MessageState.WAITING,)
        if message is None or message.state not in states or not self._hold.has(message.partition):
            return
        error = await self._failure(lambda batch: self._translator.again(message, batch))
        if isinstance(error, Overtaken | StoreDown):
            self._waking.look_again([id_], desk=desk)

    async def overdue(self) -> None:
        """Looks at those whose time is over; one that the hub stumbles over does not hold up the others."""
        page = self._journal.messages_overdue(self._hold.partitions, self._clock.now_ms(), PAGE)
        if not page:
            return
        async with self._decides:
            if await self._failure(lambda batch: self._late(page, batch)) is not None:
                for one in page:
                    await self._late_alone(one.id)
        self._waking.waiting = self._journal.count_waiting()

    def _late(self, overdue: Sequence[Message], batch: Batch) -> None:
        self._waking.look_again(filter(None, [self._decider.overdue(one, batch) for one in overdue]))

    async def _late_alone(self, id_: int) -> None:
        """The same of one, as the store has it; a defect of the hub brings it to the desk."""
        message = self._journal.message(id_)
        if message is None or message.state is not MessageState.WAITING:
            return
        error = await self._failure(lambda batch: self._late([message], batch))
        if error is None or isinstance(error, Overtaken | StoreDown):
            return  # it is looked at with the next page, as it is then
        poison = Invalid(
            f"the hub could not look at this again: {type(error).__name__}: {error}",
            fix="this is a defect of the hub or of its mapping; retry once it is mended, or resolve with a reason",
            type="poison",
        )
        fresh = self._journal.message(id_)
        if fresh is not None and fresh.state is MessageState.WAITING:
            await self._failure(lambda batch: self._decider.to_desk(fresh, poison, batch))

    async def _failure(self, decide: Callable[[Batch], None]) -> Exception | None:
        """Decides and writes one batch; gives why nothing of it was written, or None."""
        batch = self._translator.batch()
        try:
            decide(batch)
            await self._commit(batch)
        except Exception as error:  # ends in the state that each had: on the desk or waiting
            tell = _log.info if isinstance(error, Overtaken | StoreDown) else _log.exception
            tell("messages could not be looked at again", says=str(error))
            self._forget(batch)
            return error
        return None
