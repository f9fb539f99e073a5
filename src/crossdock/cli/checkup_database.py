"""What a checkup looks at where the store is a PostgreSQL database."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crossdock.cli.checkup import (
    CLOCK_BACK_MS,
    COMMIT_SLOW_MS,
    COMMITS,
    Finding,
    Installation,
    State,
    keys,
    ledger_clock,
    shape_told,
)
from crossdock.cli.checkup_restored import restored
from crossdock.cli.hosts import WHY_A_NAME, namesakes, told, working

if TYPE_CHECKING:
    from crossdock.journal.sql.connection import Connection

#: Connections that one process opens, with one to spare for commands.
_CONNECTIONS = 8
#: Settings of the server on which promises rest: value, and what happens otherwise.
_PROMISED = {
    "fsync": "a power cut loses accepted documents, or the whole database",
    "full_page_writes": "a power cut can damage the database beyond repair",
}


def database(installation: Installation) -> Iterator[Finding]:
    """Whether the server can be reached and keeps its word, and what is in the database."""
    if not installation.settings.is_shared:
        return
    from crossdock.journal.contract import StoreDown
    from crossdock.journal.postgresql.connection import PostgresqlConnection, connect, remedy, spoken

    url = installation.settings.database
    try:
        connection = connect(url, name="crossdock/doctor")
    except StoreDown as down:
        says = f"{spoken(url)} is not reached: {down}"
        yield Finding("database", says, State.WRONG, remedy(down, url))
        return
    with connection:
        read = PostgresqlConnection(connection)
        yield Finding("database", f"PostgreSQL {_setting(read, 'server_version')} at {spoken(url)}")
        yield from _settings(read)
        yield from _commits(read)
        yield from _shape(connection, read)


def _setting(read: Connection, name: str) -> str:
    return str(read.execute("SELECT current_setting(?)", (name,)).fetchone()[0])


def _settings(read: Connection) -> Iterator[Finding]:
    for name, otherwise in _PROMISED.items():
        if _setting(read, name) != "on":
            yield Finding("database", f"{name} is off: {otherwise}", State.WRONG, f"set {name} = on")
    if _setting(read, "synchronous_commit") not in {"on", "remote_apply"}:
        yield Finding(
            "database", "synchronous_commit is not on: a commit may be lost", State.WRONG, "set it to on"
        )
    if _setting(read, "autovacuum") != "on":
        fix = "set autovacuum = on"
        yield Finding("database", "autovacuum is off: figures and commits get slower", State.NOTE, fix)
    most = int(_setting(read, "max_connections"))
    used = read.execute("SELECT count(*) FROM pg_stat_activity").fetchone()[0]
    if most - used < _CONNECTIONS:
        says = f"{used} of {most} connections are in use; a process of the hub wants {_CONNECTIONS}"
        yield Finding("database", says, State.NOTE, "raise max_connections")
    standby = _setting(read, "synchronous_standby_names")
    if standby:
        yield Finding("database", f"a commit waits for {standby}")


def _commits(read: Connection) -> Iterator[Finding]:
    """How long a durable commit takes; nothing but a mark in the log of the server is written."""
    took: list[float] = []
    for _ in range(COMMITS):
        began = time.perf_counter()
        read.execute("SELECT pg_logical_emit_message(true, 'crossdock', 'doctor')")
        took.append((time.perf_counter() - began) * 1000)
    middle = statistics.median(took)
    slow = middle > COMMIT_SLOW_MS
    fix = "a faster disk or network makes a faster hub; commits are shared under load" if slow else ""
    yield Finding(
        "commits", f"a durable commit takes {middle:.2f} ms", State.NOTE if slow else State.GOOD, fix
    )


def _shape(connection: Any, read: Connection) -> Iterator[Finding]:
    from crossdock.journal.postgresql.schema import migrations, shape_of

    shape, newest = shape_of(connection), max(number for number, _, _ in migrations())
    if shape == 0:
        yield Finding("store", "no hub wrote to the database yet; the first start makes its tables")
        return
    yield from shape_told(shape, newest, "the database")
    if shape != newest:
        return
    moving = read.execute("SELECT source FROM moving WHERE ended_at IS NULL").fetchone()
    if moving is not None:
        fix = "end it with `crossdock migrate`"
        yield Finding("store", f"{moving[0]} is being moved here, and is not whole", State.WRONG, fix)
    ahead_ms = read.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").fetchone()[0]
    ahead_ms -= time.time_ns() // 1_000_000
    if abs(ahead_ms) > CLOCK_BACK_MS:
        says = f"the clock of the database differs by {ahead_ms / 1000:+.1f} s"
        yield Finding("clock", says, State.NOTE, "set both by NTP")
    yield from ledger_clock(read)
    yield from keys(read)
    for says, fix in restored(read):
        yield Finding("restored", says, State.NOTE, fix)
    yield from _hosts(read)


def _hosts(read: Connection) -> Iterator[Finding]:
    """Who works here, and whether by one charter."""
    from crossdock.journal.postgresql.membership import this_process

    alive = working(read)
    if not alive:
        return
    yield Finding("hosts", f"{len(alive)} working: {told(alive)}")
    for host, several in namesakes(alive, this_process("doctor").birth).items():
        says = f"{len(several)} processes are called {host}: {told(several)}"
        fix = f"{WHY_A_NAME}; give each its own by --host-id or CROSSDOCK_HOST_ID"
        yield Finding("hosts", says, State.NOTE, fix)
    charters = sorted({(one.host, one.charter) for one in alive if one.charter})
    if len({version for _, version in charters}) > 1:
        says = ", ".join(f"{host} by {version}" for host, version in charters)
        fix = "give all the same site and restart them: mappings and keys of order would differ"
        yield Finding("hosts", f"they work by different charters: {says}", State.WRONG, fix)
