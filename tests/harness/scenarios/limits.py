"""What the hub does to a target: how many at once, how many a second, how soon again, and for how long."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from tests.harness.orders import Order
from tests.harness.outcome import Outcome
from tests.harness.scenarios.duplicates import post
from tests.harness.site import Plan
from tests.harness.stage import stage

REST_WAIT_S = 120.0


async def at_once(folder: Path, *, concurrency: int = 3, orders: int = 60) -> Outcome:
    """Never more requests at the target at one time than the charter allows."""
    outcome = Outcome(f"concurrency {concurrency}")
    plan = Plan(order_by=None, limits={"concurrency": concurrency})
    async with stage(folder, plan, dials={"latency_s": 0.02}) as world:
        await world.shop.load(6, orders=orders // 6)
        await world.settled(REST_WAIT_S)
        most = (await world.target.stats()).get("at once", 0)
        outcome.verdict = await world.verdict()
        outcome.rows.append(("at once", most))
        if not 1 < most <= concurrency:
            outcome.problems.append(f"{most} requests at once, allowed {concurrency}")
    return outcome


async def a_second(folder: Path, *, rate_per_s: float = 20.0, orders: int = 40) -> Outcome:
    """Never more requests in one second than the charter allows, give or take one burst of the allowance."""
    outcome = Outcome(f"rate {rate_per_s}/s")
    async with stage(folder, Plan(order_by=None, limits={"rate_per_s": rate_per_s})) as world:
        await world.shop.load(4, orders=orders // 4)
        await world.settled(REST_WAIT_S)
        times = sorted(arrival.at_s for arrival in await world.target.arrivals())
        most = max(sum(start <= at < start + 1 for at in times) for start in times)
        outcome.verdict = await world.verdict()
        outcome.rows.append(("most in one second", most))
        if most > 2 * rate_per_s:
            outcome.problems.append(f"{most} requests in one second, allowed {rate_per_s}")
    return outcome


async def retry_after(folder: Path) -> Outcome:
    """A 429 with Retry-After: the same order does not come back sooner."""
    outcome = Outcome("Retry-After")
    async with stage(folder, Plan(), dials={"throttle_rate": 1.0, "retry_after_s": 1}) as world:
        await post(world, Order(1, "C1", 1).body())
        first = await world.target.until(bool)
        await world.target.turn(throttle_rate=0.0)
        await world.settled(REST_WAIT_S, accepted=1)
        arrivals = await world.target.arrivals()
        gaps = [round(late.at_s - early.at_s, 2) for early, late in pairwise(arrivals)]
        outcome.rows.append(("gaps s", gaps))
        if not gaps or min(gaps[: len(first)]) < 1.0:
            outcome.problems.append(f"sent again after {gaps} s, asked to wait 1 s")
    return outcome


async def overdue(folder: Path) -> Outcome:
    """A target that is busy for ever: after `retry_for_s` the order is on the desk and its lane is held."""
    outcome = Outcome("retry_for_s")
    async with stage(folder, Plan(limits={"retry_for_s": 1}), dials={"busy_rate": 1.0}) as world:
        for n in (1, 2):
            await post(world, Order(n, "C1", n).body())
        figures = await world.settled(REST_WAIT_S, accepted=2)
        incidents = await world.view().incidents()
        arrivals = await world.target.arrivals()
        outcome.rows += [("tries", len(arrivals)), ("transmissions", figures["transmissions"])]
        told = {
            "one incident overdue": [one["type"] for one in incidents] == ["overdue"],
            "several tries": len(arrivals) > 2,
            "of the first only": {arrival.number for arrival in arrivals} == {"SO-000001"},
            "one on the desk": figures["transmissions"]["desk"] == 1,
            "one held": figures["transmissions"]["held"] == 1,
            "under one key": len({arrival.key for arrival in arrivals}) == 1,
        }
        outcome.problems += [f"not so: {name}" for name, true in told.items() if not true]
    return outcome


async def no_id(folder: Path) -> Outcome:
    """A done answer without the target's id: done all the same, and an incident."""
    outcome = Outcome("their_id missing")
    async with stage(folder, Plan(), dials={"tell_id": False}) as world:
        await post(world, Order(1, "C1", 1).body())
        figures = await world.settled(REST_WAIT_S, accepted=1)
        incidents = await world.view().incidents()
        if figures["transmissions"]["done"] != 1 or [one["type"] for one in incidents] != ["invalid"]:
            outcome.problems.append(f"{figures['transmissions']} {incidents}")
    return outcome


async def one_key_stands_still(folder: Path) -> Outcome:
    """A poisoned customer holds back nobody else."""
    outcome = Outcome("one key stands still")
    async with stage(folder, Plan(on_unclear="person")) as world:
        await world.target.turn(vanish_rate=1.0, vanish_how="500")
        await post(world, Order(1, "stuck", 1).body())
        await world.settled(REST_WAIT_S, accepted=1)
        await world.target.turn(vanish_rate=0.0)
        for n in range(2, 12):
            await post(world, Order(n, "stuck" if n % 2 else "free", n).body())
        figures = await world.settled(REST_WAIT_S, accepted=11)
        arrived = [arrival.number for arrival in await world.target.arrivals()]
        awaited = [f"SO-{n:06d}" for n in (1, 2, 4, 6, 8, 10)]
        if arrived != awaited or figures["transmissions"]["held"] != 5:
            outcome.problems.append(f"{arrived} instead of {awaited}: {figures['transmissions']}")
    return outcome
