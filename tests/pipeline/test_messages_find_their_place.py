"""What becomes of a message: waiting, superseded, owned, routed after another, on the desk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from crossdock.charter.charter import Checks, ItemCheck, Reader
from crossdock.faults import Invalid
from crossdock.kit.connector import Content, Draft
from crossdock.pipeline import waking
from tests.desk.test_desk_and_worker import Person
from tests.pipeline.world import JsonReader, World, order

RELEASE = {"number": "R-1", "order": "O-1", "lines": [{"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}]}


async def test_a_message_waits_for_its_predecessor_and_is_woken_by_it(tmp_path: Path):
    world = World(tmp_path, documents=("sales_order", "warehouse_order"))
    async with world:
        await world.push(RELEASE, document="warehouse_order")
        await world.until(lambda: world.count("messages", 1) == 1)
        await world.push(order("O-1"))
        await world.settled()
        roots = world.rows("SELECT document, root, hub FROM messages WHERE state = 2 ORDER BY id")
    assert world.wms.applied == ["O-1", "R-1"]
    assert roots[0][1] == roots[1][1] == roots[0][2], "the release belongs to the story of its order"


async def test_a_predecessor_that_never_comes_is_an_incident(tmp_path: Path):
    world = World(
        tmp_path, documents=("sales_order", "warehouse_order"), checks=Checks(ItemCheck.SKIP, wait_s=0.01)
    )
    async with world:
        await world.push(RELEASE, document="warehouse_order")
        await world.settled()
        assert world.rows("SELECT type, value FROM incidents") == [("bad_transition", "O-1")]
        assert world.count("messages", 5) == 1


async def test_a_newer_state_takes_the_place_of_one_that_has_not_left(tmp_path: Path):
    world = World(tmp_path, documents=("item",), revise=True)
    world.wms.closed = True
    async with world:
        for n in range(5):
            await world.push({"sku": "W-1", "name": f"v{n}", "unit": "EA"}, document="item")
            await world.until(lambda n=n: world.count("messages", 2) == n + 1)
        await world.until(lambda: world.count("transmissions", 7) == 4)
        world.wms.closed = False
        await world.settled()
    assert [b'"v4"' in a.body for a in world.wms.arrived] == [True]


async def test_a_refused_state_never_blocks_a_newer_one(tmp_path: Path):
    world = World(tmp_path, documents=("item",), revise=True)
    world.wms.script = lambda arrived, nth: 400 if b'"bad"' in arrived.body else 200
    async with world:
        await world.push({"sku": "W-1", "name": "bad", "unit": "EA"}, document="item")
        await world.settled()
        assert world.count("transmissions", 8) == 1
        await world.push({"sku": "W-1", "name": "good", "unit": "EA"}, document="item")
        await world.settled()
        assert (world.count("transmissions", 8), world.count("transmissions", 7)) == (0, 1)
        assert world.rows("SELECT state FROM incidents") == [(2,)], "its incident ends with it"
    assert world.wms.applied == ["W-1"]


async def test_a_newer_state_takes_no_place_of_another_object_in_its_lane(tmp_path: Path):
    world = World(tmp_path, documents=("item",), revise=True)
    world.wms.script = lambda arrived, nth: 400 if b'"bad"' in arrived.body else 200

    async def push(sku: str, name: str) -> None:
        item = {"sku": sku, "name": name, "unit": "EA", "extra": {"key": "G"}}
        await world.push(item, document="item")
        await world.settled()

    async with world:
        for sku, name in (("W-1", "bad"), ("W-2", "good"), ("W-1", "good")):
            await push(sku, name)
        states = world.rows("SELECT number, state FROM transmissions ORDER BY id")
    assert states == [("W-1", 8), ("W-2", 2), ("W-1", 2)], "W-2 waits in the same lane, and nothing is lost"


async def test_one_reader_waits_for_the_answer_of_another(tmp_path: Path):
    world = World(tmp_path, readers=(Reader("wms", after="erp"), Reader("erp")))
    seen: list[str] = []
    world.targets["erp"].script = lambda arrived, nth: (seen.append("erp"), 503 if nth < 3 else 200)[1]
    world.wms.script = lambda arrived, nth: (seen.append("wms"), 200)[1]
    async with world:
        await world.push(order("O-1"))
        await world.settled()
    assert seen == ["erp", "erp", "erp", "erp", "wms"]


async def test_a_reader_stays_behind_one_that_waits_for_a_person(tmp_path: Path):
    world = World(tmp_path, readers=(Reader("erp"), Reader("wms", after="erp")))
    world.targets["erp"].script = lambda arrived, nth: 400
    async with world:
        await world.push(order("O-1"))
        await world.settled()
        assert (world.count("transmissions", 8), world.count("transmissions", 2)) == (1, 1)
    assert world.wms.arrived == []


async def test_revisions_go_out_one_after_the_other(tmp_path: Path):
    world = World(tmp_path, revise=True)
    async with world:
        for note in ("A", "B", "A"):
            await world.push(order("O-1", notes=note))
        await world.settled()
    assert [b'"A"' in a.body for a in world.wms.arrived] == [True, False, True]


async def test_an_older_version_that_comes_late_is_superseded(tmp_path: Path):
    world = World(tmp_path)
    async with world:
        await world.push(order("O-1", extra={"version": 7}))
        await world.push(order("O-1", extra={"version": 3}, notes="old"))
        await world.settled()
        assert world.count("messages", 3) == 1
    assert len(world.wms.arrived) == 1


async def test_a_system_may_not_change_what_another_owns(tmp_path: Path):
    world = World(tmp_path, fields={"notes": "wms"})
    async with world:
        await world.push(order("O-1", notes="x"))
        await world.settled()
        await world.push(order("O-1", notes="x", ship_method="AIR"), system="wms")
        await world.settled()
        assert world.rows("SELECT type, path FROM incidents") == [("not_owned", "ship_method")]


async def test_the_echo_of_our_own_write_is_not_news(tmp_path: Path):
    world = World(tmp_path)
    async with world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(order("O-1"), system="wms")
        await world.settled()
        assert world.rows("SELECT count(*) FROM incidents") == [(0,)]
        assert world.rows("SELECT how FROM beliefs WHERE system = 'wms'") == [(3,)], "now it is observed"
        assert world.count("transmissions", 6) == 1


async def test_one_unknown_item_is_one_incident_with_all_its_orders(tmp_path: Path):
    world = World(tmp_path, documents=("sales_order", "item"), checks=Checks(ItemCheck.REFUSE))
    async with world:
        await world.push({"sku": "W-1", "name": "Widget", "unit": "EA"}, document="item")
        await world.settled()
        for n in range(5):
            await world.push(
                order(f"BAD-{n}", lines=[{"line": 1, "sku": "W-9", "quantity": 1, "unit": "EA"}])
            )
        await world.push(order("CASE", lines=[{"line": 1, "sku": "W-1", "quantity": 1, "unit": "CS"}]))
        await world.push(order("GOOD"))
        await world.settled()
        incidents = world.rows("SELECT type, value, path FROM incidents ORDER BY id")
        assert incidents == [
            ("unknown_sku", "W-9", "lines[0].sku"),
            ("unknown_unit", "W-1 CS", "lines[0].unit"),
        ]
        assert world.rows("SELECT count(*) FROM members") == [(6,)]
    assert world.wms.applied == ["W-1", "GOOD"]


async def test_bytes_that_nothing_can_be_made_of_stop_only_themselves(tmp_path: Path):
    world = World(tmp_path)
    async with world:
        await world.push(order("O-1", extra={"poison": True}))
        await world.push(order("O-2"))
        await world.settled()
        assert world.count("captures", 3) == 1
    assert world.wms.applied == ["O-2"]


async def test_an_item_that_comes_later_frees_its_orders_and_ends_the_incident(tmp_path: Path):
    world = World(tmp_path, documents=("sales_order", "item"), checks=Checks(ItemCheck.REFUSE))
    async with world:
        for n in range(3):
            await world.push(order(f"O-{n}"))
        await world.settled()
        assert world.count("incidents", 1) == 1
        await world.push({"sku": "W-1", "name": "Widget", "unit": "EA"}, document="item")
        await world.until(lambda: world.count("incidents", 1) == 0)
        await world.settled()
    assert sorted(world.wms.applied) == ["O-0", "O-1", "O-2", "W-1"]


LEVEL = {
    "sku": "W-1", "site": "MAIN", "status": "available", "quantity": 5, "unit": "EA",
    "as_of": "2026-11-22T10:00:00Z",
}  # fmt: skip


async def test_a_stock_level_told_before_its_item_waits_for_it(tmp_path: Path):
    world = World(tmp_path, documents=("item", "inventory_balance"), checks=Checks(ItemCheck.REFUSE))
    async with world:
        await world.push(LEVEL, document="inventory_balance")
        await world.until(lambda: world.count("messages", 1) == 1)
        await world.push({"sku": "W-1", "name": "tea", "unit": "EA"}, document="item")
        await world.settled()
        assert world.count("messages", 2) == 2
        assert world.rows("SELECT count(*) FROM incidents") == [(0,)]


async def test_a_stock_level_whose_item_never_comes_is_an_unknown_item_on_the_desk(tmp_path: Path):
    checks = Checks(ItemCheck.REFUSE, wait_s=0.01)
    async with World(tmp_path, documents=("inventory_balance",), checks=checks) as world:
        await world.push(LEVEL, document="inventory_balance")
        await world.settled()
        assert world.rows("SELECT type, value FROM incidents") == [("unknown_sku", "W-1")]


async def test_an_order_of_an_unknown_item_is_on_the_desk_at_once(tmp_path: Path):
    async with World(tmp_path, checks=Checks(ItemCheck.REFUSE)) as world:
        await world.push(order("O-1"))
        await world.settled()
        assert world.rows("SELECT type, value FROM incidents") == [("unknown_sku", "W-1")]


async def test_a_message_that_lacks_what_it_lacked_stays_on_the_desk_as_it_is(tmp_path: Path):
    async with World(tmp_path, documents=("item", "sales_order"), checks=Checks(ItemCheck.REFUSE)) as world:
        await world.push(order("O-1"))
        await world.until(lambda: world.count("messages", 5) == 1)
        before = world.rows("SELECT * FROM incidents"), world.rows("SELECT count(*) FROM ledger")
        ((message,),) = world.rows("SELECT id FROM messages")
        term = world.worker._term
        async with term._decides:
            await term._waiters.again(message, desk=True)
        assert (world.rows("SELECT * FROM incidents"), world.rows("SELECT count(*) FROM ledger")) == before
        await world.push({"sku": "W-1", "name": "tea", "unit": "EA"}, document="item")
        await world.until(lambda: world.wms.applied == ["W-1", "O-1"])


@pytest.mark.parametrize("numbers", [7, 9])
async def test_all_that_lack_an_item_go_on_when_it_comes_and_not_the_first_page_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numbers: int
):
    monkeypatch.setattr(waking, "PAGE", 3)
    async with World(tmp_path, documents=("item", "sales_order"), checks=Checks(ItemCheck.REFUSE)) as world:
        for n in range(numbers):
            await world.push(order(f"O-{n}", key=f"K-{n}"))
        await world.until(lambda: world.count("messages", 5) == numbers)
        await world.push({"sku": "W-1", "name": "tea", "unit": "EA"}, document="item")
        await world.until(lambda: len(world.wms.applied) == numbers + 1)
        await world.settled()
        assert world.rows("SELECT state FROM incidents") == [(2,)]


async def test_a_message_that_lies_on_the_desk_for_another_reason_leaves_the_incident_of_the_first(
    tmp_path: Path,
):
    lines = [{"line": n, "sku": f"W-{n}", "quantity": 1, "unit": "EA"} for n in (1, 2)]
    async with World(tmp_path, documents=("item", "sales_order"), checks=Checks(ItemCheck.REFUSE)) as world:
        await world.push(order("O-1", lines=lines))
        await world.until(lambda: world.count("messages", 5) == 1)
        await world.push({"sku": "W-1", "name": "one", "unit": "EA"}, document="item")
        open_ = "SELECT value FROM incidents WHERE state = 1"
        await world.until(
            lambda: world.rows(open_) == [("W-2",)], "the incident of W-1 stays open, and is empty"
        )
        await world.push({"sku": "W-2", "name": "two", "unit": "EA"}, document="item")
        await world.until(lambda: "O-1" in world.wms.applied, "it does not go when nothing is wrong any more")
        assert world.rows(open_) == []


class Unreadable(JsonReader):
    """Reads nothing as long as it is told so."""

    wrong = True

    def read(self, content: Content) -> Sequence[Draft]:
        if self.wrong:
            raise Invalid("nothing can be made of this now", path="number", fix="mend the mapping")
        return super().read(content)


@pytest.mark.parametrize("newer", [True, False], ids=["overtaken", "control"])
async def test_a_version_that_lay_on_the_desk_while_a_newer_one_went_its_way_goes_nowhere(
    tmp_path: Path, *, newer: bool
):
    world = World(tmp_path)
    reader = Unreadable("sales_order")
    world.context.systems["shop"].readers["sales_order"] = reader  # type: ignore[index]
    async with world:
        await world.push(order("O-1", extra={"version": 1}))
        await world.until(lambda: world.count("captures", 3) == 1)
        reader.wrong = False
        if newer:
            await world.push(order("O-1", extra={"version": 2}))
            await world.until(lambda: world.count("transmissions", 6) == 1)
        await Person(world).act("retry", {})
        await world.until(lambda: world.count("captures", 2) == 1 + newer)
        await world.settled()
        assert world.count("messages", 3) == newer
    assert [json.loads(one.body)["extra"]["version"] for one in world.wms.arrived] == [1 + newer]


@pytest.mark.parametrize("sku", ["W-1", "W_1", "W%1"])
async def test_a_pack_that_comes_later_frees_its_orders_whatever_signs_the_item_is_called_by(
    tmp_path: Path, sku: str
):
    checks = Checks(ItemCheck.REFUSE)
    world = World(tmp_path, documents=("sales_order", "item"), checks=checks, revise=True)
    async with world:
        item = {"sku": sku, "name": "Widget", "unit": "EA"}
        await world.push(item, document="item")
        await world.settled()
        await world.push(order("O-1", lines=[{"line": 1, "sku": sku, "quantity": 1, "unit": "CS"}]))
        await world.settled()
        assert world.count("incidents", 1) == 1
        packs = [{"unit": "CS", "factor": 12}]
        await world.push(item | {"packs": packs, "extra": {"version": 2}}, document="item")
        await world.until(lambda: world.count("incidents", 1) == 0, "its order was not looked at again")
        await world.settled()
    assert "O-1" in world.wms.applied
