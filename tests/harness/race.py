"""The race for the last unit: two channels, by promise and by order, on each store, with and without the guard.

python -m tests.harness.race [--attempts 500] [--store all|sqlite|postgresql] [--way all|promise|order]

Each race is run against a real `crossdock up`, two hosts where the store is PostgreSQL, and once more with
`CROSSDOCK_GUARD_OFF=reservation`, where it must oversell. Ends with 0 only if every guarded race has one winner,
everybody else is told no within the time (95 of 100), and every unguarded one oversells.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from tests.database import binaries
from tests.harness.ear import Ear, Heard
from tests.harness.hub import Hub, make_key
from tests.harness.stage import guard_off, progress
from tests.harness.store import Database
from tests.harness.verdict import table
from tests.harness.wire import Client

CHANNELS = ("shop", "web")
TOLD_WITHIN_S = 1.0
WAIT_S = 60.0
#: Orders before the race begins.
WARM = 40


@dataclass(frozen=True, slots=True)
class Race:
    """One race; `attempts` over both channels at once, for one unit."""

    store: str
    way: str
    attempts: int = 500
    guarded: bool = True


@dataclass(slots=True)
class Ended:
    """What came of a race; times in seconds."""

    race: Race
    won: int
    told: list[float]  #: how long each of those took that were told no
    set_aside: int
    reached: int  #: orders in the warehouse

    @property
    def p95_s(self) -> float:
        """How long 95 of 100 waited at most for their no."""
        told = sorted(self.told)
        return told[int(len(told) * 0.95)] if told else 0.0

    @property
    def problems(self) -> list[str]:
        """What is not as it must be."""
        if not self.race.guarded:
            return (
                [] if self.won > 1 else ["without its guard it did not oversell, so the race shows nothing"]
            )
        found = [] if self.won == 1 else [f"{self.won} won"]
        if self.won + len(self.told) != self.race.attempts:
            found.append(f"{self.race.attempts - self.won - len(self.told)} were told nothing")
        if self.set_aside != 1:
            found.append(f"{self.set_aside} set aside of 1")
        if self.race.way == "order" and self.reached != 1:
            found.append(f"{self.reached} orders in the warehouse")
        return found


def charter(ear: str) -> dict[str, Any]:
    """Two shops that sell from one warehouse, and are told how far their orders are."""
    own = {"connector": "http", "timezone": "UTC"}
    limits = {"concurrency": 64}
    orders = {"document": "sales_order", "id": "number", "on_change": "refuse"}
    sending = {"idempotency": {"header": "Idempotency-Key"}, "on_unclear": "resend"}
    shops = {
        name: {**own, "url": ear, "auth": {"type": "none"}, "in": [orders], "limits": limits,
               "out": [{"document": "order_status", "send": {"method": "POST", "path": f"/told/{name}"}, **sending}]}
        for name in CHANNELS
    }  # fmt: skip
    wms = {
        **own, "url": ear, "auth": {"type": "none"}, "limits": limits,
        "in": [{"document": "inventory_balance", "id": "sku", "on_change": "revise"}],
        "out": [{"document": "sales_order", "send": {"method": "POST", "path": "/wh"}, **sending}],
    }  # fmt: skip
    return {
        "crossdock": 1,
        "site": {"name": "race", "timezone": "Europe/Amsterdam", "currency": "EUR"},
        "network": {"allow": ["127.0.0.1/32"]},
        "checks": {"item_known": "skip"},
        "systems": {**shops, "wms": wms},
        "objects": {
            "sales_order": {"owner": "shop", "also": ["web"], "readers": ["wms"]},
            "order_status": {"owner": "hub", "readers": list(CHANNELS)},
            "inventory_balance": {"owner": "wms"},
        },
        "stock": {"sites": {"AMS": {"system": "wms"}}, "channels": {name: {"short": "refuse"} for name in CHANNELS}},
    }  # fmt: skip


@dataclass(slots=True)
class Arena:
    """A site that is up, with one unit of one item on its shelf."""

    hosts: list[Hub]
    keys: dict[str, str]
    ear: Ear

    def lines(self, count: int) -> list[tuple[str, Client]]:
        """So many connections, in turns over channels and hosts."""
        made: list[tuple[str, Client]] = []
        for n in range(count):
            channel = CHANNELS[n % len(CHANNELS)]
            host = self.hosts[n // len(CHANNELS) % len(self.hosts)]
            made.append((channel, Client(host.url, self.keys[channel])))
        return made

    async def set_aside(self) -> int:
        """What the hub says is set aside."""
        client = Client(self.hosts[0].url, self.keys["observer"])
        found = await client.get("/v1/stock/A")
        await client.close()
        return int(found["sites"][0]["reserved"])


@contextlib.asynccontextmanager
async def arena(folder: Path, race: Race) -> AsyncIterator[Arena]:
    """The site of one race, with one unit in stock."""
    async with contextlib.AsyncExitStack() as ends:
        ear = Ear()
        await ear.start()
        ends.push_async_callback(ear.stop)
        site = folder / "site"
        site.mkdir(parents=True)
        (site / "charter.yaml").write_text(json.dumps(charter(ear.url)), "utf-8")
        database: Database | None = None
        count = 1
        if race.store == "postgresql":
            database, count = Database(direct=True), 2
            ends.push_async_callback(database.stop)
            await database.start(count)
        blind = guard_off(None if race.guarded else "reservation")
        beside = dict(database.env()) if database else {}
        hosts = [
            Hub(
                site,
                env={**blind, **beside},
                name=f"host{n}",
                more=["--host-id", f"host{n}"] if database else (),
            )
            for n in range(count)
        ]
        keys = {name: await make_key(site, name, env=beside) for name in (*CHANNELS, "wms")}
        keys["observer"] = await make_key(site, role="observer", env=beside)
        for host in hosts:
            ends.push_async_callback(host.process.stop)
            await host.start()
        world = Arena(hosts, keys, ear)
        await _stock(world)
        yield world


async def _stock(world: Arena) -> None:
    """One unit is on the shelf, and every host knows."""
    told = {"sku": "A", "site": "AMS", "status": "available", "quantity": 1, "unit": "EA",
            "as_of": "2026-01-01T00:00:00Z"}  # fmt: skip
    wms = Client(world.hosts[0].url, world.keys["wms"])
    await wms.post("/v1/systems/wms/messages?document=inventory_balance", told)
    await wms.close()
    eyes = Client(world.hosts[-1].url, world.keys["observer"])
    until_s = time.monotonic() + WAIT_S
    while (await eyes.ask("GET", "/v1/stock/A")).status != 200:
        assert time.monotonic() < until_s, "the hub never learned of its stock"
        await asyncio.sleep(0.02)
    await eyes.close()


async def run(folder: Path, race: Race) -> Ended:
    """One race to its end."""
    async with arena(folder, race) as world:
        lines = world.lines(race.attempts)
        # Every connection stands before anybody starts, as those of a shop do.
        await asyncio.gather(*(client.ask("GET", "/healthz") for _, client in lines))
        if race.guarded:
            await _warm(world, lines[:WARM])
        won, told = await (_promises(lines) if race.way == "promise" else _orders(world, lines))
        ended = Ended(
            race, won, told, await world.set_aside(), len({t["number"] for t in world.ear.of("/wh")})
        )
        for _, client in lines:
            await client.close()
    return ended


async def _warm(world: Arena, lines: Sequence[tuple[str, Client]]) -> None:
    """Orders for what is not there: a hub that has just started is slow at everything once."""
    numbers = {f"{channel}-warm-{n}": (channel, client) for n, (channel, client) in enumerate(lines)}
    await asyncio.gather(*(_order(number, "NOT-THERE", *line) for number, line in numbers.items()))
    until_s = time.monotonic() + WAIT_S
    while len(world.ear.heard) < len(numbers) and time.monotonic() < until_s:
        await asyncio.sleep(0.01)
    world.ear.heard.clear()


async def _order(number: str, sku: str, channel: str, client: Client) -> None:
    body = {"number": number, "lines": [{"line": 1, "sku": sku, "quantity": 1, "unit": "EA"}]}
    reply = await client.ask("POST", f"/v1/systems/{channel}/messages", json.dumps(body).encode())
    assert reply.status == 202, (reply.status, reply.body)


async def _promises(lines: Sequence[tuple[str, Client]]) -> tuple[int, list[float]]:
    """Every connection asks for the unit at the same moment: how many got it, and how long the others took."""
    cart = json.dumps({"lines": [{"sku": "A", "quantity": 1}], "hold_s": 600}).encode()

    async def ask(client: Client) -> tuple[int, float]:
        begun_s = time.monotonic()
        reply = await client.ask("POST", "/v1/promises", cart)
        assert reply.status in {201, 409}, (reply.status, reply.body)
        return reply.status, time.monotonic() - begun_s

    answers = await asyncio.gather(*(ask(client) for _, client in lines))
    return sum(status == 201 for status, _ in answers), [spent for status, spent in answers if status == 409]


async def _orders(world: Arena, lines: Sequence[tuple[str, Client]]) -> tuple[int, list[float]]:
    """Every connection orders the unit: how many orders reached the warehouse, and how long the others waited."""
    begun: dict[str, float] = {}
    told: dict[str, float] = {}
    reached: set[str] = set()

    def hear(one: Heard) -> None:
        if one.path == "/wh":
            reached.add(one.tree["number"])
        elif one.tree["state"] == "refused":
            told.setdefault(one.tree["order"], one.at_s)

    world.ear.listener = hear

    async def order(n: int, channel: str, client: Client) -> None:
        number = f"{channel}-{n}"
        begun[number] = time.monotonic()
        await _order(number, "A", channel, client)

    await asyncio.gather(*(order(n, channel, client) for n, (channel, client) in enumerate(lines)))
    until_s = time.monotonic() + WAIT_S
    while len(reached) + len(told) < len(lines) and time.monotonic() < until_s:
        await asyncio.sleep(0.01)
    return len(reached), [at_s - begun[number] for number, at_s in told.items()]


def shown(ended: Sequence[Ended]) -> str:
    """The table for people."""
    rows: list[tuple[str, object]] = []
    for one in ended:
        hosts = "two hosts on PostgreSQL" if one.race.store == "postgresql" else "SQLite"
        guard = "" if one.race.guarded else ", guard off"
        says = f"{one.won} won, {len(one.told)} told no, p95 {one.p95_s * 1000:.0f} ms"
        says += "" if one.p95_s <= TOLD_WITHIN_S else f", SLOWER than {TOLD_WITHIN_S:g} s"
        problems = f"  WRONG: {', '.join(one.problems)}" if one.problems else ""
        rows.append((f"by {one.race.way}, {hosts}{guard}", says + problems))
    attempts = ended[0].race.attempts if ended else 0
    return table(f"{attempts} attempts of two channels at 1 unit", rows)


def races(asked: argparse.Namespace) -> list[Race]:
    """What is run: each way on each store, guarded and not."""
    stores = [asked.store] if asked.store != "all" else ["sqlite", "postgresql"]
    if binaries() is None and "postgresql" in stores:
        progress("no PostgreSQL here: left out")
        stores.remove("postgresql")
    ways = [asked.way] if asked.way != "all" else ["promise", "order"]
    return [
        Race(store, way, asked.attempts, guarded)
        for store in stores
        for way in ways
        for guarded in (True, False)
    ]


async def _main(asked: argparse.Namespace) -> int:
    ended: list[Ended] = []
    with tempfile.TemporaryDirectory(prefix="crossdock-race-") as folder:
        for n, race in enumerate(races(asked)):
            ended.append(await run(Path(folder) / str(n), race))
            progress(
                f"{race.way} on {race.store}{'' if race.guarded else ' without the guard'}: {ended[-1].won} won"
            )
    print(shown(ended))
    return 1 if not ended or any(one.problems for one in ended) else 0


def main() -> None:
    """From the terminal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attempts", type=int, default=500)
    parser.add_argument("--store", choices=("all", "sqlite", "postgresql"), default="all")
    parser.add_argument("--way", choices=("all", "promise", "order"), default="all")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_main(parser.parse_args())))


if __name__ == "__main__":
    main()
