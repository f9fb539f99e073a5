"""One shop floods the hub; how long do the orders of another one take, beside what they take alone?

    python -m bench.flood [--runs 3] [--seconds 10] [--senders 32] [--store postgresql] [--write]

Sender, target, hub and store are processes of their own. The yardstick is the calm shop alone, before the flood and
after it, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.endtoend import RESULTS, machine, spread
from bench.sections import put
from tests.harness.hub import make_key
from tests.harness.orders import OrderBook
from tests.harness.scenarios.speed import LIMITS, drained, quantile
from tests.harness.sender import Shop
from tests.harness.site import Plan
from tests.harness.stage import Stage, stage

CALM = "calm_shop"
PACE_S = 0.05


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds from the post of an order to its arrival at the target."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    alone: Took
    beside: Took
    flood_per_s: float  #: orders of the flood, while another shop is there
    full_per_s: float  #: and while it is not
    findings: tuple[str, ...]


async def calm(world: Stage, shop: Shop, seconds: float) -> list[float]:
    """What the orders of the calm shop take, each in milliseconds."""
    before = set(shop.sent.accepted)
    count = int(seconds / PACE_S)
    await shop.load(1, orders=count, pace_s=PACE_S, customers=count)
    ours = [one for number, one in shop.sent.accepted.items() if number not in before]
    until_s = time.monotonic() + 60
    while True:
        first = {arrival.number: arrival.at_s for arrival in reversed(await world.target.arrivals())}
        if all(one.order.number in first for one in ours):
            return [(first[one.order.number] - one.sent_s) * 1000 for one in ours]
        assert time.monotonic() < until_s, "orders of the calm shop did not arrive"
        await asyncio.sleep(0.2)


async def flooded(
    world: Stage, senders: int, seconds: float, meanwhile: Shop | None
) -> tuple[float, list[float]]:
    """Orders of the flood a second, and what those of the calm shop take meanwhile."""
    shop = world.shop
    shop.ended, before, began_s = False, len(shop.sent.accepted), time.monotonic()
    flood = asyncio.create_task(shop.load(senders))
    await asyncio.sleep(1)
    took = await calm(world, meanwhile, seconds) if meanwhile else []
    if not meanwhile:
        await asyncio.sleep(seconds)
    shop.ended = True
    count, passed_s = len(shop.sent.accepted) - before, time.monotonic() - began_s
    await flood
    others = len(meanwhile.sent.accepted) if meanwhile else 0
    await drained(world.target, len(shop.sent.accepted) + others)
    return count / passed_s, took


async def run(store: str, senders: int, seconds: float) -> Run:
    """The flood by itself, then the calm shop alone, beside the flood, and alone again."""
    plan = Plan(limits=LIMITS, second_shop=CALM)
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as made:
        async with stage(Path(made), plan, store=store, direct=True) as world:
            env = world.database.env() if world.database else None
            key = await make_key(Path(made) / "site", CALM, env=env)
            full_per_s, _ = await flooded(world, senders, seconds, None)
            shop = Shop(world.hub.url, key, OrderBook(2, prefix="CALM"), system=CALM)
            await calm(world, shop, 2)
            alone = await calm(world, shop, seconds)
            flood_per_s, beside = await flooded(world, senders, seconds, shop)
            alone += await calm(world, shop, seconds)
            await world.settled(accepted=len(world.shop.sent.accepted) + len(shop.sent.accepted))
            figures = await world.view().conservation()
    lost = () if not figures["transmissions"]["held"] else ("something is held",)
    took = [Took(quantile(one, 0.5), quantile(one, 0.95)) for one in (alone, beside)]
    return Run(took[0], took[1], flood_per_s, full_per_s, lost)


def table(runs: list[Run], senders: int, store: str) -> str:
    """The section for RESULTS.md."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    alone, beside = [one.alone for one in runs], [one.beside for one in runs]
    rows = [
        ("p50 ms", [one.p50_ms for one in alone], [one.p50_ms for one in beside]),
        ("p95 ms", [one.p95_ms for one in alone], [one.p95_ms for one in beside]),
    ]
    lines = [
        f"Measured {today} on {machine()}; {store}.",
        f"Median (range) of {len(runs)} runs: {1 / PACE_S:.0f} orders/s of one shop, {senders} senders of another.",
        "",
        "| sent to target, of the calm shop | alone | beside the flood | times |",
        "|---|---|---|---|",
    ]
    for name, before, during in rows:
        times = [b / a for a, b in zip(before, during, strict=True)]
        lines.append(f"| {name} | {spread(before, 1)} | {spread(during, 1)} | {spread(times, 2)} |")
    by = [spread([getattr(one, name) for one in runs], 0) for name in ("full_per_s", "flood_per_s")]
    lines += ["", f"The flood by itself: {by[0]} orders/s; while the other shop hands in: {by[1]}."]
    return "\n".join(lines)


def main() -> int:
    """Measures, prints, and writes where asked to; 1 when something was wrong with the orders."""
    parser = argparse.ArgumentParser(prog="bench.flood", description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--senders", type=int, default=32)
    parser.add_argument("--store", default="sqlite", choices=("sqlite", "postgresql"))
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runs = [runner.run(run(asked.store, asked.senders, asked.seconds)) for _ in range(asked.runs)]
    text = table(runs, asked.senders, asked.store)
    print(text)
    if asked.write:
        put(RESULTS, f"flood {asked.store}", f"Beside a flood, {asked.store}", text)
    return 1 if any(one.findings for one in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
