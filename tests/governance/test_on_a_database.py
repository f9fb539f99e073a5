"""Approvals and erasure on PostgreSQL, written as hosts write there."""

from __future__ import annotations

from crossdock.journal.sql.audit import verify
from tests.database import Server
from tests.governed import governed
from tests.journal.places import postgresql_place
from tests.stories import stories


async def test_what_two_wanted_and_what_was_erased_is_whole_on_a_database(postgresql: Server) -> None:
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        await told.everything()
        await governed(told.journal, told.clock.now_ms)
        await told.delivered("N-1")
    assert verify(place.storage) is None
    assert [row[0] for row in place.rows("SELECT state FROM approvals ORDER BY id")] == [1, 3]
    kinds = {row[0] for row in place.rows("SELECT what FROM stones")}
    assert {"payload", "message"} <= kinds
    place.rows("UPDATE stones SET why = 'x' WHERE what = 'message' RETURNING 1")
    finding = verify(place.storage)
    assert finding is not None and finding.what == "state"
