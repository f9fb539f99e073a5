"""A store or a backup that a newer version made: refused in one sentence, before anything is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from crossdock.backup.archive import unpack, write
from crossdock.journal.sqlite.schema import migrations
from tests.cli.console import crossdock
from tests.database import Server
from tests.journal.places import postgresql_place

OURS = migrations()[-1][0]


@pytest.fixture
def newer(site: Path) -> Path:
    """A site whose store is of the next shape."""
    assert crossdock("keys", "create", "shop", "--site", site).code == 0
    with closing(sqlite3.connect(site / "data" / "crossdock.db", isolation_level=None)) as store:
        store.execute(f"PRAGMA user_version = {OURS + 1}")
    return site


def sentence(newer: Path) -> str:
    """What, where, and what to do next, in a line."""
    store = newer / "data" / "crossdock.db"
    return (
        f"crossdock: a newer hub made the store {store} (shape {OURS + 1}; this one knows {OURS});"
        " use the version of the hub that made it, or a newer one\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "verify"), ("audit", "acts"), ("status",), ("conservation",), ("trace", "SO-1"), ("desk", "list"),
        ("duplicates",),
    ],
)  # fmt: skip
def test_a_newer_store_is_not_read_as_if_it_were_ours(newer: Path, words: tuple[str, ...]) -> None:
    said = crossdock(*words, "--site", newer)
    assert (said.code, said.out, said.err) == (2, "", sentence(newer))


@pytest.mark.parametrize("more", [(), ("--no-verify",)])
def test_no_backup_is_written_of_a_newer_store(newer: Path, more: tuple[str, ...]) -> None:
    before = sorted(newer.parent.iterdir())
    said = crossdock("backup", newer.parent / "new.backup", *more, "--site", newer)
    assert (said.code, said.out, said.err) == (2, "", sentence(newer))
    assert sorted(newer.parent.iterdir()) == before
    assert not (newer / "data" / "last-backup.json").exists()


def test_no_backup_is_written_of_a_newer_database(site: Path, postgresql: Server) -> None:
    database = postgresql_place(postgresql).database
    env = {"CROSSDOCK_DATABASE": database}
    assert crossdock("keys", "create", "shop", "--site", site, env=env).code == 0
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute("SELECT max(number) FROM shape").fetchone()
        assert row is not None
        connection.execute("UPDATE shape SET number = %s WHERE number = %s", (row[0] + 1, row[0]))
    for words in (("backup", site.parent / "new.backup", "--no-verify"), ("audit", "verify"), ("status",)):
        said = crossdock(*words, "--site", site, env=env)
        assert said.code == 2
        assert "a newer hub made the store postgresql://" in said.err
        assert f"(shape {row[0] + 1}; this one knows {row[0]})" in said.err
    assert not (site.parent / "new.backup").exists()


def _of_the_next_shape(archive: Path, folder: Path) -> Path:
    """The same backup, as a newer hub would have written it."""
    nothing: Callable[[int, int], None] = lambda _done, _all: None  # noqa: E731 - nobody looks
    folder.mkdir()
    manifest = unpack(archive, folder, nothing)
    newer = archive.with_name("newer.backup")
    members = {name: folder / name for name in manifest.files}
    write(newer, replace(manifest, schema=OURS + 1, code="9.9.9"), members, nothing)
    return newer


def test_a_backup_of_a_newer_hub_is_refused_before_anything_is_made(site: Path, tmp_path: Path) -> None:
    archive, other = tmp_path / "a.backup", tmp_path / "other"
    assert crossdock("keys", "create", "shop", "--site", site).code == 0
    assert crossdock("backup", archive, "--site", site).code == 0
    newer = _of_the_next_shape(archive, tmp_path / "unpacked")
    said = crossdock("restore", newer, "--site", other)
    assert said.code == 1
    assert f"a newer hub made the backup {newer} (9.9.9, shape {OURS + 1}; this one knows {OURS})" in said.err
    assert "restore it with that version" in said.err
    assert not other.exists()


def test_the_doctor_names_a_newer_store_and_what_to_do(newer: Path) -> None:
    found = crossdock("doctor", "--json", "--site", newer).tree["findings"]
    told = next(one for one in found if one["name"] == "store")
    assert f"a newer hub made {newer / 'data' / 'crossdock.db'} (shape {OURS + 1}" in told["says"]
    assert "or a newer one" in told["fix"]
