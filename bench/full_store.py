"""A store as full as after a year: some orders from a real intake, copied by SQL, and incidents all from the intake."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from crossdock.journal.open import storage_of
from tests.console.partner import Partner
from tests.console.world import World, again, world

#: Orders that come in through the intake before SQL copies them, and how many are handed in at once.
SEED_ORDERS, AT_ONCE = 10_000, 100
#: One incident in so many is of another shop: the few among the many.
ONE_IN = 1_000
_STEP = 10_000_000
_BEGAN_S = time.monotonic()
#: Columns that are numbers of rows, and those that are numbers of people, by table.
_TABLES: dict[str, tuple[str, str]] = {
    "payloads": ("id", ""),
    "captures": ("id payload", "their_id order_by"),
    "revisions": ("capture", "their_id"),
    "messages": ("id capture hub root", "their_id number key"),
    "transmissions": ("id message hub root after payload", "number key"),
    "identity": ("hub position", "their_id"),
    "hubs": ("id root introduced position", "number key"),
    "beliefs": ("hub message transmission position", ""),
    "ledger": ("position capture message transmission root payload incident", ""),
}


async def fill(folder: Path, orders: int, incidents: int) -> None:
    """Orders that went all the way, most of them copies, and after them incidents that came through the intake."""
    async with world(folder) as w:
        await _hand_in(w, min(orders, SEED_ORDERS), lambda n: (f"SO-{1_000_000 + n}", "EXP", "webshop"))
    _told("seeded")
    multiply(f"sqlite:{folder / 'hub.db'}", max(orders // SEED_ORDERS, 1))
    _told("multiplied")
    async with reopened(folder) as w:
        await _hand_in(w, incidents, _unmapped)
    _told("incidents opened")
    with storage_of(f"sqlite:{folder / 'hub.db'}").writing() as store:
        store.execute("ANALYZE")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _told(what: str) -> None:
    print(f"{what} after {time.monotonic() - _BEGAN_S:.0f} s", file=sys.stderr, flush=True)


def _unmapped(n: int) -> tuple[str, str, str]:
    """An order with a way of shipping of its own that no crosswalk knows."""
    return f"MP-{1_000_000 + n}", f"CODE{n}", "marketplace" if n % ONE_IN else "webshop"


async def _hand_in(w: World, many: int, order: Callable[[int], tuple[str, str, str]]) -> None:
    for n in range(0, many, AT_ONCE):
        await asyncio.gather(*(hand_in(w, *order(k)) for k in range(n, min(n + AT_ONCE, many))))
    await at_rest(w)


async def at_rest(w: World) -> None:
    """Waits until nothing is to be read or sent any more."""
    while not await w.shown.hub.journal.view(_is_at_rest):
        await asyncio.sleep(0.05)


def _is_at_rest(connection: Any) -> bool:
    captures = connection.execute("SELECT count(*) FROM captures WHERE state = 1").fetchone()[0]
    sendings = connection.execute("SELECT count(*) FROM transmissions WHERE state IN (1, 3, 4)").fetchone()[0]
    return not captures and not sendings


@asynccontextmanager
async def reopened(folder: Path) -> AsyncIterator[World]:
    """The site in a folder, started again beside a partner of its own, whose ids go on where those of another ended."""
    partner = Partner(first_id=time.time_ns() // 10**5)
    await partner.start()
    charter = folder / "site" / "charter.yaml"
    tree = json.loads(charter.read_text("utf-8"))
    for system in tree["systems"].values():
        if "url" in system:
            system["url"] = partner.url
    charter.write_text(json.dumps(tree), "utf-8")
    async with again(folder, partner) as w:
        yield w


async def hand_in(w: World, number: str, by: str, system: str = "webshop") -> None:
    """One order at the door of the hub, until it is kept (202)."""
    tree = {
        "no": number, "at": "2026-11-22T09:30:00Z", "who": f"C-{number}",
        "to": {"name": "Café Noord", "street": "Kade 4", "postcode": "1013 AA", "city": "Utrecht", "country": "NL"},
        "by": by, "lines": [{"n": 1, "sku": "W-10010", "qty": 2}],
    }  # fmt: skip
    door, kind = w.app.hub.worker.door, {"content-type": "application/json"}
    await door.receive(system, "sales_order", json.dumps(tree).encode(), kind, key=None)


def multiply(database: str, copies: int) -> None:
    """Every row of an order again, under other numbers; the chain of the copies is that of their originals."""
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
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _shifted(column: str, numbers: Sequence[str], names: Sequence[str], copy: int) -> str:
    if column in numbers:
        return f"{column} + {copy * _STEP}"
    return f"{column} || '/{copy}'" if column in names else column


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--incidents", type=int, default=50_000)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(fill(asked.folder, asked.orders, asked.incidents))
