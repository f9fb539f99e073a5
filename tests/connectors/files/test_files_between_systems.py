"""A whole hub between an ERP and a warehouse that know nothing but files."""

from __future__ import annotations

from pathlib import Path

from crossdock.formats import xlsx
from tests.cli.console import crossdock
from tests.connectors.files.files_site import stand

ITEMS = (
    'sku,name,unit,packs[0].unit,packs[0].factor,weight_kg\nA-1,Apples,EA,CS,12,"0,25"\nB-2,Bread,EA,,,1\n'
)


async def test_a_file_becomes_documents_and_documents_become_files(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        world.drop("erp", "items-1.csv", ITEMS)
        await world.until(lambda: sorted(world.sent()) == ["item-A-1.xml", "item-B-2.xml"], "items")
        said = world.last("item-A-1.xml")
        assert "<sku>A-1</sku>" in said
        assert "<factor>12</factor>" in said
        assert "<weight_kg>0.25</weight_kg>" in said
        await world.until(lambda: world.files("erp", "archive"), "filed away")
        await world.until(lambda: len(world.files("erp", "archive")) == 2, "the report")
        assert "2 of 2 item taken" in world.text("erp", "archive", "items-1.csv.report.txt")
        assert world.files("erp", "in") == []


async def test_bad_rows_are_named_by_file_line_and_column_while_good_ones_go_on(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        world.drop("erp", "items.csv", "sku,unit,weight_kg\nA-1,EA,1\nA-2,EA,1.5x\n,EA,2\nA-4,EA,4\n")
        await world.until(lambda: len(world.sent()) == 2, "the good rows")
        await world.until(lambda: len(world.files("erp", "failed")) == 2, "the report")
        report = world.text("erp", "failed", "items.csv.report.txt")
        assert "2 of 4 item taken" in report
        assert "line 3, column C (weight_kg): '1.5x' is no number" in report
        assert "line 4, column A (sku): the row has no id" in report
        found = {one["path"]: one for one in await world.incidents()}
        assert sorted(found) == ["line_3.weight_kg", "line_4.sku"]
        assert found["line_3.weight_kg"]["type"] == "invalid"
        assert found["line_3.weight_kg"]["value"] == "1.5x"
        assert "items.csv, line 3, column C (weight_kg)" in found["line_3.weight_kg"]["says"]
        await world.act(found["line_3.weight_kg"]["id"], "fix", {"path": "line_3.weight_kg", "value": "1,5"})
        await world.until(lambda: "item-A-2.xml" in world.sent(), "the mended row")
        assert "<weight_kg>1.5</weight_kg>" in world.last("item-A-2.xml")
        await world.act(found["line_4.sku"]["id"], "fix", {"path": "line_4.sku", "value": "A-3"})
        await world.until(lambda: "item-A-3.xml" in world.sent(), "the row that had no id")
        assert "weight_kg>2<" in world.last("item-A-3.xml"), "another row's value was laid over it"
        assert not await world.incidents()
        assert (await world.counts())["balanced"]


async def test_rows_of_one_order_are_one_document(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        world.drop("erp", "items.csv", ITEMS)
        await world.until(lambda: len(world.sent()) == 2, "items")
        head = (
            "number,customer.id,ship_to.name,ship_to.country,lines.line,lines.sku,lines.quantity,lines.unit\n"
        )
        rows = "S-1,C1,Ann,NL,1,A-1,2,CS\nS-2,C2,Bo,DE,1,B-2,1,EA\nS-1,C1,Ann,NL,2,B-2,3,EA\n"
        world.drop("erp", "orders-1.csv", head + rows)
        await world.until(lambda: "order-S-1.csv" in world.sent(), "order 1")
        lines = world.last("order-S-1.csv").splitlines()
        assert sorted(lines[0].split(",")) == sorted(head.strip().split(","))
        assert len(lines) == 3
        assert {line.split(",")[0] for line in lines[1:]} == {"S-1"}


async def test_the_same_file_again_has_no_effect_and_an_old_row_in_a_new_file_is_no_news(
    tmp_path: Path,
) -> None:
    async with stand(tmp_path) as world:
        world.drop("erp", "items.csv", ITEMS)
        await world.until(lambda: len(world.sent()) == 2, "items")
        world.drop("erp", "items-again.csv", ITEMS)
        await world.until(lambda: len(world.files("erp", "archive")) == 4, "filed away")
        assert (await world.counts())["captures"]["accepted"] == 1
        world.drop("erp", "items-3.csv", ITEMS.replace("Bread", "Rye bread"))
        await world.until(lambda: world.sent().count("item-B-2.xml") == 2, "the one that changed")
        counts = await world.counts()
        assert counts["messages"]["made"] == 4
        assert counts["transmissions"]["made"] == 3, "Apples did not change and nobody was told of them again"


async def test_what_was_said_before_the_last_word_is_news_again(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        for number, name in enumerate(("Apples", "Pears", "Apples"), 1):
            world.drop("erp", "items.csv", f"sku,name,unit\nA-1,{name},EA\n")
            await world.until(lambda n=number: len(world.sent()) == n, f"word {number}")
        last = world.last("item-A-1.xml")
        assert "Apples" in last


async def test_a_file_that_nobody_can_read_is_one_incident_and_holds_no_other_up(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        world.drop("wms", "stock.xlsx", b"PK\x03\x04 this is no spreadsheet")
        world.drop("erp", "items.csv", ITEMS)
        await world.until(lambda: len(world.sent()) == 2, "items")
        await world.until(lambda: len(world.files("wms", "failed")) == 2, "filed away")
        assert "Nothing of this file could be read" in world.text("wms", "failed", "stock.xlsx.report.txt")
        incidents = await world.incidents()
        assert [one["type"] for one in incidents] == ["poison"]
        rows = [
            {
                "sku": "A-1",
                "site": "AMS",
                "status": "available",
                "quantity": 7,
                "unit": "EA",
                "as_of": "2026-11-22T10:00:00Z",
            }
        ]
        world.drop("wms", "stock-2.xlsx", xlsx.write(rows, list(rows[0])))
        await world.until(lambda: "stock-2.xlsx" in world.files("wms", "archive"), "the next file")


async def test_a_value_that_does_not_fit_the_target_is_never_cut(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        world.drop("erp", "items.csv", ITEMS)
        await world.until(lambda: len(world.sent()) == 2, "items")
        head = "number,ship_to.name,lines.line,lines.sku,lines.quantity,lines.unit\n"
        world.drop("erp", "orders.csv", head + "S-9,Bartholomew Longname,1,A-1,2,EA\n")
        await world.until(lambda: "orders.csv" in world.files("erp", "archive"), "filed away")
        (incident,) = await world.incidents_once_there()
        assert (incident["type"], incident["path"]) == ("invalid", "ship_to.name")
        assert "do not fit into 10" in incident["says"]
        await world.act(incident["id"], "fix", {"path": "ship_to.name", "value": "B Longname"})
        await world.until(lambda: "order-S-9.csv" in world.sent(), "the order")


async def test_declared_encodings_and_mappings_hold(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        world.drop(
            "erp", "kunden.txt", "Kunde;Name;Ort;Land\r\n7;Müller & Söhne;Köln;DE\r\n".encode("cp1252")
        )
        await world.until(lambda: "kunden.txt" in world.files("erp", "archive"), "filed away")
        told = world.hub.journal.identity("erp", "party", "7")
        assert told is not None
        belief = world.hub.journal.belief(told[0], "erp")
        assert belief is not None
        message = world.hub.journal.message(belief[2])
        assert message is not None
        assert message.tree["name"] == "Müller & Söhne"


async def test_customers_that_are_likely_one_are_shown(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        rows = (
            "Kunde;Name;Ort;Land\n7;Müller & Söhne GmbH;Köln;DE\n8;SOHNE & MULLER;Koln;DE\n9;Maier;Köln;DE\n"
        )
        world.drop("erp", "kunden.txt", rows.encode("cp1252"))
        await world.until(lambda: "kunden.txt" in world.files("erp", "archive"), "filed away")
    said = crossdock("duplicates", "--site", tmp_path, "--json")
    assert said.code == 1
    (group,) = said.tree["items"]
    assert [one["id"] for one in group["parties"]] == ["7", "8"]
