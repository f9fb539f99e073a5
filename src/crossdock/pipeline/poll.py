"""Asks systems that do not push: cursor, overlap and page in one commit."""

from __future__ import annotations

import asyncio

import structlog

from crossdock.faults import Fault, TryLater, Unreadable
from crossdock.journal.chain import partition_of
from crossdock.journal.contract import StoreDown
from crossdock.journal.tenure import Hold
from crossdock.kit.connector import Page, Poller
from crossdock.message.gate import Direction
from crossdock.pipeline.bound import Bound, Context
from crossdock.pipeline.receive import Door
from crossdock.pipeline.unhad import Unhad

__all__ = ["Pollers", "pause_s"]

_log = structlog.get_logger("crossdock.poll")
#: Pauses after polls that failed double from the first to this many seconds, or to twice the flow's own pause:
#: a system that comes back is heard within seconds.
_FAILED_FIRST_S, _FAILED_MAX_S = 1.0, 5.0
#: How often a process that does not hold a poller's partition looks whether it does by now.
_HELD_EVERY_S = 0.5
_BUSY_S = 0.02


class Pollers:
    """One task per system and document; it asks only where the poller's partition is held."""

    def __init__(self, context: Context, door: Door, hold: Hold) -> None:
        self._context = context
        self._door = door
        self._hold = hold
        self._asking: dict[int, int] = {}  # how many ask now, by partition
        self.tasks: list[asyncio.Task[None]] = []
        self._unhad = Unhad(context)
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
        failures = 0
        while True:
            more = False
            if not self._hold.has(partition) or not self._context.tenure.may_send():
                self._unhad.forget(system.name, document)
                await self._context.clock.sleep(_HELD_EVERY_S)
                continue
            try:
                if self._may_ask(system.name):
                    self._asking[partition] = self._asking.get(partition, 0) + 1
                    try:
                        more = await self._once(bound, document, poller)
                    finally:
                        self._asking[partition] -= 1
                    if not more:
                        await self._caught_up(bound, document)
                failures = 0
            except (Fault, StoreDown) as fault:
                failures += 1
                if isinstance(fault, Unreadable):  # it comes again until its system has mended it
                    self._door.amiss(system.name, fault)
                wait_s = pause_s(failures, every_s)
                if isinstance(fault, TryLater) and fault.wait_s is not None:
                    wait_s = max(fault.wait_s, 0.1)
                _log.warning(
                    "poll failed", system=system.name, document=document, says=str(fault), again_in_s=wait_s
                )
                await self._context.clock.sleep(wait_s)
                continue
            except Exception:  # ends in the next try: the cursor has not moved
                failures += 1
                _log.exception("poll failed", system=system.name, document=document)
                await self._context.clock.sleep(pause_s(failures, every_s))
                continue
            if not more:
                await self._context.clock.sleep(every_s)

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

    async def _once(self, bound: Bound, document: str, poller: Poller) -> bool:
        """One page; True when there is more at once."""
        journal = self._context.journal
        cursor = journal.cursor(bound.system.name, document)
        page = await poller.poll(cursor, bound.client)
        if page.found or page.cursor != cursor:
            await self._store(bound, document, page)
        await self._unhad.note(bound.system.name, document, page)
        return page.more

    async def _store(self, bound: Bound, document: str, page: Page) -> None:
        arrivals = [
            self._door.arrival(
                bound, found.document, bound.readers[found.document], found.content, key=None, polled=True
            )
            for found in page.found
        ]
        accepted = self._context.journal.accept_page(arrivals, bound.system.name, document, page.cursor)
        # Not after the wait for it: what was committed behind it would be offered before it, and it never.
        accepted.add_done_callback(self._door.offer_page)
        await accepted


def pause_s(failures: int, every_s: float) -> float:
    """How long to wait after so many failures in a row, when the system itself named no time."""
    return min(_FAILED_FIRST_S * 2 ** min(failures - 1, 30), max(every_s * 2, _FAILED_MAX_S))
