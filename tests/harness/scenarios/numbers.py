"""Control numbers under kills: what partners hold is counted, and no number may be missing or stand twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.hub import Hub, View, make_key
from tests.harness.outcome import Outcome
from tests.harness.scenarios.tamper import verify
from tests.harness.stage import progress
from tests.harness.store import Database
from tests.harness.wire import Client, Cut, NotSent

CHARTER = """\
crossdock: 1
site: {name: numbers, timezone: UTC, currency: USD}
checks: {item_known: skip}
systems:
  shop:
    connector: http
    timezone: UTC
    in:
      - {document: sales_order, id: number, map: mappings/order.jsonata}
      - {document: shipment, id: number, map: mappings/shipment.jsonata}
  partner: {connector: edi, partner: partner, timezone: UTC}
objects:
  sales_order: {owner: shop, readers: [partner]}
  shipment: {owner: shop, readers: [partner]}
"""
PARTNER = """\
partner: 1
standard: x12
us: {id: PINECREST, qualifier: ZZ}
them: {id: HARBORLANE, qualifier: ZZ}
version: "004010"
documents:
  - {set: "940", direction: out, document: sales_order}
  - {set: "945", direction: out}
shipping: {sscc_required: true, sscc_prefix: "0614141"}
acknowledge: {within_h: 400}
transport: {type: folder, root: box, every_s: 1}
"""
ORDER = """\
{ "number": number, "placed_at": day, "customer": {"id": "C1", "name": "Harbor Lane"},
  "ship_to": {"name": "Harbor Lane", "street": "2 Quay", "postcode": "55802", "city": "Duluth", "country": "US"},
  "lines": [{"line": "1", "sku": "PT-1", "quantity": 2, "unit": "EA", "price": 3, "currency": "USD"}] }
"""
SHIPMENT = """\
{ "number": number, "order": order, "shipped_at": day, "site": "NG1",
  "lines": [{"line": "1", "order_line": "1", "sku": "PT-1", "quantity": 2, "unit": "EA"}],
  "packages": [{"id": "1", "lines": [{"line": "1", "sku": "PT-1", "quantity": 1, "unit": "EA"}]},
               {"id": "2", "lines": [{"line": "1", "sku": "PT-1", "quantity": 1, "unit": "EA"}]}] }
"""
LEASE_S = 1.0
#: How long nothing may be done before it counts as stuck.
STILL_WAIT_S = 120.0
READY_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Numbers:
    """How often, over what; times in seconds."""

    kills: int = 100
    store: str = "sqlite"  #: sqlite | postgresql: then two hosts are killed in turn
    senders: int = 8
    pace_s: float = 0.15
    first_s: float = 0.05  #: the earliest instant after a host is back
    last_s: float = 0.4
    seed: int = 1


@dataclass(slots=True)
class _Load:
    """Orders and their shipments, each posted until it is taken."""

    hosts: list[Hub]
    key: str
    accepted: int = 0
    ended: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1 << 30)))

    async def sender(self, n: int, pace_s: float) -> None:
        """Posts one after another, at whatever host answers."""
        clients = [Client(host.url, self.key, wait_s=5.0) for host in self.hosts]
        while not self.ended:
            name, day = f"SO-{next(self.numbers)}", "2026-03-17T10:00:00Z"
            await self._post(clients, n, "sales_order", {"number": name, "day": day})
            ship = {"number": f"SHP-{name}", "order": name, "day": day}
            await self._post(clients, n, "shipment", ship)
            await asyncio.sleep(pace_s)
        for client in clients:
            await client.close()

    async def _post(self, clients: list[Client], n: int, document: str, tree: dict[str, str]) -> None:
        path, body = f"/v1/systems/shop/messages?document={document}", json.dumps(tree).encode()
        for turn in range(10_000):
            try:
                reply = await clients[(n + turn) % len(clients)].ask("POST", path, body)
            except (NotSent, Cut):
                await asyncio.sleep(0.02)
                continue
            if reply.status == 202:
                self.accepted += 1
                return
            assert reply.status in (429, 503), f"{reply.status}: {reply.body[:300]!r}"
            await asyncio.sleep(0.05)
        raise AssertionError(f"{tree} was never taken")


async def run(folder: Path, plan: Numbers) -> Outcome:
    """Load with kills, then rest, then the files of the partner are counted."""
    site = _site(folder)
    async with contextlib.AsyncExitStack() as ends:
        database = None
        if plan.store == "postgresql":
            database = Database()
            ends.push_async_callback(database.stop)
            await database.start(2)
        hosts = _hosts(site, database)
        beside = database.env() if database is not None else None
        for host in hosts:
            ends.push_async_callback(_stopped, host)
            await host.start()
        load = _Load(hosts, await make_key(site, "shop", env=beside))
        senders = [asyncio.create_task(load.sender(n, plan.pace_s)) for n in range(plan.senders)]
        await _kill_all(hosts, plan)
        load.ended = True
        await asyncio.gather(*senders)
        view = View(hosts[0].url, await make_key(site, role="observer", env=beside))
        ends.push_async_callback(view.close)
        figures = await _rest(view)
        outcome = Outcome(f"control numbers after {plan.kills} kills under load, {plan.store}")
        judge(site / "box" / "out", load.accepted, outcome)
        if figures["transmissions"]["done"] != load.accepted:
            outcome.problems.append(f"{load.accepted} accepted: {figures['transmissions']}")
        for host in hosts:
            await host.process.stop()
        if (told := await verify(site, beside))[0] != 0:
            outcome.problems.append(f"audit verify: {told}")
        outcome.rows = [("kills", plan.kills), ("accepted", load.accepted), *outcome.rows]
        return outcome


def _site(folder: Path) -> Path:
    site = folder / "site"
    texts = {
        "charter.yaml": CHARTER, "partners/partner.yaml": PARTNER, "mappings/order.jsonata": ORDER,
        "mappings/shipment.jsonata": SHIPMENT,
    }  # fmt: skip
    for name, text in texts.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, "utf-8")
    return site


def _hosts(site: Path, database: Database | None) -> list[Hub]:
    if database is None:
        return [Hub(site)]
    return [
        Hub(
            site, name=f"host{n}", more=["--host-id", f"host{n}"],
            env={**database.env(n), "CROSSDOCK_LEASE_S": str(LEASE_S)},
        )
        for n in range(2)
    ]  # fmt: skip


async def _stopped(host: Hub) -> None:
    if host.process.alive:
        await host.process.stop()


async def _kill_all(hosts: list[Hub], plan: Numbers) -> None:
    """SIGKILL at random instants, of hosts in turn; each time the other goes on, if there is one."""
    dice = random.Random(plan.seed)
    for turn in range(plan.kills):
        await asyncio.sleep(dice.uniform(plan.first_s, plan.last_s))
        host = hosts[turn % len(hosts)]
        await host.process.kill()
        await host.start()
        if turn % 10 == 9:
            progress(f"{turn + 1} kills")


async def _rest(view: View) -> dict[str, dict[str, int]]:
    """Waits until nothing moves; the figures then."""
    give_up_s, done = time.monotonic() + STILL_WAIT_S, -1
    while True:
        with contextlib.suppress(NotSent, Cut):
            figures = await view.conservation()
            moving = [figures["captures"]["waiting"], figures["messages"]["waiting"]]
            moving += [figures["transmissions"][name] for name in ("due", "sending", "retrying", "in_doubt")]
            if not any(moving):
                return figures
            if figures["transmissions"]["done"] != done:
                done, give_up_s = figures["transmissions"]["done"], time.monotonic() + STILL_WAIT_S
        assert time.monotonic() < give_up_s, "it never came to rest"
        await asyncio.sleep(0.1)


def judge(box: Path, accepted: int, outcome: Outcome) -> None:
    """One file for each document, and in all of them each number once."""
    files = sorted(box.glob("*.edi"))
    if len(files) != accepted:
        outcome.problems.append(f"{accepted} documents, {len(files)} files")
    given: dict[str, list[int]] = {"interchange": [], "group": [], "serial": []}
    for path in files:
        text = path.read_text("ascii")
        heads = re.findall(r"ISA\*(?:[^*]*\*){12}(\d{9})\*", text)
        trailers = re.findall(r"IEA\*1\*(\d{9})~", text)
        groups = re.findall(r"GS\*(?:[^*]*\*){5}(\d+)\*", text)
        if len(heads) != 1 or heads != trailers or groups != re.findall(r"GE\*1\*(\d+)~", text):
            outcome.problems.append(f"{path.name}: {heads} {trailers} {groups}")
        given["interchange"] += map(int, heads)
        given["group"] += map(int, groups)
        given["serial"] += [int(label[10:19]) for label in re.findall(r"MAN\*GM\*(\d{20})", text)]
        given["serial"] += [int(label[8:17]) for label in re.findall(r"MAN\*GM\*(\d{18})~", text)]
    for name, numbers in given.items():
        twice = [number for number, count in Counter(numbers).items() if count > 1]
        missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
        outcome.rows.append(
            (f"{name} numbers: given, missing, twice", f"{len(numbers)} {len(missing)} {len(twice)}")
        )
        if twice or missing or not numbers:
            outcome.problems.append(f"{name} numbers: missing {missing[:10]}, twice {twice[:10]}")
