"""The journal on PostgreSQL: opening, membership, accepting, committing."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio import Future
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import structlog

from crossdock.journal.chain import GENESIS, PARTITIONS
from crossdock.journal.changes import Changes, packed
from crossdock.journal.contract import Accepted, Arrival, Dedup, StoreDown
from crossdock.journal.marks import marked
from crossdock.journal.postgresql import doorbook, transaction, writer
from crossdock.journal.postgresql.arrays import Type
from crossdock.journal.postgresql.membership import EpochFence, Fence, Member, join, leave, this_process
from crossdock.journal.postgresql.months import begin_month
from crossdock.journal.postgresql.plan import Plan
from crossdock.journal.postgresql.schema import migrate
from crossdock.journal.postgresql.scribe import Scribe
from crossdock.journal.postgresql.snapshots import PostgresqlReads
from crossdock.journal.postgresql.statements import BULK
from crossdock.journal.postgresql.transaction import Kit, Task
from crossdock.journal.postgresql.wire import KEYED, Statement, Wire
from crossdock.journal.postgresql.writer import Writer
from crossdock.journal.salts import Salts
from crossdock.journal.stock import OnStock

_log = structlog.get_logger("crossdock.journal")
T = TypeVar("T")
_INT, _TEXT, _BYTES = Type.INT, Type.TEXT.oid, Type.BYTES.oid
_CHARTER = Statement(
    b"insert_charter",
    "INSERT INTO charters (id, version, code, files, at_ms, mark)"
    " SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5 FROM charters"
    " HAVING NOT EXISTS (SELECT 1 FROM charters WHERE version = $1 AND code = $2)",
    (_TEXT, _TEXT, _BYTES, _INT.oid, _BYTES),
)
_FIND_CHARTER = Statement(
    b"find_charter", "SELECT id FROM charters WHERE version = $1 AND code = $2", (_TEXT, _TEXT)
)
#: Commits of others wait until the heads of all chains are tied together; if one of them hangs, this gives up.
_PATIENCE = Statement(b"patience", "SET LOCAL lock_timeout = '500ms'")
_STANDSTILL = Statement(b"standstill", "LOCK TABLE owners IN SHARE ROW EXCLUSIVE MODE")
_HEADS = Statement(
    b"find_heads",
    "SELECT c.chain, c.position, l.link FROM chains c JOIN ledger l ON l.position = c.position",
)
_STATEMENTS = (
    *(bulk.statement for bulk in BULK.values()), *transaction.STATEMENTS, *doorbook.STATEMENTS, *writer.STATEMENTS,
    _CHARTER, _FIND_CHARTER, _PATIENCE, _STANDSTILL, _HEADS,
)  # fmt: skip
#: Beats of the heart in one lease.
_BEATS = 3


class PostgresqlJournal(PostgresqlReads):
    """Ledger, queue and what is known, in one database that other processes write to as well."""

    def __init__(
        self,
        url: str,
        *,
        clock_ms: Callable[[], int],
        dedup: Dedup,
        host: str = "",
        address: str = "",
        lease_s: float = 5.0,
        fence: Fence | None = None,
        claims: bool = True,
        random_bytes: Callable[[int], bytes] = os.urandom,
        linger_s: float = 0.001,
    ) -> None:
        """Makes or renews the tables. With `claims` it owns at once whatever nobody owns; else a tenure says what.

        Raises StoreDown, Misconfigured.
        """
        migrate(url)
        super().__init__(url)
        self.scope = 1
        self._clock_ms = clock_ms
        self._dedup = dedup
        self.process = this_process(host or os.uname().nodename, address)
        self._lease_s = lease_s
        self._claims = claims
        self._owned: frozenset[int] = frozenset()
        self.fence = fence or EpochFence()
        self._salt = Salts(random_bytes)
        self._member: Member | None = None
        self._kit: Kit | None = None
        self._charter = 0
        self._anchored = 0
        self._month: date | None = None  #: the one whose parts are known to be there
        self._heart: asyncio.Task[None] | None = None
        self.writer = Writer(self._connect, linger_s=linger_s, lease_s=lease_s)

    # -- life ----------------------------------------------------------------

    def start(self) -> None:
        """Begins to take commits; needs a running event loop. The first one joins."""
        self.writer.start()
        self._heart = asyncio.get_running_loop().create_task(self._beat(), name="journal-heart")

    async def _beat(self) -> None:
        """Renews the lease when nothing else does: every commit renews it."""
        while True:
            seen = self.writer.commits
            await asyncio.sleep(self._lease_s / _BEATS)
            if self.writer.commits == seen and self.writer.depth == 0 and not self.writer.fenced:
                try:
                    await self.writer.submit(Task())
                except StoreDown:
                    continue
                except Exception:  # ends in the next beat: without a heart all that is owned is lost
                    _log.exception("a beat failed")

    async def _connect(self) -> tuple[Wire, Kit]:
        if self._member is None:
            self._joined(await join(self._url, self.process, lease_s=self._lease_s, claims=self._claims))
        member, kit = self._member, self._kit
        assert member is not None
        assert kit is not None
        idle_ms = int(self._lease_s * 1000)
        wire = await Wire.open(
            self._url,
            name=f"crossdock/{member.id}",
            settings=(
                f"idle_in_transaction_session_timeout = {idle_ms}",
                f"lock_timeout = {idle_ms}",
                *KEYED,
            ),
            statements=_STATEMENTS,
            timeout_s=max(2 * self._lease_s, 10.0),
        )  # fmt: skip
        if self._member is not member:
            await wire.close()
            raise StoreDown("this process began anew while it connected")
        return wire, kit

    def _joined(self, member: Member) -> None:
        self._member = member
        self._owned = member.partitions
        scribe = Scribe(member.chain, member.end, scope=self.scope, clock_ms=self._clock_ms)
        scribe.charter = self._charter
        self._anchored = member.end.position
        self._kit = Kit(
            member, scribe, self.fence, self._dedup, self._ids, self.scope, int(self._lease_s * 1000),
            self._clock_ms, self._salt,
        )  # fmt: skip

    async def close(self) -> None:
        """Writes what is queued, anchors the chains, leaves, closes the connections."""
        if self._heart is not None:
            self._heart.cancel()
        if self.position > self._anchored and not self.writer.fenced:
            with suppress(StoreDown):
                await self.anchor()
        await self.writer.close()
        if self._member is not None and not self.writer.fenced:
            with suppress(StoreDown):
                await leave(self._url, self._member)
        await self.foresight.close()
        self.close_reads()

    async def use_charter(self, version: str, code: str, files: dict[str, str]) -> None:
        """Records the charter version that decisions from now on are made by."""
        _, data = packed(json.dumps(files, sort_keys=True).encode())
        *row, mark = marked("insert_charter", (version, code, data, self._clock_ms()))
        named = [version.encode(), code.encode()]
        at_ms = int(row[3]).to_bytes(8, "big")

        def learn(answers: list[list[tuple[Any, ...]]], _plan: Plan) -> int:
            return int(answers[-1][0][0])

        asks = ((_CHARTER, [*named, data, at_ms, mark]), (_FIND_CHARTER, named))
        self._charter = await self.writer.submit(Task(asks=asks, then=learn))
        assert self._kit is not None
        self._kit.scribe.charter = self._charter

    @property
    def charter(self) -> int:
        """The number of the charter version that decisions are made by; 0 before there is one."""
        return self._charter

    # -- ownership -----------------------------------------------------------

    @property
    def member(self) -> Member | None:
        """What this process was given when it joined; None before."""
        return self._member

    @property
    def owned(self) -> frozenset[int]:
        """The partitions that this process works on now; none once it was taken over."""
        return frozenset() if self.writer.fenced else self._owned

    def own(self, partitions: frozenset[int]) -> None:
        """Other partitions are owned from now on. Numbers given here later are above all given in them before."""
        if partitions - self._owned:
            self._ids.discard()
        self._owned = partitions

    def begin_anew(self) -> None:
        """Forgets what another process took over: the next commit joins again, as somebody new."""
        self._member, self._kit, self._owned = None, None, frozenset()
        self.writer.fenced = False

    @property
    def member_id(self) -> int:
        """What this process joined as; 0 before."""
        return self._member.id if self._member is not None else 0

    async def is_member(self, id_: int) -> bool:
        """Whether another process that joined so has not gone, and renews its lease."""
        asked = "SELECT 1 FROM owners WHERE id = ? AND gone_at IS NULL AND lease_until >= clock_timestamp()"
        found = await self.view(lambda c: c.execute(asked, (id_,)).fetchone())
        return found is not None and id_ != self.member_id

    def owns(self, partition: int) -> bool:
        """Whether a partition is this process's own."""
        return partition in self.owned

    # -- writing -------------------------------------------------------------

    def next_id(self) -> int:
        """A number never given before."""
        return self._ids.next()

    def ids_beyond(self, number: int) -> None:
        """Numbers given from now on are greater than one that another process may have given."""
        self._ids.beyond(number)

    def changes(self) -> Changes:
        """An empty set of changes."""
        return Changes(self.scope, self.next_id, self._salt)

    @property
    def depth(self) -> int:
        """Writes that wait for the database."""
        return self.writer.depth

    @property
    def position(self) -> int:
        """The position of the last durable entry of this process's chain."""
        return self._kit.scribe.position if self._kit is not None else 0

    def submit(self, changes: Changes) -> Future[None]:
        """Queues one atomic set of changes."""
        return self.writer.submit(Task(changes))

    def accept(self, arrival: Arrival) -> Future[Accepted]:
        """Decides and stores one arrival."""
        return self.writer.submit(Task(arrivals=(arrival,)))

    def accept_page(
        self, arrivals: Sequence[Arrival], system: str, document: str, cursor: str | None
    ) -> Future[list[Accepted]]:
        """Stores what one poll found and moves its cursor (None: it stays), in one commit. Repeats leave no trace."""
        row = () if cursor is None else (self.scope, system, document, cursor, self._clock_ms())
        return self.writer.submit(Task(arrivals=arrivals, cursor=row))

    def decide_on_stock(
        self, skus: Sequence[str], channel: str | None, decide: OnStock[T], *, entries_max: int = 1
    ) -> Future[T]:
        """Decides about some items while their levels are locked, whichever host asks."""
        return self.writer.submit(Task(stock=(skus, channel, decide), entries=entries_max))

    async def anchor(self) -> None:
        """Ties the heads of all chains together in one row, so that none can be cut off unseen.

        Nobody commits meanwhile: what is under way elsewhere has positions below those of others that are durable.
        """

        def tie(answers: list[list[tuple[Any, ...]]], plan: Plan) -> int:
            heads = {chain: link for chain, _, link in answers[0]}
            position = max((position for _, position, _ in answers[0]), default=0)
            blob = b"".join(heads.get(chain, GENESIS) for chain in range(PARTITIONS))
            plan.add("insert_anchor", marked("insert_anchor", (position, self._clock_ms(), blob)))
            return position

        task = Task(before=((_PATIENCE, ()), (_STANDSTILL, ())), asks=((_HEADS, ()),), then=tie)
        self._anchored = await self.writer.submit(task)
        await self._begin_month()

    async def _begin_month(self) -> None:
        """The first anchor of a month gives it parts of its own."""
        month = datetime.fromtimestamp(self._clock_ms() / 1000, UTC).date().replace(day=1)
        if month != self._month and await begin_month(self._url, month):
            self._month = month
