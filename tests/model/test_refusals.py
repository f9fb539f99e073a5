"""What the gate refuses, with the path, the value and the next act that a person reads."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from crossdock.faults import Invalid
from crossdock.model import register
from crossdock.model.fields import LINES_MAX
from tests.model.trees import SSCC, TREES

LONG = 10**18
SOURCE = "check the value at its source"
NUMBER = "send a number such as 12 or 0.25, with a point and no comma"

LINE = [
    ("quantity", -1, "quantity is -1 and must not be negative", SOURCE),
    ("quantity", 0, "a quantity must be more than nothing", SOURCE),
    ("quantity", Decimal("-0.5"), "quantity is -0.5 and must not be negative", SOURCE),
    ("quantity", Decimal("NaN"), "not a number", "send a number"),
    ("quantity", Decimal("Infinity"), "not a number", "send a number"),
    ("quantity", LONG, "more than 18 digits", SOURCE),
    ("quantity", Decimal("1E+30"), "more than 18 digits", SOURCE),
    ("quantity", Decimal("1.000000000000000001"), "more than 18 digits", SOURCE),
    ("quantity", 1.5, "a binary float is not exact", "read JSON numbers with a fraction as Decimal"),
    ("quantity", True, "not a number", NUMBER),
    ("quantity", "5", "a text, not a number", "send it as a number: 5 without quotes; or map it with $number(...)"),
    ("quantity", "1,5", "not a number", NUMBER),
    ("quantity", "05", "not a number", NUMBER),
    ("quantity", "five", "not a number", NUMBER),
    ("quantity", None, "`quantity` is missing", "map `quantity`: how much, in `unit`; more than nothing."),
    ("price", "10.00", "a text, not a number",
     "send it as a number: 10.00 without quotes; or map it with $number(...)"),
    ("currency", "EURO", "not a currency of ISO 4217", "send three letters, such as EUR"),
    ("currency", None, "a price without a currency", "map the currency, or write the site's own into the mapping"),
    ("sku", "", "a blank where a code belongs", "send the code, or leave the field out"),
    ("sku", "W-10 ", "blanks around a code", "map it with $trim(...)"),
    ("sku", "W\t10", "not a code: too long, or with control characters", SOURCE),
    ("sku", "W" * 101, "not a code: too long, or with control characters", SOURCE),
    ("sku", 1.0, "not a code", "send it as text"),
    ("line", "002", "line 002 stands here and at lines[1]", "give each line a number of its own"),
    ("colour", "red", "the model has no field `colour`", "put it under the document's `extra`"),
    ("quantiy", 3, "the model has no field `quantiy`", "did you mean `quantity`?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "says", "fix"), LINE, ids=[f"{field}={value}"[:40] for field, value, *_ in LINE]
)
def test_a_wrong_value_in_a_line_is_told_with_its_place(
    field: str, value: object, says: str, fix: str
) -> None:
    tree = copy.deepcopy(TREES["sales_order"])
    tree["lines"].append(tree["lines"][0] | {"line": 3, field: value})
    fault = _refused("sales_order", tree)
    shown = value if value is not None else None
    assert (fault.type, fault.path, fault.says, fault.fix) == ("invalid", f"lines[2].{field}", says, fix)
    assert repr(fault.value) == repr(shown)


UNITS = [
    ("XX", "unknown unit XX", "declare it as a pack of the item, or map it by a crosswalk"),
    ("ea", "unknown unit ea", "write EA"),
    ("", "a blank where a code belongs", "send the code, or leave the field out"),
    (" EA", "blanks around a code", "map it with $trim(...)"),
]


@pytest.mark.parametrize(("unit", "says", "fix"), UNITS)
def test_an_unknown_unit_is_a_fault_of_its_own_type(unit: str, says: str, fix: str) -> None:
    tree = copy.deepcopy(TREES["sales_order"])
    tree["lines"][1]["unit"] = unit
    fault = _refused("sales_order", tree)
    assert (fault.type, fault.path, fault.value) == ("unknown_unit", "lines[1].unit", unit)
    assert (fault.says, fault.fix) == (says, fix)


def test_an_unknown_unit_inside_a_package_is_found() -> None:
    tree = copy.deepcopy(TREES["shipment"])
    tree["packages"][0]["lines"][0]["unit"] = "XX"
    assert _refused("shipment", tree).path == "packages[0].lines[0].unit"


def test_an_item_must_be_counted_in_a_unit_that_the_hub_knows() -> None:
    fault = _refused("item", TREES["item"] | {"unit": "Stück"})
    assert (fault.type, fault.path, fault.value) == ("unknown_unit", "unit", "Stück")


ADDRESSES = [
    ("country", "UK", "not a country of ISO 3166", "write GB"),
    ("country", "nl", "not a country of ISO 3166", "write NL"),
    ("country", "Poland", "not a country of ISO 3166", "send two letters, such as NL"),
    ("street", " ", "the street is blank", "ask the customer for the address"),
    ("city", "", "the city is blank", "ask the customer for the address"),
    ("postcode", "90_001", "this is no postcode", "ask the customer for the address"),
    ("postcode", "", "this is no postcode", "ask the customer for the address"),
    ("postcode", "90-001 and more", "this is no postcode", "ask the customer for the address"),
    (
        "gln",
        "4006381333932",
        "the check digit of this GLN is wrong",
        "read it again: after 400638133393 comes 1",
    ),
]


@pytest.mark.parametrize(("field", "value", "says", "fix"), ADDRESSES)
def test_an_address_nobody_can_deliver_to_is_a_fault_of_its_own_type(
    field: str, value: str, says: str, fix: str
) -> None:
    tree = TREES["sales_order"] | {"ship_to": TREES["sales_order"]["ship_to"] | {field: value}}
    fault = _refused("sales_order", tree)
    assert (fault.type, fault.path, fault.value) == ("bad_address", f"ship_to.{field}", value)
    assert (fault.says, fault.fix) == (says, fix)


@pytest.mark.parametrize("country", ["IE", "HK"])
def test_a_blank_postcode_is_right_where_there_are_none(country: str) -> None:
    ship_to = TREES["sales_order"]["ship_to"] | {"country": country, "postcode": ""}
    document = register.read("sales_order", TREES["sales_order"] | {"ship_to": ship_to})
    assert register.tree_of(document)["ship_to"]["postcode"] == ""


def test_norway_is_a_country() -> None:
    ship_to = TREES["sales_order"]["ship_to"] | {"country": "NO"}
    assert register.read("sales_order", TREES["sales_order"] | {"ship_to": ship_to})


WHOLE = [
    (
        "placed_at",
        "2026-11-22T10:00:00",
        "a time without a zone",
        "set `timezone:` for the system in charter.yaml",
    ),
    ("placed_at", "2026-02-30", "not a date", "write it as 2026-11-22"),
    ("placed_at", "2026-11-22T25:00:00Z", "not a date and time", "write it as 2026-11-22T10:00:00+01:00"),
    ("placed_at", "22.11.2026", "not a date", "write it as 2026-11-22"),
    ("placed_at", 1763800000, "not a date and time", "write it as 2026-11-22T10:00:00+01:00"),
    ("number", None, "`number` is missing", "map `number`: the order's number."),
    ("number", True, "not a code", "send it as text"),
    ("notes", 5, "`notes` is not text", "send text"),
    ("notes", "a\0b", "control characters in a text", "remove them in the mapping"),
    (
        "notes",
        "x" * 20_001,
        "longer than 20000 characters",
        "shorten it in the mapping, by a rule people know",
    ),
    ("lines", 3, "`lines` is not a list", "send a list"),
    ("lines", None, "`lines` is missing", "map `lines`: what was ordered."),
    ("lines", [], "`lines` is empty", "a document without lines says nothing: send at least one"),
    ("customer", [], "`customer` is not an object", "send an object"),
    ("extra", "gift", "`extra` is not an object", "send an object"),
    ("shipto", {}, "the model has no field `shipto`", "did you mean `ship_to`?"),
    ("colour", "red", "the model has no field `colour`", "put it under `extra`"),
]


@pytest.mark.parametrize(
    ("field", "value", "says", "fix"), WHOLE, ids=[f"{f}={v}"[:40] for f, v, *_ in WHOLE]
)
def test_a_wrong_value_in_the_head_is_told_with_its_place(
    field: str, value: object, says: str, fix: str
) -> None:
    fault = _refused("sales_order", TREES["sales_order"] | {field: value})
    assert (fault.type, fault.path, fault.says, fault.fix) == ("invalid", field, says, fix)


def test_a_long_wrong_value_is_not_repeated_whole() -> None:
    fault = _refused("sales_order", TREES["sales_order"] | {"notes": "x" * 20_001})
    assert len(str(fault.value)) == 201


@pytest.mark.parametrize("tree", [None, [], "SO-1", 7])
def test_what_is_no_object_is_no_document(tree: object) -> None:
    assert (_refused("sales_order", tree).path, _refused("sales_order", {}).path) == ("", "number")


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest_one() -> None:
    fault = _refused("sale_order", {})
    assert (fault.says, fault.fix) == ("there is no document sale_order", "did you mean sales_order?")


def test_a_document_has_a_bound_on_its_lines() -> None:
    line = {"line": 1, "sku": "W-10", "quantity": 1, "unit": "EA"}
    fault = _refused("shipment", {"number": "SH-1", "order": "SO-1", "lines": [line] * (LINES_MAX + 1)})
    assert (fault.path, fault.says) == ("lines", "`lines` is too long")


RULES: list[tuple[str, dict[str, Any], str, str]] = [
    ("shipment", {"order": None, "warehouse_order": None}, "warehouse_order", "the shipment belongs to no order"),
    ("shipment", {"packages": [{"sscc": SSCC}, {"sscc": SSCC}]}, "packages[1].sscc", "two packages wear this SSCC"),
    ("shipment", {"packages": [{"sscc": SSCC[:-1] + "4"}]}, "packages[0].sscc",
     "the check digit of this SSCC is wrong"),
    ("item", {"packs": [{"unit": "CS", "factor": 6}, {"unit": "CS", "factor": 12}]}, "packs[1].unit",
     "CS already has a meaning for this item"),
    ("item", {"packs": [{"unit": "EA", "factor": 1}]}, "packs[0].unit", "EA already has a meaning for this item"),
    ("item", {"packs": [{"unit": "CS", "factor": 0}]}, "packs[0].factor", "a quantity must be more than nothing"),
    ("item", {"pick_unit": "PL"}, "pick_unit", "unknown unit PL"),
    ("item", {"status": "dead"}, "status", "not one of 'planned', 'active', 'inactive', 'blocked' or 'discontinued'"),
    ("stock_transfer", {"to_site": "AMS"}, "to_site", "a transfer to where the goods are"),
    ("inventory_balance", {"as_of": "2026-11-22"}, "as_of", "not a date and time"),
    ("inventory_balance", {"status": "ok"}, "status",
     ("not one of 'available', 'allocated', 'picked', 'held', 'quality', 'quarantine', 'damaged', 'expired' or"
      " 'in_transit'")),
    ("party", {"addresses": [{"city": " "}]}, "addresses[0].city", "the city is blank"),
    ("warehouse_order", {"ship_to": {"country": "XX"}}, "ship_to.country", "not a country of ISO 3166"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "changed", "path", "says"), RULES, ids=[f"{k} {p}" for k, _, p, _ in RULES])
def test_a_rule_between_fields_is_told_with_its_place(
    kind: str, changed: dict[str, Any], path: str, says: str
) -> None:
    register.read(kind, TREES[kind])
    fault = _refused(kind, TREES[kind] | changed)
    assert (fault.path, fault.says) == (path, says)


def _refused(kind: str, tree: object) -> Invalid:
    with pytest.raises(Invalid) as caught:
        register.read(kind, tree)
    return caught.value
