"""What a mapping would write and the model has not."""

from __future__ import annotations

import pytest

from crossdock.model.strays import strays


@pytest.mark.parametrize(
    "path", ["number", "lines.sku", "ship_to.city", "extra.anything.at.all", "extra.*", "lines", "*.there"]
)
def test_fields_of_the_model_and_what_lies_below_extra_are_none(path: str) -> None:
    assert [*strays("sales_order", [path])] == []


def test_a_stray_is_told_once_and_not_again_for_what_lies_below_it() -> None:
    found = [*strays("sales_order", ["shipto.city", "lines.skuu", "shipto"])]
    assert found == [("lines.skuu", "did you mean `sku`?"), ("shipto", "did you mean `ship_to`?")]
