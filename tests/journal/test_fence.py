"""Several processes on one database: who was taken over commits nothing, and no commit is skipped by a reader."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from crossdock.journal.contract import Fenced, StoreDown
from crossdock.journal.postgresql.membership import is_dead, this_process
from crossdock.journal.postgresql.schema import migrations
from crossdock.journal.sql.audit import verify
from crossdock.journal.sqlite.schema import migrations as sqlite_migrations
from crossdock.message.states import CaptureState
from crossdock.pipeline.blind import NoFence
from tests.database import Server
from tests.journal.places import Place, postgresql_place
from tests.stories import stories

TAKEN_OVER = "UPDATE owners SET epoch = epoch + 1 WHERE gone_at IS NULL"


@pytest.mark.parametrize("first", ["the door", "its own work"])
async def test_who_was_taken_over_writes_nothing(postgresql: Server, first: str):
    """Whichever asks first: once fenced, the writer refuses everything by itself."""
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        capture = await told.capture("SO-1")
        assert len(told.journal.owned) == 256
        place.run(TAKEN_OVER)
        before = place.count("ledger")
        for path in (first, "the door", "its own work"):
            capture.state = CaptureState.WAITING  # as it stands in the store, whatever was tried before
            with pytest.raises(Fenced):
                await (told.accepted("SO-2") if path == "the door" else told.translated(capture))
        assert told.journal.owned == frozenset()
        assert told.journal.writer.failure is not None
        assert (place.count("captures"), place.count("ledger")) == (1, before)
    assert verify(place.storage) is None


async def test_control_without_the_fence_it_writes_on(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database, fence=NoFence()) as told:
        await told.capture("SO-1")
        place.run(TAKEN_OVER)
        await told.accepted("SO-2")
    assert place.count("captures") == 2


async def test_a_newcomer_takes_over_from_a_process_whose_lease_is_over(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database, lease_s=600.0) as first:  # its heart does not beat meanwhile
        await first.delivered("SO-1")
        place.run("UPDATE owners SET lease_until = clock_timestamp() - interval '1 s'")
        async with stories(place.database) as second:
            assert len(second.journal.owned) == 256
            refused: StoreDown | None = None
            while not isinstance(refused, Fenced):  # its sessions were ended, which it sees first
                with pytest.raises(StoreDown) as caught:
                    await first.accepted("SO-2")
                refused = caught.value
            await second.delivered("SO-3")
    assert [row[0] for row in place.rows("SELECT their_id FROM captures ORDER BY id")] == ["SO-1", "SO-3"]
    assert verify(place.storage) is None


async def test_two_processes_write_to_chains_of_their_own(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database) as first, stories(place.database) as second:
        assert (len(first.journal.owned), len(second.journal.owned)) == (256, 0)
        await asyncio.gather(*(told.delivered(f"{who}-{n}") for n in range(8) for who, told in
                               (("A", first), ("B", second))))  # fmt: skip
        await asyncio.gather(first.journal.anchor(), second.journal.anchor())
        await asyncio.gather(first.delivered("A-9"), second.delivered("B-9"))
        assert verify(place.storage) is None
    assert len(place.rows("SELECT DISTINCT partition FROM ledger")) == 2
    assert verify(place.storage) is None
    ids = [row[0] for row in place.rows("SELECT id FROM captures UNION ALL SELECT id FROM messages")]
    assert len(ids) == len(set(ids)) == 36


async def test_two_processes_that_hear_the_same_document_at_once_keep_it_once(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database) as first, stories(place.database) as second:
        for n in range(20):
            one, other = await asyncio.gather(
                first.accepted(f"SO-{n}", key=f"k{n}"), second.accepted(f"SO-{n}", key=f"k{n}")
            )
            assert {one.verdict.value, other.verdict.value} == {"new", "repeat"}
            assert one.capture == other.capture
    assert place.count("captures") == 20
    assert verify(place.storage) is None


async def test_a_capture_that_is_committed_late_is_found_by_looking_and_skipped_by_going_on(
    postgresql: Server,
):
    place = postgresql_place(postgresql)
    async with stories(place.database) as slow, stories(place.database) as fast:
        first = (await slow.accepted("SO-0")).capture
        (chain,) = place.rows("SELECT partition FROM ledger")[0]
        with psycopg.connect(place.database) as holding:
            holding.execute("SELECT 1 FROM chains WHERE chain = %s FOR UPDATE", (chain,))
            late = asyncio.create_task(slow.accepted("SO-1"))  # has its number, and waits to be written
            await _until_one_waits(place)
            early = (await fast.accepted("SO-2")).capture
            looked = [row[0] for row in fast.journal.captures_due([("shop", "sales_order")], range(256), 100)]
            went_on = [capture.id for capture in fast.journal.captures_waiting("shop", "sales_order", 0, 100)]
            assert looked == went_on == [first, early]
            holding.rollback()
        late_id = (await late).capture
        assert late_id < early
        looked = [row[0] for row in fast.journal.captures_due([("shop", "sales_order")], range(256), 100)]
        assert looked == [first, late_id, early]
        control = [
            capture.id for capture in fast.journal.captures_waiting("shop", "sales_order", went_on[-1], 100)
        ]
        assert control == [], "the rule that goes on behind the last one never finds it"


async def _until_one_waits(place: Place) -> None:
    where = "wait_event_type = 'Lock' AND datname = current_database()"
    while not place.count("pg_stat_activity", where):
        await asyncio.sleep(0.005)


def test_a_dead_process_of_this_machine_is_known_as_dead_and_a_living_one_is_not():
    own = this_process("here").birth
    assert not is_dead(own, own)
    boot, space, pid, started = own.split("/")
    assert is_dead(f"{boot}/{space}/{pid}/{int(started) + 1}", own), "the number was given to another process"
    assert not is_dead(f"another-boot/{space}/999999/1", own)
    assert not is_dead(f"{boot}/pid:[1]/999999/1", own)


def test_no_two_migrations_have_one_number():
    for found in (migrations(), sqlite_migrations()):
        given = [number for number, _, _ in found]
        assert given == sorted(set(given))
