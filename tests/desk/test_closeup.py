"""One incident seen closely: what is proposed works, what differs and what was answered is shown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from crossdock.cli.incident_words import _commands
from crossdock.desk.closeup import closeup, differences
from crossdock.desk.desk import Desk
from crossdock.faults import Unmapped
from crossdock.journal.sql import incidents
from crossdock.mapping.crosswalk import Crosswalks
from tests.desk.test_desk_and_worker import Person
from tests.desk.test_mending_a_refused_sending import order, world_of
from tests.pipeline.world import World

TABLE = "system,theirs,ours\nshop,STD,standard\nshop,EXP,express\nwms,ROAD,standard\n"


async def shown(world: World) -> dict[str, Any]:
    """The only open incident as `desk show` has it."""

    def look(connection: Any) -> dict[str, Any]:
        (item,) = incidents.incidents(connection, incidents.Filter())["items"]
        return item | closeup(connection, item)

    return await world.journal.view(look)


async def test_a_target_s_path_is_proposed_as_our_field_and_the_proposal_works(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    world.wms.script = lambda arrived, nth: 200
    async with world:
        await world.push(order("ring twice at the gate behind the house"))
        await world.settled()
        item = await shown(world)
        first = next(iter(_commands(item)))
        assert first == f"crossdock desk fix {item['id']} --path notes --value TEXT"
        await Person(world).act("fix", {"path": shlex.split(first)[5], "value": "ring"})
        await world.until(lambda: world.wms.applied)
        await world.settled()


async def test_a_refusal_shows_the_answer_and_our_fields(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    async with world:
        await world.push(order())
        await world.settled()
        item = await shown(world)
    assert item["fields"] == [
        {"path": "notes", "text": True},
        {"path": "lines[0].sku", "text": True},
        {"path": "lines[0].unit", "text": True},
        {"path": "lines[0].quantity", "text": False},
    ]
    assert item["answer"] == {"status": None, "body": ""}
    commands = list(_commands(item))
    assert f"crossdock desk fix {item['id']} --path 'lines[0].quantity' --value-json NUMBER" in commands
    nothing = item | {"fields": []}
    assert not [one for one in _commands(nothing) if " fix " in one], (
        "nothing is proposed where nothing works"
    )


async def test_a_conflict_shows_what_differs(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    async with world:
        await world.push(order(), key="k1")
        await world.settled()
        await world.push(order("gate 5"), key="k2")
        await world.until(lambda: world.rows("SELECT 1 FROM incidents WHERE type = 'duplicate_conflict'"))
        (id_,) = world.rows("SELECT id FROM incidents WHERE type = 'duplicate_conflict'")[0]
        item = await world.journal.view(lambda c: incidents.incident(c, id_))
        assert item is not None
        more = await world.journal.view(lambda c: closeup(c, item))
    assert more == {"differs": [{"path": "remarks", "first": '"nowhere"', "second": '"gate 5"'}]}


def test_at_most_ten_differences_are_told_and_no_secret() -> None:
    one = json.dumps({f"f{n}": n for n in range(30)} | {"a": 1}).encode()
    assert len(differences(one, b"{}")) == 10
    (found,) = differences(b'{"a": "Bearer abcdef123456"}', b'{"a": 1.0}')
    assert found == {"path": "a", "first": '"Bearer ***"', "second": "1.0"}


@pytest.mark.parametrize(
    ("column", "code", "command"),
    [
        ("ours", "DRONE", "--system shop --theirs DRONE --ours CODE   (known: express, standard)"),
        ("theirs", "express", "--system wms --theirs CODE --ours express   (known: ROAD)"),
    ],
)
def test_a_missing_row_is_proposed_the_right_way_round(column: str, code: str, command: str) -> None:
    tables = Crosswalks.read({"crosswalks/ship_method.csv": TABLE})
    system = "shop" if column == "ours" else "wms"
    with pytest.raises(Unmapped) as caught:
        getattr(tables, column)(system, "ship_method", code)
    fault = caught.value
    assert "restart the hub, or now: crossdock desk fix" in fault.fix
    item = {
        "id": "i7", "type": "unmapped_code", "acts": ["fix"], "fix": fault.fix, "value": code,
        "system": system, "path": "",
    }  # fmt: skip
    assert list(_commands(item)) == [f"crossdock desk fix i7 --crosswalk ship_method {command}"]


@pytest.mark.parametrize(
    ("type_", "path", "value", "says", "proposed"),
    [
        ("unknown_sku", "lines[0].sku", "4711", "nobody knows 4711", "--value TEXT"),
        ("unknown_sku", "lines[0].item", "4711", "nobody knows 4711", "--value TEXT"),
        ("bad_address", "ship_to.postcode", "1015", "no such postcode", "--value TEXT"),
        ("invalid", "placed_at", "20261122", "not a date and time", "--value TEXT"),
        ("invalid", "lines[0].quantity", "2x", "not a number", "--value-json NUMBER"),
        ("invalid", "lines[0].qty", "2x", "not a number", "--value-json NUMBER"),
        ("invalid", "lines[0].qty", "0", "a quantity must be more than nothing", "--value-json NUMBER"),
        ("price_missing", "lines[0].price", None, "line 1 has no price for A", "--value-json NUMBER"),
        ("negative_stock", "net", "-3", "AMS has -3 EA of A: less than nothing", "--value-json NUMBER"),
        ("bad_transition", "lines[0].quantity", "3", "more left than was ordered", "--value-json NUMBER"),
    ],
)
def test_a_number_is_proposed_where_a_number_belongs_and_a_code_of_digits_stays_a_text(
    type_: str, path: str, value: str | None, says: str, proposed: str
) -> None:
    item = {
        "id": "i7", "type": type_, "acts": ["fix"], "fix": "mend it", "value": value, "says": says, "system": "shop",
        "path": path,
    }  # fmt: skip
    assert [one.rpartition(" --")[2] for one in _commands(item)] == [proposed.removeprefix("--")]


@pytest.mark.parametrize(("ours", "warned"), [("nonsense", True), ("express", False)])
async def test_a_code_that_no_other_row_has_is_taken_with_a_warning(
    tmp_path: Path, ours: str, warned: bool
) -> None:
    world = world_of(tmp_path)
    async with world:
        await world.push(order())
        await world.settled()
        (item,) = await Person(world).open()
        desk = Desk(
            world.journal, world.worker, world.clock.now_ms, known_codes=lambda _: {"standard", "express"}
        )
        row = {"crosswalk": "ship_method", "system": "shop", "theirs": "DRONE", "ours": ours}
        answer = json.loads(await desk.act(int(item["id"][1:]), "fix", row, who="ann") or b"")
        await world.until(lambda: world.wms.applied)
        await world.settled()
        assert [one[3] for one in world.journal.crosswalk_rows()] == [ours]
    assert ("known: express, standard" in answer["says"]) is warned
    assert ("warning" in answer["reason"]) is warned
