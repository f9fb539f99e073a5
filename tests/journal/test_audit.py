"""The audit finds any one changed byte, and finds nothing where nothing was changed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crossdock.access.people import People
from crossdock.access.roles import Actor, Role
from crossdock.journal.sql.audit import verify
from crossdock.journal.sqlite.storage import SqliteStorage
from tests.governed import governed
from tests.stories import open_journal, stories


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with at least one row in every table, closed and checkpointed."""
    path = tmp_path_factory.mktemp("audit") / "crossdock.db"

    async def told() -> None:
        async with stories(path) as s:
            await s.everything(partners=True)
            await s.accepted("SO-1", key="k-8", order_by="C1")
            everywhere = {"systems": ["shop"], "sites": ["reno"], "subject": "https://login.example.com|7"}
            people = People(s.journal, s.clock.now_ms)
            await people.add("anna", Role.VIEWER, Actor("root", "terminal"), **everywhere)
            await governed(s.journal, s.clock.now_ms)

    asyncio.run(told())
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("PRAGMA journal_mode = DELETE")
    db.close()
    return path


@pytest.fixture
def copy(recorded: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copy(recorded, tmp_path / "crossdock.db"))


#: Who works on a row says nothing of what happened, and may change hands without a word in the ledger.
OWNERSHIP = {
    ("captures", "partition"),
    ("messages", "partition"),
    ("transmissions", "partition"),
    ("hubs", "home"),
    ("hubs", "shared"),
    ("stock_beliefs", "partition"),
    ("stock_levels", "partition"),
    ("stock_told", "partition"),
    # When somebody looks at it next, and what helps them to see that it has changed meanwhile.
    ("stock_beliefs", "before"),
    ("stock_beliefs", "good_until_ms"),
    ("stock_levels", "as_of_ms"),
    ("stock_levels", "changed"),
    ("stock_levels", "due_ms"),
    ("stock_told", "due_ms"),
}


#: Sessions and failed sign-ins end by themselves, and what is watched is counted from the ledger.
UNVOUCHED = frozenset(
    {"sessions", "attempts", "watch", "expectations", "measures", "alerts", "incident_origins"}
)
#: A number that was given before is put back, together with the entry that gave it.
BACK = (
    "UPDATE numbers SET value = 1, position = (SELECT position FROM receipts WHERE control = 1)"
    " WHERE sequence = 'control'"
)


#: Bytes are taken away as an erasure takes them.
GONE = "UPDATE payloads SET codec = 2, size = 0, data = x'', crc = 0,"
STANDS = (
    "id = (SELECT min(payload) FROM ledger JOIN payloads p ON p.id = payload WHERE digest > '' AND codec < 2)"
)


def columns(path: Path) -> Iterator[tuple[str, str]]:
    """Every column of every table that the ledger vouches for."""
    db = sqlite3.connect(path)
    for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        for row in db.execute(f"PRAGMA table_info({table})").fetchall():
            if table not in UNVOUCHED and (table, row[1]) not in OWNERSHIP:
                yield table, row[1]
    db.close()


def other(value: Any, dice: random.Random) -> Any:
    """The value with one bit of one byte changed."""
    if isinstance(value, int):
        return value ^ (1 << dice.randrange(max(value.bit_length(), 1)))
    data = bytearray(value.encode() if isinstance(value, str) else value)
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(7 if isinstance(value, str) else 8)
    return data.decode() if isinstance(value, str) else bytes(data)


def test_every_table_holds_a_row_to_be_changed(recorded: Path) -> None:
    db = sqlite3.connect(recorded)
    tables = {table for table, _ in columns(recorded)}
    assert len(tables) == 41
    empty = [t for t in tables if not db.execute(f"SELECT count(*) FROM {t}").fetchone()[0]]
    assert not empty


def test_an_untouched_store_verifies_clean(recorded: Path) -> None:
    assert verify(SqliteStorage(recorded)) is None


async def test_a_store_verifies_clean_while_the_hub_writes_and_after_it_came_back(tmp_path: Path) -> None:
    path = tmp_path / "crossdock.db"
    async with stories(path) as s:
        await s.everything(partners=True)
        assert verify(SqliteStorage(path)) is None
        await asyncio.gather(
            *(s.delivered(f"more-{n}") for n in range(20)), asyncio.to_thread(verify, SqliteStorage(path))
        )
        assert verify(SqliteStorage(path)) is None
    journal = open_journal(path)
    journal.start()
    await journal.close()
    assert verify(SqliteStorage(path)) is None


def test_one_changed_value_in_any_column_of_any_table_is_found(recorded: Path, tmp_path: Path) -> None:
    dice = random.Random(7)
    missed: list[str] = []
    tried = 0
    for table, column in columns(recorded):
        db = sqlite3.connect(recorded)
        condition = f"WHERE {column} IS NOT NULL AND {column} <> ''"
        rows = db.execute(f"SELECT {column} FROM {table} {condition}").fetchall()
        db.close()
        for turn in dice.sample(range(len(rows)), min(2, len(rows))):
            target = Path(shutil.copy(recorded, tmp_path / "copy.db"))
            wrong = sqlite3.connect(target)
            key = "rowid" if "WITHOUT ROWID" not in _sql(wrong, table) else None
            place = (
                f"{key} = (SELECT {key} FROM {table} {condition} LIMIT 1 OFFSET {turn})"
                if key
                else f"{column} = ?"
            )
            value = other(rows[turn][0], dice)
            given = (value,) if key else (value, rows[turn][0])
            try:
                wrong.execute(f"UPDATE {table} SET {column} = ? WHERE {place}", given)
            except sqlite3.IntegrityError:
                wrong.close()
                continue  # the file itself would show that two rows share a key
            wrong.commit()
            wrong.close()
            tried += 1
            finding = verify(SqliteStorage(target))
            if finding is None or finding.what not in {"payload", "link", "state"}:
                missed.append(f"{table}.{column}: {rows[turn][0]!r} -> {value!r}")
    assert not missed
    assert tried > 200


def test_a_value_where_there_was_none_is_found_in_any_column_of_any_table(
    recorded: Path, tmp_path: Path
) -> None:
    missed: list[str] = []
    tried = 0
    for table, column in columns(recorded):
        target = Path(shutil.copy(recorded, tmp_path / "copy.db"))
        wrong = sqlite3.connect(target)
        row = (
            wrong.execute(f"SELECT rowid FROM {table} WHERE {column} IS NULL LIMIT 1").fetchone()
            if ("WITHOUT ROWID" not in _sql(wrong, table))
            else None
        )
        if row is not None:
            kind = next(c[2] for c in wrong.execute(f"PRAGMA table_info({table})") if c[1] == column)
            given = {"TEXT": "x", "BLOB": b"x"}.get(kind, 1)
            with contextlib.suppress(sqlite3.IntegrityError):
                wrong.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (given, row[0]))
                wrong.commit()
                tried += 1
        wrong.close()
        if row is not None and verify(SqliteStorage(target)) is None:
            missed.append(f"{table}.{column}")
    assert not missed
    assert tried > 20


def _sql(db: sqlite3.Connection, table: str) -> str:
    return str(db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0])


@pytest.mark.parametrize("seed", range(4))
def test_one_flipped_bit_in_the_raw_file_is_found(recorded: Path, copy: Path, seed: int) -> None:
    dice = random.Random(seed)
    whole = recorded.read_bytes()
    known = [
        place
        for value in _values(recorded)
        if whole.count(value) == 1
        for place in [(whole.index(value), value)]
    ]
    missed: list[str] = []
    for at, value in dice.sample(known, 40):
        data = bytearray(whole)
        data[at + dice.randrange(len(value))] ^= 1 << dice.randrange(8)
        copy.write_bytes(data)
        if verify(SqliteStorage(copy)) is None:
            missed.append(repr(value[:40]))
    assert not missed


def _values(path: Path) -> list[bytes]:
    """Texts and blobs of every table, as they lie in the file."""
    db = sqlite3.connect(path)
    found = [
        value.encode() if isinstance(value, str) else value
        for table, column in columns(path)
        for (value,) in db.execute(f"SELECT {column} FROM {table}")
        if isinstance(value, str | bytes) and len(value) > 7
    ]
    db.close()
    return found


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM ledger WHERE position = 9", "link"),
        ("DELETE FROM ledger WHERE position = (SELECT max(position) FROM ledger)", "link"),
        ("DELETE FROM captures WHERE id = (SELECT min(id) FROM captures)", "state"),
        ("DELETE FROM messages WHERE id = (SELECT min(id) FROM messages)", "state"),
        ("DELETE FROM transmissions WHERE id = (SELECT min(id) FROM transmissions)", "state"),
        ("DELETE FROM payloads WHERE id = (SELECT min(id) FROM payloads)", "payload"),
        # As an erasure leaves them, and no entry tells of one.
        (f"{GONE} salt = x'' WHERE {STANDS}", "payload"),
        (f"{GONE} salt = salt WHERE {STANDS}", "payload"),
        ("DELETE FROM arrivals WHERE key = 'k-1'", "link"),
        ("DELETE FROM revisions WHERE their_id = 'SO-1'", "state"),
        ("DELETE FROM charters", "state"),
        ("DELETE FROM numbers WHERE sequence = 'control'", "state"),
        ("DELETE FROM receipts WHERE control = 1", "state"),
        ("DELETE FROM beliefs WHERE hub = (SELECT hub FROM transmissions WHERE state = 6 LIMIT 1)", "state"),
        ("DELETE FROM hubs WHERE id = (SELECT hub FROM messages WHERE state = 2 LIMIT 1)", "state"),
        ("DELETE FROM identity WHERE hub = (SELECT hub FROM messages WHERE state = 2 LIMIT 1)", "state"),
        ("DELETE FROM incidents WHERE id = (SELECT min(id) FROM incidents)", "state"),
        ("DELETE FROM members WHERE kind = 3", "state"),
        ("UPDATE receipts SET state = 2, answered = NULL WHERE state = 1", "state"),
        (BACK, "state"),
        ("UPDATE payloads SET data = x'00' WHERE id = (SELECT min(id) FROM payloads)", "payload"),
        ("UPDATE captures SET state = 4 WHERE state = 2", "state"),
        ("UPDATE transmissions SET attempt = 9 WHERE state = 6", "state"),
        ("UPDATE ledger SET says = 'nothing' WHERE position = 5", "link"),
        ("DROP INDEX ledger_root", "state"),
    ],
)  # fmt: skip
def test_what_was_taken_away_is_named(copy: Path, statement: str, what: str) -> None:
    db = sqlite3.connect(copy)
    db.execute(statement)
    db.commit()
    db.close()
    finding = verify(SqliteStorage(copy))
    assert finding is not None
    assert finding.what == what
    assert finding.says


def test_the_position_is_that_of_the_entry(copy: Path) -> None:
    db = sqlite3.connect(copy)
    db.execute("UPDATE ledger SET at_ms = at_ms + 1 WHERE position = 17")
    db.commit()
    db.close()
    finding = verify(SqliteStorage(copy))
    assert finding is not None
    assert (finding.position, finding.what) == (17, "link")


def test_a_file_that_is_no_database_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "crossdock.db"
    path.write_bytes(b"no database at all" * 500)
    finding = verify(SqliteStorage(path))
    assert finding is not None
    assert finding.what == "link"


def test_a_torn_file_is_a_finding(copy: Path) -> None:
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    assert verify(SqliteStorage(copy)) is not None


def test_the_auditor_tells_how_far_it_is(recorded: Path) -> None:
    told: list[tuple[int, int]] = []
    verify(SqliteStorage(recorded), lambda done, everything: told.append((done, everything)))
    assert told[-1][0] == told[-1][1] > 50


async def test_the_head_is_the_same_for_the_same_entries_and_no_other(tmp_path: Path) -> None:
    path, heads = tmp_path / "hub.db", list[str]()

    def verified(at: int | None = None) -> str:
        assert verify(SqliteStorage(path), at=at, head=heads.append) is None
        return heads[-1]

    async with stories(path) as told:
        await told.delivered("SO-1")
        with closing(sqlite3.connect(path)) as store:
            (last,) = store.execute("SELECT max(position) FROM ledger").fetchone()
        before = verified()
        await told.delivered("SO-2")
        assert verified() != before
        assert verified(at=last) == before
        assert verified(at=last - 1) != before
    assert before.startswith("sha256:")
