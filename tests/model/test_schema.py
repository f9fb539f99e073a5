"""The printed JSON Schema accepts what the gate accepts."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from crossdock.faults import Invalid
from crossdock.model import register
from crossdock.model.reference import document_tables, unit_table
from crossdock.model.schema import json_schema
from tests.model.trees import TREES, sales_orders

SALES_ORDER = Draft202012Validator(json_schema("sales_order"))


@pytest.mark.parametrize("kind", sorted(TREES))
def test_a_schema_is_one_of_the_named_dialect_and_takes_the_example(kind: str) -> None:
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:crossdock:model:{kind}"
    Draft202012Validator(schema).validate(TREES[kind])


@settings(max_examples=50)
@given(sales_orders())
def test_a_schema_takes_what_the_gate_takes_and_what_it_gives(tree: dict[str, Any]) -> None:
    document = register.read("sales_order", tree)
    assert SALES_ORDER.is_valid(tree)
    assert SALES_ORDER.is_valid(register.tree_of(document))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", 0),
        ("quantity", "5"),
        ("currency", "EURO"),
        ("sku", " W"),
        ("colour", "red"),
        ("line", None),
    ],
)
def test_a_schema_refuses_what_it_can_see(field: str, value: object) -> None:
    tree = copy.deepcopy(TREES["sales_order"])
    tree["lines"][0][field] = value
    assert not SALES_ORDER.is_valid(tree)
    with pytest.raises(Invalid):
        register.read("sales_order", tree)


def test_there_is_no_schema_for_a_kind_that_does_not_exist() -> None:
    with pytest.raises(Invalid, match="there is no document shipmint"):
        json_schema("shipmint")


def test_the_reference_has_every_field_of_every_document_with_a_meaning() -> None:
    page = "".join(document_tables())
    for kind in register.kinds():
        section = page.split(f"\n## {kind}\n")[1].split("\n## ")[0]
        assert all(f"| `{name}`" in section for name in json_schema(kind)["properties"])
    assert "None" not in page + "".join(unit_table())
