"""A story of stock: rows in every table that keeps it."""

from __future__ import annotations

from crossdock.journal.changes import Changes
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind


def stock(changes: Changes, at_ms: int) -> None:
    """Ten of an item are there, two of them promised, and the shop was told of eight."""
    named = (70, "wms", "W-1", "AMS", "available", "L1", "2027-01-31", "own", "A-01", "EA")
    told = (*named, 10, 12, at_ms, 1, 10, 0, at_ms * 2, 7)
    promise = (71, 1, "shop", '{"lines": []}', at_ms, at_ms + 1000)
    aside = (72, "W-1", "AMS", "shop", 71, "1", 2, 1, "L1", at_ms, at_ms + 1000, at_ms, 1)
    changes.entry(
        Entry(EntryKind.decided, says="stock of W-1"),
        ("upsert_stock_belief", told, 1),
        ("insert_promise", promise, None),
        ("insert_reservation", aside, None),
        ("upsert_coming", (74, "W-1", "AMS", 74, "PO-1", "EA", 5, at_ms), None),
        ("upsert_stock_told", ("shop", "W-1", 73, 8, "EA", 2, at_ms, at_ms, 7), None),
    )
    changes.row("add_supply", 1, "W-1", "AMS", "EA", 10, at_ms, at_ms, 7)
    changes.row("take_stock", 1, "W-1", "AMS", 2, 0, at_ms, touches=1)
