"""What each answer of the warehouse means, and the codes that a crosswalk changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossdock.connectors.warehouse.connector import CONNECTOR
from crossdock.connectors.warehouse.faults import LATER, REFUSALS, UNCLEAR, fault
from crossdock.faults import InDoubt, Misconfigured, Rejected, TryLater, Unmapped
from crossdock.kit.connector import Answer, Ask, Content, Job, Tools
from crossdock.kit.samples import SampleSystem


def problem(status: int, code: str) -> Answer:
    tree = {
        "type": "urn:x",
        "title": "T",
        "status": status,
        "code": code,
        "path": "lines[1].sku",
        "value": "Z-9",
    }
    return Answer(status, json.dumps(tree).encode(), {"content-type": "application/problem+json"})


@pytest.mark.parametrize("status", sorted(LATER))
def test_a_busy_warehouse_gets_the_same_again(status: int) -> None:
    found = fault(Answer(status, b"", {"retry-after": "9"}), 0)
    assert isinstance(found, TryLater)
    assert found.wait_s == 9


@pytest.mark.parametrize("status", [*sorted(UNCLEAR), 100, 302, 501, 599])
def test_what_nobody_knows_is_in_doubt(status: int) -> None:
    assert isinstance(fault(problem(status, "failed"), 0), InDoubt)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_each_refusal_tells_in_words_what_happened_and_what_to_do(code: str) -> None:
    found = fault(problem(422, code), 0)
    assert isinstance(found, Rejected)
    assert (found.says, found.fix) == REFUSALS[code]
    assert (found.path, found.value) == ("lines[1].sku", "Z-9")


def test_a_refusal_of_an_unknown_kind_keeps_the_words_of_the_warehouse() -> None:
    found = fault(Answer(418, b'{"title": "No tea", "detail": "only coffee"}'), 0)
    assert isinstance(found, Rejected)
    assert found.says == "the warehouse refused it (418): No tea: only coffee"


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted_is_said_to_be_so(status: int) -> None:
    assert fault(Answer(status), 0).says == REFUSALS["unauthorized"][0]


def tools(*crosswalks: str) -> Tools:
    rows = {("unit", "CASE"): "CS", ("site", "W1"): "AMS", ("ship_method", "EXP"): "express"}

    def ours(crosswalk: str, value: object) -> str:
        if (crosswalk, value) not in rows:
            raise Unmapped("no row", crosswalk=crosswalk, value=value)
        return rows[crosswalk, str(value)]

    def theirs(crosswalk: str, value: object) -> str:
        found = [code for (name, code), our in rows.items() if (name, our) == (crosswalk, value)]
        if not found:
            raise Unmapped("no row", crosswalk=crosswalk, value=value)
        return found[0]

    return Tools(SampleSystem(options={"crosswalks": crosswalks}), ours, theirs, str, lambda: 0.0, lambda: ())


def body_of(*crosswalks: str, **changes: object) -> dict[str, Any]:
    tree = {
        "number": "W-1",
        "site": "AMS",
        "ship_method": "express",
        "ship_to": {"name": "Z", "city": "Delft", "country": "NL"},
        "lines": [{"line": 1, "sku": "A", "quantity": 1, "unit": "CS"}],
        **changes,
    }
    ask = CONNECTOR.writer("warehouse_order", tools(*crosswalks)).step(
        Job("warehouse_order", tree, "W-1", "k"), ()
    )
    assert isinstance(ask, Ask)
    return json.loads(ask.body)


def test_codes_pass_as_they_are_unless_a_crosswalk_is_switched_on() -> None:
    plain, crossed = body_of(), body_of("site", "unit", "ship_method")
    assert (plain["site"], plain["ship_method"], plain["lines"][0]["unit"]) == ("AMS", "express", "CS")
    assert (crossed["site"], crossed["ship_method"], crossed["lines"][0]["unit"]) == ("W1", "EXP", "CASE")


def test_a_code_without_a_row_is_unmapped_and_not_sent() -> None:
    with pytest.raises(Unmapped):
        body_of("site", site="ROT")


def test_their_codes_come_back_as_ours() -> None:
    level = {"site": "W1", "sku": "A", "status": "available", "quantity": 3, "allocated": 1, "unit": "CASE"}
    body = json.dumps({**level, "as_of": "2026-11-22T10:00:00Z", "sequence": 4}).encode()
    [draft] = CONNECTOR.reader("inventory_balance", tools("site", "unit")).read(Content(body))
    assert (draft.tree["site"], draft.tree["unit"], draft.tree["net"]) == ("AMS", "CS", 2)
    assert draft.their_id == "W1:A:available"


def test_a_crosswalk_that_the_connector_does_not_have_is_refused_at_the_start() -> None:
    with pytest.raises(Misconfigured, match="colour"):
        CONNECTOR.writer("item", tools("colour"))
