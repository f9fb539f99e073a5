"""The machine that a hub runs on: a clock that may leap, and a disk that may be slow, failing, full or read-only."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from tests.simulation.loop import Process, SimulatedLoop

#: 2026-11-22T10:00:00Z, in milliseconds.
START_MS = 1_795_341_600_000
_PAGES_MAX = 1_073_741_823


class MachineClock:
    """Virtual time: the wall clock may leap, the monotonic one may not."""

    def __init__(self, loop: SimulatedLoop, up_s: float = 0.0) -> None:
        self._loop = loop
        self._up_s = up_s  #: how long the machine had run before
        self.leapt_s = 0.0  #: how far the wall clock is from where it was set
        self.leaps: list[tuple[float, float]] = []  #: when it leapt, and by how much

    def now_ms(self) -> int:
        return START_MS + int((self._loop.time() + self.leapt_s) * 1000)

    def monotonic_s(self) -> float:
        return self._up_s + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def leap(self, by_s: float) -> None:
        """Somebody sets the wall clock."""
        self.leapt_s += by_s
        self.leaps.append((self._loop.time(), by_s))

    def leapt_since(self, at_s: float) -> float:
        """Seconds that the wall clock was set forward since a moment."""
        return sum(by_s for when, by_s in self.leaps if when >= at_s and by_s > 0)


class Disk:
    """Runs what the journal hands to a thread: commits and larger reads, each after its time."""

    def __init__(self, loop: SimulatedLoop, random: Random, tell: Callable[..., None]) -> None:
        self._loop = loop
        self._random = random
        self._tell = tell
        self.usual_s = random.choice((0.0005, 0.002, 0.008))
        self.slow_s = 0.0  #: the longest that a commit takes beside its usual time
        self.failing = 0.0  #: the share of commits that fail
        self._under_way: dict[Process, Callable[[], None]] = {}
        self.after_commit: Callable[[], None] = lambda: None
        self.commits = 0

    def executor(
        self, process: Process
    ) -> Callable[[Callable[..., Any], tuple[Any, ...]], asyncio.Future[Any]]:
        """The threads of one process."""
        return lambda func, args: self._run(process, func, args)

    def _run(self, process: Process, func: Callable[..., Any], args: tuple[Any, ...]) -> asyncio.Future[Any]:
        future = self._loop.create_future()
        if getattr(func, "__name__", "") != "commit":
            self._loop.in_world(self._random.uniform(0, 0.002), self._read, process, func, args, future)
            return future
        wait_s = self.usual_s * self._random.uniform(0.2, 3) + self._random.random() * self.slow_s
        self._under_way[process] = func
        self._loop.in_world(wait_s, self._commit, process, func, future)
        return future

    def _read(
        self, process: Process, func: Callable[..., Any], args: tuple[Any, ...], future: asyncio.Future[Any]
    ) -> None:
        if process.alive and not future.done():
            try:
                future.set_result(func(*args))
            except Exception as error:
                future.set_exception(error)

    def _commit(self, process: Process, func: Callable[[], None], future: asyncio.Future[Any]) -> None:
        if not process.alive:
            return
        self._under_way.pop(process, None)
        if self._random.random() < self.failing:
            self._tell("disk", "a commit fails")
            failed = sqlite3.OperationalError("disk I/O error")
            self._loop.in_world(0, _fails, future, failed)
            return
        try:
            func()
        except sqlite3.Error as error:
            self._loop.in_world(0, _fails, future, error)
            return
        self.commits += 1
        self.after_commit()
        # It is durable; the process learns of it a little later, or never.
        self._loop.in_world(self._random.random() * 0.001, _done, future)

    def died(self, process: Process) -> None:
        """The process is dead: what it had handed to the disk got there, or not."""
        commit = self._under_way.pop(process, None)
        if commit is not None and self._random.random() < 0.5:
            with suppress(sqlite3.Error):
                commit()
                self._tell("disk", "the last commit of the dead got through")


def _done(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)


def _fails(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def fill_up(connection: sqlite3.Connection) -> None:
    """No further page fits on the disk."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def make_room(connection: sqlite3.Connection) -> None:
    """Somebody deleted something."""
    connection.execute(f"PRAGMA max_page_count = {_PAGES_MAX}")


def read_only(connection: sqlite3.Connection, *, on: bool) -> None:
    """The file system went read-only, or is writable again."""
    connection.execute(f"PRAGMA query_only = {int(on)}")
