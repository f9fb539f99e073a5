"""Paths of the charter: one value, as it stands there."""

from decimal import Decimal

import pytest

from crossdock.faults import Misconfigured, Unreadable
from crossdock.mapping.path import Path

ORDER = {
    "number": "SO-1",
    "total": Decimal("10.00"),
    "sscc": 376012345678901234,
    "customer": {"id": 77, "e-mail": "x"},
    "lines": [{"sku": "A", "price": Decimal("1.50")}, {"sku": "B", "price": Decimal("2.50")}],
    "none": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("number", "SO-1"),
        ("total", Decimal("10.00")),
        ("sscc", 376012345678901234),
        ("customer.id", 77),
        ("customer.`e-mail`", "x"),
        ("none", None),
        ("missing", None),
        ("customer.missing.more", None),
        ("number.more", None),
        ("lines.sku", ["A", "B"]),
        ("lines[0].sku", "A"),
        ("lines[1].price", Decimal("2.50")),
        ("customer.id & '-' & number", "77-SO-1"),
        ("lines[sku='C'].price", None),
        ("$string(customer.id)", "77"),
    ],
)
def test_a_path_leads_to_the_value_as_it_stands_there(path, value):
    found = Path(path).value(ORDER)
    assert (found, type(found), str(found)) == (value, type(value), str(value))


@pytest.mark.parametrize(
    "path", ["customer.id", "lines.sku", "number", "total", "missing", "number.more", "none"]
)
def test_a_plain_path_gives_without_the_engine_what_the_engine_gives(path):
    plain = Path(path)
    assert plain.names
    assert plain.value(ORDER) == plain._evaluated(ORDER)


def test_a_path_over_something_else_than_an_object_finds_nothing():
    assert Path("number").value("text") is None
    assert Path("number").value([{"number": 1}]) == 1


def test_a_broken_path_is_refused_where_it_is_written():
    with pytest.raises(Misconfigured) as refused:
        Path("customer.", file="charter.yaml", line=12)
    assert (refused.value.file, refused.value.line) == ("charter.yaml", 12)


@pytest.mark.parametrize("path", ["number * 2", "$number(number)", "sscc ~> $number ~> $power(2)"])
def test_a_path_that_cannot_be_computed_is_unreadable(path):
    with pytest.raises(Unreadable) as refused:
        Path(path).value(ORDER)
    assert refused.value.status == 422
