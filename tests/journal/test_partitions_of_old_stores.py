"""A store of a former shape learns which partition owns what, by the same rule as new rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from crossdock.journal.chain import partition_of
from crossdock.journal.sql.audit import verify
from crossdock.journal.sqlite.schema import connect, migrate, migrations
from crossdock.journal.sqlite.storage import SqliteStorage
from tests.stories import stories

COLUMNS = (
    ("captures", "partition"),
    ("messages", "partition"),
    ("transmissions", "partition"),
    ("hubs", "home"),
)


def rows(path: Path) -> list[list[tuple[int, int]]]:
    with closing(sqlite3.connect(path)) as store:
        return [
            store.execute(f"SELECT id, {column} FROM {table} ORDER BY id").fetchall()
            for table, column in COLUMNS
        ]


def back_to_the_first_shape(path: Path) -> None:
    """The same rows in the tables of the first shape."""
    with closing(connect(path)) as store:
        for table, column in COLUMNS:
            store.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for trigger in ("incident_opened", "incident_moved", "member_came"):
            store.execute(f"DROP TRIGGER {trigger}")
        stock = ("stock_beliefs", "stock_levels", "stock_told", "stock_coming", "reservations", "promises")
        for table in (
            "restored",
            "gate_acts",
            "tallies",
            "numbers",
            "receipts",
            "people",
            "sessions",
            "attempts",
            "incident_clocks",
            "incident_origins",
            "shift_notes",
            "desk_runs",
            "resends",
            "claims",
            "approvals",
            "stones",
            *("watch", "expectations", "measures", "alerts"),
            *stock,
        ):
            store.execute(f"DROP TABLE {table}")
        indexes = (
            "ledger_acts",
            "incidents_due",
            "incidents_kinds",
            "incidents_opened",
            "incidents_owner",
            "incidents_of_kind",
            "incidents_number",
            "captures_desk",
            "ledger_acts_of",
        )
        for index in ("hubs_shared", "messages_desk", *indexes):
            store.execute(f"DROP INDEX {index}")
        store.execute("ALTER TABLE hubs DROP COLUMN shared")
        store.execute("PRAGMA user_version = 1")


async def test_rows_of_a_former_shape_get_the_partition_that_new_ones_have(tmp_path: Path):
    path = tmp_path / "hub.db"
    async with stories(path) as told:
        await told.everything()
        await told.delivered("SO-77", order_by="C7")
    new = rows(path)
    back_to_the_first_shape(path)
    with closing(connect(path)) as store:
        assert migrate(store) == [name for number, name, _ in migrations() if number > 1]
    assert rows(path) == new
    assert verify(SqliteStorage(path)) is None
    with closing(sqlite3.connect(path)) as store:
        homes = store.execute("SELECT home FROM hubs WHERE number = 'SO-77'").fetchall()
    assert homes == [(partition_of("C7"),)]
