"""The hold of one process on partitions of a shared database: joined, renewed, shared out anew, lost, begun anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import psycopg
import structlog

from crossdock.journal.chain import PARTITIONS
from crossdock.journal.contract import Fenced, StoreDown
from crossdock.journal.postgresql.budgets import Budgets
from crossdock.journal.postgresql.membership import REGISTRAR, Member, count_out
from crossdock.journal.postgresql.signals import PostgresqlSignals
from crossdock.journal.postgresql.store import PostgresqlJournal
from crossdock.journal.postgresql.wire import CONNECT_S
from crossdock.journal.tenure import Holder

_log = structlog.get_logger("crossdock.tenure")
#: Rounds in one lease: how soon the death of another process is seen once its lease is over.
_ROUNDS = 3
#: How often shares of limits are looked at while somebody waits for one.
_TIGHT_S = 0.25
#: Of the lease: how long before its end nothing is sent any more. Covers clocks that run unevenly.
_MARGIN = 0.2
_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """Who is there and who has what, as the database says."""

    members: Sequence[int]  #: those that were not counted out, in order of joining
    owners: Mapping[int, int | None]  #: partition -> member
    late: bool  #: the lease of one of them is over


def fair_share(members: Sequence[int], own: int) -> int:
    """How many partitions are a member's: as many as of any other, those that joined first have one more."""
    each, more = divmod(PARTITIONS, len(members))
    return each + (members.index(own) < more)


def wanted(view: View, own: int, serving: Collection[int]) -> tuple[frozenset[int], frozenset[int]]:
    """(partitions to take, partitions to give up) so that each member comes to its fair share. Pure.

    `serving` are those worked on here. Nothing is taken that somebody has, and nothing given up for nobody.
    """
    share = fair_share(view.members, own)
    mine = sorted(p for p, owner in view.owners.items() if owner == own)
    free = sorted(p for p, owner in view.owners.items() if owner is None)
    take = frozenset(free[: max(share - len(mine), 0)]) | (frozenset(mine) - frozenset(serving))
    return take, frozenset(mine[share:])


async def _stands(connection: psycopg.AsyncConnection[Any], member: Member) -> bool:
    """Whether nobody has counted it out, which then waits for the end of this transaction."""
    found = await connection.execute(
        "SELECT 1 FROM owners WHERE id = %s AND epoch = %s FOR SHARE", (member.id, member.epoch)
    )
    return await found.fetchone() is not None


class PostgresqlTenure:
    """Joins, works on a fair share of the partitions, and begins anew when another process has taken over."""

    shared = True

    def __init__(
        self,
        journal: PostgresqlJournal,
        signals: PostgresqlSignals,
        budgets: Budgets,
        *,
        url: str,
        lease_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._signals = signals
        self._budgets = budgets
        self._url = url
        self._lease_s = lease_s
        self._monotonic_s = monotonic_s
        self._holder: Holder | None = None
        self._serving: frozenset[int] = frozenset()  #: what the holder works on
        self._wake = asyncio.Event()
        self._taken_over = asyncio.Event()  #: since this process last joined
        self._task: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None
        journal.writer.on_fenced = self._fenced
        signals.on_change = self._wake.set

    # -- what the pipeline asks ------------------------------------------------

    @property
    def lost(self) -> bool:
        """Whether another process has taken over what this one had, and it has not begun anew yet."""
        return self._journal.writer.fenced

    def may_send(self) -> bool:
        """Whether nobody else can have taken over what is held, by this machine's clock."""
        until_s = self._journal.writer.sure_until_s - _MARGIN * self._lease_s
        return self._journal.fence.sure(self._monotonic_s(), until_s)

    # -- life --------------------------------------------------------------------

    async def join(self) -> None:
        """Becomes one of the processes that may commit. Raises StoreDown, Misconfigured."""
        await self._journal.submit(self._journal.changes())

    async def work(self, holder: Holder) -> None:
        """Begins to hold partitions; the first are there when it returns, if there are any to be had."""
        self._holder = holder
        self._signals.start()
        await self._patiently(self._begin)
        await self._patiently(self._round)
        self._signals.change()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="tenure")

    async def end(self) -> None:
        """Gives everything back, and tells the others."""
        for task in (self._task, self._leaving):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._task is not None:
            await self._patiently(self._give_back, tries=1)
        await self._drop_connection()
        await self._signals.stop()

    async def _give_back(self) -> None:
        member = self._journal.member
        if member is None or self.lost:
            return
        async with asyncio.timeout(self._lease_s):
            connection = await self._connected()
            async with connection.transaction():
                await connection.execute("UPDATE owners SET works = false WHERE id = %s", (member.id,))
                await connection.execute("UPDATE partitions SET owner = NULL WHERE owner = %s", (member.id,))
                await connection.execute("DELETE FROM budgets WHERE owner = %s", (member.id,))
            await self._signals.say_change(connection)

    def _fenced(self) -> None:
        self._taken_over.set()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            pause_s = min(self._lease_s / _ROUNDS, _TIGHT_S if self._budgets.tight else 1e9)
            try:
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            if self.lost:
                await self._patiently(self._begin_anew)
            await self._patiently(self._round, tries=1)

    async def _patiently(self, step: Callable[[], Awaitable[None]], tries: int | None = None) -> None:
        """Does something however long the database takes; with `tries` only so often."""
        n = 0
        while tries is None or n < tries:
            n += 1
            try:
                await step()
            except (StoreDown, psycopg.Error, OSError, TimeoutError) as error:
                # a time-out has no words of its own
                _log.warning("the database does not say who works on what", says=str(error) or repr(error))
                await self._drop_connection()
            except Exception:  # ends in the next round: a process that stops looking loses all it has
                _log.exception("a round of the tenure failed")
            else:
                return
            if tries is None or n < tries:
                await asyncio.sleep(_PAUSE_S)

    async def _begin_anew(self) -> None:
        """Another process has what was ours: everything in memory is dropped, and we join as somebody new.

        When that fails amid it, it is begun again from its beginning.
        """
        assert self._holder is not None
        _log.warning("another process took over; this one begins anew", partitions=len(self._serving))
        if self._leaving is not None:
            self._leaving.cancel()
            await asyncio.gather(self._leaving, return_exceptions=True)
        self._budgets.nothing()
        await self._holder.drop()
        self._serving = frozenset()
        if self.lost:  # in a later try it may have joined already, and stands in the writer's connection
            self._journal.begin_anew()
            self._taken_over.clear()
        await self.join()  # not again and again: it may be counted out once more before it has begun
        await self._begin()
        self._signals.change()

    async def _begin(self) -> None:
        """Counts among those that work from now on, and share the partitions."""
        assert self._journal.member is not None
        connection, charter = await self._connected(), self._journal.charter
        await connection.execute(
            "UPDATE owners SET works = true, charter = %s WHERE id = %s", (charter, self._journal.member.id)
        )
        found = await connection.execute(
            "SELECT DISTINCT host FROM owners WHERE gone_at IS NULL AND works AND charter <> %s", (charter,)
        )
        others = sorted(row[0] for row in await found.fetchall())
        if others:  # for a while that is how a change is rolled out
            _log.warning("other hosts work by another charter: restart them too", hosts=others)

    # -- one round ---------------------------------------------------------------

    async def _round(self) -> None:
        """Counts out who is dead, takes what is free, gives up what is too much, settles the shares of limits."""
        member = self._journal.member
        if member is None or self.lost:
            return
        async with asyncio.timeout(self._lease_s):
            connection = await self._connected()
            view = await self._look(connection)
            if view.late:
                await self._count_out(connection)
                view = await self._look(connection)
            if member.id not in view.members:
                await self.join()  # is told so by the fence
                return
            take, surplus = wanted(view, member.id, self._serving)
            taken = await self._take(connection, member, take) if take else frozenset[int]()
            raised = await self._lease(connection, member, view.members)
        raised()
        if taken:
            await self._gain(taken)
        if surplus and self._leaving is None:
            self._leaving = asyncio.get_running_loop().create_task(self._leave(member, surplus))
            self._leaving.add_done_callback(self._left)

    async def _look(self, connection: psycopg.AsyncConnection[Any]) -> View:
        cursor = await connection.execute(
            "SELECT (SELECT array_agg(id ORDER BY id) FROM owners WHERE gone_at IS NULL AND works),"
            " (SELECT array_agg(coalesce(owner, 0) ORDER BY partition) FROM partitions),"
            " EXISTS (SELECT 1 FROM owners WHERE gone_at IS NULL AND lease_until < clock_timestamp())"
        )
        members, owners, late = cast("tuple[list[int] | None, list[int], bool]", await cursor.fetchone())
        return View(members or [], {p: owner or None for p, owner in enumerate(owners)}, late)

    async def _count_out(self, connection: psycopg.AsyncConnection[Any]) -> None:
        async with connection.transaction(), connection.cursor() as cursor:
            await cursor.execute("SELECT pg_advisory_xact_lock(%s)", (REGISTRAR,))
            gone = await count_out(cursor, self._journal.process)
        if gone:
            _log.warning("processes were counted out: their leases are over", members=gone)

    async def _take(
        self, connection: psycopg.AsyncConnection[Any], member: Member, take: Collection[int]
    ) -> frozenset[int]:
        """Those of some partitions that are ours now; none when we were counted out meanwhile."""
        async with connection.transaction():
            if not await _stands(connection, member):
                return frozenset()
            cursor = await connection.execute(
                "UPDATE partitions SET owner = %s, since = clock_timestamp()"
                " WHERE partition = ANY(%s) AND (owner IS NULL OR owner = %s) RETURNING partition",
                (member.id, sorted(take), member.id),
            )
            return frozenset([row[0] for row in await cursor.fetchall()])

    async def _lease(
        self, connection: psycopg.AsyncConnection[Any], member: Member, members: Sequence[int]
    ) -> Callable[[], None]:
        async with connection.transaction(), connection.cursor() as cursor:
            if not await _stands(connection, member):
                # What was counted out would come back, and nobody else would ever have it.
                return lambda: None
            raised = await self._budgets.lease(cursor, member.id, members)
        return raised.take

    async def _gain(self, partitions: frozenset[int]) -> None:
        """Works on these from now on. What fails is tried again in the next round: they are ours, and not served.

        Raises Fenced: whoever takes up work waits for good once another process has it, and only we end that.
        """
        assert self._holder is not None
        self._journal.own(self._journal.owned | partitions)
        gaining = asyncio.ensure_future(self._holder.gain(partitions))
        fenced = asyncio.ensure_future(self._taken_over.wait())
        try:
            await asyncio.wait((gaining, fenced), return_when=asyncio.FIRST_COMPLETED)
            if not gaining.done():
                raise Fenced("another process took over what this one was just taking up")
            gaining.result()
        finally:
            for task in (gaining, fenced):
                task.cancel()
            await asyncio.gather(gaining, fenced, return_exceptions=True)
        self._serving |= partitions
        _log.info("partitions were taken up", count=len(partitions), held=len(self._serving))

    async def _leave(self, member: Member, partitions: frozenset[int]) -> None:
        """Gives some up, once nothing of them is under way."""
        assert self._holder is not None
        await self._holder.leave(partitions)
        self._journal.own(self._journal.owned - partitions)

        async def give() -> None:
            async with await self._connect() as connection:
                await connection.execute(
                    "UPDATE partitions SET owner = NULL WHERE partition = ANY(%s) AND owner = %s",
                    (sorted(partitions), member.id),
                )

        await self._patiently(give)
        self._serving -= partitions
        self._signals.change()
        _log.info("partitions were given up", count=len(partitions), held=len(self._serving))

    def _left(self, task: asyncio.Task[None]) -> None:
        self._leaving = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("partitions could not be given up", says=str(error))

    # -- its own connection ------------------------------------------------------

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect()
        return self._connection

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        connection = await psycopg.AsyncConnection[Any].connect(
            self._url, autocommit=True, application_name="crossdock/tenure", connect_timeout=CONNECT_S
        )
        # Not as options of the connection: the URL may have its own, such as the schema of our tables.
        for setting in ("lock_timeout", "idle_in_transaction_session_timeout"):
            lease_ms = str(int(self._lease_s * 1000))
            await connection.execute("SELECT set_config(%s, %s, false)", (setting, lease_ms))
        return connection

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
