"""The one writer of a process: many callers share a transaction, and an unknown outcome is found out, never guessed."""

from __future__ import annotations

import asyncio
import time
from asyncio import Future
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from crossdock.journal.contract import Fenced, Overtaken, StoreDown
from crossdock.journal.postgresql.arrays import Type, scalar
from crossdock.journal.postgresql.decoding import rows
from crossdock.journal.postgresql.transaction import BEGIN, COMMIT, Kit, Task, Transaction
from crossdock.journal.postgresql.wire import DOWN, Lost, Refused, Statement, Wire
from crossdock.journal.unfit import Unfit

_log = structlog.get_logger("crossdock.journal")
#: More callers than this wait for the next transaction.
BATCH_MAX = 256
#: Bytes of bodies in one transaction.
BATCH_MAX_BYTES = 8_000_000
#: Callers waiting for a commit beyond this are turned away; the door then answers 503.
QUEUE_MAX = 20_000
#: Times that a caller is tried again who met another host at the same row.
_TRIES = 8
_RESOLVE_PAUSE_S = 0.2

#: Somebody else wrote the same row first, or waits for ours: looked at again, it is decided otherwise.
_MET = frozenset({"23505", "40001", "40P01"})
_OVERTAKEN = "CD001"
#: A lock was not had in time: the store is well, somebody else is at it.
_BUSY = "55P03"
#: A value that no column or index can hold.
_OF_A_VALUE = ("22", "54")

_ROUND = Statement(b"find_round", "SELECT epoch, round FROM owners WHERE id = $1 FOR UPDATE", (Type.INT.oid,))
#: Waits, where there is a standby, until it has what was found: this commit comes after the other.
_SEEN = Statement(b"seen_round", "UPDATE owners SET round = round WHERE id = $1", (Type.INT.oid,))
STATEMENTS = (_ROUND, _SEEN)

_Queued = tuple[Task, "Future[Any]"]


@dataclass(slots=True)
class _Doubt:
    """A transaction of which nobody knows whether it is durable."""

    transaction: Transaction
    batch: list[_Queued]


class Writer:
    """Runs tasks in order, several to a transaction."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[tuple[Wire, Kit]]],
        *,
        linger_s: float,
        lease_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
        begin: Callable[[Wire, Kit, Sequence[Task], int], Transaction] = Transaction,
    ) -> None:
        """`connect` gives a fresh connection and what goes with the present membership. Raises StoreDown."""
        self._connect = connect
        self._monotonic_s = monotonic_s
        self._begin = begin
        self._linger_s = linger_s
        self._lease_s = lease_s
        self._wire: Wire | None = None
        self._kit: Kit | None = None
        self._queue: deque[_Queued] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._round = 0
        self._doubt: _Doubt | None = None
        self.fenced = False
        self.on_fenced: Callable[[], None] = lambda: None  #: told when another process has taken over
        self.sure_until_s = 0.0  #: monotonic time until which nobody else can own what this process owns
        self.failure: str | None = None  #: why the last commit failed; None while the store takes commits
        self.commits = 0
        self.failures = 0
        #: Told of every commit: seconds from its first statement to the store's word, and how many callers shared it.
        self.watch: Callable[[float, int], None] = lambda _seconds, _callers: None

    # -- callers -------------------------------------------------------------

    def start(self) -> None:
        """Begins to write."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="journal-writer")

    def submit(self, task: Task) -> Future[Any]:
        """Queues one task; its future ends when it is durable, or with what went wrong."""
        future: Future[Any] = asyncio.get_running_loop().create_future()
        if self.fenced:
            future.set_exception(Fenced("another process took over what this one owned"))
        elif len(self._queue) >= QUEUE_MAX or self._closing:
            future.set_exception(StoreDown("too many writes are waiting for the database"))
        else:
            self._queue.append((task, future))
            self._wake.set()
        return future

    @property
    def depth(self) -> int:
        """How many callers wait."""
        return len(self._queue)

    async def close(self) -> None:
        """Writes what is queued, then stops; what is in doubt then stays so."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

    # -- the loop ------------------------------------------------------------

    async def _run(self) -> None:
        size = 0
        while True:
            if self._doubt is not None and not await self._resolved(self._doubt):
                self._fail(self._taken(), StoreDown(f"the store takes no commits: {self.failure}"))
                if self._closing:
                    self._fail(self._doubt.batch, StoreDown("the hub stopped before the outcome was known"))
                    return
                await asyncio.sleep(_RESOLVE_PAUSE_S)
                continue
            if not self._queue:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            if self._linger_s and size > 2 and not self._closing:
                # Under load a short wait lets more callers share the commit; when idle nobody waits.
                await asyncio.sleep(self._linger_s)
            batch = self._taken()
            size = len(batch)
            if batch:
                await self._write(batch)

    def _taken(self) -> list[_Queued]:
        """The next callers whose writes may share a transaction."""
        queue, batch, size = self._queue, list[_Queued](), 0
        while queue and len(batch) < BATCH_MAX and size < BATCH_MAX_BYTES:
            task = queue[0][0]
            if task.solo and batch:
                break
            batch.append(queue.popleft())
            size += task.size
            if task.solo:
                break
        return batch

    async def _write(self, batch: list[_Queued]) -> None:
        try:
            await self._attempt(batch)
        except _Again:
            if len(batch) > 1:
                # One of them is at fault: each gets a transaction of its own, so that only that one fails.
                for place, one in enumerate(batch):
                    await self._alone(one)
                    if self.fenced:
                        self._fail(
                            batch[place + 1 :], Fenced("another process took over what this one owned")
                        )
                        return
                    if self._doubt is not None:
                        self._queue.extendleft(reversed(batch[place + 1 :]))
                        return
            else:
                await self._alone(batch[0])

    async def _alone(self, one: _Queued) -> None:
        error: Exception = StoreDown("others wrote the same rows again and again")
        for _ in range(_TRIES):
            try:
                await self._attempt([one])
            except _Again as again:
                error = again.error
                if isinstance(error, Refused) and error.code in _MET:
                    continue
            else:
                return
            break
        busy = isinstance(error, Refused) and error.code == _BUSY
        if isinstance(error, Refused):
            error = _in_words(error, one[0])
        if isinstance(error, StoreDown) and not busy:
            self._failed(str(error))
        _end(one, error)

    async def _attempt(self, batch: list[_Queued]) -> None:
        """One transaction. Raises _Again when it was undone because of what one of the callers wants."""
        began_s, transaction = self._monotonic_s(), None
        try:
            if self._wire is None:
                self._wire, self._kit = await self._connect()
            assert self._kit is not None
            self._round += 1
            transaction = self._begin(self._wire, self._kit, [task for task, _ in batch], self._round)
            await transaction.run()
        except Fenced as fenced:
            await self._cut_off(batch, fenced)
        except Lost as lost:
            await self._lost(batch, transaction, lost)
        except StoreDown as down:
            await self._drop()
            self._failed(str(down))
            self._fail(batch, down)
        except Exception as error:  # ends in _Again: each caller answers for itself
            await self._undo(transaction)
            raise _Again(error) from error
        else:
            self.sure_until_s = began_s + self._lease_s
            self.watch(self._monotonic_s() - began_s, len(batch))
            self._kept(transaction, batch)

    def _kept(self, transaction: Transaction, batch: list[_Queued]) -> None:
        assert self._kit is not None
        self._kit.scribe.keep()
        self.failure = None
        self.commits += 1
        for (_, future), result in zip(batch, transaction.outcome, strict=True):
            if not future.done():
                future.set_result(result)

    # -- when it goes wrong --------------------------------------------------

    async def _undo(self, transaction: Transaction | None) -> None:
        if transaction is None:
            return
        try:
            await transaction.rollback()
        except (Lost, Refused):
            await self._drop()

    async def _lost(self, batch: list[_Queued], transaction: Transaction | None, lost: Lost) -> None:
        await self._drop()
        self._failed(str(lost))
        if transaction is not None and transaction.committing:
            self._doubt = _Doubt(transaction, batch)
        else:
            self._fail(batch, StoreDown(str(lost)))

    async def _resolved(self, doubt: _Doubt) -> bool:
        """Finds out what became of a commit whose answer was lost; False when that cannot be told yet.

        The row of the owner is locked by the transaction in question as long as it lives, and has its
        number if it became durable.
        """
        assert self._kit is not None
        try:
            wire, _ = await self._connect()
            try:
                own = [scalar(self._kit.member.id)]
                results = await wire.exchange([(BEGIN, ()), (_ROUND, own), (_SEEN, own), (COMMIT, ())])
                certain = not wire.notices()
                found = rows(results[1])
            finally:
                await wire.close()
        except (StoreDown, Refused) as error:
            self._failed(str(error))
            return False
        if not certain:
            return False
        self._doubt = None
        durable = bool(found) and found[0][1] == doubt.transaction.round
        _log.warning(
            "a commit whose answer was lost was looked up", durable=durable, callers=len(doubt.batch)
        )
        if durable:
            self._kept(doubt.transaction, doubt.batch)
        else:
            self._queue.extendleft(reversed(doubt.batch))
        return True

    async def _cut_off(self, batch: list[_Queued], fenced: Fenced) -> None:
        self.fenced = True
        self.sure_until_s = 0.0
        await self._drop()
        self._failed(str(fenced))
        self._fail(batch, fenced)
        while self._queue:
            self._fail(self._taken(), fenced)
        self.on_fenced()

    async def _drop(self) -> None:
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

    def _failed(self, says: str) -> None:
        self.failure = says
        self.failures += 1

    def _fail(self, batch: Sequence[_Queued], error: Exception) -> None:
        for one in batch:
            _end(one, error)


class _Again(Exception):
    """A transaction was undone because of what one of its callers wants."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _end(one: _Queued, error: Exception) -> None:
    if not one[1].done():
        one[1].set_exception(error)


def _in_words(error: Refused, task: Task) -> Exception:
    """What an error of the server means to the caller."""
    if error.code == _OVERTAKEN or (error.code in _MET and not task.arrivals):
        return Overtaken(str(error))
    if error.code in _MET:
        return StoreDown(f"others wrote the same document again and again: {error}")
    if error.code.startswith((*DOWN, "XX")):
        return StoreDown(f"the store takes no commits: {error}")
    if error.code.startswith(_OF_A_VALUE):
        return Unfit(str(error))
    return error
