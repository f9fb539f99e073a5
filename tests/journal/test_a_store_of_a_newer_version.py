"""A store whose tables a newer version has made: this one leaves it alone."""

from __future__ import annotations

import pytest

from crossdock.faults import Misconfigured
from tests.journal.places import Place
from tests.stories import stories


def newer(place: Place) -> None:
    """Does what a version of next year would."""
    place.run("INSERT INTO shape VALUES (9999, now())" if place.server else "PRAGMA user_version = 9999")


async def test_neither_a_hub_nor_a_command_writes_into_it(place: Place):
    async with stories(place.database) as told:
        await told.accepted("SO-1")
    newer(place)
    with pytest.raises(Misconfigured, match="a newer hub made this store"):
        async with stories(place.database):
            pass
    with pytest.raises(Misconfigured, match="a newer hub made this store"), place.storage.writing():
        pass


async def test_control_one_of_its_own_version_is_taken_up_again(place: Place):
    async with stories(place.database) as told:
        await told.accepted("SO-1")
    async with stories(place.database) as told:
        await told.accepted("SO-2")
    assert place.count("captures") == 2
