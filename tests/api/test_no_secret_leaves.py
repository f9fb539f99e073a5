"""Secrets that were planted everywhere come out nowhere: not in the store, a log, an answer, a page or a problem."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import pytest

from crossdock.access import totp
from crossdock.access.roles import Actor, Role
from crossdock.access.sessions import csrf_of
from crossdock.console.site import PAGES
from tests.console.world import GOOD, PREFIX, charter, world

PLANTED = "planted-7f3kq9-secret-of-the-erp"


async def test_a_planted_secret_is_found_nowhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    systems = charter("http://127.0.0.1:9")["systems"]
    systems["erp"]["auth"] = {"type": "bearer", "secret": "erp"}
    systems["wms-reno"]["auth"] = {"type": "basic", "user": "hub", "secret": "erp"}
    sent: list[str] = []
    async with world(tmp_path, more={"systems": systems}, secrets={"erp": PLANTED}) as w:
        # the target cannot be reached, refuses, or cuts the line: each way to fail writes its own words
        for number in ("SO-1", "SO-2"):
            await w.order(number)
        await w.until("SELECT 1 WHERE (SELECT count(DISTINCT target) FROM transmissions WHERE state = 4) > 1")
        root = await w.person("root", Role.ADMIN)
        person = await w.app.people.named("root")
        seed = totp.new_secret()
        await w.app.people.set_totp(person, w.shown.sessions.sealed(person.row, seed), Actor("root", "here"))
        root = (await w.shown.sessions.open_for((await w.app.people.named("root")).row, "here", "test")).token
        key = w.key("obs", "admin")
        _, described = await w.api("GET", "/openapi.json")
        for path in described["paths"]:
            _, body = await w.api("GET", re.sub(r"{.+?}", "erp", path), key)
            sent.append(str(body))
        for path in ("/v1/systems/erp/pause", "/v1/incidents/i1/resolve", "/v1/people/x/add", "/v1/promises"):
            sent += [str(await w.api("POST", path, key, {"reason": [1]}))]
        for method, path, _, _ in PAGES:
            form = {"csrf": csrf_of(root)} if method == "POST" else None
            reply = await w.ask(method, PREFIX + re.sub(r"{.+?}", "erp", path), root, form)
            sent += [reply.text]
            if "sign-out" in path or "sign-in" in path:
                root = (
                    await w.shown.sessions.open_for((await w.app.people.named("root")).row, "here", "test")
                ).token
        stored = await asyncio.to_thread(_stored, tmp_path)
    logged = "".join(capfd.readouterr())
    everything = "\n".join((*sent, logged)).encode() + stored
    basic = base64.b64encode(f"hub:{PLANTED}".encode())
    for secret in (PLANTED.encode(), basic, seed.encode(), GOOD.encode(), key.encode(), root.encode()):
        assert secret not in everything, secret
    assert b"erp" in everything, "control: what was searched is what was said"
    assert any("root" in one for one in sent)


def _stored(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.rglob("hub.db*") if one.is_file())
