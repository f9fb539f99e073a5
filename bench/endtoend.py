"""The end-to-end measurement: hub and bare relay under the same load, several runs, medians into RESULTS.md.

python -m bench --runs 3 --seconds 60 --write
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import platform
import re
import statistics
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

import uvloop

from bench.sections import put
from tests.harness.scenarios.speed import Figures, Load, run

RESULTS = Path(__file__).with_name("RESULTS.md")
ROWS = (
    ("per_s", "orders/s, POST to delivered", 0),
    ("cpu_us", "CPU µs an order", 0),
    ("p50_ms", "sent to target p50 ms at 20/s", 1),
    ("p99_ms", "sent to target p99 ms at 20/s", 1),
    ("idle_mb", "memory idle MB", 0),
    ("peak_mb", "memory peak MB", 0),
    ("start_s", "start s", 2),
)


def machine() -> str:
    """The machine in one line."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists() and (found := re.search(r"model name\s*: (.*)", info.read_text("utf-8", "replace"))):
        model = found.group(1)
    return f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def spread(values: list[float], digits: int) -> str:
    """Median, and the range where there is one."""
    middle = f"{statistics.median(values):,.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def block(hubs: list[Figures], relays: list[Figures], load: Load, at: str, others: float = 0.0) -> str:
    """The section for RESULTS.md; `others` is the load that the machine had already."""
    ratios = [hub.per_s / max(1.0, relay.per_s) for hub, relay in zip(hubs, relays, strict=True)]
    lines = [
        f"Measured {at} on {machine()}; load average {others:.1f} before it began.",
        f"Median (range) of {len(hubs)} runs of {load.seconds:g} s with {load.senders} senders, one ordering key each.",
        f"Store: {load.store}, processes: {load.workers}. Sender, target, hub and store share the machine.",
        "The relay maps and forwards and keeps nothing.",
        "",
        "| | hub | bare relay |",
        "|---|---|---|",
    ]
    for name, title, digits in ROWS:
        pair = [spread([getattr(one, name) for one in side], digits) for side in (hubs, relays)]
        lines.append(f"| {title} | {pair[0]} | {pair[1]} |")
    lines += [f"| orders/s, hub to relay | {spread(ratios, 2)} | 1 |"]
    wrong = sorted({kind for hub in hubs for kind in hub.findings})
    lines += ["", f"Verdict over all runs: {'nothing wrong' if not wrong else ', '.join(wrong)}."]
    return "\n".join(lines)


async def measured(runs: int, load: Load) -> tuple[list[Figures], list[Figures]]:
    """Hub and relay, run after run."""
    hubs: list[Figures] = []
    relays: list[Figures] = []
    for turn in range(runs):
        with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as made:
            outcome, hub, relay = await run(Path(made), load)
        print(f"run {turn + 1} of {runs}\n{outcome.shown()}\n", file=sys.stderr, flush=True)
        hubs.append(hub)
        relays.append(relay)
    return hubs, relays


def main() -> None:
    """Measures, prints the table, and writes it where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    for one in fields(Load):
        default = getattr(Load(), one.name)
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=type(default), default=default)
    asked = parser.parse_args()
    load = Load(**{one.name: getattr(asked, one.name) for one in fields(Load)})
    others = os.getloadavg()[0]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        hubs, relays = runner.run(measured(asked.runs, load))
    section = block(hubs, relays, load, dt.datetime.now(dt.UTC).date().isoformat(), others)
    print(section)
    if asked.write:
        name = "end to end" if load.store == "sqlite" else f"end to end {load.store} {load.workers}"
        put(
            RESULTS,
            name,
            f"End to end, {load.store}" + (f", {load.workers} processes" if load.workers > 1 else ""),
            section,
        )
    sys.exit(1 if any(hub.findings for hub in hubs) else 0)


if __name__ == "__main__":
    main()
