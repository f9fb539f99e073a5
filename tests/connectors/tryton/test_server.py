"""The real ERP as the demo and these tests start it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossdock.twins.warehouse.opening import read_opening
from demo.tryton.opening import opening
from demo.tryton.sales import Wanted, books, mixed_sales, open_sales
from demo.tryton.server import TrytonServer


@pytest.mark.tryton
def test_a_reset_takes_the_company_back_to_its_first_morning(tmp_path: Path) -> None:
    with TrytonServer(folder=tmp_path) as server:
        url = server.url
        (sale,) = open_sales(server.erp(), [Wanted("C-1001", (("TEA-0250", 3),))])
        (record,) = books(server.erp(), [sale])
        assert (record.number, record.state, record.shipments[0].state) == (
            "SO-00001",
            "processing",
            "waiting",
        )
        assert server.reset() == url
        assert server.erp()("sale.sale.search_count", []) == 0
        assert server.erp()("product.product.search_count", [["type", "=", "goods"]]) == 6
    assert (tmp_path / "erp.sqlite").exists()  # a folder that was given stays


def test_the_same_seed_gives_the_same_sales() -> None:
    assert mixed_sales(25) == mixed_sales(25)
    assert mixed_sales(25) != mixed_sales(25, random_seed=2)


def test_the_warehouse_opens_with_what_the_books_say_but_for_what_is_short(tmp_path: Path) -> None:
    file = tmp_path / "stock.json"
    file.write_text(json.dumps(opening({"TEA-0250": 7})), "utf-8")
    found = {(row.sku, row.lot): row.quantity for row in read_opening(file).stock}
    assert found["TEA-0250", None] == 7
    assert found["HON-0350", "H2611-A"] + found["HON-0350", "H2611-B"] == 2_000
