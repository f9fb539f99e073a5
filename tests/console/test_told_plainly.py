"""What people read says whose turn it is and what was done, on the site's clock, with forms rightly half filled in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crossdock.access.roles import Role
from crossdock.access.sessions import csrf_of
from crossdock.console.systems import words
from crossdock.desk.folding import folded
from tests.console.world import PREFIX, World, world


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def test_it_is_documents_that_wait_and_not_the_system() -> None:
    item = {"calls": None, "in": None, "out": {"state": "open"}, "to": {"desk": 1}}
    assert words(item) == ("wait", "open; documents to it wait for a person")
    assert words({**item, "to": {"desk": 0}}) == ("fine", "open"), "control: none of them waits"


async def test_the_bare_address_of_the_hub_leads_to_the_console(w: World) -> None:
    reply = await w.ask("GET", "/")
    assert (reply.status, reply.headers["location"]) == (303, PREFIX)


async def test_a_missing_row_is_half_filled_in_on_the_side_that_is_known(w: World) -> None:
    await w.order("SO-1", by="DRONE")
    await w.settled()
    boss = await w.person("boss", Role.OPERATOR)
    page = (await w.ask("GET", f"{PREFIX}/incidents", boss)).text
    assert (_field(page, "theirs"), _field(page, "ours")) == ("DRONE", "")
    assert "crossdock desk fix" not in page, "who sits before a form needs no command"
    # Ours is known now, but the warehouse has no word for it.
    row = {"crosswalk": "ship_method", "system": "webshop", "theirs": "DRONE", "ours": "drone"}
    name = re.search(r"/incidents/(i\d+)", page)
    assert name is not None
    await w.ask("POST", f"{PREFIX}/incidents/{name[1]}/fix", boss, {**row, "csrf": csrf_of(boss)})
    await w.until("SELECT 1 FROM incidents WHERE closed_ms IS NULL AND says LIKE '%drone of erp%'")
    page = (await w.ask("GET", f"{PREFIX}/incidents?system=erp", boss)).text
    assert (_field(page, "system"), _field(page, "theirs"), _field(page, "ours")) == ("erp", "", "drone")


async def test_history_is_told_on_the_sites_clock_and_who_takes_it_took_it(w: World) -> None:
    await w.order("SO-1", by="DRONE")
    await w.settled()
    boss = await w.person("boss", Role.OPERATOR)
    name = re.search(r"/incidents/(i\d+)", (await w.ask("GET", f"{PREFIX}/incidents", boss)).text)
    assert name is not None
    path, csrf = f"{PREFIX}/incidents/{name[1]}", {"csrf": csrf_of(boss)}
    await w.ask("POST", f"{path}/assign", boss, csrf)
    await w.ask("POST", f"{path}/snooze", boss, {"for_s": "1800", "reason": "the shop is asked", **csrf})
    history = (await w.ask("GET", path, boss)).text.partition('class="history"')[2]
    assert "boss took it" in history
    assert re.search(r"boss let it sleep until (\d+ \w+ )?\d\d:\d\d:\d\d: the shop is asked", history)


async def test_each_page_names_the_site_of_the_hub_and_no_other(w: World) -> None:
    await w.hand_in(
        "wms-reno", "inventory_balance",
        {"no": "B-1", "sku": "W-10010", "site": "ELSEWHERE", "qty": 1, "at": "2026-11-22T09:30:00Z"},
    )  # fmt: skip
    await w.settled()
    page = (await w.ask("GET", f"{PREFIX}/stock", await w.person("vera", Role.VIEWER))).text
    assert "ELSEWHERE" in page and "<title>Stock · Reno</title>" in page
    system = (await w.ask("GET", f"{PREFIX}/systems/erp", await w.person("otto", Role.VIEWER))).text
    assert "lets calls through" in system, "an open breaker is one that lets nothing through"


async def test_a_range_that_nobody_gave_is_asked_for_in_plain_words(w: World) -> None:
    reply = await w.ask("GET", f"{PREFIX}/replay?to=erp", await w.person("boss", Role.OPERATOR))
    assert reply.status == 422 and "Nothing was chosen yet" in reply.text


def test_who_had_it_sent_again_is_told_at_first_sight_and_other_steps_are_not() -> None:
    def due(says: str) -> dict[str, str]:
        return {"kind": "due", "says": says, "transmission": "t1"}

    again = "sales_order SO-1, again (word for word under its key), asked for by boss: erp restored"
    assert [group[0]["says"] for group in folded([due("sales_order SO-1"), due(again)])] == [again]


def _field(page: str, name: str) -> str:
    found = re.search(rf'<input name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


async def test_orders_that_nobody_could_read_are_counted_where_orders_are_listed(w: World) -> None:
    for n in range(7):
        await w.order(f"SO-{n}", by="DRONE")
    await w.settled()
    boss = await w.person("boss", Role.OPERATOR)
    for path in ("orders", "orders?state=desk"):
        page = (await w.ask("GET", f"{PREFIX}/{path}", boss)).text
        assert "7 documents on the desk could not be understood" in page
        assert f'{PREFIX}/orders/sales_order/SO-6?system=webshop"' in page
    elsewhere = await w.person("erp-only", Role.OPERATOR, systems=("erp",))
    assert "could not be understood" not in (await w.ask("GET", f"{PREFIX}/orders", elsewhere)).text


async def test_whose_turn_it_is_is_said_where_an_order_is_stuck(w: World) -> None:
    await w.order("SO-1", by="DRONE")
    await w.order("SO-2")
    await w.settled()
    boss = await w.person("boss", Role.ADMIN)
    page = (await w.ask("GET", f"{PREFIX}/orders/sales_order/SO-1", boss)).text
    assert "It is the turn of master data." in page and page.count("Open i") == 1
    assert "0 of the newest 1 wait for a person." in (await w.ask("GET", f"{PREFIX}/orders", boss)).text
    assert "is open; " not in (await w.ask("GET", f"{PREFIX}/systems/erp", boss)).text
    name = re.search(r"/incidents/(i\d+)", page)
    assert name is not None
    mend = (await w.ask("GET", f"{PREFIX}/incidents/{name[1]}", boss)).text
    assert '<datalist id="known"><option>' in mend, "our own codes are offered where one is asked for"


async def test_what_sleeps_is_not_counted_among_what_waits(w: World) -> None:
    await w.order("SO-1", by="DRONE")
    await w.settled()
    boss = await w.person("boss", Role.OPERATOR)
    page = (await w.ask("GET", f"{PREFIX}/incidents", boss)).text
    name = re.search(r"/incidents/(i\d+)", page)
    assert name is not None and "1 incident is open" in page
    nap = {"for_s": "1800", "reason": "the shop is asked", "csrf": csrf_of(boss)}
    await w.ask("POST", f"{PREFIX}/incidents/{name[1]}/snooze", boss, nap)
    assert "Nothing waits for a person" in (await w.ask("GET", f"{PREFIX}/incidents", boss)).text
    assert name[1] in (await w.ask("GET", f"{PREFIX}/incidents?view=asleep", boss)).text
