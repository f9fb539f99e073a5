"""Several hosts over one database under load: killed, stopped past their lease, cut off, each in turn."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.arrivals import Applied
from tests.harness.hub import Hub
from tests.harness.outcome import Outcome
from tests.harness.process import ports_of
from tests.harness.scenarios.blows import BLOWS
from tests.harness.scenarios.kill import MANY, Kills
from tests.harness.scenarios.recovery import Strike, quantiles, recovered, recoveries, too_slow
from tests.harness.scenarios.tamper import verify
from tests.harness.site import Plan
from tests.harness.stage import Stage, guard_off, progress, stage
from tests.harness.wire import Client, Cut, NotSent

#: What each of two hosts must carry at least.
SHARE_LEAST = 0.3
READY_WAIT_S = 120.0
FLOW_WAIT_S = 5.0
#: Ordering keys of each sender: with few the luck of the hash would decide who carries what.
KEYS_EACH = 4
SAMPLE_S = 0.1


@dataclass(slots=True)
class Count:
    """What the strikes met."""

    struck: list[Strike] = field(default_factory=list)
    quiet: list[int] = field(default_factory=list)  #: those that were waited for, by their place in `struck`
    back_s: list[float] = field(default_factory=list)  #: until the host said that it is ready again


async def run(folder: Path, plan: Kills) -> Outcome:
    """Load over all hosts with strikes, then peace, then the judgement."""
    dials = {"busy_rate": plan.busy_rate, "latency_s": plan.latency_s, "dedupe": plan.mode == "resend"}
    site = Plan(on_unclear=plan.mode, settle_s=0.05)
    env = {**guard_off(plan.guard), "CROSSDOCK_LEASE_S": str(plan.lease_s)}
    count = Count()
    async with stage(
        folder, site, dials=dials, env=env, seed=plan.seed, store=plan.store, hosts=plan.hosts,
        workers=plan.workers,
    ) as world:  # fmt: skip
        world.shop.repeat_every = 5
        world.shop.wait_s = 1.5 * plan.lease_s  # a stopped host keeps its senders waiting
        load = asyncio.create_task(world.shop.load(plan.senders, pace_s=plan.pace_s, customers=KEYS_EACH))
        await _strike_all(world, plan, count)
        progress("peace")
        shares = await _shares(world, plan)
        world.shop.ended = True
        await load
        progress(f"{len(world.shop.sent.accepted)} accepted, waiting for rest")
        restless = await _restless(world, plan)
        title = f"{plan.hosts} hosts, {plan.strikes}, {plan.mode}, guard off: {plan.guard}"
        outcome = Outcome(title, verdict=await world.verdict())
        outcome.problems += restless
        await _tell(world, outcome, count, shares)
        for host in world.hosts:
            if (code := await host.process.stop()) != 0:
                outcome.problems.append(f"{host.name} ended with {code}")
        assert world.database is not None
        if (told := await verify(world.hub.site, world.database.env()))[0] != 0 and plan.guard is None:
            outcome.problems.append(f"audit verify: {told}")
        return outcome


async def _restless(world: Stage, plan: Kills) -> list[str]:
    """Waits until nothing moves without a person; without a guard that may never come about."""
    try:
        await world.settled(plan.settle_wait_s, accepted=0 if plan.guard else None)
    except AssertionError as never:
        if plan.guard is None:
            raise
        return [str(never)]
    return []


async def _strike_all(world: Stage, plan: Kills, count: Count) -> None:
    dice = random.Random(plan.seed)
    kinds = plan.strikes.split(",")
    applied = Applied(world.target.record)
    for turn in range(plan.kills):
        how, n = kinds[turn % len(kinds)], turn // len(kinds) % plan.hosts
        await asyncio.sleep(dice.uniform(plan.first_s, plan.last_s))
        await _flowing(world, plan)
        host = world.hosts[n]
        count.struck.append(Strike(time.monotonic(), how, host.name))
        await BLOWS[how](world, n, plan, dice)
        count.back_s.append(await _ready(host))
        # Some blows fall on a site that has not recovered from the one before; those are not timed.
        if dice.random() < plan.quiet_share or turn == plan.kills - 1:
            count.quiet.append(len(count.struck) - 1)
            await recovered(world, applied)
        if turn % 10 == 9:
            progress(f"{turn + 1} strikes, back after {max(count.back_s):.1f} s at most")


async def _flowing(world: Stage, plan: Kills) -> None:
    """Waits until senders have come out of their pauses: a blow at a site that rests shows nothing."""
    enough = len(world.shop.sent.accepted) + 2 * plan.senders
    give_up_s = time.monotonic() + FLOW_WAIT_S
    while len(world.shop.sent.accepted) < enough and time.monotonic() < give_up_s:
        await asyncio.sleep(0.01)


async def _ready(host: Hub) -> float:
    """Waits until a host says that it takes commits; the seconds that took."""
    began_s = time.monotonic()
    client = Client(host.url, wait_s=2.0)
    while time.monotonic() < began_s + READY_WAIT_S:
        try:
            if (await client.ask("GET", "/readyz")).status == 200:
                await client.close()
                return time.monotonic() - began_s
        except (NotSent, Cut):
            pass
        await asyncio.sleep(0.05)
    raise AssertionError(f"{host.name} is not ready after {READY_WAIT_S} s: {host.process.tail()}")


async def _shares(world: Stage, plan: Kills) -> dict[str, float]:
    """What part of the orders each host sends while nothing strikes, by the ports that they come from."""
    await asyncio.sleep(2 * plan.lease_s)  # what was shared out before is shared out anew
    owner: dict[int, str] = {}
    began_s = time.monotonic()
    while time.monotonic() < began_s + plan.peace_s:
        for host in world.hosts:
            owner |= dict.fromkeys(ports_of(host.process.pid), host.name)
        await asyncio.sleep(SAMPLE_S)
    counts: Counter[str] = Counter()
    for arrival in await world.target.arrivals():
        if arrival.at_s >= began_s and arrival.port in owner:
            counts[owner[arrival.port]] += 1
    return {host.name: counts[host.name] / max(1, counts.total()) for host in world.hosts}


async def _tell(world: Stage, outcome: Outcome, count: Count, shares: dict[str, float]) -> None:
    stats = await world.target.stats()
    stats.pop("dials")
    quiet = [count.struck[n] for n in count.quiet]
    took_s = recoveries(quiet, list(world.shop.sent.accepted.values()), await world.target.arrivals())
    outcome.rows += [
        ("strikes", dict(Counter(strike.how for strike in count.struck))),
        ("accepted", len(world.shop.sent.accepted)), ("shop", dict(world.shop.sent.counts)), ("target", stats),
        ("share of the load", " ".join(f"{name} {share:.0%}" for name, share in shares.items())),
        ("ended at", time.strftime("%H:%M:%S")),
    ]  # fmt: skip
    for how in dict.fromkeys(strike.how for strike in count.struck):
        some = [s for s, strike in zip(took_s, quiet, strict=True) if strike.how == how]
        back = [s for s, strike in zip(count.back_s, count.struck, strict=True) if strike.how == how]
        outcome.rows.append((f"recovery after {how} s, p50 p95 max", quantiles(some)))
        outcome.rows.append((f"ready again after {how} s, p50 p95 max", quantiles(back)))
    outcome.rows.append(("recovery s, p50 p95 max", quantiles(took_s)))
    _keep(world, count.struck)
    if len(count.struck) < MANY:
        return  # a few strikes on a busy machine say nothing of speed
    outcome.problems += too_slow(took_s)
    if len(shares) == 2 and min(shares.values()) < SHARE_LEAST:
        outcome.problems.append(f"the load is not shared: {shares}")


def _keep(world: Stage, strikes: list[Strike]) -> None:
    """Leaves what was promised and what struck beside the record of arrivals, for whoever looks closer."""
    accepted = [
        f"{one.at_s:.3f}\t{number}\t{one.order.customer}" for number, one in world.shop.sent.accepted.items()
    ]
    (world.folder / "accepted.tsv").write_text("\n".join(accepted), "utf-8")
    (world.folder / "strikes.tsv").write_text(
        "\n".join(f"{s.at_s:.3f}\t{s.how}\t{s.host}" for s in strikes), "utf-8"
    )
