"""Transfers as the warehouses at both ends get them, and states in a warehouse's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossdock.connectors.warehouse.connector import CONNECTOR
from crossdock.faults import Invalid, Unmapped
from crossdock.kit.connector import Answer, Ask, Content, Done, Exchange, Job, Tools
from crossdock.kit.samples import SampleSystem

TRANSFER: dict[str, Any] = {
    "number": "T-1", "from_site": "AMS", "to_site": "RTM", "ship_to": {"city": "Rotterdam", "country": "NL"},
    "lines": [{"line": 1, "sku": "A", "quantity": 4, "unit": "EA"}],
}  # fmt: skip


def tools(**options: Any) -> Tools:
    rows = {("state", "WIP"): "picking"}

    def ours(crosswalk: str, value: object) -> str:
        if (crosswalk, value) not in rows:
            raise Unmapped("no row", crosswalk=crosswalk, value=value)
        return rows[crosswalk, str(value)]

    return Tools(SampleSystem(options=options), ours, ours, str, lambda: 0.0, lambda: ())


def dialogue(*sites: str) -> list[tuple[str, str, Any]]:
    """(path, key, body) of every request for the transfer, each answered as the warehouse does."""
    writer = CONNECTOR.writer("stock_transfer", tools(sites=sites))
    job, exchanges = Job("stock_transfer", TRANSFER, "T-1", "t9.1"), list[Exchange]()
    while isinstance(step := writer.step(job, tuple(exchanges)), Ask):
        answer = json.dumps({"number": "T-1", "id": "W-1", "status": "open"}).encode()
        exchanges.append(Exchange(step, Answer(200, body=answer)))
    assert isinstance(step, Done)
    return [(one.ask.path, one.ask.headers["Idempotency-Key"], json.loads(one.ask.body)) for one in exchanges]


def test_whoever_ships_gets_an_order_and_whoever_receives_a_task() -> None:
    assert [(path, key) for path, key, _ in dialogue("AMS")] == [("/orders", "t9.1.out")]
    assert [(path, key) for path, key, _ in dialogue("RTM")] == [("/receiving/T-1", "t9.1")]
    both = dialogue("AMS", "RTM")
    assert [(path, key) for path, key, _ in both] == [("/orders", "t9.1.out"), ("/receiving/T-1", "t9.1")]
    assert both[0][2]["ship_to"] == {"name": "RTM", "city": "Rotterdam", "country": "NL"}
    assert both[1][2]["kind"] == "transfer"
    assert dialogue("XXX") == []


def test_without_sites_a_warehouse_gets_the_task_only() -> None:
    assert [path for path, _, _ in dialogue()] == ["/receiving/T-1"]


def test_goods_for_a_place_that_nobody_named_are_not_shipped() -> None:
    writer = CONNECTOR.writer("stock_transfer", tools(sites=("AMS",)))
    tree = {name: value for name, value in TRANSFER.items() if name != "ship_to"}
    with pytest.raises(Invalid) as wrong:
        writer.step(Job("stock_transfer", tree, "T-1", "t9.1"), ())
    assert (wrong.value.type, wrong.value.path) == ("bad_address", "ship_to.city")


def picked(status: str, **options: Any) -> str:
    """Our word for a state that the warehouse tells."""
    event = {"id": "e1", "type": "x", "topic": "pick_status", "at": "2026-11-22T10:00:00Z", "site": "AMS",
             "number": "W-1", "status": status, "lines": [], "sequence": 1}  # fmt: skip
    [draft] = CONNECTOR.reader("pick_status", tools(**options)).read(Content(json.dumps(event).encode()))
    return draft.tree["state"]


def test_a_warehouse_with_words_of_its_own_is_understood_by_its_crosswalk() -> None:
    assert picked("WIP", crosswalks=("state",)) == "picking"
    assert picked("acknowledged") == "released"
    for wrong, options in (("WIP", {}), ("LOST", {"crosswalks": ("state",)})):
        with pytest.raises(Unmapped) as unknown:
            picked(wrong, **options)
        assert (unknown.value.crosswalk, unknown.value.value) == ("state", wrong)
