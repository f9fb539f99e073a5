"""Clocks of lanes: when a lane that waits is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crossdock.pipeline.bound import Clock
from crossdock.pipeline.lanes import Lane


class Alarms:
    """Rings for lanes at their time; whoever looks then looks at the clock once more."""

    def __init__(self, clock: Clock, ring: Callable[[Lane], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._timers: set[asyncio.TimerHandle] = set()

    def set(self, lane: Lane, due_ms: int) -> None:
        """Rings for a lane at a time, in milliseconds since 1970."""
        delay_s = max(due_ms - self._clock.now_ms(), 0) / 1000

        def ring() -> None:
            self._timers.discard(handle)
            self._ring(lane)

        handle = asyncio.get_running_loop().call_later(delay_s, ring)
        self._timers.add(handle)

    def stop(self) -> None:
        """Rings no more."""
        for timer in self._timers:
            timer.cancel()
