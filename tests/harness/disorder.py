"""Orders told as they happen, and the same told in any order, twice and late: both must end alike.

python -m tests.harness.disorder [--orders 1000] [--seed 1] [--store sqlite|postgresql]

Two real hubs hear the same events; the second hears them shuffled, three in ten twice, one in ten after all others.
Ends with 0 only if every order's states and every item's stock are the same in both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import uvloop

from tests.harness.conservation import settled
from tests.harness.days import ITEMS, Event, day
from tests.harness.ear import Ear
from tests.harness.hub import Hub, View, make_key
from tests.harness.stage import progress
from tests.harness.store import Database
from tests.harness.verdict import table
from tests.harness.wire import Client

LINES = 16
TWICE, LATE = 0.3, 0.1
WAIT_S = 240.0


def charter(ear: str) -> dict[str, Any]:
    """A shop, and a warehouse that tells of its floor."""
    own = {"connector": "http", "timezone": "UTC", "url": ear, "auth": {"type": "none"}}
    sending = {"idempotency": {"header": "Idempotency-Key"}, "on_unclear": "resend"}

    def told(document: str, id_: str, on_change: str = "refuse") -> dict[str, str]:
        return {"document": document, "id": id_, "on_change": on_change}

    shop = {**own, "in": [told("sales_order", "number"), told("cancellation", "number"),
                          told("order_hold", "extra.event")]}  # fmt: skip
    wms = {
        **own, "limits": {"concurrency": 32},
        "in": [told("pick_status", "extra.event"), told("shipment", "number"),
               told("inventory_balance", "sku") | {"version": "as_of"}],
        "out": [{"document": name, "send": {"method": "POST", "path": f"/{name}"}, **sending}
                for name in ("sales_order", "cancellation")],
    }  # fmt: skip
    return {
        "crossdock": 1,
        "site": {"name": "disorder", "timezone": "Europe/Amsterdam", "currency": "EUR"},
        "network": {"allow": ["127.0.0.1/32"]},
        "checks": {"item_known": "skip"},
        "systems": {"shop": shop, "wms": wms},
        "objects": {
            "sales_order": {"owner": "shop", "readers": ["wms"]},
            "cancellation": {"owner": "shop", "readers": ["wms"]},
            "order_hold": {"owner": "shop"},
            **{name: {"owner": "wms"} for name in ("pick_status", "shipment", "inventory_balance")},
        },
        "stock": {"sites": {"AMS": {"system": "wms"}}},
    }  # fmt: skip


def disturbed(events: Sequence[Event], seed: int) -> list[Event]:
    """The same events shuffled, some twice, some after all others."""
    dice = Random(seed)
    heard = [*events, *(one for one in events if dice.random() < TWICE)]
    dice.shuffle(heard)
    late = {n for n in range(len(heard)) if dice.random() < LATE}
    return [one for n, one in enumerate(heard) if n not in late] + [heard[n] for n in sorted(late)]


@dataclass(slots=True)
class Ended:
    """How everything stood in the end; seconds that it took."""

    orders: dict[str, Any]
    stock: dict[str, Any]
    desk: Counter[str]
    spent_s: float


async def told(folder: Path, events: Sequence[Event], *, in_order: bool, store: str = "sqlite") -> Ended:
    """A hub of its own hears the events; what it knows once nothing moves any more."""
    (site := folder / "site").mkdir(parents=True)
    ear = Ear()
    await ear.start()
    (site / "charter.yaml").write_text(json.dumps(charter(ear.url)), "utf-8")
    database = Database(direct=True) if store == "postgresql" else None
    if database is not None:
        await database.start(1)
    env = dict(database.env()) if database is not None else {}
    hub = Hub(site, env=env)
    keys = {name: await make_key(site, name, env=env) for name in ("shop", "wms")}
    observer = await make_key(site, role="observer", env=env)
    try:
        await hub.start()
        begun_s = time.monotonic()
        await _post(hub, keys, events, in_order=in_order)
        view = View(hub.url, observer)
        await settled(view, WAIT_S)
        await _quiet(hub, observer)
        spent_s = time.monotonic() - begun_s
        desk = Counter(one["type"] for one in await view.incidents())
        await view.close()
        return Ended(*await _known(hub, observer, events), desk, spent_s)
    finally:
        await hub.process.stop()
        await ear.stop()
        if database is not None:
            await database.stop()


async def _post(hub: Hub, keys: dict[str, str], events: Sequence[Event], *, in_order: bool) -> None:
    """Everything at the door over many connections; in order, all of one order over one of them."""
    queues: list[list[Event]] = [[] for _ in range(LINES)]
    for n, one in enumerate(events):
        queues[(one.order if in_order else n) % LINES].append(one)

    async def speak(queue: list[Event]) -> None:
        clients = {name: Client(hub.url, key) for name, key in keys.items()}
        for one in queue:
            path = f"/v1/systems/{one.system}/messages?document={one.document}"
            reply = await clients[one.system].ask("POST", path, json.dumps(one.tree).encode())
            while reply.status in {429, 503}:
                await asyncio.sleep(0.05)
                reply = await clients[one.system].ask("POST", path, json.dumps(one.tree).encode())
            assert reply.status == 202, (reply.status, reply.body)
        for client in clients.values():
            await client.close()

    await asyncio.gather(*(speak(queue) for queue in queues))


async def _quiet(hub: Hub, key: str) -> None:
    """Waits until two looks at the stock are the same."""
    client, last, until_s = Client(hub.url, key), None, time.monotonic() + WAIT_S
    while time.monotonic() < until_s:
        now = [await _stock(client, sku) for sku in ITEMS]
        if now == last:
            break
        last = now
        await asyncio.sleep(0.3)
    await client.close()


async def _stock(client: Client, sku: str) -> Any:
    found = await client.get(f"/v1/stock/{sku}")
    sites = [
        {name: one[name] for name in ("site", "promisable", "reserved", "available")}
        for one in found["sites"]
    ]
    return sites, found["available"]


async def _known(hub: Hub, key: str, events: Sequence[Event]) -> tuple[dict[str, Any], dict[str, Any]]:
    client = Client(hub.url, key)
    numbers = [one.tree["number"] for one in events if one.document == "sales_order"]
    orders: dict[str, Any] = {}
    for number in dict.fromkeys(numbers):
        trace = await client.get(f"/v1/trace/sales_order/{number}")
        orders[number] = (trace["state"], trace["lifecycle"])
    stock = {sku: await _stock(client, sku) for sku in ITEMS}
    await client.close()
    return orders, stock


async def run(folder: Path, orders: int, seed: int, store: str = "sqlite") -> tuple[list[str], str]:
    """Both days; what differs, and the table for people."""
    events = day(orders, seed)
    as_it_was = await told(folder / "as-it-was", events, in_order=True, store=store)
    progress(f"as it was: {as_it_was.spent_s:.0f} s")
    shuffled = disturbed(events, seed)
    other = await told(folder / "disturbed", shuffled, in_order=False, store=store)
    progress(f"disturbed: {other.spent_s:.0f} s")
    return differences(as_it_was, other), table(
        f"{orders} orders, seed {seed}",
        [
            ("events, as they happened", f"{len(events)} in {as_it_was.spent_s:.0f} s"),
            ("the same, shuffled, doubled, delayed", f"{len(shuffled)} in {other.spent_s:.0f} s"),
            ("orders by state", dict(Counter(state for state, _ in as_it_was.orders.values()))),
            ("incidents in the end", f"{dict(as_it_was.desk)} and {dict(other.desk)}"),
            (
                "orders that ended elsewhere",
                sum(other.orders[n] != known for n, known in as_it_was.orders.items()),
            ),
            (
                "items with another stock",
                sum(other.stock[sku] != known for sku, known in as_it_was.stock.items()),
            ),
        ],
    )


def differences(one: Ended, other: Ended) -> list[str]:
    """What is not the same, in words."""
    found = [
        f"{n}: {known} became {other.orders[n]}"
        for n, known in one.orders.items()
        if other.orders[n] != known
    ]
    return found + [
        f"{s}: {known} became {other.stock[s]}" for s, known in one.stock.items() if other.stock[s] != known
    ]


async def _main(asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="crossdock-disorder-") as folder:
        found, says = await run(Path(folder), asked.orders, asked.seed, asked.store)
    print(says)
    for one in found[:5]:
        print(one)
    return 1 if found else 0


def main() -> None:
    """From the terminal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_main(parser.parse_args())))


if __name__ == "__main__":
    main()
