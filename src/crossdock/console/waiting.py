"""Looks that wait for news: browsers that see the same page are answered together once it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from crossdock.journal.contract import StoreDown

#: How long a look waits at most, how often one looks for all of them, and how many may wait.
WAIT_S, STEP_S, WAITING_MAX = 10.0, 0.4, 2_000


@dataclass(frozen=True, slots=True)
class Text:
    """A page as it is now, and the tag by which a browser knows it."""

    tag: str
    body: bytes


@dataclass(slots=True)
class _Line:
    """Those who wait for the same page."""

    count: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    watcher: asyncio.Task[None] | None = None


class Waiting:
    """Holds looks until there is news, or their time is over; one task looks for all who wait for the same."""

    def __init__(
        self, goes_on: Callable[[], bool], *, step_s: float = STEP_S, wait_s: float = WAIT_S
    ) -> None:
        """`goes_on`: whether the process takes work; once it does not, nobody waits any more."""
        self._goes_on = goes_on
        self._step_s, self._wait_s = step_s, wait_s
        self._lines: dict[str, _Line] = {}

    async def news(self, name: str, tag: str, read: Callable[[], Awaitable[Text]]) -> Text:
        """The page once it differs from what the browser has, or as it is when the time is over. Raises StoreDown."""
        text = await read()
        if text.tag != tag or not self._goes_on() or self.count >= WAITING_MAX:
            return text
        line = self._lines.setdefault(name, _Line())
        line.count += 1
        if line.watcher is None:
            line.watcher = asyncio.ensure_future(self._watch(name, line, text.tag, read))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s):
                    await line.news.wait()
        finally:
            line.count -= 1
        return await read()

    @property
    def count(self) -> int:
        """How many wait."""
        return sum(line.count for line in self._lines.values())

    async def _watch(self, name: str, line: _Line, tag: str, read: Callable[[], Awaitable[Text]]) -> None:
        try:
            while line.count and self._goes_on():
                await asyncio.sleep(self._step_s)
                text = await read()
                if text.tag != tag:
                    tag = text.tag
                    line.news.set()
                    line.news = asyncio.Event()
        except StoreDown:
            pass  # whoever waits is told so by a look of their own
        finally:
            del self._lines[name]
            line.news.set()
