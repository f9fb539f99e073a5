"""Everything one scenario needs: a site, a recording target, a hub, a shop, and eyes on all of them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.arrivals import Arrival, read_arrivals
from tests.harness.conservation import Watch, settled
from tests.harness.hub import Hub, View, make_key
from tests.harness.orders import OrderBook
from tests.harness.process import Process, python
from tests.harness.sender import Shop
from tests.harness.site import Plan, write_site
from tests.harness.store import Database
from tests.harness.verdict import Verdict, judge
from tests.harness.wire import Client

UNSAFE = "CROSSDOCK_UNSAFE_TEST"


def progress(says: str) -> None:
    """One line on stderr for whoever waits."""
    print(f"{time.strftime('%H:%M:%S')} {says}", file=sys.stderr, flush=True)


class Target:
    """The recording warehouse's process, and its dials."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "arrivals.bin"
        self.process = Process(
            python("tests.harness.target", "--record", str(self.record)), folder / "target.log"
        )
        self._control: Client | None = None

    @property
    def url(self) -> str:
        """Where the hub sends to."""
        return str(self.process.ready["url"])

    async def start(self) -> None:
        """Starts the process."""
        await self.process.start()
        self._control = Client(self.process.ready["control"])

    async def turn(self, **dials: Any) -> None:
        """Turns dials while it runs."""
        await self._ask("/dials", dials)

    async def down(self) -> None:
        """Refuses connections and cuts the open ones."""
        await self._ask("/down", {})

    async def up(self) -> None:
        """Listens again."""
        await self._ask("/up", {})

    async def stats(self) -> dict[str, Any]:
        """Counts by outcome; the record file is complete up to here."""
        return await self._ask("/stats", {})

    async def arrivals(self) -> list[Arrival]:
        """All that arrived so far."""
        await self.stats()
        return list(read_arrivals(self.record))

    async def until(self, true: Callable[[list[Arrival]], bool], wait_s: float = 120.0) -> list[Arrival]:
        """Waits until that is true of the arrivals. Raises AssertionError after `wait_s`."""
        until_s = time.monotonic() + wait_s
        while not true(arrivals := await self.arrivals()):
            assert time.monotonic() < until_s, f"not so after {wait_s} s: {len(arrivals)} arrivals"
            await asyncio.sleep(0.01)
        return arrivals

    async def _ask(self, path: str, value: object) -> dict[str, Any]:
        assert self._control is not None
        return await self._control.post(path, value)

    async def stop(self) -> None:
        """Ends the process."""
        if self._control is not None:
            await self._control.close()
        await self.process.stop()


@dataclass(slots=True)
class Stage:
    """One scenario's world; `began_s` of the last start is in `start_s`."""

    folder: Path
    target: Target
    hub: Hub
    observer: str  #: a key that reads
    shop: Shop
    start_s: float
    watch: Watch | None = None
    person: bool = False
    ordered: bool = True
    went_down: bool = False
    hosts: list[Hub] = field(default_factory=list)  #: all of the site; `hub` is the first
    database: Database | None = None  #: None: a file of the site
    views: list[View] = field(default_factory=list)

    def view(self, key: str | None = None) -> View:
        """Another pair of eyes, with a connection of its own."""
        made = View(self._answering().url, key or self.observer)
        self.views.append(made)
        return made

    def _answering(self) -> Hub:
        """A host that runs, the first if it does."""
        return next((host for host in self.hosts if host.process.alive), self.hub)

    def client(self, key: str | None = None) -> Client:
        """A connection with the shop's key, or another."""
        return Client(self.hub.url, self.shop.key if key is None else key)

    async def settled(self, wait_s: float = 120.0, *, accepted: int | None = None) -> dict[str, Any]:
        """Waits until nothing moves without a person; the last figures."""
        promised = len(self.shop.sent.accepted) if accepted is None else accepted
        return await settled(self.view(), wait_s, accepted=promised)

    async def verdict(self) -> Verdict:
        """The judgement over all so far; the run should be settled."""
        view = self.view()
        figures = await view.conservation()
        return judge(
            self.shop.sent, await self.target.arrivals(), await view.incidents(),
            held=figures["transmissions"]["held"], person=self.person, cut_at_down=self.went_down,
            ordered=self.ordered,
        )  # fmt: skip


def guard_off(name: str | None) -> dict[str, str]:
    """The environment that wires one blind variant in place of a guard; nothing for None."""
    return {} if name is None else {UNSAFE: "1", "CROSSDOCK_GUARD_OFF": name}


@contextlib.asynccontextmanager
async def stage(
    folder: Path, plan: Plan, *, dials: Mapping[str, Any] | None = None, env: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (), seed: int = 1, watch: bool = False, started: bool = True,
    instead: Sequence[str] | None = None, store: str = "sqlite", hosts: int = 1, workers: int = 1,
    direct: bool = False, place: Path | None = None, standby: bool = False,
) -> AsyncIterator[Stage]:  # fmt: skip
    """A world that is up; whatever happens inside, its processes end with it.

    `instead` names another program than the product, to try the harness itself. `store` is sqlite or
    postgresql; with the latter there may be several `hosts`, each with several `workers`, the server's
    files in some `place`, and a `standby`.
    """
    async with contextlib.AsyncExitStack() as ends:
        target = Target(folder)
        await target.start()
        ends.push_async_callback(target.stop)
        plan.target_url = target.url
        site = folder / "site"
        write_site(site, plan)
        await target.turn(**{"seed": seed, **(dials or {})})
        database = None
        if store == "postgresql":
            database = Database(direct=direct)
            ends.push_async_callback(database.stop)
            await database.start(hosts, place=place, standby=standby)
        beside = {**(env or {}), **(database.env() if database else {})}
        program = None if instead is None else [*instead, "--site", str(site)]
        crew = [
            _host(site, n, env=env, database=database, workers=workers, prefix=prefix, instead=program)
            for n in range(hosts)
        ]
        hub = crew[0]
        key = "shop" if instead else await make_key(site, "shop", env=beside)
        shop = Shop(hub.url, key, OrderBook(seed), more_urls=tuple(one.url for one in crew[1:]))
        world = Stage(folder, target, hub, "observer", shop, 0.0, hosts=crew, database=database)
        world.person, world.ordered = plan.on_unclear == "person", plan.order_by is not None
        ends.push_async_callback(_clear, world)
        async with asyncio.TaskGroup() as both:  # a key can be made while the hub runs
            starting = [both.create_task(one.start()) for one in crew] if started else []
            making = None if instead else both.create_task(make_key(site, role="observer", env=beside))
        world.start_s = starting[0].result() if starting else 0.0
        world.observer = making.result() if making else world.observer
        if watch:
            world.watch = Watch(View(hub.url, world.observer))
            world.watch.start()
        yield world
        if world.watch is not None:
            await world.watch.end()


def _host(
    site: Path, n: int, *, env: Mapping[str, str] | None, database: Database | None, workers: int,
    prefix: Sequence[str], instead: Sequence[str] | None,
) -> Hub:  # fmt: skip
    """One host of a site, in its own name where the store is shared."""
    if database is None:
        return Hub(site, env=env, prefix=prefix, instead=instead)
    told = {**(env or {}), **database.env(n)}
    more = ["--host-id", f"host{n}", "--workers", str(workers)]
    return Hub(site, env=told, prefix=prefix, instead=instead, name=f"host{n}", more=more)


async def _clear(world: Stage) -> None:
    world.shop.ended = True
    if world.watch is not None:
        with contextlib.suppress(Exception):  # what it met was raised inside, or does not matter any more
            await world.watch.end()
    for view in world.views:
        await view.close()
    for host in world.hosts:
        if host.process.alive:
            host.process.thaw()  # whoever was left stopped could not end
            await host.process.stop()
