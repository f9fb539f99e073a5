"""How much of one system's limits this process may use now; the limits are the site's, not the process's."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol


class Share(Protocol):
    """Places for requests under way at once; a process that stands alone has all of them."""

    @property
    def places(self) -> int:
        """How many requests may be under way now."""
        ...

    async def reached(self, places: int) -> None:
        """Waits until there are at least so many places."""
        ...

    def heed(self, waits: Callable[[], bool]) -> None:
        """Names who tells whether anything waits for a place before it asks for one."""
        ...


class Whole:
    """All places, always: nobody else speaks to this system for the site."""

    def __init__(self, places: int) -> None:
        self.places = places

    async def reached(self, places: int) -> None:
        """There never will be more, so whoever needs more waits for good."""
        if places > self.places:
            await asyncio.get_running_loop().create_future()

    def heed(self, waits: Callable[[], bool]) -> None:
        """Nobody else could have the places."""


class Places:
    """Places that are taken and given back; how many there are may change while they are in use.

    Whoever waits is served in the order of asking. Fewer places take none away from those who hold one:
    `in_use` falls as they end.
    """

    def __init__(self, places: int) -> None:
        assert places >= 0, "a share is never less than nothing"
        self._places = places
        self._in_use = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._raised = asyncio.Event()
        self._asked = False
        self._waits: Callable[[], bool] = bool  # nothing waits

    @property
    def places(self) -> int:
        """How many requests may be under way now."""
        return self._places

    @property
    def in_use(self) -> int:
        """How many places are taken."""
        return self._in_use

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    def locked(self) -> bool:
        """Whether the next one would have to wait."""
        return self._in_use >= self._places or bool(self._waiting)

    def set(self, places: int) -> None:
        """Changes how many there are."""
        assert places >= 0, "a share is never less than nothing"
        raised = places > self._places
        self._places = places
        if raised:
            self._raised.set()
            self._raised = asyncio.Event()
            self._serve()

    async def reached(self, places: int) -> None:
        """Waits until there are at least so many places."""
        while self._places < places:
            await self._raised.wait()

    def heed(self, waits: Callable[[], bool]) -> None:
        """Names who tells whether anything waits for a place before it asks for one."""
        self._waits = waits

    def wanted(self) -> bool:
        """Whether anybody wanted a place since the last call, or waits for one now."""
        asked, self._asked = self._asked, False
        return asked or self.waiting > 0 or self._waits()

    def ask(self) -> None:
        """Notes that somebody would want a place."""
        self._asked = True

    async def acquire(self) -> None:
        """Takes a place; waits for it."""
        self.ask()
        if not self.locked():
            self._in_use += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.release()  # its turn had come in the meantime
            elif turn in self._waiting:  # else somebody has passed it over since
                self._waiting.remove(turn)
            raise

    def release(self) -> None:
        """Gives a place back."""
        self._in_use -= 1
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self._in_use < self._places:
            turn = self._waiting.popleft()
            if not turn.done():
                self._in_use += 1
                turn.set_result(None)
