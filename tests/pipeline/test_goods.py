"""Goods that come in, held against what the hub was told of them before."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossdock.charter.charter import Checks, ItemCheck, Reader
from crossdock.desk.desk import Desk
from crossdock.pipeline import decide
from tests.pipeline.world import World

KINDS = ("purchase_order", "goods_receipt", "return_authorisation", "return_receipt", "despatch_advice")
OWNERS = {"goods_receipt": "wms", "return_receipt": "wms"}
LOT = {"sku": "HON", "unit": "EA", "lot_tracked": True}


def purchase(quantity: int = 12, **more: Any) -> dict[str, Any]:
    return {
        "number": "PO-1",
        "lines": [{"line": 1, "sku": "TEA", "quantity": quantity, "unit": "EA"}],
        **more,
    }


def receipt(number: str, quantity: int, **more: Any) -> dict[str, Any]:
    row = {"line": 1, "sku": "TEA", "quantity": quantity, "unit": "EA", "purchase_line": 1}
    head = {"purchase_order": "PO-1", "site": "AMS", "received_at": "2026-12-01T08:00:00Z"}
    return {"number": number, **head, "lines": [row], **more}


def world(folder: Path, percent: int = 0, kinds: tuple[str, ...] = KINDS, **more: Any) -> World:
    checks = Checks(ItemCheck.SKIP, wait_s=60, over_receipt_percent=Decimal(percent))
    return World(
        folder, documents=kinds, readers=(Reader("erp"),), owners=OWNERS, checks=checks, revise=True, **more
    )


async def take(there: World, *receipts: dict[str, Any], document: str = "goods_receipt") -> None:
    for one in receipts:
        await there.push(one, system="wms", document=document)
        await there.settled()


async def test_receipts_add_up_and_the_story_tells_how_far_the_order_is(tmp_path: Path):
    there = world(tmp_path)
    async with there:
        await there.push(purchase(), document="purchase_order")
        await take(there, receipt("R1", 5), receipt("R1", 5), receipt("R2", 7))
        says = [
            row[0]
            for row in there.rows("SELECT says FROM ledger WHERE says LIKE '%PO-1 %' ORDER BY position")
        ]
    assert [one for one in says if "goes to" in one] == [
        "goes to erp; PO-1 arriving", "goes to erp; PO-1 closed_complete",
    ]  # fmt: skip
    assert there.targets["erp"].applied == ["PO-1", "R1", "R2"]


async def test_one_piece_too_many_waits_for_a_person_and_goes_on_when_the_order_is_raised(tmp_path: Path):
    there = world(tmp_path)
    async with there:
        await there.push(purchase(), document="purchase_order")
        await take(there, receipt("R1", 12), receipt("R2", 1))
        assert there.rows("SELECT type, path, number FROM incidents WHERE state = 1") == [
            ("bad_transition", "lines[0].quantity", "R2")
        ]
        assert there.targets["erp"].applied == ["PO-1", "R1"]
        await there.push(purchase(13, notes="one more"), document="purchase_order")
        await there.settled()
        desk = Desk(there.journal, there.worker, there.clock.now_ms)
        await desk.act(there.rows("SELECT id FROM incidents WHERE state = 1")[0][0], "retry", {}, who="ann")
        await there.until(lambda: there.count("messages", 5) == 0)
        await there.settled()
    assert there.targets["erp"].applied == ["PO-1", "R1", "PO-1", "R2"]


async def test_without_the_check_one_piece_too_many_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decide, "goods", lambda *_: [])
    there = world(tmp_path)
    async with there:
        await there.push(purchase(), document="purchase_order")
        await take(there, receipt("R1", 12), receipt("R2", 1))
    assert there.targets["erp"].applied == ["PO-1", "R1", "R2"]


async def test_the_charter_says_how_much_more_is_taken(tmp_path: Path):
    there = world(tmp_path, percent=25)
    async with there:
        await there.push(purchase(), document="purchase_order")
        await take(there, receipt("R1", 12), receipt("R2", 3), receipt("R3", 1))
        assert there.rows("SELECT number FROM incidents WHERE state = 1") == [("R3",)]


async def test_a_newer_version_of_a_receipt_takes_the_place_of_the_old_one(tmp_path: Path):
    there = world(tmp_path)
    async with there:
        await there.push(purchase(), document="purchase_order")
        await take(there, receipt("R1", 12), receipt("R1", 10), receipt("R2", 2))
        assert there.rows("SELECT count(*) FROM incidents") == [(0,)]


async def test_receipts_before_their_order_wait_and_are_judged_one_after_another(tmp_path: Path):
    there = world(tmp_path)
    async with there:
        for n in range(3):
            await there.push(receipt(f"R{n}", 5), system="wms", document="goods_receipt")
        await there.until(lambda: there.count("messages", 1) == 3)
        await there.push(purchase(), document="purchase_order")
        await there.settled()
        assert (there.count("messages", 2), there.count("messages", 5)) == (3, 1)
    assert len(there.targets["erp"].applied) == 3


async def test_a_receipt_by_its_advice_is_held_against_the_order(tmp_path: Path):
    there = world(tmp_path)
    row = {"line": 1, "sku": "TEA", "quantity": 12, "unit": "EA"}
    async with there:
        await there.push(purchase(), document="purchase_order")
        advice = {"number": "DA-1", "purchase_order": "PO-1", "lines": [row]}
        await there.push(advice, document="despatch_advice")
        await there.settled()
        one = receipt("R1", 13, despatch_advice="DA-1")
        del one["purchase_order"]
        await take(there, one)
        assert there.rows("SELECT says FROM incidents WHERE state = 1")[0][0].startswith("13 EA of TEA")


async def test_returns_add_up_to_their_leave_and_are_ready_to_credit(tmp_path: Path):
    there = world(tmp_path)
    line = {"line": 1, "sku": "TEA", "quantity": 3, "unit": "EA"}

    def back(number: str, quantity: int) -> dict[str, Any]:
        row = {**line, "quantity": quantity, "outcome": "restock", "status": "available"}
        head = {"return_authorisation": "RA-1", "site": "AMS", "received_at": "2026-12-01"}
        return {"number": number, **head, "lines": [row]}

    async with there:
        await there.push({"number": "RA-1", "lines": [line]}, document="return_authorisation")
        await take(there, back("B1", 2), back("B2", 1), back("B3", 1), document="return_receipt")
        assert there.rows("SELECT number FROM incidents WHERE state = 1") == [("B3",)]
        assert there.rows("SELECT count(*) FROM ledger WHERE says LIKE '%ready to credit: 3 EA of TEA%'") == [
            (1,)
        ]
    assert there.targets["erp"].applied == ["RA-1", "B1", "B2"]


@pytest.mark.parametrize(
    ("document", "tree", "type_"),
    [
        ("inventory_count", {"number": "C-1", "site": "AMS", "at": "2026-12-01T08:00:00Z",
            "lines": [{"line": 1, "sku": "HON", "counted": 3, "unit": "EA"}]}, "lot_missing"),
        ("inventory_adjustment", {"number": "A-1", "site": "AMS", "at": "2026-12-01T08:00:00Z", "sku": "HON",
            "quantity": -1, "unit": "EA", "reason": "whim"}, "invalid"),
        ("inventory_adjustment", {"number": "A-2", "site": "AMS", "at": "2026-12-01T08:00:00Z", "sku": "HON",
            "quantity": -1, "unit": "EA", "reason": "lost"}, None),
    ],
)  # fmt: skip
async def test_a_count_names_lots_and_a_correction_one_of_the_sites_reasons(
    tmp_path: Path, document: str, tree: dict[str, Any], type_: str | None
):
    checks = Checks(adjustment_reasons=("lost", "found"))
    there = World(tmp_path, documents=("item", document), checks=checks, owners={document: "wms"})
    async with there:
        await there.push(LOT, document="item")
        await there.settled()
        await there.push(tree, system="wms", document=document)
        await there.settled()
        assert [row[0] for row in there.rows("SELECT type FROM incidents")] == ([type_] if type_ else [])
