"""Partners on the console: what stands where, whose turn it is, and every document readable and raw."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crossdock.access.roles import Role
from crossdock.journal.sql import interchanges, partners
from crossdock.journal.sql.connection import Connection
from tests.connectors.edi.trade import acknowledgement, drop, envelope, order, set_850
from tests.console import trading
from tests.console.world import PREFIX, World, world

PAGES = f"{PREFIX}/partners"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, write=trading.writer()) as made:
        await trading.a_day(made, tmp_path / "site")
        yield made


def plain(page: str) -> str:
    """What a page says, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_the_list_says_what_stands_where_and_whose_turn_it_is(w: World) -> None:
    text = plain((await w.ask("GET", PAGES, await w.person("anna", Role.VIEWER))).text)
    assert "4 things with partners need somebody." in text
    assert re.search(r"northgate X12 004010 · test 1 2 1 1 0", text), (
        "waiting, accepted, errors, rejected, overdue"
    )
    assert "rejected 940 of sales order PO-7004" in text and "operations looks into it" in text
    assert "940 of sales order PO-7005 northgate northgate acknowledges it" in text
    assert "856 for sales order PO-7002 30 h after it came harborlane northgate tells what to send" in text
    assert "18 days" in text and "the next one is here" in text, (
        "of a certificate that ends soon, and of ours"
    )
    assert "harborlane interchanges 5 44" in text, "the last number given, and the last one seen"


async def test_a_clock_that_was_met_is_not_awaited(w: World) -> None:
    text = plain((await w.ask("GET", PAGES, await w.person("anna", Role.VIEWER))).text)
    assert "856 for sales order PO-7001" not in text, "its notice has left"


async def test_what_is_overdue_is_red_and_its_late_answer_ends_that(tmp_path: Path) -> None:
    async with world(tmp_path, write=trading.writer(within_h=0.001)) as w:
        drop(tmp_path / "site", "harborlane", "1.edi", order("PO-1", 1))
        await w.until("SELECT 1 FROM receipts WHERE state = 5")
        token = await w.person("anna", Role.OPERATOR)
        page = (await w.ask("GET", f"{PAGES}/northgate?show=overdue", token)).text
        assert "overdue" in plain(page) and 'class="state bad"' in page and "/incidents/i" in page
        assert "A clock has run out." not in plain(page)
        drop(tmp_path / "site", "northgate", "a.edi", acknowledgement(1, group=1))
        await w.until("SELECT 1 FROM receipts WHERE state = 2 AND control > 0")
        w.shown.looks.forget()
        assert "Nothing stands like this." in plain(
            (await w.ask("GET", f"{PAGES}/northgate?show=overdue", token)).text
        )
        assert "PO-1" in (await w.ask("GET", f"{PAGES}/northgate?show=accepted", token)).text


async def test_one_click_leads_from_a_document_to_its_words_and_to_its_bytes(w: World) -> None:
    token = await w.person("anna", Role.OPERATOR)
    where = (await trading.paths(w))["document"]
    listed = (await w.ask("GET", f"{PAGES}/harborlane", token)).text
    assert f'href="{PREFIX}{where}"' in listed
    page = (await w.ask("GET", f"{PREFIX}{where}", token)).text
    text = plain(page)
    assert "850 from harborlane. 1 thing in it is wrong." in text
    assert "PO102 (Quantity ordered) is missing: PO103 needs PO102" in text and "AK403:2" in text
    assert "06 Item number qualifier VN Vendor&#39;s item number" in text
    raw = (await w.ask("GET", f"{PREFIX}{where}?as=raw", token)).text
    assert "PO1*2**XX*1*PE*VN*PT-210~" in raw
    saved = await w.ask("GET", f"{PREFIX}{where.replace('documents', 'bytes')}", token)
    assert saved.text.startswith("ISA*00*") and saved.headers["content-disposition"].startswith("attachment")
    assert len(page) < 100_000 and not re.search(r"<[^>]+\s(style|on\w+)=", page)


async def test_what_we_sent_is_as_readable_and_a_file_that_is_none_says_what_it_is(w: World) -> None:
    token, paths = await w.person("anna", Role.OPERATOR), await trading.paths(w)
    notice = plain((await w.ask("GET", f"{PREFIX}{paths['document-sent']}", token)).text)
    assert "856 to harborlane." in notice and "HL Level of a hierarchy" in notice and "awaited" in notice
    none = plain((await w.ask("GET", f"{PREFIX}{paths['document-none']}", token)).text)
    assert "It cannot be read to its end." in none and "it is not X12 or EDIFACT" in none


async def test_a_viewer_sees_that_there_is_a_document_and_nothing_that_stands_in_it(w: World) -> None:
    viewer, where = await w.person("vera", Role.VIEWER), (await trading.paths(w))["document"]
    for path in (where, f"{where}?as=raw"):
        reply = await w.ask("GET", f"{PREFIX}{path}", viewer)
        assert reply.status == 200 and "PT-100" not in reply.text and "Harbor Lane Store" not in reply.text
    assert (await w.ask("GET", f"{PREFIX}{where.replace('documents', 'bytes')}", viewer)).status == 403


async def test_somebody_for_one_partner_sees_nothing_of_the_others(w: World) -> None:
    token, paths = await w.person("nora", Role.ADMIN, systems=["northgate"]), await trading.paths(w)
    own = await w.ask("GET", PAGES, token)
    assert "northgate" in own.text and "harborlane" not in own.text and "BALTICA" not in own.text
    assert "PO-7002" not in own.text, "the clock of a notice that another partner waits for"
    for path in (*paths.values(), paths["document"].replace("documents", "bytes")):
        if path.startswith("/partners/") and "northgate" not in path:
            assert (await w.ask("GET", f"{PREFIX}{path}", token)).status == 404, path
    theirs = paths["document"].replace("harborlane", "northgate")
    assert (await w.ask("GET", f"{PREFIX}{theirs}", token)).status == 404, (
        "a document of another partner by its name"
    )
    for of in ("", "&of=clocks", "&of=certificates"):
        told = (await w.ask("GET", f"{PAGES}?as=csv{of}", token)).text
        assert "harborlane" not in told and "baltica" not in told


async def test_every_table_is_a_file_too(w: World) -> None:
    token = await w.person("anna", Role.OPERATOR)

    async def rows(path: str) -> list[dict[str, str]]:
        return list(
            csv.DictReader(io.StringIO((await w.ask("GET", path, token)).text.removeprefix("\ufeff")))
        )

    (northgate,) = [one for one in await rows(f"{PAGES}?as=csv") if one["partner"] == "northgate"]
    assert (northgate["waiting"], northgate["accepted"], northgate["rejected"]) == ("1", "2", "1")
    assert {one["turn"] for one in await rows(f"{PAGES}?as=csv&of=clocks")} == {
        "northgate",
        "harborlane",
        "operations",
    }
    assert [one["ours"] for one in await rows(f"{PAGES}?as=csv&of=certificates")] == ["False", "True", "True"]
    listed = await rows(f"{PAGES}/northgate?as=csv")
    assert {"940", "945", "997"} <= {one["what"] for one in listed}
    assert [one["state"] for one in await rows(f"{PAGES}/northgate?show=rejected&as=csv")] == ["rejected"]


@pytest.mark.parametrize("system", ["harborlane", "northgate"])
async def test_a_long_list_goes_on_page_by_page_with_nothing_twice_and_nothing_missing(
    w: World, tmp_path: Path, system: str
) -> None:
    many = "".join(set_850(f"{n:04}", f"PO-8{n:03}") for n in range(1, 91))
    drop(tmp_path / "site", "harborlane", "many.edi", envelope(many, "PO", 50))
    await w.until("SELECT count(*) FROM receipts WHERE document = 'sales_order' HAVING count(*) = 95")
    await w.settled()
    token, path, seen = await w.person("anna", Role.OPERATOR), f"{PAGES}/{system}", list[str]()
    for _ in range(9):
        page = (await w.ask("GET", path, token)).text
        seen += re.findall(r'<tr data-key="(\w+(?:\.\d+)?)"', page)
        more = re.search(r'<a class="button" href="([^"]+)">Show more', page)
        if more is None:
            break
        path = more[1]
    whole = await w.shown.hub.journal.view(lambda c: _everything(c, w, system))
    assert len(whole) > 90 and len(seen) == len(set(seen)) and set(seen) >= whole


def _everything(c: Connection, w: World, system: str) -> set[str]:
    scope = w.shown.hub.journal.scope
    came = {f"m{one.message}" for one in partners.received(c, system, None, 1_000)}
    return came | {
        f"t{one.transmission}.{one.round}"
        for one in partners.sent(c, scope, system, range(1, 7), None, 1_000)
    }


async def test_a_site_without_partners_says_how_to_get_one(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        text = plain((await w.ask("GET", PAGES, await w.person("anna", Role.VIEWER))).text)
        assert (
            "No trading partner speaks EDI with this site yet." in text
            and "crossdock edi partner new" in text
        )


async def test_lists_and_counts_find_their_rows_by_their_indexes(w: World) -> None:
    scope = w.shown.hub.journal.scope

    def read(c: Connection) -> str:
        queries: list[str] = []

        class Ear:
            dialect = c.dialect

            def execute(self, sql: str, parameters: object = ()) -> object:
                queries.append(sql)
                return c.execute(sql, parameters)  # type: ignore[arg-type]

        ear: Connection = Ear()  # type: ignore[assignment]
        partners.counts(ear, scope, "harborlane", 0)
        partners.sent(ear, scope, "harborlane", [2], None, 5)
        partners.received(ear, "harborlane", None, 5)
        partners.unsent(ear, "harborlane", 5)
        interchanges.last_seen(ear, "harborlane")
        plans = [
            row[3]
            for sql in queries
            for row in c.execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * sql.count("?"))
        ]
        return " ".join(plans)

    plans = await w.shown.hub.journal.view(read)
    for index in ("receipts_standing", "messages_state", "transmissions_open", "captures_state"):
        assert index in plans
    assert "SCAN r" not in plans and "SCAN captures" not in plans.replace("SCAN captures USING", "")
