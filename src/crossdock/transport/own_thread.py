"""A thread of its own for what can only block: a disk, or a library that knows no event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from crossdock.faults import TryLater

Made = TypeVar("Made")


class OwnThread:
    """Runs acts one after another; two never meet, whatever is cancelled.

    An act that is cancelled goes on to its end in the thread, unless `stop` can end it sooner; the next
    one waits for that, at most `patience_s` seconds, then raises TryLater: nothing of it was begun.
    """

    def __init__(
        self, name: str, *, stop: Callable[[], None] = lambda: None, patience_s: float = 10.0
    ) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._stop = stop
        self._patience_s = patience_s
        self._turn = asyncio.Lock()
        self._left: asyncio.Future[Any] | None = None
        self._closed = False

    async def run(self, act: Callable[[], Made], *, within_s: float | None = None) -> Made:
        """The act's own result or fault. After `within_s` seconds it is stopped; what it then says counts."""
        async with self._turn:
            if self._closed:
                raise TryLater("the mailbox is closed")
            await self._wait_for_what_was_left()
            future = asyncio.get_running_loop().run_in_executor(self._threads, act)
            try:
                await asyncio.wait({future}, timeout=within_s)
                if not future.done():
                    self._stop()
                    await asyncio.wait({future}, timeout=self._patience_s)
                if not future.done():
                    raise TimeoutError("the act cannot be stopped")
                return future.result()
            finally:
                if not future.done():
                    self._stop()
                    self._left = future
                    future.add_done_callback(_forget)

    async def _wait_for_what_was_left(self) -> None:
        if self._left is not None and not self._left.done():
            await asyncio.wait({self._left}, timeout=self._patience_s)
            if not self._left.done():
                raise TryLater("an act that was broken off still has not ended")
        self._left = None

    def close(self) -> None:
        """Takes no further act; one under way is stopped."""
        self._closed = True
        self._stop()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _forget(future: asyncio.Future[Any]) -> None:
    """Looks at the end of an act that nobody waits for, so that the loop does not complain."""
    if not future.cancelled():
        future.exception()
