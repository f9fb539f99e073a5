"""Goods that come into the simulated warehouse: expected, over, short, damaged, sent back, counted."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

from crossdock.twins.door import Request
from tests.twins.warehouse.warehouse_stand import MakeStand, Stand


def task(*lines: tuple[str, int], kind: str = "purchase") -> dict[str, Any]:
    rows = [
        {"line": n, "sku": sku, "quantity": quantity, "unit": "EA"}
        for n, (sku, quantity) in enumerate(lines, 1)
    ]
    return {"kind": kind, "lines": rows}


def behind(house: Stand, path: str, tree: dict[str, Any]) -> int:
    """What the door for trucks and counters answers."""
    body = json.dumps(tree).encode()
    reply = asyncio.run(house.warehouse.handle(Request("PUT", (path,), {}, {}, body, f"/{path}")))
    assert reply is not None
    return reply.status


def told(house: Stand, type_: str) -> list[dict[str, Any]]:
    reply = house.ask("GET", f"/events?types={type_}")
    assert reply is not None
    return json.loads(reply.body, parse_float=Decimal)["items"]


def level(house: Stand, sku: str, status: str = "available") -> int:
    levels = house.warehouse.stock.levels.values()
    return int(sum(one.quantity for one in levels if (one.sku, one.status) == (sku, status)))


def test_goods_come_in_parts_and_the_task_closes_when_all_came(stand: MakeStand) -> None:
    house = stand()
    before = level(house, "B-2")
    assert house.status("PUT", "/receiving/PO-1", task(("B-2", 5))) == 201
    behind(house, "_truck", {"number": "PO-1", "lines": [{"sku": "B-2", "quantity": 3}]})
    assert house.warehouse.state()["receiving"][0]["status"] == "arriving"
    behind(house, "_truck", {"number": "PO-1", "lines": [{"sku": "B-2", "quantity": 4, "status": "damaged"}]})
    (first, second) = told(house, "received")
    assert [one["receipt"]["lines"][0]["quantity"] for one in (first, second)] == [3, 4]
    assert (second["task_status"], second["receipt"]["lines"][0]["status"]) == ("closed", "damaged")
    assert (level(house, "B-2"), level(house, "B-2", "damaged")) == (before + 3, 4)


def test_what_nobody_expected_is_there_and_told(stand: MakeStand) -> None:
    house = stand()
    house.ask("PUT", "/receiving/PO-1", task(("B-2", 5)))
    row = {"sku": "A-1", "quantity": 2, "lot": "L-9", "expires_on": "2027-01-01"}
    behind(house, "_truck", {"number": "PO-1", "lines": [row], "complete": True})
    (one,) = told(house, "received")
    (line,) = one["receipt"]["lines"]
    assert ("task_line" in line, line["lot"], one["task_status"]) == (False, "L-9", "closed")


def test_a_new_version_may_not_be_less_than_what_came(stand: MakeStand) -> None:
    house = stand()
    house.ask("PUT", "/receiving/PO-1", task(("B-2", 5)))
    behind(house, "_truck", {"number": "PO-1", "lines": [{"sku": "B-2", "quantity": 3}]})
    assert house.status("PUT", "/receiving/PO-1", task(("B-2", 2))) == 409
    assert house.status("PUT", "/receiving/PO-1", task(("B-2", 3))) == 200
    assert house.warehouse.state()["receiving"][0]["status"] == "closed"


def test_goods_that_come_back_go_where_they_belong(stand: MakeStand) -> None:
    house = stand()
    before = level(house, "B-2")
    house.ask("PUT", "/receiving/RET-1", task(("B-2", 3), kind="return"))
    rows = [{"sku": "B-2", "quantity": n, "outcome": word} for n, word in ((2, "restock"), (1, "scrap"))]
    behind(house, "_truck", {"number": "RET-1", "lines": rows})
    (one,) = told(house, "returned")
    assert [line["status"] for line in one["receipt"]["lines"]] == ["available", "damaged"]
    assert (level(house, "B-2"), level(house, "B-2", "damaged")) == (before + 2, 1)


def test_a_count_corrects_the_books_and_tells_both_figures(stand: MakeStand) -> None:
    house = stand()
    before = level(house, "B-2")
    behind(house, "_count", {"lines": [{"sku": "B-2", "quantity": before - 2}]})
    behind(house, "_count", {"lines": [{"sku": "B-2", "quantity": before + 5}]})
    counts = [one["count"]["lines"][0] for one in told(house, "counted")]
    assert [(one["expected"], one["counted"]) for one in counts] == [
        (before, before - 2),
        (before - 2, before + 5),
    ]
    assert level(house, "B-2") == before + 5


def test_the_door_for_trucks_refuses_what_nobody_could_unload(stand: MakeStand) -> None:
    house = stand()
    house.ask("PUT", "/receiving/PO-1", task(("B-2", 5)))
    assert behind(house, "_truck", {"number": "NONE", "lines": [{"sku": "B-2", "quantity": 3}]}) == 404
    assert behind(house, "_truck", {"number": "PO-1", "lines": [{"sku": "NONE", "quantity": 3}]}) == 422
    assert behind(house, "_count", {"lines": [], "site": "MAIN"}) == 422
