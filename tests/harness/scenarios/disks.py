"""A store that cannot be written for a while: no room left, or read-only; then it can be again, and nobody helps."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.outcome import Outcome
from tests.harness.process import DidNotStart
from tests.harness.scenarios.recovery import RECOVERY_MAX_S
from tests.harness.scenarios.tamper import verify
from tests.harness.site import Plan
from tests.harness.stage import Stage, progress, stage
from tests.harness.wire import Client, Cut, NotSent

#: Room for one small store; a PostgreSQL server needs more for itself.
ROOM_MB = {"sqlite": 24, "postgresql": 192}
#: Makes a store that cannot be written, until its end.
Outages = Callable[[Stage], contextlib.AbstractAsyncContextManager[None]]
_CHUNK = 1 << 16
_LOOK_S = 0.1
_RUNS_ON = 'exec "$@" 2> >(exec cat >&2)'


@dataclass(frozen=True, slots=True)
class Outage:
    """Under what load, how often and how long; times in seconds."""

    store: str = "sqlite"  #: sqlite | postgresql
    rounds: int = 2
    senders: int = 8
    pace_s: float = 0.05
    before_s: float = 1.5
    lasts_s: float = 3.0
    lease_s: float = 2.0
    seed: int = 1


@dataclass(slots=True)
class Seen:
    """What the outages looked like from outside."""

    ready: Counter[int] = field(default_factory=Counter)  #: /readyz during the outages; 0: no answer
    turned_away: int = 0  #: posts that got 503 or 429
    accepted: int = 0  #: during the outages
    back_s: list[float] = field(default_factory=list)  #: until the next 202
    arrived_s: list[float] = field(default_factory=list)  #: until all that had been accepted had arrived
    says: list[tuple[str, object]] = field(default_factory=list)


def may_mount() -> bool:
    """Whether this process may make a small file system of its own."""
    with tempfile.TemporaryDirectory() as place:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "none", place], capture_output=True, check=False)
        if mounted.returncode != 0:
            return False
        subprocess.run(["umount", place], check=True)
        return True


@contextlib.contextmanager
def room(size_mb: int) -> Iterator[Path]:
    """A file system of so many megabytes in memory; needs root."""
    place = Path(tempfile.mkdtemp(prefix="crossdock-room-"))
    options = f"size={size_mb}m,mode=0755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


async def full(folder: Path, plan: Outage) -> Outcome:
    """A filler takes all the room that is left, again and again, and is taken away after a while."""
    with room(ROOM_MB[plan.store]) as place:
        filler = place / "filler"

        @contextlib.asynccontextmanager
        async def outage(_: Stage) -> AsyncIterator[None]:
            filling = asyncio.create_task(_fill(filler))
            try:
                yield
            finally:
                filling.cancel()
                await asyncio.gather(filling, return_exceptions=True)
                filler.unlink()

        async with _world(folder, plan, place) as world:
            seen = await _run(world, plan, outage)
            return await _judged(world, plan, seen, f"full disk, {plan.store}")


async def _fill(filler: Path) -> None:
    """Writes until there is no room, and takes what becomes free."""
    with filler.open("wb", buffering=0) as file:
        while True:
            for size in (_CHUNK, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass
            await asyncio.sleep(_LOOK_S / 2)


async def read_only(folder: Path, plan: Outage) -> Outcome:
    """Nothing can be written, all can be read; with SQLite a hub is then also started on such a store.

    While SQLite's files are open for writing no file system can be made read-only; there the running
    process is forbidden to write to files (RLIMIT_FSIZE 0). PostgreSQL is told to refuse every write.
    """

    @contextlib.asynccontextmanager
    async def outage(world: Stage) -> AsyncIterator[None]:
        await asyncio.to_thread(_forbid, world, True)
        try:
            yield
        finally:
            await asyncio.to_thread(_forbid, world, False)

    with contextlib.ExitStack() as mounts:
        mountable = plan.store == "sqlite" and may_mount()
        place = mounts.enter_context(room(ROOM_MB["sqlite"])) if mountable else None
        async with _world(folder, plan, place) as world:
            seen = await _run(world, plan, outage)
            if place is not None:
                seen.says.append(("started on a read-only file system", await _start_there(world, place)))
            elif plan.store == "sqlite":
                seen.says.append(("started on a read-only file system", "NOT SHOWN: only root may mount"))
            return await _judged(world, plan, seen, f"read-only store, {plan.store}")


def _forbid(world: Stage, on: bool) -> None:
    if world.database is not None:
        assert world.database.server is not None
        world.database.server.read_only(on)
        return
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(world.hub.process.pid, resource.RLIMIT_FSIZE, (0 if on else hard, hard))


async def _start_there(world: Stage, place: Path) -> str:
    """Kills the hub, starts it where it cannot write, then where it can."""
    await world.hub.process.kill()
    _remount(place, "ro")
    try:
        await world.hub.start()
        found = f"runs, /readyz {await _readiness(world)}"
        assert not found.endswith("200"), "a hub that cannot write says that it is ready"
        await world.hub.process.kill()
    except DidNotStart as refused:
        found = str(refused).strip().splitlines()[-1][:160]
    finally:
        _remount(place, "rw")
    await world.hub.start()
    return found


def _remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)


@contextlib.asynccontextmanager
async def _world(folder: Path, plan: Outage, place: Path | None) -> AsyncIterator[Stage]:
    env = {"CROSSDOCK_LEASE_S": str(plan.lease_s)}
    prefix: list[str] = []
    if plan.store == "sqlite":
        if place is not None:
            env["CROSSDOCK_DATABASE"] = f"sqlite:{place / 'crossdock.db'}"
        prefix = ["bash", "-c", _RUNS_ON, "hub"]  # its log goes through a pipe: it is not what must fail
    dials = {"latency_s": 0.03, "dedupe": False}
    site = Plan(on_unclear="find", settle_s=0.05)
    shared = place if plan.store == "postgresql" else None
    async with stage(
        folder, site, dials=dials, env=env, prefix=prefix, seed=plan.seed, store=plan.store, place=shared
    ) as world:
        yield world


async def _run(world: Stage, plan: Outage, outage: Outages) -> Seen:
    """Load, with an outage in every round."""
    seen = Seen()
    world.shop.repeat_every = 5
    load = asyncio.create_task(world.shop.load(plan.senders, pace_s=plan.pace_s, customers=4))
    for turn in range(plan.rounds):
        await asyncio.sleep(plan.before_s)
        turned_away, accepted = _turned_away(world), len(world.shop.sent.accepted)
        async with outage(world):
            until_s = time.monotonic() + plan.lasts_s
            while time.monotonic() < until_s:
                await asyncio.sleep(_LOOK_S)
                seen.ready[await _readiness(world)] += 1
        seen.turned_away += _turned_away(world) - turned_away
        seen.accepted += len(world.shop.sent.accepted) - accepted
        await _helped(world)
        await _back(world, seen)
        progress(f"outage {turn + 1}: {dict(seen.ready)}, back after {seen.back_s[-1]:.1f} s")
    world.shop.ended = True
    await load
    return seen


def _turned_away(world: Stage) -> int:
    counts = world.shop.sent.counts
    return counts["503"] + counts["429"]


async def _readiness(world: Stage) -> int:
    client = Client(world.hub.url, wait_s=2.0)
    try:
        return (await client.ask("GET", "/readyz")).status
    except (NotSent, Cut):
        return 0
    finally:
        await client.close()


async def _helped(world: Stage) -> None:
    """A server that ended for want of room is started again, as whatever watches over it would."""
    server = None if world.database is None else world.database.server
    if server is not None and not server.alive:
        progress("the server had ended by itself and is started again")
        await asyncio.to_thread(server.start)


async def _back(world: Stage, seen: Seen) -> None:
    """Waits for the next 202, then for the arrival of all that had been accepted."""
    began_s = time.monotonic()
    before = set(world.shop.sent.accepted)
    while len(world.shop.sent.accepted) == len(before):
        assert time.monotonic() < began_s + 60, f"nothing was accepted any more: {world.hub.process.tail()}"
        await asyncio.sleep(0.02)
    seen.back_s.append(time.monotonic() - began_s)
    await world.target.until(lambda all_: before <= {one.number for one in all_ if one.applied}, 60)
    seen.arrived_s.append(time.monotonic() - began_s)


async def _judged(world: Stage, plan: Outage, seen: Seen, title: str) -> Outcome:
    await world.settled()
    outcome = Outcome(title, verdict=await world.verdict())
    told = await _audit(world)
    outcome.rows += [
        ("outages", plan.rounds), ("accepted", len(world.shop.sent.accepted)),
        ("shop", dict(world.shop.sent.counts)), ("/readyz during outages", dict(seen.ready)),
        ("posts turned away", seen.turned_away), ("accepted during outages", seen.accepted),
        ("next 202 after s", [round(s, 2) for s in seen.back_s]),
        ("all accepted before arrived after s", [round(s, 2) for s in seen.arrived_s]), *seen.says,
    ]  # fmt: skip
    if told[0] != 0:
        outcome.problems.append(f"audit verify: {told}")
    if not seen.turned_away:
        outcome.problems.append("nothing was turned away: it was no outage")
    if not seen.ready[503]:
        outcome.problems.append(f"/readyz never said 503: {dict(seen.ready)}")
    if max(seen.arrived_s) > RECOVERY_MAX_S:
        outcome.problems.append(f"recovery took {max(seen.arrived_s):.1f} s")
    return outcome


async def _audit(world: Stage) -> tuple[int, dict[str, object]]:
    env = world.database.env() if world.database is not None else world.hub.env
    for host in world.hosts:
        if (code := await host.process.stop()) != 0:
            return code, {"hub": "did not end in order"}
    return await verify(world.hub.site, env)
