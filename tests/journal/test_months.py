"""The ledger and the payloads of a database are cut by month while hubs write."""

from __future__ import annotations

import asyncio
from datetime import date

import psycopg

from crossdock.journal.postgresql.months import begin_month
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.views import conservation
from tests.database import Server
from tests.journal.places import Place, postgresql_place
from tests.stories import START_MS, stories

LATER = [date(2999, month, 1) for month in (1, 2, 3)]


def parts(place: Place, table: str) -> dict[str, int]:
    """The parts of a table, and how many rows each has."""
    names = place.rows("SELECT part FROM months WHERE parent = ? ORDER BY first", (table,))
    return {name: place.count(name) for (name,) in names}


async def test_a_month_gets_a_part_of_its_own_and_nothing_is_lost(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        await told.everything()
        assert await begin_month(place.database, LATER[0])
        assert await begin_month(place.database, LATER[0]), "it is there"
        await told.delivered("SO-50")
        await begin_month(place.database, LATER[1])
        await told.delivered("SO-51", key="k-51")
        assert (await told.accepted("SO-1", key="k-1", order_by="C1")).record is None
        assert (await told.journal.view(lambda c: conservation(c, at_ms=START_MS)))["balanced"]
    entries, bytes_ = parts(place, "ledger"), parts(place, "payloads")
    assert list(entries) == ["ledger_first", "ledger_2999_01", "ledger_2999_02"]
    assert all(entries.values())
    assert list(bytes_) == ["payloads_first", "payloads_2999_01", "payloads_2999_02"]
    assert verify(place.storage) is None


async def test_hubs_write_on_while_a_month_begins(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database) as first, stories(place.database) as second:
        done = asyncio.Event()

        async def writes(told: object, who: str) -> int:
            count = 0
            while not done.is_set() or count < 10:
                await told.delivered(f"{who}-{count}")  # type: ignore[attr-defined]
                count += 1
            return count

        tasks = [asyncio.create_task(writes(told, who)) for told, who in ((first, "A"), (second, "B"))]
        for month in LATER:
            while not await begin_month(place.database, month):
                await asyncio.sleep(0.05)
        done.set()
        counts = [await task for task in tasks]
    assert place.count("captures") == sum(counts)
    assert len(parts(place, "ledger")) == len(LATER) + 1
    assert verify(place.storage) is None


async def test_a_month_waits_for_nobody(postgresql: Server):
    place = postgresql_place(postgresql)
    async with stories(place.database) as told:
        await told.delivered("SO-1")
        with psycopg.connect(place.database) as reading:
            reading.execute("SELECT count(*) FROM ledger")  # and goes on with its transaction
            assert not await begin_month(place.database, LATER[0])
            await told.delivered("SO-2")
        assert await begin_month(place.database, LATER[0])
        await told.delivered("SO-3")
    assert verify(place.storage) is None
