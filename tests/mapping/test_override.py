"""Overrides: a value that a person puts in place of another."""

from decimal import Decimal

import pytest

from crossdock.faults import Invalid
from crossdock.mapping.override import apply, resolves, steps_of

ORDER = {"number": "SO-1", "lines": [{"sku": "A"}, {"sku": "B", "price": Decimal("10.00")}], "a.b": {"c": 1}}


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("number", ("number",)),
        ("lines[2].sku", ("lines", 2, "sku")),
        ("lines[0][1]", ("lines", 0, 1)),
        ("ship_to.`post code`", ("ship_to", "post code")),
        ('["a.b"].c', ("a.b", "c")),
    ],
)
def test_a_path_is_read_step_by_step(path: str, steps: tuple[str | int, ...]) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize(
    "path", ["", ".", ".a", "a..b", "a[", "a[x]", "a[-1]", "a]", "a." * 40 + "a", "x" * 501]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        steps_of(path)


def test_the_value_stands_at_the_path_and_the_given_document_stays_as_it_was() -> None:
    mended = apply(ORDER, "lines[1].sku", "C")
    assert mended["lines"] == [{"sku": "A"}, {"sku": "C", "price": Decimal("10.00")}]
    assert ORDER["lines"][1]["sku"] == "B"


def test_a_field_that_is_missing_is_added_only_where_that_is_asked_for() -> None:
    assert apply(ORDER, "lines[0].unit", "EA", add=True)["lines"][0] == {"sku": "A", "unit": "EA"}
    assert apply(ORDER, "lines[0].unit", "EA") == ORDER


@pytest.mark.parametrize("path", ["lines[7].sku", "nobody.sku", "number.x", "lines.sku", "[0]"])
def test_a_path_that_leads_nowhere_changes_nothing(path: str) -> None:
    assert apply(ORDER, path, "C") == ORDER
    assert apply(ORDER, path, "C", add=True) == ORDER
    assert not resolves(ORDER, path)


def test_a_path_resolves_where_something_stands() -> None:
    assert resolves(ORDER, "lines[1].price")
    assert resolves(ORDER, '["a.b"].c')
    assert not resolves(ORDER, "lines[0].price")
