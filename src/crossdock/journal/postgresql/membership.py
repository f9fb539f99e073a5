"""Who writes here: a process joins with a chain of its own and the partitions that nobody owns, and leaves again."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
import structlog

from crossdock.faults import Misconfigured
from crossdock.journal.chain import GENESIS, PARTITIONS
from crossdock.journal.contract import StoreDown
from crossdock.journal.postgresql.scribe import End
from crossdock.journal.postgresql.wire import CONNECT_S

_log = structlog.get_logger("crossdock.tenure")
#: A host's clock that differs from the database's by more is told of.
CLOCK_APART_S = 2.0
#: Number of the advisory lock under which processes come, go and are counted out, one at a time.
REGISTRAR = 0x6372_6F73_7302


class Fence(Protocol):
    """Says whether a process may still act for what it owned."""

    def holds(self, found: int | None, own: int) -> bool:
        """Whether a transaction may go on that found its owner's row in some epoch; None when the row is gone."""
        ...

    def sure(self, now_s: float, until_s: float) -> bool:
        """Whether anything may be sent when nobody else can be the owner until some time."""
        ...


class EpochFence:
    """The guard of promise P2 among many hosts: who was taken over can commit nothing."""

    def holds(self, found: int | None, own: int) -> bool:
        """Only in the epoch in which it joined."""
        return found == own

    def sure(self, now_s: float, until_s: float) -> bool:
        """Only before that time."""
        return now_s < until_s


@dataclass(frozen=True, slots=True)
class Process:
    """A process as its row tells: what people call its host, where it listens, which process of which machine it is."""

    host: str
    address: str
    birth: str


@dataclass(frozen=True, slots=True)
class Member:
    """What a process was given when it joined."""

    id: int
    epoch: int
    chain: int
    end: End  #: of its chain, as the ledger has it
    partitions: frozenset[int]


def this_process(host: str, address: str = "") -> Process:
    """The process that asks."""
    return Process(host, address, _birth(os.getpid()) or f"?/{os.getpid()}")


def _birth(pid: int) -> str | None:
    """Boot of the machine, name space of processes, process and its start; None for a process that is not there."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        space = Path("/proc/self/ns/pid").readlink().name
        started = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    dead = started[0] in "ZX"
    return None if dead else f"{boot}/{space}/{pid}/{started[19]}"


def is_dead(birth: str, own: str) -> bool:
    """Whether a process of this very machine is known to have ended; of others nobody can tell from here."""
    machine, pid = birth.rsplit("/", 2)[0], birth.rsplit("/", 2)[1]
    if own.startswith("?") or machine != own.rsplit("/", 2)[0] or not pid.isdecimal():
        return False
    return _birth(int(pid)) != birth


async def join(url: str, process: Process, *, lease_s: float, claims: bool = True) -> Member:
    """Joins, after counting out those whose lease is over; `claims` takes whatever nobody owns at once.

    Raises StoreDown, Misconfigured.
    """
    try:
        async with (
            await psycopg.AsyncConnection[Any].connect(
                url, application_name="crossdock/join", connect_timeout=CONNECT_S
            ) as connection,
            connection.cursor() as cursor,
        ):
            await cursor.execute("SELECT pg_advisory_xact_lock(%s)", (REGISTRAR,))
            await count_out(cursor, process)
            return await _join(cursor, process, lease_s, claims=claims)
    except psycopg.Error as error:
        raise StoreDown(f"the database is not reached: {error}") from error


async def count_out(cursor: psycopg.AsyncCursor[Any], process: Process) -> list[int]:
    """Ends the ownership of processes that are dead or have not renewed their lease in time; gives their ids.

    Called under the registrar's lock. The lease is judged again once the row's lock is had: a commit
    that was under way may have renewed it.
    """
    await cursor.execute(
        "SELECT id, birth, lease_until < clock_timestamp() FROM owners WHERE gone_at IS NULL"
    )
    found = await cursor.fetchall()
    dead = [id_ for id_, birth, _ in found if is_dead(birth, process.birth)]
    over = [id_ for id_, _, late in found if late or id_ in dead]
    if not over:
        return []
    # A stopped process may hold its row's lock in an open transaction: such a session is ended first.
    await cursor.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = ANY(%s) AND xact_start IS NOT NULL",
        ([f"crossdock/{id_}" for id_ in over],),
    )
    await cursor.execute(
        "UPDATE owners SET epoch = epoch + 1, chain = NULL, gone_at = clock_timestamp()"
        " WHERE id = ANY(%s) AND gone_at IS NULL AND (id = ANY(%s) OR lease_until < clock_timestamp()) RETURNING id",
        (over, dead),
    )
    gone = [row[0] for row in await cursor.fetchall()]
    await cursor.execute("UPDATE partitions SET owner = NULL WHERE owner = ANY(%s)", (gone,))
    await cursor.execute("DELETE FROM budgets WHERE owner = ANY(%s)", (gone,))
    await cursor.execute("DELETE FROM owners WHERE gone_at < clock_timestamp() - interval '1 day'")
    return gone


async def _join(
    cursor: psycopg.AsyncCursor[Any], process: Process, lease_s: float, *, claims: bool
) -> Member:
    await cursor.execute(
        "SELECT c.chain FROM chains c LEFT JOIN owners o ON o.chain = c.chain WHERE o.id IS NULL"
        " ORDER BY c.chain LIMIT 1"
    )
    free = await cursor.fetchone()
    if free is None:
        says = f"{PARTITIONS} processes write to this database already"
        raise Misconfigured(says, path="CROSSDOCK_WORKERS", fix="give a host fewer --workers")
    await cursor.execute(
        "INSERT INTO owners (host, birth, address, chain, lease_until)"
        " VALUES (%s, %s, %s, %s, clock_timestamp() + %s * interval '1 second')"
        " RETURNING id, epoch, (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
        (process.host, process.birth, process.address, free[0], lease_s),
    )
    id_, epoch, database_ms = await cursor.fetchone() or (0, 0, 0)
    ahead_s = time.time() - database_ms / 1000
    if abs(ahead_s) > CLOCK_APART_S:
        # Leases are the database's, but the time until which something waits is a host's, and others read it.
        _log.warning(
            "this host's clock is not that of the database: what it puts off waits too long or too short elsewhere",
            ahead_s=round(ahead_s, 1), fix="set both by NTP",
        )  # fmt: skip
    await cursor.execute(
        "UPDATE partitions SET owner = %s, since = clock_timestamp() WHERE owner IS NULL AND %s RETURNING partition",
        (id_, claims),
    )
    partitions = frozenset(row[0] for row in await cursor.fetchall())
    # Where the chain ends is told by the ledger itself, never by anybody's memory.
    await cursor.execute(
        "SELECT c.position, c.doors, l.link FROM chains c LEFT JOIN ledger l ON l.position = c.position"
        " WHERE c.chain = %s",
        (free[0],),
    )
    position, doors, head = await cursor.fetchone() or (0, 0, None)
    return Member(id_, epoch, free[0], End(head or GENESIS, position, doors), partitions)


async def leave(url: str, member: Member) -> None:
    """Gives everything back. Raises StoreDown: the lease then runs out by itself."""
    try:
        async with await psycopg.AsyncConnection[Any].connect(
            url, application_name="crossdock/leave", connect_timeout=CONNECT_S
        ) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (REGISTRAR,))
            await connection.execute(
                "UPDATE owners SET epoch = epoch + 1, chain = NULL, gone_at = clock_timestamp()"
                " WHERE id = %s AND epoch = %s",
                (member.id, member.epoch),
            )
            await connection.execute("UPDATE partitions SET owner = NULL WHERE owner = %s", (member.id,))
            await connection.execute("DELETE FROM budgets WHERE owner = %s", (member.id,))
    except psycopg.Error as error:
        raise StoreDown(f"the database is not reached: {error}") from error
