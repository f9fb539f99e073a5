"""Work of a target that is in the store but not in memory: taken up or given away, beyond the window, after an act."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Sequence
from typing import Any

import structlog

from crossdock.journal.changes import Changes
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.journal.tenure import Hold
from crossdock.message.incident import MemberKind
from crossdock.message.records import Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.pipeline.bound import Context
from crossdock.pipeline.conclude import Verdict
from crossdock.pipeline.lanes import Flight, Lane
from crossdock.pipeline.target import Target
from crossdock.pipeline.transmit import entry_of
from crossdock.pipeline.windows import Window

_log = structlog.get_logger("crossdock.backlog")
_S = TransmissionState
_RUNNING = (_S.DUE, _S.RETRYING, _S.IN_DOUBT)
_CHUNK = 500
_BUSY_S = 0.02
_STORE_RETRY_S = 0.5


class Backlog:
    """Brings stored work into lanes."""

    def __init__(self, context: Context, hold: Hold) -> None:
        self._context = context
        self._journal = context.journal
        self._hold = hold
        self._tasks: set[asyncio.Task[None]] = set()
        self._postponed: set[tuple[str, str]] = set()  #: (target, key) of lanes that are read anew in a while
        self._looked_at: dict[str, int] = {}  #: target -> how many of its waiting lanes were looked at
        self._forgotten: list[tuple[str, str]] = []  #: (target, key) of lanes held behind nothing any more

    # -- partitions come and go ------------------------------------------------

    async def recover(self, target: Target, partitions: Collection[int]) -> int:
        """After a stop: what was being sent is in doubt. Gives how many were; the rest is for `load`.

        The list is read whole before any of it is moved, since freeing a lane could add to it.
        """
        self._find_blocked(target, partitions)
        interrupted, after = list[Transmission](), 0
        while page := self._journal.open_transmissions(target.name, (_S.SENDING,), after, _CHUNK, partitions):
            interrupted.extend(page)
            after = page[-1].id
        for at in range(0, len(interrupted), _CHUNK):
            await self._interrupted(target, interrupted[at : at + _CHUNK])
        return len(interrupted)

    def _find_blocked(self, target: Target, partitions: Collection[int]) -> None:
        journal = self._journal
        for key, transmission, partition in journal.lanes_blocked(target.name, partitions):
            lane = target.lanes.by_key(key)
            lane.partition = partition
            kinds = (MemberKind.TRANSMISSION, MemberKind.FOLLOWER)
            if any(journal.incident_of(kind, transmission) is not None for kind in kinds):
                lane.blocked_by = journal.cause_of(transmission)
            else:  # its incident ended while it was being held behind it
                self._forgotten.append((target.name, key))

    def awaits(self, targets: Iterable[Target], partitions: Collection[int]) -> None:
        """Holds these partitions, and lets nothing that is decided from here on go before what `load` will read."""
        self._hold.add(partitions)
        for target in targets:
            target.windows.rewind()

    async def load(self, target: Target) -> None:
        """Brings what is due in the partitions held into memory, as far as there is room."""
        # From the beginning: work of a partition that has just come may be older than all that is known.
        target.windows.rewind()
        while self.refill(target):  # until memory is full, or has everything
            await self._context.clock.sleep(0)
        for name, key in [one for one in self._forgotten if one[0] == target.name]:
            self._forgotten.remove((name, key))
            self.reload(target, key)

    async def vacate(self, target: Target, partitions: Collection[int]) -> None:
        """Forgets the lanes of these partitions once nothing of them is under way."""
        while self._under_way(target, partitions):
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

    @staticmethod
    def _under_way(target: Target, partitions: Collection[int]) -> bool:
        """Whether anything of these partitions is on the wire, or on its way to the disk."""
        if any(partition in partitions for partition in target.commits.ending.values()):
            return True
        return any(
            lane.busy or lane.writing or lane.leaving or not all(flight.stored for flight in lane.flights)
            for lane in target.lanes.within(partitions)
        )

    async def stop(self) -> None:
        """Gives up what has not been written."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _interrupted(self, target: Target, page: list[Transmission]) -> None:
        changes = self._journal.changes()
        for t in page:
            writer, lane = target.writer(t.document), target.lanes.of(t)
            if writer is None or lane.blocked_by is not None:
                target.concluder.interrupted_behind(Flight(t), writer, changes)
            elif target.concluder.interrupted(Flight(t), writer, changes) is Verdict.BLOCKED:
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
            asyncio.get_running_loop().call_soon(self._refill_now, target, origin, window)

    def _refill_now(self, target: Target, origin: str, window: Window) -> None:
        try:
            self._refill(target, origin, window)
        except StoreDown as down:  # the next look at the store finds it
            _log.error("store down", says=str(down), system=target.name)

    def _refill(self, target: Target, origin: str, window: Window) -> bool:
        window.refilling = False
        limit = max(target.windows.room(origin), 1)
        rows = self._journal.open_transmissions(
            target.name, _RUNNING, window.loaded_upto, limit, self._hold.partitions, origin
        )
        held: dict[str, list[Flight]] = {}
        begun, brought = window.loaded_upto, 0
        for t in rows:
            if not (target.lanes.has(t.id) or t.id in target.commits.ending or t.id in window.early):
                lane = target.lanes.of(t)
                elders = () if lane.blocked_by or lane.more else target.windows.elders(t, lane)
                if elders is None:
                    break
                for one in (*elders, t):
                    self._bring(target, one, held)
                brought += 1 + len(elders)
            window.loaded_upto = t.id
            if brought >= limit:
                break
        window.passed()
        if held:
            changes = self._journal.changes()
            for cause, flights in held.items():
                target.concluder.hold(flights, cause, changes)
            lanes = {flight.t.key: target.lanes.of(flight.t) for one in held.values() for flight in one}
            self._run(target, changes, list(lanes.values()))
        if len(rows) < limit and (not rows or window.loaded_upto == rows[-1].id):
            target.windows.read_all(origin)
        return window.loaded_upto > begun

    def _bring(self, target: Target, t: Transmission, held: dict[str, list[Flight]]) -> None:
        lane = target.lanes.of(t)
        flight = Flight(t, made=True, stored=True)
        if not lane.flights and not lane.busy:
            lane.blocked_by = lane.blocked_by or target.concluder.held_up_by(t)
        if lane.blocked_by is not None:
            lane.unsure = lane.unsure or lane.busy
            held.setdefault(lane.blocked_by, []).append(flight)
            return
        if lane.more:
            return  # its turn comes when what is before it was read
        self._comes_after(target, lane, t)
        target.lanes.push(lane, flight)
        target.schedule(lane)

    def reload_freed(self, targets: Iterable[Target]) -> None:
        """Reads those lanes anew that wait for a person here and not in the store: nobody told us of an act.

        Of each target a page at a time, the next one with the next call.
        """
        for target in targets:
            blocked = [lane.key for lane in target.lanes.all() if lane.blocked_by is not None]
            at = self._looked_at.get(target.name, 0)
            page = blocked[at : at + _CHUNK] or blocked[:_CHUNK]
            self._looked_at[target.name] = at + len(page) if at < len(blocked) else len(page)
            for key in self._journal.lanes_freed(target.name, page) if page else ():
                self.reload(target, key)

    def reload(self, target: Target, key: str) -> None:
        """Reads one lane anew, after a person acted on it, or the next part of one that is longer than the window.

        One that is held elsewhere is left alone.
        """
        lane = target.lanes.by_key(key)
        lane.stale = True
        if lane.busy or lane.writing or lane.leaving:
            self._later(_BUSY_S, target, key)
            return
        try:
            self._reload(target, lane, key)
        except StoreDown as down:
            _log.error("store down", says=str(down), system=target.name)
            self._later(_STORE_RETRY_S, target, key)
        except Exception:  # ends in another reading: nobody else would come back to the lane
            _log.exception("a lane could not be read", system=target.name, key=key)
            self._later(_STORE_RETRY_S, target, key)

    def _later(self, wait_s: float, target: Target, key: str) -> None:
        """Reads a lane anew later on, if this term lasts until then; once, however many ask for it."""
        if (target.name, key) in self._postponed:
            return
        self._postponed.add((target.name, key))

        async def wait() -> None:
            await asyncio.sleep(wait_s)
            self._postponed.discard((target.name, key))
            self.reload(target, key)

        self._keep(wait())

    def _reload(self, target: Target, lane: Lane, key: str) -> None:
        rows = self._journal.lane(target.name, key, 0, target.window)
        if any(not self._hold.has(t.partition) for t in rows):
            lane.stale = False
            target.lanes.tidy(lane)
            return
        # Flights whose first commit is under way are not in the store yet, and stay behind the others.
        coming = [flight for flight in lane.flights if not flight.made]
        target.lanes.remove(lane, list(lane.flights))
        lane.blocked_by, lane.left = None, False
        changes = self._journal.changes()
        known = {flight.t.id for flight in coming}
        left = list[Transmission]()
        for t in rows:
            lane.partition = t.partition
            if t.id not in known and self._again(target, lane, t, changes, head=t is rows[0]):
                left.append(t)
        taken = list(lane.flights)
        # What is beyond the newest one that was read from the store belongs to `refill`.
        seen = bool(rows) and not lane.left and target.windows.loaded(rows[-1])
        full = len(rows) >= target.window
        lane.more = full and seen and lane.blocked_by is None
        if full and not lane.more:
            self._rest(target, lane, rows[-1].id)
        if not lane.more:  # else they are found in the store when their turn comes
            for flight in coming:
                target.lanes.push(lane, flight)
        lane.stale = False
        self._run(target, changes, [lane], taken, left)

    def _again(
        self, target: Target, lane: Lane, t: Transmission, changes: Changes, *, head: bool = False
    ) -> bool:
        """One transmission of a lane that is read anew; `head`: nothing of the lane comes before it.

        True when it stays in the store, where it can be read once these changes are durable.
        """
        target.lanes.parted([t.id])
        if t.state is _S.DESK:
            lane.blocked_by = lane.blocked_by or self._journal.cause_of(t.id)
            return False
        if head:
            lane.blocked_by = lane.blocked_by or target.concluder.held_up_by(t)
        if lane.blocked_by is not None:
            if t.state is _S.SENDING:
                target.concluder.interrupted_behind(Flight(t), target.writer(t.document), changes)
            elif t.state is _S.HELD:  # perhaps in the name of an incident that has ended since
                target.concluder.keep(t, lane.blocked_by, changes)
            else:
                target.concluder.hold([Flight(t)], lane.blocked_by, changes)
        elif not lane.left and target.windows.loaded(t):
            self._take_up(target, lane, t, changes)
        else:
            return self._leave(target, lane, t, changes)
        return False

    def _leave(self, target: Target, lane: Lane, t: Transmission, changes: Changes) -> bool:
        """One that stays in the store, and so does what comes after it in the lane, whoever it is from."""
        lane.left = True
        target.windows.leave(t)
        if t.state is _S.SENDING:  # nobody is sending from this lane, and no refill looks for it as it is
            target.concluder.interrupted_behind(Flight(t), target.writer(t.document), changes)
        elif t.state is _S.HELD:
            self._let_go(t, changes)
        else:
            return False
        target.windows.comes(t, lane)
        return True

    def _rest(self, target: Target, lane: Lane, after: int) -> None:
        """Holds, or lets go, what is beyond the window of a lane; nothing of it comes into memory here."""
        while rows := self._journal.lane(target.name, lane.key, after, _CHUNK):
            changes = self._journal.changes()
            left = [t for t in rows if self._again(target, lane, t, changes)]
            self._run(target, changes, [lane], left=left)
            after = rows[-1].id

    def _take_up(self, target: Target, lane: Lane, t: Transmission, changes: Changes) -> None:
        flight = Flight(t, made=True)
        if t.state is _S.HELD:
            self._let_go(t, changes)
        elif t.state is _S.SENDING:
            # Nobody is sending from this lane: what was on the wire is in doubt, as after a stop.
            writer = target.writer(t.document)
            if writer is None:
                target.concluder.interrupted_behind(flight, writer, changes)
            elif target.concluder.interrupted(flight, writer, changes) is Verdict.BLOCKED:
                lane.blocked_by = target.concluder.cause
                return
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
        """Notes a predecessor at another target that is not at its end, and forgets one that a person ended."""
        if t.after is None:
            return
        before = self._journal.transmission(t.after)
        if before is not None and before.state not in (_S.DONE, _S.CLOSED, _S.SUPERSEDED):
            target.unfinished[t.after] = lane.key
        else:
            target.unfinished.pop(t.after, None)

    def _run(
        self,
        target: Target,
        changes: Changes,
        lanes: Sequence[Lane],
        taken: Sequence[Flight] = (),
        left: Sequence[Transmission] = (),
    ) -> None:
        """Commits beside everything else; then the flights of the first lane that were taken up may go.

        What is `left` in the store can be read there from then on.

        When a person was faster, the lanes are read once more.
        """

        async def write() -> None:
            try:
                if changes.rows or changes.entries:
                    await target.commits.durable(changes)
            except Overtaken:
                for lane in lanes:
                    self._later(0, target, lane.key)
            else:
                lane = lanes[0]
                target.stored(lane, [flight for flight in taken if flight in lane.flights])
            finally:
                for t in left:
                    target.windows.settled(t)
                for lane in lanes:
                    lane.writing -= 1
                    target.lanes.tidy(lane)

        for lane in lanes:
            lane.writing += 1
        self._keep(write())

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
