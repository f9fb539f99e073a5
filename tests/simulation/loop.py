"""An event loop in virtual time that runs several processes, any of which may die at any await."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from asyncio import events
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any

#: Virtual seconds that one callback takes, and those that one in so many takes (another program had the processor).
_STEP_S, _STALL_S, _STALL_ONE_IN = 15e-6, 0.02, 800
#: A run that needs more callbacks than this never comes to rest.
STEPS_MAX = 2_000_000


class Stuck(Exception):
    """Nothing is ready and no timer runs, or the run does not end."""


class Handle:
    """One callback, and the process that it belongs to: what a loop of asyncio hands out, and as little as that."""

    __slots__ = ("args", "callback", "context", "gone", "process")

    def __init__(
        self, process: Process, callback: Callable[..., Any], args: tuple[Any, ...], context: Any
    ) -> None:
        self.process = process
        self.callback = callback
        self.args = args
        self.context = context if context is not None else contextvars.copy_context()
        self.gone = False

    def cancel(self) -> None:
        """Skipped when its turn comes."""
        self.gone = True

    def cancelled(self) -> bool:
        return self.gone


class Process:
    """What lives and dies together: its callbacks run in order, those of several processes in any."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.frozen = False
        self.listed = False  #: among those that may have something to do
        self.ready: deque[Handle] = deque()
        self.remains: deque[Handle] = deque()  #: of the dead; what they hold is nobody's complaint
        self.tasks: list[asyncio.Task[Any]] = []
        self.steps = 0
        self.since_s = 0.0
        self.fuse: int | None = None  #: callbacks until it dies
        self.on_death: Callable[[], None] = lambda: None
        self.executor: Callable[[Callable[..., Any], tuple[Any, ...]], asyncio.Future[Any]] | None = None


#: The process that a callback belongs to; tasks and callbacks inherit it from whoever makes them.
PROCESS: contextvars.ContextVar[Process] = contextvars.ContextVar("process")


class SimulatedLoop(asyncio.AbstractEventLoop):
    """Time passes only when nobody has anything to do, but for a few microseconds a callback.

    Within a process callbacks run in the order in which they were made ready, as asyncio promises.
    Everything else is drawn from the seed: which process is next, and which of two timers that ring at
    the same instant.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.world = Process("world")
        self._now_s = 0.0
        self._timers: list[tuple[float, float, int, Handle]] = []
        self._outside = contextvars.copy_context()
        self._outside.run(PROCESS.set, self.world)
        self._made = 0
        self._runnable: list[Process] = []
        self.steps = 0
        self._closed = False
        self.broken: BaseException | None = None  #: ends the run at once, whoever found it
        self.defects: list[str] = []  #: what ended in the loop's own exception handler
        self.graveyard: list[Process] = []  #: keeps the tasks of the dead: nothing of them runs any more

    # -- running ---------------------------------------------------------------

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """Runs until a coroutine of the world has ended; its result."""
        task = self.spawn(self.world, main)
        events._set_running_loop(self)
        try:
            while not task.done():
                self._turn()
                if self.broken is not None:
                    raise self.broken
        finally:
            events._set_running_loop(None)
        return task.result()

    def _turn(self) -> None:
        timers = self._timers
        while timers and timers[0][0] <= self._now_s:
            handle = heapq.heappop(timers)[3]
            if not handle.gone:
                self._ready(handle)
        process = self._next()
        if process is None:
            if not timers:
                raise Stuck("nobody has anything to do, and nobody waits for a time")
            self._now_s = max(self._now_s, timers[0][0])
            return
        handle = process.ready.popleft()
        if handle.gone:
            return
        self.steps += 1
        self._now_s += _STEP_S
        if not self.steps % _STALL_ONE_IN:
            self._now_s += self._random.random() * _STALL_S
            if self.steps > STEPS_MAX:
                raise Stuck(f"no rest after {STEPS_MAX} callbacks")
        try:
            handle.context.run(handle.callback, *handle.args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self.call_exception_handler({"message": f"in {handle.callback!r}", "exception": error})
        process.steps += 1
        if process.fuse is not None:
            process.fuse -= 1
            if process.fuse <= 0:
                self.kill(process)

    def _next(self) -> Process | None:
        """One of the processes that have something to do."""
        runnable = self._runnable
        while runnable:
            at = int(self._random.random() * len(runnable)) if len(runnable) > 1 else 0
            process = runnable[at]
            if process.ready and process.alive and not process.frozen:
                return process
            process.listed = False
            runnable[at] = runnable[-1]
            runnable.pop()
        return None

    def _ready(self, handle: Handle) -> None:
        process = handle.process
        if process.alive:
            process.ready.append(handle)
            if not process.listed:
                self._list(process)

    def _list(self, process: Process) -> None:
        if not process.frozen:
            process.listed = True
            self._runnable.append(process)

    # -- processes -------------------------------------------------------------

    def spawn(
        self, process: Process, work: Coroutine[Any, Any, Any], name: str | None = None
    ) -> asyncio.Task[Any]:
        """Starts a coroutine as a part of a process."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(work, name=name, context=context)

    def kill(self, process: Process) -> None:
        """Ends a process between two of its callbacks: no handler, no `finally` of it runs."""
        if process.alive:
            process.alive, process.fuse = False, None
            process.remains, process.ready = process.ready, deque()
            self.graveyard.append(process)
            process.on_death()

    def freeze(self, process: Process, *, frozen: bool) -> None:
        """Stops a process where it stands, as SIGSTOP does, or lets it go on."""
        process.frozen = frozen
        if process.alive and process.ready and not process.listed:
            self._list(process)

    def guarded(self, look: Callable[..., None], *args: Any) -> None:
        """Looks at something on the way through the hub; what is wrong ends the run, not the hub's own task."""
        try:
            look(*args)
        except Exception as error:
            self.broken = self.broken or error

    # -- what asyncio asks of a loop -------------------------------------------

    def time(self) -> float:
        return self._now_s

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        handle = Handle(self._whose(context), callback, args, context)
        if not self._closed:
            self._ready(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        handle = Handle(self._whose(context), callback, args, context)
        if not self._closed:
            self._made += 1
            heapq.heappush(self._timers, (when, self._random.random(), self._made, handle))
        return handle

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def _whose(self, context: Any) -> Process:
        return PROCESS.get(self.world) if context is None else context.get(PROCESS, self.world)

    def in_world(self, delay_s: float, callback: Callable[..., Any], *args: Any) -> None:
        """Calls something outside of every process: the network, the disk, the weather."""
        self.call_at(self._now_s + delay_s, callback, *args, context=self._outside)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Any = None) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        process = self._whose(context)
        process.tasks.append(task)
        if len(process.tasks) > 4_000:
            process.tasks = [one for one in process.tasks if not one.done()]
        return task

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Awaitable[Any]:
        run = PROCESS.get().executor
        assert run is not None, f"{PROCESS.get().name} has no disk to run {func} on"
        return run(func, args)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self._closed

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self._closed:
            self.defects.append(f"{context.get('message')}: {context.get('exception')!r}")

    def close(self) -> None:
        """Forgets everything; what is collected later cannot call back."""
        self._closed = True
        for process in (*self.graveyard, self.world):
            for task in process.tasks:
                task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._timers.clear()
        self._runnable.clear()
