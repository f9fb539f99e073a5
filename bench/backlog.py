"""Speed beside a growing backlog, with half of it behind one poisoned key or not.

    python -m bench.backlog [--sizes 10000,100000,1000000] [--runs 3] [--database URL] [--write]

No HTTP: the target is a client that answers at once. Each measurement is a process of its own on a store that
was filled before: a real backlog of some hundred orders, multiplied by SQL. The first line of a table is its
yardstick: the same store at its smallest size.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench.endtoend import RESULTS, machine, spread
from bench.sections import put
from crossdock.assembly import Hub, Surroundings
from crossdock.journal.open import storage_of
from crossdock.kit.http import Response
from crossdock.settings import settings_from
from tests.harness.orders import OrderBook
from tests.harness.site import Plan, write_site

SEED_ORDERS = 500
DELIVERED = 4_000
CLAIMED = 6_000
POISON = "poison"
_ROOT = Path(__file__).parents[1]


class Answering:
    """A target that answers at once, or never lets anything begin."""

    def __init__(self, *, open_: bool) -> None:
        self.taken = 0
        self.first_s = 0.0
        self.last_s = 0.0
        self._open = open_

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """201 with an id of its own."""
        del method, path, body, headers
        await (asyncio.sleep(0) if self._open else asyncio.Event().wait())
        self.taken += 1
        self.last_s = time.perf_counter()
        self.first_s = self.first_s or self.last_s
        return Response(201, {}, b'{"id": "W%d"}' % (time.time_ns() // 1000 * 100_000 + self.taken % 100_000))

    async def close(self) -> None:
        """Nothing to close."""


def hub(folder: Path, database: str | None, target: Answering) -> Hub:
    """A hub over a site, with that target."""
    settings = settings_from(os.environ, site=folder, database=database)
    return Hub(settings, lambda _name: "", Surroundings(http=lambda *_: target))


def settle() -> None:
    """Leaves what is loaded alone from now on, as `crossdock up` does before it works."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def seed(folder: Path, database: str | None) -> None:
    """A site whose hub took some orders and could send none."""
    write_site(folder, Plan(target_url="http://127.0.0.1:9", limits={"concurrency": 1}))
    one = hub(folder, database, Answering(open_=False))
    await one.start()
    await one.worker.start()
    book = OrderBook()
    for n in range(SEED_ORDERS):
        order = book.next(f"C{n}")
        await one.worker.door.receive(
            "shop", None, order.body(), {"content-type": "application/json"}, key=None
        )
    while one.journal.position < SEED_ORDERS * 4:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    await one.stop()


def multiply(folder: Path, database: str | None, size: int, *, poisoned: bool) -> None:
    """Makes the backlog that big: every row again under other numbers."""
    step = 10_000_000
    with storage_of(settings_from(os.environ, site=folder, database=database).database).writing() as store:
        store.execute("BEGIN")
        store.execute(
            "UPDATE transmissions SET state = 1, payload = NULL, request = NULL, attempt = 0 WHERE state = 3"
        )
        lists = {
            table: [row[0] for row in _columns(store, table)]
            for table in ("hubs", "messages", "transmissions")
        }
        for copy in range(1, size // SEED_ORDERS):
            for table, columns in lists.items():
                shifted = ", ".join(_shifted(column, copy, copy * step) for column in columns)
                low = f"id < {step}"
                store.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {shifted} FROM {table} WHERE {low}"
                )
        if poisoned:
            store.execute("UPDATE transmissions SET key = ? WHERE id % 2 = 0", (POISON,))
            store.execute(
                "UPDATE transmissions SET state = 8 WHERE id = (SELECT min(id) FROM transmissions WHERE key = ?)",
                (POISON,),
            )
        store.execute("COMMIT")
        store.execute("ANALYZE")


def _columns(store: Any, table: str) -> list[tuple[str]]:
    if "Sqlite" in type(store).__name__:
        return store.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall()
    return store.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = ? AND table_schema = current_schema()"
        " ORDER BY ordinal_position",
        (table,),
    ).fetchall()


def _shifted(column: str, copy: int, by: int) -> str:
    if column in {"id", "hub", "root", "message"}:
        return f"{column} + {by}"
    return f"{column} || '/{copy}'" if column in {"key", "number"} else column


@dataclass(frozen=True, slots=True)
class Measured:
    """One run."""

    first_s: float  #: from the start of the hub to the first delivery
    per_s: float  #: deliveries a second after it
    cpu_us: float  #: of this process, a delivery


async def deliver(folder: Path, database: str | None) -> Measured:
    """Starts a hub on the backlog and lets it deliver some."""
    write_site(folder, Plan(target_url="http://127.0.0.1:9"))
    target = Answering(open_=True)
    began_s = time.perf_counter()
    one = hub(folder, database, target)
    await one.start()
    settle()
    await one.worker.start()
    while target.taken < DELIVERED // 4:
        await asyncio.sleep(0.002)
    first_s, cpu_s, taken, since_s = target.first_s, time.process_time(), target.taken, time.perf_counter()
    while target.taken < DELIVERED:
        await asyncio.sleep(0.002)
    count = target.taken - taken
    measured = Measured(
        first_s - began_s,
        count / (target.last_s - since_s),
        (time.process_time() - cpu_s) / count * 1e6,
    )
    os.write(1, json.dumps([measured.first_s, measured.per_s, measured.cpu_us]).encode())
    os._exit(0)  # the backlog is not waited for, and the store is thrown away


async def claim(folder: Path, database: str | None) -> None:
    """How fast accepted orders go through claim, translate, check, route and commit; nothing is sent."""
    write_site(folder, Plan(target_url="http://127.0.0.1:9", limits={"concurrency": 1}))
    one = hub(folder, database, Answering(open_=False))
    await one.start()
    settle()
    book = OrderBook()
    door = one.worker.door
    for n in range(0, CLAIMED, 100):
        orders = [book.next(f"C{n + k}") for k in range(100)]
        await asyncio.gather(
            *(
                door.receive("shop", None, o.body(), {"content-type": "application/json"}, key=None)
                for o in orders
            )
        )
    made = one.journal.position
    cpu_s, since_s = time.process_time(), time.perf_counter()
    await one.worker.start()
    while one.journal.position < made + CLAIMED * 3:
        await asyncio.sleep(0.002)
    wall_s = time.perf_counter() - since_s
    cpu_us = (time.process_time() - cpu_s) / CLAIMED * 1e6
    os.write(1, json.dumps([0.0, CLAIMED / wall_s, cpu_us]).encode())
    os._exit(0)


def measured(what: str, folder: Path, database: str | None) -> Measured:
    """One measurement in a process of its own."""
    words = [sys.executable, "-m", "bench.backlog", "--one", what, "--folder", str(folder)]
    words += ["--database", database] if database else []
    done = subprocess.run(words, cwd=_ROOT, stdout=subprocess.PIPE, check=True, timeout=900)
    return Measured(*json.loads(done.stdout))


def table(rows: list[tuple[str, list[Measured]]], claims: list[Measured], at: str, store: str) -> str:
    """The section for RESULTS.md."""
    yardstick = statistics.median(m.per_s for m in rows[0][1])
    lines = [
        f"Measured {at} on {machine()}; {store}. No HTTP: the target answers at once.",
        f"Median (range) of {len(claims)} runs of {DELIVERED:,} deliveries each, the first quarter left out.",
        "",
        "| backlog | deliveries/s | to the smallest | CPU µs | start to first delivery s |",
        "|---|---|---|---|---|",
    ]
    for name, runs in rows:
        per_s = [m.per_s for m in runs]
        lines.append(
            f"| {name} | {spread(per_s, 0)} | {statistics.median(per_s) / yardstick:.2f} |"
            f" {spread([m.cpu_us for m in runs], 0)} | {spread([m.first_s for m in runs], 2)} |"
        )
    claimed, cpu = spread([m.per_s for m in claims], 0), spread([m.cpu_us for m in claims], 0)
    lines += [
        "",
        f"Claim, translate, check, route, commit alone: {claimed} orders/s, {cpu} µs of CPU an order.",
    ]
    return "\n".join(lines)


def everything(sizes: list[int], runs: int, database: str | None) -> str:
    """Fills, measures, and gives the table."""
    rows: list[tuple[str, list[Measured]]] = []
    for poisoned in (False, True):
        for size in sizes:
            name = f"{size:,}, half behind one poisoned key" if poisoned else f"{size:,}"
            found: list[Measured] = []
            for _ in range(runs):
                with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as made:
                    folder = Path(made)
                    uvloop.run(seed(folder, database))
                    multiply(folder, database, size, poisoned=poisoned)
                    found.append(measured("deliver", folder, database))
                print(f"{name}: {found[-1]}", file=sys.stderr, flush=True)
            rows.append((name, found))
    claims: list[Measured] = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as made:
            claims.append(measured("claim", Path(made), database))
    return table(
        rows, claims, dt.datetime.now(dt.UTC).date().isoformat(), "SQLite" if not database else "PostgreSQL"
    )


def main() -> None:
    """Measures, prints the table, and writes it where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--database")
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    parser.add_argument("--one", choices=("deliver", "claim"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        uvloop.run((deliver if asked.one == "deliver" else claim)(asked.folder, asked.database))
        return
    sizes = [int(size) for size in asked.sizes.split(",")]
    if min(sizes) < 2 * DELIVERED:
        parser.error(f"--sizes {asked.sizes}: half of each must be enough for {DELIVERED:,} deliveries")
    section = everything(sizes, asked.runs, asked.database)
    print(section)
    if asked.write:
        put(RESULTS, f"backlog {'postgresql' if asked.database else 'sqlite'}", "Beside a backlog", section)


if __name__ == "__main__":
    main()
