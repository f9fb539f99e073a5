"""SIGKILL under load, again and again, at instants of three kinds."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.arrivals import Applied
from tests.harness.outcome import Outcome
from tests.harness.scenarios.recovery import Strike, quantiles, recovered, recoveries, too_slow
from tests.harness.scenarios.tamper import verify
from tests.harness.sender import Accepted
from tests.harness.site import Plan
from tests.harness.stage import Stage, guard_off, progress, stage

MANY = 50  #: kills from which on their aim and the time of recovery are judged, too
SENDING_SHARE = 0.5
#: Kills that may come before the first send after a start; on a slow machine it would be most of them.
EARLY_SHARE = 0.1
#: How often more it may kill until one kill hits a send under way: on a busy machine a few may all miss.
AIMED_MAX = 4
_BUSY_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Kills:
    """How often, and under what load; times in seconds."""

    mode: str = "resend"  #: resend | find
    kills: int = 12  #: at least; more until one has hit a send under way
    senders: int = 16
    pace_s: float = 0.1  #: from post to post of one sender
    latency_s: float = 0.03  #: of the target, so that sends are under way at most instants
    busy_rate: float = 0.08
    first_s: float = 0.15  #: the earliest instant after the ready line
    last_s: float = 0.5
    at_accept_share: float = 0.5  #: of the kills, how many strike in the turn that reads a 202
    seed: int = 1
    guard: str | None = None
    settle_wait_s: float = 120.0
    store: str = "sqlite"  #: sqlite | postgresql
    hosts: int = 1
    workers: int = 1  #: processes of each host
    lease_s: float = 2.0
    strikes: str = "kill,stop"  #: of several hosts, in turn: names of `blows`
    quiet_share: float = 0.7  #: after how many the site may recover before the next; those are timed
    peace_s: float = 6.0  #: at the end, to see how several hosts share the load


@dataclass(slots=True)
class Count:
    """What the kills met."""

    struck: list[Strike] = field(default_factory=list)
    quiet: list[Strike] = field(default_factory=list)  #: after which the hub might recover before the next
    while_sending: int = 0  #: kills that cut at least one request which the target had and had not answered
    at_accept: int = 0  #: kills in the very turn of the event loop that read a 202
    start_s: list[float] = field(default_factory=list)


async def run(folder: Path, plan: Kills) -> Outcome:
    """Load with kills, then peace, then the judgement."""
    dials = {"busy_rate": plan.busy_rate, "latency_s": plan.latency_s, "dedupe": plan.mode == "resend"}
    site = Plan(on_unclear=plan.mode, settle_s=0.05)
    count = Count()
    async with stage(folder, site, dials=dials, env=guard_off(plan.guard), seed=plan.seed) as world:
        world.shop.repeat_every = 5
        load = asyncio.create_task(world.shop.load(plan.senders, pace_s=plan.pace_s))
        dice = random.Random(plan.seed)
        cut, applied = 0, Applied(world.target.record)
        for turn in range(AIMED_MAX * plan.kills):
            if turn >= plan.kills and (plan.guard or count.while_sending):
                break
            if dice.random() >= EARLY_SHARE:
                await _busy(world)
            await _strike(world, plan, dice, count)
            count.start_s.append(await world.hub.start())
            rests = dice.random() < plan.quiet_share or turn >= plan.kills - 1
            if rests and plan.guard != "commit":  # what was lost at a yes too early never arrives
                count.quiet.append(count.struck[-1])
                await recovered(world, applied)
            seen = (await world.target.stats()).get("cut", 0)
            count.while_sending += seen > cut
            cut = seen
            if turn % 10 == 9:
                progress(f"{turn + 1} kills, {count.while_sending} while sending")
        await asyncio.sleep(plan.last_s)
        world.shop.ended = True
        await load
        progress(f"{len(world.shop.sent.accepted)} accepted, waiting for rest")
        if plan.guard == "commit":
            await asyncio.sleep(1)  # the blind guard commits late; only what never comes is lost
        # Nor does the hub then know of all that it accepted.
        await world.settled(plan.settle_wait_s, accepted=0 if plan.guard else None)
        outcome = Outcome(f"kill -9, {plan.mode}, guard off: {plan.guard}", verdict=await world.verdict())
        await _tell(world, outcome, count)
        await world.hub.process.stop()
        if (told := await verify(world.hub.site))[0] != 0 and plan.guard is None:
            outcome.problems.append(f"audit verify: {told}")
        return outcome


async def _busy(world: Stage) -> None:
    """Waits until the target hears of the hub again; not for ever, since a lane may wait for something."""
    before, until_s = (await world.target.stats()).get("arrivals", 0), time.monotonic() + _BUSY_WAIT_S
    while (await world.target.stats()).get("arrivals", 0) == before and time.monotonic() < until_s:
        await asyncio.sleep(0.02)


async def _strike(world: Stage, plan: Kills, dice: random.Random, count: Count) -> None:
    """Waits for one instant and kills."""
    struck = asyncio.Event()
    await asyncio.sleep(plan.first_s)
    if dice.random() >= plan.at_accept_share:
        await asyncio.sleep(dice.uniform(0, plan.last_s - plan.first_s))
        _shoot(world, count)
    else:
        left = dice.randint(1, int(plan.senders * (plan.last_s - plan.first_s) / plan.pace_s))

        def accepted(_: Accepted) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                _shoot(world, count)
                struck.set()

        world.shop.sent.listeners.append(accepted)
        try:
            async with asyncio.timeout(2):  # a lane may be waiting for something; then any instant will do
                await struck.wait()
                count.at_accept += 1
        except TimeoutError:
            _shoot(world, count)
        world.shop.sent.listeners.remove(accepted)
    await world.hub.process.ended()


def _shoot(world: Stage, count: Count) -> None:
    count.struck.append(Strike(time.monotonic(), "kill", world.hub.name))
    world.hub.process.strike()


async def _tell(world: Stage, outcome: Outcome, count: Count) -> None:
    stats = await world.target.stats()
    stats.pop("dials")
    starts = sorted(count.start_s)
    struck = len(count.struck)
    took_s = recoveries(count.quiet, list(world.shop.sent.accepted.values()), await world.target.arrivals())
    if struck >= MANY and count.while_sending < SENDING_SHARE * struck:
        outcome.problems.append(f"only {count.while_sending} of {struck} kills hit a send under way")
    if struck >= MANY:
        outcome.problems += too_slow(took_s)
    outcome.rows += [
        ("kills", struck), ("while sending", count.while_sending), ("at the instant of a 202", count.at_accept),
        ("accepted", len(world.shop.sent.accepted)), ("shop", dict(world.shop.sent.counts)), ("target", stats),
        ("start s, median and longest", f"{starts[len(starts) // 2]:.2f} {starts[-1]:.2f}" if starts else "-"),
        ("recovery s, p50 p95 max", quantiles(took_s)), ("ended at", time.strftime("%H:%M:%S")),
    ]  # fmt: skip
