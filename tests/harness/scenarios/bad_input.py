"""Bad input of every kind: a precise answer at the door, or an incident; the bytes kept, the process alive."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.orders import Digits, Order, write
from tests.harness.outcome import Outcome
from tests.harness.scenarios.duplicates import not_a_problem
from tests.harness.sender import INTAKE
from tests.harness.site import Plan
from tests.harness.stage import Stage, stage
from tests.harness.wire import Client, Cut, Reply

REST_WAIT_S = 120.0
BIG_BYTES = 50_000_000
DEEP = 100_000
LONG_NAME = "Wholesale Hardware of Rotterdam-Zuid"  #: 36 characters
Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class AtDoor:
    """A request that the door refuses with exactly this status."""

    name: str
    status: int
    body: bytes | None = None  #: None: a sound order
    change: Change | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = INTAKE
    key: str | None = None  #: None: the shop's


@dataclass(frozen=True, slots=True)
class OnDesk:
    """An order that is accepted and becomes an incident of one of these types."""

    name: str
    types: tuple[str, ...]
    change: Change
    place: str = ""  #: what the incident's path should contain


def line(name: str, value: object) -> Change:
    """Sets a member of the third line."""
    return lambda tree: tree["lines"][2].__setitem__(name, value)


def member(name: str, value: object) -> Change:
    """Sets a member of the order."""
    return lambda tree: tree.__setitem__(name, value)


def without(name: str) -> Change:
    """Takes a member away."""
    return lambda tree: tree.pop(name) and None


def ship_to(name: str, value: str) -> Change:
    """Sets a member of the address."""
    return lambda tree: tree["shipTo"].__setitem__(name, value)


def plain(n: int, prefix: str = "BAD") -> dict[str, Any]:
    """A sound order that an ASCII-only target takes."""
    tree = copy.deepcopy(Order(n, f"C{n}", n, prefix=prefix).tree())  # orders of one shape share their lines
    tree["remarks"] = "leave at dock 4"
    tree["shipTo"] |= {"name": "Hansen", "street": "Main Street 1", "city": "Bergen"}
    tree["customer"]["name"] = "Hansen"
    for number, one in enumerate(tree["lines"], 1):
        one |= {"description": "bolt", "sku": f"W-1000{number}", "uom": "EA"}
    return tree


AT_DOOR = (
    AtDoor("not JSON", 400, b"orderNumber=SO-1"),
    AtDoor("empty", 400, b" "),
    AtDoor("cut off", 400, b'{"orderNumber": "BAD-1", "lines": ['),
    AtDoor("two values", 400, b'{"orderNumber": "BAD-1"} {"orderNumber": "BAD-2"}'),
    AtDoor("NaN", 400, b'{"orderNumber": "BAD-1", "seq": NaN}'),
    AtDoor("a number beyond all numbers", 400, b'{"orderNumber": "BAD-1", "seq": 1e400}'),
    AtDoor("duplicate keys", 400, b'{"orderNumber": "BAD-1", "orderNumber": "BAD-2", "lines": []}'),
    AtDoor("duplicate keys inside", 400, b'{"orderNumber": "BAD-1", "customer": {"id": "1", "name": "x", "id": "2"}}'),
    AtDoor("Latin-1", 400, '{"orderNumber": "BAD-1", "remarks": "Größe"}'.encode("latin-1")),
    AtDoor("UTF-16", 400, '{"orderNumber": "BAD-1"}'.encode("utf-16")),
    AtDoor("lone surrogate", 400, b'{"orderNumber": "BAD-\\ud800"}'),
    AtDoor("deep nesting", 400, b'{"orderNumber": "BAD-1", "x": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
    AtDoor("deep nesting of objects", 400, b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    AtDoor("50 MB", 413, b'{"orderNumber": "BAD-1", "remarks": "' + b"x" * BIG_BYTES + b'"}'),
    AtDoor("an array", 422, b'[{"orderNumber": "BAD-1"}]'),
    AtDoor("id missing", 422, change=without("orderNumber")),
    AtDoor("id null", 422, change=member("orderNumber", None)),
    AtDoor("id an object", 422, change=member("orderNumber", {"no": 1})),
    AtDoor("id true", 422, change=member("orderNumber", True)),
    AtDoor("id empty", 422, change=member("orderNumber", "")),
    AtDoor("not called JSON", 415, headers={"Content-Type": "text/csv"}),
    AtDoor("no key", 401, key=""),
    AtDoor("wrong key", 401, key="nonsense"),
    AtDoor("key of another system", 403, path="/v1/systems/wms/messages"),
    AtDoor("a system that is not there", 404, path="/v1/systems/nobody/messages"),
    AtDoor("a document that it has not", 404, path=f"{INTAKE}?document=goods_receipt"),
)  # fmt: skip

ON_DESK = (
    OnDesk("quantity a word", ("invalid",), line("qty", "two"), "lines[2]"),
    OnDesk("quantity true", ("invalid",), line("qty", True), "lines[2]"),
    OnDesk("quantity below zero", ("invalid",), line("qty", -1), "lines[2]"),
    OnDesk("quantity zero", ("invalid",), line("qty", 0), "lines[2]"),
    OnDesk("quantity beyond measure", ("invalid",), line("qty", Digits("1e30")), "lines[2]"),
    OnDesk("quantity null", ("invalid",), line("qty", None), "lines[2]"),
    OnDesk("price a list", ("invalid",), line("unitPrice", [1]), "lines[2]"),
    OnDesk("currency of nowhere", ("invalid",), line("currency", "EURO"), "lines[2]"),
    OnDesk("lines a word", ("invalid",), member("lines", "five"), "lines"),
    OnDesk("no lines", ("invalid",), member("lines", []), "lines"),
    OnDesk("customer a number", ("invalid",), member("customer", 7), "customer"),
    OnDesk("remarks missing", ("invalid",), without("remarks"), "notes"),
    OnDesk("unknown unit", ("unknown_unit",), line("uom", "FURLONG"), "lines[2]"),
    OnDesk("unit without conversion", ("invalid", "unknown_unit", "unknown_sku"),
           lambda tree: tree["lines"][2].update(sku="X-1", uom="CS"), "[2]"),
    OnDesk("unknown ship method", ("unmapped_code",), member("shipMethod", "DRONE")),
    OnDesk("no ship method", ("unmapped_code",), without("shipMethod")),
    OnDesk("time without a zone", ("invalid",), member("orderDate", "2026-11-22T10:00:00"), "placed_at"),
    OnDesk("no time at all", ("invalid",), member("orderDate", "yesterday"), "placed_at"),
    OnDesk("name not in ASCII", ("invalid",), ship_to("name", "Łódź"), "name"),
    OnDesk("36 characters for 35", ("invalid",), ship_to("name", LONG_NAME), "name"),
)  # fmt: skip


async def run(folder: Path) -> Outcome:
    """All rows against one hub, whose target is ASCII-only and takes names of 35 characters."""
    outcome = Outcome("bad input")
    flow = {"charset": "ascii", "lengths": {"consignee.name": 35}}
    async with stage(folder, Plan(timezone=None, flow_out=flow, order_by=None)) as world:
        first_pid = world.hub.process.pid
        for n, row in enumerate(AT_DOOR, 1):
            said = await _at_door(world, row, n)
            outcome.problems += [f"{row.name}: {one}" for one in said]
        captures: dict[str, tuple[OnDesk, bytes]] = {}
        for n, wanted in enumerate(ON_DESK, 101):
            tree = plain(n)
            wanted.change(tree)
            body = write(tree).encode()
            reply = await _post(world, AtDoor(wanted.name, 202, body))
            if reply is None or reply.status != 202:
                outcome.problems.append(
                    f"{wanted.name}: {reply and (reply.status, reply.body[:300])} instead of 202"
                )
            else:
                captures[reply.json["capture"]] = (wanted, body)
        figures = await world.settled(REST_WAIT_S, accepted=len(captures))
        await _on_desk(world, captures, outcome)
        await _still_sound(world, outcome, first_pid)
        effects = {a.number for a in await world.target.arrivals() if a.applied}
        outcome.problems += [f"{number} reached the target" for number in sorted(effects - {"GOOD-000001"})]
        outcome.rows += [
            ("at the door", len(AT_DOOR)), ("on the desk", len(captures)), ("captures", figures["captures"]),
            ("refused at the door", figures["outside"]["refused_at_door"]),
        ]  # fmt: skip
    return outcome


async def _post(world: Stage, row: AtDoor, n: int = 0) -> Reply | None:
    """One post of a row; None when the hub cut the connection without an answer."""
    body = row.body
    if body is None:
        tree = plain(n)
        if row.change is not None:
            row.change(tree)
        body = write(tree).encode()
    client = Client(world.hub.url, world.shop.key if row.key is None else row.key or None)
    try:
        return await client.ask("POST", row.path, body, dict(row.headers))
    except Cut:
        return None
    finally:
        await client.close()


async def _at_door(world: Stage, row: AtDoor, n: int) -> list[str]:
    reply = await _post(world, row, n)
    if reply is None:
        return ["cut without an answer"]
    wrong = not_a_problem(reply, row.status)
    if not wrong and row.change is not None and not reply.json.get("path"):
        wrong.append(f"the problem names no path: {reply.body[:300]!r}")
    if not wrong and row.status in (400, 422):
        wrong += await _kept(world, reply)
    return wrong


async def _kept(world: Stage, reply: Reply) -> list[str]:
    """Where the problem names an incident, the incident shows the bytes as they came."""
    named = reply.json.get("incident")
    if named is None:
        return []
    found = [one for one in await world.view().incidents("state=open") if one["id"] == named]
    return [] if found and found[0]["type"] == "poison" else [f"incident {named} is {found}"]


async def _on_desk(world: Stage, captures: Mapping[str, tuple[OnDesk, bytes]], outcome: Outcome) -> None:
    view = world.view()
    listed = await view.incidents()
    by_capture = {capture: one for one in listed for capture in one["captures"]}
    by_number = {one["number"]: one for one in listed}
    for capture, (wanted, body) in captures.items():
        number = json.loads(body)["orderNumber"]
        incident = by_capture.get(capture) or by_number.get(number)
        if incident is None:
            outcome.problems.append(f"{wanted.name}: no incident for {number}, capture {capture}")
            continue
        said = []
        if incident["type"] not in wanted.types:
            said.append(f"type {incident['type']}")
        if wanted.place not in incident["path"]:
            said.append(f"path {incident['path']!r} does not lead to {wanted.place!r}")
        said += [
            f"no {name}" for name in ("owner", "says", "fix", "due_at", "severity") if not incident[name]
        ]
        if not await _bytes_shown(world, number, body):
            said.append("the trace does not lead to the bytes as they came")
        outcome.problems += [f"{wanted.name}: {one} ({incident['says']})" for one in said]


async def _bytes_shown(world: Stage, number: str, body: bytes) -> bool:
    """Whether the trace of an order leads to the bytes as they came."""
    view = world.view()
    trace = await view.trace(number)
    entries = (
        [] if trace is None else [e for e in trace["entries"] if e["kind"] == "accepted" and e.get("bytes")]
    )
    return bool(entries) and await view.bytes(entries[0]["bytes"]["href"]) == body


async def _still_sound(world: Stage, outcome: Outcome, pid: int) -> None:
    """The same process takes and delivers a sound order."""
    body = write(plain(1, "GOOD")).encode()
    reply = await _post(world, AtDoor("sound", 202, body))
    if reply is None or reply.status != 202 or not world.hub.process.alive or world.hub.process.pid != pid:
        outcome.problems.append(f"a sound order afterwards: {reply and (reply.status, reply.body[:300])}")
    await world.settled(REST_WAIT_S)
    effects = [a for a in await world.target.arrivals() if a.applied and a.number == "GOOD-000001"]
    if len(effects) != 1:
        outcome.problems.append(f"the sound order had {len(effects)} effects")


async def unknown_sku(folder: Path, *, orders: int = 20) -> Outcome:
    """Where items must be known: all orders with one unknown SKU are one incident, and none is sent."""
    outcome = Outcome("unknown SKU")
    async with stage(folder, Plan(item_known="refuse", order_by=None)) as world:
        for n in range(1, orders + 1):
            tree = plain(n)
            tree["lines"] = [{**tree["lines"][0], "sku": "W-99999"}]
            reply = await _post(world, AtDoor("unknown SKU", 202, write(tree).encode()))
            assert reply is not None and reply.status == 202, reply
        figures = await world.settled(REST_WAIT_S, accepted=orders)
        incidents = await world.view().incidents("type=unknown_sku")
        if [one["members"] for one in incidents] != [orders]:
            outcome.problems.append(
                f"{len(incidents)} incidents of {[one['members'] for one in incidents]} members"
            )
        if any(
            not (one["path"].startswith("lines[0]") and "W-99999" in str(one["value"])) for one in incidents
        ):
            outcome.problems.append(f"place: {[(one['path'], one['value']) for one in incidents]}")
        if await world.target.arrivals():
            outcome.problems.append("an order with an unknown item was sent")
        if figures["captures"]["desk"] + figures["messages"]["desk"] != orders:
            outcome.problems.append(f"desk: {figures}")
        outcome.rows += [("accepted", orders), ("incidents", len(incidents))]
    return outcome
