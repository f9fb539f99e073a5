"""Several hosts over one database under load: killed, stopped past their lease, cut off, each in turn."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.arrivals import Arrival
from tests.harness.hub import Hub
from tests.harness.outcome import Outcome
from tests.harness.process import ports_of
from tests.harness.scenarios.kill import Kills
from tests.harness.scenarios.tamper import verify
from tests.harness.sender import Accepted
from tests.harness.site import Plan
from tests.harness.stage import Stage, guard_off, progress, stage
from tests.harness.wire import Client, Cut, NotSent

#: How soon every order accepted before a strike must have arrived, for all but one in twenty strikes.
RECOVERY_MAX_S = 10.0
#: What each of two hosts must carry at least.
SHARE_LEAST = 0.3
READY_WAIT_S = 30.0
#: Ordering keys of each sender: with few the luck of the hash would decide who carries what.
KEYS_EACH = 4
SAMPLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Strike:
    """One blow; `at_s` on the machine's monotonic clock."""

    at_s: float
    how: str
    host: str


@dataclass(slots=True)
class Count:
    """What the strikes met."""

    struck: list[Strike] = field(default_factory=list)
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
    for turn in range(plan.kills):
        how, n = kinds[turn % len(kinds)], turn // len(kinds) % plan.hosts
        await asyncio.sleep(dice.uniform(plan.first_s, plan.last_s))
        host = world.hosts[n]
        count.struck.append(Strike(time.monotonic(), how, host.name))
        await _strike(world, n, how, plan, dice)
        count.back_s.append(await _ready(host))
        if turn % 10 == 9:
            progress(f"{turn + 1} strikes, back after {max(count.back_s):.1f} s at most")


async def _strike(world: Stage, n: int, how: str, plan: Kills, dice: random.Random) -> None:
    """One blow, and its end."""
    host = world.hosts[n]
    past_s = plan.lease_s * dice.uniform(1.3, 2.2)
    match how:
        case "kill":
            await host.process.kill()
            await asyncio.sleep(dice.choice((0.0, past_s)))
            await host.start()
        case "stop":
            host.process.freeze()
            await asyncio.sleep(past_s)
            host.process.thaw()
        case "cut":
            assert world.database is not None
            world.database.lines[n].cut()
            await asyncio.sleep(past_s)
            world.database.lines[n].mend()
        case _:
            raise AssertionError(f"no such strike: {how}")


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


def recoveries(strikes: list[Strike], accepted: list[Accepted], arrivals: list[Arrival]) -> list[float]:
    """For each strike: how long until everything accepted before it had arrived."""
    first = {arrival.number: arrival.at_s for arrival in reversed(arrivals) if arrival.applied}
    found: list[float] = []
    for strike in strikes:
        open_ = [
            first[one.order.number] - strike.at_s for one in accepted
            if one.at_s <= strike.at_s and first.get(one.order.number, 0.0) > strike.at_s
        ]  # fmt: skip
        found.append(max(open_, default=0.0))
    return found


async def _tell(world: Stage, outcome: Outcome, count: Count, shares: dict[str, float]) -> None:
    stats = await world.target.stats()
    stats.pop("dials")
    took_s = recoveries(count.struck, list(world.shop.sent.accepted.values()), await world.target.arrivals())
    outcome.rows += [
        ("strikes", dict(Counter(strike.how for strike in count.struck))),
        ("accepted", len(world.shop.sent.accepted)), ("shop", dict(world.shop.sent.counts)), ("target", stats),
        ("share of the load", " ".join(f"{name} {share:.0%}" for name, share in shares.items())),
        ("ended at", time.strftime("%H:%M:%S")),
    ]  # fmt: skip
    for how in dict.fromkeys(strike.how for strike in count.struck):
        some = sorted(s for s, strike in zip(took_s, count.struck, strict=True) if strike.how == how)
        back = sorted(s for s, strike in zip(count.back_s, count.struck, strict=True) if strike.how == how)
        outcome.rows.append((f"recovery after {how} s, p50 p95 max", _quantiles(some)))
        outcome.rows.append((f"ready again after {how} s, p50 p95 max", _quantiles(back)))
    _keep(world, count.struck)
    ranked = sorted(took_s)
    if ranked and ranked[int(0.95 * (len(ranked) - 1))] > RECOVERY_MAX_S:
        outcome.problems.append(f"recovery took {_quantiles(ranked)} s")
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


def _quantiles(ranked: list[float]) -> str:
    last = len(ranked) - 1
    return " ".join(f"{ranked[int(share * last)]:.2f}" for share in (0.5, 0.95, 1.0)) if ranked else "-"
