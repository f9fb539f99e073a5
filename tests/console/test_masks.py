"""What tells of people is not shown to whoever only looks on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crossdock.access.roles import Role
from crossdock.console.incidents import MASK, masked
from tests.console.world import PREFIX, World, world


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_a_viewer_sees_that_two_contents_differ_and_not_what_they_say(w: World) -> None:
    to = {
        "name": "Marijke Jansen",
        "street": "Kade 4",
        "postcode": "1013 AA",
        "city": "Utrecht",
        "country": "NL",
    }
    await w.order("SO-1", to=to)
    await w.order("SO-1", to={**to, "name": "Somebody Else"})
    await w.settled()
    rows = await w.shown.hub.journal.view(lambda c: c.execute("SELECT max(id) FROM incidents").fetchone())
    path = f"{PREFIX}/incidents/i{rows[0]}"
    viewer, operator = await w.person("vera", Role.VIEWER), await w.person("otto", Role.OPERATOR)
    seen = (await w.ask("GET", path, viewer)).text
    assert MASK in seen and "Somebody Else" not in seen and "Marijke" not in seen
    assert "Somebody Else" in (await w.ask("GET", path, operator)).text, "control: who works on it reads it"


def test_a_value_is_masked_where_its_field_tells_of_a_person() -> None:
    assert masked({"path": "ship_to.postcode", "value": "1013 AA"})["value"] == MASK
    assert masked({"path": "lines[2].sku", "value": "W-99999"})["value"] == "W-99999"
