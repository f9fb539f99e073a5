"""The file that a simulated warehouse opens with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossdock.faults import Misconfigured
from crossdock.twins.warehouse.floor.stock import Stock
from crossdock.twins.warehouse.opening import fill, read_opening


def test_a_row_needs_an_item_and_a_quantity_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "stock.json"
    rows = [{"sku": "A-1", "quantity": 5}, {"sku": "B-1", "quantity": 2}]
    file.write_text(json.dumps({"items": [{"sku": "A-1"}, {"sku": "B-1"}], "stock": rows}))
    stock = Stock()
    assert fill(stock, read_opening(file), "2026-11-23T05:00:00Z") == ["MAIN"]
    assert [(place.bin, place.sku, bin_.quantity) for place, bin_ in stock.bins.items()] == [
        ("A-01", "A-1", 5),
        ("A-01", "B-1", 2),
    ]


@pytest.mark.parametrize(
    ("row", "says"),
    [({"sku": "A-1"}, "quantity"), ({"sku": "A-1", "quantity": 5, "expires": "2027-01-01"}, "expires")],
)
def test_a_row_that_lacks_something_or_has_a_word_too_many_is_named(
    row: dict[str, object], says: str, tmp_path: Path
) -> None:
    file = tmp_path / "stock.json"
    file.write_text(json.dumps({"items": [{"sku": "A-1"}], "stock": [row]}))
    with pytest.raises(Misconfigured, match=says) as caught:
        read_opening(file)
    assert "expires_on" in caught.value.fix
