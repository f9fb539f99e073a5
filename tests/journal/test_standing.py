"""The one word for how far an order is, when what was short is released once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossdock.journal.sql.trace import trace
from crossdock.message.names import moment
from tests.pipeline.world import World, order
from tests.stories import stories

NOW = "2026-11-22T10:00:00Z"
DOCUMENTS = ("sales_order", "warehouse_order", "shipment")


def a_release(number: str, quantity: int) -> dict[str, Any]:
    line = {"line": 1, "sku": "W-1", "quantity": quantity, "unit": "EA"}
    return {"number": number, "order": "O-1", "lines": [line]}


def a_shipment(number: str, release: str, quantity: int) -> dict[str, Any]:
    line = {"line": 1, "sku": "W-1", "quantity": quantity, "unit": "EA"}
    whole = {"shipped_at": "2026-11-22T10:00:00Z", "complete": True, "lines": [line]}
    return {"number": number, "warehouse_order": release, "order": "O-1", **whole}


async def test_an_order_is_part_shipped_while_its_backorder_is_open(tmp_path: Path) -> None:
    states: list[str] = []
    async with World(tmp_path, documents=DOCUMENTS) as world:
        for document, tree in (
            ("sales_order", order("O-1")),
            ("warehouse_order", a_release("R-1", 2)),
            ("shipment", a_shipment("S-1", "R-1", 1)),
            ("warehouse_order", a_release("R-2", 1)),
            ("shipment", a_shipment("S-2", "R-2", 1)),
        ):
            await world.push(tree, document=document)
            await world.settled()
            story = await world.journal.view(lambda c: trace(c, "sales_order", "O-1"))
            assert isinstance(story, dict)
            states.append(story["state"])
    assert states == ["released", "released", "shipped", "part_shipped", "shipped"]


def a_pick(release: str, state: str, **line: Any) -> dict[str, Any]:
    lines = [{"line": 1, "sku": "W-1", "unit": "EA", "picked": 0, **line}]
    return {"warehouse_order": release, "order": "O-1", "state": state, "at": NOW, "lines": lines}


async def story_of(world: World, kind: str, number: str) -> dict[str, Any]:
    story = await world.journal.view(lambda c: trace(c, kind, number, system="shop"))
    assert isinstance(story, dict)
    return story


async def test_a_release_waits_for_the_warehouse_until_it_has_left(tmp_path: Path) -> None:
    seen: list[tuple[str, str | None]] = []
    async with World(tmp_path, documents=(*DOCUMENTS, "pick_status")) as world:
        for document, tree in (
            ("sales_order", order("O-1")),
            ("warehouse_order", a_release("R-1", 2)),
            ("pick_status", a_pick("R-1", "released", short=1)),
            ("pick_status", a_pick("R-1", "packed")),
            ("pick_status", a_pick("R-1", "picking")),
            ("shipment", a_shipment("S-1", "R-1", 2)),
        ):
            await world.push(tree, document=document)
            await world.settled()
            story = await story_of(world, "sales_order", "O-1")
            seen.append((story["state"], story["waits_for"]))
    assert seen == [
        ("released", None),
        ("released", "wms: it has warehouse_order R-1 and has not picked or shipped it yet"),
        ("released", "shop: warehouse_order R-1 waits for stock there"),
        ("packed", "shop: it has packed warehouse_order R-1 and not shipped it yet"),
        ("packed", "shop: it has packed warehouse_order R-1 and not shipped it yet"),
        ("shipped", None),
    ]


async def test_a_release_in_a_pack_of_the_items_own_is_told_of_like_any_other(tmp_path: Path) -> None:
    async with World(tmp_path, documents=("item", *DOCUMENTS)) as world:
        await world.push(
            {"sku": "W-1", "unit": "EA", "packs": [{"unit": "CS12", "factor": 12}]}, document="item"
        )
        release = a_release("R-1", 1)
        release["lines"][0]["unit"] = "CS12"
        await world.push(order("O-1"))
        await world.push(release, document="warehouse_order")
        await world.settled()
        story = await story_of(world, "warehouse_order", "R-1")
    assert (story["state"], story["waits_for"] is None) == ("released", False)


async def test_a_release_speaks_of_itself_and_its_order_of_all(tmp_path: Path) -> None:
    async with World(tmp_path, documents=DOCUMENTS) as world:
        for document, tree in (
            ("sales_order", order("O-1")),
            ("warehouse_order", a_release("R-1", 2)),
            ("shipment", a_shipment("S-1", "R-1", 1)),
            ("warehouse_order", a_release("R-2", 1) | {"backorder_of": "R-1"}),
        ):
            await world.push(tree, document=document)
            await world.settled()
        kinds = (
            ("warehouse_order", "R-1"),
            ("warehouse_order", "R-2"),
            ("sales_order", "O-1"),
            ("shipment", "S-1"),
        )
        stories = [await story_of(world, *one) for one in kinds]
    waits = "wms: warehouse_order R-2 waits for stock there"
    assert [(s["state"], s["waits_for"]) for s in stories] == [
        ("shipped", None), ("released", waits), ("part_shipped", waits), ("passed_on", None)
    ]  # fmt: skip


async def test_every_open_incident_of_an_order_and_its_children_is_named(tmp_path: Path) -> None:
    async with World(tmp_path, documents=DOCUMENTS) as world:
        world.targets["wms"].script = lambda arrived, nth: 422
        await world.push(order("O-1"))
        await world.push(a_release("R-1", 2), document="warehouse_order")
        await world.settled()
        story = await story_of(world, "sales_order", "O-1")
        ids = [row[0] for row in world.rows("SELECT id FROM incidents WHERE state = 1 ORDER BY id")]
    assert ids
    assert story["state"] == "on_the_desk"
    lines = story["waits_for"].splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == [f"(i{id_})" for id_ in ids]
    assert all(line.startswith("role:operations: ") for line in lines)


async def test_what_is_tried_again_says_since_when_and_when_next(tmp_path: Path) -> None:
    async with stories(tmp_path / "hub.db") as told:
        sent = await told.due(await told.translated(await told.capture("SO-1")))
        await told.sent(sent)
        await told.retrying(sent)
        story = await told.journal.view(lambda c: trace(c, "sales_order", "SO-1"))
    assert isinstance(story, dict)
    times = f"since {moment(sent.first_ms)}; next try {moment(sent.due_ms)}"
    assert (story["state"], story["waits_for"]) == ("on_its_way", f"wms to take sales_order SO-1, {times}")
