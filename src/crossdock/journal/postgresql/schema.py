"""The tables of the PostgreSQL journal: made, brought to the newest shape, compared with what they should be."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import resources
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql as composed

from crossdock.faults import Misconfigured
from crossdock.journal.chain import mark
from crossdock.journal.contract import StoreDown
from crossdock.journal.postgresql.connection import connect, speaking, spoken
from crossdock.journal.sql.connection import must_be_known

_PACKAGE = "crossdock.journal.postgresql"
#: Number of the advisory lock that one migrator at a time holds.
MIGRATOR = 0x6372_6F73_7301
_LEAST_VERSION = 140_000
#: A step that waits longer for other hosts' statements lets them go first, and tries again.
_LOCK_TIMEOUT_MS, _LOCK_TRIES = 2_000, 60
#: Tables of others that are named.
_NAMED = 3
_DURABLE = frozenset({"on", "remote_apply"})
#: What the server says where a role may not make tables, and where there are tables that are not ours.
_NO_RIGHTS = (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)
_NOT_OURS = (
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateObject,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedTable,
    psycopg.errors.WrongObjectType,
)


def migrations() -> list[tuple[int, str, str]]:
    """Number, name and text of every migration, in order."""
    folder = resources.files(_PACKAGE).joinpath("migrations")
    files = sorted((f.name, f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".sql"))
    return [(int(name.split("_")[0]), name, text) for name, text in files]


def shape_of(connection: psycopg.Connection[Any]) -> int:
    """The number of the last migration that a database has seen; 0 when no hub ever wrote there."""
    there = connection.execute("SELECT to_regclass('shape')").fetchone()
    if there is None or there[0] is None:
        return 0
    row = connection.execute("SELECT max(number) FROM shape").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


@dataclass(frozen=True, slots=True)
class Source:
    """The file out of which a site is moved, and how far its ledger is."""

    file: str
    position: int
    head: bytes


def migrate(url: str, *, moving: Source | None = None) -> list[str]:
    """Brings a database to the newest shape while others use it; gives the names of what was applied.

    Raises StoreDown, and Misconfigured for a database that cannot keep the hub's promises, that a newer version made,
    or into which a site is being moved, unless the caller is who moves it (`moving`). Where that one makes the tables,
    they come with the note that a move is under way, all at once: a move that is cut off leaves no site without orders.
    """
    with connect(url, name="crossdock/migrate") as connection, speaking(), _fit_for_tables(url):
        _must_be_fit(connection, url)
        newest, applied = migrations(), list[str]()
        found = shape_of(connection)
        must_be_known(found, newest[-1][0])
        if found < newest[-1][0]:
            connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATOR,))
            begins = moving if not shape_of(connection) else None
            with connection.transaction() if begins else nullcontext():
                if begins:
                    _must_have_no_tables(connection, url)
                applied = [name for number, name, text in newest if _applied(connection, number, text)]
                if begins:
                    note_move(connection, begins)
        row = connection.execute("SELECT source FROM moving WHERE ended_at IS NULL").fetchone()
        if row is not None and moving is None:
            says = f"{row[0]} is being moved into {spoken(url)}, and is not whole there"
            fix = f"end it with `crossdock migrate --from sqlite:{row[0]} --to …`"
            raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix)
        return applied


def note_move(connection: psycopg.Connection[Any], source: Source) -> None:
    """Notes that a site is being moved into a database; no hub starts there until it is whole."""
    values = (source.file, source.position, source.head)
    connection.execute("INSERT INTO moving (source, position, head) VALUES (%s, %s, %s)", values)


def must_have_no_tables(url: str) -> None:
    """Raises Misconfigured for a database that holds tables, whoever made them, and StoreDown."""
    with connect(url) as connection, speaking():
        _must_have_no_tables(connection, url)


def _must_have_no_tables(connection: psycopg.Connection[Any], url: str) -> None:
    found = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname = current_schema() AND NOT EXISTS ("
        "SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"
        " ORDER BY c.relname"
    ).fetchall()
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        says = f"{spoken(url)} holds tables already: {', '.join(row[0] for row in found[:_NAMED])}{more}"
        fix = "make an empty database by createdb, and name that"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix)


@contextmanager
def _fit_for_tables(url: str) -> Generator[None]:
    """Tells whose matter it is that tables cannot be made. Raises Misconfigured."""
    try:
        yield
    except _NO_RIGHTS as error:
        says = f"tables cannot be made in {spoken(url)}: {error.diag.message_primary}"
        fix = "make the hub's role the owner of the database, or grant it CREATE and USAGE on its schema"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix) from error
    except _NOT_OURS as error:
        says = f"{spoken(url)} holds tables that this hub did not make: {error.diag.message_primary}"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix="give it a database of its own") from error


def _must_be_fit(connection: psycopg.Connection[Any], url: str) -> None:
    if connection.info.server_version < _LEAST_VERSION:
        says = f"{spoken(url)} is PostgreSQL {connection.info.server_version // 10_000}"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix="use PostgreSQL 14 or newer")
    for name, allowed, fix in (
        # first: text comes as text only from there
        ("server_encoding", {"UTF8"}, "create the database with ENCODING 'UTF8'"),
        ("synchronous_commit", _DURABLE, "set it to on, or to remote_apply with a standby: P1 rests on it"),
    ):
        row = connection.execute("SELECT convert_to(current_setting(%s), 'SQL_ASCII')", (name,)).fetchone()
        found = row[0].decode() if row is not None else ""
        if found not in allowed:
            raise Misconfigured(f"{name} of {spoken(url)} is {found}", path="CROSSDOCK_DATABASE", fix=fix)


def _applied(connection: psycopg.Connection[Any], number: int, text: str) -> bool:
    """One migration in one transaction, unless it was there; patient with those who use the tables."""
    for _ in range(_LOCK_TRIES):
        if shape_of(connection) >= number:
            return False
        try:
            with connection.transaction():
                connection.execute(composed.SQL("SET LOCAL lock_timeout = {}").format(_LOCK_TIMEOUT_MS))
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS shape (number integer PRIMARY KEY, at timestamptz NOT NULL)"
                )
                connection.execute(cast(LiteralString, text))
                if number == 1:
                    _first_scope(connection)
                connection.execute("INSERT INTO shape VALUES (%s, clock_timestamp())", (number,))
        except psycopg.errors.LockNotAvailable:
            time.sleep(_LOCK_TIMEOUT_MS / 4_000)
        else:
            return True
    raise StoreDown("the tables were in use for too long to be brought to the newest shape")


def _first_scope(connection: psycopg.Connection[Any]) -> None:
    scope = (1, "default", "default")
    connection.execute(
        "INSERT INTO scopes (id, tenant, site, mark) VALUES (%s, %s, %s, %s)", (*scope, mark("scope", scope))
    )
