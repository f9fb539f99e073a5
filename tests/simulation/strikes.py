"""What befalls one of two hosts: it dies for a while, stands still past its lease, or is cut off from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from tests.simulation.hosts import Hosts, SharedHost
from tests.simulation.loop import Process

KINDS = ("cut", "still", "gone")
#: Where a strike may be aimed at: right after so many of these.
AIMS = ("leaving", "heard", "commit")
#: How long each lasts, in leases: some shorter than one, some longer.
_LEASES = (0.3, 0.7, 1.1, 1.5, 3.0)
#: What is aimed lasts until the other one has surely taken over.
_LONG = (1.5, 2.0, 3.0)


class Strikes:
    """Draws the strikes of a run, and carries them out."""

    def __init__(
        self, hosts: Hosts, random: Random, background: Callable[[Coroutine[Any, Any, None]], object],
        *, horizon_s: float, tell: Callable[..., None],
    ) -> None:  # fmt: skip
        self._hosts = hosts
        self._random = random
        self._background = background
        self._horizon_s = horizon_s
        self._tell = tell
        self.over = False
        kinds = [kind for kind in KINDS if random.random() < 0.6]
        self._kinds = kinds
        self._times = random.choice((0, 1, 2, 4)) if kinds else 0
        self._counts = dict.fromkeys(AIMS, 0)
        self._aims = {
            aim: [random.randrange(1, 120) for _ in range(random.choice((0, 2, 4)))] for aim in AIMS
        }

    def begin(self) -> None:
        """From now on."""
        for _ in range(self._times):
            self._background(self._later())

    def happened(self, what: str, process: Process | None) -> None:
        """Something that a strike may be aimed at."""
        self._counts[what] += 1
        if not self.over and self._kinds and self._counts[what] in self._aims[what]:
            for host in self._hosts.each:
                if process is not None and host.process is process:
                    self._background(self._strike(host, aimed=True))

    async def _later(self) -> None:
        await asyncio.sleep(self._random.random() * self._horizon_s * 0.9)
        await self._strike(self._random.choice(self._hosts.each))

    async def _strike(self, host: SharedHost, *, aimed: bool = False) -> None:
        draw = self._random
        kind = "still" if aimed and draw.random() < 0.6 else draw.choice(self._kinds)
        if self.over or not host.ready or host.process is None or host.process.frozen:
            return
        lasts_s = draw.choice(_LONG if aimed else _LEASES) * self._hosts.database.lease_s
        self._tell("strike", host.name, kind, f"{lasts_s:g} s")
        await getattr(self, f"_{kind}")(host, lasts_s)

    async def _cut(self, host: SharedHost, lasts_s: float) -> None:
        """A split network: the store is out of reach, the targets are not."""
        host.road.cut = True
        await asyncio.sleep(lasts_s)
        host.road.cut = False

    async def _still(self, host: SharedHost, lasts_s: float) -> None:
        """Stopped, perhaps past its lease; then it goes on as if nothing had been."""
        process = host.process
        if process is not None:
            self._hosts.loop.freeze(process, frozen=True)
            await asyncio.sleep(lasts_s)
            self._hosts.loop.freeze(process, frozen=False)

    async def _gone(self, host: SharedHost, lasts_s: float) -> None:
        """Dead, and nobody starts it again for a while."""
        host.away = True
        host.kill("struck")
        await asyncio.sleep(lasts_s)
        host.away = False

    def end(self) -> None:
        """Both are well again, and stay so."""
        self.over = True
        for host in self._hosts.each:
            host.road.cut = host.away = False
            if host.process is not None:
                host.process.fuse = None
                self._hosts.loop.freeze(host.process, frozen=False)
