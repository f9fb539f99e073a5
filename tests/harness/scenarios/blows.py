"""Blows that a site over a shared database must stand: to hosts, workers, the server's processes, the server."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable

from tests.database import Server
from tests.harness.process import family
from tests.harness.scenarios.kill import Kills
from tests.harness.stage import Stage

#: Strikes host `n` once, and mends what a person or a supervisor would mend.
Blow = Callable[[Stage, int, Kills, random.Random], Awaitable[None]]


def _past_s(plan: Kills, dice: random.Random) -> float:
    """Longer than a host may be silent."""
    return plan.lease_s * dice.uniform(1.3, 2.2)


def _server(world: Stage) -> Server:
    assert world.database is not None
    assert world.database.server is not None
    return world.database.server


async def _kill(world: Stage, n: int, plan: Kills, dice: random.Random) -> None:
    """SIGKILL of a whole host, started again at once or after its lease."""
    await world.hosts[n].process.kill()
    await asyncio.sleep(dice.choice((0.0, _past_s(plan, dice))))
    await world.hosts[n].start()


async def _stop(world: Stage, n: int, plan: Kills, dice: random.Random) -> None:
    """SIGSTOP of a whole host until after its lease: it wakes up as a stranger to what it owned."""
    world.hosts[n].process.freeze()
    await asyncio.sleep(_past_s(plan, dice))
    world.hosts[n].process.thaw()


async def _cut(world: Stage, n: int, plan: Kills, dice: random.Random) -> None:
    """A host that hears nothing of the database any more, and still reaches all else."""
    assert world.database is not None
    world.database.lines[n].cut()
    await asyncio.sleep(_past_s(plan, dice))
    world.database.lines[n].mend()


async def _worker(world: Stage, n: int, _: Kills, dice: random.Random) -> None:
    """SIGKILL of one process of a host; its parent starts another."""
    workers = family(world.hosts[n].process.pid)[1:]
    assert workers, "a host of one process has no worker that could be killed"
    _shoot(dice.choice(workers))


async def _end(world: Stage, _: int, __: Kills, dice: random.Random) -> None:
    """One connection of the hubs ended by an administrator."""
    server = _server(world)
    pid = dice.choice(await asyncio.to_thread(server.backends))
    await asyncio.to_thread(server.run, f"SELECT pg_terminate_backend({pid})")


async def _backend(world: Stage, _: int, __: Kills, dice: random.Random) -> None:
    """SIGKILL of one process of the server, which then drops every connection and recovers."""
    _shoot(dice.choice(await asyncio.to_thread(_server(world).backends)))


async def _halt(world: Stage, _: int, __: Kills, dice: random.Random) -> None:
    """The server and all its processes gone at one instant (SIGKILL) or by its own emergency stop (SIGQUIT)."""
    server = _server(world)
    await asyncio.to_thread(dice.choice((server.crash, server.kill)))
    await asyncio.sleep(dice.uniform(0.0, 1.0))
    await asyncio.to_thread(server.start)


def _shoot(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended by itself a moment ago


BLOWS: dict[str, Blow] = {
    "kill": _kill, "stop": _stop, "cut": _cut, "worker": _worker, "end": _end, "backend": _backend, "server": _halt,
}  # fmt: skip

#: All of them in turn; hosts change from round to round.
ALL = ",".join(BLOWS)
