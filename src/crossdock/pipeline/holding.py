"""Lanes that wait for a person: what stands behind an incident is held, and is a member of it."""

from __future__ import annotations

from crossdock.journal.changes import Changes
from crossdock.journal.contract import Journal
from crossdock.pipeline.commit import Commits
from crossdock.pipeline.conclude import Concluder
from crossdock.pipeline.lanes import Flight, Lane, Lanes


class Holding:
    """Holds the lanes of one target."""

    def __init__(
        self, target: str, journal: Journal, lanes: Lanes, commits: Commits, concluder: Concluder, window: int
    ) -> None:
        self._target = target
        self._journal = journal
        self._lanes = lanes
        self._commits = commits
        self._concluder = concluder
        self._window = window

    def block(self, lane: Lane, cause: str, changes: Changes) -> None:
        """Holds a lane behind the incident of a cause."""
        lane.blocked_by = cause
        held = [flight for flight in lane.flights if flight.stored]  # the others follow once they are
        self._concluder.hold(held, cause, changes)
        self._lanes.remove(lane, held)

    def follow(self, lane: Lane, cause: str) -> None:
        """Holds what has become durable since the lane was blocked."""
        changes = self._journal.changes()
        lane.unsure = lane.unsure or lane.busy
        self.block(lane, cause, changes)
        self._commits.run(lane, self._commits.durable(changes))

    async def stand_behind(self, lane: Lane, flight: Flight) -> None:
        """A lane whose head comes after one that waits for a person waits with it."""
        cause = self._concluder.held_up_by(flight.t)
        if cause is not None:
            changes = self._journal.changes()
            self.block(lane, cause, changes)
            await self._commits.durable(changes)

    async def opened(self, lane: Lane, changes: Changes) -> None:
        """Writes the incident that blocks a lane; what was held behind it before becomes a member of it."""
        await self._commits.durable(changes)
        if not lane.unsure:
            return
        lane.unsure = False
        adopted = self._journal.changes()
        self._concluder.adopt(self._journal.lane(self._target, lane.key, 0, self._window), adopted)
        if adopted.entries:
            await self._commits.durable(adopted)
