"""Clocks of lanes: when a lane that waits is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crossdock.pipeline.bound import Bound, Clock
from crossdock.pipeline.lanes import Lane
from crossdock.pipeline.transmit import WAIT_MAX_S


class Alarms:
    """Rings for lanes at their time; whoever looks then looks at the clock once more."""

    def __init__(self, clock: Clock, ring: Callable[[Lane], None], *, wait_max_s: float) -> None:
        """`wait_max_s`: nothing is ever put off for longer."""
        self._clock = clock
        self._ring = ring
        self._wait_max_ms = int(wait_max_s * 1000)
        self._timers: set[asyncio.TimerHandle] = set()

    def set(self, lane: Lane, due_ms: int) -> None:
        """Rings for a lane at a time, in milliseconds since 1970."""
        delay_s = max(due_ms - self._clock.now_ms(), 0) / 1000

        def ring() -> None:
            self._timers.discard(handle)
            self._ring(lane)

        handle = asyncio.get_running_loop().call_later(delay_s, ring)
        self._timers.add(handle)

    def ahead(self, due_ms: int) -> bool:
        """Whether a time is still to come. One farther off than anything is put off was written by a wrong clock."""
        return 0 < due_ms - self._clock.now_ms() <= self._wait_max_ms

    def stop(self) -> None:
        """Rings no more."""
        for timer in self._timers:
            timer.cancel()


def wait_max_s(bound: Bound) -> float:
    """The longest that a transmission to a system is ever put off, with the time that a doubt takes to settle."""
    settle_s = max((writer.settle_s for writer in bound.writers.values()), default=0.0)
    return max(WAIT_MAX_S, 2 * bound.system.limits.retry_max_s) + settle_s
