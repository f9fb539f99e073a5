"""The console over a full store, each figure beside what was asked of it.

    python -m bench.console [--orders 1000000] [--incidents 50000] [--intake 100] [--keep FOLDER] [--write]

The hub, whoever hands in orders and whoever asks for pages share one process, so a page waits for all of their work;
the open consoles are a process of their own. `--keep` fills a folder, or measures what is in it already.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import re
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.endtoend import RESULTS, machine
from bench.full_store import SEED_ORDERS, at_rest, fill, hand_in, reopened
from bench.sections import put
from crossdock.access.roles import Role
from crossdock.access.sessions import Stage
from crossdock.console.gate import COOKIE
from tests.console.world import PREFIX, World

TIMES_EACH, EVENTS, CONSOLES, ROUNDS, ROUND_ORDERS = 20, 12, 200, 4, 1_200
#: What was asked for, milliseconds; and of the pipeline beside so many open consoles.
PAGE_MS, SEARCH_MS, TODAY_MS, FAULT_MS, SLOWER = 150, 50, 2_000, 5_000, 0.05
#: How often the page of a browser asks again.
_LOOK_S = 1.2
_NEED = re.compile(rb"([\d\xe2\x80\xaf,]+) things? needs? somebody")


@dataclass(frozen=True, slots=True)
class Asked:
    """How one page did; milliseconds."""

    name: str
    p50_ms: float
    p95_ms: float
    length: int


@dataclass(frozen=True, slots=True)
class Beside:
    """The pipeline alone and beside open consoles."""

    alone_per_s: float
    beside_per_s: float
    alone_cpu_ms: float  #: of the hub's process, an order
    beside_cpu_ms: float
    consoles_cpu: float  #: of a core, at the asked rate of intake
    alone_cpu: float  #: of a core, at that rate, without consoles


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured."""

    still: Sequence[Asked]
    busy: Sequence[Asked]
    intake_per_s: float
    today_ms: Sequence[float]
    fault_ms: Sequence[float]
    beside: Beside


async def get(w: World, path: str, token: str, headers: str = "") -> tuple[int, bytes]:
    """Status and body of one page."""
    host, _, port = w.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET {PREFIX}{path} HTTP/1.1\r\nhost: hub\r\ncookie: {COOKIE}={token}\r\n{headers}"
    writer.write(f"{head}connection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    first, _, body = answer.partition(b"\r\n\r\n")
    return int(first.split(b" ")[1]), body


async def live(w: World, token: str, tag: str) -> tuple[bytes, str]:
    """What a look of an open page brings, and the tag of it."""
    host, _, port = w.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    has = f"if-none-match: {tag}\r\n" if tag else ""
    head = f"GET {PREFIX} HTTP/1.1\r\nhost: hub\r\ncookie: {COOKIE}={token}\r\nx-live: wait\r\n{has}"
    writer.write(f"{head}connection: close\r\n\r\n".encode())
    answer, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    found = re.search(rb"etag: (\S+)", answer)
    return body, found[1].decode() if found else tag


async def pages(w: World) -> dict[str, str]:
    """Every page that shows what is in the store; "one system:" as somebody who sees only one."""
    incident, hub = await w.shown.hub.journal.view(
        lambda c: c.execute(
            "SELECT (SELECT max(id) FROM incidents), (SELECT number FROM hubs ORDER BY id DESC LIMIT 1)"
        ).fetchone()
    )
    return {
        "today": "",
        "orders": "/orders",
        "orders, far back": "/orders?from=20000000",
        "orders of a kind there is none of": "/orders?kind=shipment",
        "orders under way": "/orders?state=waiting",
        "orders on the desk": "/orders?state=desk",
        "search by number": f"/orders?q={hub}",
        "search by their number": "/orders?q=ERP-5050",
        "search that finds nothing": "/orders?q=XX-1",
        "search by a beginning": "/orders?q=SO-1000",
        "order": f"/orders/sales_order/{hub.replace('/', '%2F')}",
        "incidents": "/incidents",
        "incident": f"/incidents/i{incident}",
        "incidents of a kind": "/incidents?type=unmapped_code",
        "incidents of a system with most": "/incidents?system=marketplace",
        "incidents of a system with few": "/incidents?system=webshop",
        "incidents of a system with none": "/incidents?system=3pl-dallas",
        "incidents ended": "/incidents?view=ended",
        "incidents asleep": "/incidents?view=asleep",
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
        "one system: today": "",
        "one system: orders": "/orders",
        "one system: incidents": "/incidents",
    }


async def ask(w: World, tokens: dict[bool, str], named: dict[str, str]) -> list[Asked]:
    """Every page some times, in turn."""
    took: dict[str, list[float]] = {name: [] for name in named}
    length: dict[str, int] = {}
    for _ in range(TIMES_EACH):
        for name, path in named.items():
            began_s = time.perf_counter()
            status, body = await get(w, path, tokens[name.startswith("one system")])
            took[name].append((time.perf_counter() - began_s) * 1000)
            assert status == 200 or (status == 303 and name.startswith("search")), (name, status, body[:300])
            length[name] = len(body)
    return [Asked(name, statistics.median(ms), _p95(ms), length[name]) for name, ms in took.items()]


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[max(round(len(values) * 0.95) - 1, 0)]


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@asynccontextmanager
async def intake(w: World, per_s: float) -> AsyncIterator[Callable[[], float]]:
    """Orders that keep coming in at the door; gives the rate at which they really did."""
    began_s, taken = time.perf_counter(), 0

    async def go() -> None:
        nonlocal taken
        while True:
            await hand_in(w, f"IN-{began_s}-{taken}", "EXP")
            taken += 1
            await asyncio.sleep(max(0.0, began_s + taken / per_s - time.perf_counter()))

    task = asyncio.create_task(go())
    try:
        yield lambda: taken / (time.perf_counter() - began_s)
    finally:
        assert not task.done(), "orders kept coming in to the end"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


# -- how soon something is seen ----------------------------------------------------


async def until_seen(look: Callable[[], Awaitable[bool]], every_s: float) -> float:
    """Milliseconds until a look finds it."""
    began_s = time.perf_counter()
    while not await look():
        await asyncio.sleep(every_s)
        assert time.perf_counter() - began_s < 60, "it is never seen"
    return (time.perf_counter() - began_s) * 1000


async def seen_on_today(w: World, token: str) -> float:
    """From the 202 of an order that cannot be understood to a browser's next look at Today that counts it."""
    seen: list[tuple[float, bytes]] = []

    async def browser() -> None:
        tag = ""
        while True:
            body, tag = await live(w, token, tag)
            if found := _NEED.search(body):
                seen.append((time.perf_counter(), found[1]))
            await asyncio.sleep(_LOOK_S)

    task = asyncio.create_task(browser())
    await asyncio.sleep(2 * _LOOK_S + time.time_ns() % 1000 / 1000 * _LOOK_S)
    before = seen[-1][1]
    await hand_in(w, f"TD-{time.time_ns()}", f"NEW{time.time_ns()}")
    began_s = time.perf_counter()
    while seen[-1][1] == before and time.perf_counter() - began_s < 60:
        await asyncio.sleep(0.005)
    task.cancel()
    return (seen[-1][0] - began_s) * 1000


async def seen_as_incident(w: World, token: str) -> float:
    """From the 202 of an order that cannot be understood to its page, found by its number, naming the incident."""
    number = f"FT-{time.time_ns()}"
    await hand_in(w, number, f"NEW{time.time_ns()}")

    async def look() -> bool:
        status, body = await get(w, f"/orders/sales_order/{number}?system=webshop", token)
        return status == 200 and b"/incidents/i" in body

    return await until_seen(look, 0.05)


# -- beside open consoles ----------------------------------------------------------


@asynccontextmanager
async def consoles(w: World, tokens: Sequence[str], seconds: float) -> AsyncIterator[None]:
    """So many browsers with Today open, in a process of their own."""
    words = (sys.executable, "-m", "bench.open_consoles", w.url, PREFIX, str(seconds))
    beside = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert beside.stdin is not None and beside.stdout is not None
    beside.stdin.write("\n".join(tokens).encode())
    beside.stdin.close()
    await asyncio.sleep(2.0)
    try:
        yield
    finally:
        looks, news = (await beside.stdout.read()).split()
        await beside.wait()
        print(f"{looks.decode()} looks, {news.decode()} with news", file=sys.stderr, flush=True)


async def throughput(w: World, orders: int) -> tuple[float, float]:
    """Orders a second from the door to all that get them, and CPU seconds that each costs the hub."""
    cpu_s, began_s, mark = _cpu_s(), time.perf_counter(), f"TH-{time.time_ns()}"
    for n in range(0, orders, 50):
        await asyncio.gather(*(hand_in(w, f"{mark}-{k}", "EXP") for k in range(n, n + 50)))
    await at_rest(w)
    return orders / (time.perf_counter() - began_s), (_cpu_s() - cpu_s) / orders


async def load(w: World, per_s: float, seconds: float) -> float:
    """CPU seconds a second at a rate of intake."""
    async with intake(w, per_s):
        await asyncio.sleep(1.0)
        cpu_s, began_s = _cpu_s(), time.perf_counter()
        await asyncio.sleep(seconds)
        return (_cpu_s() - cpu_s) / (time.perf_counter() - began_s)


async def beside(w: World, token: str, per_s: float) -> Beside:
    """The pipeline alone and beside consoles, in turn, so that what others do on the machine meets both."""
    sessions = w.shown.sessions
    person = (await sessions.find(token, used=True)).person  # type: ignore[union-attr]
    tokens = [
        (await sessions._open(person.row, Stage.WHOLE, "127.0.0.1", "bench")).token for _ in range(CONSOLES)
    ]
    alone, among = list[tuple[float, float]](), list[tuple[float, float]]()
    await throughput(w, ROUND_ORDERS // 2)
    for _ in range(ROUNDS):
        alone.append(await throughput(w, ROUND_ORDERS))
        async with consoles(w, tokens, 2.0 + ROUND_ORDERS / alone[-1][0] * 1.2):
            among.append(await throughput(w, ROUND_ORDERS))
    quiet = await load(w, per_s, 6.0)
    async with consoles(w, tokens, 10.0):
        watched = await load(w, per_s, 6.0)
    alone_s, alone_cpu = (statistics.median(one) for one in zip(*alone, strict=True))
    among_s, among_cpu = (statistics.median(one) for one in zip(*among, strict=True))
    return Beside(alone_s, among_s, alone_cpu * 1000, among_cpu * 1000, watched - quiet, quiet)


async def measure(folder: Path, per_s: float) -> Found:
    """Everything, at rest first and then with orders coming in."""
    async with reopened(folder) as w:
        token = await w.person(f"boss-{time.time_ns()}", Role.ADMIN)
        few = await w.person(f"few-{time.time_ns()}", Role.OPERATOR, systems=["webshop"])
        named, tokens = await pages(w), {False: token, True: few}
        still = await ask(w, tokens, named)
        async with intake(w, per_s) as rate:
            busy = await ask(w, tokens, named)
            today_ms = [await seen_on_today(w, token) for _ in range(EVENTS)]
            fault_ms = [await seen_as_incident(w, token) for _ in range(EVENTS)]
            taken = rate()
        return Found(still, busy, taken, today_ms, fault_ms, await beside(w, token, per_s))


def _limits(found: Found) -> list[tuple[str, str, str, bool]]:
    """What was asked for, what was found, and whether that is within it."""
    worst = max(found.busy, key=lambda one: one.p95_ms)
    search = max((one for one in found.busy if one.name.startswith("search")), key=lambda one: one.p95_ms)
    today, fault, b = max(found.today_ms), max(found.fault_ms), found.beside
    slower, dearer = 1 - b.beside_per_s / b.alone_per_s, b.beside_cpu_ms / b.alone_cpu_ms - 1
    halfway, speeds = (
        statistics.median(found.today_ms),
        f"{b.beside_per_s:.0f} of {b.alone_per_s:.0f} orders/s",
    )
    return [
        ("any page, p95", f"{PAGE_MS} ms", f"{worst.p95_ms:.0f} ms ({worst.name})", worst.p95_ms <= PAGE_MS),
        ("search, p95", f"{SEARCH_MS} ms", f"{search.p95_ms:.0f} ms ({search.name})", search.p95_ms <= SEARCH_MS),
        ("Today shows an event, the slowest", f"{TODAY_MS} ms", f"{today:.0f} ms (median {halfway:.0f})",
         today <= TODAY_MS),
        ("a fault to its incident, the slowest", f"{FAULT_MS} ms", f"{fault:.0f} ms", fault <= FAULT_MS),
        (f"as fast as it goes, beside {CONSOLES} open consoles", f"{SLOWER:.0%} slower",
         f"{slower:.1%} slower: {speeds}; {dearer:.1%} more CPU an order", slower <= SLOWER),
        ("their cost at the rate of the intake", "", f"{b.consoles_cpu:.1%} of a core, beside {b.alone_cpu:.0%}", True),
    ]  # fmt: skip


def section(size: str, found: Found) -> str:
    """The section for RESULTS.md."""
    lines = [
        f"Measured {dt.datetime.now(dt.UTC).date().isoformat()} on {machine()}.",
        f"{size}; SQLite. Orders came in at {found.intake_per_s:.0f}/s, each to three systems, in the same process.",
        f"Each page {TIMES_EACH} times, the connection included. The consoles are a process of their own.",
        f"Of the orders {SEED_ORDERS:,} came in through the intake, the others are copies of them by SQL;",
        "all incidents came in through it, on top of them.",
        "", "| asked for | at most | found | within |", "|---|---|---|---|",
        *(
            f"| {what} | {most} | {is_} | {('yes' if good else 'NO') if most else ''} |"
            for what, most, is_, good in _limits(found)
        ),
        "", "| page | p50 ms | p95 ms | with intake p50 | p95 | kB |", "|---|---|---|---|---|---|",
        *(
            f"| {one.name} | {one.p50_ms:.1f} | {one.p95_ms:.1f} | {more.p50_ms:.1f} | {more.p95_ms:.1f} |"
            f" {one.length / 1000:.0f} |"
            for one, more in zip(found.still, found.busy, strict=True)
        ),
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    """Fills, measures, prints the table, and writes it where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--incidents", type=int, default=50_000)
    parser.add_argument("--intake", type=float, default=100.0)
    parser.add_argument("--keep", type=Path, help="fill this folder, or measure what is in it")
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as made:
        folder: Path = asked.keep or Path(made)
        if not (folder / "site").exists():
            folder.mkdir(parents=True, exist_ok=True)
            asyncio.run(fill(folder, asked.orders, asked.incidents))
            (folder / "size.json").write_text(json.dumps([asked.orders, asked.incidents]), "utf-8")
        orders, incidents = json.loads((folder / "size.json").read_text("utf-8"))
        found = asyncio.run(measure(folder, asked.intake))
    text = section(f"{orders:,} orders and {incidents:,} open incidents", found)
    print(text)
    if asked.write:
        put(RESULTS, "console", "The console over a full store", text)


if __name__ == "__main__":
    main()
