"""A file that cannot be read or written is the store being down, in the words of every store; a defect is none."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from crossdock.journal.contract import StoreDown
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sqlite.store import SqliteJournal
from tests.stories import Stories, stories


def _gives_way(connection: Any, *, is_away: bool = True) -> None:
    """Breaks off whatever is run on a connection, as a disk does that has gone."""
    connection.set_progress_handler((lambda: 1) if is_away else None, 1)


def _file(told: Stories) -> SqliteJournal:
    journal = told.journal
    assert isinstance(journal, SqliteJournal)
    return journal


async def test_a_read_that_fails_says_that_the_store_is_down(tmp_path: Path):
    async with stories(f"sqlite:{tmp_path / 'hub.db'}") as told:
        journal = _file(told)
        for connection in (journal._loop_connection, journal._views):
            _gives_way(connection)
        with pytest.raises(StoreDown, match="cannot be read: interrupted"):
            journal.captures_queued()
        with pytest.raises(StoreDown):
            await journal.view(lambda c: c.execute("SELECT count(*) FROM ledger").fetchone())
        for connection in (journal._loop_connection, journal._views):
            _gives_way(connection, is_away=False)
        assert journal.captures_queued() == []


async def test_the_control_a_question_that_makes_no_sense_is_a_defect(tmp_path: Path):
    def nonsense(connection: Connection) -> None:
        connection.execute("SELECT 1 FROM nowhere")

    async with stories(f"sqlite:{tmp_path / 'hub.db'}") as told:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await told.journal.view(nonsense)


@pytest.mark.parametrize("error", [sqlite3.DatabaseError, sqlite3.OperationalError, sqlite3.IntegrityError])
async def test_a_damaged_file_takes_no_commits_and_a_broken_rule_is_the_callers(tmp_path: Path, error: Any):
    def work(_connection: sqlite3.Connection) -> None:
        raise error("database disk image is malformed")

    async with stories(f"sqlite:{tmp_path / 'hub.db'}") as told:
        writer = _file(told).writer
        with pytest.raises(error if error is sqlite3.IntegrityError else StoreDown):
            await writer.submit(work)
        assert (writer.failure is None) == (error is sqlite3.IntegrityError)
        await writer.submit(lambda _connection: None)
        assert writer.failure is None


async def test_a_hub_stops_though_its_disk_takes_nothing_any_more(tmp_path: Path):
    async with stories(f"sqlite:{tmp_path / 'hub.db'}") as told:
        await told.capture("SO-1")
        _gives_way(_file(told)._write_connection)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        _file(told)._write_connection.execute("SELECT 1")
