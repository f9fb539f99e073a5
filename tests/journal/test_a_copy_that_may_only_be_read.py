"""A copy that an auditor may only read: SQLite would want to write a log beside it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crossdock.journal.sql.audit import verify
from crossdock.journal.sqlite.storage import SqliteStorage

NOBODY = 65534


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Without the rights of root, where the tests have them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def copy() -> Iterator[Path]:
    """A store in a folder that can be read and not written to."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crossdock.db"
        with SqliteStorage(path).writing() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        path.chmod(0o444)
        path.parent.chmod(0o555)
        yield path
        path.parent.chmod(0o755)


def test_it_is_read_and_audited(copy: Path) -> None:
    with as_somebody_else():
        assert verify(SqliteStorage(copy)) is None
        assert not SqliteStorage(copy).behind()


def test_sqlite_by_itself_does_not_read_it(copy: Path) -> None:
    with as_somebody_else(), pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(copy).execute("SELECT count(*) FROM ledger").fetchone()
