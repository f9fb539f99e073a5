"""The life of orders in the simulated warehouse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crossdock.model.codes.identifiers import SSCC, checked
from crossdock.twins.warehouse.floor.packing import Labels
from tests.twins.warehouse.warehouse_stand import MakeStand, an_order


def types(events: list[Any]) -> list[str]:
    return [event["type"] for event in events if event["topic"] != "inventory_balance"]


def test_an_order_is_picked_packed_and_shipped_by_first_expiry(stand: MakeStand) -> None:
    house = stand()
    house.order("SO-1", ("A-1", 3, "CS"), ("F-3", Decimal("0.25"), "KGM"))
    house.warehouse.advance(10)
    assert types(house.events()) == ["acknowledged", "allocated", "picking", "picked", "packed", "shipped"]
    shipment = house.events("&types=shipped")[0]["shipment"]
    # 30 pieces of the lot that expires first are two whole cases; the held and the expired lot stay.
    assert [(row["line"], row["quantity"], row["unit"], row.get("lot")) for row in shipment["lines"]] == [
        (1, 2, "CS", "L-2"),
        (1, 1, "CS", "L-1"),
        (2, Decimal("0.25"), "KGM", None),
    ]
    assert [row["expires_on"] for row in shipment["lines"][:2]] == ["2026-12-01", "2027-01-01"]
    assert shipment["complete"] and shipment["carrier"] == "DHL" and shipment["tracking"]
    assert house.tell("GET", "/orders/SO-1")["status"] == "shipped"


def test_what_is_not_there_is_told_short_and_the_rest_ships(stand: MakeStand) -> None:
    house = stand()
    house.order("SO-1", ("B-2", 7, "EA"), ("A-1", 1, "EA"))
    house.warehouse.advance(10)
    assert types(house.events())[3:5] == ["short", "picked"]
    short = house.events("&types=short")[0]
    assert [(row["ordered"], row["picked"], row["short"]) for row in short["lines"]] == [(7, 5, 2), (1, 1, 0)]
    row = house.events("&types=shipped")[0]["shipment"]["lines"][0]
    assert (row["quantity"], row["ordered"]) == (5, 7)


def test_a_line_of_which_nothing_goes_still_stands_in_the_shipment(stand: MakeStand) -> None:
    house = stand()
    house.order("SO-1", ("B-2", 5, "EA"), ("A-1", 1, "EA"))
    house.order("SO-2", ("B-2", 1, "EA"), ("A-1", 1, "EA"))
    house.warehouse.advance(10)
    rows = house.events("&types=shipped")[1]["shipment"]["lines"]
    assert [(row["sku"], row["quantity"], row["ordered"]) for row in rows] == [("B-2", 0, 1), ("A-1", 1, 1)]


def test_an_order_without_any_stock_is_ended_by_the_warehouse(stand: MakeStand) -> None:
    house = stand()
    house.order("SO-1", ("B-2", 5, "EA"))
    house.order("SO-2", ("B-2", 1, "EA"))
    house.warehouse.advance(10)
    story = [event for event in house.events() if event.get("number") == "SO-2"]
    assert types(story) == ["acknowledged", "short", "cancelled"]
    assert story[-1]["reason"] == "no_stock"
    assert story[-1]["lines"][0]["short"] == 1


def test_a_waiting_order_goes_on_when_stock_comes(stand: MakeStand) -> None:
    house = stand(on_short="wait")
    house.order("SO-1", ("B-2", 7, "EA"))
    house.warehouse.advance(10)
    assert types(house.events()) == ["acknowledged", "short"]
    came = {"site": "MAIN", "sku": "B-2", "bin": "B-01", "quantity": 2, "unit": "EA", "reason": "receipt"}
    assert house.status("POST", "/stock/adjustments", came) == 201
    house.warehouse.advance(10)
    line = house.tell("GET", "/orders/SO-1")["lines"][0]
    assert (line["shipped"], line["short"]) == (7, 0)


def test_a_split_order_ships_twice_and_only_the_last_is_complete(stand: MakeStand) -> None:
    house = stand(on_short="split")
    house.order("SO-1", ("B-2", 7, "EA"))
    house.warehouse.advance(10)
    came = {"site": "MAIN", "sku": "B-2", "bin": "B-01", "quantity": 3, "unit": "EA", "reason": "receipt"}
    house.tell("POST", "/stock/adjustments", came)
    house.warehouse.advance(10)
    shipped = [event["shipment"] for event in house.events("&types=shipped")]
    assert [(s["complete"], s["lines"][0]["quantity"]) for s in shipped] == [(False, 5), (True, 2)]
    assert shipped[0]["number"] != shipped[1]["number"]


def test_a_miscounted_bin_makes_the_order_short_and_the_books_right(stand: MakeStand) -> None:
    house = stand(miscount=1)
    house.order("SO-1", ("B-2", 4, "EA"))
    house.warehouse.advance(10)
    assert house.tell("GET", "/orders/SO-1")["lines"][0]["shipped"] == 3
    loss = house.tell("GET", "/stock/adjustments?limit=1000")["items"][-1]
    assert (loss["quantity"], loss["reason"]) == (-1, "not found at picking")


def test_an_order_is_cancelled_before_picking_and_its_stock_is_free_again(stand: MakeStand) -> None:
    house = stand()
    house.order("SO-1", ("B-2", 5, "EA"))
    house.warehouse.advance(1)
    assert house.tell("GET", "/orders/SO-1")["status"] == "allocated"
    assert house.tell("POST", "/orders/SO-1/cancel", {"reason": "customer"})["status"] == "cancelled"
    house.order("SO-2", ("B-2", 5, "EA"))
    house.warehouse.advance(10)
    assert house.tell("GET", "/orders/SO-2")["lines"][0]["shipped"] == 5
    assert house.status("POST", "/orders/SO-1/cancel") == 200
    assert types(house.events("&types=cancelled")) == ["cancelled"]


@pytest.mark.parametrize("turns", [2, 3, 4, 9])
def test_once_picking_began_a_cancellation_is_refused_and_told(stand: MakeStand, turns: int) -> None:
    house = stand()
    house.order("SO-1", ("B-2", 5, "EA"))
    house.warehouse.advance(turns)
    refusal = house.tell("POST", "/orders/SO-1/cancel")
    assert (refusal["status"], refusal["code"]) == (409, "pick_started")
    assert types(house.events("&types=cancel_refused")) == ["cancel_refused"]
    house.warehouse.advance(10)
    assert house.tell("GET", "/orders/SO-1")["status"] == "shipped"


def test_an_order_gets_its_new_version_until_somebody_picks(stand: MakeStand) -> None:
    house = stand()
    first, second = an_order("SO-1", ("B-2", 5, "EA")), an_order("SO-1", ("A-1", 2, "EA"))
    house.tell("POST", "/orders", first)
    house.warehouse.advance(1)
    assert house.tell("PUT", "/orders/SO-1", second)["status"] == "acknowledged"
    house.order("SO-2", ("B-2", 5, "EA"))
    house.warehouse.advance(10)
    assert house.tell("GET", "/orders/SO-2")["lines"][0]["shipped"] == 5, "what it had set aside is free"
    assert [(one["sku"], one["shipped"]) for one in house.tell("GET", "/orders/SO-1")["lines"]] == [
        ("A-1", 2)
    ]
    assert house.status("PUT", "/orders/SO-1", second) == 200, "the same again"
    assert house.status("PUT", "/orders/SO-1", first) == 409
    assert house.status("PUT", "/orders/SO-9", an_order("SO-9", ("A-1", 1, "EA"))) == 404


def test_some_lines_are_cancelled_before_picking_and_the_rest_ships(stand: MakeStand) -> None:
    house = stand()
    house.order("SO-1", ("A-1", 4, "EA"), ("B-2", 2, "EA"))
    house.warehouse.advance(1)
    less = {"lines": [{"order_line": 1, "sku": "A-1", "quantity": 3}, {"order_line": 2, "sku": "B-2"}]}
    first = house.tell("POST", "/orders/SO-1/cancel", less)
    assert [(line["ordered"], line["allocated"], line["short"]) for line in first["lines"]] == [
        (1, 1, 0),
        (0, 0, 0),
    ]
    house.warehouse.advance(10)
    rows = house.events("&types=shipped")[0]["shipment"]["lines"]
    assert [(row["sku"], row["quantity"], row["ordered"]) for row in rows] == [("A-1", 1, 1)]
    assert house.tell("GET", "/orders/SO-1")["status"] == "shipped"


def test_what_is_left_of_an_order_waits_like_a_new_one_when_all_that_was_there_is_cancelled(
    stand: MakeStand,
) -> None:
    house = stand(on_short="ship_or_wait")
    house.order("SO-0", ("B-2", 5, "EA"))
    house.order("SO-1", ("A-1", 4, "EA"), ("B-2", 2, "EA"))
    house.warehouse.advance(1)
    assert house.tell("GET", "/orders/SO-1")["status"] == "allocated"
    left = house.tell("POST", "/orders/SO-1/cancel", {"lines": [{"order_line": 1, "sku": "A-1"}]})
    assert (left["status"], left["lines"][1]["short"]) == ("acknowledged", 2)
    house.warehouse.advance(10)
    assert types([one for one in house.events() if one.get("number") == "SO-1"])[-1] == "short"
    left = house.tell("POST", "/orders/SO-1/cancel", {"lines": [{"order_line": 2, "sku": "B-2"}]})
    assert left["status"] == "cancelled"


@pytest.mark.parametrize(
    ("less", "status"),
    [
        ({"order_line": 1, "sku": "A-1", "quantity": 5}, 409),
        ({"order_line": 9, "sku": "A-1"}, 422),
        ({"order_line": 1, "sku": "B-2"}, 422),
        ({"order_line": 1, "sku": "A-1", "quantity": 0}, 422),
    ],
)
def test_lines_that_cannot_be_cancelled_are_refused_and_nothing_changes(
    stand: MakeStand, less: dict[str, object], status: int
) -> None:
    house = stand()
    house.order("SO-1", ("A-1", 4, "EA"))
    good = {"order_line": 1, "sku": "A-1", "quantity": 1}
    assert house.status("POST", "/orders/SO-1/cancel", {"lines": [good, less]}) == status
    assert house.tell("GET", "/orders/SO-1")["lines"][0]["ordered"] == 4


def test_heavy_goods_fill_several_cartons_with_labels_of_their_own(stand: MakeStand) -> None:
    house = stand()
    house.order("SO-1", ("B-2", 5, "EA"))
    house.warehouse.advance(10)
    packages = house.warehouse.state()["packages"]
    assert [(str(p["weight_kg"]), str(p["lines"][0]["quantity"])) for p in packages] == [
        ("12", "3"),
        ("8", "2"),
    ]
    assert packages[0]["sscc"] != packages[1]["sscc"]


def test_the_same_key_gets_the_same_answer_and_has_one_effect(stand: MakeStand) -> None:
    house = stand()
    first = house.ask("POST", "/orders", an_order("SO-1", ("A-1", 1, "EA")), "k")
    house.warehouse.advance(10)
    again = house.ask("POST", "/orders", an_order("SO-1", ("A-1", 1, "EA")), "k")
    assert first is not None and again is not None
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert [effect["kind"] for effect in house.warehouse.state()["effects"]] == ["order_created"]


def test_the_same_key_with_another_request_is_refused(stand: MakeStand) -> None:
    house = stand()
    house.ask("POST", "/orders", an_order("SO-1", ("A-1", 1, "EA")), "k")
    assert house.tell("POST", "/orders", an_order("SO-2", ("A-1", 1, "EA")), "k")["code"] == "key_reused"


def test_the_same_number_under_another_key_has_no_second_effect(stand: MakeStand) -> None:
    house = stand()
    order = an_order("SO-1", ("A-1", 1, "EA"))
    assert [house.status("POST", "/orders", order) for _ in range(2)] == [201, 200]
    assert house.tell("POST", "/orders", {**order, "notes": "hurry"})["code"] == "order_exists"
    assert len(house.warehouse.state()["effects"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "code", "path"),
    [
        (
            {"lines": [{"line": 1, "sku": "Z", "quantity": 1, "unit": "EA"}]},
            422,
            "unknown_sku",
            "lines[0].sku",
        ),
        (
            {"lines": [{"line": 1, "sku": "B-2", "quantity": 1, "unit": "CS"}]},
            422,
            "unknown_unit",
            "lines[0].unit",
        ),
        (
            {"lines": [{"line": 1, "sku": "B-2", "quantity": 0, "unit": "EA"}]},
            422,
            "invalid",
            "lines[0].quantity",
        ),
        (
            {"lines": [{"line": 1, "sku": "B-2", "quantity": "x", "unit": "EA"}]},
            422,
            "invalid",
            "lines[0].quantity",
        ),
        ({"lines": [{"line": 1, "sku": 5, "quantity": 1, "unit": "EA"}]}, 422, "invalid", "lines[0].sku"),
        ({"lines": []}, 422, "invalid", "lines"),
        ({"site": "NOWHERE"}, 422, "unknown_site", "site"),
        ({"ship_to": {"name": "A", "city": "B", "country": "Poland"}}, 422, "invalid", "ship_to.country"),
    ],
)
def test_a_wrong_order_is_refused_with_its_place(
    stand: MakeStand, change: dict[str, Any], status: int, code: str, path: str
) -> None:
    house = stand()
    problem = house.tell("POST", "/orders", {**an_order("SO-1", ("B-2", 1, "EA")), **change})
    assert (problem["status"], problem["code"], problem["path"]) == (status, code, path)
    assert house.warehouse.state()["orders"] == []


def test_two_lines_of_one_name_are_refused(stand: MakeStand) -> None:
    order = an_order("SO-1", ("B-2", 1, "EA"), ("A-1", 1, "EA"))
    order["lines"][1]["line"] = "1"
    assert stand().tell("POST", "/orders", order)["path"] == "lines[1].line"


def test_a_change_without_a_key_is_refused(stand: MakeStand) -> None:
    assert stand().tell("POST", "/orders", an_order("SO-1", ("B-2", 1, "EA")), None)["code"] == "key_missing"


def test_an_item_that_is_made_known_can_be_ordered(stand: MakeStand) -> None:
    house = stand()
    item = {"unit": "EA", "name": "Lamp", "packs": [{"unit": "BX", "quantity": 6}], "gtin": "4006381333931"}
    assert [house.status("PUT", "/items/N%2F9", item) for _ in range(2)] == [201, 200]
    assert house.tell("GET", "/items/N%2F9")["packs"] == [{"unit": "BX", "quantity": 6}]
    assert house.order("SO-1", ("N/9", 1, "BX"))["status"] == "acknowledged"
    assert house.tell("PUT", "/items/B-2", {"unit": "BX"})["code"] == "unit_in_use"


def test_a_bin_cannot_be_adjusted_below_what_is_free(stand: MakeStand) -> None:
    house = stand()
    loss = {"site": "MAIN", "sku": "B-2", "bin": "B-01", "quantity": -2, "unit": "EA", "reason": "damage"}
    house.order("SO-1", ("B-2", 4, "EA"))
    house.warehouse.advance(1)
    assert house.tell("POST", "/stock/adjustments", loss)["code"] == "not_enough"
    assert house.status("POST", "/stock/adjustments", {**loss, "quantity": -1}) == 201


def test_stock_is_told_by_what_changed_since_the_cursor(stand: MakeStand) -> None:
    house = stand()
    opening = house.tell("GET", "/stock?limit=4")
    rest = house.tell("GET", f"/stock?limit=4&after={opening['next']}")
    assert (len(opening["items"]), opening["more"], len(rest["items"]), rest["more"]) == (4, True, 2, False)
    house.order("SO-1", ("B-2", 7, "EA"))
    house.warehouse.advance(10)
    changed = house.tell("GET", f"/stock?after={rest['next']}")["items"]
    assert [(row["sku"], row["quantity"], row["allocated"]) for row in changed] == [("B-2", 0, 0)]


def test_the_feed_goes_on_from_its_cursor_and_back_by_the_overlap(stand: MakeStand) -> None:
    house = stand()
    house.order("SO-1", ("B-2", 7, "EA"))
    house.warehouse.advance(10)
    first = house.tell("GET", "/events?limit=3")
    rest = house.tell("GET", f"/events?after={first['next']}")
    assert [e["sequence"] for e in first["items"] + rest["items"]] == list(range(1, 9))
    assert (first["more"], rest["more"]) == (True, False)
    again = house.tell("GET", f"/events?after={rest['next']}&overlap=2&types=picked,packed,shipped")
    assert types(again["items"]) == ["packed", "shipped"]
    assert again["next"] == rest["next"]


def test_the_same_seed_and_requests_tell_the_same_story(stand: MakeStand) -> None:
    def story(seed: int) -> bytes:
        house = stand(seed=seed, miscount=0.5, throttle=0.2, late=0.2)
        for index in range(20):
            house.ask("POST", "/orders", an_order(f"SO-{index}", ("A-1", 2, "EA"), ("B-2", 1, "EA")))
            house.warehouse.advance(1.5)
        return repr(house.warehouse.state()).encode()

    assert story(7) == story(7)
    assert story(7).replace(b"'seed': 7", b"") != story(8).replace(b"'seed': 8", b"")


def test_no_label_is_given_twice_and_each_has_its_check_digit() -> None:
    mine, theirs = Labels(7), Labels(8)
    ssccs = [labels.sscc() for labels in (mine, theirs) for _ in range(200)]
    assert len(set(ssccs)) == 400
    assert all(checked(sscc, SSCC) == sscc for sscc in ssccs)
    assert len({labels.tracking() for labels in (mine, theirs) for _ in range(200)}) == 400


def test_a_warehouse_that_ships_or_waits_ends_what_is_short_and_keeps_what_it_has_nothing_of(
    stand: MakeStand,
) -> None:
    house = stand(on_short="ship_or_wait")
    house.order("SO-1", ("B-2", 7, "EA"))
    house.warehouse.advance(10)
    house.order("SO-2", ("B-2", 2, "EA"))
    house.warehouse.advance(10)
    assert [house.tell("GET", f"/orders/{number}")["status"] for number in ("SO-1", "SO-2")] == [
        "shipped",
        "acknowledged",
    ]
    came = {"site": "MAIN", "sku": "B-2", "bin": "B-01", "quantity": 2, "unit": "EA", "reason": "receipt"}
    house.tell("POST", "/stock/adjustments", came)
    house.warehouse.advance(10)
    assert house.tell("GET", "/orders/SO-2")["status"] == "shipped"
