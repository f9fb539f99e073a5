"""One run: a hub in its world for a bad day and until everything has come to rest, from one seed."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import traceback
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from crossdock.api.keys import Role, digest_of
from crossdock.journal.sql.keyring import StoredKey, add_key
from crossdock.journal.sql.views import conservation
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.kit.http import Response
from crossdock.settings import Settings
from tests.simulation import checks, cursors, knobs, site
from tests.simulation.faults import Faults
from tests.simulation.floor import FloorParty
from tests.simulation.flows import Erp, FloorNews, PlainWarehouse, Shop
from tests.simulation.foreman import Foreman
from tests.simulation.host import LOOKED_AFTER_S, Host
from tests.simulation.hosts import Hosts
from tests.simulation.loop import Process, SimulatedLoop, Stuck
from tests.simulation.machine import START_MS
from tests.simulation.network import Network, Sent
from tests.simulation.operator import Operator
from tests.simulation.parties import Receiver
from tests.simulation.senders import Couriers
from tests.simulation.strikes import Strikes
from tests.simulation.token import TokenParty
from tests.simulation.watch import Broken, Watch

#: Virtual seconds after the faults in which everything must have come to rest.
REST_MAX_S = 900.0
EVENTS_SHOWN = 60
#: One seed in so many has two hosts over one store.
TWO_HOSTS_ONE_IN = 3
#: Different sites; more would only be more files to read.
SITES = 101


@dataclass(slots=True)
class Run:
    """What came of one seed."""

    seed: int
    broken: str | None = None
    ledger: str = ""  #: digest over the heads of all chains
    entries: int = 0
    virtual_s: float = 0.0
    starts: int = 0
    effects: int = 0
    world: str = "one host"
    events: list[str] = field(default_factory=list[str])


class World:
    """Everything around one hub, and the hub."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.plan = site.draw(Random(f"site/{seed % SITES}"))
        self.loop = SimulatedLoop(self._random("loop"))
        self.events: deque[tuple[float, tuple[Any, ...]]] = deque(maxlen=2_000)
        self.defects: list[str] = []
        site.write(self.plan, folder / "site")
        store = folder / "hub.db"
        shutil.copy(_template(folder.parent), store)
        self.network = Network(self.loop, self._random("net"), self, self.tell)
        self.hosts = self._hosts(folder / "site", store) if seed % TWO_HOSTS_ONE_IN == 2 else None
        self.host: Any = self.hosts or self._host(folder / "site", store)
        self.watch = Watch(self.plan, self.loop.time, self.host.clock)
        self.watch.open(store)
        self.watch.hosts = self.hosts
        self.couriers = Couriers(self.loop, self._random("door"), self.host, self.tell)
        self._parties()
        horizon_s = self._random("horizon").choice((8.0, 20.0, 40.0))
        self.horizon_s = horizon_s
        self.shop = Shop(self.plan, self.couriers, self._random("shop"), horizon_s)
        self.erp = Erp(self.plan, self.couriers, self._random("erp"), horizon_s)
        self.faults = Faults(
            self.loop, self._random("faults"), self.host, self.network.parties, self.couriers,
            horizon_s=horizon_s, tell=self.tell, never=_OF_ONE_DISK if self.hosts else frozenset(),
        )  # fmt: skip
        self.strikes = None
        if self.hosts is not None:
            self.strikes = Strikes(
                self.hosts, self._random("strikes"), self.background, horizon_s=horizon_s, tell=self.tell
            )
        self.operator = Operator(
            self.loop, self._random("desk"), self.host, self.watch,
            parties=self.parties, tell_item=self.erp.tell, tell=self.tell,
        )  # fmt: skip
        slow = {"freeze", "slow_disk", "failing_disk", "full_disk", "read_only_disk"} & set(self.faults.kinds)
        self.foreman = Foreman(
            self.loop, self._random("foreman"), self.host, self.watch, self.plan,
            horizon_s=horizon_s, slack_s=12.0 if slow or self.hosts else 2.5, tell=self.tell,
        )  # fmt: skip
        self._wire()

    def _host(self, site: Path, store: Path) -> Host:
        settings = Settings(site, database=f"sqlite:{store}", sqlite_synchronous="OFF")
        return Host(
            "hub", self.loop, self._random("host"), self.network, settings,
            window=self.plan.window, tell=self.tell,
        )  # fmt: skip

    def _hosts(self, site: Path, store: Path) -> Hosts:
        draw = self._random("host")
        settings = Settings(site, database="postgresql://simulated", lease_s=draw.choice((1.5, 3.0)))
        return Hosts(self.loop, draw, self.network, settings, store, window=self.plan.window, tell=self.tell)

    def _random(self, what: str) -> Random:
        return Random(f"{self.seed}/{what}")

    def _parties(self) -> None:
        draw, plan, now = self._random("parties"), self.plan, self.loop.time
        self.parties: dict[str, Any] = {}
        for name in plan.ways:
            receiver = Receiver(name, lambda document, name=name: plan.way(name, document), draw, now)
            receiver.late_s = min(plan.settle_s, 2.0) * 0.85  # 2 s hold where a flow cannot ask
            receiver.lag_s = draw.choice((0.0, plan.settle_s * 0.9))
            self.parties[name] = receiver
        self.warehouse: PlainWarehouse | None = None
        self.floor: FloorParty | None = None
        if plan.floor:
            self.floor = self.parties["wms"] = FloorParty(self.seed, draw, now)
        else:
            self.warehouse = PlainWarehouse(self.parties["wms"], self.couriers, self._random("wms"))
        self.network.parties.update(self.parties)
        if plan.token:
            self.network.parties["token"] = TokenParty(self.parties["erp"], draw)

    def _wire(self) -> None:
        host, faults = self.host, self.faults
        if {"failing_disk", "full_disk", "read_only_disk", "slow_disk"}.intersection(faults.kinds):
            self.watch.disk_is_prompt = 0.0
        if self.hosts is not None:
            self.watch.disk_is_prompt = 0.0
            self.hosts.listen(lambda: faults.happened("start"), self._answered)
        else:
            host.on_start = lambda: faults.happened("start")
            host.on_answer = self._answered
        host.disk.after_commit = self._committed
        refusing = self._random("refusing")
        for party in self.parties.values():
            share = refusing.choice((0.0, 0.03, 0.15))
            party.refuses = _Some(refusing.random(), share)
            party.refuses_always = _Some(refusing.random(), share / 4)
        if self.floor is not None:
            self.floor.on_cursor = lambda types, after: self.loop.guarded(self._cursor_read, types, after)
        self._polled: set[str] = set()  #: events that a cursor was seen to stand behind
        self._look_every = self._random("look").choice((7, 19, 61))

    # -- what is told and watched ------------------------------------------------

    def tell(self, *words: Any) -> None:
        """Something happened; kept for whoever must find out why."""
        self.events.append((self.loop.time(), words))

    def leaving(self, sent: Sent) -> None:
        """A request leaves."""
        if sent.key:
            self.tell("send", sent.system, sent.path, sent.key, f"attempt {sent.attempt}")
        self.watch.leaving(sent)
        self._happened("leaving", sent.process)

    def heard(self, sent: Sent, outcome: Response | Exception) -> None:
        """An answer came, or none."""
        if sent.key:
            said = outcome.status if isinstance(outcome, Response) else str(outcome)
            self.tell("heard", sent.system, sent.key, said)
        self.watch.heard(sent, outcome)
        self._happened("heard", sent.process)

    def dropped(self, sent: Sent) -> None:
        """Nobody waits for an answer any more."""
        self.watch.dropped(sent)

    def _happened(self, what: str, process: Process | None) -> None:
        """Faults may be aimed at it."""
        self.faults.happened(what)
        if self.strikes is not None:
            self.strikes.happened(what, process)

    def _answered(self, system: str, status: int, answer: bytes, posted: bytes) -> None:
        self.watch.answered(system, status, answer, posted)
        self.faults.happened("answered")

    def _committed(self) -> None:
        self._happened("commit", self.hosts.database.last if self.hosts is not None else None)
        if self.host.disk.commits % self._look_every == 0:
            self.loop.guarded(self._balanced)
        if self.floor is not None:
            self.loop.guarded(cursors.stand, self.watch, self._polled)

    def _balanced(self) -> None:
        """P5, at any moment."""
        connection = self.watch._store
        assert connection is not None
        connection.execute("BEGIN")
        figures = conservation(connection, at_ms=START_MS)
        connection.execute("COMMIT")
        if not figures["balanced"]:
            raise Broken(f"not balanced: {figures}")

    def _cursor_read(self, types: str, after: int) -> None:
        """The cursor that the hub comes with stands behind nothing that is not stored."""
        assert self.floor is not None
        wanted = set(types.split(","))
        for event in self.floor.events[:after]:
            if event.type in wanted:
                cursors.must_be_stored(self.watch, event.topic, event.id, f"the cursor stands at {after}")

    # -- the run -----------------------------------------------------------------

    def background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Something that goes on beside; if it fails, the run is over."""
        task = self.loop.spawn(self.loop.world, work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.loop.broken = self.loop.broken or task.exception()

    async def live(self) -> None:
        """The bad day, then the rest."""
        if self.hosts is not None and self.strikes is not None:
            for host in self.hosts.each:
                self.background(
                    self.hosts.keep_up(host, self._random(f"keeper of {host.name}"), lambda: self._stopped)
                )
            self.strikes.begin()
        else:
            self.background(self._keep_up())
        while not self.host.ready:
            await asyncio.sleep(0.05)
        self.days = [
            self.background(work) for work in (self.erp.keep(), self.shop.sell(), self.foreman.work())
        ]
        for work in (self.operator.work(), *self.faults.plans):
            self.background(work)
        if self.warehouse is not None:
            self.background(self.warehouse.work())
        if self.floor is not None:
            self.background(self.floor.work())
            self.background(FloorNews(self.plan, self.floor, self.couriers, self._random("news")).tell())
        self.background(self._echoes())
        await asyncio.sleep(self.horizon_s * 1.1)
        self.faults.end()
        if self.strikes is not None:
            self.strikes.end()
        self.tell("world", "the faults are over")
        # Sometimes nobody comes to the desk any more: what remains must then lie there, with an owner.
        self.operator.away = self._random("evening").random() < 0.25
        await self._rest()
        if self.hosts is not None:
            self.hosts.agree()
            await self.hosts.stop_all()
        else:
            await self.host.stop()

    async def _keep_up(self) -> None:
        """Starts the hub again whenever it is gone, as the machine's supervisor does."""
        draw = self._random("supervisor")
        while True:
            if self.host.process is None and not self._stopped:
                await asyncio.sleep(draw.choice((0.05, 0.3, 2.0)))
                if self.host.process is None and not self._stopped:
                    await self.host.start()
            await asyncio.sleep(LOOKED_AFTER_S)

    _stopped = False

    async def _echoes(self) -> None:
        """The ERP sends some orders back that it was sent."""
        erp, draw, seen = self.parties["erp"], self._random("echo"), 0
        while not self.plan.mapped:
            await asyncio.sleep(0.5)
            news, seen = erp.effects[seen:], len(erp.effects)
            for effect in news:
                if draw.random() < 0.15:
                    self.erp.echo(effect)

    async def _rest(self) -> None:
        """Waits until nothing moves any more."""
        ends_s = self.loop.time() + REST_MAX_S + self.host.clock.leapt_s * 0
        calm = 0
        while calm < 4:
            await asyncio.sleep(1.0)
            busy = self.busy()
            calm = 0 if busy else calm + 1
            if self.loop.time() > ends_s:
                raise Broken(f"no rest after {REST_MAX_S:.0f} s: {busy}")
        self._stopped = True

    def busy(self) -> str:
        """What still moves; empty when nothing does."""
        if not self.host.ready:
            return "the hub is down"
        if self.hosts is not None and not self.hosts.shared_out:
            return "the partitions are not shared out"
        if not all(day.done() for day in self.days):
            return "the shop still sells"
        if self.couriers.under_way:
            return f"{self.couriers.under_way} documents are on their way to the door"
        if self.warehouse is not None and self.warehouse.behind:
            return "the warehouse has orders to ship"
        if self.floor is not None and self.floor.house.floor.busy:
            return "the floor works"
        open_ = self.watch.rows(
            "SELECT (SELECT count(*) FROM captures WHERE state = 1), (SELECT count(*) FROM messages WHERE state = 1),"
            " (SELECT count(*) FROM transmissions WHERE state IN (1, 3, 4, 5)),"
            " (SELECT count(*) FROM incidents WHERE state = 1)"
        )[0]
        if self.operator.away:
            behind = "a.state = 5 AND EXISTS (SELECT 1 FROM transmissions b WHERE a.target = b.target AND a.key = b.key"
            doubted = self.watch.rows(
                f"SELECT count(*) FROM transmissions a WHERE {behind} AND b.state IN (2, 8))"
            )
            open_ = (*open_[:2], open_[2] - doubted[0][0], 0)
        waits = "{} captures, {} messages, {} transmissions under way, {} incidents open".format(*open_)
        return waits if any(open_) else ""


#: Faults of a disk that two hosts do not have; a commit may fail there, too.
_OF_ONE_DISK = frozenset({"full_disk", "read_only_disk"})


class _Some(set[str]):
    """A share of all marks, without naming them."""

    def __init__(self, salt: float, share: float) -> None:
        super().__init__()
        self._salt, self._share = salt, share

    def __contains__(self, mark: object) -> bool:
        digest = hashlib.blake2b(f"{self._salt}/{mark}".encode(), digest_size=4).digest()
        return int.from_bytes(digest) / 2**32 < self._share


def _template(folder: Path) -> Path:
    """A store with the tables and the keys of the systems, made once."""
    path = folder / "template.db"
    if not path.exists():
        for system in ("shop", "erp", "wms"):
            key = StoredKey(digest_of(f"key-of-{system}"), system, Role.SYSTEM.value, system, START_MS, None)
            add_key(SqliteStorage(path), key)
    return path


def run(seed: int, folder: Path) -> Run:
    """Runs one seed in an empty folder."""
    knobs.turn(Random(f"{seed}/knobs"))
    world = World(seed, folder)
    result = Run(seed)
    with knobs.listening(world):
        try:
            world.loop.run(world.live())
            result.ledger = checks.everything(world)
        except (AssertionError, Stuck) as broken:
            result.broken = f"{type(broken).__name__}: {broken}" if isinstance(broken, Stuck) else str(broken)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            result.broken = f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
        finally:
            if world.hosts is not None:
                world.hosts.kill_all()
                world.hosts.close()
            elif world.host.process is not None:
                world.loop.kill(world.host.process)
            result.entries = world.watch.rows("SELECT count(*) FROM ledger")[0][0]
            world.watch.close()
            world.loop.close()
    result.world = "two hosts" if world.hosts is not None else "one host"
    result.virtual_s, result.starts = world.loop.time(), world.host.starts
    result.effects = sum(len(party.effects) for party in world.parties.values())
    if result.broken:
        result.events = [f"{at_s:9.3f}  {' '.join(map(str, words))}" for at_s, words in world.events][
            -EVENTS_SHOWN:
        ]
    return result
