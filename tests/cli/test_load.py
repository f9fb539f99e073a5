"""`crossdock load`: rows in, what does not fit in a report, and the same file again where it stopped."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.console import Said, crossdock

CHARTER = """
crossdock: 1
site: {name: load}
systems:
  erp: {connector: http, in: [{document: item, id: sku}, {document: party, id: id}]}
  wms: {connector: http, in: [{document: inventory_balance, id: sku}]}
objects:
  item: {owner: erp}
  party: {owner: erp}
  inventory_balance: {owner: wms}
"""
ITEMS = (
    "sku,unit,weight_kg,packs[0].unit,packs[0].factor\nA-1,EA,1,CS,12\nA-2,EA,heavy,,\nA-3,,2,,\nA-4,EA,,,\n"
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "charter.yaml").write_text(CHARTER, "utf-8")
    (tmp_path / "items.csv").write_text(ITEMS, "utf-8")
    return tmp_path / "site"


def load(site: Path, file: str, *words: str, system: str = "erp", document: str = "item") -> Said:
    return crossdock(
        "load", site.parent / file, "--system", system, "--document", document, "--site", site, *words
    )


def waiting(site: Path) -> int:
    return json.loads(crossdock("conservation", "--site", site, "--json").out)["captures"]["accepted"]


def test_good_rows_are_taken_and_bad_ones_reported_by_line(site: Path) -> None:
    said = load(site, "items.csv", "--json")
    assert said.code == 1
    assert (said.tree["rows"], said.tree["taken"], said.tree["not_fitting"]) == (4, 2, 2)
    with Path(said.tree["report"]).open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [(one["line"], one["path"], one["value"]) for one in found] == [
        ("3", "line_3.weight_kg", "heavy"), ("4", "line_4.unit", ""),
    ]  # fmt: skip
    assert waiting(site) == 1


def test_the_same_file_again_adds_nothing(site: Path) -> None:
    load(site, "items.csv")
    said = load(site, "items.csv", "--json")
    assert (said.tree["taken"], said.tree["before"]) == (0, 2)
    assert waiting(site) == 1


def test_a_load_that_broke_off_goes_on_behind_its_last_commit(site: Path) -> None:
    rows = "".join(f"A-{number},EA\n" for number in range(2500))
    (site.parent / "many.csv").write_text("sku,unit\n" + rows + '"never ends', "utf-8")
    first = load(site, "many.csv", "--json")
    assert (first.code, first.tree["taken"], waiting(site)) == (1, 2500, 3)
    again = load(site, "many.csv", "--json")
    assert (again.tree["taken"], again.tree["before"], waiting(site)) == (0, 2500, 3)


def test_a_dry_run_hands_nothing_in(site: Path) -> None:
    said = load(site, "items.csv", "--dry-run", "--json")
    assert (said.tree["taken"], said.tree["not_fitting"]) == (0, 2)
    assert not (site / "data").exists()


def test_stock_levels_and_customers_go_by_their_trade_names(site: Path) -> None:
    (site.parent / "stock.csv").write_text("sku;site;quantity;unit\nA-1;AMS;1,5;EA\n", "utf-8")
    assert load(site, "stock.csv", "--decimal", ",", system="wms", document="stock_level").code == 0
    (site.parent / "customers.csv").write_text(
        "id,name,addresses.city,addresses.country\nC1,Ann,Delft,NL\n", "utf-8"
    )
    assert load(site, "customers.csv", document="customer").code == 0
    assert waiting(site) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("wms", "item"), "sends no item"),
        (("erp", "ship"), "no document ship"),
        (("xyz", "item"), "no system xyz"),
    ],
)
def test_a_load_that_cannot_be_meant_is_refused_with_what_to_write(
    site: Path, words: tuple[str, str], says: str
) -> None:
    said = load(site, "items.csv", system=words[0], document=words[1])
    assert said.code == (1 if words[0] == "wms" else 2)
    assert says in said.err


def test_another_systems_documents_are_not_loaded_as_ones_own(site: Path) -> None:
    (site / "charter.yaml").write_text(CHARTER.replace("item: {owner: erp}", "item: {owner: wms}"), "utf-8")
    said = load(site, "items.csv")
    assert "item belongs to wms" in said.err
