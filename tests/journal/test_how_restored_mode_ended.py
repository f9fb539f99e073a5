"""Who ended restored mode, and when: the ledger knows it, and it is asked there."""

from __future__ import annotations

from crossdock.journal.sql.restored import endings
from crossdock.pipeline.restored import Restored, begin
from tests.journal.places import Place
from tests.stories import stories


async def test_who_ended_it_and_when_is_read_from_the_ledger_of_either_store(place: Place) -> None:
    async with stories(place.database) as told:
        restored = Restored(told.journal)
        await begin(told.journal, ["erp", "shop", "wms"], backup_ms=1, now_ms=2, says="it came back")
        restored.refresh()
        await restored.end("shop", "shop has sent again all that was lost", "anna")
        await restored.end("wms", "asked for all that came since the backup")
        await told.accepted("SO-1")  # the ledger goes on
        found = await told.journal.view(endings)
    assert set(found) == {"shop", "wms"}, "erp still hands in again"
    assert (found["shop"].who, found["shop"].says) == ("anna", "shop has sent again all that was lost")
    assert (found["wms"].who, found["wms"].says) == ("", "asked for all that came since the backup")
    (row,) = place.rows("SELECT at_ms FROM ledger WHERE says = ?", ["shop has sent again all that was lost"])
    assert found["shop"].at_ms == row[0]
