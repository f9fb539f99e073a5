"""Lanes that wait for a person: what stands behind an incident is held, and is a member of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crossdock.journal.changes import Changes
from crossdock.journal.contract import Journal
from crossdock.pipeline.commit import Commits
from crossdock.pipeline.conclude import Concluder
from crossdock.pipeline.lanes import Flight, Lane, Lanes


class Holding:
    """Holds the lanes of one target."""

    def __init__(
        self,
        target: str,
        journal: Journal,
        lanes: Lanes,
        commits: Commits,
        concluder: Concluder,
        window: int,
        waits: Callable[[int], None],
    ) -> None:
        """`waits` is told of each transmission that waits for a person now: others may come after it elsewhere."""
        self._target = target
        self._journal = journal
        self._lanes = lanes
        self._commits = commits
        self._concluder = concluder
        self._window = window
        self._waits = waits

    def _hold(self, lane: Lane, cause: str, changes: Changes) -> list[int]:
        """Holds a lane behind the incident of a cause; gives what is to be told once that is written."""
        lane.blocked_by = cause
        held = [flight for flight in lane.flights if flight.stored]  # the others follow once they are
        self._concluder.hold(held, cause, changes)
        self._lanes.remove(lane, held)
        return [flight.t.id for flight in held]

    async def _written(self, held: Iterable[int], changes: Changes) -> None:
        await self._commits.durable(changes)
        for id_ in held:
            self._waits(id_)

    def follow(self, lane: Lane, cause: str) -> None:
        """Holds what has become durable since the lane was blocked."""
        changes = self._journal.changes()
        lane.unsure = lane.unsure or lane.busy
        held = self._hold(lane, cause, changes)
        self._commits.run(lane, self._written(held, changes))

    async def stand_behind(self, lane: Lane, flight: Flight) -> None:
        """A lane whose head comes after one that waits for a person waits with it."""
        cause = self._concluder.held_up_by(flight.t)
        if cause is not None:
            changes = self._journal.changes()
            await self._written(self._hold(lane, cause, changes), changes)

    async def block(self, lane: Lane, flight: Flight, changes: Changes) -> None:
        """Writes the incident that a flight ends in; what is held behind it, now or before, becomes a member of it."""
        held = self._hold(lane, self._concluder.cause, changes)
        await self._written((flight.t.id, *held), changes)
        if not lane.unsure:
            return
        lane.unsure = False
        adopted, whole = self._journal.changes(), self._journal.lane(self._target, lane.key, 0, self._window)
        self._concluder.adopt(whole, adopted)
        if adopted.entries:
            await self._written([t.id for t in whole], adopted)
