"""A decision on stock in the open transaction of a file, whose one writer is the lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from crossdock.journal.changes import Changes
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.stock_reads import StockReads
from crossdock.journal.stock import OnStock

T = TypeVar("T")


def decided(
    connection: Connection,
    skus: Sequence[str],
    channel: str | None,
    decide: OnStock[T],
    changes: Changes,
    most: int,
) -> T:
    """What a decision came to; what it wants written is in the changes, `most` entries at the most."""
    reads = StockReads(connection)
    reads.scope = changes.scope
    levels = {(row.sku, row.site): row for row in reads.levels(skus)}
    held = {} if channel is None else reads.held_by(channel, skus)
    outcome = decide(levels, held, changes)
    assert len(changes.entries) <= most, "more entries than were announced"
    return outcome
