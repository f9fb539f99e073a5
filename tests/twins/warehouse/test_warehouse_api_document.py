"""The API document is sound, and tells when an answer is not as it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from crossdock.twins.door import Reply, Request
from tests.twins.warehouse.warehouse_stand import ApiDocument, MakeStand, an_order


def test_every_schema_of_the_document_is_a_schema(document: ApiDocument) -> None:
    schemas = document.tree["components"]["schemas"]
    assert len(schemas) > 20
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_in_the_document_leads_somewhere(document: ApiDocument) -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [ref for value in node.values() for ref in references(value)]
        return [ref for value in node for ref in references(value)] if isinstance(node, list) else []

    for reference in references(document.tree):
        target: object = document.tree
        for part in reference.removeprefix("#/").split("/"):
            assert isinstance(target, dict) and part in target, reference
            target = target[part]


def test_every_operation_of_the_document_has_its_answer_checked_here(
    stand: MakeStand, document: ApiDocument
) -> None:
    house = stand()
    order = an_order("SO-1", ("B-2", 7, "EA"))
    house.ask("POST", "/orders", order)
    house.ask("PUT", "/orders/SO-1", order)
    adjustment = {"site": "MAIN", "sku": "B-2", "bin": "B-9", "quantity": 1, "unit": "EA", "reason": "found"}
    house.ask("POST", "/stock/adjustments", adjustment)
    house.ask("PUT", "/items/N-1", {"unit": "EA"})
    line = {"line": 1, "sku": "B-2", "quantity": 3, "unit": "EA"}
    house.ask("PUT", "/receiving/PO-1", {"kind": "purchase", "lines": [line]})
    house.warehouse.advance(10)
    house.ask("POST", "/orders/SO-1/cancel")
    for path in ("/orders/SO-1", "/receiving/PO-1", "/events", "/stock", "/stock/adjustments", "/items/B-2"):
        house.ask("GET", path)
    operations = [m for path in document.tree["paths"].values() for m in path if m in ("get", "put", "post")]
    assert house.asked == len(operations)
    assert {reply.status for reply in house.replies if reply is not None} == {200, 201, 409}


@pytest.mark.parametrize("missing", [b'"status":"acknowledged",', b'"id":"WO-000001",'])
def test_an_answer_that_lacks_a_field_is_found(
    stand: MakeStand, document: ApiDocument, missing: bytes
) -> None:
    house = stand()
    reply = house.ask("POST", "/orders", an_order("SO-1", ("B-2", 1, "EA")))
    assert reply is not None and missing in reply.body
    request = Request("GET", ("orders", "SO-1"), {}, {}, b"", "/orders/SO-1")
    document.check(request, replace(reply, status=200))
    with pytest.raises(AssertionError):
        document.check(request, replace(reply, status=200, body=reply.body.replace(missing, b"")))


def test_an_undocumented_status_is_found(document: ApiDocument) -> None:
    request = Request("GET", ("orders", "SO-1"), {}, {}, b"", "/orders/SO-1")
    with pytest.raises(AssertionError, match="undocumented"):
        document.check(request, Reply(418, b"{}"))


def test_refusals_that_a_caller_may_meet_are_documented(stand: MakeStand) -> None:
    house = stand(throttle=1)
    assert house.status("GET", "/stock") == 429
    house.warehouse.turn_dials({"throttle": 0, "fail": 1})
    assert house.status("GET", "/stock") == 500
    house.warehouse.turn_dials({"fail": 0})
    assert house.status("GET", "/stock?limit=0") == 400
    assert house.status("GET", "/events?overlap=200&limit=200") == 400
    assert house.status("GET", "/orders/NONE") == 404
    assert house.status("DELETE", "/orders/NONE") == 405
