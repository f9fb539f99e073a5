"""What no page of ours ever sends: it is refused with a reason, and never a defect of the hub."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest

from crossdock.access.roles import Role
from crossdock.access.sessions import csrf_of
from crossdock.console.gate import safe_path
from crossdock.console.table import as_csv
from tests.console.world import GOOD, PREFIX, World, world

_HUGE, _DEEP = "9" * 25, "[1," * 2_000


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_numbers_and_forms_that_no_page_sends_are_no_defect(w: World) -> None:
    await w.order("SO-1", by="DRONE")
    await w.settled()
    name = await _incident(w)
    token = await w.person("boss", Role.ADMIN)
    for path in (
        f"/orders?state=waiting&from={_HUGE}", f"/orders?from={_HUGE}", f"/incidents?after={_HUGE}.{_HUGE}",
        f"/admin/audit?before={_HUGE}", "/sign-in?next=//%5Bx",
    ):  # fmt: skip
        assert (await w.ask("GET", PREFIX + path, token)).status in {200, 303}, path
    for path, form in (
        (f"/incidents/{name}/fix", {"path": "by", "value": _DEEP, "as": "json"}),
        (f"/incidents/{name}/snooze", {"for_s": "9" * 5_000, "reason": "x"}),
        ("/replay", {"to": "erp", "numbers": "SO-1", "expect": "all"}),
        ("/me/authenticator", {"secret": "x", "code": "x", "password": GOOD}),
    ):
        reply = await w.ask("POST", PREFIX + path, token, {**form, "csrf": csrf_of(token)})
        assert reply.status in {303, 409, 422}, path
    reply = await w.ask("POST", f"{PREFIX}/sign-out", token, {"csrf": csrf_of(token)}, origin="http://[")
    assert reply.status == 403


async def test_an_address_with_a_sign_that_no_store_can_hold_is_refused_at_the_door(w: World) -> None:
    token, key = await w.person("boss", Role.ADMIN), w.key("op", "operator")
    for path in ("/orders?q=a%00b", "/orders/sales_order/%00", "/incidents?system=%00"):
        assert (await w.ask("GET", PREFIX + path, token)).status == 404, path
    for path in ("/v1/trace/sales_order/a%00b", "/v1/incidents?system=%00", "/v1/conservation?system=%00"):
        assert (await w.api("GET", path, key))[0] == 404, path
    assert (await w.ask("GET", f"{PREFIX}/orders?q=a%2500b", token)).status == 200, "a per cent sign is one"


def test_an_address_that_cannot_be_read_leads_nowhere() -> None:
    assert safe_path("//[x") == safe_path("/\t/evil.example") == "/"


def test_the_name_of_a_file_ends_where_it_should_whatever_the_number_of_an_order() -> None:
    for number in ('x".csv; filename="evil.exe', "SO-\N{EURO SIGN}1", "../../x", "a\r\nset-cookie: x=1"):
        named = as_csv(f"sales_order-{number}", ("a",), ()).headers["content-disposition"]
        assert named.startswith('attachment; filename="sales_order-') and named.endswith('.csv"')
        assert named.count('"') == 2 and "/" not in named and "\n" not in named


def test_no_cell_begins_with_what_a_spreadsheet_takes_for_a_formula() -> None:
    cells = as_csv("x", ("a",), [("=1+1",), ("@x",), ("\n=1",), ("-1.5",)]).body
    assert bytes(cells).decode("utf-8-sig") == "a\r\n'=1+1\r\n'@x\r\n\"'\n=1\"\r\n-1.5\r\n"


async def test_an_authenticator_is_set_up_with_the_password_and_never_replaced(w: World) -> None:
    path, secret, other = f"{PREFIX}/me/authenticator", pyotp.random_base32(), pyotp.random_base32()
    token = await w.person("anna", Role.OPERATOR)
    sent = {"csrf": csrf_of(token), "secret": secret, "code": pyotp.TOTP(secret).now()}
    assert (await w.ask("POST", path, token, sent)).status == 422, "a browser that was left open"
    done = await w.ask("POST", path, token, {**sent, "password": GOOD})
    assert (done.status, done.headers["location"]) == (303, f"{PREFIX}/sign-in?done=set_up")
    assert "The authenticator is set up" in (await w.ask("GET", done.headers["location"])).text
    half = await w.shown.sessions.sign_in("anna", GOOD, "127.0.0.1", "test")
    with pytest.raises(Exception, match="was used"):
        await w.shown.sessions.give_code(half, sent["code"], "127.0.0.1", "test")
    person = await w.app.people.named("anna")
    whole = (await w.shown.sessions.open_for(person.row, "127.0.0.1", "test")).token
    again = {"csrf": csrf_of(whole), "secret": other, "code": pyotp.TOTP(other).now(), "password": GOOD}
    assert (await w.ask("POST", path, whole, again)).status == 422
    assert (await w.app.people.named("anna")).row.totp == person.row.totp


async def test_somebody_for_one_system_adds_no_row_for_another(w: World) -> None:
    await w.order("SO-1", by="DRONE")
    await w.settled()
    token = await w.person("olga", Role.OPERATOR, systems=["webshop"])
    row = {
        "crosswalk": "ship_method",
        "system": "erp",
        "theirs": "X",
        "ours": "express",
        "csrf": csrf_of(token),
    }
    path = f"{PREFIX}/incidents/{await _incident(w)}/fix"
    for act in (path, path.replace("/fix", "/foresee")):
        assert (await w.ask("POST", act, token, row)).status == 422
    own = {**row, "system": "webshop", "theirs": "DRONE"}
    assert (await w.ask("POST", path, token, own)).status == 303


async def test_a_number_that_only_others_know_is_like_one_that_nobody_knows(w: World) -> None:
    await w.order("SO-1")
    await w.order("SO-1", system="marketplace")
    await w.settled()
    narrow = await w.person("nora", Role.VIEWER, systems=["3pl-dallas-2"])
    boss = await w.person("boss", Role.ADMIN)
    for number in ("SO-9", "SO-1"):
        assert (await w.ask("GET", f"{PREFIX}/orders/sales_order/{number}", narrow)).status == 404
    assert (await w.ask("GET", f"{PREFIX}/orders/sales_order/SO-1", boss)).status == 200


async def _incident(w: World) -> str:
    found = await w.shown.hub.journal.view(lambda c: c.execute("SELECT max(id) FROM incidents").fetchone())
    return f"i{found[0]}"
