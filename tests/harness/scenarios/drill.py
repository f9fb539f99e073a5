"""The store is destroyed and comes back from a backup that was taken while orders flowed; the shop sends all again.

Some orders stand refused on the desk at the backup. They are tried again after it, and once more after the restore.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.harness import hub
from tests.harness.orders import Order, OrderBook
from tests.harness.outcome import Outcome
from tests.harness.scenarios.tamper import verify
from tests.harness.sender import Sent
from tests.harness.site import Plan
from tests.harness.stage import Stage, progress, stage
from tests.harness.verdict import judge
from tests.harness.wire import Client


@dataclass(frozen=True, slots=True)
class Drill:
    """Under what load; times in seconds."""

    mode: str = "find"  #: find | resend
    store: str = "sqlite"  #: sqlite | postgresql
    senders: int = 8
    refused: int = 10  #: orders that stand on the desk at the backup
    pace_s: float = 0.05
    before_s: float = 2.0  #: of load before the backup
    after_s: float = 2.0  #: of load between the backup and the end of the store
    more: int = 5  #: new orders of each sender after all
    seed: int = 1


@dataclass(slots=True)
class Noted(OrderBook):
    """Remembers what it gave out: a shop knows its orders, whatever became of them."""

    given: list[Order] = field(default_factory=list)

    def next(self, customer: str) -> Order:
        """The customer's next order."""
        order = OrderBook.next(self, customer)
        self.given.append(order)
        return order


async def run(folder: Path, plan: Drill) -> Outcome:
    """Load, a backup, more load, the end of the store, its return, everything once more, and new orders."""
    site = Plan(on_unclear=plan.mode, settle_s=0.05)
    dials = {"latency_s": 0.03, "busy_rate": 0.05, "dedupe": plan.mode == "resend"}
    async with stage(folder, site, dials=dials, seed=plan.seed, store=plan.store) as world:
        book = world.shop.book = Noted(plan.seed)
        operator = await hub.make_key(world.hub.site, "operator", role="admin", env=_beside(world))
        await _refused(world, book, plan.refused)
        load = asyncio.create_task(world.shop.load(plan.senders, pace_s=plan.pace_s))
        await asyncio.sleep(plan.before_s)
        file = folder / "site.backup"
        began_s = time.monotonic()
        await _told(world, "backup", str(file))
        backup_s = time.monotonic() - began_s
        in_backup_most = len(world.shop.sent.accepted)
        tried = await _tried_again(world, operator)
        await asyncio.sleep(plan.after_s)
        restore_s = await _destroy_and_restore(world, file, load)
        first, world.shop.sent = world.shop.sent, Sent()
        tried_again = await _tried_again(world, operator)
        progress(f"{len(first.accepted)} accepted, the store is back, all {len(book.given)} are sent again")
        await _again(world, book.given)
        again, world.shop.sent = world.shop.sent, _joined(first, world.shop.sent)
        await world.settled(accepted=0)
        at_target = len({one.number for one in await world.target.arrivals() if one.applied})
        await _told(world, "restored", "end", "shop")
        world.shop.ended = False
        await world.shop.load(plan.senders, orders=plan.more, pace_s=plan.pace_s)
        await world.settled(accepted=0)
        outcome = Outcome(f"restore drill, {plan.store}, {plan.mode}")
        outcome.rows += [
            ("accepted before the end of the store", len(first.accepted)),
            ("of them after the backup, at least", len(first.accepted) - in_backup_most),
            ("refused before the backup, tried again after it", tried),
            ("of them tried again after the restore", tried_again),
            ("known to the restored hub", again.counts["marked"]), ("sent again", len(book.given)),
            ("at the target before new orders", at_target),
            ("backup s", round(backup_s, 2)), ("restore s", round(restore_s, 2)),
        ]  # fmt: skip
        if tried != plan.refused or tried_again != plan.refused:
            outcome.problems.append(
                f"{tried} and {tried_again} of {plan.refused} refused ones were tried again"
            )
        await _judge(world, plan, outcome)
        if (told := await verify(world.hub.site, _beside(world)))[0] != 0:
            outcome.problems.append(f"audit verify: {told}")
        return outcome


def _beside(world: Stage) -> Mapping[str, str]:
    return {} if world.database is None else world.database.env()


async def _refused(world: Stage, book: Noted, count: int) -> None:
    """Orders that the warehouse refuses, each of its own customer; it takes whatever comes after them."""
    await world.target.turn(reject_rate=1.0)
    client = world.shop.client()
    for n in range(count):
        await world.shop.post(client, book.next(f"refused-{n}"))
    await client.close()
    view, until_s = world.view(), time.monotonic() + 60
    while len(await view.incidents("state=open&type=rejected")) < count and time.monotonic() < until_s:
        await asyncio.sleep(0.05)
    await view.close()
    await world.target.turn(reject_rate=0.0)


async def _tried_again(world: Stage, operator: str) -> int:
    """A person presses retry on each order that was refused; gives how many there were."""
    client, view = Client(world.hub.url, operator), world.view()
    found = await view.incidents("state=open&type=rejected")
    for one in found:
        reply = await client.ask("POST", f"/v1/incidents/{one['id']}/retry", b"{}")
        assert reply.status == 200, reply
    await client.close()
    await view.close()
    return len(found)


async def _told(world: Stage, *words: str) -> None:
    """A command beside the hub. Raises Refused."""
    await hub.run(*words, "--site", str(world.hub.site), env=_beside(world))


async def _destroy_and_restore(world: Stage, file: Path, load: asyncio.Task[None]) -> float:
    """SIGKILL, the store's folder gone, the backup in its place, the hub up; the seconds of the restore."""
    world.hub.process.strike()
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)
    await world.hub.process.ended()
    if world.database is not None:
        await asyncio.to_thread(world.database.destroy)
    else:
        shutil.rmtree(world.hub.site / "data")
    began_s = time.monotonic()
    await _told(world, "restore", str(file))
    took_s = time.monotonic() - began_s
    await world.hub.start()
    return took_s


async def _again(world: Stage, orders: list[Order]) -> None:
    """Posts all orders once more, each customer's one after another."""
    of: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        of[order.customer].append(order)

    async def post_all(mine: list[Order]) -> None:
        client = world.shop.client()
        for order in mine:
            reply = await world.shop.post(client, order)
            marked = reply is not None and reply.header("crossdock-duplicate") == "true"
            world.shop.sent.counts["marked"] += marked
        await client.close()

    await asyncio.gather(*map(post_all, of.values()))


def _joined(first: Sent, again: Sent) -> Sent:
    """What was promised in both lives: at the times of the first, as captures of the second."""
    sent = Sent(asked=first.asked | again.asked, refused=first.refused + again.refused)
    sent.unequal, sent.unmarked = first.unequal + again.unequal, first.unmarked + again.unmarked
    sent.accepted = dict(first.accepted)
    for number, one in again.accepted.items():
        known = first.accepted.get(number, one)
        sent.accepted[number] = replace(one, sent_s=known.sent_s, at_s=known.at_s)
    return sent


async def _judge(world: Stage, plan: Drill, outcome: Outcome) -> None:
    view = world.view()
    figures = await view.conservation()
    incidents: list[dict[str, Any]] = await view.incidents()
    sent, arrivals = world.shop.sent, await world.target.arrivals()
    outcome.verdict = judge(sent, arrivals, incidents, held=figures["transmissions"]["held"])
    # Keys and counts of attempts given after the backup are lost with the store; what counts is `twice`.
    outcome.verdict.key_changed, outcome.verdict.attempt_not_rising = [], []
    applied = {one.number for one in arrivals if one.applied}
    outcome.rows += [
        ("accepted in all", len(sent.accepted)), ("at the target", len(applied & set(sent.accepted))),
        ("on the desk", len(incidents)), ("held behind those", figures["transmissions"]["held"]),
        ("at rest", figures["transmissions"]),
    ]  # fmt: skip
    if plan.mode != "find":  # the target cannot be asked: what nobody can know is a person's to say
        outcome.verdict.needs_person = []
        outcome.problems += [f"{one['id']} has no owner" for one in incidents if not one.get("owner")]
