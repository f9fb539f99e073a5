"""Clocks of incidents, on either store: what nobody takes goes on to the next, what sleeps comes back; the report."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crossdock.charter.desk import Clock as Rule
from crossdock.charter.desk import DeskRules
from crossdock.desk.desk import Desk
from crossdock.desk.escalation import Escalator
from crossdock.desk.playbook import ACTS, ADDRESSEES, filled, playbooks
from crossdock.desk.report import BY, csv_rows, week_of, weekly
from crossdock.faults import Invalid
from crossdock.journal.open import storage_of
from crossdock.journal.sql import desk_list, incidents
from crossdock.journal.sql.audit import verify
from crossdock.message.incident import TYPES, MemberKind
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from tests.journal.places import Place
from tests.nobody_runs import NobodyRuns
from tests.stories import START_MS, stories

_HOUR = 3_600_000
_UTC = ZoneInfo("UTC")
_RULES = DeskRules(
    escalate=("supervisor", "manager"),
    severities={"high": Rule(respond_s=3600.0)},
    types={"in_doubt": Rule(escalate=())},
)


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms


class Floor:
    """A store with stories, a desk, and whoever looks at the clocks."""

    def __init__(self, told: Any, rules: DeskRules) -> None:
        self.journal, self.watch = told.journal, Watch()
        self.desk = Desk(told.journal, NobodyRuns(), self.watch.now_ms, rules=rules)
        self.escalator = Escalator(told.journal, self.desk.attending, self.watch.now_ms)

    async def act(self, id_: int, name: str, who: str = "ann", **body: Any) -> dict[str, Any]:
        answer = await self.desk.act(id_, name, body, who=who)
        assert answer is not None
        return json.loads(answer)

    async def later(self, hours: float) -> None:
        self.watch.ms += int(hours * _HOUR)
        while await self.escalator.look():
            pass

    async def owner(self, id_: int) -> str:
        item = await self.journal.view(lambda c: incidents.incident(c, id_))
        return item["owner"]

    async def of(self, type_: str) -> int:
        rows = await self.journal.view(
            lambda c: c.execute(
                "SELECT id FROM incidents WHERE type = ? AND state = 1 ORDER BY id LIMIT 1", (type_,)
            ).fetchone()
        )
        return int(rows[0])

    async def told(self, id_: int) -> list[str]:
        return [one["says"] for one in await self.journal.view(lambda c: incidents.history(c, id_))]


@asynccontextmanager
async def floor(place: Place, rules: DeskRules = _RULES) -> AsyncIterator[Floor]:
    async with stories(place.database) as told:
        await told.everything()
        yield Floor(told, rules)
    assert verify(storage_of(place.database)) is None, "the ledger vouches for every clock"


async def test_what_nobody_takes_goes_to_the_next_role_and_the_ledger_tells_of_it(place: Place) -> None:
    async with floor(place) as f:
        id_ = await f.of("unmapped_code")
        first = await f.owner(id_)
        await f.later(2.5)
        assert await f.owner(id_) == "role:supervisor"
        await f.later(1.1)
        assert await f.owner(id_) == "role:manager"
        await f.later(1.1)
        assert await f.owner(id_) == "role:manager"
        says = await f.told(id_)
        assert says[-1].endswith("nobody comes next")
        assert says[0] == f"nobody of {first.removeprefix('role:')} took it in time: it goes to supervisor"
        await f.later(30)
        assert await f.told(id_) == says, "the end of a chain is told once"


@pytest.mark.parametrize(
    ("owner", "goes_up"), [("role:operations", True), ("partner:acme", False), ("ann", False)]
)
async def test_what_belongs_to_no_role_goes_to_none(place: Place, owner: str, goes_up: bool) -> None:
    async with stories(place.database) as told:
        changes = told.journal.changes()
        incident = told.incident(
            "overdue", "overdue/acme/receipt/1.1", "acme", "PO-1", (MemberKind.MESSAGE, 1)
        )
        incident.owner, incident.members = owner, []
        changes.open_incident(incident, Entry(EntryKind.incident, system="acme", says="not acknowledged"))
        await told.journal.submit(changes)
        f = Floor(told, _RULES)
        await f.later(1_000)
        assert (await f.owner(incident.id) != owner) is goes_up


async def test_without_a_chain_everything_stays_where_it_is(place: Place) -> None:
    async with floor(place, DeskRules()) as f:
        id_ = await f.of("unmapped_code")
        owner = await f.owner(id_)
        await f.later(100)
        assert (await f.owner(id_), await f.told(id_)) == (owner, [])


async def test_what_a_person_has_taken_stays_theirs_until_they_give_it_back(place: Place) -> None:
    async with floor(place) as f:
        id_ = await f.of("unmapped_code")
        await f.act(id_, "assign", owner="ann")
        await f.later(50)
        assert await f.owner(id_) == "ann"
        await f.act(id_, "assign", owner="role:master_data")
        await f.later(0.9)
        assert await f.owner(id_) == "role:master_data", "its clock began anew"
        await f.later(0.2)
        assert await f.owner(id_) == "role:supervisor"


async def test_what_sleeps_leaves_the_list_and_comes_back_with_what_was_left_of_its_clock(
    place: Place,
) -> None:
    async with floor(place) as f:
        id_ = await f.of("unmapped_code")
        owner = await f.owner(id_)
        shown = await f.act(id_, "snooze", for_s=10 * 3600, reason="the shop answers tomorrow")
        assert shown["desk"]["sleeps_until"] is not None

        async def listed(*, asleep: bool) -> list[str]:
            wanted = desk_list.Wanted(asleep=asleep, now_ms=f.watch.ms)
            page, _ = await f.journal.view(lambda c: desk_list.page(c, wanted))
            return [one.id for one in page]

        assert f"i{id_}" in await listed(asleep=True)
        assert f"i{id_}" not in await listed(asleep=False)
        await f.later(9.9)
        assert await f.owner(id_) == owner, "a clock that stands still does not run out"
        await f.later(0.2)
        assert f"i{id_}" in await listed(asleep=False)
        assert await f.owner(id_) == owner
        await f.later(3)
        assert await f.owner(id_) == "role:supervisor"


async def test_however_often_it_sleeps_what_was_left_of_its_clock_grows_no_longer(place: Place) -> None:
    async with floor(place) as f:
        id_ = await f.of("unmapped_code")

        def left_ms(shown: dict[str, Any]) -> float:
            until, clock = (
                datetime.fromisoformat(shown["desk"][name]) for name in ("sleeps_until", "clock_at")
            )
            return (clock - until).total_seconds()

        left = [
            left_ms(await f.act(id_, "snooze", for_s=hours * 3600, reason="the shop answers later"))
            for hours in (5, 9, 20, 2)
        ]
        assert left == left[:1] * 4 and left[0] > 0, (
            "nobody keeps it for ever by letting it sleep again and again"
        )


async def test_a_clock_that_ran_out_on_a_host_whose_time_is_a_little_behind_is_seen(place: Place) -> None:
    rules = DeskRules(
        escalate=("supervisor",), severities={one: Rule(respond_s=1.0) for one in ("high", "medium")}
    )
    async with floor(place, rules) as f:
        id_ = await f.of("unmapped_code")
        await f.act(id_, "assign", owner="ann")
        await f.later(50)  # all clocks up to now were looked at
        behind = Desk(f.journal, NobodyRuns(), lambda: f.watch.ms - 30_000, rules=rules)
        await behind.act(id_, "assign", {"owner": "role:master_data"}, who="bob")
        assert await f.owner(id_) == "role:master_data"
        await f.later(0)
        assert await f.owner(id_) == "role:supervisor"


async def test_sleep_needs_a_reason_and_an_end(place: Place) -> None:
    async with floor(place) as f:
        id_ = await f.of("unmapped_code")
        for body in ({"for_s": 60}, {"reason": "x"}, {"for_s": 60, "until": "2026-11-23T08:00:00Z", "reason": "x"},
                     {"until": "tomorrow", "reason": "x"}, {"for_s": 90 * 86_400, "reason": "x"}):  # fmt: skip
            with pytest.raises(Invalid):
                await f.act(id_, "snooze", **body)
        with pytest.raises(Invalid):
            await f.act(id_, "wake")
        await f.act(id_, "snooze", for_s=3600, reason="a call is awaited")
        await f.act(id_, "wake")
        assert (await f.told(id_))[-1] == "ann woke it"
        await f.act(id_, "comment", says="the shop was called")
        assert (await f.told(id_))[-1] == "ann: the shop was called"


async def test_the_report_counts_a_week_by_type_item_system_and_owner_with_the_minutes(place: Place) -> None:
    async with floor(place) as f:
        id_ = await f.of("unmapped_code")
        await f.act(id_, "assign", owner="ann")
        f.watch.ms += 30 * 60_000
        await f.act(id_, "resolve", outcome="abandoned", reason="ordered again")
        week = week_of(None, START_MS, _UTC)
        tree = await f.journal.view(lambda c: weekly(c, week, f.watch.ms))
        opened, ended = await f.journal.view(
            lambda c: c.execute("SELECT count(*), count(closed_ms) FROM incidents").fetchone()
        )
        assert (tree["opened"], tree["ended"]) == (opened, ended)
        lines = {one["name"]: one for one in tree["by"]["type"]}
        assert sum(one["count"] for one in tree["by"]["system"]) == opened
        assert sum(one["count"] for one in tree["by"]["owner"]) == opened
        assert lines["unmapped_code"]["minutes"] == 30
        assert lines["unmapped_code"]["weeks"][-1] == lines["unmapped_code"]["count"]
        assert [one["count"] for one in tree["trend"]] == [0] * 7 + [opened]
        assert len(csv_rows(tree)) == sum(len(tree["by"][name]) for name in BY)
        before = await f.journal.view(lambda c: weekly(c, week.moved(-1), f.watch.ms))
        assert (before["opened"], before["trend"][-1]["count"]) == (0, 0)
        narrowed = await f.journal.view(lambda c: weekly(c, week, f.watch.ms, ("nobody",)))
        assert narrowed["opened"] == 0


def test_a_week_is_that_of_the_site_and_a_wrong_one_is_refused() -> None:
    assert week_of("2026-W47", 0, _UTC).until_ms - week_of("2026-W47", 0, _UTC).from_ms == 7 * 86_400_000
    assert week_of("2020-W53", 0, _UTC).moved(1).name == "2021-W01"
    for text in ("2026-W54", "2026-W00", "47", "9999-W53", "2026W47"):
        with pytest.raises(Invalid):
            week_of(text, 0, _UTC)


def test_every_type_has_a_playbook_and_every_step_a_button_that_there_is() -> None:
    assert set(TYPES) <= set(playbooks())
    item = {"number": "SO-1", "object": "sales_order", "value": "{W-1}", "path": "lines[0]", "says": "It says so.",
            "fix": "", "system": "shop", "members": 3, "opened_at": "2026-11-22T10:00:00.000Z",
            "due_at": "2026-11-22T12:00:00.000Z", "id": "i7"}  # fmt: skip
    for book in playbooks().values():
        assert len(book.steps) >= 2, book.type
        assert {step.act for step in book.steps} - {None} <= ACTS, book.type
        assert book.to in ADDRESSEES, book.type
        text = filled(book.message, item, "Reno")
        assert "Reno i7" in text, book.type
        assert "{" not in text.replace("{W-1}", ""), book.type
        assert ".." not in text, book.type
