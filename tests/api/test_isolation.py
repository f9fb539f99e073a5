"""One client cannot see that another is there: every route, asked for what is the other's and for what is nobody's."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crossdock.access.roles import Role
from crossdock.access.sessions import csrf_of
from crossdock.console.site import PAGES
from tests.console.world import PREFIX, World, charter, world

#: The other client's words, which nobody of the first may ever read.
THEIRS = (
    "marketplace",
    "MP-201",
    "MP-202",
    "C-MP-201",
    "C-MP-202",
    "wms-reno",
    "MP-SKU",
    "MP-SITE",
    "MP-WHY",
)
TENANTS = {"marketplace": "north", "wms-reno": "north"}


def systems() -> dict[str, Any]:
    """The site with two clients: marketplace and its warehouse are the other's."""
    found = charter("http://127.0.0.1:9")["systems"]
    for name, tenant in TENANTS.items():
        found[name]["tenant"] = tenant
    return found


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    objects = {
        "sales_order": {"owner": "webshop", "readers": ["erp"]},
        "inventory_balance": {"owner": "wms-reno", "readers": ["erp"]},
    }
    async with world(tmp_path, more={"systems": systems(), "objects": objects}) as made:
        await made.order("SO-1")
        for number in ("MP-201", "MP-202"):
            await made.order(number, system="marketplace", by="DRONE")
        tree = {"no": "B-1", "sku": "MP-SKU", "site": "MP-SITE", "qty": 7, "at": "2026-11-22T09:30:00Z"}
        await made.hand_in("wms-reno", "inventory_balance", tree)
        await made.settled()
        (first,) = await made.shown.hub.journal.view(
            lambda c: c.execute("SELECT min(id) FROM incidents WHERE system = 'marketplace'").fetchone()
        )
        runs = made.app.supervision.runs
        run = await runs.bulk([first], "retry", {}, who="otto", why="MP-WHY")
        while ((await runs.shown(run.id)) or {})["state"] != "ended":
            await asyncio.sleep(0.02)
        await made.settled()
        yield made


async def theirs(w: World) -> dict[str, list[str]]:
    """What stands in a path for each of its parts: something of the other client's, by the name of the part."""

    def read(connection: Any) -> dict[str, list[str]]:
        def ids(letter: str, query: str) -> list[str]:
            return [f"{letter}{row[0]}" for row in connection.execute(query).fetchall()]

        incidents = ids("i", "SELECT id FROM incidents WHERE system = 'marketplace'")
        captures = ids(
            "b", "SELECT position FROM ledger WHERE origin = 'marketplace' AND payload IS NOT NULL"
        )
        arrived = ids("c", "SELECT id FROM captures WHERE system = 'marketplace'")
        hubs = ids("h", "SELECT id FROM hubs WHERE owner IN ('marketplace', 'wms-reno')")
        made = ids("m", "SELECT id FROM messages WHERE system IN ('marketplace', 'wms-reno')")
        left = ids("t", "SELECT id FROM transmissions WHERE origin IN ('marketplace', 'wms-reno')")
        runs = ids("r", "SELECT id FROM desk_runs")
        assert incidents and captures and arrived and hubs and made and left and runs
        return {
            "id": [
                one
                for several in (incidents, captures, arrived, hubs, made, left, runs)
                for one in several[:2]
            ]
        }

    return {
        **await w.shown.hub.journal.view(read),
        "system": ["marketplace", "wms-reno"], "number": ["MP-201", "MP-202"], "number:path": ["MP-201"],
        "object": ["sales_order"], "document": ["sales_order"], "act": ["retry", "pause", "approve", "add"],
        "sku": ["W-10010"],
        "sku:path": ["W-10010"], "name": ["anna"], "version": ["sha256:" + "0" * 64],
        "key": ["C-MP-201"], "after": ["i1"],
        "state": ["all"], "type": ["unmapped_code"], "idempotency-key": ["k"],
    }  # fmt: skip


#: What nobody has, in the same form.
NOBODYS = {
    "id": "9999999", "system": "nowhere", "number": "XX-999", "number:path": "XX-999", "key": "C-XX-999",
    "name": "nobody",
    "sku": "Z-99999",
}  # fmt: skip


def nobodys(name: str, value: str) -> str:
    if name == "id":
        return value[0] + NOBODYS["id"]
    return NOBODYS.get(name, value)


def plain(body: Any, *echoed: str) -> str:
    """An answer without what the question itself said, and without what changes from one second to the next."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else json.dumps(body)
    for one in sorted(echoed, key=len, reverse=True):
        # A sentence begins with a capital, whatever it begins with; a short id is no part of a longer word.
        for said in (one, one[:1].upper() + one[1:], quote(one, safe="")):
            text = re.sub(rf"(?<!\w){re.escape(said)}(?!\w)", "*", text)
    text = re.sub(r'name=\\?"(csrf|key)\\?" value=\\?"[^"]*"', "", text)
    return re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+Z?|\"position\": \d+|<time.*?</time>", "", text)


async def test_no_route_of_the_api_tells_a_systems_key_of_another_client(w: World) -> None:
    key, known = w.key("webshop", "system", "webshop"), await theirs(w)
    _, described = await w.api("GET", "/openapi.json")
    asked = 0
    for path, methods in described["paths"].items():
        for method, about in methods.items():
            names = re.findall(r"{(.+?)}", path)
            missing = set(names) - set(known)
            assert not missing, f"say in this test what stands for {missing} of {path}"
            for pick in range(max((len(known[name]) for name in names), default=1)):
                chosen = {name: known[name][pick % len(known[name])] for name in names}
                other = {name: nobodys(name, value) for name, value in chosen.items()}
                answers: list[tuple[int, str]] = []
                for parts in (chosen, other):
                    address = re.sub(r"{(.+?)}", lambda m, p=parts: quote(p[m.group(1)], safe=""), path)
                    status, body = await w.api(method.upper(), address, key, {} if method == "post" else None)
                    assert status < 500, (method, address, status)
                    answers.append((status, plain(body, *parts.values())))
                    asked += 1
                if path.startswith("/metrics"):
                    continue  # for the machine that watches the hub, which sees all of it
                assert answers[0] == answers[1], (method, path, chosen)
                echoed = answers[0][1]
                assert not [word for word in THEIRS if word in echoed], (method, path)
            for parameter in about.get("parameters", ()):
                name = parameter["name"]
                if parameter["in"] != "query" or name not in known or names:
                    continue
                pair: list[tuple[int, str]] = []
                for value in (known[name][0], nobodys(name, known[name][0])):
                    status, body = await w.api(method.upper(), f"{path}?{name}={quote(value)}", key)
                    pair.append((status, plain(body, value)))
                    asked += 1
                assert pair[0] == pair[1], (path, name)
    assert asked > 100


async def test_the_door_is_the_same_for_another_clients_system_and_for_none(w: World) -> None:
    key = w.key("webshop", "system", "webshop")
    answers = {
        name: await w.api("POST", f"/v1/systems/{name}/messages", key, {})
        for name in ("marketplace", "nowhere", "erp")
    }
    assert answers["marketplace"][0] == answers["nowhere"][0] == 404
    assert plain(answers["marketplace"][1], "marketplace") == plain(answers["nowhere"][1], "nowhere")
    assert answers["erp"][0] == 403, "control: one of its own client's systems is there, and not its own"


async def test_control_somebody_who_may_see_both_finds_them(w: World) -> None:
    status, body = await w.api("GET", "/v1/incidents", w.key("obs", "observer"))
    assert (status, "marketplace" in json.dumps(body)) == (200, True)
    assert (await w.api("GET", "/v1/systems/marketplace", w.key("obs", "observer")))[0] == 200


@pytest.mark.parametrize("role", list(Role))
async def test_no_page_tells_a_person_of_another_clients_systems(w: World, role: Role) -> None:
    token, known = await w.person("dora", role, systems=["webshop", "erp"]), await theirs(w)
    for method, path, right, _ in PAGES:
        names = re.findall(r"{(.+?)}", path)
        if right is None or path.startswith("/me"):
            continue
        assert not set(names) - set(known), f"say in this test what stands for the parts of {path}"
        for pick in range(max((len(known[name]) for name in names), default=1)):
            chosen = {name: known[name][pick % len(known[name])] for name in names}
            answers: list[tuple[int, str]] = []
            for parts in (chosen, {name: nobodys(name, value) for name, value in chosen.items()}):
                address = PREFIX + re.sub(r"{(.+?)}", lambda m, p=parts: quote(p[m.group(1)], safe=""), path)
                form = {"csrf": csrf_of(token), "reason": "x"} if method == "POST" else None
                reply = await w.ask(method, address, token, form)
                assert reply.status < 500, (method, address)
                shown = plain(reply.text.encode(), *parts.values())
                answers.append((reply.status, shown))
            assert answers[0] == answers[1], (method, path)
            assert not [word for word in THEIRS if word in answers[0][1]], (method, path)


#: Everything that a page takes in its address, with what is the other client's and what nobody has.
ASKED = (
    ("/find", "q", ("MP-201", "MP-20", "MP-SKU", "marketplace"), "XX-999"), ("/find", "q", ("ID",), "ID"),
    ("/orders", "q", ("MP-201", "C-MP-201"), "XX-999"), ("/orders", "q", ("ID",), "ID"),
    ("/orders?state=waiting", "to", ("wms-reno",), "nowhere"), ("/incidents", "system", ("marketplace",), "nowhere"),
    ("/incidents?view=ended", "system", ("marketplace",), "nowhere"), ("/bulk", "system", ("marketplace",), "nowhere"),
    ("/bulk", "incident", ("ID",), "ID"), ("/stock", "q", ("MP-SKU",), "XX-SKU"),
    ("/stock", "site", ("MP-SITE",), "XX"),
    ("/replay", "to", ("wms-reno", "marketplace"), "nowhere"), ("/runs", "before", ("ID",), "ID"),
    ("/replay?to=erp", "numbers", ("MP-201", "B-1"), "XX-999"), ("/orders/sales_order/SO-1", "entry", ("1",), "999999"),
    ("/orders/sales_order/SO-1", "system", ("marketplace",), "nowhere"),
    ("/reports", "week", ("2026-W47",), "2026-W46"),
)  # fmt: skip


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_no_address_of_a_page_tells_of_another_client(w: World, role: Role) -> None:
    token, known = await w.person("dora", role, systems=["webshop", "erp"]), await theirs(w)
    asked = 0
    for path, name, values, nobody in ASKED:
        for value in known["id"] if values == ("ID",) else values:
            none = nobodys("id", value) if nobody == "ID" else nobody
            answers: list[tuple[int, str]] = []
            for one in (value, none):
                address = f"{PREFIX}{path}{'&' if '?' in path else '?'}{name}={quote(one, safe='')}"
                reply = await w.ask("GET", address, token)
                place = reply.headers.get("location", "")
                answers.append((reply.status, plain(f"{place} {reply.text}".encode(), one)))
                asked += 1
            assert answers[0][0] < 500
            assert not [word for word in THEIRS if word in answers[0][1]], (path, name, value)
            if path != "/reports" and name != "entry":
                assert answers[0] == answers[1], (path, name, value)
    assert asked > 60
