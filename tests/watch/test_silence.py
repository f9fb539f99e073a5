"""A system that does not tell what it should is an incident, which ends when it does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossdock.charter.blackouts import WEEKDAYS
from crossdock.journal.sql.watched import clocks_due
from tests.journal.places import Place
from tests.watch.ears import Heard, ear
from tests.watch.stand import Stand, charter, order, shipment, stand, until

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
        assert ended["reason"] == "what was awaited came, or was cancelled"
        assert not await hub.incidents()


async def test_where_nothing_is_expected_nothing_cries(tmp_path: Path) -> None:
    """The control: the same order, and a charter that expects nothing."""
    async with ear() as target, stand(tmp_path, charter(target.url, {})) as hub:
        await hub.send("shop", "sales_order", order("SO-1"))
        await until(lambda: target.at("/wms/sales_order"))
        watch = hub.app.watch
        position = hub.app.hub.journal.position
        await until(lambda: watch.position >= position)
        assert not await hub.incidents()


async def test_a_shipment_that_is_told_before_the_order_is_known_to_be_there_starts_no_clock(
    tmp_path: Path,
) -> None:
    """The warehouse tells of the shipment while its answer to the order is still on its way."""
    shipped = asyncio.Event()

    async with ear() as target, stand(tmp_path, charter(target.url, SHIPS)) as hub:

        def answer(heard: Heard) -> tuple[int, bytes]:
            return (200, b"{}") if shipped.is_set() or "/wms/" not in heard.path else (503, b"{}")

        target.answer = answer
        await hub.send("shop", "sales_order", order("SO-1"))
        await until(lambda: target.at("/wms/sales_order"))
        await hub.send("wms", "shipment", shipment("SH-1", "SO-1"))
        await until(lambda: target.at("/erp/shipment"))
        shipped.set()
        await until(lambda: len(target.at("/wms/sales_order")) > 1)
        await _caught_up(hub)
        expects = (await hub.get("/v1/watch"))["expects"]
        assert (expects[0]["waiting"], expects[0]["silent"]) == (0, 0)


async def test_clocks_go_on_over_a_restart_and_one_incident_is_one(place: Place, tmp_path: Path) -> None:
    async with ear() as target:
        tree = charter(target.url, SHIPS)
        async with stand(tmp_path, tree, database=place.database) as hub:
            await hub.send("shop", "sales_order", order("SO-1"))
            await until(hub.incidents)
            await hub.send("shop", "sales_order", order("SO-2"))
            await until(lambda: len(target.at("/wms/sales_order")) == 2)
            await _caught_up(hub)
        async with stand(tmp_path, tree, database=place.database) as hub:

            async def both() -> bool:
                return [one["members"] for one in await hub.incidents()] == [2]

            await until(both)
            await hub.send("wms", "shipment", shipment("SH-1", "SO-1"))
            await hub.send("wms", "shipment", shipment("SH-2", "SO-2"))
            await until(lambda: hub.incidents(state="resolved"))
            assert len(await hub.incidents(state="all")) == 1


async def test_a_person_may_wait_once_more_or_no_longer(tmp_path: Path) -> None:
    async with ear() as target, stand(tmp_path, charter(target.url, SHIPS)) as hub:
        await hub.send("shop", "sales_order", order("SO-1"))
        (first,) = await until(hub.incidents)
        await hub.act(first["id"], "retry", {})
        (second,) = await until(hub.incidents)
        assert second["id"] != first["id"]
        await hub.act(second["id"], "resolve", {"reason": "it was picked up by hand"})

        async def ended() -> bool:
            one = (await hub.get("/v1/watch"))["expects"][0]
            return (one["waiting"], one["silent"]) == (0, 0)

        await until(ended)
        assert not await hub.incidents()


async def test_a_cancelled_order_is_not_waited_for(tmp_path: Path) -> None:
    async with ear() as target, stand(tmp_path, charter(target.url, SHIPS)) as hub:
        await hub.send("shop", "sales_order", order("SO-1"))
        await until(hub.incidents)
        await hub.send("shop", "cancellation", {"number": "CA-1", "order": "SO-1"})
        (ended,) = await until(lambda: hub.incidents(state="resolved"))
        assert ended["reason"] == "what was awaited came, or was cancelled"


async def test_a_feed_that_falls_silent_is_noticed_and_ends_by_itself(tmp_path: Path) -> None:
    feed = {"expects": [{"system": "wms", "document": "inventory_balance", "every_s": 0.8}]}
    async with ear() as target, stand(tmp_path, charter(target.url, feed)) as hub:
        (incident,) = await until(hub.incidents)
        assert incident["says"].startswith("wms has told no inventory_balance since ")
        moment = "2026-11-22T10:00:00Z"
        balance = {
            "sku": "TEA-1",
            "site": "AMS",
            "quantity": 5,
            "unit": "EA",
            "status": "available",
            "as_of": moment,
        }
        await hub.send("wms", "inventory_balance", balance)
        (ended,) = await until(lambda: hub.incidents(state="resolved"))
        assert ended["id"] == incident["id"]


async def test_nothing_cries_outside_of_the_hours_or_while_the_system_is_paused(tmp_path: Path) -> None:
    tomorrow = WEEKDAYS[(datetime.now(UTC).weekday() + 3) % 7]
    hours = {"hours": {"later": {"days": [tomorrow]}}}
    (rule,) = SHIPS["expects"]
    async with ear() as target:
        tree = charter(target.url, hours | {"expects": [rule | {"hours": "later"}]})
        async with stand(tmp_path / "closed", tree) as hub:
            await hub.send("shop", "sales_order", order("SO-1"))
            await until(lambda: target.at("/wms/sales_order"))
            await _caught_up(hub)
            (expected,) = (await hub.get("/v1/watch"))["expects"]
            assert expected["waiting"] == 1
            assert expected["next_due_at"] > datetime.now(UTC).isoformat()[:19]
        async with stand(tmp_path / "paused", charter(target.url, SHIPS)) as hub:
            order_ = {"direction": "in", "reason": "stocktake"}
            await hub.ask("operator", "POST", "/v1/systems/wms/pause", order_)
            await hub.send("shop", "sales_order", order("SO-1"))
            watch = hub.app.watch
            await until(lambda: _is_due(hub))
            looked_s = watch.looked_s
            await until(lambda: watch.looked_s > looked_s)
            assert not await hub.incidents()
            await hub.ask("operator", "POST", "/v1/systems/wms/resume", {"direction": "in"})
            await until(hub.incidents)


async def test_of_two_hosts_one_cries_and_the_other_goes_on_when_it_dies(
    place: Place, tmp_path: Path
) -> None:
    if place.kind == "sqlite":
        pytest.skip("one host only")
    async with ear() as target:
        tree = charter(target.url, SHIPS)
        one = stand(tmp_path, tree, database=place.database, host="one", CROSSDOCK_LEASE_S="1")
        other = stand(tmp_path, tree, database=place.database, host="other", CROSSDOCK_LEASE_S="1")
        async with one as first:
            async with other as second:
                await until(lambda: first.app.watch.is_ours != second.app.watch.is_ours)
                for n in range(20):
                    await (first, second)[n % 2].send("shop", "sales_order", order(f"SO-{n}"))

                async def all_of_them() -> bool:
                    return [i["members"] for i in await first.incidents()] == [20]

                await until(all_of_them, 30)
            await until(lambda: first.app.watch.is_ours)
            for n in range(20):
                await first.send("wms", "shipment", shipment(f"SH-{n}", f"SO-{n}"))
            await until(lambda: first.incidents(state="resolved"), 30)
            assert len(await first.incidents(state="all")) == 1


async def _is_due(hub: Stand) -> bool:
    """Whether a clock has run out."""
    journal, clock = hub.app.hub.journal, hub.app.hub.clock
    return bool(await journal.view(lambda c: clocks_due(c, journal.scope, clock.now_ms())))


async def _caught_up(hub: Stand) -> None:
    """The watch has read everything that is in the ledger now."""
    watch, position = hub.app.watch, hub.app.hub.journal.position
    looked_s = watch.looked_s
    await until(lambda: watch.position >= position or watch.looked_s > looked_s + 3)
