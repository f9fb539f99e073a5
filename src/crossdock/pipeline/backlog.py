"""Work of a target that is in the store but not in memory: taken up or given away, beyond the window, after an act."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

from crossdock.journal.changes import Changes
from crossdock.journal.tenure import Hold
from crossdock.message.records import Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.pipeline.bound import Context
from crossdock.pipeline.conclude import Verdict
from crossdock.pipeline.lanes import Flight, Lane
from crossdock.pipeline.target import Target
from crossdock.pipeline.transmit import entry_of
from crossdock.pipeline.windows import Window

_S = TransmissionState
_RUNNING = (_S.DUE, _S.RETRYING, _S.IN_DOUBT)
_CHUNK = 500
_BUSY_S = 0.02


class Backlog:
    """Brings stored work into lanes."""

    def __init__(self, context: Context, hold: Hold) -> None:
        self._context = context
        self._journal = context.journal
        self._hold = hold
        self._tasks: set[asyncio.Task[None]] = set()

    # -- partitions come and go ------------------------------------------------

    async def recover(self, target: Target, partitions: Collection[int]) -> int:
        """After a stop: what was being sent is in doubt. Gives how many were; the rest is for `load`.

        The list is read whole before any of it is moved, since freeing a lane could add to it.
        """
        self._find_blocked(target, partitions)
        interrupted = list[Transmission]()
        while True:
            after = interrupted[-1].id if interrupted else 0
            page = self._journal.open_transmissions(target.name, (_S.SENDING,), after, _CHUNK, partitions)
            interrupted.extend(page)
            if len(page) < _CHUNK:
                break
        for at in range(0, len(interrupted), _CHUNK):
            await self._interrupted(target, interrupted[at : at + _CHUNK])
        return len(interrupted)

    def _find_blocked(self, target: Target, partitions: Collection[int]) -> None:
        for key, transmission, partition in self._journal.lanes_blocked(target.name, partitions):
            lane = target.lanes.by_key(key)
            lane.partition = partition
            lane.blocked_by = self._journal.cause_of(transmission)

    async def load(self, target: Target) -> None:
        """Brings what is due in the partitions held into memory, as far as there is room."""
        # From the beginning: work of a partition that has just come may be older than all that is known.
        target.windows.rewind()
        while target.windows.spilled and self.refill(target):
            await asyncio.sleep(0)

    async def vacate(self, target: Target, partitions: Collection[int]) -> None:
        """Forgets the lanes of these partitions once nothing of them is under way."""
        while any(
            lane.busy or lane.writing or not all(flight.stored for flight in lane.flights)
            for lane in target.lanes.within(partitions)
        ):
            await self._context.clock.sleep(_BUSY_S)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        changes = self._journal.changes()
        for lane in target.lanes.within(partitions):
            for flight in lane.flights:
                if flight.t.state is _S.SENDING:  # stored ahead of its turn, and its turn never came here
                    flight.t.attempt -= 1
                    entry = entry_of(flight.t, EntryKind.decided, "another process takes its lane")
                    changes.move_transmission(flight.t, _S.DUE, entry)
        if changes.rows:
            await target.commits.durable(changes)
        for lane in target.lanes.within(partitions):
            target.vacated(lane)

    async def stop(self) -> None:
        """Gives up what has not been written."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _interrupted(self, target: Target, page: list[Transmission]) -> None:
        changes = self._journal.changes()
        for t in page:
            writer = target.writer(t.document)
            if writer is None:
                continue
            lane = target.lanes.of(t)
            if lane.blocked_by is not None:
                # The head of its lane already waits for a person; this one was stored ahead of its turn.
                target.concluder.hold([Flight(t)], lane.blocked_by, changes)
                continue
            if target.concluder.interrupted(Flight(t), writer, changes) is Verdict.BLOCKED:
                lane.blocked_by = target.concluder.cause
        await target.commits.durable(changes)

    def refill(self, target: Target) -> bool:
        """Brings work from the store into memory while there is room; True when it brought something."""
        found = False
        for origin, window in target.windows.spilled:
            if target.windows.half_empty(origin):
                found = self._refill(target, origin, window) or found
        return found

    def refill_soon(self, target: Target, origin: str) -> None:
        """Does so for one origin, if memory runs low on its work while the store has more."""
        window = target.windows.of(origin)
        if window.spilled and not window.refilling and target.windows.half_empty(origin):
            window.refilling = True
            asyncio.get_running_loop().call_soon(self._refill, target, origin, window)

    def _refill(self, target: Target, origin: str, window: Window) -> bool:
        window.refilling = False
        limit = max(target.windows.room(origin), 1)
        rows = self._journal.open_transmissions(
            target.name, _RUNNING, window.loaded_upto, limit, self._hold.partitions, origin
        )
        held: dict[str, list[Flight]] = {}
        begun = window.loaded_upto
        for t in rows:
            lane = target.lanes.of(t)
            aboard = t.id in target.lanes.aboard
            if not aboard and lane.blocked_by is None and target.windows.elder_waits(t, lane):
                break  # its elder comes with the work of another system
            window.loaded_upto = t.id
            if aboard:
                continue
            flight = Flight(t, stored=True)
            if lane.blocked_by is not None:
                held.setdefault(lane.blocked_by, []).append(flight)
                continue
            self._comes_after(target, lane, t)
            target.lanes.push(lane, flight)
            target.schedule(lane)
        if held:
            changes = self._journal.changes()
            for cause, flights in held.items():
                target.concluder.hold(flights, cause, changes)
            self._run(target, changes)
        if len(rows) < limit and (not rows or window.loaded_upto == rows[-1].id):
            target.windows.read_all(origin)
        return window.loaded_upto > begun

    def reload_freed(self, targets: Iterable[Target]) -> None:
        """Reads those lanes anew that wait for a person here and not in the store: nobody told us of an act."""
        for target in targets:
            blocked = [lane.key for lane in target.lanes.all() if lane.blocked_by is not None]
            for key in self._journal.lanes_freed(target.name, blocked[:_CHUNK]) if blocked else ():
                self.reload(target, key)

    def reload(self, target: Target, key: str) -> None:
        """Reads one lane anew, after a person acted on it; one that is held elsewhere is left alone."""
        lane = target.lanes.by_key(key)
        if lane.busy or lane.writing:
            asyncio.get_running_loop().call_later(_BUSY_S, self.reload, target, key)
            return
        rows = self._journal.lane(target.name, key, 0, target.window)
        if any(not self._hold.has(t.partition) for t in rows):
            target.lanes.tidy(lane)
            return
        # Flights whose first commit is under way are not in the store yet, and stay behind the others.
        coming = [flight for flight in lane.flights if not flight.stored]
        target.lanes.remove(lane, list(lane.flights))
        lane.blocked_by = None
        changes = self._journal.changes()
        known = {flight.t.id for flight in coming}
        left = False
        for t in rows:
            lane.partition = t.partition
            if t.id in known:
                continue
            if t.state is _S.DESK:
                lane.blocked_by = lane.blocked_by or self._journal.cause_of(t.id)
            elif lane.blocked_by is not None:
                if t.state is not _S.HELD:
                    target.concluder.hold([Flight(t)], lane.blocked_by, changes)
            elif not left and target.windows.loaded(t):
                self._take_up(target, lane, t, changes)
            else:
                # What comes after it in the lane stays in the store, too, whoever it is from.
                left = True
                target.windows.leave(t)
                if t.state is _S.HELD:
                    self._let_go(t, changes)
        for flight in coming:
            target.lanes.push(lane, flight)
        self._run(target, changes, lane, coming)

    def _take_up(self, target: Target, lane: Lane, t: Transmission, changes: Changes) -> None:
        flight = Flight(t, stored=True)
        if t.state is _S.HELD:
            self._let_go(t, changes)
            flight.stored = False
        elif t.state is _S.SENDING:
            # Nobody is sending from this lane: what was on the wire is in doubt, as after a stop.
            writer = target.writer(t.document)
            if writer is None or target.concluder.interrupted(flight, writer, changes) is Verdict.BLOCKED:
                lane.blocked_by = target.concluder.cause
                return
            flight.stored = False
        self._comes_after(target, lane, t)
        target.lanes.push(lane, flight)

    def _let_go(self, t: Transmission, changes: Changes) -> None:
        """Its lane is free; what may have been sent before the store was restored is asked for first."""
        doubtful = self._context.restored.may_have_left(t)
        says = (
            "its lane is free; it may have been sent before the restore"
            if doubtful
            else "goes on, its lane is free"
        )
        changes.move_transmission(
            t, _S.IN_DOUBT if doubtful else _S.DUE, entry_of(t, EntryKind.decided, says)
        )

    def _comes_after(self, target: Target, lane: Lane, t: Transmission) -> None:
        """Notes a predecessor at another target that is not at its end."""
        if t.after is None:
            return
        before = self._journal.transmission(t.after)
        if before is not None and before.state not in (_S.DONE, _S.CLOSED, _S.SUPERSEDED):
            target.unfinished[t.after] = lane.key

    def _run(
        self, target: Target, changes: Changes, lane: Lane | None = None, coming: Sequence[Flight] = ()
    ) -> None:
        async def write() -> None:
            if changes.rows:
                await target.commits.durable(changes)
            if lane is not None:
                for flight in lane.flights:
                    flight.stored = flight.stored or flight not in coming
                target.schedule(lane)
                target.lanes.tidy(lane)

        task = asyncio.get_running_loop().create_task(write())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
