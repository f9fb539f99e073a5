"""Several members of one site on a real PostgreSQL database, each with its own worker, lease, signals and budgets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from crossdock.journal.contract import StoreDown
from crossdock.journal.open import storage_of
from crossdock.journal.postgresql.budgets import Budgets, Limit
from crossdock.journal.postgresql.membership import EpochFence, Fence
from crossdock.journal.postgresql.signals import PostgresqlSignals
from crossdock.journal.postgresql.store import PostgresqlJournal
from crossdock.journal.postgresql.tenure import PostgresqlTenure
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.views import conservation
from crossdock.kit.connector import Poller
from crossdock.kit.guarded import GuardedClient
from crossdock.kit.throttle import Pace
from crossdock.pipeline.bound import DecisionTime
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.pipeline.lanes import KeyOrdering
from crossdock.pipeline.receive import DurableFirst
from crossdock.pipeline.transmit import DoubtGuard, NeverGuess
from crossdock.pipeline.worker import Worker
from tests.database import Server
from tests.pipeline.world import World

LEASE_S = 1.0


class Member:
    """One process of the site, but for the process."""

    def __init__(
        self, world: World, name: str, *, url: str, fence: Fence, limit: Limit, pollers: Mapping[str, Poller],
        doubt: DoubtGuard,
    ) -> None:  # fmt: skip
        self.name = name
        self.journal = PostgresqlJournal(
            url, clock_ms=world.clock.now_ms, dedup=ArrivalDedup(), host=name, lease_s=LEASE_S, fence=fence,
            claims=False,
        )  # fmt: skip
        self.signals = PostgresqlSignals(url, name)
        self.clients = {
            system: GuardedClient(
                target, concurrency=limit.places, pace=Pace(limit.rate_per_s, burst=0.0), wait_max_s=5.0,
                may_send=lambda: self.tenure.may_send(),
            )
            for system, target in world.targets.items()
        }  # fmt: skip
        budgets = Budgets(dict.fromkeys(self.clients, limit), self.clients)
        self.tenure = PostgresqlTenure(self.journal, self.signals, budgets, url=url, lease_s=LEASE_S)
        systems = {
            system: replace(bound, client=client, share=client.share, pollers=dict(pollers))
            if (client := self.clients.get(system)) is not None and system == "wms"
            else replace(bound, client=self.clients.get(system, bound.client))
            for system, bound in world.context.systems.items()
        }
        self.context = replace(
            world.context, systems=systems, journal=self.journal, random=Random(name), time=DecisionTime(),
            tenure=self.tenure, signals=self.signals,
        )  # fmt: skip
        self.worker = Worker(self.context, commit=DurableFirst(), ordering=KeyOrdering(), doubt=doubt)
        self.alive = False

    @property
    def held(self) -> frozenset[int]:
        """The partitions that it works on."""
        return self.worker._term.hold.partitions

    async def start(self) -> None:
        """Joins and begins to work."""
        self.journal.start()
        await self.tenure.join()
        await self.journal.use_charter("sha256:test", "0", {})
        await self.worker.start()
        self.alive = True

    async def stop(self) -> None:
        """Leaves in order."""
        self.alive = False
        await self.worker.stop()
        await self.tenure.end()
        await self.journal.close()

    async def die(self) -> None:
        """Ends at once, as a killed process does: it says nothing, and its lease runs out."""
        self.alive = False
        await self.worker.stop()
        tasks = [self.tenure._task, self.tenure._leaving, self.journal._heart, self.journal.writer._task]
        for task in filter(None, tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.signals.stop()
        await self.tenure._drop_connection()
        if self.journal.writer._wire is not None:
            await self.journal.writer._wire.close()

    async def push(self, tree: dict[str, Any], *, system: str = "shop", document: str = "sales_order") -> Any:
        """One document at its door, again and again until it is taken."""
        body = json.dumps(tree).encode()
        for _ in range(2_000):
            try:
                return await self.worker.door.receive(system, document, body, {}, key=None)
            except StoreDown:
                await asyncio.sleep(0.05)
        raise AssertionError(f"{self.name} takes nothing")


class Crew:
    """Members that come and go over one database, between one shop and one warehouse."""

    def __init__(
        self, server: Server, folder: Path, *, limit: Limit | None = None, fences: Sequence[Fence] = (),
        pollers: Mapping[str, Poller] | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self.server = server
        self.url = server.fresh()
        self.world = World(folder, database=self.url, **more)
        self._limit = limit or Limit(16, None)
        self._pollers = pollers or {}
        self._fences = list(fences)
        self.members: list[Member] = []

    def member(self, *, url: str | None = None, doubt: DoubtGuard | None = None) -> Member:
        """Another member that is not started yet; `url` leads to the database by another way."""
        fence = self._fences.pop(0) if self._fences else EpochFence()
        made = Member(
            self.world, f"m{len(self.members)}", url=url or self.url, fence=fence, limit=self._limit,
            pollers=self._pollers, doubt=doubt or NeverGuess(),
        )  # fmt: skip
        self.members.append(made)
        return made

    async def shared_out(self, *members: Member) -> None:
        """Waits until every partition is worked on by one of these, and each has its fair share."""
        least = 256 // len(members)
        await self.world.until(
            lambda: all(len(m.held) >= least for m in members) and sum(len(m.held) for m in members) == 256,
            "the partitions were not shared out",
        )

    def owners(self) -> dict[int | None, int]:
        """How many partitions each owner has, as the database says."""
        return dict(self.world.rows("SELECT owner, count(*) FROM partitions GROUP BY owner"))


@contextlib.asynccontextmanager
async def crew(server: Server, folder: Path, **more: Any) -> AsyncIterator[Crew]:
    """A crew without members; in the end whatever is there must be balanced and whole."""
    made = Crew(server, folder, **more)
    try:
        yield made
        figures = await made.world.journal.view(lambda c: conservation(c, at_ms=0))
        assert figures["balanced"], figures
    finally:
        for member in made.members:
            if member.alive:
                await member.stop()
        made.world.journal.close_reads()  # pyright: ignore[reportAttributeAccessIssue] - it was never started
    finding = verify(storage_of(made.url))
    assert finding is None, finding
