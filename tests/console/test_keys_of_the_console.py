"""Keys from the console: made, rotated with overlap and revoked, by whom and for whom, and kept nowhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.access.roles import Role
from crossdock.access.sessions import csrf_of
from crossdock.journal.open import storage_of
from crossdock.journal.sql import audit
from crossdock.journal.sql import people as store
from tests.console.world import PREFIX, Reply, World, world


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def sent(w: World, token: str, path: str = "", **form: str) -> Reply:
    return await w.ask("POST", f"{PREFIX}/admin/keys{path}", token, {"csrf": csrf_of(token), **form})


def key_in(reply: Reply) -> str:
    assert reply.status == 200 and reply.headers["cache-control"] == "no-store"
    found = re.search(r"cdk_[\w-]{20,}", reply.text)
    assert found
    return found[0]


async def fingerprint(w: World, holder: str) -> str:
    rows = await w.shown.hub.journal.view(
        lambda c: c.execute("SELECT digest FROM keys WHERE name = ? ORDER BY at_ms", (holder,)).fetchall()
    )
    return bytes(rows[0][0]).hex()[:12]


async def test_a_key_is_made_shown_once_opens_the_door_and_stands_in_the_ledger_without_itself(
    w: World,
) -> None:
    token = await w.person("ina", Role.INTEGRATOR)
    key = key_in(await sent(w, token, role="observer", who="night report"))
    assert (await w.api("GET", "/v1/systems", key))[0] == 200
    assert key not in (await w.ask("GET", f"{PREFIX}/admin/keys", token)).text
    acts: list[dict[str, Any]] = await w.shown.hub.journal.view(lambda c: store.acts(c, 0, 50))
    (made,) = [one for one in acts if one["act"] == "make_key"]
    assert (made["who"], made["from"], made["before"]) == ("ina", "127.0.0.1", None)
    for about, count in (("Night", 1), ("ina", len(acts)), ("night%report", 0), ("nobody here", 0)):
        told = await w.shown.hub.journal.view(lambda c, q=about: store.acts(c, 0, 50, about=q))
        assert len(told) == count, about
    boss = await w.person("boss", Role.ADMIN)
    page = (await w.ask("GET", f"{PREFIX}/admin/audit?q=night+report", boss)).text
    assert "What people did about “night report”" in page and "made an account for boss" not in page
    assert made["after"]["holder"] == "night report" and made["after"]["role"] == "observer"
    folder = Path(w.database.removeprefix("sqlite:")).parent
    kept = await asyncio.to_thread(lambda: b"".join(one.read_bytes() for one in folder.glob("hub.db*")))
    assert b"night report" in kept and key.encode() not in kept
    assert await asyncio.to_thread(audit.verify, storage_of(w.database)) is None


async def test_a_rotated_key_works_beside_the_new_one_and_a_revoked_one_no_more(w: World) -> None:
    token = await w.person("ina", Role.INTEGRATOR)
    old = key_in(await sent(w, token, role="system", system="webshop"))
    path = f"/{await fingerprint(w, 'webshop')}"
    new = key_in(await sent(w, token, f"{path}/rotate", overlap_h="24"))
    for key in (old, new):
        assert (await w.api("GET", "/v1/incidents", key))[0] == 200
    assert (await sent(w, token, f"{path}/rotate", overlap_h="24")).status == 422, "it ends already"
    assert (await sent(w, token, f"{path}/revoke")).status == 303
    w.app.keys._loaded_s = float("-inf")
    assert [(await w.api("GET", "/v1/incidents", key))[0] for key in (old, new)] == [401, 200]
    assert (await sent(w, token, f"{path}/revoke")).status == 422, "it has ended"


async def test_nobody_hands_out_what_they_may_not_do_themselves(w: World) -> None:
    ina, boss = await w.person("ina", Role.INTEGRATOR), await w.person("boss", Role.ADMIN)
    for role in ("approver", "admin"):
        refused = await sent(w, ina, role=role, who="me")
        assert refused.status == 422 and "cdk_" not in refused.text
    key_in(await sent(w, boss, role="admin", who="deploy"))
    path = f"/{await fingerprint(w, 'deploy')}"
    for act in ("rotate", "revoke"):
        assert (await sent(w, ina, f"{path}/{act}", overlap_h="1")).status == 422
    assert (await sent(w, await w.person("olga", Role.OPERATOR), role="observer", who="me")).status == 403
    narrow = await w.person("nora", Role.INTEGRATOR, systems=["webshop"])
    assert (await sent(w, narrow, role="observer", who="me")).status == 403


async def test_a_key_needs_a_holder_and_a_system_that_the_charter_has(w: World) -> None:
    token = await w.person("boss", Role.ADMIN)
    for form in (
        {"role": "observer", "who": " "},
        {"role": "system", "system": "elsewhere"},
        {"role": "king", "who": "x"},
    ):
        assert (await sent(w, token, **form)).status == 422
    for hours in ("", "-1", "1e9", "9999", "²"):
        assert (await sent(w, token, "/0123456789ab/rotate", overlap_h=hours)).status == 422


async def test_where_two_must_want_it_a_key_of_a_person_is_made_once_another_agrees(tmp_path: Path) -> None:
    async with world(tmp_path, more={"four_eyes": {"acts": ["people"]}}) as w:
        boss, april = await w.person("boss", Role.ADMIN), w.key("april", "approver")
        asked = await sent(w, boss, role="operator", who="robot")
        assert asked.status == 303 and "/approvals?asked=" in asked.headers["location"]
        name = asked.headers["location"].rpartition("=")[2]
        _, done = await w.api("POST", f"/v1/approvals/{name}/approve", april)
        assert (await w.api("GET", "/v1/systems", done["result"]["key"]))[0] == 200
        key_in(await sent(w, boss, role="system", system="webshop"))
