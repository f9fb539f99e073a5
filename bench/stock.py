"""Stock under load: reservations a second, and how soon a channel is sent what it may sell after a stock event.

python -m bench.stock [--skus 100000] [--sites 5] [--promises 10000] [--events 400] [--database postgresql://…]

The yardstick beside the reservations is a bare loop on SQLite that does only the two statements that a reservation
cannot do without, a hundred to a durable commit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.sections import put
from crossdock.journal.chain import partition_of
from crossdock.journal.contract import Journal
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.stockkeeping.promises import Asked, Cart
from crossdock.pipeline.stockkeeping.rows import added
from crossdock.stock.amount import PARTS
from crossdock.stock.policy import ChannelPolicy, Policy, SitePolicy
from tests.pipeline.world import World

RESULTS = Path(__file__).parent / "RESULTS.md"
_CHUNK = 2_000
_AT_ONCE = 500
_HOT_SKUS = 2_000


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _policy(sites: int) -> Policy:
    named = {f"S{n}": SitePolicy(f"S{n}", "wms") for n in range(sites)}
    erp = ChannelPolicy("erp", tuple(named), publish=True)
    return Policy(named, {"erp": erp})


async def _seed(journal: Journal, skus: int, sites: int) -> None:
    """So many items at so many sites, a thousand of each; channels have been told already."""
    for begin in range(0, skus, _CHUNK):
        changes = journal.changes()
        rows = []
        for n in range(begin, min(begin + _CHUNK, skus)):
            sku = f"SKU-{n}"
            for site in range(sites):
                told = (journal.next_id(), "wms", sku, f"S{site}", "available", None, None, None, None, "EA")
                figures = (1000 * PARTS, None, 0, 1, 1000 * PARTS, 0, None, partition_of(sku))
                rows.append(("upsert_stock_belief", (*told, *figures), 1))
                changes.row(*added(sku, f"S{site}", "EA", 1000 * PARTS, 0, None))
            known = ("erp", sku, journal.next_id(), 1000 * sites, "EA", 2, 0, None, partition_of(sku))
            rows.append(("upsert_stock_told", known, None))
        changes.entry(Entry(EntryKind.decided, says="a measurement put it there"), *rows)
        await journal.submit(changes)


async def _promises(world: World, count: int, skus: int) -> tuple[float, float]:
    """(a second, CPU ms each) of promises, many at once, by one process."""
    room = world.context.stock
    assert room is not None
    dice = random.Random(1)
    carts = [
        Cart("shop", [Asked("1", f"SKU-{dice.randrange(min(skus, _HOT_SKUS))}", 1, "EA")])
        for _ in range(count)
    ]
    cpu_s, begun_s = _cpu_s(), time.perf_counter()
    for begin in range(0, count, _AT_ONCE):
        made = await asyncio.gather(
            *(room.promises.make(cart, who="bench") for cart in carts[begin : begin + _AT_ONCE])
        )
        assert all(isinstance(one, bytes) for one in made)
    spent_s = time.perf_counter() - begun_s
    return count / spent_s, (_cpu_s() - cpu_s) / count * 1000


def _yardstick(folder: Path, count: int) -> tuple[float, float]:
    """(a second, CPU ms each) of the two bare statements."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE levels (sku TEXT PRIMARY KEY, supply INTEGER, reserved INTEGER)")
    db.execute("CREATE TABLE reservations (id INTEGER PRIMARY KEY, sku TEXT, amount INTEGER)")
    db.executemany("INSERT INTO levels VALUES (?, 1000000, 0)", [(f"SKU-{n}",) for n in range(_HOT_SKUS)])
    dice = random.Random(1)
    cpu_s, begun_s = _cpu_s(), time.perf_counter()
    for begin in range(0, count, 100):
        db.execute("BEGIN IMMEDIATE")
        for n in range(begin, min(begin + 100, count)):
            sku = f"SKU-{dice.randrange(_HOT_SKUS)}"
            db.execute(
                "UPDATE levels SET reserved = reserved + 1 WHERE sku = ? AND supply - reserved >= 1", (sku,)
            )
            db.execute("INSERT INTO reservations VALUES (?, ?, 1)", (n, sku))
        db.execute("COMMIT")
    spent_s = time.perf_counter() - begun_s
    db.close()
    return count / spent_s, (_cpu_s() - cpu_s) / count * 1000


async def _events(world: World, count: int, skus: int, every_s: float) -> list[float]:
    """Milliseconds from a balance at the door to the figure at the channel, for each of many events."""
    dice = random.Random(2)
    begun: dict[str, float] = {}
    took: list[float] = []
    erp = world.targets["erp"]

    def arrived(one: Any, _nth: int) -> int:
        tree = json.loads(one.body)
        if tree["sku"] in begun:
            took.append((time.perf_counter() - begun.pop(tree["sku"])) * 1000)
        return 200

    erp.script = arrived
    for sku in dice.sample(range(skus), count):
        name = f"SKU-{sku}"
        told = {
            "sku": name, "site": "S0", "status": "available", "lot": "NEW", "quantity": dice.randrange(1, 500),
            "unit": "EA", "as_of": "2026-11-22T10:00:00Z",
        }  # fmt: skip
        begun[name] = time.perf_counter()
        await world.push(told, system="wms", document="inventory_balance")
        await asyncio.sleep(every_s)
    await world.until(lambda: not begun)
    return sorted(took)


async def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Both measurements in one run, on one store."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(
            Path(folder), documents=("inventory_balance", "sales_order", "stock_level"), readers=(),
            owners={"inventory_balance": "wms"}, revise=True, stock=_policy(asked.sites), database=asked.database,
        )  # fmt: skip
        world.journal.start()
        await world.journal.use_charter("sha256:bench", "0", {})
        begun_s = time.perf_counter()
        await _seed(world.journal, asked.skus, asked.sites)
        seeded_s = time.perf_counter() - begun_s
        rate, cpu_ms = await _promises(world, asked.promises, asked.skus)
        bare, bare_ms = _yardstick(Path(folder), asked.promises)
        await world.worker.start()
        await world.until(
            lambda: not world.rows("SELECT 1 FROM stock_levels WHERE due_ms IS NOT NULL LIMIT 1")
        )
        took = await _events(world, asked.events, asked.skus, asked.every_s)
        await world.worker.stop()
        await world.journal.close()
    return {
        "levels": asked.skus * asked.sites, "seeded_s": seeded_s, "rate": rate, "cpu_ms": cpu_ms, "bare": bare,
        "bare_ms": bare_ms, "p50": took[len(took) // 2], "p95": took[int(len(took) * 0.95)], "most": took[-1],
        "events": len(took),
    }  # fmt: skip


def main() -> None:
    """From the terminal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--skus", type=int, default=100_000)
    parser.add_argument("--sites", type=int, default=5)
    parser.add_argument("--promises", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=400)
    parser.add_argument("--every-s", type=float, default=0.01)
    parser.add_argument("--database")
    parser.add_argument("--write", action="store_true", help="put the figures into RESULTS.md")
    asked = parser.parse_args()
    found = asyncio.run(measure(asked))
    text = (
        f"On {found['levels']:,} levels ({asked.skus:,} items, {asked.sites} sites):\n\n"
        "| | a second | CPU ms each |\n|---|---|---|\n"
        f"| promises, {_AT_ONCE} at once, durable, in the ledger | {found['rate']:,.0f} | {found['cpu_ms']:.2f} |\n"
        f"| yardstick: the two bare statements on SQLite | {found['bare']:,.0f} | {found['bare_ms']:.2f} |\n\n"
        f"From a balance at the door to the figure at the channel, {found['events']} events, one each"
        f" {asked.every_s * 1000:.0f} ms: p50 {found['p50']:.0f} ms, p95 {found['p95']:.0f} ms,"
        f" most {found['most']:.0f} ms."
    )
    print(text)
    if asked.write:
        put(RESULTS, "stock", "Stock", text)


if __name__ == "__main__":
    main()
