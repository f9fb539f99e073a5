"""The bad day that a seed gets: which faults there are, when, and how hard; at its end everything is well again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from random import Random
from sqlite3 import Error as SqliteError
from typing import Any

from tests.simulation.host import Host
from tests.simulation.loop import SimulatedLoop
from tests.simulation.machine import fill_up, make_room, read_only
from tests.simulation.network import Party
from tests.simulation.senders import Couriers

#: What may go wrong; a seed gets some of it.
KINDS = (
    "refused", "lost", "late", "answer_lost", "reset", "twice", "garbled", "busy", "unavailable", "broken",
    "nameless", "slow", "down", "door", "kill", "stop", "freeze", "leap", "slow_disk", "failing_disk", "full_disk",
    "read_only_disk",
)  # fmt: skip
_FATES = frozenset(KINDS[:11])
#: Where a death may be aimed at: right after so many of these.
AIMS = ("leaving", "heard", "answered", "commit", "start")


class Faults:
    """Draws the faults of a run, and carries them out."""

    def __init__(
        self, loop: SimulatedLoop, random: Random, host: Host, parties: Mapping[str, Party], couriers: Couriers,
        *, horizon_s: float, tell: Callable[..., None], never: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._loop = loop
        self._random = random
        self._host = host
        self._parties = parties
        self._couriers = couriers
        self._horizon_s = horizon_s
        self._tell = tell
        share = random.choice((0.0, 0.15, 0.3, 0.5, 0.8))
        self.kinds = [kind for kind in KINDS if random.random() < share and kind not in never]
        self.over = False
        self.down_until_s = 0.0
        self._aims: dict[str, list[int]] = {aim: [] for aim in AIMS}
        self._counts: dict[str, int] = dict.fromkeys(AIMS, 0)
        self._ends: list[Callable[[], None]] = []
        self.plans: list[Coroutine[Any, Any, None]] = []
        self._draw()

    def _draw(self) -> None:
        draw = self._random
        for party in self._parties.values():
            for kind in sorted(_FATES.intersection(self.kinds)):
                if draw.random() < 0.6:
                    self.plans.append(self._fate(party, kind, draw.choice((0.03, 0.1, 0.3))))
            if "slow" in self.kinds and draw.random() < 0.5:
                self.plans.append(self._slow(party))
            if "down" in self.kinds and draw.random() < 0.5:
                self.plans.append(self._down(party))
        for kind in (
            "door",
            "stop",
            "freeze",
            "leap",
            "slow_disk",
            "failing_disk",
            "full_disk",
            "read_only_disk",
        ):
            if kind in self.kinds:
                for _ in range(draw.choice((1, 1, 2, 3))):
                    self.plans.append(getattr(self, f"_{kind}")())
        if "kill" in self.kinds:
            for _ in range(draw.choice((1, 2, 3, 6))):
                self._aim_death()

    def _aim_death(self) -> None:
        draw = self._random
        aim = draw.choice((*AIMS, "time"))
        if aim == "time":
            self.plans.append(self._die())
        else:
            self._aims[aim].append(draw.randrange(1, 4 if aim == "start" else 60))

    def happened(self, what: str) -> None:
        """Something that a death may be aimed at."""
        if self.over:
            return
        self._counts[what] += 1
        if self._counts[what] in self._aims[what]:
            self._host.burn(f"after {what} {self._counts[what]}", self._callbacks())

    def _callbacks(self) -> int:
        return self._random.choice((1, 2, 3, 5, 8, 13, 30, 100))

    # -- each kind -------------------------------------------------------------

    async def _wait(self) -> None:
        await asyncio.sleep(self._random.random() * self._horizon_s * 0.9)

    async def _fate(self, party: Party, kind: str, share: float) -> None:
        if self._random.random() < 0.6:
            await self._wait()
        setattr(party.weather, kind, share)
        await asyncio.sleep(self._random.random() * self._horizon_s / 2)
        setattr(party.weather, kind, 0.0)

    async def _slow(self, party: Party) -> None:
        await self._wait()
        party.weather.slow_s = self._random.choice((0.2, 1.0, 4.0))
        await asyncio.sleep(self._random.random() * self._horizon_s / 3)
        party.weather.slow_s = 0.0

    async def _down(self, party: Party) -> None:
        await self._wait()
        party.weather.down = self._random.choice(("refused", "silent"))
        self._tell("net", f"{party.name} is down: {party.weather.down}")
        await asyncio.sleep(self._random.choice((0.5, 3.0, 12.0)))
        party.weather.down = ""

    async def _door(self) -> None:
        await self._wait()
        self._couriers.lost, self._couriers.deaf = self._random.random() * 0.4, self._random.random() * 0.4
        await asyncio.sleep(self._random.random() * self._horizon_s / 2)
        self._couriers.lost = self._couriers.deaf = 0.0

    async def _die(self) -> None:
        await self._wait()
        self._host.burn("just so", self._callbacks())

    async def _stop(self) -> None:
        await self._wait()
        await self._host.stop()

    async def _freeze(self) -> None:
        await self._wait()
        process = self._host.process
        if process is not None and self._host.ready:
            self._tell("host", "stands still")
            self._loop.freeze(process, frozen=True)
            await asyncio.sleep(self._random.choice((0.3, 2.0, 9.0)))
            self._loop.freeze(process, frozen=False)

    async def _leap(self) -> None:
        await self._wait()
        by_s = self._random.choice((0.5, 5.0, 60.0, 3600.0, -0.5, -5.0, -20.0))
        self._tell("clock", f"leaps by {by_s:g} s")
        self._host.clock.leap(by_s)

    async def _slow_disk(self) -> None:
        await self._wait()
        self._host.disk.slow_s = self._random.choice((0.05, 0.5, 2.0))
        await asyncio.sleep(self._random.random() * 8)
        self._host.disk.slow_s = 0.0

    async def _failing_disk(self) -> None:
        await self._wait()
        self._host.disk.failing = self._random.choice((0.1, 0.5, 1.0))
        await asyncio.sleep(self._random.random() * 4)
        self._host.disk.failing = 0.0

    async def _full_disk(self) -> None:
        await self._wait()
        self._tell("disk", "is full")
        self._on_store(fill_up)
        await asyncio.sleep(self._random.random() * 4)
        self._on_store(make_room)

    async def _read_only_disk(self) -> None:
        await self._wait()
        self._tell("disk", "is read-only")
        self._on_store(lambda connection: read_only(connection, on=True))
        await asyncio.sleep(self._random.random() * 4)
        self._on_store(lambda connection: read_only(connection, on=False))

    def _on_store(self, act: Callable[[Any], None]) -> None:
        connection = self._host.writes
        if connection is not None:
            with suppress(SqliteError):
                act(connection)

    # -- the end ---------------------------------------------------------------

    def end(self) -> None:
        """Everything is well again, and stays so."""
        self.over = True
        for party in self._parties.values():
            party.weather.calm()
        self._couriers.lost = self._couriers.deaf = 0.0
        self._host.disk.slow_s = self._host.disk.failing = 0.0
        self._on_store(make_room)
        self._on_store(lambda connection: read_only(connection, on=False))
        process = self._host.process
        if process is not None:
            process.fuse = None
            self._loop.freeze(process, frozen=False)
