"""A target that is busy, that applies without saying so, and that goes away for a while."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from tests.harness.outcome import Outcome
from tests.harness.site import Plan
from tests.harness.stage import Stage, guard_off, progress, stage


@dataclass(frozen=True, slots=True)
class Faults:
    """How bad the day is; rates per request, times in seconds."""

    mode: str = "resend"  #: resend | find | person
    senders: int = 8
    orders: int = 60  #: per sender
    busy_rate: float = 0.1
    throttle_rate: float = 0.02
    vanish_rate: float = 0.05
    blank_rate: float = 0.02
    down_s: float = 2.0
    seed: int = 1
    guard: str | None = None  #: the guard that is switched off
    settle_wait_s: float = 120.0


async def run(folder: Path, faults: Faults) -> Outcome:
    """One bad day, and its judgement. Raises AssertionError when the hub does not come to rest."""
    dials = {
        "busy_rate": faults.busy_rate, "vanish_rate": faults.vanish_rate, "blank_rate": faults.blank_rate,
        "throttle_rate": faults.throttle_rate, "latency_s": 0.002, "dedupe": faults.mode == "resend",
        "find_lag_s": 0.2,
    }  # fmt: skip
    # Where only a person can tell, each order is a lane of its own: otherwise all lanes soon stand still.
    plan = Plan(on_unclear=faults.mode, order_by=None if faults.mode == "person" else "customer.id")
    env = guard_off(faults.guard)
    async with stage(folder, plan, dials=dials, env=env, seed=faults.seed, watch=True) as world:
        world.shop.repeat_every = 7
        began_s = time.monotonic()
        load = asyncio.create_task(world.shop.load(faults.senders, orders=faults.orders))
        if faults.down_s:
            await _go_down(world, faults)
        await load
        progress(f"{len(world.shop.sent.accepted)} accepted, waiting for rest")
        figures = await world.settled(faults.settle_wait_s)
        outcome = Outcome(f"faults, {faults.mode}", verdict=await world.verdict())
        await _tell(world, outcome)
        outcome.rows += [
            ("seconds", round(time.monotonic() - began_s, 1)),
            ("at rest", figures["transmissions"]),
        ]
        return outcome


async def _go_down(world: Stage, faults: Faults) -> None:
    """Takes the target away once a fifth of the orders has arrived."""
    enough = faults.senders * faults.orders // 5
    await world.target.until(lambda arrivals: sum(one.applied for one in arrivals) >= enough)
    progress(f"target down for {faults.down_s} s")
    world.went_down = True
    await world.target.down()
    await asyncio.sleep(faults.down_s)
    await world.target.up()
    progress("target up again")


async def _tell(world: Stage, outcome: Outcome) -> None:
    watch, stats = world.watch, await world.target.stats()
    assert watch is not None
    outcome.problems += watch.wrong
    if not watch.asked:
        outcome.problems.append("conservation was never answered")
    stats.pop("dials")
    outcome.rows += [
        ("accepted", len(world.shop.sent.accepted)), ("shop", dict(world.shop.sent.counts)), ("target", stats),
        ("conservation asked", watch.asked), ("slowest answer ms", round(watch.slowest_s * 1000)),
        ("peaks", watch.peaks),
    ]  # fmt: skip
