"""The lanes of one target that may send, in turns of those whose documents they carry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crossdock.message.turns import Turns
from crossdock.pipeline.lanes import Lane


def party_of(lane: Lane) -> tuple[str, str]:
    """Whose turn a lane takes: the system and the kind of document at its head."""
    return (lane.flights[0].t.origin, lane.flights[0].t.document) if lane.flights else ("", "")


class Ready:
    """A queue that many senders wait at. A lane stands in it once at most."""

    def __init__(self, turns: Callable[[], Turns[Lane]]) -> None:
        self._turns = turns()
        self._senders: list[asyncio.Future[None]] = []

    def schedule(self, lane: Lane) -> None:
        """Puts a lane in, unless it is there or somebody is at it."""
        if not lane.queued and not lane.busy and lane.flights:
            self.put(lane)

    def put(self, lane: Lane) -> None:
        """Puts a lane in, or back."""
        lane.queued = True
        self._turns.push(*party_of(lane), lane)
        self._call()

    def _call(self) -> None:
        """Calls one of those who wait, if anybody still does."""
        while self._senders:
            waiting = self._senders.pop()
            if not waiting.done():
                waiting.set_result(None)
                return

    async def get(self) -> Lane:
        """The lane whose turn it is; waits while there is none."""
        while not len(self._turns):
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._senders.append(waiting)
            try:
                await waiting
            except asyncio.CancelledError:
                if not waiting.cancelled() and len(self._turns):
                    self._call()  # its call is another's
                raise
        lane = self._turns.pop()
        lane.queued = False
        return lane

    def empty(self) -> bool:
        """Whether no lane waits."""
        return not len(self._turns)

    def gives_way(self, lane: Lane) -> bool:
        """Whether a lane that is being sent from should let another party have its turn."""
        return self._turns.others(party_of(lane)[0])
