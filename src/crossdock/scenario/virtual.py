"""An event loop whose time passes only when nobody has anything to do, and the clocks that follow it."""

from __future__ import annotations

import asyncio
from asyncio.base_events import BaseEventLoop
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from crossdock.faults import Misconfigured
from crossdock.twins.clock import Clock as TwinClock

__all__ = ["START", "HubClock", "VirtualLoop", "WorldClock"]

#: When every scenario begins, unless it says otherwise.
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
#: More looks for something to do than this is a run that never ends.
TURNS_MAX = 3_000_000


class _Timers:
    """Stands where a loop waits for sockets: nothing comes from outside, so the wait is over at once."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.turns = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Lets so much time pass. Raises Misconfigured where nothing would ever happen again."""
        self.turns += 1
        if timeout is None or self.turns > TURNS_MAX:
            raise Misconfigured("the scenario never comes to rest", fix="look for a wait without an end")
        if timeout > 0:
            self.now_s += timeout
        return []

    def close(self) -> None:
        """Nothing is held open."""


class VirtualLoop(BaseEventLoop):
    """asyncio as it is, but for the time: the same scenario gives the same run, in any weather."""

    def __init__(self) -> None:
        super().__init__()
        self._timers = _Timers()
        self._selector = self._timers
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual seconds since the scenario began."""
        return self._timers.now_s

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Runs at once: another thread would bring its own time."""
        del executor
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # ends in the future, as it would from a thread
            future.set_exception(error)
        return future

    def _process_events(self, event_list: list[Any]) -> None:
        assert not event_list, "nothing comes from outside"

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""


class WorldClock(TwinClock):
    """The time of the simulated systems."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        super().__init__(start)
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        """The present moment."""
        return self._start + timedelta(seconds=self._loop.time())


class HubClock:
    """The time of the hub."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop = loop
        self._start_ms = int(start.timestamp() * 1000)
        self.least_s = 0.0  #: no pause is shorter, so that a day passes in a moment

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._start_ms + round(self._loop.time() * 1000)

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        await asyncio.sleep(max(seconds, self.least_s) if seconds > 0 else 0)
