"""The journal on SQLite: opening, accepting, committing."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from crossdock.journal.chain import GENESIS, PARTITIONS, link
from crossdock.journal.changes import Changes, Row, packed, unpacked
from crossdock.journal.contract import Accepted, Arrival, Dedup, Known, Overtaken, StoreDown, Verdict
from crossdock.journal.marks import TOLD, marked, marks_of
from crossdock.journal.numbers import Late, after
from crossdock.journal.salts import Salts
from crossdock.journal.sql.arriving import cause_of_conflict, conflict, repeated, stored
from crossdock.journal.sqlite.gathered import Gathered
from crossdock.journal.sqlite.left import must_be_in_use
from crossdock.journal.sqlite.schema import STATEMENTS, connect, migrate
from crossdock.journal.sqlite.shelf import decided
from crossdock.journal.sqlite.snapshots import SqliteReads
from crossdock.journal.sqlite.writer import Writer
from crossdock.journal.stock import OnStock
from crossdock.message.records import Entry

T = TypeVar("T")
_ALL = frozenset(range(PARTITIONS))
#: Tables whose ids come from one sequence: after a stop it goes on behind the highest of them.
ID_TABLES = (
    "captures", "messages", "transmissions", "payloads", "hubs", "incidents", "overrides", "people",
    "gate_acts", "reservations", "promises", "approvals", "expectations", "alerts", "shift_notes", "desk_runs",
)  # fmt: skip


class SqliteJournal(SqliteReads):
    """Ledger, queue and what is known, in one SQLite file (WAL, synchronous=FULL)."""

    def __init__(
        self,
        path: Path,
        *,
        clock_ms: Callable[[], int],
        dedup: Dedup,
        random_bytes: Callable[[int], bytes] = os.urandom,
        synchronous: str = "FULL",
        linger_s: float = 0.001,
    ) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write_connection = connect(path, synchronous=synchronous)
        must_be_in_use(self._write_connection, path)
        migrate(self._write_connection)
        super().__init__(path)
        self.scope = 1
        self._clock_ms = clock_ms
        self._dedup = dedup
        self._salt = Salts(random_bytes)
        self._charter = 0
        self._heads, self._position = self._load_heads()
        self._open_heads: dict[int, bytes] = {}
        self._open_position = self._position
        self._open_ms = 0
        self._gathered = Gathered()
        self._ids = itertools.count(self._highest_id() + 1)
        self._anchored = self._position
        self.writer = Writer(self._write_connection, self, linger_s=linger_s)

    # -- opening -------------------------------------------------------------

    def _highest_id(self) -> int:
        counts = [
            self._write_connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
            for table in ID_TABLES
        ]
        # A restored store may have lost numbers that were given after its backup: they are never given again.
        floor = self._write_connection.execute("SELECT coalesce(max(floor), 0) FROM restored").fetchone()[0]
        return max(*counts, floor)

    def _load_heads(self) -> tuple[dict[int, bytes], int]:
        """The last link of every partition: the newest anchor, then the entries after it."""
        row = self._write_connection.execute(
            "SELECT position, heads FROM anchors ORDER BY position DESC LIMIT 1"
        ).fetchone()
        position, heads = (0, {}) if row is None else (row[0], _heads_from(row[1]))
        later = self._write_connection.execute(
            "SELECT position, partition, link FROM ledger WHERE position > ? ORDER BY position", (position,)
        )
        for last, partition, head in later:
            heads[partition], position = head, last
        return heads, position

    def start(self) -> None:
        """Begins to take commits; needs a running event loop."""
        self.writer.start()

    async def close(self) -> None:
        """Writes what is queued, anchors the chains, closes the file."""
        if self._position > self._anchored:
            with suppress(StoreDown):  # the next anchor ties what this one should have
                await self.anchor()
        await self.writer.close()
        self._write_connection.close()
        self.close_reads()

    async def use_charter(self, version: str, code: str, files: dict[str, str]) -> None:
        """Records the charter version that decisions from now on are made by."""

        def work(connection: sqlite3.Connection) -> int:
            _, data = packed(json.dumps(files, sort_keys=True).encode())
            row = marked("insert_charter", (version, code, data, self._clock_ms()))
            connection.execute(STATEMENTS["insert_charter"], row)
            found = connection.execute(
                "SELECT id FROM charters WHERE version = ? AND code = ?", (version, code)
            )
            return int(found.fetchone()[0])

        self._charter = await self.writer.submit(work)

    # -- the writer's undo ---------------------------------------------------

    def begin(self) -> None:
        """A transaction opens: links and positions of it are kept apart until it is durable."""
        self._open_heads = {}
        self._open_position = self._position
        self._open_ms = self._clock_ms()
        self._gathered.clear()

    def finish(self, connection: sqlite3.Connection) -> None:
        """All callers of the transaction have written: what was gathered of theirs is written, too."""
        self._gathered.write(connection)

    def keep(self) -> None:
        """The transaction is durable."""
        self._heads.update(self._open_heads)
        self._position = self._open_position

    def undo(self) -> None:
        """The transaction is gone, and with it its links and positions."""
        self._open_heads = {}
        self._open_position = self._position

    # -- ownership -----------------------------------------------------------

    @property
    def owned(self) -> frozenset[int]:
        """All partitions: a file has one writer."""
        return _ALL

    member_id = 0

    async def is_member(self, id_: int) -> bool:
        """Nobody else writes here."""
        return False

    def owns(self, partition: int) -> bool:
        """Every partition is ours."""
        return partition in _ALL

    # -- writing -------------------------------------------------------------

    def ids_beyond(self, number: int) -> None:
        """Every number is greater than the one before: nobody else gives any."""

    def next_id(self) -> int:
        """A number never given before."""
        return next(self._ids)

    def changes(self) -> Changes:
        """An empty set of changes."""
        return Changes(self.scope, self.next_id, self._salt)

    @property
    def depth(self) -> int:
        """Writes that wait for the disk."""
        return self.writer.depth

    @property
    def position(self) -> int:
        """The position of the last durable entry."""
        return self._position

    def submit(self, changes: Changes) -> asyncio.Future[None]:
        """Queues one atomic set of changes."""
        return self.writer.submit(lambda connection: self._write(connection, changes))

    def _write(self, connection: sqlite3.Connection, changes: Changes) -> None:
        changes.seal()
        add, put = self._gathered.add, self._put
        for row in changes.rows:
            if not add(row):
                put(connection, row)
        told = self._number(connection, changes.late) if changes.late else {}
        opened: dict[str, int] = {}
        for entry, known in changes.entries:
            rows = (*known, *told.get(id(entry), ())) if told else known
            planned = self._planned(connection, entry, rows, opened) if rows else rows
            position = self._append(entry, planned)
            for statement, values, touches in planned:
                if statement is not TOLD and not add(row := (statement, (*values, position), touches)):
                    put(connection, row)

    def _put(self, connection: sqlite3.Connection, row: Row) -> None:
        """Writes a row by itself, behind what was gathered before it."""
        self._gathered.write(connection)
        _run(connection, row)

    def _number(self, connection: sqlite3.Connection, lates: Sequence[Late]) -> dict[int, list[Row]]:
        """Gives the next numbers, durable with the transaction or not at all; the rows to write, by their entry."""
        last, taken = dict[str, int](), list[list[int]]()
        for late in lates:
            taken.append(given := [])
            for one in late.numbers:
                if one.sequence not in last:
                    row = connection.execute(STATEMENTS["find_number"], (self.scope, one.sequence)).fetchone()
                    last[one.sequence] = row[0] if row else 0
                last[one.sequence] = after(one.sequence, last[one.sequence], one.most)
                given.append(last[one.sequence])
        told: dict[int, list[Row]] = {}
        for late, given in zip(lates, taken, strict=True):
            (payload, values), rows = late.numbered(self.scope, given, last)
            connection.execute(STATEMENTS[payload], values)
            told.setdefault(id(late.entry), []).extend((name, row, None) for name, row in rows)
        return told

    def _planned(
        self, connection: sqlite3.Connection, entry: Entry, rows: Sequence[Row], opened: dict[str, int]
    ) -> list[Row]:
        """The rows of an entry once it is known which incident is open for a cause."""
        planned: list[Row] = []
        for row in rows:
            statement, values, _ = row
            if statement == "insert_incident":
                known = self._open_incident(connection, values[3], opened)
                if known is None:
                    known = values[0]
                    planned.append(row)
                opened[values[3]] = entry.incident = known
            elif statement == "insert_member_by_cause":
                kind, id_, _, cause = values
                incident = self._open_incident(connection, cause, opened)
                if incident is not None:
                    planned.append(("insert_member", (incident, kind, id_), None))
            elif statement == "resolve_empty_incident":
                reason, now, id_ = values
                owner = connection.execute(STATEMENTS["find_owner"], (id_,)).fetchone()
                if owner is not None:
                    planned.append(("resolve_incident", (id_, owner[0], reason, now), 1))
            else:
                planned.append(row)
        return planned

    def _open_incident(
        self, connection: sqlite3.Connection, cause: str, opened: dict[str, int]
    ) -> int | None:
        if cause in opened:
            return opened[cause]
        row = connection.execute(STATEMENTS["find_open_incident"], (self.scope, cause)).fetchone()
        return row[0] if row else None

    def _append(self, e: Entry, rows: Sequence[Row] = ()) -> int:
        """Gives an entry its position and link, and writes it."""
        self._open_position += 1
        position, partition = self._open_position, e.partition
        before = self._open_heads.get(partition) or self._heads.get(partition, GENESIS)
        marks = b"".join([marks_of(statement, values) for statement, values, _ in rows]) if rows else None
        columns = (
            position, partition, e.kind.value, self._open_ms, self.scope, e.system, e.origin, e.capture, e.message,
            e.transmission, e.attempt, e.root, e.state, e.says, self._charter, e.reads, e.payload, e.digest, e.detail,
            e.incident, e.mark, marks,
        )  # fmt: skip
        after = link(before, columns, e.seal)
        self._gathered.ledger.append((*columns, after))
        self._open_heads[partition] = after
        return position

    def decide_on_stock(
        self, skus: Sequence[str], channel: str | None, decide: OnStock[T], *, entries_max: int = 1
    ) -> asyncio.Future[T]:
        """Decides about some items while nobody else can change their levels: a file has one writer."""

        def work(connection: sqlite3.Connection) -> T:
            changes = self.changes()
            outcome = decided(self._write_connection, skus, channel, decide, changes, entries_max)
            self._write(connection, changes)
            return outcome

        return self.writer.submit(work)

    async def anchor(self) -> None:
        """Ties the heads of all chains together in one row, so that none can be cut off unseen."""

        def work(connection: sqlite3.Connection) -> None:
            heads = self._heads | self._open_heads
            blob = b"".join(heads.get(p, GENESIS) for p in range(PARTITIONS))
            row = marked("insert_anchor", (self._open_position, self._clock_ms(), blob))
            connection.execute(STATEMENTS["insert_anchor"], row)

        await self.writer.submit(work)
        self._anchored = self._position

    # -- accepting -----------------------------------------------------------

    def accept(self, arrival: Arrival) -> asyncio.Future[Accepted]:
        """Decides and stores one arrival."""
        return self.writer.submit(lambda connection: self._accept(connection, arrival))

    def accept_page(
        self, arrivals: Sequence[Arrival], system: str, document: str, cursor: str | None
    ) -> asyncio.Future[list[Accepted]]:
        """Stores what one poll found and moves its cursor (None: it stays), in one commit. Repeats leave no trace."""

        def work(connection: sqlite3.Connection) -> list[Accepted]:
            if cursor is not None:
                row = (self.scope, system, document, cursor, self._clock_ms())
                connection.execute(STATEMENTS["upsert_cursor"], marked("upsert_cursor", row))
            return [self._accept(connection, a, quiet=True) for a in arrivals]

        return self.writer.submit(work)

    def _accept(self, connection: sqlite3.Connection, a: Arrival, *, quiet: bool = False) -> Accepted:
        scope = self.scope
        by_key = None
        if a.idempotency_key is not None:
            found = connection.execute(
                STATEMENTS["find_arrival"], (scope, a.system, a.idempotency_key)
            ).fetchone()
            by_key = Known(found[0], 0) if found else None
        object_ = (scope, a.system, a.document, a.their_id)
        row = connection.execute(STATEMENTS["find_latest"], object_).fetchone()
        latest = same_version = Known(*row) if row else None
        if latest is not None and a.version is not None and a.version != latest.version:
            row = connection.execute(STATEMENTS["find_revision"], (*object_, a.version)).fetchone()
            same_version = Known(*row) if row else None
        verdict, version, other = self._dedup.judge(
            a, by_key=by_key, same_version=same_version, latest=latest,
            same_as=lambda capture: a.same(self._body_of_capture(connection, capture), a.body),
        )  # fmt: skip
        if verdict is Verdict.REPEAT and a.idempotency_key is not None and by_key is None:
            # The sender's new key now stands for this content too.
            alias = marked("insert_alias", (scope, a.system, a.idempotency_key, other))
            connection.execute(STATEMENTS["insert_alias"], alias)
        if verdict is Verdict.REPEAT:
            if not quiet:
                self._append(repeated(a, other))
            return Accepted(verdict, other)
        if verdict is Verdict.CONFLICT:
            return self._conflict(connection, a, other)
        return self._new(connection, a, version, late=verdict is Verdict.LATE)

    def _new(self, connection: sqlite3.Connection, a: Arrival, version: int, *, late: bool) -> Accepted:
        scope, id_ = self.scope, self.next_id()
        new = stored(a, id_, self.next_id(), scope=scope, version=version, late=late, salt=self._salt())
        self._gathered.add(("insert_payload", new.payload, None))
        self._gathered.add(("insert_capture", new.capture, None))
        # The next arrival of the transaction may be the same again, and asks for these two.
        execute = connection.execute
        if a.idempotency_key is not None:
            execute(STATEMENTS["insert_arrival"], (scope, a.system, a.idempotency_key, id_))
        execute(STATEMENTS["insert_revision"], (scope, a.system, a.document, a.their_id, version, id_))
        self._append(new.entry)
        return Accepted(Verdict.LATE if late else Verdict.NEW, id_, new.record)

    def _conflict(self, connection: sqlite3.Connection, a: Arrival, capture: int) -> Accepted:
        changes = self.changes()
        known = self._open_incident(connection, cause_of_conflict(a), {})
        id_ = conflict(a, capture, self._clock_ms(), changes, lambda: known or self.next_id())
        self._write(connection, changes)
        return Accepted(Verdict.CONFLICT, capture, incident=id_)

    def _body_of_capture(self, connection: sqlite3.Connection, capture: int) -> bytes:
        self._gathered.write(connection)
        row: Any = connection.execute(
            "SELECT p.codec, p.data FROM captures c JOIN payloads p ON p.id = c.payload WHERE c.id = ?",
            (capture,),
        ).fetchone()
        return unpacked(*row) if row else b""


def _run(connection: sqlite3.Connection, row: Row) -> None:
    statement, values, touches = row
    cursor = connection.execute(STATEMENTS[statement], values)
    if touches is not None and cursor.rowcount != touches:
        raise Overtaken(f"{statement}{values[:4]} touched {cursor.rowcount} rows, not {touches}")


def _heads_from(blob: bytes) -> dict[int, bytes]:
    size = len(GENESIS)
    return {p: blob[p * size : (p + 1) * size] for p in range(PARTITIONS)}
