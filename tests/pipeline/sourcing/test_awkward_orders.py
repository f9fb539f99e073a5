"""Awkward orders through the whole pipeline: dates, other items, suppliers, dangerous goods, waves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.stock.sourcing.calendar import Workdays
from crossdock.stock.sourcing.policy import Backorder, Method, Rule, Supplier
from tests.pipeline.sourcing.sourced import NOW, at, policy, sourced
from tests.pipeline.sourcing.test_orders_find_their_site import DUTCH, UNITS

WAITING, ROUTED, CLOSED = 1, 2, 6


async def test_an_order_for_later_has_its_stock_and_is_released_when_its_window_opens(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy()) as world:
        await world.has("AMS", 5)
        begins = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH, ship_from_at=begins)
        assert any("the requested ship date" in one for one in world.said())
        assert world.held() == {("A", "AMS"): 2}
        assert (world.told()[-1]["parts"][0]["state"], world.got("ams")) == ("waiting", [])
        true_now: Any = world.clock.now_ms
        world.clock.now_ms = lambda: true_now() + 3_600_000  # type: ignore[method-assign]
        await world.until(lambda: world.got("ams") == ["SO-1-1"])


async def test_an_order_that_no_site_ships_within_its_window_waits_for_a_person(tmp_path: Path) -> None:
    closed = Workdays("AMS", frozenset({(NOW + timedelta(days=3)).weekday()}))
    sourcing = policy(AMS={"work": closed}, RTM={"work": closed}, LYO={"work": closed})
    async with sourced(tmp_path, sourcing) as world:
        await world.has("AMS", 5)
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH, ship_until_at=NOW.date().isoformat())
        assert world.shares() == {"SO-1-1": (None, [("A", 2)])}
        assert any("after the ship window" in says for says in world.said())
        await world.orders("SO-2", ("A", 2), ship_to=DUTCH)
        assert world.parts()["SO-2-1"]["promised_ship_on"] == (NOW + timedelta(days=3)).date().isoformat()
        assert any("AMS does not work on a" in says for says in world.said())


async def test_another_item_is_sent_where_that_is_allowed_and_everybody_is_told(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(Rule("r", substitute=True), substitutes={"A": ("B",)})) as world:
        await world.item("A")
        await world.item("B")
        await world.has("AMS", 3, "A")
        await world.has("AMS", 9, "B")
        await world.orders("SO-1", ("A", 5), ship_to=DUTCH)
        assert world.shares() == {"SO-1-1": ("AMS", [("A", 3), ("B", 2)])}
        assert world.parts()["SO-1-1"]["lines"][1]["substitute_for"] == "A"
        told = world.told()[-1]["parts"][0]["lines"]
        assert [(one["sku"], one["quantity"], one.get("substitute_for")) for one in told] == [
            ("A", 3, None), ("B", 2, "A"),
        ]  # fmt: skip
        await world.ships("SO-1-1", (1, "A", 3), (1, "B", 2))
        assert (world.told()[-1]["state"], world.told()[-1]["lines"][0]["shipped"]) == ("shipped", 5)


async def test_without_leave_to_substitute_the_order_waits(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(Rule("r"), substitutes={"A": ("B",)})) as world:
        await world.item("A")
        await world.item("B")
        await world.has("AMS", 9, "B")
        await world.orders("SO-1", ("A", 5), ship_to=DUTCH)
        assert world.shares() == {"SO-1-1": (None, [("A", 5)])}


async def test_a_new_item_waits_for_its_first_day_while_the_rest_leaves(tmp_path: Path) -> None:
    first = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    async with sourced(tmp_path, policy(Rule("r", backorder=Backorder.SPLIT))) as world:
        await world.item("NEW", available_from=first)
        await world.has("AMS", 5, "A")
        await world.orders("SO-1", ("A", 1), ("NEW", 2), ship_to=DUTCH)
        assert world.shares() == {"SO-1-1": (None, [("NEW", 2)]), "SO-1-2": ("AMS", [("A", 1)])}
        assert world.parts()["SO-1-1"]["_state"] == WAITING
        assert world.parts()["SO-1-1"]["release_at"].startswith(first)
        assert world.incidents() == [], "nobody need look at it before"


@pytest.mark.parametrize("advice", [True, False])
async def test_a_supplier_ships_in_our_place_and_the_shipment_comes_back_on_the_order(
    tmp_path: Path, advice: bool
) -> None:
    supplier = Supplier("ACME", "acme", frozenset({"FAR"}), frozenset({"drop_ship"}))
    async with sourced(tmp_path, policy(Rule("r"), suppliers=(supplier,))) as world:
        await world.has("AMS", 5, "A")
        await world.orders("SO-1", ("A", 1), ("FAR", 2), ship_to=DUTCH)
        assert world.shares() == {"SO-1-2": ("AMS", [("A", 1)])}
        bought = world.parts("purchase_order")["SO-1-1"]
        assert (bought["supplier"]["id"], bought["ship_to"]["city"]) == ("ACME", "Amsterdam")
        assert world.got("acme") == ["SO-1-1"]
        await world.ships("SO-1-2", (1, "A", 1))
        assert world.told()[-1]["state"] == "part_shipped"
        line = {"line": 2, "sku": "FAR", "quantity": 2, "unit": "EA"}
        tree = {"number": "D-9", "shipped_at": at(40), "lines": [line]}
        if advice:
            await world.push(tree | {"purchase_order": "SO-1-1"}, system="acme", document="despatch_advice")
        else:
            line["order_line"] = 2
            whole = {"warehouse_order": "SO-1-1", "order": "SO-1"}
            await world.push(tree | whole, system="acme", document="shipment")
        await world.calm()
        await world.until(lambda: world.told()[-1]["state"] == "shipped")
        assert [one["shipped"] for one in world.told()[-1]["lines"]] == [1, 2]


async def test_dangerous_goods_and_gifts_go_only_where_they_are_taken(tmp_path: Path) -> None:
    air = Method("air", refuses=frozenset({"hazmat"}))
    sourcing = policy(AMS={"refuses": frozenset({"hazmat", "gift"})}, methods={"air": air})
    async with sourced(tmp_path, sourcing) as world:
        await world.item("ACID", hazard={"un_number": "1789"})
        await world.item("A")
        for site in ("AMS", "RTM"):
            await world.has(site, 9, "ACID")
            await world.has(site, 9, "A")
        await world.orders("SO-1", ("ACID", 1), ship_to=DUTCH)
        assert world.shares()["SO-1-1"][0] == "RTM"
        assert world.parts()["SO-1-1"]["lines"][0]["hazardous"] is True
        await world.orders("SO-2", ("ACID", 1), ship_to=DUTCH, ship_method="air")
        assert world.shares()["SO-2-1"][0] is None
        assert any("air carries no hazmat" in says for says in world.said())
        gift = [{"line": 1, "sku": "A", "quantity": 1, "unit": "EA", "gift": True, "gift_message": "Hurrah"}]
        await world.push({"number": "SO-3", "lines": gift, "ship_to": DUTCH})
        await world.calm()
        assert world.shares()["SO-3-1"][0] == "RTM"
        assert world.parts()["SO-3-1"]["lines"][0]["gift_message"] == "Hurrah"


async def test_an_order_is_released_with_the_next_wave(tmp_path: Path) -> None:
    later = (datetime.now(UTC) + timedelta(hours=12)).hour
    waves = (time(later), time((later + 1) % 24))
    async with sourced(tmp_path, policy(AMS={"waves": waves}), channel=None) as world:
        await world.has("AMS", 5)
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        part = world.parts()["SO-1-1"]
        release = datetime.fromisoformat(part["release_at"])
        assert (release.minute, release > datetime.now(UTC)) == (0, True)
        assert (part["_state"], world.got("ams")) == (WAITING, [])
        await world.push({"number": "C-1", "order": "SO-1"}, document="cancellation")
        await world.until(lambda: world.parts()["SO-1-1"]["_state"] == CLOSED)
        assert (world.got("ams"), world.held()) == ([], {})
        await world.until(lambda: world.told()[-1]["state"] == "cancelled")


async def test_all_or_nothing_from_one_site(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 3)
        await world.has("RTM", 2)
        await world.orders("SO-1", ("A", 4), ship_to=DUTCH, ship_complete=True)
        assert world.shares() == {"SO-1-1": (None, [("A", 4)])}
        await world.has("RTM", 4, seconds=1)
        await world.until(lambda: world.shares() == {"SO-1-1": ("RTM", [("A", 4)])})


async def test_a_pallet_for_a_wholesaler_goes_by_its_own_rule(tmp_path: Path) -> None:
    wholesale = Rule("wholesale", order_types=frozenset({"b2b"}), sites=("LYO",))
    retail = replace(UNITS, name="retail")
    sourcing = policy(
        wholesale, retail, AMS={"refuses": frozenset({"pallet"})}, pallet_units=frozenset({"PL"})
    )
    async with sourced(tmp_path, sourcing) as world:
        await world.item("A", packs=[{"unit": "PL", "factor": 40}])
        for site in ("AMS", "LYO"):
            await world.has(site, 100)
        pallet = [{"line": 1, "sku": "A", "quantity": 2, "unit": "PL"}]
        await world.push({"number": "SO-1", "lines": pallet, "ship_to": DUTCH, "order_type": "b2b"})
        await world.orders("SO-2", ("A", 1), ship_to=DUTCH)
        assert world.shares() == {"SO-1-1": ("LYO", [("A", 2)]), "SO-2-1": ("AMS", [("A", 1)])}
        assert world.held() == {("A", "AMS"): 1, ("A", "LYO"): 80}
        assert any("by the rule wholesale" in says for says in world.said())


@pytest.mark.parametrize("fefo", [True, False])
async def test_the_lot_that_expires_first_goes_first_where_the_hub_says_so(
    tmp_path: Path, fefo: bool
) -> None:
    async with sourced(tmp_path, policy(AMS={"fefo": fefo})) as world:
        await world.item("MILK", lot_tracked=True)
        for lot, days, quantity in (("LATE", 90, 9), ("SOON", 5, 2), ("NEXT", 20, 3)):
            until = (NOW + timedelta(days=days)).date().isoformat()
            await world.has("AMS", quantity, "MILK", lot=lot, expires_on=until)
        await world.orders("SO-1", ("MILK", 4), ship_to=DUTCH)
        await world.orders("SO-2", ("MILK", 2), ship_to=DUTCH)
        taken = [
            [(line.get("lot"), line["quantity"]) for line in tree["lines"]] for tree in world.parts().values()
        ]
        told = [[("SOON", 2), ("NEXT", 2)], [("NEXT", 1), ("LATE", 1)]]
        assert taken == (told if fefo else [[(None, 4)], [(None, 2)]])
        names = [[line["line"] for line in tree["lines"]] for tree in world.parts().values()]
        assert names == ([[1, 2], [1, 2]] if fefo else [[1], [1]])
        assert world.held() == {("MILK", "AMS"): 6}
