"""What the pipeline asks a store: small reads of what is committed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from crossdock.journal.changes import unpacked
from crossdock.journal.contract import RestoredSystem
from crossdock.journal.numbers import Receipt
from crossdock.journal.sql import receipts
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.rows import (
    CAPTURE_COLUMNS,
    MESSAGE_COLUMNS,
    TRANSMISSION_COLUMNS,
    read_capture,
    read_message,
    read_transmission,
)
from crossdock.journal.sql.stock_reads import StockReads
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Message, Transmission
from crossdock.message.states import TransmissionState

_CHANGES = "FROM hubs h JOIN beliefs b ON b.hub = h.id WHERE h.document = 'number_change' AND b.how = 1"


class Reads(StockReads):
    """Reads on a connection of their own, which sees only what is durable."""

    scope: int

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.has_overrides = False

    # -- captures ------------------------------------------------------------

    def captures(self, ids: Sequence[int]) -> Sequence[Capture]:
        """Some captures with their bodies."""
        among, listed = self._among("c.id", ids)
        rows = self._reader.execute(
            f"SELECT {CAPTURE_COLUMNS} FROM captures c JOIN payloads p ON p.id = c.payload WHERE TRUE{among}",
            listed,
        )
        return [read_capture(row) for row in rows]

    def capture(self, id_: int) -> Capture | None:
        """One capture with its body."""
        row = self._reader.execute(
            f"SELECT {CAPTURE_COLUMNS} FROM captures c JOIN payloads p ON p.id = c.payload WHERE c.id = ?",
            (id_,),
        ).fetchone()
        return read_capture(row) if row else None

    def overrides(self, system: str, document: str, their_id: str, now_ms: int) -> Sequence[tuple[str, Any]]:
        """Values that a person put in place of what the sender said: (path, value), oldest first."""
        rows = self._reader.execute(
            "SELECT path, value FROM overrides WHERE scope = ? AND system = ? AND document = ? AND their_id = ?"
            " AND until_ms > ? ORDER BY id",
            (self.scope, system, document, their_id, now_ms),
        )
        return [(path, json.loads(value, parse_float=Decimal)) for path, value in rows]

    def crosswalk_rows(self) -> Sequence[tuple[str, str, str, str, int]]:
        """Rows added on the desk: (name, system, theirs, ours, position)."""
        return self._reader.execute(
            "SELECT name, system, theirs, ours, position FROM crosswalk_rows"
        ).fetchall()

    def fixes(self) -> int:
        """A number that rises with every value and every row of a crosswalk that a person adds."""
        row = self._reader.execute(
            "SELECT (SELECT coalesce(max(position), 0) FROM crosswalk_rows),"
            " (SELECT coalesce(max(position), 0) FROM overrides)"
        ).fetchone()
        return max(row)

    # -- identity ------------------------------------------------------------

    def identity(self, system: str, document: str, their_id: str) -> tuple[int, int, str, int] | None:
        """(hub id, root hub id, ordering key, home partition) of an object by one system's id."""
        return self._reader.execute(
            "SELECT h.id, h.root, h.key, h.home FROM identity i JOIN hubs h ON h.id = i.hub"
            " WHERE i.scope = ? AND i.system = ? AND i.document = ? AND i.their_id = ?",
            (self.scope, system, document, their_id),
        ).fetchone()

    def their_id(self, hub: int, system: str) -> str | None:
        """The id that a system gave to an object."""
        row = self._reader.execute(
            "SELECT their_id FROM identity WHERE hub = ? AND system = ?", (hub, system)
        ).fetchone()
        return row[0] if row else None

    def hub_of_number(self, document: str, number: str) -> tuple[int, int, str, int] | None:
        """The same of an object by its own number, whoever owns it; the newest if several do."""
        return self._reader.execute(
            "SELECT id, root, key, home FROM hubs WHERE document = ? AND number = ? ORDER BY id DESC LIMIT 1",
            (document, number),
        ).fetchone()

    def belief(self, hub: int, system: str) -> tuple[int, int, int] | None:
        """(how, version, message) of what a system is known to have of an object."""
        return self._reader.execute(
            "SELECT how, version, message FROM beliefs WHERE hub = ? AND system = ?", (hub, system)
        ).fetchone()

    # -- messages ------------------------------------------------------------

    def item(self, sku: str) -> Message | None:
        """What the item master last told of a SKU."""
        row = self._reader.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id = (SELECT max(message) FROM beliefs WHERE how = 1"
            " AND hub = (SELECT id FROM hubs WHERE document = 'item' AND number = ? ORDER BY id DESC LIMIT 1))",
            (sku,),
        ).fetchone()
        return read_message(row) if row else None

    def number_changes(self) -> Sequence[Message]:
        """Every change of a number that was taken, in order."""
        rows = self._reader.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id IN (SELECT b.message {_CHANGES}) ORDER BY id"
        )
        return [read_message(row) for row in rows]

    def number_changes_version(self) -> int:
        """A number that rises with every change of a number."""
        return int(self._reader.execute(f"SELECT coalesce(max(b.message), 0) {_CHANGES}").fetchone()[0])

    def message(self, id_: int) -> Message | None:
        """One message."""
        row = self._reader.execute(f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id = ?", (id_,)).fetchone()
        return read_message(row) if row else None

    def messages_waiting_for(
        self, predecessors: Sequence[str], limit: int, after: int = 0
    ) -> list[tuple[int, int]]:
        """(message, partition) of those beyond an id that wait for one of several "document/number"."""
        among, listed = self._among("waits_for", predecessors)
        return self._reader.execute(
            f"SELECT id, partition FROM messages WHERE state = 1{among} AND id > ? ORDER BY id LIMIT ?",
            (*listed, after, limit),
        ).fetchall()

    def messages_freed(self, partitions: Collection[int], limit: int, after: int = 0) -> list[int]:
        """Messages beyond an id that wait for something that has come."""
        within, listed = self._within("m.partition", partitions)
        cut = f"{self._reader.dialect.find}(m.waits_for, '/')"
        rows = self._reader.execute(
            f"SELECT m.id FROM messages m WHERE m.state = 1 AND m.waits_for IS NOT NULL{within} AND m.id > ?"
            " AND (m.waits_for LIKE 'cancel_answer/%'"
            # A hold that was set or lifted since: each word of it wakes the order, and one may be lost.
            " OR (m.waits_for LIKE 'hold_lifted/%' AND EXISTS (SELECT 1 FROM ledger l JOIN messages k"
            " ON k.id = l.message WHERE l.root = m.root AND k.document = 'order_hold' AND k.id > m.id)) OR EXISTS"
            f" (SELECT 1 FROM hubs h WHERE h.document = substr(m.waits_for, 1, {cut} - 1)"
            f" AND h.number = substr(m.waits_for, {cut} + 1))) ORDER BY m.id LIMIT ?",
            (*listed, after, limit),
        )
        return [row[0] for row in rows]

    def messages_sent_back(self, partitions: Collection[int], limit: int) -> list[int]:
        """Messages that a person sent back, or another process handed over: they wait, and for nothing."""
        within, listed = self._within("partition", partitions)
        rows = self._reader.execute(
            f"SELECT id FROM messages WHERE state = 1 AND waits_for IS NULL{within} ORDER BY id LIMIT ?",
            (*listed, limit),
        )
        return [row[0] for row in rows]

    def messages_lacking_item(self, sku: str, limit: int, after: int = 0) -> list[tuple[int, int]]:
        """(message, partition) of those beyond an id on the desk because an item, or a unit of it, was not known."""
        return self._reader.execute(
            "SELECT g.id, g.partition FROM incidents i JOIN members m ON m.incident = i.id"
            " JOIN messages g ON g.id = m.id WHERE i.state = 1 AND m.kind = 2"
            " AND i.type IN ('unknown_sku', 'unknown_unit') AND (i.value = ? OR substr(i.value, 1, ?) = ?)"
            " AND g.id > ? ORDER BY g.id LIMIT ?",
            (sku, len(sku) + 1, f"{sku} ", after, limit),
        ).fetchall()

    def messages_overdue(self, partitions: Collection[int], now_ms: int, limit: int) -> Sequence[Message]:
        """Messages whose wait is over."""
        within, listed = self._within("partition", partitions)
        rows = self._reader.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE state = 1 AND until_ms <= ?{within} ORDER BY id LIMIT ?",
            (now_ms, *listed, limit),
        )
        return [read_message(row) for row in rows]

    def count_waiting(self) -> int:
        """How many messages wait for a predecessor."""
        return int(self._reader.execute("SELECT count(*) FROM messages WHERE state = 1").fetchone()[0])

    # -- transmissions -------------------------------------------------------

    def open_transmissions(
        self,
        target: str,
        states: Iterable[TransmissionState],
        after: int,
        limit: int,
        partitions: Collection[int],
        origin: str | None = None,
    ) -> Sequence[Transmission]:
        """Open work of one target in order of making, beyond one id; of one origin, or of all."""
        wanted = ", ".join(str(state.value) for state in states)
        within, listed = self._within("partition", partitions)
        of, whose = ("", ()) if origin is None else (" AND origin = ?", (origin,))
        rows = self._reader.execute(
            f"SELECT {TRANSMISSION_COLUMNS} FROM transmissions"
            f" WHERE target = ?{of} AND state IN ({wanted}) AND id > ?{within} ORDER BY id LIMIT ?",
            (target, *whose, after, *listed, limit),
        )
        return [read_transmission(row) for row in rows]

    def lane(self, target: str, key: str, after: int, limit: int) -> Sequence[Transmission]:
        """Open work of one lane in order."""
        rows = self._reader.execute(
            f"SELECT {TRANSMISSION_COLUMNS} FROM transmissions"
            f" WHERE target = ? AND key = ? AND {self._reader.dialect.open_work} AND id > ? ORDER BY id LIMIT ?",
            (target, key, after, limit),
        )
        return [read_transmission(row) for row in rows]

    def lanes_blocked(self, target: str, partitions: Collection[int]) -> list[tuple[str, int, int]]:
        """(ordering key, first that waits, partition) of every lane of a target that waits for a person."""
        within, listed = self._within("partition", partitions)
        return self._reader.execute(
            f"SELECT key, min(id), partition FROM transmissions WHERE target = ? AND {self._reader.dialect.open_work}"
            f" AND state IN (2, 8){within}"
            " GROUP BY key, partition",
            (target, *listed),
        ).fetchall()

    def lanes_freed(self, target: str, keys: Sequence[str]) -> list[str]:
        """Those of some lanes in which nothing waits for a person any more.

        What is held in the name of no open incident was held by who had not heard yet of a person's act.
        """
        held = (
            f"SELECT 1 FROM transmissions t WHERE t.target = ? AND t.key = ? AND {self._reader.dialect.open_work}"
            " AND t.state IN (2, 8) AND (t.state = 8"
            " OR EXISTS (SELECT 1 FROM members m JOIN incidents i ON i.id = m.incident"
            " WHERE m.kind = 4 AND m.id = t.id AND i.state = 1)) LIMIT 1"
        )
        return [key for key in keys if self._reader.execute(held, (target, key)).fetchone() is None]

    def transmission(self, id_: int) -> Transmission | None:
        """One transmission."""
        row = self._reader.execute(
            f"SELECT {TRANSMISSION_COLUMNS} FROM transmissions WHERE id = ?", (id_,)
        ).fetchone()
        return read_transmission(row) if row else None

    def root_of(self, root: int, system: str) -> tuple[str, str] | None:
        """(document, the system's own id) of a root object."""
        return self._reader.execute(
            "SELECT h.document, i.their_id FROM hubs h JOIN identity i ON i.hub = h.id WHERE h.id = ? AND i.system = ?",
            (root, system),
        ).fetchone()

    def incident_of(self, kind: MemberKind, id_: int) -> int | None:
        """The open incident that something is a member of."""
        row = self._reader.execute(
            "SELECT i.id FROM members m JOIN incidents i ON i.id = m.incident"
            " WHERE m.kind = ? AND m.id = ? AND i.state = 1",
            (kind.value, id_),
        ).fetchone()
        return row[0] if row else None

    def cause_of(self, transmission: int) -> str:
        """The cause of the open incident that holds a transmission, or that it is held behind."""
        row = self._reader.execute(
            "SELECT i.cause FROM members m JOIN incidents i ON i.id = m.incident"
            " WHERE m.kind IN (3, 4) AND m.id = ? AND i.state = 1",
            (transmission,),
        ).fetchone()
        return row[0] if row else f"in_doubt/t{transmission}"

    def refresh_overrides(self) -> None:
        """Looks whether any value was ever mended by a person; most stores never ask again."""
        self.has_overrides = self._reader.execute("SELECT 1 FROM overrides LIMIT 1").fetchone() is not None

    def lanes_after(self, transmission: int, message: int) -> Sequence[tuple[str, str]]:
        """(target, ordering key) of the lanes in which something comes after a transmission of a message."""
        return self._reader.execute(
            "SELECT target, key FROM transmissions WHERE message = ? AND after = ?", (message, transmission)
        ).fetchall()

    # -- the rest ------------------------------------------------------------

    def answer(self, key: str) -> tuple[bytes, bytes] | None:
        """(digest of the request, answer) that was given under an Idempotency-Key."""
        return self._reader.execute("SELECT digest, body FROM answers WHERE key = ?", (key,)).fetchone()

    def body(self, payload: int) -> bytes | None:
        """The bytes of a payload; None when they were erased."""
        row = self._reader.execute("SELECT codec, data FROM payloads WHERE id = ?", (payload,)).fetchone()
        return unpacked(*row) if row else None

    def restored_systems(self) -> Sequence[RestoredSystem]:
        """Systems that hand in again, or did, because the store was restored from a backup."""
        rows = self._reader.execute("SELECT system, backup_ms, since_ms, floor, ended_id FROM restored")
        return [RestoredSystem(*row) for row in rows]

    def cursor(self, system: str, document: str) -> str | None:
        """Where a poller stands."""
        row = self._reader.execute(
            "SELECT cursor FROM cursors WHERE scope = ? AND system = ? AND document = ?",
            (self.scope, system, document),
        ).fetchone()
        return row[0] if row else None

    def receipts_owed(
        self, system: str, *, control: int | None = None, group: int | None = None
    ) -> Sequence[Receipt]:
        """What one partner owes for an interchange or a group, the newest first."""
        return receipts.owed(self._reader, self.scope, system, control=control, group=group)

    def receipts_of(self, transmission: int) -> Sequence[Receipt]:
        """What was owed for one transmission, the newest round first."""
        return receipts.rounds(self._reader, transmission)

    def has_been_sent(self, target: str, document: str, *, root: int, hub: int) -> bool:
        """Whether a target has a document of one root object: any of it, or that of `hub` where it is another."""
        return receipts.has_been_sent(self._reader, target, document, root=root, hub=hub)

    def numbers_of(self, root: int, hub: int) -> Mapping[str, Sequence[int]]:
        """The numbers that were given for a document of an object, by sequence, the first ones first."""
        return receipts.numbers_of(self._reader, root, hub)

    def numbers(self) -> Sequence[tuple[str, int, int]]:
        """Every sequence with the last number given and the highest that may be given."""
        return receipts.numbers(self._reader, self.scope)

    def receipts_overdue(self, partitions: Collection[int], now_ms: int, limit: int) -> Sequence[Receipt]:
        """Receipts that should have come by now."""
        return receipts.overdue(self._reader, self.scope, partitions, now_ms, limit)

    def keys(self, now_ms: int) -> Sequence[tuple[bytes, str, str, str | None]]:
        """(digest, name, role, system) of every key that is valid at a time."""
        return self._reader.execute(
            "SELECT digest, name, role, system FROM keys WHERE revoked_ms IS NULL OR revoked_ms > ?",
            (now_ms,),
        ).fetchall()
