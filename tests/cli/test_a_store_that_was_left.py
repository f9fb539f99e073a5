"""A file whose site was moved into a database: no command works on with it, and what only reads says so."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crossdock.journal.sqlite.left import leave
from tests.cli.console import crossdock
from tests.cli.test_doctor import examined
from tests.database import Server
from tests.harness.ports import free_port
from tests.harness.process import ROOT
from tests.journal.places import postgresql_place
from tests.stories import stories

INTO = "postgresql://crossdock@db.example/hub"


@pytest.fixture
def left(site: Path) -> Path:
    """A site with a key, whose store was moved."""
    assert crossdock("keys", "create", "shop", "--site", site).code == 0
    leave(site / "data" / "crossdock.db", into=INTO, move="1")
    return site


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "shop"),
        ("keys", "revoke", "shop"),
        ("keys", "rotate", "shop"),
        ("keys", "list"),
        ("people", "add", "anna", "--role", "admin"),
        ("people", "list"),
        ("desk", "list"),
        ("desk", "show", "i10"),
        ("status",),
        ("pause", "shop", "--reason", "x"),
        ("resume", "shop"),
        ("restored", "show"),
        ("backup", "FILE"),
        ("up",),
    ],
    ids=" ".join,
)
def test_no_command_works_on_with_it(left: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "site.backup"
    before = (left / "data" / "crossdock.db").read_bytes()
    said = crossdock(*(file if word == "FILE" else word for word in words), "--site", left)
    assert (said.code, said.out) == (2, "")
    assert f"was moved into {INTO} at 20" in said.err
    assert "name that database by --database" in said.err
    assert not file.exists()
    assert (left / "data" / "crossdock.db").read_bytes() == before


@pytest.mark.parametrize("words", [("audit", "verify"), ("audit", "acts"), ("conservation",)], ids=" ".join)
def test_what_only_reads_says_first_what_it_reads(left: Path, words: tuple[str, ...]) -> None:
    said = crossdock(*words, "--site", left)
    assert said.code == 0, said.err
    assert said.out
    assert said.err.count(f"was moved into {INTO}") == 1
    assert "this is what the file knew then" in said.err
    traced = crossdock("trace", "sales_order", "SO-1", "--site", left)
    assert f"was moved into {INTO}" in traced.err


def test_the_doctor_finds_it_wrong(left: Path) -> None:
    code, found = examined(left)
    assert code == 1
    (store,) = (one for one in found["store"] if one["state"] == "wrong")
    assert f"was moved into {INTO}" in store["says"]
    assert "--database" in store["fix"]


def test_a_backup_counts_only_for_the_store_that_it_was_taken_from(
    site: Path, tmp_path: Path, postgresql: Server
) -> None:
    database = postgresql_place(postgresql).database
    assert crossdock("keys", "create", "shop", "--site", site).code == 0
    assert crossdock("backup", tmp_path / "one.backup", "--site", site).code == 0
    assert "backup" not in examined(site)[1]
    listen = ("--listen", f"127.0.0.1:{free_port()}", "--database", database)
    (found,) = examined(site, None, *listen)[1]["backup"]
    assert found["says"].startswith("none was taken of this store yet")
    noted = site / "data" / "last-backup.json"
    old = {name: value for name, value in json.loads(noted.read_text("utf-8")).items() if name != "store"}
    noted.write_text(json.dumps(old), "utf-8")
    assert "backup" in examined(site, None, *listen)[1], "an older release noted no store: it was the file"
    assert "backup" not in examined(site)[1]
    assert crossdock("keys", "create", "shop", "--site", site, "--database", database).code == 0
    assert crossdock("backup", tmp_path / "two.backup", "--site", site, "--database", database).code == 0
    assert "backup" not in examined(site, None, *listen)[1]
    assert "backup" in examined(site)[1]


async def test_it_moves_nowhere_else(tmp_path: Path, postgresql: Server) -> None:
    place, other, file = postgresql_place(postgresql), postgresql_place(postgresql), tmp_path / "hub.db"
    async with stories(file) as told:
        await told.everything()
    assert crossdock("migrate", "--from", f"sqlite:{file}", "--to", place.database).code == 0
    said = crossdock("migrate", "--from", f"sqlite:{file}", "--to", other.database)
    assert said.code == 1
    assert f"was moved into {place.database}" in said.err
    assert "both would send what is open" in said.err
    assert other.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    again = crossdock("migrate", "--from", f"sqlite:{file}", "--to", place.database)
    assert (again.code, "moved there before" in again.out) == (0, True)


def test_a_file_that_came_out_of_a_database_can_still_be_read_once_it_is_left(left: Path) -> None:
    from crossdock.journal.sqlite.schema import LEFT_SPARSE, SPARSE, connect

    file = left / "data" / "crossdock.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"PRAGMA application_id = {SPARSE}")
    leave(file, into=INTO, move="1")
    with closing(connect(file, read_only=True)) as db:
        assert db.execute("PRAGMA application_id").fetchone() == (LEFT_SPARSE,)
        assert not db.dialect.dense
    assert crossdock("keys", "list", "--site", left).code == 2


def test_every_command_comes_to_a_store_by_the_one_way_that_looks_first() -> None:
    others = [
        file.name
        for file in (ROOT / "src" / "crossdock" / "cli").rglob("*.py")
        if "storage_of" in file.read_text("utf-8") and file.name != "opening.py"
    ]
    assert others == [], "use store_at of crossdock.cli.opening"
