"""One client cannot see that another is there: every route, asked for what is the other's and for what is nobody's."""

from __future__ import annotations

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
THEIRS = ("marketplace", "MP-201", "MP-202", "C-MP-201", "C-MP-202", "wms-reno")
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
        assert incidents and captures
        return {"id": incidents[:2] + captures[:2]}

    return {
        **await w.shown.hub.journal.view(read),
        "system": ["marketplace", "wms-reno"], "number": ["MP-201", "MP-202"], "number:path": ["MP-201"],
        "object": ["sales_order"], "document": ["sales_order"], "act": ["retry", "pause", "approve", "add"],
        "sku": ["W-10010"],
        "sku:path": ["W-10010"], "name": ["anna"], "version": ["sha256:" + "0" * 64],
        "key": ["C-MP-201"], "after": ["i1"],
        "decision": ["approve"], "state": ["all"], "type": ["unmapped_code"], "idempotency-key": ["k"],
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
        text = text.replace(one, "*").replace(quote(one, safe=""), "*")
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
            for pick in range(4):
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
        for pick in range(2 if names else 1):
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
