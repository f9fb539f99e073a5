"""Work of a target that is in the store but not in memory: at a start, beyond the window, after a person's act."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crossdock.journal.changes import Changes
from crossdock.journal.contract import Overtaken
from crossdock.message.incident import MemberKind
from crossdock.message.records import Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.pipeline.bound import Context
from crossdock.pipeline.conclude import Verdict
from crossdock.pipeline.lanes import Flight, Lane
from crossdock.pipeline.target import Target
from crossdock.pipeline.transmit import entry_of

_S = TransmissionState
_RUNNING = (_S.DUE, _S.RETRYING, _S.IN_DOUBT)
_CHUNK = 500
_BUSY_S = 0.02


class Backlog:
    """Brings stored work into lanes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._journal = context.journal
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def recover(self, target: Target) -> int:
        """After a stop: what was being sent is in doubt, the rest goes on. Gives how many were in doubt.

        The list is read whole before any of it is moved, since freeing a lane could add to it.
        """
        forgotten = list[str]()
        for key, transmission in self._journal.lanes_blocked(target.name):
            if self._journal.incident_of(MemberKind.TRANSMISSION, transmission) is None and (
                self._journal.incident_of(MemberKind.FOLLOWER, transmission) is None
            ):
                forgotten.append(key)  # its incident ended while it was being held behind it
                continue
            target.lanes.by_key(key).blocked_by = self._journal.cause_of(transmission)
        interrupted = list[Transmission]()
        while True:
            after = interrupted[-1].id if interrupted else 0
            page = self._journal.open_transmissions(target.name, (_S.SENDING,), after, _CHUNK)
            interrupted.extend(page)
            if len(page) < _CHUNK:
                break
        for at in range(0, len(interrupted), _CHUNK):
            await self._interrupted(target, interrupted[at : at + _CHUNK])
        target.spilled = True
        target.unseen = 0
        while target.spilled and self.refill(target):
            await asyncio.sleep(0)
            if target.lanes.count > target.window // 2:
                break
        for key in forgotten:
            self.reload(target, key)
        return len(interrupted)

    async def stop(self) -> None:
        """Gives up what has not been written; the next start finds it as it was."""
        self._stopped = True
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
        if not target.spilled or target.lanes.count > target.window // 2:
            return False
        limit = target.window - target.lanes.count
        rows = self._journal.open_transmissions(target.name, _RUNNING, target.loaded_upto, limit)
        held: dict[str, list[Flight]] = {}
        for t in rows:
            target.loaded_upto = t.id
            lane = target.lanes.of(t)
            flight = Flight(t, made=True, stored=True)
            if not lane.flights:
                lane.blocked_by = lane.blocked_by or target.held_up_by(t)
            if lane.blocked_by is not None:
                held.setdefault(lane.blocked_by, []).append(flight)
                continue
            if lane.more:
                continue  # its turn comes when what is before it was read
            self._comes_after(target, lane, t)
            target.lanes.push(lane, flight)
            target.schedule(lane)
        if held:
            changes = self._journal.changes()
            for cause, flights in held.items():
                target.concluder.hold(flights, cause, changes)
            lanes = {flight.t.key: target.lanes.of(flight.t) for one in held.values() for flight in one}
            self._run(target, changes, list(lanes.values()))
        if len(rows) < limit and target.loaded_upto >= target.unseen:
            target.spilled = False
        return bool(rows)

    def reload(self, target: Target, key: str) -> None:
        """Reads one lane anew, after a person acted on it, or the next part of one that is longer than the window."""
        if self._stopped:
            return
        lane = target.lanes.by_key(key)
        if lane.busy or lane.writing:
            asyncio.get_running_loop().call_later(_BUSY_S, self.reload, target, key)
            return
        # Flights whose first commit is under way are not in the store yet, and stay behind the others.
        coming = [flight for flight in lane.flights if not flight.made]
        target.lanes.remove(lane, list(lane.flights))
        lane.blocked_by = None
        changes = self._journal.changes()
        known = {flight.t.id for flight in coming}
        rows = self._journal.lane(target.name, key, 0, target.window)
        for t in rows:
            if t.id not in known:
                self._again(target, lane, t, changes)
        taken = list(lane.flights)
        # What is beyond the newest one that was read from the store belongs to `refill`.
        seen = bool(rows) and (not target.spilled or rows[-1].id <= target.loaded_upto)
        lane.more = seen and len(rows) >= target.window
        if lane.blocked_by is not None and len(rows) >= target.window:
            self._hold_rest(target, lane, rows[-1].id)
        if not lane.more:  # else they are found in the store when their turn comes
            for flight in coming:
                target.lanes.push(lane, flight)
        self._run(target, changes, [lane], taken)

    def _again(self, target: Target, lane: Lane, t: Transmission, changes: Changes) -> None:
        """One transmission of a lane that is read anew."""
        if t.state is _S.DESK:
            lane.blocked_by = lane.blocked_by or self._journal.cause_of(t.id)
            return
        if not lane.flights:
            lane.blocked_by = lane.blocked_by or target.held_up_by(t)
        if lane.blocked_by is not None:
            if t.state is not _S.HELD:
                target.concluder.hold([Flight(t)], lane.blocked_by, changes)
        elif not target.spilled or t.id <= target.loaded_upto:
            self._take_up(target, lane, t, changes)
        elif t.state is _S.HELD:
            changes.move_transmission(t, _S.DUE, entry_of(t, EntryKind.decided, "goes on, its lane is free"))

    def _hold_rest(self, target: Target, lane: Lane, after: int) -> None:
        """Holds what is beyond the window of a lane that waits for a person; nothing of it stays in memory."""
        while rows := self._journal.lane(target.name, lane.key, after, _CHUNK):
            changes = self._journal.changes()
            for t in rows:
                self._again(target, lane, t, changes)
            self._run(target, changes, [lane])
            after = rows[-1].id
        lane.more = False

    def _take_up(self, target: Target, lane: Lane, t: Transmission, changes: Changes) -> None:
        flight = Flight(t, made=True)
        if t.state is _S.HELD:
            changes.move_transmission(t, _S.DUE, entry_of(t, EntryKind.decided, "goes on, its lane is free"))
        elif t.state is _S.SENDING:
            # Nobody is sending from this lane: what was on the wire is in doubt, as after a stop.
            writer = target.writer(t.document)
            if writer is None or target.concluder.interrupted(flight, writer, changes) is Verdict.BLOCKED:
                lane.blocked_by = target.concluder.cause
                return
        self._comes_after(target, lane, t)
        target.loaded_upto = max(target.loaded_upto, t.id)
        target.lanes.push(lane, flight)

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
        self, target: Target, changes: Changes, lanes: Sequence[Lane], taken: Sequence[Flight] = ()
    ) -> None:
        """Commits beside everything else; then the flights of the first lane that were taken up may go.

        When a person was faster, the lanes are read once more.
        """

        async def write() -> None:
            try:
                if changes.rows:
                    await target.commits.durable(changes)
            except Overtaken:
                for lane in lanes:
                    asyncio.get_running_loop().call_soon(self.reload, target, lane.key)
            else:
                lane = lanes[0]
                target.stored(lane, [flight for flight in taken if flight in lane.flights])
            finally:
                for lane in lanes:
                    lane.writing -= 1
                    target.lanes.tidy(lane)

        for lane in lanes:
            lane.writing += 1
        task = asyncio.get_running_loop().create_task(write())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
