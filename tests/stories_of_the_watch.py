"""What is watched over as a store keeps it: a clock, a measure, an alert."""

from __future__ import annotations

from collections.abc import Callable

from crossdock.journal.changes import Changes


def watched(changes: Changes, next_id: Callable[[], int], at_ms: int) -> None:
    """A row in each table of the watch."""
    changes.row("begin_watch", 1, 7)
    changes.row(
        "insert_expectation", next_id(), 1, "wms/shipment/sales_order@wms", 1, 2, "SO-1", at_ms, at_ms + 1
    )
    changes.row("add_measure", 1, "order_release", at_ms, 3, 2)
    changes.row("insert_alert", next_id(), 1, "i1", 1, "ops", at_ms, 1, 0, "", at_ms)
