"""Orders a second, CPU an order, sent to target, memory and start: the hub beside a bare relay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.arrivals import read_arrivals
from tests.harness.outcome import Outcome
from tests.harness.ports import free_port
from tests.harness.process import Process, python, resident_mb, ticks_of
from tests.harness.sender import Shop
from tests.harness.site import Plan
from tests.harness.stage import Target, progress, stage

DRAIN_WAIT_S = 120.0
LIMITS = {"concurrency": 32, "timeout_s": 10, "retry_first_s": 0.2, "retry_max_s": 5}


#: From the address to listen on and the target's: the command and what is added to its environment.
Launch = Callable[[str, str], tuple[list[str], dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Load:
    """How long, and by how many; times in seconds."""

    seconds: float = 60.0
    senders: int = 16
    latency_seconds: float = 20.0  #: the part at `calm_per_s`
    calm_per_s: float = 20.0
    idle_s: float = 2.0  #: after start, before memory is looked at
    seed: int = 1
    store: str = "sqlite"  #: or postgresql
    workers: int = 1  #: more than one needs postgresql


@dataclass(slots=True)
class Figures:
    """What was measured of one program in one run."""

    start_s: float = 0.0
    idle_mb: float = 0.0
    peak_mb: float = 0.0
    orders: int = 0
    per_s: float = 0.0  #: from the first post to the last arrival
    cpu_us: float = 0.0  #: of the program, for each order delivered
    p50_ms: float = 0.0  #: post to arrival at the calm rate
    p99_ms: float = 0.0
    findings: dict[str, list[str]] = field(default_factory=dict)

    def rows(self) -> list[tuple[str, object]]:
        """For the table."""
        return [
            ("orders/s", round(self.per_s)),
            ("orders", self.orders),
            ("CPU us an order", round(self.cpu_us)),
            ("sent to target p50 ms", round(self.p50_ms, 2)),
            ("sent to target p99 ms", round(self.p99_ms, 2)),
            ("memory idle MB", round(self.idle_mb)),
            ("memory peak MB", round(self.peak_mb)),
            ("start s", round(self.start_s, 2)),
        ]


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share lies; 0.0 of nothing."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


async def hub(folder: Path, load: Load) -> Figures:
    """The product, with the verdict over all that it did."""
    async with stage(
        folder, Plan(limits=LIMITS), seed=load.seed, store=load.store, workers=load.workers, direct=True
    ) as world:
        figures = Figures(start_s=world.start_s)
        await _measure(figures, load, world.hub.process, world.target, world.shop)
        await world.settled(DRAIN_WAIT_S)
        figures.findings = (await world.verdict()).findings()
        return figures


async def relay(folder: Path, load: Load) -> Figures:
    """The yardstick under the same load."""
    return await beside(
        folder,
        load,
        lambda listen, target: (python("bench.relay", "--listen", listen, "--target", target), {}),
    )


async def beside(folder: Path, load: Load, command: Launch) -> Figures:
    """Any program that takes the same orders and passes them on, under the same load."""
    target = Target(folder)
    await target.start()
    listen = f"127.0.0.1:{free_port()}"
    words, environment = command(listen, target.url)
    process = Process(words, folder / "beside.log", environment)
    try:
        figures = Figures(start_s=await process.start())
        await _measure(figures, load, process, target, Shop(f"http://{listen}", "none"))
        return figures
    finally:
        await process.stop()
        await target.stop()


async def _measure(figures: Figures, load: Load, process: Process, target: Target, shop: Shop) -> None:
    await asyncio.sleep(load.idle_s)
    figures.idle_mb = resident_mb(process.pid)
    await _calm(figures, load, target, shop)
    memory = asyncio.create_task(_watch_memory(figures, process))
    before = len(shop.sent.accepted)
    cpu_s, began_s = ticks_of(process.pid), time.monotonic()
    ending = asyncio.get_running_loop().call_later(load.seconds, _end, shop)
    shop.ended = False
    await shop.load(load.senders)
    ending.cancel()
    await drained(target, len(shop.sent.accepted))
    last_s = max(arrival.at_s for arrival in read_arrivals(target.record))
    # What the hub does after the last delivery belongs to the orders, too.
    await asyncio.sleep(0.5)
    cpu_s = ticks_of(process.pid) - cpu_s
    memory.cancel()
    figures.orders = len(shop.sent.accepted) - before
    figures.per_s = figures.orders / (last_s - began_s)
    figures.cpu_us = cpu_s / max(1, figures.orders) * 1e6


def _end(shop: Shop) -> None:
    shop.ended = True


async def _calm(figures: Figures, load: Load, target: Target, shop: Shop) -> None:
    """One sender at a calm rate: from the post to the arrival, both on the machine's one clock."""
    count = int(load.latency_seconds * load.calm_per_s)
    # A customer each, so that no order waits for another.
    await shop.load(1, orders=count, pace_s=1 / load.calm_per_s, customers=count)
    await drained(target, len(shop.sent.accepted))
    first = {arrival.number: arrival.at_s for arrival in reversed(await target.arrivals())}
    took_ms = [(first[one.order.number] - one.sent_s) * 1000 for one in shop.sent.accepted.values()]
    figures.p50_ms, figures.p99_ms = quantile(took_ms, 0.5), quantile(took_ms, 0.99)


async def drained(target: Target, orders: int) -> None:
    """Waits until that many orders had their effect at the target; AssertionError when they do not come."""
    until_s = time.monotonic() + DRAIN_WAIT_S
    while (effects := (await target.stats()).get("effects", 0)) < orders:
        if time.monotonic() > until_s:
            raise AssertionError(f"{effects} of {orders} arrived after {DRAIN_WAIT_S} s")
        await asyncio.sleep(0.02)


async def _watch_memory(figures: Figures, process: Process) -> None:
    while True:
        figures.peak_mb = max(figures.peak_mb, resident_mb(process.pid))
        await asyncio.sleep(0.5)


async def run(folder: Path, load: Load) -> tuple[Outcome, Figures, Figures]:
    """Relay and hub back to back."""
    for name in ("relay", "hub"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    progress(f"bare relay, {load.seconds} s")
    yardstick = await relay(folder / "relay", load)
    progress(f"hub, {load.seconds} s")
    product = await hub(folder / "hub", load)
    rows: list[tuple[str, object]] = [("hub:", ""), *product.rows(), ("relay:", ""), *yardstick.rows()]
    rows.append(("hub to relay", round(product.per_s / max(1.0, yardstick.per_s), 2)))
    problems = [f"{kind}: {len(found)}" for kind, found in product.findings.items()]
    return Outcome(f"speed, {load.senders} senders", rows=rows, problems=problems), product, yardstick
