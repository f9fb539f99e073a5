"""Clocks of lanes: when a lane that waits is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crossdock.pipeline.bound import Clock
from crossdock.pipeline.lanes import Lane


class Alarms:
    """Rings for lanes at their time; whoever looks then looks at the clock once more. A lane has one alarm at most."""

    def __init__(self, clock: Clock, ring: Callable[[Lane], None]) -> None:
        self._clock = clock
        self._ring = ring
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

    def stop(self) -> None:
        """Rings no more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
