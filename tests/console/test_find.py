"""Find: orders, items, incidents, systems and pages as somebody types, within their reach, with and without script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crossdock.access.roles import Role
from tests.console.world import PREFIX, World, world


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        await made.order("SO-1001")
        await made.order("SO-1002")
        await made.order("MP-200", system="marketplace", by="DRONE")
        balance: dict[str, Any] = {
            "no": "B-1",
            "sku": "W-10010",
            "site": "RENO",
            "qty": 120,
            "at": "2026-11-22T09:30:00Z",
        }
        await made.hand_in("wms-reno", "inventory_balance", balance)
        await made.settled()
        yield made


async def offered(w: World, token: str, typed: str) -> str:
    """What is offered while it is typed."""
    reply = await w.ask("GET", f"{PREFIX}/find?q={quote(typed)}", token, x_live="1")
    assert reply.status == 200
    return reply.text


async def test_numbers_items_incidents_systems_and_pages_are_offered(w: World) -> None:
    token = await w.person("anna", Role.ADMIN)
    for typed, paths in (
        ("SO-100", ("/orders/sales_order/SO-1001", "/orders/sales_order/SO-1002")),
        ("w-100", ("/stock/W-10010",)),
        ("MP-2", ("/incidents/i",)),
        ("code without", ("/incidents?type=unmapped_code",)),
        ("reno", ("/systems/wms-reno",)),
        ("aud", ("/admin/audit",)),
    ):
        text = await offered(w, token, typed)
        for path in paths:
            assert f'role="option" aria-selected="false" tabindex="-1" href="{PREFIX}{path}' in text, typed
    assert 'role="option"' not in await offered(w, token, "nothing is called so")


async def test_enter_leads_to_the_one_thing_and_lists_what_several_may_be(w: World) -> None:
    token = await w.person("bea", Role.VIEWER)
    there = await w.ask("GET", f"{PREFIX}/find?q=SO-1001", token)
    assert (there.status, there.headers["location"]) == (
        303,
        f"{PREFIX}/orders/sales_order/SO-1001?system=webshop",
    )
    several = await w.ask("GET", f"{PREFIX}/find?q=SO-100", token)
    assert several.status == 200 and "2 things may be" in several.text and 'role="option"' not in several.text
    assert (await w.ask("GET", f"{PREFIX}/find", token)).status == 200


async def test_nobody_is_offered_what_they_may_not_see(w: World) -> None:
    dora = await w.person("dora", Role.VIEWER, systems=["webshop"])
    assert "SO-1001" in await offered(w, dora, "SO-100"), "control: their own is offered"
    unknown = (await offered(w, dora, "XX-999")).replace("XX-999", "*")
    for theirs in ("MP-200", "MP-2", "W-10010", "wms-reno", "marketplace", "audit", "keys", "code without"):
        assert (await offered(w, dora, theirs)).replace(theirs, "*") == unknown
