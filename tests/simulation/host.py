"""One hub process on its machine: the real hub, wired to the simulated world; it starts, stops, and dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from sqlite3 import Error as SqliteError
from typing import Any

from psycopg import Error as PostgresError

from crossdock.api.intake import Intake
from crossdock.api.keys import Keys
from crossdock.assembly import Hub, Surroundings
from crossdock.charter.charter import Charter, System
from crossdock.control.courtesy import Courtesy
from crossdock.control.operate import Operator
from crossdock.desk.desk import Desk
from crossdock.journal.contract import StoreDown
from crossdock.pipeline.trial import Trial
from crossdock.settings import Settings
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.machine import Disk, MachineClock
from tests.simulation.network import Line, Network

#: How often whoever keeps a hub up looks whether it is gone.
LOOKED_AFTER_S = 0.25
#: How long an orderly stop waits for what is on the wire.
_DRAIN_S = 3.0


@dataclass(slots=True)
class Posted:
    """A request at the door as the server hands it in, and its answer."""

    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    answered: Callable[[int, Mapping[str, str], bytes], None]
    method: str = "POST"

    async def __call__(self) -> bytes:
        return self.body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answered(status, dict(headers), body)


class Uncounted:
    """Counts nothing."""

    def received(self, system: str, status: int, seconds: float) -> None: ...


class Host:
    """A machine with one store, on which hub processes follow each other."""

    def __init__(
        self, name: str, loop: SimulatedLoop, random: Random, network: Network, settings: Settings,
        *, window: int, tell: Callable[..., None],
    ) -> None:  # fmt: skip
        self.name = name
        self._loop = loop
        self._random = random
        self._network = network
        self._settings = settings
        self._window = window
        self._tell = tell
        self.clock = MachineClock(loop)
        self.disk = Disk(loop, random, tell)
        self.starts = 0
        self.process: Process | None = None
        self.hub: Hub | None = None
        self.intake: Intake | None = None
        self.desk: Desk | None = None
        self.ways: Operator | None = None
        self.ready = False
        self.on_start: Callable[[], None] = lambda: None
        self.on_answer: Callable[[str, int, bytes, bytes], None] = lambda *_: None
        self.defects: list[str] = []

    @property
    def store(self) -> Path:
        """The file of the store."""
        return self._settings.sqlite_path

    @property
    def writes(self) -> Any:
        """The connection that the journal writes with; None while there is none."""
        return None if self.hub is None else self.hub.journal._write_connection

    # -- life ------------------------------------------------------------------

    async def start(self) -> bool:
        """Starts a process; False when it did not come up (its disk failed, or it died on the way)."""
        assert self.process is None, "one process on one store"
        self.starts += 1
        process = self.process = Process(f"{self.name}#{self.starts}")
        process.since_s = self._loop.time()
        process.executor = self.disk.executor(process)
        process.on_death = lambda: self._died(process)
        self.on_start()
        task = self._loop.spawn(process, self._boot())
        while not task.done() and process.alive:
            await asyncio.sleep(0.01)
        error = task.exception() if task.done() else None  # asked for even where death came right after
        if error is not None:
            self._does_not_come_up(process, error)
            return False
        self.ready = process.alive
        return self.ready

    def _does_not_come_up(self, process: Process, error: BaseException) -> None:
        """What cannot start ends, and its supervisor starts it again; but for want of a store it is a defect."""
        self._tell("host", f"{process.name} does not come up: {error}")
        if not isinstance(error, StoreDown | SqliteError | PostgresError):
            self.defects.append(f"{process.name} does not come up: {error!r}")
        self._loop.kill(process)

    async def _boot(self) -> None:
        hub = self.hub = Hub(self._settings, lambda name: f"the secret {name}", self._around())
        keys = Keys(lambda: hub.journal.keys(hub.clock.now_ms()), self.clock.monotonic_s)
        self.intake = Intake(
            hub.worker.door, keys, Uncounted(), hub.pressure,
            Courtesy(hub.charter.systems, hub.clock, share=hub.charter.intake.flood_share, busy_s=lambda: 0.0),
            max_bytes=hub.charter.intake_max_bytes, now_ms=hub.clock.now_ms,
        )  # fmt: skip
        self.desk = Desk(
            hub.journal, hub.worker, self.clock.now_ms, crosswalks_changed=hub.refresh_crosswalks,
            trial=Trial(hub.context), known_codes=hub.known_codes,
        )  # fmt: skip
        self.ways = Operator(hub.journal, hub.worker, self.clock.now_ms, hub.charter.systems)
        await hub.start()
        await hub.worker.start()

    def _around(self) -> Surroundings:
        return Surroundings(
            clock=self.clock, random=Random(self._random.random()),
            random_bytes=self._random.randbytes, http=self._http, window=self._window,
        )  # fmt: skip

    def _http(self, url: str, system: System, charter: Charter) -> Line:
        del charter
        party = url.partition("//")[2].partition(":")[0]  # the name that the site gave it
        return self._network.client(party.partition(".")[0], system.limits.timeout_s)

    def kill(self, why: str) -> None:
        """The process dies now."""
        if self.process is not None:
            self._tell("host", f"{self.process.name} dies: {why}")
            self._loop.kill(self.process)

    def burn(self, why: str, callbacks: int) -> None:
        """The process dies after so many more of its callbacks."""
        if self.process is not None and self.process.alive and self.process.fuse is None:
            self._tell("host", f"{self.process.name} dies in {callbacks} callbacks: {why}")
            self.process.fuse = max(callbacks, 1)

    def _died(self, process: Process) -> None:
        """What the operating system does with what a dead process held."""
        self.disk.died(process)
        self._network.died(process)
        hub, self.hub, self.intake, self.desk, self.ways = self.hub, None, None, None, None
        self.ready, self.process = False, None
        if hub is not None:
            self._let_go(hub)

    def _let_go(self, hub: Hub) -> None:
        """What the operating system closes of a dead process."""
        with suppress(Exception):
            hub.journal._write_connection.rollback()
        for connection in (hub.journal._write_connection, hub.journal._loop_connection, hub.journal._views):
            connection.close()
        if hub._lock is not None:
            hub._lock.release()

    async def stop(self) -> None:
        """An orderly end, as after SIGTERM; what hangs is killed."""
        process, hub, intake = self.process, self.hub, self.intake
        if process is None or hub is None or intake is None or not self.ready:
            self.kill("it was told to stop before it was up")
            return
        self._tell("host", f"{process.name} stops")
        task = self._loop.spawn(process, self._drain(hub, intake))
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
        with suppress(TimeoutError):
            async with asyncio.timeout(30):
                while not task.done() and process.alive:
                    await asyncio.sleep(0.01)
        failed = task.exception() if process.alive and task.done() else None
        if failed is not None and not isinstance(failed, StoreDown):
            self.defects.append(f"an orderly stop failed: {failed!r}")
        self.ready = False
        self._loop.kill(process)

    async def _drain(self, hub: Hub, intake: Intake) -> None:
        intake.draining = True
        for target in hub.worker.targets.values():
            target.paused = True
        ends_s = self.clock.monotonic_s() + _DRAIN_S
        while self.clock.monotonic_s() < ends_s and any(t.sending for t in hub.worker.targets.values()):
            await asyncio.sleep(0.02)
        self.ready = False
        await hub.stop()

    # -- the door --------------------------------------------------------------

    def post(self, system: str, document: str | None, body: bytes, headers: Mapping[str, str]) -> Any:
        """Hands one request in; a future of (status, headers, body) that ends when the answer leaves."""
        future = self._loop.create_future()
        if not self.ready or self.intake is None or self.process is None:
            future.set_exception(ConnectionRefusedError())
            return future

        def answered(status: int, answer: Mapping[str, str], content: bytes) -> None:
            self._loop.guarded(self.on_answer, system, status, content, body)
            if not future.done():
                future.set_result((status, answer, content))

        query = f"document={document}" if document else ""
        more = {"content-length": str(len(body)), "authorization": f"Bearer key-of-{system}"}
        posted = Posted(f"/v1/systems/{system}/messages", query, {**headers, **more}, body, answered)
        self._loop.spawn(self.process, self.intake.handle(posted, posted))  # type: ignore[arg-type]
        return future
