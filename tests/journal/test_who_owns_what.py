"""Coming, going and being counted out on a database: what belonged to whom, row by row."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from structlog.testing import capture_logs

from crossdock.journal.postgresql import membership
from crossdock.journal.postgresql.budgets import Budgets, Limit
from crossdock.journal.postgresql.membership import Member, Process, count_out, leave
from crossdock.journal.postgresql.tenure import PostgresqlTenure
from tests.database import Server
from tests.journal.places import Place, postgresql_place
from tests.journal.test_shares_of_limits import Spends
from tests.stories import stories

MACHINES = count(1)
OVER = "UPDATE owners SET lease_until = clock_timestamp() - interval '1 s' WHERE id = {}"


@pytest.fixture
async def place(postgresql: Server) -> Place:
    """A database with the tables of a hub, and nobody in it."""
    made = postgresql_place(postgresql)
    async with stories(made.database):
        pass
    return made


async def joined(place: Place, *, claims: bool = True) -> Member:
    """A process on another machine, with a share of a limit."""
    process = Process("b", "", f"machine {next(MACHINES)}/1/2/3")
    member = await membership.join(place.database, process, lease_s=60.0, claims=claims)
    place.run(
        f"INSERT INTO budgets (system, owner, places, rate_per_s, wants) VALUES ('wms', {member.id}, 3, 1, true)"
    )
    return member


@pytest.mark.parametrize(("apart_s", "told"), [(0.0, False), (300.0, True), (-300.0, True)])
async def test_a_host_whose_clock_is_not_the_database_s_is_told_so(
    place: Place, monkeypatch: pytest.MonkeyPatch, apart_s: float, told: bool
):
    here = SimpleNamespace(time=lambda: time.time() + apart_s)
    monkeypatch.setattr(membership, "time", here)
    with capture_logs() as logged:
        await joined(place)
    found = [one["ahead_s"] for one in logged if "clock" in one["event"]]
    assert bool(found) == told
    assert all(abs(ahead_s - apart_s) < 60 for ahead_s in found)


def state(place: Place, member: Member) -> tuple[int, bool, int, int]:
    """Its epoch, whether it is gone, its partitions and its shares."""
    ((epoch, gone),) = place.rows(f"SELECT epoch, gone_at IS NOT NULL FROM owners WHERE id = {member.id}")
    owner = f"owner = {member.id}"
    return epoch, gone, place.count("partitions", owner), place.count("budgets", owner)


class Meanwhile:
    """A cursor beside which something happens just before a statement runs."""

    def __init__(self, cursor: psycopg.AsyncCursor[Any], place: Place, before: str, happens: str) -> None:
        self._cursor, self._place, self._before, self._happens = cursor, place, before, happens

    async def execute(self, sql: str, *values: Any) -> None:
        if sql.startswith(self._before):
            self._place.run(self._happens)
        await self._cursor.execute(cast("Any", sql), *values)

    async def fetchall(self) -> list[Any]:
        return await self._cursor.fetchall()


async def counted_out(place: Place, *, meanwhile: str = "SELECT 1") -> list[int]:
    async with await psycopg.AsyncConnection[Any].connect(place.database) as db, db.cursor() as cursor:
        seen = Meanwhile(cursor, place, "UPDATE owners", meanwhile)
        return await count_out(cast("Any", seen), Process("c", "", "a third one/1/2/3"))


async def test_who_renews_its_lease_is_not_counted_out(place: Place):
    member = await joined(place)
    assert await counted_out(place) == []
    assert state(place, member) == (member.epoch, False, 256, 1)


async def test_who_is_counted_out_has_another_epoch_and_nothing_of_its_own_and_the_others_keep_theirs(
    place: Place,
):
    member, other = await joined(place), await joined(place)
    place.run(f"UPDATE partitions SET owner = {other.id} WHERE partition < 100")
    place.run(OVER.format(member.id))
    assert await counted_out(place) == [member.id]
    assert state(place, member) == (member.epoch + 1, True, 0, 0)
    assert state(place, other) == (other.epoch, False, 100, 1)
    assert place.count("partitions", "owner IS NULL") == 156
    assert await counted_out(place) == [], "once"
    assert state(place, member)[0] == member.epoch + 1


async def test_a_lease_that_is_renewed_at_the_last_moment_counts(place: Place):
    member = await joined(place)
    place.run(OVER.format(member.id))
    renewed = "UPDATE owners SET lease_until = clock_timestamp() + interval '60 s'"
    assert await counted_out(place, meanwhile=renewed) == []
    assert state(place, member) == (member.epoch, False, 256, 1)


async def test_who_leaves_gives_all_back_unless_it_was_taken_over_before(place: Place):
    member, other = await joined(place), await joined(place, claims=False)
    await leave(place.database, other)
    assert state(place, other) == (other.epoch + 1, True, 0, 0)
    assert state(place, member) == (member.epoch, False, 256, 1)
    await leave(place.database, replace(member, epoch=member.epoch - 1))
    assert state(place, member)[:2] == (member.epoch, False), "another epoch is another process"


async def take(place: Place, member: Member, *partitions: int) -> frozenset[int]:
    async with await psycopg.AsyncConnection[Any].connect(place.database, autocommit=True) as db:
        return await PostgresqlTenure._take(cast("Any", None), db, member, partitions)


async def test_only_what_nobody_owns_is_taken_and_only_by_who_was_not_taken_over(place: Place):
    member, other = await joined(place), await joined(place, claims=False)
    place.run("UPDATE partitions SET owner = NULL WHERE partition < 10")
    assert await take(place, other, 8, 9, 10, 11) == {8, 9}
    assert await take(place, other, 8) == {8}, "its own once more"
    assert await take(place, member, 7, 8) == {7}
    place.run(f"UPDATE owners SET epoch = epoch + 1 WHERE id = {other.id}")
    assert await take(place, other, 1, 2) == frozenset()
    assert await take(place, replace(other, epoch=other.epoch + 2), 1, 2) == frozenset()
    assert place.count("partitions", "owner IS NULL") == 7


async def leased(place: Place, member: Member) -> int:
    """The places that a process leases of the one that there is."""
    spends = Spends()
    tenure = SimpleNamespace(_budgets=Budgets({"wms": Limit(1, None)}, {"wms": spends}))
    async with await psycopg.AsyncConnection[Any].connect(place.database, autocommit=True) as db:
        (await PostgresqlTenure._lease(cast("Any", tenure), db, member, [member.id]))()
    return spends.places


async def test_who_was_counted_out_leases_nothing_and_keeps_it_from_nobody(place: Place):
    member, other = await joined(place), await joined(place, claims=False)
    place.run("DELETE FROM budgets")
    place.run(OVER.format(member.id))
    await counted_out(place)
    assert await leased(place, member) == 0
    assert place.count("budgets") == 0
    assert await leased(place, other) == 1


async def test_control_a_share_of_who_is_gone_would_be_had_by_nobody(place: Place):
    member, other = await joined(place), await joined(place, claims=False)
    place.run(OVER.format(member.id))
    await counted_out(place)
    place.run(
        f"INSERT INTO budgets (system, owner, places, rate_per_s, wants) VALUES ('wms', {member.id}, 1, 0, true)"
    )
    place.run(f"DELETE FROM budgets WHERE owner = {other.id}")
    assert await leased(place, other) == 0


async def begins(place: Place, member: Member, charter: int) -> list[Any]:
    """What is logged of other hosts when a process begins to work by some charter."""
    writer = SimpleNamespace(fenced=False, sure_until_s=0.0, on_fenced=None)
    journal = SimpleNamespace(writer=writer, member=member, charter=charter)
    tenure = PostgresqlTenure(
        cast("Any", journal),
        cast("Any", SimpleNamespace()),
        cast("Any", SimpleNamespace()),
        url=place.database,
        lease_s=1.0,
    )
    try:
        with capture_logs() as logged:
            await tenure._begin()
    finally:
        await tenure._drop_connection()
    return [one["hosts"] for one in logged if "another charter" in one["event"]]


async def test_who_begins_beside_another_charter_says_so_and_beside_the_same_nothing(place: Place):
    member, other = await joined(place), await joined(place, claims=False)
    assert await begins(place, member, 1) == []
    assert await begins(place, other, 1) == []
    assert await begins(place, other, 2) == [["b"]]
    place.run(OVER.format(member.id))
    await counted_out(place)
    assert await begins(place, other, 2) == [], "it is gone"
