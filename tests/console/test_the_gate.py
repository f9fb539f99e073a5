"""Who gets in, who may do what, and that no other page can act in somebody's name: over every route there is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crossdock.access.roles import RIGHTS, Right, Role
from crossdock.access.sessions import csrf_of
from crossdock.console.gate import COOKIE, safe_path
from crossdock.console.site import PAGES
from tests.console.world import GOOD, PREFIX, World, world

#: What stands in a path in place of its parts.
PARTS = {
    "document": "sales_order", "number:path": "SO-1", "id": "i1", "act": "retry", "system": "wms-reno", "name": "anna",
    "sku:path": "W-10010", "key": "0123456789ab",
}  # fmt: skip
FORMS = {
    "/systems/{system}/{act}": {"act": "pause", "reason": "stocktake"}, "/hub/{act}": {"act": "pause", "reason": "x"},
    "/admin/people/{name}/{act}": {"act": "disable"},
}  # fmt: skip


def filled(path: str, **parts: str) -> str:
    """A route with its parts filled in."""
    return PREFIX + re.sub(r"\{([^}]+)\}", lambda m: ({**PARTS, **parts})[m.group(1)], path)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_nobody_sees_anything_without_signing_in(w: World) -> None:
    for method, path, right, _ in PAGES:
        reply = await w.ask(method, filled(path), form={} if method == "POST" else None)
        if right is None:
            assert reply.status in {200, 303, 401, 403, 404}, path
        elif method == "GET":
            assert (reply.status, "/sign-in" in reply.headers["location"]) == (303, True), path
        else:
            assert reply.status == 401, path


async def test_each_role_reaches_what_its_rights_name_and_nothing_else(w: World) -> None:
    await w.order("SO-1")
    await w.person("anna", Role.VIEWER)
    for role in Role:
        token = await w.person(f"person-{role.value}", role)
        for method, path, right, _ in PAGES:
            if right is None or path.startswith("/me"):
                continue
            form = {"csrf": csrf_of(token), **FORMS.get(path, {})} if method == "POST" else None
            reply = await w.ask(method, filled(path, **FORMS.get(path, {})), token, form)
            if right not in RIGHTS[role]:
                assert reply.status == 403, (role, path)
            else:
                assert reply.status != 403 and reply.status < 500, (role, path, reply.status)


async def test_a_viewer_cannot_act_and_an_operator_can(w: World) -> None:
    w.partner.says["/erp SO-7"] = 422
    await w.order("SO-7")
    incident = await _incident(w)
    viewer, operator = await w.person("vera", Role.VIEWER), await w.person("otto", Role.OPERATOR)
    path = f"{PREFIX}/incidents/{incident}"
    assert "Preview a retry" not in (await w.ask("GET", path, viewer)).text
    refused = await w.ask("POST", f"{path}/retry", viewer, {"csrf": csrf_of(viewer)})
    assert refused.status == 403
    w.partner.says.clear()
    assert "1 to erp" in (await w.ask("GET", f"{path}?preview=retry", operator)).text
    done = await w.ask("POST", f"{path}/retry", operator, {"csrf": csrf_of(operator)})
    assert (done.status, done.headers["location"]) == (303, f"{path}?done=retry")
    assert "otto had" in (await w.ask("GET", path, operator)).text


def test_an_integrator_and_an_operator_cannot_approve() -> None:
    assert Right.APPROVE not in RIGHTS[Role.INTEGRATOR]
    assert Right.APPROVE not in RIGHTS[Role.OPERATOR]
    assert Right.APPROVE in RIGHTS[Role.APPROVER]


async def test_no_other_page_acts_in_somebodys_name(w: World) -> None:
    token = await w.person("boss", Role.ADMIN)
    path, good = f"{PREFIX}/systems/wms-reno/pause", {"csrf": csrf_of(token), "reason": "stocktake"}
    forged = [
        (await w.ask("POST", path, token, {"reason": "stocktake"})).status,
        (await w.ask("POST", path, token, {**good, "csrf": csrf_of("another token")})).status,
        (await w.ask("POST", path, token, good, sec_fetch_site="cross-site")).status,
        (await w.ask("POST", path, token, good, origin="https://evil.example")).status,
    ]
    assert forged == [403, 403, 403, 403]
    assert (await w.ask("POST", path, token, good)).status == 303


async def test_control_without_that_guard_another_page_could(tmp_path: Path) -> None:
    async with world(tmp_path, guards_off=frozenset({"csrf"})) as w:
        token = await w.person("boss", Role.ADMIN)
        reply = await w.ask(
            "POST", f"{PREFIX}/systems/wms-reno/pause", token, {"reason": "x"}, sec_fetch_site="cross-site"
        )
        assert reply.status == 303


async def test_a_token_that_was_planted_before_the_sign_in_opens_nothing_after_it(w: World) -> None:
    await w.person("anna", Role.OPERATOR)
    planted = "a-token-that-an-attacker-chose"
    page = await w.ask("GET", f"{PREFIX}/sign-in", planted)
    visit = (
        next(one for one in page.cookies if one.startswith("crossdock_visit=")).split(";")[0].split("=", 1)[1]
    )
    form = {"csrf": csrf_of(visit), "name": "anna", "password": GOOD}
    reply = await w.ask(
        "POST", f"{PREFIX}/sign-in", None, form, cookie=f"{COOKIE}={planted}; crossdock_visit={visit}"
    )
    assert reply.status == 303
    given = next(one for one in reply.cookies if one.startswith(f"{COOKIE}="))
    assert planted not in given
    assert {"HttpOnly", "SameSite=lax", f"Path={PREFIX}"} <= {part.strip() for part in given.split(";")}
    assert (await w.ask("GET", PREFIX, planted)).status == 303
    assert (await w.ask("GET", PREFIX, given.split(";")[0].split("=", 1)[1])).status == 200


async def test_too_many_tries_are_told_when_to_come_again(w: World) -> None:
    await w.person("anna", Role.OPERATOR)
    visit = "v" * 43
    statuses = [
        (
            await w.ask(
                "POST", f"{PREFIX}/sign-in", None,
                {"csrf": csrf_of(visit), "name": "anna", "password": "wrong wrong"}, cookie=f"crossdock_visit={visit}",
            )
        )
        for _ in range(7)
    ]  # fmt: skip
    assert [one.status for one in statuses] == [401] * 5 + [429] * 2
    assert int(statuses[-1].headers["retry-after"]) > 0


async def test_somebody_for_one_system_sees_nothing_of_the_others(w: World) -> None:
    w.partner.says |= {"/erp SO-1": 422, "/3pl SO-2": 422}
    await w.order("SO-1")
    await w.order("SO-2")
    await _incident(w)
    token = await w.person("dora", Role.ADMIN, systems=["marketplace"])
    csrf = csrf_of(token)
    for method, path, right, _ in PAGES:
        if right is None or path.startswith("/me"):
            continue
        for id_ in ("i1", await _incident(w)):
            form = {"csrf": csrf, **FORMS.get(path, {})} if method == "POST" else None
            reply = await w.ask(method, filled(path, id=id_, **FORMS.get(path, {})), token, form)
            shown = re.sub(r'<input type="hidden"[^>]*>', "", reply.text)
            shown = re.sub(r"((here is no (system|partner)|he page of)) wms-reno", "", shown)
            assert "wms-reno" not in shown, path
            assert "3pl-dallas" not in shown, path
            # An act on many names what it is for, and there is nothing of theirs that it could be for.
            refused = {403, 404, 422} if path in {"/bulk", "/replay", "/hand-over"} else {403, 404}
            assert method == "GET" or reply.status in refused, path


async def test_metrics_name_systems_to_nobody_once_there_are_accounts(w: World) -> None:
    status, page = await w.api("GET", "/metrics")
    assert status == 200 and b"webshop" in page, "control: a hub without accounts tells whoever asks"
    await w.person("anna", Role.VIEWER)
    assert (await w.api("GET", "/metrics"))[0] == 401
    assert (await w.api("GET", "/metrics", w.key("shop", "system", "webshop")))[0] == 403
    assert (await w.api("GET", "/metrics", w.key("prometheus", "observer")))[0] == 200


async def test_every_answer_carries_the_headers_that_keep_a_browser_safe(w: World) -> None:
    token = await w.person("boss", Role.ADMIN)
    for path in ("", "/orders", "/nowhere", "/static/console.css", "/sign-in"):
        headers = (await w.ask("GET", PREFIX + path, token)).headers
        policy = headers["content-security-policy"]
        assert "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy, path
        assert headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in headers  # there is no TLS here
    w.shown.is_secure = True
    reply = await w.ask("GET", f"{PREFIX}/sign-in")
    assert reply.headers["strict-transport-security"].startswith("max-age=31536000")
    assert all("Secure" in one for one in reply.cookies)


async def test_pages_have_nothing_inline(w: World) -> None:
    await w.a_day()
    token = await w.person("boss", Role.ADMIN)
    for path in (
        "",
        "/orders",
        "/incidents",
        "/systems",
        "/charter",
        "/stock",
        "/admin/people",
        "/admin/audit",
        "/me",
    ):
        reply = await w.ask("GET", PREFIX + path, token)
        assert reply.status == 200, path
        assert not re.search(r"<[^>]+\s(style|on\w+)=|<style|<script(?![^>]+src=)", reply.text), path
        assert len(reply.text) < 100_000, path


@pytest.mark.parametrize(
    ("wanted", "path"),
    [("/orders?q=1", "/orders?q=1"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil", "/"),
     ("", "/"), ("/a\r\nb", "/")],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_the_sign_in(wanted: str, path: str) -> None:
    assert safe_path(wanted) == path


async def _incident(w: World) -> str:
    await w.settled()
    rows = await w.shown.hub.journal.view(lambda c: c.execute("SELECT max(id) FROM incidents").fetchone())
    return f"i{rows[0]}"
