"""A plain tree becomes a document and the same tree again."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from pydantic import ValidationError

from crossdock.faults import Invalid
from crossdock.model import register
from crossdock.model.document import DocumentClass
from tests.model.trees import TREES, sales_orders

KINDS = sorted(register.kinds())


def test_every_kind_has_an_example_tree() -> None:
    assert sorted(TREES) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_tree_comes_back_as_it_was(kind: str) -> None:
    tree = copy.deepcopy(TREES[kind])
    assert repr(_sorted(register.tree_of(_read(kind)))) == repr(_sorted(tree))
    assert tree == TREES[kind], "reading changed the tree it was given"


@given(sales_orders())
def test_reading_what_was_read_changes_nothing(tree: dict[str, Any]) -> None:
    once = register.read("sales_order", tree)
    again = register.read("sales_order", register.tree_of(once))
    assert again == once
    assert repr(register.tree_of(again)) == repr(register.tree_of(once))


def test_null_and_absent_mean_the_same() -> None:
    tree = TREES["shipment"]
    optional = [
        name for name, field in register.kinds()["shipment"].model_fields.items() if not field.is_required()
    ]
    bare = {name: value for name, value in tree.items() if name not in optional or name == "order"}
    nulls = bare | {name: None for name in optional if name != "order"}
    assert register.read("shipment", nulls) == register.read("shipment", bare)
    assert register.tree_of(register.read("shipment", nulls)) == bare


def test_digits_are_kept() -> None:
    line = register.tree_of(_read("sales_order"))["lines"][0]
    assert (str(line["price"]), repr(line["quantity"])) == ("10.00", "3")


def test_a_long_number_that_came_as_text_keeps_every_digit() -> None:
    tree = _with_line(quantity="123456789012345678")
    line = register.tree_of(register.read("sales_order", tree))["lines"][0]
    assert line["quantity"] == 123456789012345678


def test_a_code_sent_as_a_number_is_taken_by_its_digits_and_a_line_keeps_its_form() -> None:
    document = register.read("sales_order", TREES["sales_order"] | {"number": 1001})
    assert register.number_of(document) == "1001"
    assert [line["line"] for line in register.tree_of(document)["lines"]] == [1, "002"]


def test_a_time_without_a_zone_is_read_in_the_zone_of_its_system() -> None:
    tree = TREES["sales_order"] | {"placed_at": "2026-07-01T10:00:00"}
    document = register.read("sales_order", tree, zone=ZoneInfo("Europe/Amsterdam"))
    assert register.tree_of(document)["placed_at"] == "2026-07-01T10:00:00+02:00"


def test_the_hour_that_autumn_shows_twice_means_the_first() -> None:
    tree = TREES["sales_order"] | {"placed_at": "2026-10-25T02:30:00"}
    document = register.read("sales_order", tree, zone=ZoneInfo("Europe/Amsterdam"))
    assert register.tree_of(document)["placed_at"] == "2026-10-25T02:30:00+02:00"


def test_a_day_stays_a_day() -> None:
    document = register.read("sales_order", TREES["sales_order"] | {"placed_at": "2026-11-22"})
    assert register.tree_of(document)["placed_at"] == "2026-11-22"


def test_a_document_cannot_be_changed() -> None:
    document: Any = _read("sales_order")
    with pytest.raises(ValidationError, match="frozen"):
        document.number = "SO-2"


def test_a_unit_that_an_item_declares_is_known_once_it_is_passed_in() -> None:
    tree = _with_line(unit="half pallet")
    with pytest.raises(Invalid, match="unknown unit half pallet"):
        register.read("sales_order", tree)
    item: Any = _read("item")
    asked: list[tuple[str, str]] = []

    def declares(sku: str, unit: str) -> bool:
        asked.append((sku, unit))
        return unit in item.units()

    assert register.read("sales_order", tree, declares=declares).own_number() == "SO-1001"
    assert asked == [("W-10", "half pallet")]  # the hub's own units need no item


NUMBERS = {
    "number_change": "NC-1",
    "item": "W-10", "party": "C-1", "sales_order": "SO-1001", "warehouse_order": "WO-1",
    "warehouse_order_cancel": "WO-1", "pick_status": "WO-1", "shipment": "SH-1",
    "inventory_balance": "AMS:W-10:available:L7", "kit_composition": "K-1", "price": "W-10:EA",
    "location": "AMS:A-01-03",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(NUMBERS))
def test_a_document_is_known_by_its_natural_number(kind: str) -> None:
    assert register.number_of(_read(kind)) == NUMBERS[kind]


def test_every_kind_has_a_number() -> None:
    assert all(register.number_of(_read(kind)) for kind in KINDS)


def test_two_balances_never_share_a_number_by_a_colon_in_a_code() -> None:
    tree = {name: value for name, value in TREES["inventory_balance"].items() if name != "lot"}
    one = register.read("inventory_balance", tree | {"site": "A:B", "sku": "C"})
    other = register.read("inventory_balance", tree | {"site": "A", "sku": "B:C"})
    assert register.number_of(one) != register.number_of(other)


PARENTS = {
    "order_hold": ("sales_order", "SO-1001"),
    "order_status": ("sales_order", "SO-1001"),
    "transport_status": ("shipment", "SH-1"),
    "warehouse_order": ("sales_order", "SO-1001"), "warehouse_order_cancel": ("sales_order", "SO-1001"),
    "pick_status": ("sales_order", "SO-1001"), "shipment": ("sales_order", "SO-1001"),
    "order_response": ("sales_order", "SO-1001"),
    "cancellation": ("sales_order", "SO-1001"), "reservation": ("sales_order", "SO-1001"),
    "return_authorisation": ("sales_order", "SO-1001"), "return_receipt": ("return_authorisation", "RA-1"),
    "invoice": ("sales_order", "SO-1001"), "despatch_advice": ("purchase_order", "PO-1"),
    "goods_receipt": ("purchase_order", "PO-1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_names_the_one_it_belongs_to(kind: str) -> None:
    assert register.parent_of(_read(kind)) == PARENTS.get(kind)


@pytest.mark.parametrize("kind", ["shipment", "pick_status", "warehouse_order_cancel"])
def test_without_its_order_a_document_belongs_to_the_warehouse_order(kind: str) -> None:
    tree = {name: value for name, value in TREES[kind].items() if name != "order"}
    assert register.parent_of(register.read(kind, tree)) == ("warehouse_order", "WO-1")


def test_a_shipment_may_name_a_line_once_per_lot_and_an_order_may_not() -> None:
    shipped = TREES["shipment"]["lines"][0]
    two_lots = TREES["shipment"] | {"lines": [shipped, shipped | {"lot": "L8"}]}
    assert len(register.tree_of(register.read("shipment", two_lots))["lines"]) == 2
    ordered = TREES["sales_order"]["lines"][0]
    with pytest.raises(Invalid, match="line 1 stands here and at"):
        register.read("sales_order", TREES["sales_order"] | {"lines": [ordered, ordered | {"line": "1"}]})


def test_every_item_that_a_shipment_names_is_told_with_its_path() -> None:
    assert list(register.skus_of(_read("shipment"))) == [
        ("lines[0].sku", "W-10", "CS"),
        ("packages[0].lines[0].sku", "W-10", "CS"),
    ]
    assert list(register.skus_of(_read("inventory_balance"))) == [("sku", "W-10", "EA")]
    assert list(register.skus_of(_read("item"))) == []


def test_orders_count_every_time_and_stock_levels_only_the_last() -> None:
    assert register.class_of("sales_order") is DocumentClass.COMMAND
    assert register.class_of("shipment") is DocumentClass.EVENT
    assert register.class_of("inventory_balance") is DocumentClass.STATE


def _read(kind: str) -> Any:
    return register.read(kind, TREES[kind])


def _with_line(**changed: object) -> dict[str, Any]:
    tree = copy.deepcopy(TREES["sales_order"])
    tree["lines"][0] |= changed
    return tree


def _sorted(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _sorted(tree[name]) for name in sorted(tree)}
    return [_sorted(each) for each in tree] if isinstance(tree, list) else tree


def test_a_decimal_and_a_whole_number_of_the_same_value_are_one_document() -> None:
    assert register.read("sales_order", _with_line(quantity=Decimal("3.0"))) == _read("sales_order")
