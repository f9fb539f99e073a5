"""One transaction of the writer: fence and look-ups in one round trip, then judging, then writes and commit in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Accepted, Arrival, Dedup, Fenced, Verdict
from crossdock.journal.marks import marked
from crossdock.journal.numbers import ONCE
from crossdock.journal.postgresql.arrays import Type, array, scalar
from crossdock.journal.postgresql.decoding import rows
from crossdock.journal.postgresql.doorbook import Doorbook
from crossdock.journal.postgresql.ids import ID_BLOCK, Ids
from crossdock.journal.postgresql.membership import Fence, Member
from crossdock.journal.postgresql.plan import Plan
from crossdock.journal.postgresql.scribe import Scribe, Standing
from crossdock.journal.postgresql.shelf import STATEMENTS as SHELF
from crossdock.journal.postgresql.shelf import Shelf
from crossdock.journal.postgresql.wire import Command, Lost, Refused, Statement, Wire
from crossdock.journal.sql.arriving import cause_of_conflict, conflict, repeated, stored
from crossdock.journal.stock import OnStock

_INT, _INTS, _TEXTS = Type.INT.oid, Type.INT.array_oid, Type.TEXT.array_oid
BEGIN = Statement(b"begin", "BEGIN")
COMMIT = Statement(b"commit", "COMMIT")
ROLLBACK = Statement(b"rollback", "ROLLBACK")
#: Renews the lease, locks the owner's row until the end, and draws the positions of the transaction's entries.
_FENCE = Statement(
    b"fence",
    "WITH mine AS (UPDATE owners SET lease_until = clock_timestamp() + $2 * interval '1 ms', round = $3"
    " WHERE id = $1 RETURNING epoch) SELECT epoch, nextval('positions') FROM mine, generate_series(1, $4)",
    (_INT,) * 4,
)
_IDS = Statement(b"ids", "SELECT nextval('ids')")
_CAUSES = Statement(
    b"find_causes",
    # Shared with others who add to an incident, but not with who ends it.
    "SELECT id, cause FROM incidents WHERE scope = $2 AND cause = ANY($1) AND state = 1 ORDER BY id FOR SHARE",
    (_TEXTS, _INT),
)
_LOCK = Statement(
    b"lock_incidents",
    "SELECT id FROM incidents WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE",
    (_INTS,),
)
_OWNERS = Statement(
    b"find_owners",
    "SELECT id, owner FROM incidents WHERE id = ANY($1) AND state = 1"
    " AND NOT EXISTS (SELECT 1 FROM members WHERE incident = incidents.id AND kind <> 4)",
    (_INTS,),
)
_NUMBER = Statement(
    b"next_number",
    # The row stays locked until the commit, so that nobody else is given the next one before this one is durable.
    "INSERT INTO numbers AS n (scope, sequence, value, most, position) VALUES ($1, $2, 1, $3, 0)"
    " ON CONFLICT (scope, sequence) DO UPDATE SET"
    f" value = CASE WHEN n.value >= $3 AND n.sequence NOT LIKE '{ONCE}%' THEN 1 ELSE n.value + 1 END RETURNING value",
    (_INT, Type.TEXT.oid, _INT),
)
_CHAIN = Statement(b"end_chain", "UPDATE chains SET position = $2, doors = $3 WHERE chain = $1", (_INT,) * 3)
STATEMENTS = (BEGIN, COMMIT, ROLLBACK, _FENCE, _IDS, _CAUSES, _LOCK, _OWNERS, _NUMBER, _CHAIN, *SHELF)


@dataclass(slots=True)
class Task:
    """What one caller wants written."""

    changes: Changes | None = None
    arrivals: Sequence[Arrival] = ()
    cursor: tuple[Any, ...] | None = (
        None  #: of the poll that found the arrivals, () where it stays; their repeats leave no trace
    )
    before: Sequence[Command] = ()  #: run before the fence
    asks: Sequence[Command] = ()  #: run behind it
    #: Plans what follows from the answers of `asks`, and gives the outcome.
    then: Callable[[list[list[tuple[Any, ...]]], Plan], Any] | None = None

    #: The items that a decision is about, the channel that it is for, and the decision.
    stock: tuple[Sequence[str], str | None, OnStock[Any]] | None = None
    entries: int = 0  #: the most that a decision on stock adds

    @property
    def solo(self) -> bool:
        """Whether it needs a transaction of its own: it asks in the middle, or others must wait for it."""
        return self.then is not None or (self.changes is not None and bool(self.changes.ends))

    @property
    def size(self) -> int:
        """About how many bytes it writes."""
        return sum(len(a.body) for a in self.arrivals)

    @property
    def entries_max(self) -> int:
        """The most entries that it can add to the ledger."""
        return (
            self.entries
            + len(self.arrivals)
            + (len(self.changes.entries) + 1 if self.changes is not None else 0)
        )


@dataclass(slots=True)
class Kit:
    """What every transaction of a journal works with."""

    member: Member
    scribe: Scribe
    fence: Fence
    dedup: Dedup
    ids: Ids
    scope: int
    lease_ms: int
    clock_ms: Callable[[], int]
    salt: Callable[[], bytes]


class Transaction:
    """The writes of a batch of tasks."""

    def __init__(self, wire: Wire, kit: Kit, tasks: Sequence[Task], round_: int) -> None:
        self.tasks = tasks
        self.round = round_
        self.outcome: list[Any] = []
        self.committing = False  #: whether COMMIT may have reached the server
        self._wire = wire
        self._kit = kit
        self._scribe = kit.scribe
        self._plan = Plan()
        self._fresh: Iterator[int] = iter(())  #: ids of captures, drawn inside this transaction
        self._book = Doorbook([a for task in tasks for a in task.arrivals], kit.scope)
        self._standing = Standing({}, {})
        self._numbered: dict[int, list[Row]] = {}  #: rows that go with an entry, once its numbers are known
        self._shelf = Shelf([task.stock for task in tasks if task.stock is not None], kit.scope)

    async def run(self) -> None:
        """Writes everything.

        Raises Fenced, Refused, Lost, or what a task raises; `committing` tells whether anything can be durable then.
        """
        answers = await self._open()
        await self._number()
        for task in self.tasks:
            self.outcome.append(await self._task(task, answers))
        await self._commit()

    async def rollback(self) -> None:
        """Gives up what was written so far. Raises Lost."""
        await self._wire.exchange([(ROLLBACK, ())])

    # -- the first round trip ------------------------------------------------

    async def _open(self) -> list[list[tuple[Any, ...]]]:
        """Fence, positions, ids and look-ups; gives the answers to what the tasks ask."""
        kit = self._kit
        arrivals = sum(len(task.arrivals) for task in self.tasks)
        spare, era = kit.ids.low, kit.ids.era
        draws = -(-arrivals // ID_BLOCK) + spare
        begin: list[Command] = [(BEGIN, ()), *(c for task in self.tasks for c in task.before)]
        book, locks = self._book.commands(), self._locks()
        asks = [c for task in self.tasks for c in task.asks]
        shelf = self._shelf.commands([task.changes for task in self.tasks if task.changes is not None])
        sent = [*begin, self._fence(), *[(_IDS, ())] * draws, *book, *locks, *shelf, *asks]
        results = [rows(result) for result in await self._wire.exchange(sent)]
        found = iter(results[len(begin) :])
        epochs = next(found)
        if not kit.fence.holds(epochs[0][0] if epochs else None, kit.member.epoch):
            raise Fenced("another process took over what this one owned")
        self._plan = self._scribe.begin(iter([position for _, position in epochs]))
        blocks = [next(found)[0][0] for _ in range(draws)]
        if spare:
            kit.ids.refill(blocks.pop(), era)
        self._fresh = chain.from_iterable(range(block, block + ID_BLOCK) for block in blocks)
        self._book.learn([next(found) for _ in book])
        for _ in locks:
            self._standing.opened.update({row[1]: row[0] for row in next(found) if len(row) > 1})
        self._shelf.learn([next(found) for _ in shelf])
        return list(found)

    def _fence(self) -> Command:
        positions = max(sum(task.entries_max for task in self.tasks), 1)
        numbers = (self._kit.member.id, self._kit.lease_ms, self.round, positions)
        return _FENCE, [scalar(number) for number in numbers]

    def _locks(self) -> list[Command]:
        """Incidents that are written about stay as they are found."""
        changes = [task.changes for task in self.tasks if task.changes is not None]
        locks: list[Command] = []
        if ends := sorted({id_ for one in changes for id_ in one.ends}):
            locks.append((_LOCK, [array(ends, Type.INT)]))
        if causes := sorted({cause for one in changes for cause in one.causes}):
            locks.append(self._causes(causes))
        return locks

    def _causes(self, causes: Sequence[str]) -> Command:
        return _CAUSES, [array(causes, Type.TEXT), scalar(self._kit.scope)]

    async def _number(self) -> None:
        """Gives control numbers to the bodies that wait for some, in one order of sequences for all writers."""
        lates = [late for task in self.tasks if task.changes is not None for late in task.changes.late]
        asked = sorted(
            (one.sequence, place, at, one.most)
            for place, late in enumerate(lates)
            for at, one in enumerate(late.numbers)
        )
        if not asked:
            return
        scope = scalar(self._kit.scope)
        results = await self._wire.exchange(
            [(_NUMBER, [scope, scalar(sequence), scalar(most)]) for sequence, _, _, most in asked]
        )
        given: dict[tuple[int, int], int] = {
            (place, at): rows(result)[0][0] for (_, place, at, _), result in zip(asked, results, strict=True)
        }
        last = {sequence: given[place, at] for sequence, place, at, _ in asked}
        for place, late in enumerate(lates):
            numbers = [given[place, at] for at in range(len(late.numbers))]
            (payload, values), told = late.numbered(self._kit.scope, numbers, last)
            self._plan.add(payload, values)
            self._numbered.setdefault(id(late.entry), []).extend((name, row, None) for name, row in told)

    # -- the tasks -----------------------------------------------------------

    async def _task(self, task: Task, answers: list[list[tuple[Any, ...]]]) -> Any:
        if task.stock is not None:
            changes = Changes(self._kit.scope, self._kit.ids.next, self._kit.salt)
            outcome = self._shelf.decide(task.stock, changes)
            self._scribe.rows(changes)
            self._scribe.entries(changes, self._standing)
            return outcome
        if task.changes is not None:
            self._shelf.note(task.changes.rows)
            self._scribe.rows(task.changes)
            if task.changes.ends:
                await self._empty(task.changes.ends)
            self._scribe.entries(task.changes, self._standing, self._numbered)
            return None
        if task.then is not None:
            return task.then(answers, self._plan)
        found = [await self._accept(a, quiet=task.cursor is not None) for a in task.arrivals]
        if task.cursor is None:
            return found[0] if found else None
        if task.cursor:
            self._plan.add("upsert_cursor", marked("upsert_cursor", task.cursor))
        return found

    async def _empty(self, incidents: Sequence[int]) -> None:
        """Finds which incidents have lost their last member, once what was planned so far is written."""
        asked = (_OWNERS, [array(incidents, Type.INT)])
        *_, found = await self._wire.exchange([*self._plan.commands(), asked])
        self._standing.owners = dict(rows(found))

    async def _accept(self, a: Arrival, *, quiet: bool) -> Accepted:
        kit, book = self._kit, self._book
        verdict, version, other, known_key = book.judge(a, kit.dedup)
        if verdict is Verdict.REPEAT:
            if a.idempotency_key is not None and not known_key:
                # The sender's new key now stands for this content too.
                alias = (kit.scope, a.system, a.idempotency_key, other)
                self._plan.add("insert_alias", marked("insert_alias", alias))
                book.key(a, other)
            if not quiet:
                self._scribe.append(repeated(a, other))
            return Accepted(verdict, other)
        if verdict is Verdict.CONFLICT:
            return await self._conflict(a, other)
        id_, late = next(self._fresh), verdict is Verdict.LATE
        new = stored(a, id_, kit.ids.next(), scope=kit.scope, version=version, late=late, salt=kit.salt())
        self._plan.add("insert_payload", new.payload)
        self._plan.add("insert_capture", new.capture)
        if a.idempotency_key is not None:
            name = "replace_arrival" if known_key else "insert_arrival"
            self._plan.add(name, (kit.scope, a.system, a.idempotency_key, id_))
        self._plan.add("insert_revision", (kit.scope, a.system, a.document, a.their_id, version, id_))
        self._scribe.append(new.entry)
        book.stored(a, id_, version)
        return Accepted(verdict, id_, new.record)

    async def _conflict(self, a: Arrival, capture: int) -> Accepted:
        cause = cause_of_conflict(a)
        if cause not in self._standing.opened:
            (found,) = await self._wire.exchange([self._causes([cause])])
            self._standing.opened.update({row[1]: row[0] for row in rows(found)})
        changes = Changes(self._kit.scope, self._kit.ids.next, self._kit.salt)
        known = self._standing.opened.get(cause)
        id_ = conflict(a, capture, self._kit.clock_ms(), changes, lambda: known or self._kit.ids.next())
        self._scribe.rows(changes)
        self._scribe.entries(changes, self._standing)
        return Accepted(Verdict.CONFLICT, capture, incident=id_)

    # -- the last round trip -------------------------------------------------

    async def _commit(self) -> None:
        for values in self._shelf.taken():
            self._plan.add("take_stock", values)
        commands = self._plan.commands()
        if self._scribe.moved is not None:
            numbers = (self._scribe.chain, *self._scribe.moved)
            commands.append((_CHAIN, [scalar(number) for number in numbers]))
        self._wire.notices()
        self.committing = True
        try:
            await self._wire.exchange([*commands, (COMMIT, ())])
        except Refused:
            self.committing = False
            raise
        if warned := self._wire.notices():
            # A commit whose wait for the standby was cut short reports success, with a warning.
            raise Lost(f"the commit may be lost: {warned[0]}")
