"""Clocks of lanes: when a lane that waits is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crossdock.pipeline.bound import Bound, Clock
from crossdock.pipeline.lanes import Lane
from crossdock.pipeline.transmit import WAIT_MAX_S


class Alarms:
    """Rings for lanes at their time; whoever looks then looks at the clock once more. A lane has one alarm at most."""

    def __init__(self, clock: Clock, ring: Callable[[Lane], None], *, wait_max_s: float) -> None:
        """`wait_max_s`: nothing is ever put off for longer."""
        self._clock = clock
        self._ring = ring
        self._wait_max_ms = int(wait_max_s * 1000)
        self._timers: dict[Lane, asyncio.TimerHandle] = {}

    def set(self, lane: Lane, due_ms: int) -> None:
        """Rings for a lane at a time, in milliseconds since 1970; the one that was set before rings no more."""
        delay_s = max(due_ms - self._clock.now_ms(), 0) / 1000
        before = self._timers.pop(lane, None)
        if before is not None:
            before.cancel()
        self._timers[lane] = asyncio.get_running_loop().call_later(delay_s, self._due, lane)

    def _due(self, lane: Lane) -> None:
        del self._timers[lane]
        self._ring(lane)

    def ahead(self, due_ms: int) -> bool:
        """Whether a time is still to come. One farther off than anything is put off was written by a wrong clock."""
        return 0 < due_ms - self._clock.now_ms() <= self._wait_max_ms

    def stop(self) -> None:
        """Rings no more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


def wait_max_s(bound: Bound) -> float:
    """The longest that a transmission to a system is ever put off, with the time that a doubt takes to settle."""
    settle_s = max((writer.settle_s for writer in bound.writers.values()), default=0.0)
    return max(WAIT_MAX_S, 2 * bound.system.limits.retry_max_s) + settle_s
