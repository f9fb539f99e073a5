"""The desk: what people can do about incidents, and what each act leaves behind."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossdock.desk.desk import Desk
from crossdock.faults import Invalid
from crossdock.journal.contract import Overtaken
from crossdock.journal.sql import incidents
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.trace import trace
from crossdock.journal.sql.views import conservation
from crossdock.journal.sqlite.storage import SqliteStorage
from tests.stories import START_MS, Clock, Stories, stories


class Recorded:
    """A worker that notes what it was woken for."""

    def __init__(self) -> None:
        self.captures: list[int] = []
        self.messages: list[int] = []
        self.lanes: list[tuple[str, str]] = []
        self.crosswalks = 0

    def nudge(
        self,
        *,
        captures: Sequence[int] = (),
        messages: Sequence[int] = (),
        lanes: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.captures += captures
        self.messages += messages
        self.lanes += lanes

    def changed(self) -> None:
        assert not self.captures, "the new row is there before anything is tried again"
        self.crosswalks += 1


class World:
    """A store with stories, and a desk over it."""

    def __init__(self, told: Stories, path: Path) -> None:
        self.told, self.path = told, path
        self.woken = Recorded()
        self.desk = Desk(told.journal, self.woken, Clock().now_ms, crosswalks_changed=self.woken.changed)

    async def act(
        self, id_: int, name: str, body: Any, key: str | None = None, who: str = "ann"
    ) -> dict[str, Any]:
        answer = await self.desk.act(id_, name, body, who=who, key=key)
        assert answer is not None
        return json.loads(answer)

    async def open(self) -> list[dict[str, Any]]:
        listed = await self.told.journal.view(lambda c: incidents.incidents(c, incidents.Filter()))
        return listed["items"]

    async def figures(self) -> dict[str, Any]:
        figures = await self.told.journal.view(lambda c: conservation(c, at_ms=START_MS))
        assert figures["balanced"]
        return figures

    def sound(self) -> bool:
        return verify(SqliteStorage(self.path)) is None


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    path = tmp_path / "crossdock.db"
    async with stories(path) as told:
        yield World(told, path)


async def many_unmapped(world: World, count: int) -> int:
    """Orders that share one missing code."""
    ids = [await world.told.capture_on_desk(await world.told.capture(f"SO-{n}")) for n in range(count)]
    return ids[0]


async def doubted(world: World) -> tuple[int, int, int]:
    """A doubt with one follower: incident, transmission, follower."""
    told = world.told
    t = await told.due(await told.translated(await told.capture("SO-1", order_by="C1")))
    await told.sent(t)
    follower = await told.due(await told.translated(await told.capture("SO-2", order_by="C1")))
    cause, incident = await told.doubted(t)
    await told.held(follower, cause)
    return incident, t.id, follower.id


async def test_an_incident_is_given_to_somebody_else(world: World) -> None:
    id_ = await many_unmapped(world, 1)
    answer = await world.act(id_, "assign", {"owner": "bea"})
    assert answer["owner"] == "bea"
    assert answer == (await world.open())[0]
    assert world.sound()


async def test_one_row_of_a_crosswalk_sends_every_document_of_the_incident_back(world: World) -> None:
    id_ = await many_unmapped(world, 30)
    row = {"crosswalk": "ship_method", "system": "shop", "theirs": "DRONE", "ours": "EXPRESS"}
    answer = await world.act(id_, "fix", row)
    assert (answer["state"], answer["members"], answer["acts"]) == ("resolved", 30, [])
    assert not await world.open()
    assert len(world.woken.captures) == 30
    assert world.woken.crosswalks == 1
    assert [r[:4] for r in world.told.journal.crosswalk_rows()] == [
        ("ship_method", "shop", "DRONE", "EXPRESS")
    ]
    assert (await world.figures())["captures"]["waiting"] == 30
    assert world.sound()


async def test_more_members_than_one_commit_takes_are_all_sent_back(world: World) -> None:
    id_ = await many_unmapped(world, 1_203)
    answer = await world.act(id_, "retry", {})
    assert answer["members"] == 1_203
    assert len(set(world.woken.captures)) == 1_203
    assert (await world.figures())["captures"]["desk"] == 0
    assert world.sound()


async def test_a_mended_value_is_kept_for_the_document_and_ends_with_its_time(world: World) -> None:
    id_ = await many_unmapped(world, 2)
    await world.act(id_, "fix", {"path": "lines[0].price", "value": 1.50, "days": 1})
    journal = world.told.journal
    for number in ("SO-0", "SO-1"):
        assert list(journal.overrides("shop", "sales_order", number, START_MS)) == [
            ("lines[0].price", Decimal("1.5"))
        ]
    assert not list(journal.overrides("shop", "sales_order", "SO-0", START_MS + 2 * 86_400_000))
    assert not list(journal.overrides("shop", "sales_order", "SO-9", START_MS))
    assert world.sound()


async def test_a_message_on_the_desk_is_looked_at_again(world: World) -> None:
    message, id_ = await world.told.message_on_desk(await world.told.capture("SO-5"))
    await world.act(id_, "retry", {})
    assert world.woken.messages == [message.id]
    assert (await world.figures())["messages"]["waiting"] == 1
    assert world.sound()


async def test_a_refused_sending_goes_again_in_a_new_round_and_counts_on(world: World) -> None:
    told = world.told
    t = await told.due(await told.translated(await told.capture("SO-1", order_by="C1")))
    await told.sent(t)
    _, id_ = await told.rejected(t)
    await world.act(id_, "retry", {})
    again = told.journal.transmission(t.id)
    assert again is not None
    assert (again.round, again.attempt, again.payload, again.request, again.first_ms) == (2, 1, None, None, 0)
    assert world.woken.lanes == [("wms", "C1")]
    assert world.sound()


async def test_what_is_overdue_goes_again_under_its_old_key_and_bytes(world: World) -> None:
    told = world.told
    t = await told.due(await told.translated(await told.capture("SO-1", order_by="C1")))
    await told.sent(t)
    await told.retrying(t)
    _, id_ = await told.overdue(t)
    await world.act(id_, "retry", {})
    again = told.journal.transmission(t.id)
    assert again is not None
    assert (again.round, again.payload, again.request, again.first_ms) == (1, t.payload, t.request, 0)
    assert world.sound()


async def test_the_targets_own_id_is_kept_when_a_person_looked_it_up(world: World) -> None:
    id_, doubtful, _ = await doubted(world)
    await world.act(id_, "resolve", {"outcome": "applied", "reason": "asked them", "their_id": "W-9"})
    t = world.told.journal.transmission(doubtful)
    assert t is not None
    assert world.told.journal.their_id(t.hub, "wms") == "W-9"
    assert world.sound()


@pytest.mark.parametrize(
    ("outcome", "state", "round_"),
    [("applied", "done", 1), ("not_applied", "due", 2), ("abandoned", "closed", 1)],
)
async def test_a_doubt_ends_as_a_person_found_out_and_its_followers_go_on(
    world: World, outcome: str, state: str, round_: int
) -> None:
    id_, doubtful, follower = await doubted(world)
    assert (await world.open())[0]["members"] == 2
    answer = await world.act(id_, "resolve", {"outcome": outcome, "reason": "asked them"})
    assert answer["state"] == "resolved"
    t, f = world.told.journal.transmission(doubtful), world.told.journal.transmission(follower)
    assert t is not None
    assert f is not None
    assert (t.state.name.lower(), t.round, f.state.name) == (state, round_, "DUE")
    assert world.woken.lanes == [("wms", "C1")]
    assert (world.told.journal.belief(t.hub, "wms") is not None) == (outcome == "applied")
    figures = (await world.figures())["transmissions"]
    assert (figures["held"], figures["desk"]) == (0, 0)
    assert world.sound()


async def test_a_doubt_is_not_ended_by_guessing(world: World) -> None:
    id_, _, _ = await doubted(world)
    for name, body in (
        ("retry", {}),
        ("fix", {"path": "a", "value": 1}),
        ("resolve", {"reason": "it will be fine"}),
    ):
        with pytest.raises(Invalid):
            await world.act(id_, name, body)
    assert [one["state"] for one in await world.open()] == ["open"]


async def test_an_order_that_is_given_up_is_closed_with_the_reason(world: World) -> None:
    id_ = await many_unmapped(world, 2)
    answer = await world.act(id_, "resolve", {"reason": "the customer cancelled"})
    assert answer["reason"] == "abandoned: the customer cancelled"
    assert (await world.figures())["captures"]["closed"] == 2
    assert not world.woken.captures
    assert world.sound()


async def test_a_conflict_ends_without_touching_the_first_document(world: World) -> None:
    await world.told.delivered("SO-1")
    refused = await world.told.accepted("SO-1", quantity=9)
    assert refused.incident is not None
    with pytest.raises(Invalid):
        await world.act(refused.incident, "retry", {})
    await world.act(refused.incident, "resolve", {"reason": "theirs was a mistake"})
    assert (await world.figures())["captures"]["translated"] == 1
    assert world.sound()


async def test_of_two_who_act_at_once_the_second_is_told_what_happened(world: World) -> None:
    id_ = await many_unmapped(world, 3)
    first, second = await asyncio.gather(
        world.act(id_, "retry", {}, who="ann"), world.act(id_, "assign", {"owner": "me"}, who="bea"),
        return_exceptions=True,
    )  # fmt: skip
    assert isinstance(first, dict)
    assert isinstance(second, Overtaken)
    assert "ann" in str(second)
    with pytest.raises(Overtaken, match="retried"):
        await world.act(id_, "retry", {}, who="cy")


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize(("name", "body"), [("retry", {}), ("resolve", {"reason": "theirs was a mistake"})])
async def test_who_waited_for_another_act_ends_nothing_without_a_look(
    world: World, name: str, body: dict[str, str], key: str | None
) -> None:
    id_ = await many_unmapped(world, 1)
    _, second = await asyncio.gather(
        world.desk.act(id_, "assign", {"owner": "cy"}, who="ann"), world.desk.act(id_, name, body, who="bea", key=key),
        return_exceptions=True,
    )  # fmt: skip
    assert isinstance(second, Overtaken)
    assert [one["owner"] for one in await world.open()] == ["cy"]


async def test_a_retry_after_a_fix_finds_nothing_left_to_do(world: World) -> None:
    id_ = await many_unmapped(world, 1)
    await world.act(id_, "fix", {"path": "shipMethod", "value": "EXPRESS"})
    assert (await world.act(id_, "retry", {}))["state"] == "resolved"
    assert len(world.woken.captures) == 1


async def test_the_same_key_gets_the_same_answer_and_has_one_effect(world: World) -> None:
    id_ = await many_unmapped(world, 1)
    first = await world.desk.act(id_, "retry", {}, who="ann", key="k")
    assert await world.desk.act(id_, "retry", {}, who="ann", key="k") == first
    assert len(world.woken.captures) == 1
    with pytest.raises(Overtaken, match="another act"):
        await world.desk.act(id_, "assign", {"owner": "x"}, who="ann", key="k")
    assert world.sound()


async def test_two_requests_with_one_key_at_once_have_one_effect(world: World) -> None:
    id_ = await many_unmapped(world, 1)
    one, two = await asyncio.gather(*(world.desk.act(id_, "retry", {}, who="ann", key="k") for _ in range(2)))
    assert one == two
    assert len(world.woken.captures) == 1


async def test_a_document_that_fails_again_opens_a_new_incident_and_both_have_a_history(world: World) -> None:
    told = world.told
    c = await told.capture("SO-1")
    first = await told.capture_on_desk(c)
    await world.act(first, "retry", {})
    again = told.journal.capture(c.id)
    assert again is not None
    await told.capture_on_desk(again)
    (open_,) = await world.open()
    assert open_["id"] != f"i{first}"
    story = await told.journal.view(lambda c: trace(c, "sales_order", "SO-1"))
    assert isinstance(story, dict)
    assert [e["kind"] for e in story["entries"]] == ["accepted", "incident", "act", "incident"]
    assert world.sound()


async def test_a_document_that_joins_while_others_are_sent_back_goes_along(world: World) -> None:
    told = world.told
    id_ = await many_unmapped(world, 2)
    late = await told.capture("SO-9")
    await asyncio.gather(told.capture_on_desk(late), world.act(id_, "retry", {}))
    left = await world.open()
    # Whoever was overtaken reads and wakes them once more: the same ones.
    assert len(set(world.woken.captures)) + sum(one["members"] for one in left) == 3
    await world.figures()
    assert world.sound()


@pytest.mark.parametrize(
    ("name", "body", "path"),
    [
        ("assign", {}, "owner"),
        ("assign", {"owner": " "}, "owner"),
        ("assign", {"owner": "x", "reason": "y"}, "reason"),
        ("retry", {"now": True}, "now"),
        ("retry", [], ""),
        ("fix", {}, ""),
        ("fix", {"path": "a[", "value": 1}, "path"),
        ("fix", {"path": "a"}, "value"),
        ("fix", {"path": "a", "value": 1, "days": 0}, "days"),
        ("fix", {"crosswalk": "x", "system": "shop", "theirs": "A"}, "ours"),
        ("resolve", {}, "reason"),
        ("resolve", {"reason": "x", "outcome": "perhaps"}, "outcome"),
        ("explode", {}, "act"),
    ],
)
async def test_an_act_that_makes_no_sense_says_what_is_wrong_and_changes_nothing(
    world: World, name: str, body: Any, path: str
) -> None:
    id_ = await many_unmapped(world, 1)
    with pytest.raises(Invalid) as caught:
        await world.act(id_, name, body)
    assert caught.value.path == path
    assert (await world.open())[0]["state"] == "open"


async def test_nobody_acts_on_what_is_not_there(world: World) -> None:
    assert await world.desk.act(4711, "retry", {}, who="ann") is None


async def test_every_act_names_who_did_it_before_and_after(world: World) -> None:
    id_ = await many_unmapped(world, 1)
    await world.act(id_, "assign", {"owner": "bea"})
    await world.act(id_, "resolve", {"reason": "cancelled"}, who="bea")
    db = sqlite3.connect(world.path)
    details = [
        json.loads(row[0])
        for row in db.execute("SELECT detail FROM ledger WHERE kind = 12 ORDER BY position")
    ]
    db.close()
    assert [(d["who"], d["act"]) for d in details] == [("ann", "assign"), ("bea", "resolve")]
    assert details[0]["before"] == {"owner": "role:master_data"}
    assert details[0]["after"] == {"owner": "bea"}
    assert details[1]["given"]["reason"] == "cancelled"


async def test_a_restart_never_gives_the_number_of_an_override_again(tmp_path: Path) -> None:
    path = tmp_path / "crossdock.db"
    async with stories(path) as told:
        ids = [
            await told.capture_on_desk(await told.capture(f"SO-{n}"), f"unmapped_code/shop/x/{n}")
            for n in range(2)
        ]
        await World(told, path).act(ids[0], "fix", {"path": "a", "value": 1})
    async with stories(path) as told:
        await World(told, path).act(ids[1], "fix", {"path": "a", "value": 2})
        assert [told.journal.overrides("shop", "sales_order", f"SO-{n}", START_MS) for n in range(2)] == [
            [("a", 1)],
            [("a", 2)],
        ]
