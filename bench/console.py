"""The console over a full store: every page's server time, search, and what open consoles cost the pipeline.

    python -m bench.console [--orders 200000] [--incidents 50000] [--intake 100] [--write]

A few thousand orders and their incidents come in through the intake of a real hub; SQL then multiplies them, every
row again under other numbers. Pages are asked over HTTP by a client in the same process, so that its work counts too.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.endtoend import RESULTS, machine
from bench.sections import put
from crossdock.access.roles import Role
from crossdock.console.gate import COOKIE
from crossdock.journal.open import storage_of
from tests.console.partner import Partner
from tests.console.world import PREFIX, World, again, world

#: Orders and incidents that come in through the intake before SQL multiplies them.
SEED_ORDERS, TIMES_EACH, CONSOLES, EVERY_S = 2_000, 20, 200, 1.0
_STEP = 10_000_000
#: Columns that are numbers of rows, and those that are numbers of people, by table.
_TABLES: Mapping[str, tuple[str, str]] = {
    "payloads": ("id", ""),
    "captures": ("id payload", "their_id order_by"),
    "revisions": ("capture", "their_id"),
    "messages": ("id capture hub root", "their_id number key"),
    "transmissions": ("id message hub root after payload", "number key"),
    "identity": ("hub position", "their_id"),
    "hubs": ("id root introduced position", "number key"),
    "beliefs": ("hub message transmission position", ""),
    "incidents": ("id position", "cause number"),
    "members": ("incident id position", ""),
    "ledger": ("position capture message transmission root payload incident", ""),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """How one page did; milliseconds."""

    name: str
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    length: int


async def seed(folder: Path, incidents: int) -> None:
    """Orders that go all the way, and orders that wait for a row of a crosswalk, each for its own."""
    async with world(folder) as w:
        for n in range(0, SEED_ORDERS, 50):
            await asyncio.gather(*(_order(w, f"SO-{100_000 + k}", "EXP") for k in range(n, n + 50)))
        for n in range(0, incidents, 50):
            await asyncio.gather(
                *(_order(w, f"MP-{100_000 + k}", f"CODE{k}", "marketplace") for k in range(n, n + 50))
            )
        while not await w.shown.hub.journal.view(_is_at_rest):
            await asyncio.sleep(0.1)


def _is_at_rest(connection: Any) -> bool:
    captures = connection.execute("SELECT count(*) FROM captures WHERE state = 1").fetchone()[0]
    sendings = connection.execute("SELECT count(*) FROM transmissions WHERE state IN (1, 3, 4)").fetchone()[0]
    return not captures and not sendings


async def _order(w: World, number: str, by: str, system: str = "webshop") -> None:
    tree = {
        "no": number,
        "at": "2026-11-22T09:30:00Z",
        "who": f"C-{number}",
        "to": {
            "name": "Café Noord",
            "street": "Kade 4",
            "postcode": "1013 AA",
            "city": "Utrecht",
            "country": "NL",
        },
        "by": by,
        "lines": [{"n": 1, "sku": "W-10010", "qty": 2}],
    }
    door, kind = w.app.hub.worker.door, {"content-type": "application/json"}
    await door.receive(system, "sales_order", json.dumps(tree).encode(), kind, key=None)


def multiply(database: str, copies: int) -> None:
    """Every row again, under other numbers."""
    with storage_of(database).writing() as store:
        store.execute("PRAGMA cache_size = -400000")
        store.execute("BEGIN")
        for table, (numbers, names) in _TABLES.items():
            columns = [
                row[0] for row in store.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall()
            ]
            first = numbers.split()[0]
            for copy in range(1, copies):
                shifted = ", ".join(_shifted(one, numbers.split(), names.split(), copy) for one in columns)
                store.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {shifted} FROM {table}"
                    f" WHERE {first} < {_STEP}"
                )
        store.execute("UPDATE watch SET position = (SELECT max(position) FROM ledger)")
        store.execute("COMMIT")
        store.execute("ANALYZE")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _shifted(column: str, numbers: Sequence[str], names: Sequence[str], copy: int) -> str:
    if column in numbers:
        return f"{column} + {copy * _STEP}"
    return f"{column} || '/{copy}'" if column in names else column


async def get(url: str, path: str, token: str, headers: str = "") -> tuple[int, bytes, bytes]:
    """Status, head and body of one page."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"GET {path} HTTP/1.1\r\nhost: hub\r\ncookie: {COOKIE}={token}\r\n{headers}connection: close\r\n\r\n"
    )
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    first, _, body = answer.partition(b"\r\n\r\n")
    return int(first.split(b" ")[1]), first, body


async def pages(w: World) -> dict[str, str]:
    """Every page that shows what is in the store."""
    (incident, hub) = await w.shown.hub.journal.view(
        lambda c: c.execute(
            "SELECT (SELECT max(id) FROM incidents), (SELECT number FROM hubs ORDER BY id DESC LIMIT 1)"
        ).fetchone()
    )
    return {
        "today": "",
        "orders": "/orders",
        "orders under way": "/orders?state=waiting",
        "orders on the desk": "/orders?state=desk",
        "search by number": f"/orders?q={hub}",
        "search that finds nothing": "/orders?q=XX-1",
        "search by a beginning": "/orders?q=SO-1000",
        "order": f"/orders/sales_order/{hub.replace('/', '%2F')}",
        "incidents": "/incidents",
        "incident": f"/incidents/i{incident}",
        "incidents of a kind": "/incidents?type=unmapped_code",
        "incidents of a system": "/incidents?system=marketplace",
        "incidents ended": "/incidents?view=ended",
        "my incidents": "/incidents?view=mine",
        "bulk": f"/bulk?incident=i{incident}",
        "replay": "/replay",
        "runs": "/runs",
        "stock": "/stock",
        "systems": "/systems",
        "system": "/systems/erp",
        "partners": "/partners",
        "charter": "/charter",
        "reports": "/reports",
        "people": "/admin/people",
        "keys": "/admin/keys",
        "personal data": "/admin/data",
        "audit": "/admin/audit",
        "approvals": "/approvals",
        "me": "/me",
    }


async def ask(w: World, token: str, name: str, path: str) -> Asked:
    """One page, some times."""
    took: list[float] = []
    cpu_s, length = _cpu_s(), 0
    for _ in range(TIMES_EACH):
        began_s = time.perf_counter()
        status, _, body = await get(w.url, f"{PREFIX}{path}", token)
        took.append((time.perf_counter() - began_s) * 1000)
        assert status == 200 or (status == 303 and name.startswith("search")), (name, status, body[:300])
        length = len(body)
    cut = sorted(took)
    cpu_ms = (_cpu_s() - cpu_s) * 1000 / TIMES_EACH
    print(f"{name}: {statistics.median(cut):.1f} ms", file=sys.stderr, flush=True)
    return Asked(name, statistics.median(cut), cut[int(len(cut) * 0.95) - 1], cpu_ms, length)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@asynccontextmanager
async def intake(w: World, per_s: float) -> AsyncIterator[None]:
    """Orders that keep coming in."""

    async def go() -> None:
        n, began_s = 0, time.perf_counter()
        while True:
            await _order(w, f"IN-{began_s}-{n}", "EXP")
            n += 1
            await asyncio.sleep(max(0.0, began_s + n / per_s - time.perf_counter()))

    task = asyncio.create_task(go()) if per_s else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def consoles(w: World, token: str, seconds: float) -> float:
    """CPU seconds a second that so many open consoles on Today cost, each on a connection that it keeps."""
    host, _, port = w.url.removeprefix("http://").partition(":")

    async def one(n: int) -> None:
        await asyncio.sleep(EVERY_S * n / CONSOLES)
        reader, writer = await asyncio.open_connection(host, int(port))
        tag, end_s = "", time.perf_counter() + seconds
        while (began_s := time.perf_counter()) < end_s:
            lines = (
                f"GET {PREFIX} HTTP/1.1\r\nhost: hub\r\ncookie: {COOKIE}={token}\r\nx-live: 1\r\n{tag}\r\n"
            )
            writer.write(lines.encode())
            head = {
                line.split(b":")[0].lower(): line.partition(b":")[2].strip()
                for line in (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            }
            await reader.readexactly(int(head.get(b"content-length", b"0")))
            tag = f"if-none-match: {head[b'etag'].decode()}\r\n"
            await asyncio.sleep(max(0.0, began_s + EVERY_S - time.perf_counter()))
        writer.close()

    cpu_s, began_s = _cpu_s(), time.perf_counter()
    await asyncio.gather(*(one(n) for n in range(CONSOLES)))
    return (_cpu_s() - cpu_s) / (time.perf_counter() - began_s)


async def throughput(w: World, orders: int) -> float:
    """CPU seconds that an order costs from the door to all that get it."""
    cpu_s, mark = _cpu_s(), f"TH-{time.time_ns()}"
    for n in range(0, orders, 50):
        await asyncio.gather(*(_order(w, f"{mark}-{k}", "EXP") for k in range(n, n + 50)))
    while not await w.shown.hub.journal.view(_is_at_rest):
        await asyncio.sleep(0.05)
    return (_cpu_s() - cpu_s) / orders


async def measure(folder: Path, per_s: float) -> tuple[list[Asked], list[Asked], float, float]:
    """Every page at rest and with orders coming in; what consoles cost a second, and what an order costs."""
    partner = Partner()
    await partner.start()
    # Its ids go on where those of another run ended.
    partner.got = [("", "")] * (time.time_ns() // (5 * 10**7) % 10**7)
    charter = folder / "site" / "charter.yaml"
    tree = json.loads(charter.read_text("utf-8"))
    for system in tree["systems"].values():
        if "url" in system:
            system["url"] = partner.url
    charter.write_text(json.dumps(tree), "utf-8")
    async with again(folder, partner) as w:
        token = await w.person(f"boss-{time.time_ns()}", Role.ADMIN)
        named = await pages(w)
        still = [await ask(w, token, name, path) for name, path in named.items()]
        async with intake(w, per_s):
            busy = [await ask(w, token, name, path) for name, path in named.items()]
        order_s = await throughput(w, 300)
        idle = await _idle(5.0)
        open_ = await consoles(w, token, 8.0)
        return still, busy, max(open_ - idle, 0.0), order_s


async def _idle(seconds: float) -> float:
    """CPU seconds a second of a hub to which nothing comes."""
    cpu_s = _cpu_s()
    await asyncio.sleep(seconds)
    return (_cpu_s() - cpu_s) / seconds


def section(size: str, found: tuple[list[Asked], list[Asked], float, float], per_s: float) -> str:
    """The section for RESULTS.md."""
    still, busy, open_, order_s = found
    lines = [
        f"Measured {dt.datetime.now(dt.UTC).date().isoformat()} on {machine()}.",
        f"{size}; SQLite; one process, client included.",
        f"Each page {TIMES_EACH} times; with intake: {per_s:g} orders/s, each to three systems, in the same process.",
        "", "| page | p50 ms | p95 ms | CPU ms | p95 ms with intake | kB |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| {one.name} | {one.p50_ms:.1f} | {one.p95_ms:.1f} | {one.cpu_ms:.1f} | {more.p95_ms:.1f} |"
        f" {one.length / 1000:.0f} |"
        for one, more in zip(still, busy, strict=True)
    ]
    cost = f"{CONSOLES} open consoles on Today cost {open_ * 100:.1f} % of a core, the client's half here included;"
    cost += f" an order costs {order_s * 1000:.1f} ms of CPU from the door to the three systems that get it."
    lines += ["", cost]
    return "\n".join(lines)


def main() -> None:
    """Fills, measures, prints the table, and writes it where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--incidents", type=int, default=50_000)
    parser.add_argument("--intake", type=float, default=100.0)
    parser.add_argument("--keep", type=Path, help="fill this folder, or measure what is in it")
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as made:
        folder = asked.keep or Path(made)
        copies = max(asked.orders // SEED_ORDERS, 1)
        if not (folder / "site").exists():
            folder.mkdir(parents=True, exist_ok=True)
            began_s = time.perf_counter()
            asyncio.run(seed(folder, asked.incidents // copies))
            print(f"seeded after {time.perf_counter() - began_s:.0f} s", file=sys.stderr)
            multiply(f"sqlite:{folder / 'hub.db'}", copies)
            print(f"multiplied after {time.perf_counter() - began_s:.0f} s", file=sys.stderr)
        found = asyncio.run(measure(folder, asked.intake))
    text = section(f"{asked.orders:,} orders and {asked.incidents:,} open incidents", found, asked.intake)
    print(text)
    if asked.write:
        put(RESULTS, "console", "The console over a full store", text)


if __name__ == "__main__":
    main()
