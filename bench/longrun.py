"""Memory over a long run: the hub beside a bare relay, and by how much each grows with the orders that went through.

    python -m bench.longrun --seconds 1800 [--senders 8] [--store postgresql] [--write]

The slope is a least-squares line over the last three quarters of the run, since what a program takes to come to
speed is no growth. Orders are counted at the target; memory is what the process holds resident.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.endtoend import RESULTS, machine
from bench.sections import put
from tests.harness.ports import free_port
from tests.harness.process import Process, python, resident_mb
from tests.harness.scenarios.speed import LIMITS, drained
from tests.harness.sender import Shop
from tests.harness.site import Plan
from tests.harness.stage import Target, stage

EVERY_S = 2.0
#: The first part of a run, in which caches fill and pools grow.
WARM_SHARE = 0.25


@dataclass(slots=True)
class Course:
    """How a run went: orders delivered and MB resident, side by side."""

    orders: list[int]
    mb: list[float]

    def slope(self) -> float:
        """MB more for each 100,000 orders, after the warm part."""
        first = int(len(self.orders) * WARM_SHARE)
        orders, mb = self.orders[first:], self.mb[first:]
        if len(set(orders)) < 2:
            raise ValueError("the run was too short for a slope")
        return statistics.linear_regression(orders, mb).slope * 100_000


async def _watched(process: Process, target: Target, shop: Shop, seconds: float, senders: int) -> Course:
    """One load, looked at from outside."""
    course = Course([], [])

    async def look() -> None:
        while True:
            course.orders.append((await target.stats()).get("effects", 0))
            course.mb.append(resident_mb(process.pid))
            await asyncio.sleep(EVERY_S)

    looking = asyncio.create_task(look())
    ending = asyncio.get_running_loop().call_later(seconds, lambda: setattr(shop, "ended", True))
    shop.ended = False
    await shop.load(senders)
    ending.cancel()
    await drained(target, len(shop.sent.accepted))
    looking.cancel()
    return course


async def _hub(folder: Path, asked: argparse.Namespace) -> Course:
    async with stage(folder, Plan(limits=LIMITS), store=asked.store, direct=True) as world:
        return await _watched(world.hub.process, world.target, world.shop, asked.seconds, asked.senders)


async def _relay(folder: Path, asked: argparse.Namespace) -> Course:
    target = Target(folder)
    await target.start()
    listen = f"127.0.0.1:{free_port()}"
    process = Process(
        python("bench.relay", "--listen", listen, "--target", target.url), folder / "relay.log", {}
    )
    try:
        await process.start()
        shop = Shop(f"http://{listen}", "none")
        return await _watched(process, target, shop, asked.seconds / 4, asked.senders)
    finally:
        await process.stop()
        await target.stop()


def table(hub: Course, relay: Course, asked: argparse.Namespace) -> str:
    """The section for RESULTS.md."""
    at = dt.datetime.now(dt.UTC).date().isoformat()
    rows = [
        f"Measured {at} on {machine()}, {asked.store}.",
        f"{asked.senders} senders for {asked.seconds:g} s; the relay a quarter of it.",
        "",
        "| | orders | MB at a quarter | MB at the end | MB more for 100,000 orders |",
        "|---|---|---|---|---|",
    ]
    for name, one in (("hub", hub), ("bare relay", relay)):
        warm = one.mb[int(len(one.mb) * WARM_SHARE)]
        rows.append(f"| {name} | {one.orders[-1]:,} | {warm:.1f} | {one.mb[-1]:.1f} | {one.slope():+.2f} |")
    return "\n".join(rows)


async def _run(asked: argparse.Namespace) -> str:
    made: list[Course] = []
    sides: tuple[Callable[[Path, argparse.Namespace], Awaitable[Course]], ...] = (_relay, _hub)
    for side in sides:
        with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as folder:
            made.append(await side(Path(folder), asked))
    return table(made[1], made[0], asked)


def main() -> None:
    """Measures, prints the table, and writes it where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        section = runner.run(_run(asked))
    print(section)
    if asked.write:
        put(RESULTS, f"long run {asked.store}", f"Memory over a long run, {asked.store}", section)
    sys.exit(0)


if __name__ == "__main__":
    main()
