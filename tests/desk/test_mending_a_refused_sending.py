"""A value mended at the desk for what a target refused: it counts in the sender's words and in ours, or is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crossdock.desk.desk import Desk
from crossdock.faults import Invalid
from crossdock.kit.connector import Ask, Content, Done, Draft, Exchange, Facts, Job, Unclear
from tests.desk.test_desk_and_worker import Person
from tests.pipeline.world import JsonWriter, World


class ShopReader:
    """Reads a shop's words."""

    def facts(self, content: Content) -> Facts:
        tree = json.loads(content.body)
        return Facts(tree["no"], parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        tree = content.parsed or json.loads(content.body)
        lines = [
            {"line": n, "sku": one["article"], "quantity": one["qty"], "unit": "EA"}
            for n, one in enumerate(tree["lines"], 1)
        ]
        ours = {"number": tree["no"], "notes": tree.get("remarks"), "lines": lines}
        return [Draft("sales_order", ours, tree["no"])]

    def same(self, one: Content, other: Content) -> bool:
        return one.body == other.body


class WarehouseWriter(JsonWriter):
    """Writes a warehouse's words, of which some are bounded."""

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        if exchanges:
            return super().step(job, exchanges)
        notes = job.tree.get("notes")
        if notes and len(notes) > 20:
            says = f"{len(notes)} characters do not fit into 20"
            raise Invalid(says, path="instructions", value=notes, fix="shorten it")
        items = [{"item": line["sku"], "pieces": str(line["quantity"])} for line in job.tree["lines"]]
        body = {"number": job.number, "instructions": notes, "items": items}
        return Ask("POST", "/in", json.dumps(body).encode(), {"idempotency-key": job.key})


def world_of(tmp_path: Path, **more: Any) -> World:
    world = World(tmp_path, **more)
    readers, writers = world.context.systems["shop"].readers, world.context.systems["wms"].writers
    assert isinstance(readers, dict)
    assert isinstance(writers, dict)
    readers["sales_order"], writers["sales_order"] = ShopReader(), WarehouseWriter(Unclear.RESEND)
    world.wms.script = lambda arrived, nth: 422 if nth == 0 else 200
    return world


def order(remarks: str = "nowhere") -> dict[str, Any]:
    return {"no": "O-1", "remarks": remarks, "lines": [{"article": "W-1", "qty": 2}], "unused": 1}


@pytest.mark.parametrize(
    ("path", "value", "sent"),
    [
        ("remarks", "gate 5", {"instructions": "gate 5"}),
        ("notes", "gate 5", {"instructions": "gate 5"}),
        ("lines[0].qty", 5, {"items": [{"item": "W-1", "pieces": "5"}]}),
        ("lines[0].quantity", 5, {"items": [{"item": "W-1", "pieces": "5"}]}),
        ("lines[0].article", "W-2", {"items": [{"item": "W-2", "pieces": "2"}]}),
    ],
)
async def test_a_value_in_either_words_is_in_what_goes_again(
    tmp_path: Path, path: str, value: object, sent: dict[str, Any]
) -> None:
    world = world_of(tmp_path)
    async with world:
        await world.push(order())
        await world.settled()
        await Person(world).act("fix", {"path": path, "value": value})
        await world.until(lambda: world.wms.applied)
        await world.settled()
    first, second = (json.loads(one.body) for one in world.wms.arrived)
    assert second == first | sent
    assert second != first


@pytest.mark.parametrize(
    ("path", "value", "says", "fix"),
    [
        ("instructions", "gate 5", "a word of the target's", "notes"),
        ("items[0].pieces", "5", "a word of the target's", "lines[0].quantity"),
        ("remark", "gate 5", "there is no remark", "did you mean remarks?"),
        ("lines[0].quantty", 5, "there is no lines[0].quantty", "did you mean lines[0].quantity?"),
        ("lines[7].qty", 5, "there is no lines[7].qty", "did you mean lines[0].qty?"),
        ("remarks", "nowhere", "changes nothing", "notes"),
        ("unused", 2, "changes nothing", "notes"),
        ("lines[0].qty", "many", "", ""),
    ],
)
async def test_a_value_that_does_nothing_sends_nothing_and_ends_nothing(
    tmp_path: Path, path: str, value: object, says: str, fix: str
) -> None:
    world = world_of(tmp_path)
    async with world:
        await world.push(order())
        await world.settled()
        with pytest.raises(Invalid) as caught:
            await Person(world).act("fix", {"path": path, "value": value})
        assert says in caught.value.says
        assert fix in caught.value.fix
        assert [item["state"] for item in await Person(world).open()] == ["open"]
        await world.settled()
    assert len(world.wms.arrived) == 1


async def test_without_a_trial_the_same_bytes_go_again(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    async with world:
        await world.push(order())
        await world.settled()
        (item,) = await Person(world).open()
        desk = Desk(world.journal, world.worker, world.clock.now_ms)
        await desk.act(int(item["id"][1:]), "fix", {"path": "remark", "value": "x"}, who="ann")
        await world.until(lambda: world.wms.applied)
        await world.settled()
    first, second = world.wms.arrived
    assert first.body == second.body


async def test_what_could_not_be_rendered_goes_out_with_the_shorter_text(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    world.wms.script = lambda arrived, nth: 200
    async with world:
        await world.push(order("ring twice at the gate behind the house"))
        await world.settled()
        (item,) = await Person(world).open()
        assert (item["type"], item["path"]) == ("invalid", "instructions")
        with pytest.raises(Invalid, match="a word of the target's") as caught:
            await Person(world).act("fix", {"path": "instructions", "value": "ring"})
        assert caught.value.fix == "give our field: notes"
        await Person(world).act("fix", {"path": "remarks", "value": "ring"})
        await world.until(lambda: world.wms.applied)
        await world.settled()
    assert json.loads(world.wms.arrived[0].body)["instructions"] == "ring"


async def test_what_was_never_refused_takes_no_value(tmp_path: Path) -> None:
    world = world_of(tmp_path, retry_for_s=0.05)
    world.wms.script = lambda arrived, nth: 503
    async with world:
        await world.push(order())
        await world.settled()
        with pytest.raises(Invalid, match="word for word"):
            await Person(world).act("fix", {"path": "remarks", "value": "gate 5"})
        assert [item["type"] for item in await Person(world).open()] == ["overdue"]
