"""The primary is lost for good under load; its synchronous standby takes over, and the hubs go on by themselves."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.database import Server
from tests.harness.outcome import Outcome
from tests.harness.scenarios.tamper import verify
from tests.harness.site import Plan
from tests.harness.stage import Stage, progress, stage
from tests.harness.store import Database

#: From the loss of the primary until an order posted after it has arrived.
BACK_MAX_S = 30.0
#: How long the primary and its standby do not hear each other before the primary is lost.
APART_S = 2.0
DETECTED_S = 1.0


@dataclass(frozen=True, slots=True)
class Failover:
    """Under what load; times in seconds."""

    senders: int = 12
    pace_s: float = 0.1
    before_s: float = 3.0
    after_s: float = 3.0
    lease_s: float = 2.0
    seed: int = 1
    synchronous: bool = True  #: False is the control: then orders must be lost


async def run(folder: Path, plan: Failover) -> Outcome:
    """Load, the line to the standby cut, every waiting commit cancelled, the primary killed, the standby promoted."""
    env = {"CROSSDOCK_LEASE_S": str(plan.lease_s)}
    site = Plan(on_unclear="find", settle_s=0.05)
    dials = {"latency_s": 0.03, "dedupe": False}
    async with stage(
        folder, site, dials=dials, env=env, seed=plan.seed, store="postgresql", hosts=2, standby=True
    ) as world:
        assert world.database is not None
        if not plan.synchronous:
            assert world.database.server is not None
            await asyncio.to_thread(world.database.server.synchronous, False)
        world.shop.repeat_every, world.shop.wait_s = 5, 5.0
        load = asyncio.create_task(world.shop.load(plan.senders, pace_s=plan.pace_s, customers=4))
        await asyncio.sleep(plan.before_s)
        apart, cancelled = await _lose(world, world.database)
        lost_s = time.monotonic()
        await _take_over(world.database)
        back_s = await _back(world, lost_s)
        progress(f"back after {back_s:.1f} s")
        await asyncio.sleep(plan.after_s)
        world.shop.ended = True
        await load
        if plan.synchronous:
            await world.settled()
        else:  # hubs whose store forgot what it had confirmed may never come to rest
            await asyncio.sleep(5 * plan.lease_s)
        title = f"fail-over under load, synchronous: {plan.synchronous}"
        outcome = Outcome(title, verdict=await world.verdict())
        _tell(world, outcome, lost_s, back_s, apart=apart, cancelled=cancelled, plan=plan)
        for host in world.hosts:
            await host.process.stop()
        told = await verify(world.hub.site, world.database.env())
        if told[0] != 0 and plan.synchronous:
            outcome.problems.append(f"audit verify: {told}")
        return outcome


async def _lose(world: Stage, database: Database) -> tuple[int, int]:
    """Parts primary and standby, cancels every commit that waits, and ends the primary for good.

    Gives how many orders were accepted while they were apart, and how many waits were cancelled: such
    a commit reports success, and is lost with the primary.
    """
    primary = database.server
    assert primary is not None
    assert database.feed is not None
    database.feed.cut()
    await asyncio.sleep(0.2)  # what the standby had received by then may still be confirmed
    before = len(world.shop.sent.accepted)
    cancelled = await asyncio.to_thread(_cancel_waits, primary)
    accepted = len(world.shop.sent.accepted) - before
    await asyncio.to_thread(primary.crash)
    progress(f"the primary is gone; {cancelled} waits were cancelled, {accepted} orders accepted meanwhile")
    return accepted, cancelled


def _cancel_waits(primary: Server) -> int:
    cancelled, until_s = 0, time.monotonic() + APART_S
    with psycopg.connect(primary.url(), autocommit=True) as connection:
        while time.monotonic() < until_s:
            row = connection.execute(
                "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            ).fetchone()
            cancelled += int(row[0]) if row else 0
            time.sleep(0.05)
    return cancelled


async def _take_over(database: Database) -> None:
    """What somebody who watches the servers does: promotes the standby and turns the lines to it."""
    assert database.feed is not None
    assert database.standby is not None
    await asyncio.to_thread(database.feed.stop)  # what was on its way is lost
    database.feed = None
    await asyncio.sleep(DETECTED_S)
    await asyncio.to_thread(database.standby.promote)
    for line in database.lines:
        line.switch(database.standby.port)
    progress("the standby is the primary")


async def _back(world: Stage, lost_s: float) -> float:
    """How long until an order that was first posted after the loss has arrived."""

    def posted_after(number: str) -> bool:
        one = world.shop.sent.accepted.get(number)
        return one is not None and one.sent_s > lost_s

    arrivals = await world.target.until(
        lambda seen: any(one.applied and one.at_s > lost_s and posted_after(one.number) for one in seen),
        2 * BACK_MAX_S,
    )
    first_s = min(one.at_s for one in arrivals if one.applied and posted_after(one.number))
    return first_s - lost_s


def _tell(
    world: Stage, outcome: Outcome, lost_s: float, back_s: float, *, apart: int, cancelled: int, plan: Failover
) -> None:  # fmt: skip
    accepted = world.shop.sent.accepted.values()
    lost = len(outcome.verdict.lost) if outcome.verdict else 0
    outcome.rows += [
        ("accepted before the loss", sum(one.at_s <= lost_s for one in accepted)), ("accepted", len(accepted)),
        ("shop", dict(world.shop.sent.counts)), ("commits whose wait was cancelled", cancelled),
        ("accepted while primary and standby were apart", apart), ("accepted and lost (RPO)", lost),
        ("back after s", round(back_s, 1)),
    ]  # fmt: skip
    if back_s > BACK_MAX_S:
        outcome.problems.append(f"back only after {back_s:.1f} s")
    if plan.synchronous and not cancelled:
        outcome.problems.append("no waiting commit was cancelled: nothing was shown of that")
    if plan.synchronous and apart:
        outcome.problems.append(f"{apart} orders were accepted that only the primary had")
