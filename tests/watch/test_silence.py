"""A system that does not tell what it should is an incident, which ends when it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.journal.places import Place
from tests.watch.ears import ear
from tests.watch.stand import charter, order, shipment, stand, until

SHIPS: dict[str, Any] = {
    "expects": [
        {
            "system": "wms",
            "document": "shipment",
            "after": {"document": "sales_order", "at": "wms"},
            "within_s": 0.6,
        }
    ]
}


async def test_an_order_without_its_shipment_is_one_incident_that_ends_when_the_shipment_comes(
    place: Place, tmp_path: Path
) -> None:
    async with ear() as target, stand(tmp_path, charter(target.url, SHIPS), database=place.database) as hub:
        await hub.send("shop", "sales_order", order("SO-1"))
        await hub.send("shop", "sales_order", order("SO-2"))
        (incident,) = await until(hub.incidents)
        assert (incident["system"], incident["owner"], incident["severity"]) == (
            "wms",
            "role:operations",
            "high",
        )
        assert "wms has told no shipment for sales_order SO-" in incident["says"]
        assert "wms's turn" in incident["fix"]

        async def both() -> bool:
            return [one["members"] for one in await hub.incidents()] == [2]

        await until(both)
        await hub.send("wms", "shipment", shipment("SH-1", "SO-1"))
        await hub.send("wms", "shipment", shipment("SH-2", "SO-2"))
        (ended,) = await until(lambda: hub.incidents(state="resolved"))
        assert ended["reason"] == "it came"
        assert not await hub.incidents()
