"""A target, or a kind that it is sent, leaves the charter while some of it waits: a person is told the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.watch.ears import Heard, ear
from tests.watch.stand import Stand, charter, order, stand, until


def busy(_: Heard) -> tuple[int, bytes]:
    return 503, b"{}"


def without_the_warehouse(tree: dict[str, Any]) -> None:
    del tree["systems"]["wms"]
    tree["objects"] = {
        "sales_order": {"owner": "shop"},
        "cancellation": {"owner": "shop"},
        "invoice": {"owner": "erp"},
    }
    del tree["systems"]["erp"]["out"]


def without_orders(tree: dict[str, Any]) -> None:
    tree["systems"]["wms"]["out"] = []
    tree["objects"]["sales_order"]["readers"] = []


async def left(hub: Stand) -> list[dict[str, Any]]:
    return [one for one in await hub.incidents("invalid") if "wait for wms" in one["says"]]


@pytest.mark.parametrize(
    ("leave", "says", "path"),
    [
        (without_the_warehouse, "3 of sales_order wait for wms, and the charter does not name it", "systems"),
        (
            without_orders,
            "3 of sales_order wait for wms, and the charter sends it no sales_order",
            "systems.wms.out",
        ),
    ],
)
async def test_what_waits_for_a_target_that_left_the_charter_is_an_incident_until_it_is_back(
    tmp_path: Path, leave: Any, says: str, path: str
):
    async with ear(answer=busy) as out:
        whole, less = charter(out.url, {}), charter(out.url, {})
        leave(less)
        async with stand(tmp_path / "site", whole) as hub:
            for n in range(3):
                await hub.send("shop", "sales_order", order(f"SO-{n}"))
            await until(lambda: _all_there(hub, 3))
            assert await left(hub) == [], "it is served"
        async with stand(tmp_path / "site", less) as hub:
            (item,) = await until(lambda: left(hub))
            assert (item["says"], item["path"], item["number"]) == (says, path, "SO-0")
            assert "charter.yaml" in item["fix"]
            await hub.app.watch.left_behind.look()
            assert len(await left(hub)) == 1, "it is told once"
    async with ear() as out, stand(tmp_path / "site", charter(out.url, {})) as hub:
        (ended,) = await until(lambda: hub.incidents("invalid", "resolved"))
        assert ended["id"] == item["id"]
        await until(lambda: _told(out))
        assert sorted(one.json["number"] for one in out.heard) == ["SO-0", "SO-1", "SO-2"]


async def _all_there(hub: Stand, count: int) -> bool:
    journal = hub.app.hub.journal
    return (
        await journal.view(lambda c: c.execute("SELECT count(*) FROM transmissions").fetchone()[0]) == count
    )


async def _told(out: Any) -> bool:
    return len(out.heard) == 3
