"""Numbers that are given in the commit that stores them, on both stores: in a row, once, and what follows the last."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.journal.contract import Overtaken
from crossdock.journal.sql.audit import verify
from crossdock.kit.connector import Numbered
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from tests.journal.places import Place
from tests.stories import Stories, stories


async def given(told: Stories, sequence: str, most: int, count: int = 1, *, fails: bool = False) -> list[int]:
    """The numbers of a body that is stored, or is not."""
    numbers, bodies, changes = list[Numbered](), list[bytes](), told.journal.changes()
    for at in range(count):
        numbers.append(Numbered(sequence, ((b"N%03d" % at, lambda n: b"%d" % n),), most))
    entry = Entry(EntryKind.sent, says="856")
    entry.payload = changes.numbered(
        b" ".join(b"N%03d" % at for at in range(count)), numbers, entry, bodies.append
    )
    changes.entry(entry)
    if fails:
        changes.row("move_capture", 2, -1, 1, touches=1)
    await told.journal.submit(changes)
    return [int(one) for one in bodies[-1].split()]


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [("control", [[1], [2, 3], [4, 5], [1], [2]]), ("once/label", [[1], [2, 3], [4, 5], [6], [7]])],
    ids=["one that begins again", "one that never does"],
)
async def test_what_follows_the_last_number_of_a_sequence(
    place: Place, sequence: str, expected: list[list[int]]
):
    async with stories(place.database) as told:
        assert [await given(told, sequence, 5, len(one)) for one in expected] == expected
    assert verify(place.storage) is None


async def test_what_is_not_written_takes_no_number_and_nobody_gets_one_twice(place: Place):
    async with stories(place.database) as told:
        asked = [given(told, "control", 999, 1 + n % 3, fails=n % 4 == 3) for n in range(16)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        kept = [number for one in found if isinstance(one, list) for number in one]
        assert sorted(kept) == [*range(1, len(kept) + 1)]
        assert sum(isinstance(one, Overtaken) for one in found) == 4
        assert await given(told, "control", 999) == [len(kept) + 1]
    async with stories(place.database) as told:
        assert await given(told, "control", 999) == [len(kept) + 2], "a start gives none again"
        assert await given(told, "group", 999) == [1], "each sequence counts for itself"
    assert verify(place.storage) is None
