"""Fourteen types of incidents and more, made around a real hub: how soon each is seen, whose it is, who is told.

    python -m tests.watch.fourteen

prints a line for each type and ends with 0 when every one was seen within five seconds, had the right owner, clock and
playbook, and was told once.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from crossdock.message.incident import TYPES
from tests.harness.ports import free_port
from tests.harness.process import Process
from tests.watch.ears import Ear, Heard, Post, ear, post
from tests.watch.stand import Door, charter, make_keys, order, shipment, until, write

SEEN_WITHIN_S = 5.0
#: Clocks that must run out before there is anything to see; seconds.
CLOCK_S = 1.0
#: A quantity that the ERP refuses, and how many items a feed that runs away tells of.
ODD, MANY = 4711, 12
Make = Callable[[Door, Path], Awaitable[None]]


@dataclass
class Outcome:
    """What was found of one type."""

    type: str
    seen_s: float = 0.0
    item: dict[str, Any] = field(default_factory=dict[str, Any])
    wrong: list[str] = field(default_factory=list[str])
    mails: int = 0
    webhooks: int = 0


def line(sku: str = "TEA-1", quantity: float = 1, unit: str = "EA", **more: Any) -> dict[str, Any]:
    return {
        "line": 1,
        "sku": sku,
        "quantity": quantity,
        "unit": unit,
        "price": 2.5,
        "currency": "EUR",
        **more,
    }


def one(number: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An order that nothing is wrong with, but for what is said."""
    address = {
        "name": "Anna Example",
        "street": "Lane 7",
        "postcode": "1011 AB",
        "city": "Amsterdam",
        "country": "NL",
    }
    tree = order(number, ship_to=address, ship_method="STD")
    return tree | {"lines": list(lines or (line(),))} | more


def sends(system: str, document: str, *trees: dict[str, Any]) -> Make:
    """Hands documents in, one after the other."""

    async def make(door: Door, _site: Path) -> None:
        for tree in trees:
            status, answer = await door.ask(
                system, "POST", f"/v1/systems/{system}/messages?document={document}", tree
            )
            assert status in (202, 409), (status, answer)

    return make


async def drop(_door: Door, site: Path) -> None:
    """A file that cannot be read."""
    folder = site / "exchange/in"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "part.json").write_bytes(b'{"number": "SO-\xff')
    (folder / "part.json").rename(folder / "orders-1.json")


async def short(door: Door, _site: Path) -> None:
    """A warehouse that ships one of two and says that this is all."""
    await door.send("shop", "sales_order", one("SO-PART", line(quantity=2)))

    async def is_there() -> bool:
        status, story = await door.ask("observer", "GET", "/v1/trace/sales_order/SO-PART")
        return status == 200 and any(
            "answered" in (entry["kind"], entry["says"]) for entry in story["entries"]
        )

    await until(is_there)
    await door.send("wms", "shipment", shipment("SH-PART", "SO-PART", 1) | {"complete": True})


async def differ(door: Door, _site: Path) -> None:
    """An ERP that refuses a level, and a person who lets it be."""
    for quantity in (5, ODD):
        await door.send("wms", "inventory_balance", balance("VAR-1", quantity))

    async def refused() -> Any:
        return [one_ for one_ in await door.incidents("rejected") if one_["system"] == "erp"]

    (item,) = await until(refused)
    await door.act(item["id"], "resolve", {"reason": "they say that it is right as it is"})


async def runaway(door: Door, _site: Path) -> None:
    """A feed that counts everything to nothing."""
    for quantity in (7, 0):
        for n in range(MANY):
            await door.send("wms", "inventory_balance", balance(f"MANY-{n}", quantity))


#: What is told later is newer.
_moments = itertools.count()


def balance(sku: str, quantity: float) -> dict[str, Any]:
    moment = f"2026-11-22T10:00:00.{next(_moments):06d}Z"
    return {
        "sku": sku,
        "site": "AMS",
        "quantity": quantity,
        "unit": "EA",
        "status": "available",
        "as_of": moment,
    }


_UNPRICED = {"line": 1, "sku": "TEA-1", "quantity": 1, "unit": "EA"}
#: How each type comes about, and how long its clock runs before anybody can see it.
MAKERS: dict[str, tuple[Make, float]] = {
    "poison": (drop, CLOCK_S),
    "invalid": (sends("shop", "sales_order", one("SO-1", line(quantity=-1))), 0),
    "duplicate_conflict": (sends("shop", "sales_order", one("SO-2"), one("SO-2", line(quantity=2))), 0),
    "unknown_sku": (sends("shop", "sales_order", one("SO-3", line("NOPE"))), 0),
    "unknown_unit": (sends("shop", "sales_order", one("SO-4", line(unit="CS"))), 0),
    "unmapped_code": (sends("shop", "sales_order", one("SO-5", ship_method="DRONE")), 0),
    "bad_address": (sends("shop", "sales_order", one("SO-6", ship_to={"name": "x", "country": "NL"})), 0),
    "bad_transition": (sends("wms", "shipment", shipment("SH-1", "SO-NOWHERE")), CLOCK_S),
    "not_owned": (sends("erp", "inventory_balance", balance("TEA-1", 3)), 0),
    "rejected": (sends("shop", "sales_order", one("SO-REJECT")), 0),
    "in_doubt": (sends("shop", "sales_order", one("SO-DOUBT")), 0),
    "overdue": (sends("shop", "sales_order", one("SO-LATE")), CLOCK_S),
    "backorder": (sends("shop", "sales_order", one("SO-7", line("RARE-1"))), 0),
    "negative_stock": (sends("wms", "inventory_balance", balance("TEA-2", -5)), 0),
    "price_missing": (sends("shop", "sales_order", one("SO-8", _UNPRICED)), 0),
    "part_fulfilled": (short, CLOCK_S),
    "stock_variance": (differ, CLOCK_S),
    "throttled": (sends("shop", "sales_order", one("SO-THROTTLE")), CLOCK_S),
    "mass_change": (runaway, 0),
    "silence": (sends("shop", "sales_order", one("SO-9")), CLOCK_S),
}  # fmt: skip


def answer(heard: Heard) -> tuple[int, bytes]:
    """The warehouse and the ERP as they are on a bad day."""
    if heard.path.startswith("/wms"):
        for word, status in (
            (b"SO-REJECT", 422),
            (b"SO-DOUBT", 500),
            (b"SO-LATE", 503),
            (b"SO-THROTTLE", 429),
        ):
            if word in heard.body:
                return status, b"{}"
    if heard.path.startswith("/erp") and heard.body and heard.json.get("quantity") == ODD:
        return 422, b"{}"
    return 200, b"{}"


def site(folder: Path, out: Ear, box: Post) -> None:
    """A site on which all of it can happen."""
    ways = {
        "pager": {"type": "webhook", "url": f"{out.url}/pager", "secret": "PAGER", "late": False},
        "ops": {"type": "mail", "server": f"127.0.0.1:{box.port}", "sender": "hub@example.com",
                "to": ["ops@example.com"], "starttls": False, "late": False},
    }  # fmt: skip
    expects = {"system": "wms", "document": "shipment", "after": {"document": "sales_order", "at": "wms"}}
    watch = {
        "alerts": {"link": "https://hub.example/console", "group_s": 0, "ways": ways},
        "expects": [expects | {"within_s": CLOCK_S}],
        "rest_within_s": CLOCK_S,
        "stock_every_s": CLOCK_S,
    }
    tree = charter(out.url, watch, limits={"retry_for_s": CLOCK_S, "retry_max_s": 0.5})
    tree["checks"] = {"item_known": "refuse", "address": "refuse", "price": "refuse", "wait_s": CLOCK_S}
    tree["systems"]["shop"]["in"][0] |= {"map": "mappings/shop.jsonata", "on_change": "refuse"}
    tree["systems"]["wms"]["out"][0]["on_unclear"] = "person"
    tree["systems"]["erp"]["in"] += [
        {"document": "item", "id": "sku"},
        {"document": "inventory_balance", "id": "sku"},
    ]
    brake = {"least": MANY - 2, "zero_share": 0.5, "within_s": 60}
    tree["systems"]["wms"]["in"][1] |= {"on_change": "revise", "brake": brake}
    tree["systems"]["erp"]["out"] += [
        {"document": "inventory_balance", "send": {"method": "POST", "path": "/erp/inventory_balance"},
         "on_unclear": "resend", "idempotency": {"header": "Idempotency-Key"}},
    ]  # fmt: skip
    tree["objects"]["inventory_balance"]["readers"] = ["erp"]
    tree["systems"]["drop"] = {
        "connector": "files", "timezone": "UTC", "folder": "exchange",
        "in": [{"document": "party", "id": "number", "every_s": 0.2, "file": {"match": "orders-*.json"}}],
    }  # fmt: skip
    tree["objects"] |= {"item": {"owner": "erp"}, "party": {"owner": "drop"}}
    tree["stock"] = {"sites": {"AMS": {"system": "wms"}}, "channels": {"shop": {"short": "backorder"}}}
    write(folder, tree)
    for name, text in (
        ("mappings/shop.jsonata", '$merge([$, {"ship_method": $ours("ship_method", ship_method)}])'),
        ("crosswalks/ship_method.csv", "system,theirs,ours\nshop,STD,STANDARD\n"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")


async def run(folder: Path) -> list[Outcome]:
    """Makes every type and looks at what the hub makes of it."""
    async with AsyncExitStack() as stack:
        out, box = (
            await stack.enter_async_context(ear(answer=answer)),
            await stack.enter_async_context(post()),
        )
        site(folder, out, box)
        keys = make_keys(f"sqlite:{folder / 'data' / 'crossdock.db'}", ("shop", "wms", "erp"))
        port = free_port()
        command = [str(Path(sys.executable).with_name("crossdock")), "up", "--site", str(folder)]
        hub = Process(
            [*command, "--listen", f"127.0.0.1:{port}"], folder / "log", {"CROSSDOCK_SECRET_PAGER": "secret"}
        )
        await hub.start()
        stack.push_async_callback(hub.stop)
        door = Door(port, keys)
        for sku in ("TEA-1", "TEA-2", "RARE-1", "VAR-1", *(f"MANY-{n}" for n in range(MANY))):
            item = {"sku": sku, "description": sku, "unit": "EA", "status": "active"}
            await door.send("erp", "item", item)
        await door.send("wms", "inventory_balance", balance("TEA-1", 1000))
        await until(lambda: _has(door, "TEA-1"))
        outcomes = [await _one(door, folder, type_) for type_ in MAKERS]
        await _settled(door)
        _counted(outcomes, out, box)
        return outcomes


async def _has(door: Door, sku: str) -> bool:
    status, _ = await door.ask("observer", "GET", f"/v1/stock/{sku}")
    return bool(status == 200)


async def _one(door: Door, folder: Path, type_: str) -> Outcome:
    outcome, (make, clock_s) = Outcome(type_), MAKERS[type_]
    began_s = time.monotonic()
    await make(door, folder)
    try:
        found = await until(lambda: door.incidents(type_), SEEN_WITHIN_S * 2)
    except TimeoutError:
        there = [f"{item['type']}: {item['says']}" for item in (await door.get("/v1/incidents"))["items"]]
        outcome.wrong.append(f"never seen; there is {'; '.join(there)}")
        return outcome
    outcome.seen_s = max(time.monotonic() - began_s - clock_s, 0.0)
    outcome.item = item = found[0]
    known = TYPES[type_]
    if outcome.seen_s > SEEN_WITHIN_S:
        outcome.wrong.append(f"seen after {outcome.seen_s:.1f} s")
    if item["owner"] != known.owner:
        outcome.wrong.append(f"is {item['owner']}'s, not {known.owner}'s")
    clock = (_moment(item["due_at"]) - _moment(item["opened_at"])).total_seconds()
    if clock != known.respond_s:
        outcome.wrong.append(f"its clock runs {clock} s, not {known.respond_s}")
    status, book = await door.ask("observer", "GET", f"/v1/playbooks/{type_}")
    if status != 200 or not book.get("steps") or not book.get("message"):
        outcome.wrong.append("it has no playbook with steps and a message")
    return outcome


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def _settled(door: Door) -> None:
    """Everything that is to be told was told."""

    async def quiet() -> bool:
        counts = (await door.get("/v1/watch"))["alerts"]["counts"]
        open_ = (await door.get("/v1/incidents"))["total"]
        return not counts["due"] and not counts["under_way"] and counts["told"] >= 2 * open_

    await until(quiet)


def _counted(outcomes: list[Outcome], out: Ear, box: Post) -> None:
    """Each incident is told once on each way."""
    told = Counter(id_ for heard in out.at("/pager") for id_ in heard.json["data"]["incidents"])
    mailed = Counter(
        word
        for mail in box.mails
        for word in str(mail.get_payload()).split()
        if "/console/incidents/" in word
    )
    for outcome in outcomes:
        if not outcome.item:
            continue
        outcome.webhooks = told[outcome.item["id"]]
        outcome.mails = mailed[f"https://hub.example/console/incidents/{outcome.item['id']}"]
        if (outcome.webhooks, outcome.mails) != (1, 1):
            outcome.wrong.append(f"told {outcome.webhooks} times by webhook, {outcome.mails} by mail")


def main() -> int:
    """Runs it and prints what was found."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = asyncio.run(run(Path(folder)))
    for one_ in outcomes:
        word = "; ".join(one_.wrong) or "as it should be"
        print(f"{one_.type:20} seen in {one_.seen_s:4.1f} s  {one_.item.get('owner', ''):18} {word}")
    print(f"{sum(not one_.wrong for one_ in outcomes)} of {len(outcomes)} types as they should be")
    return 1 if any(one_.wrong for one_ in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
