"""The audit of a store: every link, digest, row and state recomputed, from the first entry to the last."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import zstandard

from crossdock.journal.chain import (
    DOOR_BITS,
    GENESIS,
    MARK_BYTES,
    PARTITIONS,
    crc,
    digest,
    link,
    mark,
    sealed,
)
from crossdock.journal.changes import ERASED, RAW, ZSTD, unpacked
from crossdock.journal.sql.connection import Connection, Damaged, Storage
from crossdock.journal.sql.gone import first_gone
from crossdock.journal.sql.made import PAGE, Made, maker_of
from crossdock.journal.sql.notes import Notes
from crossdock.journal.sql.series import Series
from crossdock.journal.sql.stock_audit import unbalanced
from crossdock.journal.sql.vouchers import Cited, marked_rows, moving_rows
from crossdock.message.states import CaptureState, EntryKind

#: Entries between two calls of `progress`.
PROGRESS_EVERY = 5_000
#: Called with the entries checked so far and all of them.
Progress = Callable[[int, int], None]

_ENTRY = (
    "position, partition, kind, at_ms, scope, system, origin, capture, message, transmission, attempt, root, state,"
    " says, charter, reads, payload, digest, detail, incident, mark, marks, link"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is not as the ledger says; `what` is payload, link or state."""

    position: int
    what: str
    says: str


class _Found(Exception):
    def __init__(self, position: int, what: str, says: str) -> None:
        super().__init__(says)
        self.finding = Finding(position, what, says)


def verify(
    storage: Storage,
    progress: Progress = lambda _done, _all: None,
    *,
    at: int | None = None,
    head: Callable[[str], None] = lambda _head: None,
) -> Finding | None:
    """The first finding in a store, None when there is none; a store that cannot be read is a finding too.

    Reads one snapshot, in bounded memory, while a hub may go on writing. Where all holds, `head` is called
    with the digest over the heads of all chains, as they were after the entry `at` (None: the last).
    """
    audit: _Audit | None = None
    try:
        with storage.snapshot() as connection:
            audit = _Audit(connection, progress, at)
            audit.run(storage)
            head(audit.head)
    except _Found as found:
        return found.finding
    except (sqlite3.Error, Damaged, UnicodeError, ValueError, OverflowError, TypeError) as error:
        # A damaged page shows as any of these, wherever the next read meets it.
        position, what = (audit.position + 1, audit.stage) if audit else (0, "link")
        return Finding(position, what, f"the store cannot be read here: {error}")
    finally:
        if audit is not None:
            audit.close()
    return None


class _Audit:
    """One run over one snapshot."""

    def __init__(self, connection: Connection, progress: Progress, at: int | None) -> None:
        self._read = connection
        self._progress = progress
        self._at = at
        self.head = ""
        self._notes = Notes()
        self._series = Series()
        #: chain -> the position of its last entry, and its rows of the door. With one writer the ledger alone tells.
        self._ends: dict[int, tuple[int, int]] = {}
        self._heads: dict[int, bytes] = {}
        self._last: dict[int, int] = {}
        self._charters: set[int] = set()
        self._payloads = 0
        self.position = 0
        self.stage = "link"

    def close(self) -> None:
        """Drops the notes."""
        self._notes.close()

    def run(self, storage: Storage) -> None:
        """Raises _Found, or what a damaged file raises."""
        if self._read.dialect.ends:
            ends = self._read.execute("SELECT chain, position, doors FROM chains").fetchall()
            self._ends = {chain: (position, doors) for chain, position, doors in ends}
        self._note_arrivals()
        self._entries()
        self.stage = "state"
        self._rows_of_things()
        self._revisions()
        if gone := self._series.complaint(self._read):
            raise _Found(gone[0] or self.position, "state", gone[1])
        self._cited()
        self._marked()
        if (said := unbalanced(self._read)) is not None:
            raise _Found(self.position, "state", said)
        if (said := first_gone(self._read)) is not None:
            raise _Found(self.position, "state", said)
        self.stage = "payload"
        self._other_payloads()
        self.stage = "state"
        self._tables(storage)

    # -- the chain -----------------------------------------------------------

    def _note_arrivals(self) -> None:
        rows = self._read.scan("SELECT capture, scope, system, key FROM arrivals")
        self._notes.arrivals(rows)

    def _entries(self) -> None:
        last = self._read.execute("SELECT coalesce(max(position), 0) FROM ledger").fetchone()[0]
        anchors = self._read.scan("SELECT position, heads FROM anchors ORDER BY position")
        anchor = next(anchors, None)
        seen = 0
        for page in batched(self._read.scan(f"SELECT {_ENTRY} FROM ledger ORDER BY position"), PAGE):
            made = Made(self._read, page)
            for row in page:
                if self._read.dialect.dense and row[0] != self.position + 1:
                    says = f"entry {self.position + 1} is missing; {row[0]} follows"
                    raise _Found(self.position + 1, "link", says)
                self._entry(row, made)
                self.position = row[0]
                if self.position == self._at:
                    self.head = self._head()
                while anchor is not None and anchor[0] <= self.position:
                    self._anchor(*anchor)
                    anchor = next(anchors, None)
            seen += len(page)
            if seen % PROGRESS_EVERY == 0:
                self._progress(self.position, last)
        self._progress(last, last)
        self.head = self.head or self._head()
        for chain, (position, _) in self._ends.items():
            if position != self._last.get(chain, 0):
                says = f"chain {chain} ends before its entry at {position}"
                raise _Found(self._last.get(chain, 0), "link", says)
        if anchor is not None:
            raise _Found(self.position, "link", f"the ledger ends before its anchor at {anchor[0]}")

    def _entry(self, row: tuple[Any, ...], made: Made) -> None:
        columns, found, position, partition = row[:-1], row[-1], row[0], row[1]
        seal: tuple[Any, ...] = ()
        thing = maker_of(row)
        if thing is not None:
            seal = made.row(*thing) or ()
            if not seal:
                raise _Found(position, "state", f"{thing[0]} {thing[1]}, which this entry made, is gone")
            if thing[0] == "capture":
                seal = (*seal[:-1], bool(seal[-1]), self._arrival(position, seal))
        stone = made.stone(*thing) if thing is not None else None
        if stone is not None and sealed(seal) != stone[1]:
            raise _Found(
                position, "state", "a row of which something was erased is not as the erasure left it"
            )
        expected = link(self._heads.get(partition, GENESIS), columns, seal, stone[0] if stone else b"")
        if expected != found:
            says = "the entry, or the row that it made, is not as it was written"
            raise _Found(position, "link", says)
        self._heads[partition] = expected
        self._last[partition] = position
        self._charters.add(row[14])
        if row[16] is not None and row[17] is not None:
            self._payload(position, made, row[16], row[17])
        self._note_state(row)

    def _arrival(self, position: int, seal: tuple[Any, ...]) -> str | None:
        noted = self._notes.arrival(seal[0])
        if noted is None:
            return None
        scope, system, key = noted
        if (scope, system) != (seal[1], seal[2]):
            raise _Found(
                position, "state", f"the key of capture {seal[0]} is noted for {system}, not {seal[2]}"
            )
        return key

    def _payload(self, position: int, made: Made, id_: int, expected: bytes) -> None:
        self.stage, row = "payload", made.payload(id_)
        if row is None:
            raise _Found(position, "payload", f"the bytes of this entry (payload {id_}) are gone")
        if row[1] == ERASED and _sound(*row[1:]) and not row[0]:
            if not made.is_erased(id_):
                raise _Found(
                    position, "payload", "the bytes are gone, and no entry tells that they were erased"
                )
        elif row[1] == ERASED or not _sound(*row[1:]) or digest(row[0], unpacked(row[1], row[3])) != expected:
            raise _Found(position, "payload", "the bytes are not those that were written")
        self._payloads += 1
        self.stage = "link"

    def _joined(self) -> bytes:
        return b"".join(self._heads.get(p, GENESIS) for p in range(PARTITIONS))

    def _head(self) -> str:
        return f"sha256:{hashlib.sha256(self._joined()).hexdigest()}"

    def _anchor(self, position: int, heads: bytes) -> None:
        if heads != self._joined():
            raise _Found(position, "link", f"the anchor at {position} does not hold the heads of the chains")

    def _note_state(self, row: tuple[Any, ...]) -> None:
        position, kind, capture, message, transmission, state = (
            row[0],
            row[2],
            row[7],
            row[8],
            row[9],
            row[12],
        )
        subject = transmission or message or capture
        if state is not None and subject is not None:
            self._notes.moved(subject, state, row[20], position)
        if kind == EntryKind.translated.value and message is not None and capture is not None:
            self._notes.moved(capture, CaptureState.TRANSLATED.value, None, position)
        if row[18] is not None and (says := self._series.note(self._read, position, row[18])):
            raise _Found(position, "state", says)
        if row[18] is not None and '"moves"' in row[18]:
            for _, id_, moved_to in json.loads(row[18])["moves"]:
                self._notes.moved(id_, moved_to, None, position)

    # -- the rows ------------------------------------------------------------

    def _rows_of_things(self) -> None:
        self._notes.flush()
        for what, id_, state, expected in moving_rows(self._read):
            noted = self._notes.stand(id_)
            if noted is None:
                raise _Found(self.position, "state", f"no entry tells of {what} {id_}")
            told, told_mark, position = noted
            if told != state:
                raise _Found(
                    position, "state", f"{what} {id_} is in state {state}; its last entry moved it to {told}"
                )
            if expected != told_mark and not self._told_beside(position, expected):
                raise _Found(position, "state", f"{what} {id_} is not as its last entry left it")

    def _told_beside(self, position: int, expected: bytes | None) -> bool:
        """Whether an entry tells of a move beside its own."""
        row = self._read.execute(
            "SELECT marks, detail FROM ledger WHERE position = ?", (position,)
        ).fetchone()
        if row is None or row[1] is None or '"moves"' not in row[1]:
            return False
        return expected is None or expected in _pieces(row[0])

    def _revisions(self) -> None:
        wrong = self._read.execute(
            "SELECT r.capture FROM revisions r LEFT JOIN captures c ON c.id = r.capture AND c.scope = r.scope"
            " AND c.system = r.system AND c.document = r.document AND c.their_id = r.their_id AND c.version = r.version"
            " WHERE c.id IS NULL LIMIT 1"
        ).fetchone()
        if wrong is not None:
            raise _Found(
                self._accepted_at(wrong[0]), "state", f"a revision does not fit its capture {wrong[0]}"
            )
        for table, expected in (("revisions", "captures"), ("arrivals", None)):
            count = self._read.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            other = self._notes.arrivals_used
            if expected is not None:
                other = self._read.execute(f"SELECT count(*) FROM {expected}").fetchone()[0]
            if count != other:
                raise _Found(self.position, "state", f"{count} {table} for {other} captures")

    def _accepted_at(self, capture: int) -> int:
        row = self._read.execute(
            "SELECT position FROM ledger WHERE capture = ? AND root IS NULL AND capture IS NOT NULL AND kind = 1",
            (capture,),
        ).fetchone()
        return row[0] if row else self.position

    def _cited(self) -> None:
        for cited in Cited(self._read):
            if cited.mark not in _pieces(cited.marks):
                position = cited.position if 0 < cited.position <= self.position else self.position
                says = f"a row of {cited.table} is not as the entry that it cites wrote it"
                raise _Found(position, "state", says)

    def _marked(self) -> None:
        for table, statement, values, found in marked_rows(self._read):
            if mark(statement, values) != found:
                raise _Found(self.position, "state", f"a row of {table} is not as it was written")
        lowest, highest, count = self._read.execute(
            "SELECT min(id), max(id), count(*) FROM charters"
        ).fetchone()
        if count and (lowest, highest) != (1, count):
            says = f"the rows of charters are not numbered from 1 to {count}"
            raise _Found(self.position, "state", says)
        self._numbered()
        known = {row[0] for row in self._read.execute("SELECT id FROM charters")} | {0}
        if missing := self._charters - known:
            raise _Found(
                self.position, "state", f"charter {min(missing)}, by which decisions were made, is gone"
            )

    def _numbered(self) -> None:
        """The rows of the door are numbered without a gap in each chain."""
        doors = f"SELECT id >> {DOOR_BITS}, min(id), max(id), count(*) FROM door GROUP BY id >> {DOOR_BITS}"
        counted: dict[int, int] = {}
        for chain, lowest, highest, count in self._read.execute(doors).fetchall():
            counted[chain], first = count, (chain << DOOR_BITS) + 1
            if (lowest, highest) != (first, first + count - 1):
                raise _Found(
                    self.position, "state", "the rows of the door are not numbered one after the other"
                )
        for chain, (_, count) in self._ends.items():
            if count != counted.get(chain, 0):
                raise _Found(self.position, "state", f"the door has lost the last rows of chain {chain}")

    # -- the rest ------------------------------------------------------------

    def _other_payloads(self) -> None:
        """Bytes that no entry tells of, such as those of a request that was refused."""
        if self._read.execute("SELECT count(*) FROM payloads").fetchone()[0] == self._payloads:
            return
        for id_, salt, *row in self._read.scan("SELECT id, salt, codec, size, data, crc FROM payloads"):
            if not _sound(*row) or (row[0] == ERASED and len(salt)):
                raise _Found(
                    self.position, "payload", f"the bytes of payload {id_} are not those that were written"
                )

    def _tables(self, storage: Storage) -> None:
        said = storage.complaint(self._read)
        if said is not None:
            raise _Found(self.position, "state", said)


def _sound(codec: int, size: int, data: bytes, checksum: int) -> bool:
    """Whether stored bytes are as they were stored."""
    if codec not in {RAW, ZSTD, ERASED} or crc(data) != checksum:
        return False
    if codec == ERASED:
        return (size, bytes(data)) == (0, b"")
    try:
        return len(unpacked(codec, data)) == size
    except zstandard.ZstdError:
        return False


def _pieces(marks: bytes | None) -> Iterator[bytes]:
    return (marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES)) if marks else iter(())


def batched(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """The rows in pages."""
    while page := list(islice(rows, size)):
        yield page
