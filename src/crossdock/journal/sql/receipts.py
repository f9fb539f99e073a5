"""What partners owe us for what they were sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crossdock.journal.chain import PARTITIONS
from crossdock.journal.numbers import NUMBERS, WAITING, Receipt
from crossdock.journal.sql.connection import Connection
from crossdock.message.states import TransmissionState

_COLUMNS = "system, control, grp, transmission, round, document, number, root, partition, says, sent_ms, due_ms, state"
RECEIPTS_MAX = 1000


def owed(
    connection: Connection, scope: int, system: str, *, control: int | None = None, group: int | None = None
) -> Sequence[Receipt]:
    """What is owed for an interchange, or for a group, of one partner; the newest use of a number first."""
    column, number = ("control", control) if control is not None else ("grp", group)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM receipts WHERE scope = ? AND system = ? AND {column} = ?"
        f" ORDER BY transmission DESC, round DESC LIMIT {RECEIPTS_MAX}",
        (scope, system, number),
    )
    return [Receipt(*row) for row in rows]


def overdue(
    connection: Connection, scope: int, partitions: Collection[int], now_ms: int, limit: int
) -> Sequence[Receipt]:
    """Receipts that should have come by now."""
    ours = (
        ""
        if len(partitions) == PARTITIONS
        else f" AND partition IN ({', '.join(map(str, partitions)) or -1})"
    )
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM receipts WHERE scope = ? AND state = {WAITING} AND due_ms <= ?{ours}"
        " ORDER BY due_ms LIMIT ?",
        (scope, now_ms, limit),
    )
    return [Receipt(*row) for row in rows]


def standing(connection: Connection, scope: int, system: str, limit: int) -> Sequence[Receipt]:
    """The newest receipts of one partner, whatever became of them."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM receipts WHERE scope = ? AND system = ?"
        " ORDER BY transmission DESC, round DESC LIMIT ?",
        (scope, system, limit),
    )
    return [Receipt(*row) for row in rows]


def rounds(connection: Connection, transmission: int) -> Sequence[Receipt]:
    """What was owed for one transmission, the newest round first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM receipts WHERE transmission = ? ORDER BY round DESC LIMIT {RECEIPTS_MAX}",
        (transmission,),
    )
    return [Receipt(*row) for row in rows]


def numbers(connection: Connection, scope: int) -> Sequence[tuple[str, int, int]]:
    """Every sequence with the last number given and the highest that may be given."""
    found = connection.execute(
        "SELECT sequence, value, most FROM numbers WHERE scope = ? ORDER BY sequence", (scope,)
    )
    return found.fetchall()


def has_been_sent(connection: Connection, target: str, document: str, *, root: int, hub: int) -> bool:
    """Whether a target has a document of one root object: any of it, or that of `hub` where it is another."""
    row = connection.execute(
        "SELECT 1 FROM ledger l JOIN transmissions t ON t.id = l.transmission WHERE l.root = ? AND l.state = ?"
        " AND t.target = ? AND t.document = ? AND (t.hub = ? OR ? = ?) LIMIT 1",
        (root, TransmissionState.DONE.value, target, document, hub, hub, root),
    ).fetchone()
    return row is not None


def numbers_of(connection: Connection, root: int, hub: int) -> Mapping[str, Sequence[int]]:
    """The numbers that were given for a document of an object, by sequence, the first ones first."""
    rows = connection.execute(
        "SELECT l.detail FROM ledger l JOIN transmissions t ON t.id = l.transmission"
        " WHERE l.root = ? AND l.detail IS NOT NULL AND t.hub = ? ORDER BY l.position",
        (root, hub),
    )
    found: dict[str, list[int]] = {}
    for (detail,) in rows:
        told: dict[str, Any] = json.loads(detail)
        for sequence, runs in told.get(NUMBERS, {}).items():
            for first, last in zip(runs[::2], runs[1::2], strict=True):
                found.setdefault(sequence, []).extend(range(first, last + 1))
    return found
