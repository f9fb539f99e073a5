"""A part of the ledger and of the payloads for each month, begun while hubs write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import structlog
from psycopg import sql

from crossdock.journal.contract import StoreDown
from crossdock.journal.postgresql.wire import CONNECT_S

_log = structlog.get_logger("crossdock.journal")
#: Number of the advisory lock that one host at a time has while it cuts.
_CUTTER = 0x6372_6F73_7304
#: Whoever reads a whole table for long is not waited for: commits of all hosts would queue up behind. Then later.
_PATIENCE = "200ms"


@dataclass(frozen=True, slots=True)
class Growing:
    """A table that is cut, the column it is cut by, the sequence that gives its values, and room for what is drawn."""

    table: str
    column: str
    sequence: str
    room: int  #: values that may be drawn while a cut is prepared, for hours if need be


GROWING = (
    Growing("ledger", "position", "positions", 100_000_000),
    Growing("payloads", "id", "ids", 4_096 * 20_000_000),
)


async def begin_month(url: str, month: date) -> bool:
    """Begins a part of each growing table for a month, where it has none; False when that must be tried again later.

    Raises StoreDown.
    """
    try:
        async with await psycopg.AsyncConnection[Any].connect(
            url, autocommit=True, application_name="crossdock/months", connect_timeout=CONNECT_S
        ) as connection:
            await connection.execute(sql.SQL("SET lock_timeout = {}").format(_PATIENCE))
            taken = await connection.execute("SELECT pg_try_advisory_lock(%s)", (_CUTTER,))
            if not (await taken.fetchone() or (False,))[0]:
                return False
            for growing in GROWING:
                await _cut(connection, growing, month)
    except psycopg.errors.LockNotAvailable:
        _log.info("a month begins later: its tables are being read")
        return False
    except psycopg.Error as error:
        raise StoreDown(f"no month could be begun: {error}") from error
    return True


async def _cut(connection: psycopg.AsyncConnection[Any], growing: Growing, month: date) -> None:
    """Closes the part that takes everything at a value not yet drawn, and begins another one there."""
    rows = await connection.execute(
        "SELECT part, month, first FROM months WHERE parent = %s ORDER BY first DESC LIMIT 1",
        (growing.table,),
    )
    last, begun, first = await rows.fetchone() or ("", month, 0)
    if begun >= month:
        return
    rows = await connection.execute(
        sql.SQL("SELECT last_value + %s FROM {}").format(sql.Identifier(growing.sequence)), (growing.room,)
    )
    (at,) = await rows.fetchone() or (0,)
    names = {
        "table": sql.Identifier(growing.table), "column": sql.Identifier(growing.column),
        "old": sql.Identifier(last), "new": sql.Identifier(f"{growing.table}_{month:%Y_%m}"),
        "ends": sql.Identifier(f"{last}_ends"), "at": sql.Literal(at),
        "first": sql.Literal(first) if first else sql.SQL("MINVALUE"),
    }  # fmt: skip
    # The old part is looked through while everybody writes; the swap itself then takes a moment.
    await _run(connection, "ALTER TABLE {old} DROP CONSTRAINT IF EXISTS {ends}", names)
    await _run(connection, "ALTER TABLE {old} ADD CONSTRAINT {ends} CHECK ({column} < {at}) NOT VALID", names)
    await _run(connection, "ALTER TABLE {old} VALIDATE CONSTRAINT {ends}", names)
    async with connection.transaction():
        await _run(connection, "ALTER TABLE {table} DETACH PARTITION {old}", names)
        await _run(
            connection,
            "ALTER TABLE {table} ATTACH PARTITION {old} FOR VALUES FROM ({first}) TO ({at})",
            names,
        )
        await _run(
            connection, "CREATE TABLE {new} PARTITION OF {table} FOR VALUES FROM ({at}) TO (MAXVALUE)", names
        )
        await _run(connection, "ALTER TABLE {new} SET (autovacuum_vacuum_insert_scale_factor = 0.02)", names)
        await connection.execute(
            "INSERT INTO months VALUES (%s, %s, %s, %s)",
            (growing.table, f"{growing.table}_{month:%Y_%m}", month, at),
        )
        # From here on everything drawn belongs to the new part; what was drawn before still goes to the old one.
        # Last of all: a sequence does not come back with what is undone, and the old part takes nothing beyond its end.
        await connection.execute("SELECT setval(%s, %s, false)", (growing.sequence, at))


async def _run(connection: psycopg.AsyncConnection[Any], statement: str, names: dict[str, Any]) -> None:
    await connection.execute(sql.SQL(statement).format(**names))  # pyright: ignore[reportArgumentType] - constants
