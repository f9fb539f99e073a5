"""Two hosts over one store: each with its own process, clock and way to the database; and both as one to the world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from crossdock.api.intake import Intake
from crossdock.assembly import Hub, Surroundings
from crossdock.control.operate import Operator
from crossdock.desk.desk import Desk
from crossdock.journal.chain import PARTITIONS
from crossdock.journal.postgresql.budgets import Budgets, Limit
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.settings import Settings
from tests.simulation.database import Database, Road
from tests.simulation.host import LOOKED_AFTER_S, Host
from tests.simulation.loop import PROCESS, Process, SimulatedLoop
from tests.simulation.machine import MachineClock
from tests.simulation.member import Place, SharedJournal, SharedTenure
from tests.simulation.network import Network, Sent
from tests.simulation.post import Post, Signals
from tests.simulation.serving import Server

NAMES = ("left", "right")
#: How far a clock of two may leap: what a host with a wrong clock put off, the other one begins as late.
_LEAP_MAX_S = 5.0


class SharedHost(Host):
    """A machine whose store is elsewhere."""

    def __init__(self, *given: Any, store: Server, post: Post, up_s: float, **more: Any) -> None:
        super().__init__(*given, **more)
        self.clock = MachineClock(self._loop, up_s)
        self.server = store
        self.road = Road(self._loop, store.database)
        self._post = post
        self._signals: Signals | None = None
        self.away = False  #: nobody starts it again for a while

    def _around(self) -> Surroundings:
        return replace(super()._around(), journal=self._journal, hold=self._hold)

    def _journal(self, settings: Settings, around: Surroundings) -> Any:
        place = self._place = Place(
            self.server, self.road, self.server.path, self.name, settings.lease_s,
            self.clock.monotonic_s, self.clock.now_ms, around.random_bytes,
        )  # fmt: skip
        return SharedJournal(place, ArrivalDedup())

    def _hold(self, journal: Any, _settings: Settings, clients: Mapping[str, Any]) -> Any:
        limits = {
            name: Limit(system.limits.concurrency, system.limits.rate_per_s)
            for name, (system, _) in clients.items()
        }
        budgets = Budgets(limits, {name: client for name, (_, client) in clients.items()})
        signals = self._signals = Signals(self._post, self.road, PROCESS.get())
        return SharedTenure(self._place, journal, signals, budgets), signals

    def _died(self, process: Process) -> None:
        database = self.server.database
        sessions = [one for one in database.sessions if one.process is process]
        for session in sessions:  # the server learns of it, unless the way is cut
            self._loop.spawn(self._loop.world, self.road.ask(lambda one=session: database.abort(one)))
        super()._died(process)

    def _let_go(self, hub: Hub) -> None:
        if self._signals is not None and self._signals in self._post.ears:
            self._post.ears.remove(self._signals)
        hub.journal.close_reads()  # type: ignore[attr-defined]

    @property
    def member(self) -> Any:
        """What its process was given when it joined; None before."""
        return None if self.hub is None else self.hub.journal.member  # type: ignore[attr-defined]


class SharedClock:
    """Both machines' clocks as one: the later of the two, and every leap of either."""

    def __init__(self, clocks: list[MachineClock]) -> None:
        self._clocks = clocks
        self.leapt_s = 0.0

    def now_ms(self) -> int:
        return max(clock.now_ms() for clock in self._clocks)

    def leap(self, by_s: float) -> None:
        """Somebody sets the clock of one; by seconds, since work that is due by one clock is begun by the other."""
        self._clocks[int(abs(by_s) * 10) % 2].leap(max(min(by_s, _LEAP_MAX_S), -_LEAP_MAX_S))

    @property
    def leaps(self) -> list[tuple[float, float]]:
        return sorted(leap for clock in self._clocks for leap in clock.leaps)

    def leapt_since(self, at_s: float) -> float:
        return sum(clock.leapt_since(at_s) for clock in self._clocks)


class Hosts:
    """Both hosts, as the world around them sees one hub: whoever asks meets one that is ready."""

    def __init__(
        self, loop: SimulatedLoop, random: Random, network: Network, settings: Settings, path: Path,
        *, window: int, tell: Callable[..., None],
    ) -> None:  # fmt: skip
        self._random = random
        self.loop = loop
        self.database = self.disk = Database(loop, Random(random.random()), tell, settings.lease_s)
        self.server = Server(path, self.database, ArrivalDedup())
        self.server.broken = lambda says: loop.guarded(_broken, says)
        self.database.given_up = lambda process, parts: loop.guarded(self._at_rest, process, parts)
        post = Post(loop, self.database)
        self.each = [
            SharedHost(
                name, loop, Random(random.random()), network, replace(settings, host_id=name),
                window=window, tell=tell, store=self.server, post=post, up_s=random.random() * 5_000,
            )
            for name in NAMES
        ]  # fmt: skip
        if random.random() < 0.5:  # the clocks of two machines are never quite the same
            self.each[1].clock.leap(random.choice((-3.0, -0.4, 0.4, 3.0)))
        self.clock = SharedClock([host.clock for host in self.each])
        self._front = self.each[0]
        self.out: dict[Sent, int] = {}  #: on the wire -> the partition of its lane

    # -- as one hub --------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether one is there; the questions that follow are that one's."""
        there = [host for host in self.each if host.ready]
        if there:
            self._front = there[int(self._random.random() * len(there))]
        return bool(there)

    @property
    def all_ready(self) -> bool:
        """Whether both are there."""
        return all(host.ready for host in self.each)

    @property
    def shared_out(self) -> bool:
        """Whether both are there and every partition is worked on."""
        hubs = [host.hub for host in self.each if host.ready and host.hub is not None]
        return len(hubs) == 2 and sum(len(hub.worker._term.hold.partitions) for hub in hubs) == PARTITIONS

    @property
    def process(self) -> Process | None:
        return self._front.process

    @property
    def hub(self) -> Hub | None:
        return self._front.hub

    @property
    def intake(self) -> Intake | None:
        return self._front.intake

    @property
    def desk(self) -> Desk | None:
        return self._front.desk

    @property
    def ways(self) -> Operator | None:
        return self._front.ways

    @property
    def writes(self) -> None:
        """Nobody of this world holds it."""
        return

    @property
    def store(self) -> Path:
        return self.server.path

    @property
    def starts(self) -> int:
        return sum(host.starts for host in self.each)

    @property
    def defects(self) -> list[str]:
        return [defect for host in self.each for defect in host.defects]

    def listen(self, started: Callable[[], None], answered: Callable[[str, int, bytes, bytes], None]) -> None:
        """Who is told of starts and answers."""
        for host in self.each:
            host.on_start, host.on_answer = started, answered

    def post(self, system: str, document: str | None, body: bytes, headers: Mapping[str, str]) -> Any:
        """One request at the door of either."""
        there = [host for host in self.each if host.ready] or self.each
        return self._random.choice(there).post(system, document, body, headers)

    def burn(self, why: str, callbacks: int) -> None:
        """One of the two dies soon."""
        self._random.choice(self.each).burn(why, callbacks)

    async def stop(self) -> None:
        """An orderly end of one; of both when it is the last."""
        self._front = self._random.choice(self.each)
        await self._front.stop()

    async def stop_all(self) -> None:
        """One after the other."""
        for host in self.each:
            await host.stop()

    def kill_all(self) -> None:
        """The run is over."""
        for host in self.each:
            host.kill("the run is over")

    def close(self) -> None:
        """Lets go of the store."""
        with suppress(Exception):
            self.server.connection.close()
            self.server.store.close_reads()
        self.database.rows.close()  # it holds a method of its owner where the collector of garbage cannot look

    # -- who may send ------------------------------------------------------------

    def may(self, sent: Sent, partition: int) -> None:
        """At the instant in which bytes leave, the store says that the lane is the sender's, in its epoch."""
        member = next((host.member for host in self.each if host.process is sent.process), None)
        if member is None:
            _broken(f"{sent.key} left from {sent.process.name}, which is no member")
        elif self.database.epoch(member.id) != member.epoch:
            _broken(f"{sent.key} left from {sent.process.name} after its epoch was over")
        elif (owner := self.database.owner(partition)) != member.id:
            _broken(
                f"{sent.key} left from {sent.process.name} (m{member.id}), partition {partition} is m{owner}'s"
            )
        self.out[sent] = partition

    def back(self, sent: Sent) -> None:
        """An answer came, or none."""
        self.out.pop(sent, None)

    def _at_rest(self, process: Process, partitions: frozenset[int]) -> None:
        """What is handed over has nothing on the wire."""
        for sent, partition in self.out.items():
            if sent.process is process and partition in partitions:
                _broken(f"partition {partition} was given up while {sent.key} was on the wire")

    def agree(self) -> None:
        """At rest every partition is worked on by exactly one host, by the store's rows and by both memories."""
        held = [host.hub.worker._term.hold.partitions for host in self.each if host.hub is not None]
        both = frozenset.intersection(*held) if len(held) > 1 else frozenset[int]()
        if both:
            _broken(f"partitions {sorted(both)[:5]} are worked on by both hosts")
        if sum(map(len, held)) != 256:
            _broken(f"{sum(map(len, held))} partitions are worked on, of 256")

    async def keep_up(self, host: SharedHost, draw: Random, stopped: Callable[[], bool]) -> None:
        """Starts one host again whenever it is gone."""
        while True:
            if host.process is None and not stopped() and not host.away:
                await asyncio.sleep(draw.choice((0.05, 0.3, 2.0)))
                if host.process is None and not stopped():
                    await host.start()
            await asyncio.sleep(LOOKED_AFTER_S)


def _broken(says: str) -> None:
    raise AssertionError(says)
