"""What one store can keep the other can, too: tables, columns and statements."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from crossdock.journal.postgresql.schema import migrate as migrate_database
from crossdock.journal.postgresql.statements import BULK
from crossdock.journal.sqlite.schema import STATEMENTS
from crossdock.journal.sqlite.schema import migrate as migrate_file
from tests.database import Server
from tests.journal.places import postgresql_place
from tests.journal.test_audit_of_a_database import RUNNING

#: Questions, and what the writer of a database writes by itself.
ELSEWHERE = {"insert_charter"}


def test_every_table_and_column_of_a_file_is_in_a_database_and_the_other_way_round(postgresql: Server):
    place = postgresql_place(postgresql)
    migrate_database(place.database)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as file:
        migrate_file(file)
        in_file = {
            (table, row[1])
            for (table,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            for row in file.execute(f"PRAGMA table_info({table})").fetchall()
        }
    in_database = {
        (table, column)
        for table, column in place.rows(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND a.attnum > 0 AND NOT a.attisdropped"
        )
        if table not in RUNNING
    }
    assert in_file == in_database


def test_every_statement_that_writes_a_file_writes_a_database():
    written = {name for name in STATEMENTS if not name.startswith("find_")} - ELSEWHERE
    assert written <= set(BULK)
