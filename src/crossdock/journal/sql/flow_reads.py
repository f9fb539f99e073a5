"""What flow control and the feed ask a store: work in turns of its systems, gates, and what feeds usually change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crossdock.journal.chain import PARTITIONS
from crossdock.journal.sql import flow
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.rows import CAPTURE_COLUMNS, MESSAGE_COLUMNS, read_capture, read_message
from crossdock.journal.stories import Sent
from crossdock.message.gate import GateAct
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Message
from crossdock.message.states import EntryKind, TransmissionState

#: Messages and sendings of one story that decide about it, the newest.
STORY_MAX = 2_000

#: Messages of one story that are looked at for what they add up to.
_TAKEN_MAX = 2_000
_CAUSES_MAX = 1_000


class FlowReads:
    """Small reads on a connection of their own, which sees only what is durable."""

    scope: int

    def __init__(self, connection: Connection) -> None:
        self._reader = connection

    def _among(self, column: str, values: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
        """A condition on one column and its parameter."""
        dialect = self._reader.dialect
        return f" AND {dialect.among.format(column)}", (dialect.listed(list(values)),)

    def _within(self, column: str, partitions: Collection[int]) -> tuple[str, tuple[Any, ...]]:
        """The condition that a row is in one of some partitions; none at all for all of them."""
        return ("", ()) if len(partitions) >= PARTITIONS else self._among(column, sorted(partitions))

    # -- work in turns -------------------------------------------------------

    def captures_queued(self) -> list[tuple[str, str]]:
        """(system, document) of everything that waits to be translated."""
        return self._reader.execute(
            "SELECT DISTINCT system, document FROM captures WHERE state = 1 ORDER BY system, document"
        ).fetchall()

    def captures_waiting(self, system: str, document: str, after: int, limit: int) -> Sequence[Capture]:
        """Captures of one kind from one system to translate, in arrival order, with their bodies."""
        rows = self._reader.execute(
            f"SELECT {CAPTURE_COLUMNS} FROM captures c JOIN payloads p ON p.id = c.payload"
            " WHERE c.state = 1 AND c.system = ? AND c.document = ? AND c.id > ? ORDER BY c.id LIMIT ?",
            (system, document, after, limit),
        )
        return [read_capture(row) for row in rows]

    def captures_due(
        self, kinds: Sequence[tuple[str, str]], partitions: Collection[int], each: int
    ) -> list[tuple[int, int, str, str]]:
        """(capture, partition, system, document) of the first to translate of each kind, in order of arrival."""
        if not kinds:
            return []
        within, listed = self._within("partition", partitions)
        one = (
            "SELECT * FROM (SELECT id, partition, system, document FROM captures"
            f" WHERE state = 1 AND system = ? AND document = ?{within} ORDER BY id LIMIT ?) AS k{{}}"
        )
        sql = " UNION ALL ".join(one.format(n) for n in range(len(kinds)))
        values = [value for kind in kinds for value in (*kind, *listed, each)]
        return self._reader.execute(sql, values).fetchall()

    def lane_waits(self, target: str, key: str, after: int, before: int) -> bool:
        """Whether anything of a lane between two ids is neither at its end nor being sent."""
        row = self._reader.execute(
            f"SELECT 1 FROM transmissions WHERE target = ? AND key = ? AND {self._reader.dialect.open_work}"
            " AND state IN (1, 2, 4, 5) AND id > ? AND id < ? LIMIT 1",
            (target, key, after, before),
        ).fetchone()
        return row is not None

    def origins_open(self, target: str) -> list[str]:
        """The systems from which there is open work for a target."""
        rows = self._reader.execute(
            f"SELECT DISTINCT origin FROM transmissions WHERE target = ? AND {self._reader.dialect.open_work}",
            (target,),
        )
        return [origin for (origin,) in rows]

    # -- stories -------------------------------------------------------------

    def story(self, root: int) -> Sequence[tuple[Message, Sequence[Sent]]]:
        """What was told of a root object and of all that hangs on it, in order of making, and where it was sent."""
        ids = "SELECT DISTINCT message FROM ledger WHERE root = ? AND message IS NOT NULL"
        columns = ", ".join(f"m.{name.strip()}" for name in MESSAGE_COLUMNS.split(","))
        rows = self._reader.execute(
            f"SELECT {columns}, t.id, t.target, t.state FROM messages m LEFT JOIN transmissions t ON t.message = m.id"
            f" WHERE m.id IN ({ids}) ORDER BY m.id DESC, t.id LIMIT ?",
            (root, STORY_MAX),
        ).fetchall()
        found: dict[int, tuple[Message, list[Sent]]] = {}
        for row in rows:
            one = found.setdefault(row[0], (read_message(row[:-3]), []))
            if row[-3] is not None:
                one[1].append(Sent(row[-3], row[-2], TransmissionState(row[-1])))
        return list(reversed(found.values()))

    def doubted(self, root: int, transmission: int) -> bool:
        """Whether nobody knew at some time if a transmission had arrived."""
        row = self._reader.execute(
            "SELECT 1 FROM ledger WHERE root = ? AND transmission = ? AND kind = ? LIMIT 1",
            (root, transmission, EntryKind.doubted.value),
        ).fetchone()
        return row is not None

    def was_judged_impossible(self, message: int) -> bool:
        """Whether a message was on the desk as `bad_transition`."""
        row = self._reader.execute(
            "SELECT 1 FROM members m JOIN incidents i ON i.id = m.incident"
            " WHERE m.kind = ? AND m.id = ? AND i.type = 'bad_transition' LIMIT 1",
            (MemberKind.MESSAGE.value, message),
        ).fetchone()
        return row is not None

    # -- gates and brakes ----------------------------------------------------

    def incident_of_cause(self, cause: str) -> int | None:
        """The open incident of a cause."""
        row = self._reader.execute(
            "SELECT id FROM incidents WHERE scope = ? AND cause = ? AND state = 1", (self.scope, cause)
        ).fetchone()
        return row[0] if row else None

    def incidents_of_causes(self, prefix: str) -> Sequence[str]:
        """The causes of open incidents that begin like this; of very many, some."""
        rows = self._reader.execute(
            "SELECT cause FROM incidents WHERE scope = ? AND state = 1 AND substr(cause, 1, ?) = ? LIMIT ?",
            (self.scope, len(prefix), prefix, _CAUSES_MAX),
        )
        return [row[0] for row in rows]

    def messages_on_desk(self, hub: int) -> Sequence[Message]:
        """What is on the desk of one object."""
        rows = self._reader.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE hub = ? AND state = 5 ORDER BY id", (hub,)
        )
        return [read_message(row) for row in rows]

    def owner_of(self, hub: int) -> str | None:
        """The system that introduced an object; None while nothing of it is committed."""
        row = self._reader.execute("SELECT owner FROM hubs WHERE id = ?", (hub,)).fetchone()
        return row[0] if row else None

    def messages_taken(self, root: int, document: str) -> Sequence[Message]:
        """Documents of one kind in the story of a root that passed all checks, in order; the newest of very many."""
        rows = self._reader.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE state = 2 AND document = ? AND id IN"
            " (SELECT DISTINCT message FROM ledger WHERE root = ? AND message IS NOT NULL"
            " ORDER BY message DESC LIMIT ?) ORDER BY id",
            (document, root, _TAKEN_MAX),
        )
        return [read_message(row) for row in rows]

    def count_objects(self, system: str, document: str) -> int:
        """How many objects of a kind a system has an id for."""
        row = self._reader.execute(
            "SELECT count(*) FROM identity WHERE scope = ? AND system = ? AND document = ?",
            (self.scope, system, document),
        ).fetchone()
        return int(row[0])

    def tallies(self, system: str, document: str, since_ms: int) -> Sequence[tuple[int, int, int, int, int]]:
        """See flow.tallies."""
        return flow.tallies(self._reader, self.scope, system, document, since_ms)

    def brake_acts(self) -> Mapping[tuple[str, str], tuple[str, int]]:
        """See flow.brake_acts."""
        return flow.brake_acts(self._reader, self.scope)

    def gate_acts(self) -> Sequence[GateAct]:
        """What people did to the ways into and out of systems, oldest first; the newest where there are very many."""
        return flow.gate_acts(self._reader, self.scope)
