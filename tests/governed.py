"""A request for approval, and an erasure, in a store that has had a busy day."""

from __future__ import annotations

from typing import Any

from crossdock.governance.approvals import Approvals
from crossdock.governance.erasing import put
from crossdock.journal.sql.erasing import Found, rows_of
from crossdock.message.four_eyes import Asked, Kind


async def governed(journal: Any, now_ms: Any) -> None:
    """Asks, approves, and takes one of each kind of thing out."""
    approvals = Approvals(journal, now_ms, ["gates"], 3600)

    async def carry(*_: object) -> object:
        return None

    approvals.carries("gate/pause", carry)
    try:
        await approvals.must_agree(
            Kind.GATES, "gate/pause", "wms", {"reason": "x"}, who="ann", says=lambda: "pause wms"
        )
    except Asked as asked:
        await approvals.approve(asked.request["id"], who="bob")

    def first(connection: Any) -> Found:
        def ids(query: str) -> set[int]:
            return {row[0] for row in connection.execute(query).fetchall()}

        return Found(
            payloads=ids("SELECT payload FROM ledger WHERE payload IS NOT NULL ORDER BY position LIMIT 1"),
            messages=ids("SELECT id FROM messages ORDER BY id LIMIT 1"),
            incidents=ids("SELECT id FROM incidents WHERE value IS NOT NULL ORDER BY id LIMIT 1"),
            overrides=ids("SELECT id FROM overrides ORDER BY id LIMIT 1"),
        )

    found = await journal.view(first)
    rows = await journal.view(lambda c: rows_of(c, found, "a test", now_ms()))
    changes = journal.changes()
    put(changes, rows, "erased for a test", {"who": "ann"})
    await journal.submit(changes)
