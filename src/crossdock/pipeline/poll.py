"""Asks systems that do not push: cursor, overlap and page in one commit."""

from __future__ import annotations

import asyncio
from enum import Enum

import structlog

from crossdock.faults import Fault, TryLater
from crossdock.journal.chain import partition_of
from crossdock.journal.contract import StoreDown
from crossdock.journal.tenure import Hold
from crossdock.kit.connector import Poller
from crossdock.message.gate import Direction
from crossdock.pipeline.bound import Bound, Context
from crossdock.pipeline.pages import Pages
from crossdock.pipeline.receive import Door
from crossdock.pipeline.standstill import Standstill
from crossdock.pipeline.unhad import Unhad

__all__ = ["Pollers", "pause_s"]

_log = structlog.get_logger("crossdock.poll")
#: Pauses after polls that failed double from the first to this many seconds, or to twice the flow's own pause:
#: a system that comes back is heard within seconds.
_FAILED_FIRST_S, _FAILED_MAX_S = 1.0, 5.0
#: How often a process that does not hold a poller's partition looks whether it does by now.
_HELD_EVERY_S = 0.5
_BUSY_S = 0.02


class Following(Enum):
    """When the page after one is asked for."""

    AT_ONCE = 1  #: there is more, and the feed goes on
    LATER = 2  #: it says that there is more, and does not go on
    END = 3  #: all that was there was asked for


class Pollers:
    """One task per system and document; it asks only where the poller's partition is held."""

    def __init__(self, context: Context, door: Door, hold: Hold) -> None:
        self._context = context
        self._pages = Pages(context, door)
        self._hold = hold
        self._asking: dict[int, int] = {}  # how many ask now, by partition
        self.tasks: list[asyncio.Task[None]] = []
        self._unhad = Unhad(context)
        self._standstill = Standstill(context)
        self._ended: dict[str, set[str]] = {}  #: documents that were asked for up to their end

    def start(self) -> None:
        """Begins to ask."""
        loop = asyncio.get_running_loop()
        for bound in self._context.systems.values():
            for document, poller in bound.pollers.items():
                name = f"poll-{bound.system.name}-{document}"
                self.tasks.append(loop.create_task(self._ask(bound, document, poller), name=name))

    async def stop(self) -> None:
        """Ends the polling."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def leave(self, partitions: frozenset[int]) -> None:
        """Waits until no page of these partitions is under way; no new one is begun."""
        while any(self._asking.get(partition) for partition in partitions):
            await self._context.clock.sleep(_BUSY_S)

    async def _ask(self, bound: Bound, document: str, poller: Poller) -> None:
        system = bound.system
        flow = system.flow_in(document)
        every_s = (flow.every_s if flow else None) or 5.0
        partition = partition_of(f"poll/{system.name}/{document}")
        while True:
            if not self._hold.has(partition) or not self._context.tenure.may_send():
                self._unhad.forget(system.name, document)
                self._standstill.forget(system.name, document)
                await self._context.clock.sleep(_HELD_EVERY_S)
                continue
            wait_s = every_s
            try:
                if self._may_ask(system.name):
                    self._asking[partition] = self._asking.get(partition, 0) + 1
                    try:
                        following = await self._once(bound, document, poller)
                    finally:
                        self._asking[partition] -= 1
                    if following is Following.AT_ONCE:
                        continue
                    if following is Following.END:
                        await self._caught_up(bound, document)
            except Exception as error:  # ends in the next try: the cursor has not moved
                wait_s = await self._failed(system.name, document, error, every_s)
            await self._context.clock.sleep(wait_s)

    async def _failed(self, system: str, document: str, error: Exception, every_s: float) -> float:
        """Notes a try that failed, and gives the pause after it."""
        told = True
        try:
            await self._standstill.failed(system, document, error)
        except Exception:  # ends in the next try, which tells of it again
            told = False
        failures = self._standstill.of(system, document).failures
        wait_s = pause_s(failures, every_s)
        if isinstance(error, TryLater) and error.wait_s is not None:
            wait_s = max(error.wait_s, 0.1)
        if isinstance(error, Fault | StoreDown):
            _log.warning(
                "poll failed", system=system, document=document, says=str(error), again_in_s=wait_s, told=told
            )
        else:
            _log.error("poll failed", system=system, document=document, exc_info=error, told=told)
        return wait_s

    def _may_ask(self, system: str) -> bool:
        """Whether a system may be asked: nobody has closed its way in, and there is room for what it tells."""
        context = self._context
        return context.gates.shut(system, Direction.IN) is None and not context.full(system)

    async def _caught_up(self, bound: Bound, document: str) -> None:
        """Ends restored mode for a system once everything it hands in was asked for up to its end."""
        system, restored = bound.system, self._context.restored
        if all(one.system != system.name for one in restored.open):
            return
        ended = self._ended.setdefault(system.name, set())
        ended.add(document)
        if all(flow.document in ended for flow in system.flows_in):
            await restored.end(system.name, "asked for all that came since the backup")

    async def _once(self, bound: Bound, document: str, poller: Poller) -> Following:
        """One page, and when the next one is asked for."""
        name, journal = bound.system.name, self._context.journal
        cursor = journal.cursor(name, document)
        page = await poller.poll(cursor, bound.client)
        new = False
        if page.found or page.cursor != cursor:
            new = await self._pages.store(bound, document, page, cursor)
        await self._unhad.note(name, document, page)
        if await self._standstill.page(name, document, cursor, page.cursor, more=page.more, new=new):
            return Following.AT_ONCE
        return Following.LATER if page.more else Following.END


def pause_s(failures: int, every_s: float) -> float:
    """How long to wait after so many failures in a row, when the system itself named no time."""
    return min(_FAILED_FIRST_S * 2 ** min(failures - 1, 30), max(every_s * 2, _FAILED_MAX_S))
