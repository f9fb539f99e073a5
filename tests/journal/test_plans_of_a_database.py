"""What the server does for each statement of the hot path: a look-up by key for each row, however large the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from crossdock.journal.postgresql import doorbook, foresight, transaction
from crossdock.journal.postgresql.schema import migrate
from crossdock.journal.postgresql.statements import BULK
from crossdock.journal.postgresql.wire import KEYED, Statement
from tests.database import Server

ASKED = (*foresight.STATEMENTS, *doorbook.STATEMENTS, *transaction.STATEMENTS)
WRITTEN = tuple(bulk.statement for bulk in BULK.values())
PLANNED = [
    s for s in (*ASKED, *WRITTEN) if s.sql.split()[0] in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
]


@contextmanager
def session(postgresql: Server) -> Iterator[psycopg.Connection[Any]]:
    """A session as the hub opens it, on tables that were never filled: so the hub makes its plans."""
    url = postgresql.fresh(keep=True)
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in KEYED:
            connection.execute(f"SET {setting}".encode())
        yield connection


def plan(connection: psycopg.Connection[Any], sql: str) -> str:
    """How the server would go about it, whatever the parameters are."""
    return "\n".join(row[0] for row in connection.execute(f"EXPLAIN (GENERIC_PLAN) {sql}".encode()))


def compares_all(plan: str) -> bool:
    """Whether a table is read whole, or many of its rows are compared with each that is asked."""
    return any(sign in plan for sign in ("Join Filter", "Seq Scan"))


@pytest.fixture(scope="module")
def connection(postgresql: Server) -> Iterator[psycopg.Connection[Any]]:
    with session(postgresql) as opened:
        yield opened


@pytest.mark.parametrize("statement", PLANNED, ids=[s.name.decode() for s in PLANNED])
def test_each_row_is_found_by_its_key(connection: psycopg.Connection[Any], statement: Statement):
    found = plan(connection, statement.sql)
    assert not compares_all(found), found


def test_control_a_plain_join_is_turned_around_on_tables_of_which_nothing_is_known(
    connection: psycopg.Connection[Any],
):
    asked = "unnest($1::text[], $2::text[], $3::text[]) AS a(system, document, their_id)"
    found = plan(
        connection,
        f"SELECT h.id FROM {asked} JOIN identity i ON i.scope = $4 AND i.system = a.system"
        " AND i.document = a.document AND i.their_id = a.their_id JOIN hubs h ON h.id = i.hub",
    )
    assert compares_all(found), found
