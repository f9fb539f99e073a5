"""Ids of the warehouse that are too long, and sequences beyond an integer, are refused with the name of the field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossdock.connectors.warehouse.connector import CONNECTOR
from crossdock.faults import Unreadable
from crossdock.kit.connector import Content, Facts
from tests.connectors.warehouse.test_warehouse_poller import tools

LONG = "x" * 256
LEVEL = {"site": "MAIN", "sku": "S-1", "status": "available", "quantity": 1, "unit": "EA", "sequence": 1}
EVENT = {"id": "E-1", "type": "picked", "number": "W-1", "sales_order": "SO-1", "status": "picked"}


def facts(document: str, tree: dict[str, Any]) -> Facts:
    return CONNECTOR.reader(document, tools()).facts(Content(json.dumps(tree).encode()))


@pytest.mark.parametrize("name", ["site", "sku", "status", "lot", "owner"])
@pytest.mark.parametrize("value", [LONG, "a\x00b"], ids=["long", "nul"])
def test_each_part_of_the_id_of_a_level_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(Unreadable) as refused:
        facts("inventory_balance", LEVEL | {name: value})
    assert (refused.value.status, refused.value.path) == (422, name)
    assert facts("inventory_balance", LEVEL | {name: value[:1]}).id


@pytest.mark.parametrize("sequence", [2**63, -(2**63), 10**200])
def test_a_sequence_beyond_an_integer_is_refused(sequence: int) -> None:
    with pytest.raises(Unreadable) as refused:
        facts("inventory_balance", LEVEL | {"sequence": sequence})
    assert (refused.value.status, refused.value.path) == (422, "sequence")
    assert facts("inventory_balance", LEVEL | {"sequence": 2**63 - 1}).version == 2**63 - 1


@pytest.mark.parametrize("name", ["id", "sales_order", "number"])
def test_an_event_is_refused_by_the_name_of_what_is_too_long(name: str) -> None:
    event = EVENT if name != "number" else {k: v for k, v in EVENT.items() if k != "sales_order"}
    with pytest.raises(Unreadable) as refused:
        facts("pick_status", event | {name: LONG})
    assert (refused.value.status, refused.value.path) == (422, name)
