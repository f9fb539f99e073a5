"""A site moves from a file to a database with all that it knows, whatever happens on the way."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crossdock.access.people import People
from crossdock.access.roles import Actor, Role
from crossdock.faults import Misconfigured
from crossdock.journal.postgresql import moving, schema
from crossdock.journal.postgresql.schema import migrate
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.connection import Storage
from crossdock.journal.sql.views import conservation
from crossdock.journal.sqlite.lock import StoreLock
from crossdock.journal.sqlite.storage import SqliteStorage
from tests.database import Server
from tests.governed import governed
from tests.journal.places import Place, postgresql_place
from tests.stories import START_MS, open_journal, stories


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A store with a row in every table, and a few more."""
    path = tmp_path / "hub.db"
    async with stories(path) as told:
        await told.everything(partners=True)
        await told.accepted("SO-1", key="k-8", order_by="C1")
        for n in range(12):
            await told.delivered(f"M-{n}", order_by=f"C{n % 3}")
        people = People(told.journal, told.clock.now_ms)
        await people.add("anna", Role.VIEWER, Actor("root", "terminal"))
        await governed(told.journal, told.clock.now_ms)
    return path


def head(storage: Storage) -> str:
    """What the audit says of all chains; fails where something does not hold."""
    heads: list[str] = []
    finding = verify(storage, head=heads.append)
    assert finding is None, finding
    return heads[0]


def tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]


async def test_everything_is_there_link_by_link_and_the_hub_goes_on(file: Path, postgresql: Server):
    place = postgresql_place(postgresql)
    before = head(SqliteStorage(file))
    moved = moving.move(file, place.database, lambda done, all_: None)
    assert moved.differs == []
    assert set(moved.rows) == set(tables(file))
    empty = {table for table, (one, _) in moved.rows.items() if one == 0}
    assert empty == {"attempts", "sessions"}, "only what lives for hours has no row here"
    assert head(place.storage) == before
    with closing(sqlite3.connect(file)) as db:
        links = db.execute("SELECT position, partition, link FROM ledger ORDER BY position").fetchall()
    found = place.rows("SELECT position, partition, link FROM ledger ORDER BY position")
    assert [(position, chain, bytes(link)) for position, chain, link in found] == links
    async with stories(place.database) as told:
        assert (await told.accepted("SO-1", key="k-1", order_by="C1")).record is None, (
            "it knows what came before"
        )
        last = await told.delivered("N-1")
        assert last.id > max(row[0] for row in place.rows("SELECT id FROM hubs"))
        assert told.journal.position > links[-1][0]
        assert (await told.journal.view(lambda c: conservation(c, at_ms=START_MS)))["balanced"]
    head(place.storage)


def test_ids_go_on_beyond_all_that_may_have_been_given_after_a_backup(file: Path, postgresql: Server):
    place, floor = postgresql_place(postgresql), 10**12
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("UPDATE restored SET floor = ?", (floor,))
    moving.move(file, place.database, lambda done, all_: None)
    assert place.rows("SELECT nextval('ids')")[0][0] > floor, (
        "a target would know them as keys of other sendings"
    )


def test_no_hub_goes_on_with_the_file_that_was_left(file: Path, postgresql: Server):
    place = postgresql_place(postgresql)
    moving.move(file, place.database, lambda done, all_: None)
    with pytest.raises(
        Misconfigured, match="was moved into postgresql://.* name that database by --database"
    ):
        open_journal(file)
    assert verify(SqliteStorage(file)) is None, "it can still be read"
    again = moving.move(file, place.database, lambda done, all_: None)
    assert (again.rows, again.differs) == ({}, [])


def test_a_move_that_is_killed_at_any_point_goes_on_where_it_stood(
    file: Path, postgresql: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(moving, "CHUNK", 7)
    place, before = postgresql_place(postgresql), head(SqliteStorage(file))
    rounds, copied = 0, 0

    def killed_after(count: int):
        calls = 0

        def progress(done: int, all_: int) -> None:
            nonlocal calls, copied
            calls, copied = calls + 1, max(copied, done)
            if calls > count:
                raise Killed

        return progress

    while True:
        rounds += 1
        try:
            # The first call of each round tells where it stands; then come the pages.
            moved = moving.move(file, place.database, killed_after(len(tables(file)) + rounds % 3))
        except Killed:
            with pytest.raises(Misconfigured, match="being moved"):
                migrate(place.database)
            continue
        break
    assert rounds > 5
    assert moved.differs == []
    assert head(place.storage) == before


def test_a_running_hub_is_not_moved(file: Path, postgresql: Server):
    place = postgresql_place(postgresql)
    lock = StoreLock(file)
    try:
        with pytest.raises(Misconfigured, match="another hub.*stop it first"):
            moving.move(file, place.database, lambda done, all_: None)
    finally:
        lock.release()


async def test_a_database_with_a_site_of_its_own_is_not_touched(file: Path, postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        await told.delivered("SO-1")
    with pytest.raises(Misconfigured, match="not empty"):
        moving.move(file, place.database, lambda done, all_: None)
    assert place.count("captures") == 1


async def test_a_store_that_went_on_since_the_move_began_is_not_mixed(file: Path, postgresql: Server):
    place = postgresql_place(postgresql)

    def progress(done: int, all_: int) -> None:
        if done > 40:
            raise Killed

    with pytest.raises(Killed):
        moving.move(file, place.database, progress)
    async with stories(file) as told:
        await told.delivered("SO-99")
    with pytest.raises(Misconfigured, match="gone on since"):
        moving.move(file, place.database, lambda done, all_: None)


def test_a_row_that_differs_is_told(file: Path, postgresql: Server, monkeypatch: pytest.MonkeyPatch):
    place = postgresql_place(postgresql)
    whole = moving._compared

    def after_a_loss(*words: object) -> moving.Moved:
        place.run("DELETE FROM captures WHERE id = (SELECT min(id) FROM captures)")
        return whole(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(moving, "_compared", after_a_loss)
    moved = moving.move(file, place.database, lambda done, all_: None)
    assert moved.differs[0].startswith("captures: ")
    assert "the figures of conservation" in moved.differs
    open_journal(file)._write_connection.close()  # type: ignore[attr-defined]


@pytest.fixture
def two(postgresql: Server) -> tuple[Place, Place]:
    """Two empty databases."""
    return postgresql_place(postgresql), postgresql_place(postgresql)


def test_tables_and_the_note_of_the_move_come_at_once(
    file: Path, postgresql: Server, monkeypatch: pytest.MonkeyPatch
):
    place = postgresql_place(postgresql)

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_Mover", killed)
        with pytest.raises(Killed):
            moving.move(file, place.database, lambda done, all_: None)
    with pytest.raises(Misconfigured, match="being moved"):
        migrate(place.database)
    empty = postgresql_place(postgresql)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "note_move", killed)
        with pytest.raises(Killed):
            moving.move(file, empty.database, lambda done, all_: None)
    assert not empty.storage.exists(), "no tables without the note"
    assert moving.move(file, place.database, lambda done, all_: None).differs == []


def test_a_move_that_is_killed_at_its_very_end_leaves_one_place_at_most(
    file: Path, two: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch
):
    def killed(_: object) -> None:
        raise Killed

    place, other = two
    with monkeypatch.context() as patch:
        patch.setattr(moving._Mover, "end", killed)
        with pytest.raises(Killed):
            moving.move(file, place.database, lambda done, all_: None)
    with pytest.raises(Misconfigured, match="being moved"):
        migrate(place.database)
    with pytest.raises(Misconfigured, match="was moved into"):
        open_journal(file)
    with pytest.raises(Misconfigured, match="both would send"):
        moving.move(file, other.database, lambda done, all_: None)
    assert moving.move(file, place.database, lambda done, all_: None).differs == []
    migrate(place.database)


def test_a_move_that_was_given_up_for_another_database_is_not_ended_afterwards(
    file: Path, two: tuple[Place, Place]
):
    def killed(done: int, _all: int) -> None:
        if done > 40:
            raise Killed

    given_up, place = two
    with pytest.raises(Killed):
        moving.move(file, given_up.database, killed)
    assert moving.move(file, place.database, lambda done, all_: None).differs == []
    with pytest.raises(Misconfigured, match="both would send"):
        moving.move(file, given_up.database, lambda done, all_: None)


def test_tables_of_others_are_named_and_left_alone(file: Path, postgresql: Server):
    place = postgresql_place(postgresql)
    for name in ("invoices", "customers", "old", "stock_of_shop"):
        place.run(f"CREATE TABLE {name} (x int)")
    says = "holds tables already: customers, invoices, old and 1 more.*make an empty database"
    with pytest.raises(Misconfigured, match=says):
        moving.move(file, place.database, lambda done, all_: None)
    assert place.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(4,)]


def test_a_row_that_a_database_cannot_hold_is_named(file: Path, postgresql: Server):
    place = postgresql_place(postgresql)
    long = "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(400))
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        ids = [row[0] for row in db.execute("SELECT id FROM hubs ORDER BY id")]
        db.execute("UPDATE hubs SET number = ? WHERE id = ?", (long, ids[2]))
    says = rf"cannot hold a row of hubs \(id {ids[2]}\): index row"
    with pytest.raises(Misconfigured, match=says) as told:
        moving.move(file, place.database, lambda done, all_: None)
    assert "keep this site in a SQLite file" in str(told.value)
    assert long[:60] not in str(told.value)


def test_what_is_no_store_is_told_and_not_written_to(tmp_path: Path):
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(Misconfigured, match="is a folder, and no store.*data/crossdock.db"):
        moving.move(tmp_path, nowhere, lambda done, all_: None)
    (tmp_path / "notes.txt").write_text("milk\n" * 2_000)
    with closing(sqlite3.connect(tmp_path / "photos.db")) as db:
        db.execute("CREATE TABLE photos (x)")
    for name in ("notes.txt", "photos.db"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(Misconfigured, match=f"{name} is no store that a hub made.*data/crossdock.db"):
            moving.move(tmp_path / name, nowhere, lambda done, all_: None)
        assert (tmp_path / name).read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["notes.txt", "photos.db"]
