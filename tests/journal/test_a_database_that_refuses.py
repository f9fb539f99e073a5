"""A database that refuses: for want of rights, of tables, of its own encoding, or because it is another's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from psycopg.errors import NotNullViolation

from crossdock.faults import Misconfigured
from crossdock.journal.contract import StoreDown
from crossdock.journal.postgresql.connection import connect, speaking
from crossdock.journal.postgresql.schema import migrate
from crossdock.journal.postgresql.tenure import PostgresqlTenure
from tests.database import Server
from tests.journal.places import postgresql_place
from tests.stories import stories

LOST = "ALTER TABLE {0} RENAME TO {0}_lost"
BACK = "ALTER TABLE {0}_lost RENAME TO {0}"


async def test_a_table_that_cannot_be_written_stops_the_store_until_it_can(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        await told.accepted("SO-1")
        place.run(LOST.format("ledger"))
        with pytest.raises(StoreDown, match="does not exist"):
            await told.accepted("SO-2")
        assert told.journal.writer.failure is not None
        place.run(BACK.format("ledger"))
        await told.accepted("SO-2")
        assert told.journal.writer.failure is None


async def test_a_table_that_cannot_be_read_is_asked_again_later_and_nothing_breaks(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        capture = (await told.accepted("SO-1")).capture
        place.run(LOST.format("captures"))
        with pytest.raises(StoreDown, match="refuses"):
            told.journal.capture(capture)
        place.run(BACK.format("captures"))
        assert told.journal.capture(capture) is not None


def test_control_data_that_no_row_can_hold_says_nothing_of_the_store(postgresql: Server):
    place = postgresql_place(postgresql)
    migrate(place.database)
    with connect(place.database) as connection, pytest.raises(NotNullViolation), speaking():
        connection.execute("INSERT INTO scopes (id) VALUES (7)")


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("CREATE TABLE keys (x int)", "tables that this hub did not make"),
        ("CREATE TABLE shape (x int)", "tables that this hub did not make"),
        ("DROP SCHEMA public CASCADE", "tables cannot be made in"),
    ],
)
def test_a_database_of_others_is_told_apart_from_a_defect(postgresql: Server, before: str, says: str):
    url = postgresql.fresh()
    name = url.rpartition("/")[2]
    postgresql.run(before, name)
    try:
        with pytest.raises(Misconfigured, match=says):
            migrate(url)
    finally:
        postgresql.run("CREATE SCHEMA IF NOT EXISTS public", name)


def test_a_database_without_unicode_is_told_to_be_one(postgresql: Server):
    postgresql.run("DROP DATABASE IF EXISTS plain")
    postgresql.run(
        "CREATE DATABASE plain ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    with pytest.raises(Misconfigured, match="server_encoding .* is SQL_ASCII"):
        migrate(postgresql.url("plain"))


@pytest.mark.parametrize(
    "url",
    ["postgresql://hub:geheim@[::1", "postgresql://hub:geh%eim@a/x", "postgresql://hub:geheim@a/x?foo=bar"],
)
def test_an_address_that_is_none_is_told_so_without_its_password(url: str):
    with pytest.raises(Misconfigured, match="no address of a database") as told:
        connect(url)
    assert "geh" not in str(told.value)


async def test_who_holds_partitions_looks_where_the_address_says_that_the_tables_are(postgresql: Server):
    writer = SimpleNamespace(on_fenced=lambda: None)
    tenure = PostgresqlTenure(
        cast("Any", SimpleNamespace(writer=writer)), cast("Any", SimpleNamespace()), cast("Any", SimpleNamespace()),
        url=postgresql.url() + "?options=-c%20search_path%3Dhub", lease_s=3.0,
    )  # fmt: skip
    connection = await tenure._connected()
    found = [
        await (await connection.execute(f"SHOW {name}")).fetchone()  # pyright: ignore[reportArgumentType]
        for name in ("search_path", "lock_timeout", "idle_in_transaction_session_timeout")
    ]
    await connection.close()
    assert found == [("hub",), ("3s",), ("3s",)]
