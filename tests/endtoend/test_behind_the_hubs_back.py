"""A database that somebody changed: a missing row unbalances, a flipped byte is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.harness.page import flip, places
from tests.harness.scenarios import tamper


async def test_a_missing_row_unbalances_and_a_flipped_byte_is_named(tmp_path: Path) -> None:
    outcome = await tamper.run(tmp_path)
    assert outcome.findings == {}, outcome.shown()


def test_the_place_of_a_value_in_the_file_is_found_exactly(tmp_path: Path) -> None:
    file = tmp_path / "some.db"
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE boxes (id INTEGER PRIMARY KEY, says TEXT, kept BLOB, state INTEGER)")
        db.executemany(
            "INSERT INTO boxes VALUES (?, ?, ?, ?)", [(n, f"box {n}", bytes(300), n) for n in range(2, 900)]
        )
    db.close()
    found = {place.rowid: place for place in places(file, "boxes", "says")}
    assert len(found) == 898
    flip(file, found[777].offset)
    assert [place.length for place in places(file, "boxes", "state")][:3] == [1, 1, 1]
    with sqlite3.connect(file) as db:
        changed = db.execute("SELECT id, says FROM boxes WHERE says NOT LIKE 'box %'").fetchall()
    db.close()
    assert changed == [(777, "cox 777")]
