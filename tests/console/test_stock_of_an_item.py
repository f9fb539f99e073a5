"""The page of one item tells what may be promised, to those within reach of it only."""

from pathlib import Path

from crossdock.access.roles import Role
from tests.console import trading
from tests.console.world import PREFIX, STOCK, charter, world, write_site

PAGE = f"{PREFIX}/stock/W-10010"


async def test_an_item_adds_up_and_names_who_holds_it(tmp_path: Path) -> None:
    async with world(tmp_path, more={"stock": STOCK}) as w:
        token = await w.person("boss", Role.VIEWER)
        await w.a_day()
        await w.settled()
        seen = await w.ask("GET", PAGE, token)
        assert seen.status == 200
        assert "68 EA may still be promised." in seen.text, "120 there, 48 set aside, 4 kept back"
        assert "58 EA" in seen.text, "the webshop's own buffer of 10 comes off"
        assert f"{PREFIX}/orders/sales_order/SO-1001" in seen.text
        csv = await w.ask("GET", f"{PAGE}?as=csv", token)
        assert csv.text.splitlines()[1].startswith("RENO,wms-reno,available")


def _buying(folder: Path, target: str) -> None:
    """The ERP buys, too, and what it bought counts for promises of the next month."""
    made = charter(target)
    made["systems"]["erp"]["in"].append({"document": "purchase_order", "id": "number"})
    objects = made["objects"] | {"purchase_order": {"owner": "erp", "readers": []}}
    sites = {"RENO": STOCK["sites"]["RENO"] | {"inbound_days": 30}}
    write_site(
        folder, target, {"systems": made["systems"], "objects": objects, "stock": STOCK | {"sites": sites}}
    )


async def test_what_is_to_come_is_listed_with_its_day_and_what_is_late_says_so(tmp_path: Path) -> None:
    async with world(tmp_path, write=_buying) as w:
        token = await w.person("boss", Role.VIEWER)
        outside = await w.person("3pl-dallas", Role.VIEWER, systems=["3pl-dallas"])
        await w.a_day()
        for number, sku, quantity, day in (
            ("PO-1", "W-10010", 40, "2020-02-03"),
            ("PO-2", "W-10010", 5, "2099-02-03"),
            ("PO-3", "NEW-1", 7, "2099-02-03"),
        ):
            line = {"line": 1, "sku": sku, "quantity": quantity, "unit": "EA"}
            bought = {
                "number": number,
                "supplier": {"id": "V"},
                "site": "RENO",
                "expected_at": day,
                "lines": [line],
            }
            await w.hand_in("erp", "purchase_order", bought)
        await w.settled()
        item = (await w.ask("GET", PAGE, token)).text
        rows = item[item.index('data-live="inbound"') :].split("</tbody>")[0].split("<tr>")[1:]
        assert ["PO-1" in rows[0], "40 EA" in rows[0], "late" in rows[0]] == [True] * 3
        assert ["PO-2" in rows[1], "5 EA" in rows[1], "late" not in rows[1], "2099" in rows[1]] == [True] * 4
        listed = (await w.ask("GET", f"{PREFIX}/stock?site=RENO&q=W-10010", token)).text
        assert "45 EA to come, the first by 3 Feb 2020" in listed
        assert "7 EA" in (await w.ask("GET", f"{PREFIX}/stock/NEW-1", token)).text, (
            "bought, and never there yet"
        )
        assert "to come" not in (await w.ask("GET", f"{PREFIX}/stock?site=RENO", outside)).text


async def test_whoever_does_not_reach_a_site_sees_what_they_would_of_an_item_that_is_not_there(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, more={"stock": STOCK}) as w:
        await w.a_day()
        await w.settled()
        inside, outside = [
            await w.person(name, Role.VIEWER, systems=[name]) for name in ("wms-reno", "3pl-dallas")
        ]
        mine, theirs = await w.ask("GET", PAGE, inside), await w.ask("GET", PAGE, outside)
        nothing = await w.ask("GET", PAGE.replace("10010", "10011"), outside)
        assert (mine.status, theirs.status, nothing.status) == (200, 404, 404)
        assert "webshop" not in mine.text, "a warehouse does not see who sells its stock"
        assert theirs.text.replace("10010", "10011") == nothing.text


async def test_a_site_without_stock_rules_leads_to_what_systems_believe(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        token = await w.person("boss", Role.VIEWER)
        answer = await w.ask("GET", PAGE, token)
        assert (answer.status, answer.headers["location"]) == (303, f"{PREFIX}/stock?q=W-10010")


async def test_a_balance_whose_sender_says_too_much_is_invalid_and_no_defect_of_ours(tmp_path: Path) -> None:
    async with world(tmp_path, write=trading.writer()) as w:
        told = {"number": "B-1", "sku": "PT-100", "site": "DUL", "status": "available", "quantity": 96, "unit": "EA",
                "as_of": "2026-11-22T09:30:00Z", "mood": "good"}  # fmt: skip
        await w.hand_in("erp", "inventory_balance", told)
        await w.settled()
        types = await w.shown.hub.journal.view(lambda c: c.execute("SELECT type FROM incidents").fetchall())
        assert types == [("invalid",)]
