"""The audit of a database finds any one changed value and whatever was taken away, as that of a file does."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import psycopg
import pytest

from crossdock.journal.sql.audit import verify
from tests.database import Server
from tests.journal.places import Place, postgresql_place
from tests.journal.test_audit import OWNERSHIP, UNVOUCHED, other
from tests.stories import stories

#: What a hub needs to run, and nothing of what happened.
RUNNING = {"owners", "partitions", "chains", "shape", "budgets", "moving", "moved", "months"}


@pytest.fixture(scope="module")
def recorded(postgresql: Server) -> Place:
    """A store with a row in almost every table."""
    place = postgresql_place(postgresql, keep=True)

    async def tell() -> None:
        async with stories(place.database) as told:
            await told.everything(partners=True)
            await told.accepted("SO-1", key="k-8", order_by="C1")

    asyncio.run(tell())
    return place


def columns(place: Place) -> list[tuple[str, str]]:
    """Every column of every table that the ledger vouches for."""
    found = place.rows(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2"
    )
    return [one for one in found if one not in OWNERSHIP and one[0] not in RUNNING | UNVOUCHED]


def changed(value: Any, dice: random.Random) -> Any:
    return not value if isinstance(value, bool) else other(value, dice)


def test_an_untouched_database_verifies_clean(recorded: Place) -> None:
    assert verify(recorded.storage) is None


def test_one_changed_value_in_any_column_of_any_table_is_found(recorded: Place) -> None:
    dice, missed, tried = random.Random(11), list[str](), 0
    for table, column in columns(recorded):
        rows = recorded.rows(f"SELECT ctid::text, {column} FROM {table} WHERE {column} IS NOT NULL")
        rows = [row for row in rows if row[1] not in ("", b"")]
        if not rows:
            continue
        place, value = dice.choice(rows)
        wrong = changed(value, dice)
        change = f"UPDATE {table} SET {column} = ? WHERE ctid = ?::tid RETURNING ctid::text"
        try:
            ((moved,),) = recorded.rows(change, (wrong, place))
        except psycopg.Error:
            continue  # the database itself would show that two rows share a key
        tried += 1
        finding = verify(recorded.storage)
        if finding is None or finding.what not in {"payload", "link", "state"}:
            missed.append(f"{table}.{column}: {value!r} -> {wrong!r}")
        recorded.rows(change, (value, moved))
    assert not missed
    assert tried > 100


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "DELETE FROM ledger WHERE position = (SELECT position FROM ledger ORDER BY position OFFSET 8 LIMIT 1)",
            "link",
        ),
        ("DELETE FROM ledger WHERE position = (SELECT max(position) FROM ledger)", "link"),
        ("DELETE FROM captures WHERE id = (SELECT min(id) FROM captures)", "state"),
        ("DELETE FROM payloads WHERE id = (SELECT min(id) FROM payloads)", "payload"),
        ("DELETE FROM arrivals WHERE key = 'k-1'", "link"),
        ("DELETE FROM door WHERE id = (SELECT max(id) FROM door)", "state"),
        ("DELETE FROM charters", "state"),
        ("DELETE FROM anchors; DELETE FROM ledger WHERE position > 60", "link"),
    ],
)
async def test_what_was_taken_away_is_named(postgresql: Server, statement: str, what: str) -> None:
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        await told.everything(partners=True)
    for one in statement.split(";"):
        assert place.run(one) > 0
    finding = verify(place.storage)
    assert finding is not None
    assert finding.what == what, finding
    assert finding.says


async def test_a_database_of_another_shape_is_told(postgresql: Server) -> None:
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        await told.delivered("SO-1")
    place.run("INSERT INTO shape VALUES (999, now())")
    finding = verify(place.storage)
    assert finding is not None
    assert "shape 999" in finding.says
