"""The console in a real Chromium: a supervisor mends what is stuck; axe-core finds nothing; the keyboard suffices."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.access.roles import Role
from crossdock.governance.subjects import Subject
from crossdock.message.four_eyes import Asked
from tests.console import trading
from tests.console.browsing import signed_in, violations
from tests.console.calls import call
from tests.console.world import GOOD, PREFIX, ROOT, World, world

_PAGES = (
    "", "/orders", "/orders?q=SO-10", "/find?q=SO-10", "/incidents",
    "/orders/sales_order/SO-1001?system=webshop&entry=ENTRY",
    "/incidents/INCIDENT?preview=retry", "/incidents?view=mine", "/bulk?type=unmapped_code", "/replay",
    "/replay?to=erp&numbers=SO-1001", "/runs", "/reports", "/systems", "/systems/wms-reno", "/charter", "/stock",
    "/stock/W-10010",
    "/admin/people?who=anna",
    "/admin/data", "/admin/keys?key=FINGERPRINT", "/admin/audit", "/me", "/nowhere",
)  # fmt: skip


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_a_supervisor_signs_in_adds_the_missing_row_and_sees_all_go_on(w: World, browser: Any) -> None:
    first = await w.app.people.add("sam", Role.OPERATOR, ROOT)
    for n in range(60):
        await w.order(f"SO-{n}", by="DRONE")
    await w.settled()
    page = await browser.new_page()
    await page.goto(f"{w.url}{PREFIX}")
    await page.get_by_label("Name").fill("sam")
    await page.get_by_label("Password").fill(first)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("New password").fill(GOOD)
    await page.get_by_label("The same again").fill(GOOD)
    await page.get_by_role("button", name="Keep it").click()
    assert "1 thing needs somebody" in await page.locator("h1").inner_text()
    await page.get_by_role("link", name="60 documents").click()
    assert await page.get_by_label("Their code").input_value() == "DRONE"
    await page.get_by_label("Our code for it").fill("express")
    await page.get_by_role("button", name="Add the row and try again").click()
    await page.get_by_text("The fix is kept").wait_for()
    await w.settled()
    assert len([one for one in w.partner.got if one[0] == "/wms"]) == 60
    assert "sam" in await page.locator(".history").inner_text()
    await page.goto(f"{w.url}{PREFIX}")
    assert "Nothing needs you" in await page.locator("h1").inner_text()


async def test_a_supervisor_foresees_what_a_row_does_and_mends_500_orders_in_one_act(
    w: World, browser: Any
) -> None:
    token = await w.person("sam", Role.OPERATOR)
    for n in range(500):
        await w.order(f"SO-{n}", by="DRONE")
    await w.settled()
    page = await signed_in(browser, w, token)
    await page.goto(f"{w.url}{PREFIX}/incidents")
    assert "500 documents" in await page.locator("a[data-row]").inner_text()
    await page.get_by_label("Our code for it").fill("express")
    await page.get_by_role("button", name="See what it would do").click()
    effect = page.locator(".effect")
    await effect.get_by_text("500 documents would pass").wait_for()
    assert "500 to wms-reno" in await effect.inner_text()
    assert w.partner.got == [], "nothing was sent yet"
    await page.get_by_text("Document by document").click()
    assert await page.locator(".members .state.good").count() == 50
    await page.get_by_role("button", name="Put it in and try 500 again").click()
    await page.get_by_text("The fix is kept").wait_for()
    await w.settled()
    assert len([one for one in w.partner.got if one[0] == "/wms"]) == 500
    history = await page.locator(".history").inner_text()
    assert "sam fixed the crosswalk ship_method" in history
    assert "sam had 500 documents tried again" in history
    await page.goto(f"{w.url}{PREFIX}/incidents")
    assert "Nothing waits for a person" in await page.locator("h1").inner_text()
    sums = (await call(w, "GET", "/v1/conservation"))[1]
    assert sums["balanced"] and sums["captures"]["translated"] == 500


async def test_a_supervisor_previews_and_sends_a_day_again_and_sees_it_end(w: World, browser: Any) -> None:
    token = await w.person("sam", Role.OPERATOR)
    for n in range(5):
        await w.order(f"SO-{n}")
    await w.settled()
    page = await signed_in(browser, w, token)
    await page.goto(f"{w.url}{PREFIX}/replay")
    await page.locator("select[name=to]").select_option("erp")
    await page.get_by_label("From").fill("2020-01-01T00:00")
    await page.get_by_label("Until").fill("2090-01-01T00:00")
    await page.get_by_role("button", name="See what would be sent").click()
    assert "erp would see 5 documents again" in await page.locator("h1").inner_text()
    await page.get_by_label("Why").fill("the ERP was restored")
    await page.get_by_role("button", name="Send 5 to erp again").click()
    await page.get_by_text("Done: 5 of 5").wait_for()
    assert "the ERP was restored" in await page.locator(".lead").inner_text()
    await w.settled()
    assert len([one for one in w.partner.got if one[0] == "/erp"]) == 10
    await page.goto(f"{w.url}{PREFIX}/runs")
    assert "sam" in await page.locator("tbody").inner_text()


async def test_a_viewer_sees_what_is_stuck_and_cannot_act_on_it(w: World, browser: Any) -> None:
    await w.order("SO-1", by="DRONE")
    await w.settled()
    page = await signed_in(browser, w, await w.person("vera", Role.VIEWER))
    await page.goto(f"{w.url}{PREFIX}/incidents")
    text = await page.locator("main").inner_text()
    assert "DRONE" in text and "Your role may look at it" in text
    assert await page.locator("main form[method=post]").count() == 0
    assert await page.locator("input[type=checkbox]").count() == 0
    incident = (await page.locator("article h2").first.inner_text()).split(" ")[0]
    assert await _posted(page, f"{w.url}{PREFIX}/incidents/{incident}/retry") == 403
    assert await _posted(page, f"{w.url}{PREFIX}/systems/erp/pause") == 403


async def test_an_integrator_sees_a_request_and_cannot_approve_it(tmp_path: Path, browser: Any) -> None:
    async with world(tmp_path, more={"four_eyes": {"acts": ["erase"]}}) as w:
        await w.person("boss", Role.ADMIN)
        with contextlib.suppress(Asked):
            await w.app.subjects.erase(Subject("order", "SO-1"), "asked for", who="boss")
        (waiting,) = await w.app.approvals.listed()
        page = await signed_in(browser, w, await w.person("ida", Role.INTEGRATOR))
        await page.goto(f"{w.url}{PREFIX}/approvals")
        assert "1 request waits" in await page.locator("h1").inner_text()
        assert await page.get_by_role("button", name="Approve").count() == 0
        assert await _posted(page, f"{w.url}{PREFIX}/approvals/{waiting['id']}/approve") == 403
        page = await signed_in(browser, w, await w.person("april", Role.APPROVER))
        await page.goto(f"{w.url}{PREFIX}/approvals")
        await page.get_by_role("button", name="Approve").click()
        await page.wait_for_url("**/approvals?view=all**")
        assert (await w.app.approvals.listed())[0]["state"] == "done", "control: somebody else may"


async def _posted(page: Any, address: str) -> int:
    """Sends a form by hand, with the mark of a page of ours: as far as any page would let one."""
    send = (
        "async (address) => (await fetch(address, {method: 'POST', redirect: 'manual', body: new URLSearchParams("
        "{csrf: document.querySelector('input[name=csrf]').value})})).status"
    )
    return int(await page.evaluate(send, address))


async def test_an_empty_hub_leads_to_a_first_order_and_becomes_today_by_itself(
    w: World, browser: Any
) -> None:
    page = await signed_in(browser, w, await w.person("boss", Role.ADMIN))
    await page.goto(f"{w.url}{PREFIX}")
    assert "2 steps to a first order" in await page.locator("h1").inner_text()
    assert await page.locator(".steps .done").count() == 4
    assert "crossdock keys create webshop" in await page.locator(".steps .next").inner_text()
    w.key("webshop", "system", "webshop")
    await page.get_by_text("Send the first order").wait_for(timeout=15_000)
    assert "crossdock send" in await page.locator(".steps .next").inner_text()
    await w.order("SO-1")
    await page.get_by_text("Nothing needs you").wait_for(timeout=15_000)


async def test_what_is_ticked_is_previewed_and_ended_in_one_act(w: World, browser: Any) -> None:
    for by in ("DRONE", "MULE", "BOAT"):
        await w.order(f"SO-{by}", by=by)
    await w.settled()
    page = await signed_in(browser, w, await w.person("sam", Role.OPERATOR))
    await page.goto(f"{w.url}{PREFIX}/incidents")
    act = page.get_by_role("button", name="Act on them")
    assert await act.is_disabled(), "nothing is ticked"
    for n in (0, 1):
        await page.locator("input[name=incident]").nth(n).check()
    assert "2 chosen" in await page.locator(".chosen").inner_text()
    await act.click()
    assert "2 incidents" in await page.locator("h1").inner_text()
    await page.get_by_label("Why").fill("ordered twice by mistake")
    await page.get_by_role("button", name="End all 2").click()
    await page.wait_for_url("**/runs/r*")
    await page.get_by_text("Done: 2 of 2").wait_for(timeout=15_000)
    (left,) = (await call(w, "GET", "/v1/incidents"))[1]["items"]
    assert left["type"] == "unmapped_code"


async def test_somebodys_data_is_found_saved_and_erased_with_a_second_person(
    tmp_path: Path, browser: Any
) -> None:
    async with world(tmp_path, more={"four_eyes": {"acts": ["erase"]}}) as w:
        await w.order("SO-1")
        await w.settled()
        page = await signed_in(browser, w, await w.person("boss", Role.ADMIN))
        await page.goto(f"{w.url}{PREFIX}/admin/data")
        await page.get_by_label("Look by").select_option("name")
        await page.locator("input[name=value]").fill("Café Noord")
        await page.get_by_role("button", name="Look").click()
        await page.get_by_text("1 document is kept").wait_for()
        async with page.expect_download() as saving:
            await page.get_by_role("button", name="Save all of it").click()
        saved = await (await saving.value).path()
        assert "Kade 4" in await asyncio.to_thread(Path(saved).read_text, "utf-8")
        await page.get_by_label("Why").fill("request 17")
        await page.get_by_label("I have checked").check()
        await page.get_by_role("button", name="Erase it for good").click()
        await page.wait_for_url("**/approvals?asked=*")
        page = await signed_in(browser, w, await w.person("april", Role.APPROVER))
        await page.goto(f"{w.url}{PREFIX}/approvals")
        await page.get_by_role("button", name="Approve").click()
        await page.wait_for_url("**/approvals?view=all**")
        found = await w.app.subjects.found(Subject("name", "Café Noord"))
        assert found["documents"] == []


async def test_what_left_a_list_that_is_looked_at_is_marked_where_it_stands(w: World, browser: Any) -> None:
    token = await w.person("sam", Role.OPERATOR)
    for code in ("DRONE", "ROCKET"):
        await w.order(f"SO-{code}", by=code)
    await w.settled()
    page = await signed_in(browser, w, token)
    await page.goto(f"{w.url}{PREFIX}/incidents")
    first = page.locator("li[data-key]").first
    id_ = int((await first.get_attribute("data-key"))[1:])
    await w.app.desk.act(id_, "snooze", {"for_s": 3_600, "reason": "the shop is asked"}, who="ann")
    await first.locator(".what[data-gone]").wait_for()
    assert await page.locator("li[data-key]").count() == 2
    assert await page.locator(".what[data-gone]").count() == 1


async def test_axe_finds_no_violation_on_any_page(w: World, browser: Any, axe: str) -> None:
    await w.a_day()
    await w.settled()
    token = await w.person("boss", Role.ADMIN)
    await w.person("anna", Role.OPERATOR)
    at = await w.shown.hub.journal.view(
        lambda c: (
            c.execute("SELECT min(position) FROM ledger WHERE kind = 6").fetchone()[0],
            c.execute("SELECT id FROM incidents WHERE type = 'rejected'").fetchone()[0],
            c.execute("SELECT digest FROM keys").fetchone()[0],
        )
    )
    stand_for = {"ENTRY": str(at[0]), "INCIDENT": f"i{at[1]}", "FINGERPRINT": bytes(at[2]).hex()[:12]}
    pages = [re.sub("|".join(stand_for), lambda found: stand_for[found[0]], path) for path in _PAGES]
    found: list[str] = []
    for scheme in ("light", "dark"):
        page = await signed_in(browser, w, token, color_scheme=scheme)
        stranger = await (await browser.new_context(color_scheme=scheme)).new_page()
        found += await violations(w, page, pages, axe, scheme)
        found += await violations(w, stranger, ["/sign-in"], axe, scheme)
    assert not found, "\n".join(found)


async def test_axe_finds_no_violation_on_the_pages_of_partners(
    tmp_path: Path, browser: Any, axe: str
) -> None:
    async with world(tmp_path, write=trading.writer()) as w:
        token = await w.person("boss", Role.ADMIN)
        await trading.a_day(w, tmp_path / "site")
        pages = list((await trading.paths(w)).values())
        found: list[str] = []
        for scheme in ("light", "dark"):
            page = await signed_in(browser, w, token, color_scheme=scheme)
            found += await violations(w, page, pages, axe, scheme)
        small = await signed_in(browser, w, token, viewport={"width": 390, "height": 844})
        found += await violations(w, small, pages, axe, "phone")
        assert not found, "\n".join(found)


async def test_the_keyboard_alone_reads_what_a_partner_sent(tmp_path: Path, browser: Any) -> None:
    async with world(tmp_path, write=trading.writer()) as w:
        await trading.a_day(w, tmp_path / "site")
        page = await signed_in(browser, w, await w.person("anna", Role.OPERATOR))
        await page.goto(f"{w.url}{PREFIX}")
        await page.keyboard.press("g")
        await page.keyboard.press("p")
        await page.wait_for_url("**/partners")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/partners/harborlane")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/documents/**")
        assert "ISA interchange" in " ".join((await page.locator(".edi").inner_text()).split())


async def test_a_page_renews_itself_in_place_while_somebody_looks(w: World, browser: Any) -> None:
    await w.order("SO-1")
    await w.settled()
    page = await signed_in(browser, w, await w.person("anna", Role.OPERATOR))
    await page.goto(f"{w.url}{PREFIX}")
    assert "Nothing needs you" in await page.locator("h1").inner_text()
    await w.order("SO-2", by="DRONE")
    await page.get_by_text("1 thing needs somebody").first.wait_for(timeout=15_000)
    assert page.url == f"{w.url}{PREFIX}"


async def test_the_keyboard_alone_finds_an_order_and_its_evidence(w: World, browser: Any) -> None:
    await w.order("SO-77")
    await w.settled()
    page = await signed_in(browser, w, await w.person("anna", Role.OPERATOR))
    await page.goto(f"{w.url}{PREFIX}")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("SO-77")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/orders/sales_order/SO-77**")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**entry=**")
    assert "SHA-256" in await page.locator(".evidence").inner_text()


async def test_everything_works_with_script_blocked(w: World, browser: Any) -> None:
    w.partner.says["/erp SO-5"] = 422
    await w.order("SO-5")
    await w.settled()
    page = await signed_in(browser, w, await w.person("anna", Role.OPERATOR), java_script_enabled=False)
    await page.goto(f"{w.url}{PREFIX}/incidents")
    await page.get_by_role("link", name="Preview a retry").first.click()
    w.partner.says.clear()
    await page.get_by_role("button", name="Try 2 again").click()
    assert "Everything in it is tried again." in await page.locator("main").inner_text()
