"""Orders shipped in part, and stock that systems disagree on: told when nothing explains it, and only then."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.watch.ears import Heard, ear
from tests.watch.stand import Stand, charter, order, shipment, stand, until

SOON_S = 0.5
ODD = 4711


def site(url: str, **watch: Any) -> dict[str, Any]:
    tree = charter(url, {"rest_within_s": SOON_S, "stock_every_s": SOON_S, **watch})
    tree["systems"]["wms"]["in"][1]["on_change"] = "revise"
    tree["systems"]["erp"]["out"] += [
        {"document": "inventory_balance", "send": {"method": "POST", "path": "/erp/stock"},
         "on_unclear": "resend", "idempotency": {"header": "Idempotency-Key"}},
    ]  # fmt: skip
    tree["objects"]["inventory_balance"]["readers"] = ["erp"]
    return tree


def answer(heard: Heard) -> tuple[int, bytes]:
    refuses = heard.path == "/erp/stock" and heard.json.get("quantity") == ODD
    return (422 if refuses else 200), b"{}"


def level(quantity: int, minute: int) -> dict[str, Any]:
    return {"sku": "TEA-1", "site": "AMS", "quantity": quantity, "unit": "EA", "status": "available",
            "as_of": f"2026-11-22T10:{minute:02}:00Z"}  # fmt: skip


async def shipped(hub: Stand, number: str, quantity: int, n: int = 1, **more: Any) -> None:
    """An order, and a shipment once the warehouse has it."""
    if n == 1:
        await hub.send("shop", "sales_order", order(number))

    async def has_it() -> bool:
        status, story = await hub.ask("observer", "GET", f"/v1/trace/sales_order/{number}")
        return status == 200 and any(entry["kind"] == "answered" for entry in story["entries"])

    await until(has_it)
    await hub.send("wms", "shipment", shipment(f"SH-{number}-{n}", number, quantity) | more)


async def test_the_rest_of_an_order_is_asked_for_and_the_question_ends_when_the_rest_leaves(tmp_path: Path):
    async with ear(answer=answer) as out, stand(tmp_path / "site", site(out.url)) as hub:
        await shipped(hub, "SO-WHOLE", 2)
        await shipped(hub, "SO-PART", 1, complete=True)
        (item,) = await until(lambda: hub.incidents("part_fulfilled"))
        assert item["number"] == "SO-PART" and "1 of 2 EA TEA-1" in item["says"]
        assert item["acts"] == ["assign", "resolve"]
        await shipped(hub, "SO-PART", 1, n=2)
        (ended,) = await until(lambda: hub.incidents("part_fulfilled", "resolved"))
        assert ended["id"] == item["id"]


async def test_control_of_an_order_that_left_whole_nobody_is_asked(tmp_path: Path):
    async with ear(answer=answer) as out, stand(tmp_path / "site", site(out.url)) as hub:
        await shipped(hub, "SO-WHOLE", 2)
        journal = hub.app.hub.journal
        clocks = "SELECT count(*) FROM expectations WHERE rule = 'part_fulfilled'"

        async def is_judged() -> bool:
            left, last = await journal.view(lambda c: (c.execute(clocks).fetchone()[0], _last(c)))
            return left == 0 and hub.app.watch.position >= last

        await until(is_judged)
        assert await hub.incidents("part_fulfilled") == []


def _last(connection: Any) -> int:
    return int(connection.execute("SELECT max(position) FROM ledger").fetchone()[0])


async def test_stock_differs_once_nothing_is_on_its_way_and_agrees_again_with_the_next_level(tmp_path: Path):
    async with ear(answer=answer) as out, stand(tmp_path / "site", site(out.url)) as hub:
        await hub.send("wms", "inventory_balance", level(5, 1))
        await hub.send("wms", "inventory_balance", level(ODD, 2))
        (refused,) = await until(lambda: hub.incidents("rejected"))
        # It waits for a person: that explains it.
        for _ in range(2):
            await hub.app.watch.disagreement.look()
        assert await hub.incidents("stock_variance") == []
        await hub.act(refused["id"], "resolve", {"reason": "leave it"})
        (item,) = await until(lambda: hub.incidents("stock_variance"))
        assert item["system"] == "erp" and f"5 instead of {ODD}" in item["says"]
        await hub.app.watch.disagreement.look()
        assert len(await hub.incidents("stock_variance")) == 1
        await hub.send("wms", "inventory_balance", level(9, 3))
        await until(lambda: hub.incidents("stock_variance", "resolved"))


async def test_a_person_who_ended_a_difference_is_not_asked_again(tmp_path: Path):
    async with ear(answer=answer) as out, stand(tmp_path / "site", site(out.url)) as hub:
        await hub.send("wms", "inventory_balance", level(5, 1))
        await hub.send("wms", "inventory_balance", level(ODD, 2))
        (refused,) = await until(lambda: hub.incidents("rejected"))
        await hub.act(refused["id"], "resolve", {"reason": "leave it"})
        (item,) = await until(lambda: hub.incidents("stock_variance"))
        await hub.act(item["id"], "resolve", {"reason": "counted: the ERP is right"})
        await asyncio.gather(*(hub.app.watch.disagreement.look() for _ in range(2)))
        assert await hub.incidents("stock_variance") == []
