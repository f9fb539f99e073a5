"""What people do beside single incidents, as rows: clocks, notes, acts on many, what two must want."""

from __future__ import annotations

from crossdock.journal.changes import Changes


def beside_incidents(changes: Changes, at_ms: int) -> None:
    """A row in each table of what people do about many things, and of what two must want."""
    changes.row("upsert_incident_clock", 12, 1, 1, None, at_ms + 3_600_000, at_ms)
    changes.row("insert_shift_note", 13, 1, "ann", "bob", "three are left", 3, at_ms)
    changes.row("upsert_desk_run", 14, 1, "bulk", "ann", "", "{}", "running", 5, 1, 0, at_ms, None)
    changes.row("upsert_desk_run", 14, 1, "bulk", "ann", "", "{}", "ended", 5, 5, 0, at_ms, at_ms)
    changes.row("upsert_resend", 14, 15, 1, 2, "same", 1, None, "")
    changes.row("insert_resend", 14, 16, 1, 2, "same", 1, None, "")
    changes.row("claim_once", "run/ab", 1, 14, at_ms, touches=1)
    changes.row("move_claim", "run/ab", 1, 15, at_ms + 1, 14, touches=1)
    asked = (16, 1, "replay", "desk/replay", "erp", "{}", "once more", "ann", "", at_ms, at_ms + 1, 1)
    changes.row("insert_approval", *asked, "bob", at_ms, "later")
    changes.row("insert_stone", "payload", 17, b"s" * 32, b"r" * 32, "asked for by the customer", at_ms)
