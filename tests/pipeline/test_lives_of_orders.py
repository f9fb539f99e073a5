"""Orders in a running hub: words that wait or cannot be, cancellations at every stage, holds, changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.charter.charter import Charter, Checks, ItemCheck, ObjectRule, Reader, System
from crossdock.charter.orders import Orders
from crossdock.journal.chain import PARTITIONS
from crossdock.journal.sql.trace import trace
from crossdock.pipeline.lives import lifecycle
from tests.desk.test_desk_and_worker import Person
from tests.pipeline.world import World, order

DOCUMENTS = ("sales_order", "cancellation", "pick_status", "shipment", "order_hold", "order_status")
CLOSED, DONE = 9, 6
LIFTED = {"order": "O-1", "hold": "fraud", "state": "lifted", "at": "2026-11-22T10:05:00Z"}


def a_world(
    tmp_path: Path, *, orders: Orders | None = None, reports: tuple[str, ...] = (), **more: Any
) -> World:
    """A shop, its ERP, a warehouse that tells of its floor, and a shop that is told how far its orders are."""

    def adjust(system: System) -> System:
        floor = ("pick_status", "shipment")
        flows = tuple(f for f in system.flows_in if f.document not in floor or system.name == "wms")
        return replace(system, flows_in=flows, reports=reports if system.name == "wms" else ())

    def rewrite(charter: Charter) -> Charter:
        rules = {
            **charter.objects,
            "order_status": ObjectRule("order_status", "hub", (Reader("erp"),)),
            "pick_status": ObjectRule("pick_status", "wms"),
            "shipment": ObjectRule("shipment", "wms", (Reader("erp"),)),
            "order_hold": ObjectRule("order_hold", "shop"),
        }
        return replace(charter, objects=rules, orders=orders or Orders())

    checks = more.pop("checks", Checks(ItemCheck.SKIP))
    owners = {"pick_status": "wms", "shipment": "wms"}
    return World(
        tmp_path, documents=DOCUMENTS, owners=owners, adjust=adjust, rewrite=rewrite, checks=checks, **more
    )


def pick(state: str, minute: int, **more: Any) -> dict[str, Any]:
    return {
        "warehouse_order": "O-1", "order": "O-1", "state": state, "at": f"2026-11-22T10:{minute:02}:00Z", **more,
    }  # fmt: skip


def shipment(minute: int = 30, **more: Any) -> dict[str, Any]:
    line = {"line": 1, "sku": "W-1", "quantity": 2, "unit": "EA"}
    at = f"2026-11-22T10:{minute:02}:00Z"
    return {"number": "S-1", "warehouse_order": "O-1", "order": "O-1", "shipped_at": at, "complete": True,
            "lines": [line], **more}  # fmt: skip


CANCEL = {"number": "C-1", "order": "O-1", "reason": "changed my mind"}


async def life_of(world: World) -> dict[str, Any]:
    life = lifecycle(world.charter)
    story = await world.journal.view(lambda c: trace(c, "sales_order", "O-1", life=life))
    assert isinstance(story, dict)
    return story | story["lifecycle"]


def told(world: World) -> list[str]:
    """What the ERP was told of orders by the hub itself."""
    bodies = [json.loads(one.body) for one in world.targets["erp"].arrived]
    return [f"{one['occasion']}: {one['state']}" for one in bodies if "occasion" in one]


# -- words that wait, or cannot be ---------------------------------------------------------------------------


async def test_a_word_waits_for_the_one_that_its_warehouse_always_tells_before(tmp_path: Path) -> None:
    async with a_world(tmp_path, reports=("picked", "packed", "shipped")) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(pick("packed", 9), system="wms", document="pick_status")
        await world.until(lambda: world.count("messages", 1) == 1, "it did not wait")
        await world.push(pick("picked", 8), system="wms", document="pick_status")
        await world.settled()
        assert (await life_of(world))["fulfilment"] == "packed"
        assert world.rows("SELECT count(*) FROM incidents") == [(0,)]


async def test_without_the_key_a_later_word_implies_the_earlier_ones(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(pick("packed", 9), system="wms", document="pick_status")
        await world.settled()
        assert (await life_of(world))["fulfilment"] == "packed"


async def test_a_word_that_waits_too_long_is_an_incident_and_a_person_may_take_it(tmp_path: Path) -> None:
    checks = Checks(ItemCheck.SKIP, wait_s=0.01)
    async with a_world(tmp_path, reports=("picked", "packed"), checks=checks) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(pick("packed", 9), system="wms", document="pick_status")
        await world.until(lambda: world.count("messages", 5) == 1, "nobody looks at it")
        person = Person(world)
        (item,) = await person.open()
        assert (item["type"], item["value"]) == ("bad_transition", "O-1")
        await person.act("retry", {})
        world.worker.nudge(messages=[row[0] for row in world.rows("SELECT id FROM messages WHERE state = 1")])
        await world.until(lambda: not world.rows("SELECT 1 FROM messages WHERE state IN (1, 5)"))
        assert (await life_of(world))["fulfilment"] == "packed"


async def test_a_warehouse_that_cancels_what_it_shipped_is_an_incident(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.push(order("O-1"))
        await world.push(shipment(), system="wms", document="shipment")
        await world.settled()
        await world.push(pick("cancelled", 40), system="wms", document="pick_status")
        await world.settled()
        assert world.rows("SELECT type FROM incidents") == [("bad_transition",)]
        assert (await life_of(world))["state"] == "shipped"


async def test_late_and_repeated_words_are_no_incident_and_move_nothing_back(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.push(order("O-1"))
        await world.push(shipment(), system="wms", document="shipment")
        await world.settled()
        for word in ("picking", "picked", "picking"):
            await world.push(pick(word, 5), system="wms", document="pick_status")
        await world.settled()
        assert world.rows("SELECT count(*) FROM incidents") == [(0,)]
        assert (await life_of(world))["fulfilment"] == "shipped"


# -- the cancellation race ---------------------------------------------------------------------------------


async def test_what_was_not_sent_is_withdrawn_and_everybody_is_told(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        world.wms.closed = True
        await world.push(order("O-1"))
        await world.until(lambda: world.count("transmissions", 1) == 1)
        await world.push(CANCEL, document="cancellation")
        await world.until(lambda: world.count("transmissions", CLOSED) == 2, "it was not withdrawn")
        world.wms.closed = False
        await world.settled()
        life = await life_of(world)
        assert (life["cancellation"], life["lines"][0]["cancelled"]) == ("accepted", 2)
        assert told(world) == ["cancelled: cancelled"]
    assert world.wms.arrived == [], "the warehouse hears of neither"


async def test_an_order_that_was_turned_away_for_now_is_withdrawn_too(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        world.wms.script = lambda arrived, nth: 503
        await world.push(order("O-1"))
        await world.until(lambda: bool(world.wms.arrived))
        await world.push(CANCEL, document="cancellation")
        await world.settled()
        assert (await life_of(world))["cancellation"] == "accepted"
        assert world.count("transmissions", CLOSED) == 2
    assert {one.number for one in world.wms.arrived} == {"O-1"}, "it never hears of the cancellation"


async def test_what_may_have_arrived_is_never_withdrawn(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        world.wms.script = lambda arrived, nth: 500 if arrived.number == "O-1" and nth < 2 else 200
        await world.push(order("O-1"))
        await world.until(lambda: bool(world.wms.arrived))
        await world.push(CANCEL, document="cancellation")
        await world.until(lambda: "C-1" in world.wms.applied, "the warehouse must hear of it")
        assert world.count("transmissions", CLOSED) == 0
        await world.push(pick("cancelled", 9, cancellation="accepted"), system="wms", document="pick_status")
        await world.settled()


async def test_a_refused_order_that_waits_for_a_person_is_withdrawn_with_its_incident(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        world.wms.script = lambda arrived, nth: 400
        await world.push(order("O-1"))
        await world.settled()
        await world.push(CANCEL, document="cancellation")
        await world.settled()
        assert world.rows("SELECT type, state FROM incidents") == [("rejected", 2)]
        assert (await life_of(world))["cancellation"] == "accepted"


@pytest.mark.parametrize(
    ("word", "answer", "cancellation"),
    [("cancelled", "accepted", "accepted"), ("picking", "refused", "refused")],
)
async def test_a_sent_order_is_cancelled_at_the_warehouse_and_its_answer_awaited(
    tmp_path: Path, word: str, answer: str, cancellation: str
) -> None:
    async with a_world(tmp_path) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(CANCEL, document="cancellation")
        await world.until(lambda: "C-1" in world.wms.applied)
        assert (await life_of(world))["cancellation"] == "requested"
        assert told(world) == []
        await world.push(pick(word, 9, cancellation=answer), system="wms", document="pick_status")
        await world.settled()
        assert (await life_of(world))["cancellation"] == cancellation
        assert [one.split(":")[0] for one in told(world)].count(
            "cancelled" if answer == "accepted" else "cancel_refused"
        ) >= 1


async def test_an_answer_that_does_not_come_is_an_incident(tmp_path: Path) -> None:
    async with a_world(tmp_path, orders=Orders(cancel_wait_s=0.01)) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(CANCEL, document="cancellation")
        await world.until(lambda: world.count("messages", 5) == 1, "nobody looks at it")
        assert world.rows("SELECT type FROM incidents") == [("overdue",)]


async def test_where_the_command_itself_is_answered_nothing_more_is_awaited(tmp_path: Path) -> None:
    async with a_world(tmp_path, orders=Orders(cancel_answer="taken")) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(CANCEL, document="cancellation")
        await world.settled()
        assert (await life_of(world))["cancellation"] == "accepted"
        assert told(world) == ["cancelled: cancelled"]


async def test_a_cancellation_of_what_has_left_is_refused_and_everybody_is_told(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.push(order("O-1"))
        await world.push(shipment(), system="wms", document="shipment")
        await world.settled()
        await world.push(CANCEL, document="cancellation")
        await world.settled()
        assert told(world)[-1] == "cancel_refused: shipped"
        assert (await life_of(world))["cancellation"] == "refused"
    assert "C-1" not in world.wms.applied, "nobody asks for what cannot be"


async def test_a_shipment_that_crosses_an_accepted_cancellation_is_a_shipment(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(CANCEL, document="cancellation")
        await world.push(pick("cancelled", 9, cancellation="accepted"), system="wms", document="pick_status")
        await world.settled()
        await world.push(shipment(), system="wms", document="shipment")
        await world.settled()
        life = await life_of(world)
        assert (life["state"], life["cancellation"], life["lines"][0]["shipped"]) == ("shipped", "refused", 2)
        assert told(world)[-1] == "shipped: shipped"
        assert world.rows("SELECT count(*) FROM incidents") == [(0,)]


# -- holds, changes, packages ----------------------------------------------------------------------------------


def hold(state: str, minute: int) -> dict[str, Any]:
    at = f"2026-11-22T10:{minute:02}:00Z"
    return {"order": "O-1", "hold": "fraud", "state": state, "at": at, "extra": {"key": None}, "number": None}


async def test_a_held_order_goes_to_the_warehouse_once_its_hold_is_lifted(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.push(order("O-1", holds=["fraud"], placed_at="2026-11-22T09:00:00Z"))
        await world.until(lambda: world.count("messages", 1) == 1)
        assert world.wms.arrived == []
        await world.push(LIFTED, document="order_hold")
        await world.settled()
    assert world.wms.applied == ["O-1"]


async def test_a_held_order_that_is_cancelled_goes_nowhere(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.push(order("O-1", holds=["credit"], placed_at="2026-11-22T09:00:00Z"))
        await world.until(lambda: world.count("messages", 1) == 1)
        await world.push(CANCEL, document="cancellation")
        await world.settled()
        assert (await life_of(world))["cancellation"] == "accepted"
    assert world.wms.arrived == []


async def test_an_order_waits_out_its_edit_window(tmp_path: Path) -> None:
    async with a_world(tmp_path, orders=Orders(edit_window_s=0.3)) as world:
        await world.push(order("O-1"))
        await world.until(lambda: world.count("messages", 1) == 1)
        assert world.wms.arrived == []
        await world.settled()
        assert world.rows("SELECT count(*) FROM incidents") == [(0,)]
    assert world.wms.applied == ["O-1"]


@pytest.mark.parametrize(("state", "sent"), [("allocated", True), ("picking", False)])
async def test_a_change_goes_to_the_warehouse_until_the_state_that_the_charter_names(
    tmp_path: Path, state: str, sent: bool
) -> None:
    async with a_world(tmp_path, revise=True) as world:
        await world.push(order("O-1"))
        await world.push(pick(state, 5), system="wms", document="pick_status")
        await world.settled()
        await world.push(order("O-1", ship_method="AIR"))
        await world.settled()
        assert (world.rows("SELECT type, path FROM incidents") == []) is sent
        assert world.wms.applied.count("O-1") == 1 + sent
        if not sent:
            person = Person(world)
            assert [item["type"] for item in await person.open()] == ["bad_transition"]
            await person.act("retry", {})
            await world.until(
                lambda: world.wms.applied.count("O-1") == 2, "a retry does not send it all the same"
            )


async def test_a_change_that_no_warehouse_works_by_is_never_too_late(tmp_path: Path) -> None:
    async with a_world(tmp_path, revise=True) as world:
        await world.push(order("O-1"))
        await world.push(pick("packed", 5), system="wms", document="pick_status")
        await world.settled()
        await world.push(order("O-1", placed_at="2026-11-22T09:00:00Z"))
        await world.settled()
        assert world.rows("SELECT count(*) FROM incidents") == [(0,)]


@pytest.mark.parametrize("cancelled", [True, False], ids=["cancelled", "control"])
async def test_a_version_that_comes_behind_the_cancellation_ships_nothing_until_a_person_says_so(
    tmp_path: Path, *, cancelled: bool
) -> None:
    async with a_world(tmp_path, revise=True) as world:
        world.wms.closed = cancelled
        await world.push(order("O-1"))
        await world.until(lambda: bool(world.rows("SELECT 1 FROM transmissions")))
        if cancelled:
            await world.push(CANCEL, document="cancellation")
            await world.until(lambda: world.count("transmissions", CLOSED) == 2, "it was not withdrawn")
        world.wms.closed = False
        await world.push(order("O-1", ship_method="AIR"))
        await world.settled()
        if not cancelled:
            assert world.wms.applied == ["O-1", "O-1"]
            return
        assert world.wms.applied == []
        person = Person(world)
        (item,) = await person.open()
        assert item["type"] == "bad_transition"
        await person.act("retry", {})
        await world.until(lambda: world.wms.applied == ["O-1"], "it is not shipped all the same")


async def test_a_shipment_is_not_passed_on_before_its_packages_are_final(tmp_path: Path) -> None:
    inside = {"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}
    async with a_world(tmp_path, revise=True) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(
            shipment(packages=[{"id": "P1", "lines": [inside]}]), system="wms", document="shipment"
        )
        await world.until(lambda: world.count("messages", 1) == 1, "it did not wait")
        assert "S-1" not in world.targets["erp"].applied
        whole = [{"id": "P1", "lines": [inside | {"quantity": 2}]}]
        await world.push(shipment(packages=whole), system="wms", document="shipment")
        await world.settled()
        assert world.targets["erp"].applied.count("S-1") == 1
        assert (await life_of(world))["billing"] == "invoice_ready"


async def test_the_control_that_takes_packages_as_they_come_charges_half_a_shipment(tmp_path: Path) -> None:
    inside = {"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}
    async with a_world(tmp_path, orders=Orders(packages="any")) as world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(
            shipment(packages=[{"id": "P1", "lines": [inside]}]), system="wms", document="shipment"
        )
        await world.settled()
    assert world.targets["erp"].applied.count("S-1") == 1


async def test_a_held_order_is_found_though_its_word_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with a_world(tmp_path) as world:
        await world.push(order("O-1", holds=["fraud"], placed_at="2026-11-22T09:00:00Z"))
        await world.until(lambda: world.count("messages", 1) == 1)
        ((held, _),) = world.journal.messages_waiting_for(["hold_lifted/O-1"], 5)
        mine, journal = frozenset(range(PARTITIONS)), world.journal
        assert journal.messages_freed(mine, 5) == [], "nobody spoke of its hold since"
        monkeypatch.setattr(world.journal, "messages_waiting_for", lambda *_: [])
        await world.push(LIFTED, document="order_hold")
        await world.until(lambda: world.count("messages", 2) > 0)
        assert world.journal.messages_freed(mine, 5) == [held]
