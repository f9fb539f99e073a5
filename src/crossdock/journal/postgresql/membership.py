"""Who writes here: a process joins with a chain of its own and the partitions that nobody owns, and leaves again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from crossdock.faults import Misconfigured
from crossdock.journal.chain import GENESIS, PARTITIONS
from crossdock.journal.contract import StoreDown
from crossdock.journal.postgresql.scribe import End
from crossdock.journal.postgresql.wire import CONNECT_S

#: Number of the advisory lock under which processes come, go and are counted out, one at a time.
REGISTRAR = 0x6372_6F73_7302


class Fence(Protocol):
    """Says whether a transaction may go on that found its owner's row in some epoch."""

    def holds(self, found: int | None, own: int) -> bool:
        """Whether the process still owns what it owned; `found` is None when its row is gone."""
        ...


class EpochFence:
    """The guard of promise P2 among many hosts: who was taken over can commit nothing."""

    def holds(self, found: int | None, own: int) -> bool:
        """Only in the epoch in which it joined."""
        return found == own


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


async def join(url: str, process: Process, *, lease_s: float) -> Member:
    """Joins, after counting out those whose lease is over. Raises StoreDown, Misconfigured."""
    try:
        async with (
            await psycopg.AsyncConnection[Any].connect(
                url, application_name="crossdock/join", connect_timeout=CONNECT_S
            ) as connection,
            connection.cursor() as cursor,
        ):
            await cursor.execute("SELECT pg_advisory_xact_lock(%s)", (REGISTRAR,))
            await _count_out(cursor, process)
            return await _join(cursor, process, lease_s)
    except psycopg.Error as error:
        raise StoreDown(f"the database is not reached: {error}") from error


async def _count_out(cursor: psycopg.AsyncCursor[Any], process: Process) -> None:
    """Ends the ownership of processes that are dead or have not renewed their lease in time."""
    await cursor.execute(
        "SELECT id, birth, lease_until < clock_timestamp() FROM owners WHERE gone_at IS NULL"
    )
    over = [id_ for id_, birth, late in await cursor.fetchall() if late or is_dead(birth, process.birth)]
    # The row's lock is waited for: a transaction of the old owner that is under way ends first, either way.
    await cursor.execute(
        "UPDATE owners SET epoch = epoch + 1, chain = NULL, gone_at = clock_timestamp() WHERE id = ANY(%s)",
        (over,),
    )
    await cursor.execute("UPDATE partitions SET owner = NULL WHERE owner = ANY(%s)", (over,))
    await cursor.execute("DELETE FROM owners WHERE gone_at < clock_timestamp() - interval '1 day'")


async def _join(cursor: psycopg.AsyncCursor[Any], process: Process, lease_s: float) -> Member:
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
        " VALUES (%s, %s, %s, %s, clock_timestamp() + %s * interval '1 second') RETURNING id, epoch",
        (process.host, process.birth, process.address, free[0], lease_s),
    )
    id_, epoch = await cursor.fetchone() or (0, 0)
    await cursor.execute(
        "UPDATE partitions SET owner = %s, since = clock_timestamp() WHERE owner IS NULL RETURNING partition",
        (id_,),
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
    except psycopg.Error as error:
        raise StoreDown(f"the database is not reached: {error}") from error
