"""Purchases, receipts, returns, counts and cancellations against a running Tryton."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from crossdock.connectors.tryton.connector import CONNECTOR
from crossdock.faults import Invalid, Rejected
from crossdock.kit.connector import Ask, Done, Draft, Exchange, Tools, Tree
from crossdock.kit.guarded import GuardedClient
from crossdock.model import register
from demo.tryton.goods import (
    Bought,
    PurchaseRecord,
    in_stock,
    open_purchase,
    purchase,
    return_purchase,
    return_sale,
    returned,
)
from demo.tryton.rpc import Erp
from demo.tryton.sales import Wanted, books, open_sales
from tests.connectors.tryton.dialogue import Feed, answer, changes, job_of, lead, shipment_of

pytestmark = pytest.mark.tryton

DAY = "2026-11-20T08:00:00Z"


def came(bought: PurchaseRecord, number: str, *lines: dict[str, Any], **more: Any) -> Tree:
    """What a warehouse reports of goods for a purchase."""
    rows = [{"line": n, "unit": "EA", **line} for n, line in enumerate(lines, 1)]
    head = {"number": number, "purchase_order": bought.number, "site": "MAIN", "received_at": DAY}
    return {**head, "lines": rows, **more}


def tea(quantity: int, **more: Any) -> dict[str, Any]:
    return {"sku": "TEA-0250", "quantity": quantity, **more}


async def told(
    document: str, tree: Tree, tools: Tools, client: GuardedClient, **parents: str
) -> tuple[Done, list[str]]:
    """A document told to Tryton: the end, and the calls that changed something."""
    done, said = await lead(
        CONNECTOR.writer(document, tools), job_of(document, tree, parent_ids=parents), client
    )
    return done, changes(said)


async def newest(document: str, number: str, tools: Tools, client: GuardedClient) -> Draft:
    drafts = await Feed(document, tools, client).news()
    return next(draft for draft in drafts if draft.tree["number"] == number)


async def test_a_confirmed_purchase_is_an_order_with_its_lines(erp: Erp, tools: Tools, client: GuardedClient):
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 24), ("HON-0350", 6))))
    draft = await newest("purchase_order", bought.number, tools, client)
    assert draft.tree["supplier"] == {"id": "S-2001", "name": "Bergtee Import"}
    assert [(line["line"], line["sku"], line["quantity"], line["unit"]) for line in draft.tree["lines"]] == [
        (line, sku, quantity, "EA") for line, sku, quantity in bought.lines
    ]
    register.read("purchase_order", draft.tree, zone=None)


async def test_receipts_add_up_in_tryton_with_lots_and_what_is_damaged_aside(
    erp: Erp, tools: Tools, client: GuardedClient
):
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 24), ("HON-0350", 12))))
    stock = in_stock(erp, "TEA-0250")
    honey = {"sku": "HON-0350", "quantity": 5, "lot": "H27-A", "expires_on": "2027-12-31"}
    more = {"sku": "HON-0350", "quantity": 4, "lot": "H27-B"}
    first = came(bought, "GR-1", tea(18), tea(2, status="damaged"), honey, more)
    done, said = await told("goods_receipt", first, tools, client)
    assert said == [
        "stock.lot.create", "stock.lot.create", "stock.shipment.in.create", "stock.shipment.in.receive",
        "stock.shipment.in.write", "stock.shipment.in.do",
    ]  # fmt: skip
    await told("goods_receipt", came(bought, "GR-2", tea(4), {**more, "quantity": 3}), tools, client)
    after = purchase(erp, bought.id)
    assert sorted((one.reference, one.sku, int(one.quantity), one.lot, one.place) for one in after.came) == [
        ("GR-1", "HON-0350", 4, "H27-B", "Storage Zone"), ("GR-1", "HON-0350", 5, "H27-A", "Storage Zone"),
        ("GR-1", "TEA-0250", 2, None, "Quarantine"), ("GR-1", "TEA-0250", 18, None, "Storage Zone"),
        ("GR-2", "HON-0350", 3, "H27-B", "Storage Zone"), ("GR-2", "TEA-0250", 4, None, "Storage Zone"),
    ]  # fmt: skip
    assert in_stock(erp, "TEA-0250") == stock + 22
    assert after.shipment_state == "received"
    assert done.their_id
    (lot,) = erp.rows("stock.lot", [["number", "=", "H27-A"]], ["shelf_life_expiration_date"])
    assert str(lot["shelf_life_expiration_date"]) == "2027-12-31"


async def test_the_same_receipt_again_changes_nothing_and_is_found(
    erp: Erp, tools: Tools, client: GuardedClient
):
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 6),)))
    tree = came(bought, "GR-10", tea(6))
    writer, job = CONNECTOR.writer("goods_receipt", tools), job_of("goods_receipt", tree)
    look = writer.find(job)
    assert isinstance(look, Ask)
    assert writer.found(job, await answer(look, client)) is None
    done, _ = await told("goods_receipt", tree, tools, client)
    again, said = await told("goods_receipt", tree, tools, client)
    assert (again.their_id, said) == (done.their_id, [])
    found = writer.found(job, await answer(look, client))
    assert found is not None
    assert found.their_id == done.their_id


async def test_a_receipt_that_was_cut_off_anywhere_goes_on(erp: Erp, tools: Tools, client: GuardedClient):
    bought = open_purchase(erp, Bought("S-2002", (("HON-0350", 6), ("TEA-0250", 3))))
    lines = ({"sku": "HON-0350", "quantity": 6, "lot": "H27-C", "status": "held"}, tea(3))
    tree = came(bought, "GR-20", *lines)
    writer, job = CONNECTOR.writer("goods_receipt", tools), job_of("goods_receipt", tree)
    cut = 0
    while cut < 9:
        cut += 1
        said: list[Exchange] = []
        step = writer.step(job, said)
        while isinstance(step, Ask):
            reply = await answer(step, client)
            if not step.safe:
                break  # done there, and heard of by nobody
            said.append(Exchange(step, reply))
            step = writer.step(job, said)
        if isinstance(step, Done):
            break
    assert cut == 6
    after = purchase(erp, bought.id)
    assert sorted((one.sku, int(one.quantity), one.place) for one in after.came) == [
        ("HON-0350", 6, "Quarantine"), ("TEA-0250", 3, "Storage Zone"),
    ]  # fmt: skip


async def test_what_will_not_come_closes_the_purchase_by_the_wizard(
    erp: Erp, tools: Tools, client: GuardedClient
):
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 10), ("CUP-0001", 5))))
    tree = came(bought, "GR-30", tea(7), complete=True)
    _, said = await told("goods_receipt", tree, tools, client)
    assert said[-2:] == ["stock.move.cancel", "wizard.purchase.handle.shipment.exception.execute"]
    after = purchase(erp, bought.id)
    assert (after.shipment_state, [int(one.quantity) for one in after.came]) == ("received", [7])
    drafts = await Feed("purchase_order", tools, client).news()
    assert all(draft.tree["number"] != bought.number or draft.tree["lines"] for draft in drafts)


async def test_what_the_charter_allows_over_is_taken_over_in_tryton_too(
    erp: Erp, tools: Tools, client: GuardedClient
):
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 10),)))
    _, said = await told("goods_receipt", came(bought, "GR-40", tea(12)), tools, client)
    assert "res.user.warning.skip" in said
    assert [int(one.quantity) for one in purchase(erp, bought.id).came] == [12]
    _, said = await told("goods_receipt", came(bought, "GR-41", tea(1)), tools, client)
    assert sorted(int(one.quantity) for one in purchase(erp, bought.id).came) == [1, 12]


@pytest.mark.parametrize(
    ("line", "path", "fault"),
    [
        ({"sku": "CUP-0001", "quantity": 1}, "lines[0].sku", Rejected),
        ({"sku": "HON-0350", "quantity": 1}, "lines[0].lot", Invalid),
        ({"sku": "TEA-0250", "quantity": 1, "unit": "PAL"}, "lines[0].unit", Invalid),
    ],
)
async def test_what_does_not_fit_the_purchase_is_refused_before_anything_is_made(
    erp: Erp, tools: Tools, client: GuardedClient, line: dict[str, Any], path: str, fault: type[Invalid]
):
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 10), ("HON-0350", 2))))
    with pytest.raises(fault) as caught:
        await told("goods_receipt", came(bought, f"GR-5-{path}", line), tools, client)
    assert caught.value.path == path
    assert purchase(erp, bought.id).came == ()


async def test_goods_that_are_set_aside_need_a_place_in_the_charter(
    erp: Erp, tools: Tools, client: GuardedClient
):
    options = {name: value for name, value in tools.system.options.items() if name != "quarantine_location"}
    bare = dataclasses.replace(tools, system=dataclasses.replace(tools.system, options=options))
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 10),)))
    with pytest.raises(Rejected) as caught:
        await told("goods_receipt", came(bought, "GR-60", tea(1, status="damaged")), bare, client)
    assert caught.value.path == "quarantine_location"


# -- returns ---------------------------------------------------------------------------


async def sold(erp: Erp, tools: Tools, client: GuardedClient, *lines: tuple[str, int], **lots: Any) -> Any:
    """A sale that has left."""
    (sale,) = books(erp, open_sales(erp, [Wanted("C-1001", lines)]))
    drafts = await Feed("warehouse_order", tools, client).news()
    release = next(draft for draft in drafts if draft.tree["order"] == sale.number)
    by_line = {
        line["line"]: lots[line["sku"][:3]] for line in release.tree["lines"] if line["sku"][:3] in lots
    }
    await told("shipment", shipment_of(release.tree, by_line), tools, client)
    return sale


async def test_a_return_is_a_leave_and_what_came_back_goes_where_it_belongs(
    erp: Erp, tools: Tools, client: GuardedClient
):
    sale = await sold(erp, tools, client, ("TEA-0250", 8), ("CUP-0001", 4))
    number = return_sale(erp, sale.id, {"TEA-0250": 5, "CUP-0001": 2})
    leave = await newest("return_authorisation", number, tools, client)
    register.read("return_authorisation", leave.tree, zone=None)
    assert leave.tree["order"] == sale.number
    assert sorted((line["sku"], line["quantity"]) for line in leave.tree["lines"]) == [
        ("CUP-0001", 2),
        ("TEA-0250", 5),
    ]
    stock = in_stock(erp, "TEA-0250"), in_stock(erp, "CUP-0001")
    row = {line["sku"]: line for line in leave.tree["lines"]}
    lines = [
        {**row["TEA-0250"], "quantity": 1, "outcome": "restock"},
        {**row["TEA-0250"], "quantity": 1, "outcome": "scrap"},
        {**row["CUP-0001"], "quantity": 2, "status": "quality"},
    ]
    tree = {
        "number": "RR-1",
        "return_authorisation": number,
        "site": "MAIN",
        "received_at": DAY,
        "lines": lines,
    }
    done, _ = await told("return_receipt", tree, tools, client)
    state, back = returned(erp, number)
    assert (state, done.their_id) == ("done", leave.their_id)
    assert sorted((one.sku, int(one.quantity), one.place) for one in back) == [
        ("CUP-0001", 2, "Quarantine"), ("TEA-0250", 1, "Scrap"), ("TEA-0250", 1, "Storage Zone"),
    ]  # fmt: skip
    assert (in_stock(erp, "TEA-0250"), in_stock(erp, "CUP-0001")) == (stock[0] + 1, stock[1])
    rest = {**tree, "number": "RR-2", "lines": [{**row["TEA-0250"], "quantity": 3, "outcome": "restock"}]}
    await told("return_receipt", rest, tools, client)
    assert in_stock(erp, "TEA-0250") == stock[0] + 4
    _, said = await told("return_receipt", rest, tools, client)
    assert said == []
    drafts = await Feed("return_authorisation", tools, client).news()
    assert [draft for draft in drafts if draft.tree.get("order") == sale.number] == [], (
        "a rest is no new leave"
    )


# -- counts and corrections --------------------------------------------------------------


async def test_a_count_is_an_inventory_that_is_booked_once(erp: Erp, tools: Tools, client: GuardedClient):
    lines = [
        {"line": 1, "sku": "CUP-0001", "counted": 3_990, "unit": "EA", "location": "A-1"},
        {"line": 2, "sku": "CUP-0001", "counted": 5, "unit": "EA", "location": "A-2"},
        {"line": 3, "sku": "FLT-0012", "counted": 2, "unit": "CS12"},
        {"line": 4, "sku": "HON-0350", "counted": 7, "unit": "EA", "lot": "H2611-A"},
    ]
    tree = {"number": "C-1", "site": "MAIN", "at": DAY, "lines": lines}
    done, said = await told("inventory_count", tree, tools, client)
    assert said == ["stock.inventory.create", "ir.note.create", "stock.inventory.confirm"]
    (row,) = erp.rows("stock.inventory", [["id", "=", int(done.their_id or 0)]], ["state", "lines.quantity"])
    assert (row["state"], sorted(line["quantity"] for line in row["lines."])) == ("done", [7.0, 24.0, 3995.0])
    again, said = await told("inventory_count", tree, tools, client)
    assert (again.their_id, said) == (done.their_id, [])
    other, _ = await told("inventory_count", {**tree, "number": "C-2"}, tools, client)
    assert other.their_id != done.their_id


@pytest.mark.parametrize(
    ("change", "storage", "aside"),
    [
        ({"quantity": -3, "reason": "lost"}, -3, 0),
        ({"quantity": 2, "reason": "found"}, 2, 0),
        ({"quantity": 1, "reason": "broken", "status": "available", "to_status": "damaged"}, -1, 1),
    ],
)
async def test_a_correction_moves_stock_out_of_the_books_into_them_or_aside(
    erp: Erp, tools: Tools, client: GuardedClient, change: dict[str, Any], storage: int, aside: int
):
    before = in_stock(erp, "POT-0001"), in_stock(erp, "POT-0001", "QUAR")
    number = f"ADJ-{change['reason']}"
    tree = {"number": number, "sku": "POT-0001", "site": "MAIN", "unit": "EA", "at": DAY, **change}
    done, _ = await told("inventory_adjustment", tree, tools, client)
    again, said = await told("inventory_adjustment", tree, tools, client)
    assert (again.their_id, said) == (done.their_id, [])
    after = in_stock(erp, "POT-0001"), in_stock(erp, "POT-0001", "QUAR")
    assert after == (before[0] + storage, before[1] + aside)


# -- cancellations and returns to a supplier --------------------------------------------------


async def test_a_cancellation_ends_the_sale_by_the_wizard(erp: Erp, tools: Tools, client: GuardedClient):
    (sale,) = books(erp, open_sales(erp, [Wanted("C-1002", (("TEA-0250", 3), ("CUP-0001", 1)))]))
    tree = {"number": "X-1", "order": sale.number}
    _, said = await told("cancellation", tree, tools, client)
    assert said == ["stock.shipment.out.cancel", "wizard.sale.handle.shipment.exception.execute"]
    after = books(erp, [sale.id])[0]
    assert (after.shipment_state, [one.state for one in after.shipments]) == ("none", ["cancelled"])
    _, said = await told("cancellation", tree, tools, client)
    assert said == []


async def test_what_has_left_is_not_cancelled(erp: Erp, tools: Tools, client: GuardedClient):
    sale = await sold(erp, tools, client, ("TEA-0250", 1))
    with pytest.raises(Rejected, match="has left"):
        await told("cancellation", {"number": "X-2", "order": sale.number}, tools, client)


async def test_a_return_to_a_supplier_is_read(erp: Erp, tools: Tools, client: GuardedClient):
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 4),)))
    await told("goods_receipt", came(bought, "GR-70", tea(4)), tools, client)
    return_purchase(erp, bought.id)
    drafts = await Feed("return_to_vendor", tools, client).news()
    draft = next(draft for draft in drafts if draft.tree["purchase_order"] == bought.number)
    assert [(line["sku"], line["quantity"]) for line in draft.tree["lines"]] == [("TEA-0250", 4)]
    register.read("return_to_vendor", draft.tree, zone=None)
    assert draft.tree["supplier"]["id"] == "S-2001"


async def test_what_went_back_to_a_supplier_is_booked_out_once(erp: Erp, tools: Tools, client: GuardedClient):
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 4),)))
    await told("goods_receipt", came(bought, "GR-71", tea(4)), tools, client)
    return_purchase(erp, bought.id)
    drafts = await Feed("return_to_vendor", tools, client).news()
    draft = next(draft for draft in drafts if draft.tree["purchase_order"] == bought.number)
    parents = {"return_to_vendor": draft.their_id}
    left = {
        "number": "SH-71", "warehouse_order": draft.tree["number"], "shipped_at": DAY, "complete": True,
        "lines": [{"line": 1, "sku": "TEA-0250", "quantity": 3, "unit": "EA"}],
    }  # fmt: skip
    with pytest.raises(
        Rejected, match="3 EA of TEA-0250 went back with SH-71, and .* is of 4 EA of TEA-0250"
    ):
        await told("shipment", left, tools, client, **parents)
    left["lines"] = [{"line": 1, "sku": "TEA-0250", "quantity": 4, "unit": "EA"}]
    done, _ = await told("shipment", left, tools, client, **parents)
    assert done.their_id == draft.their_id
    fields = ["state", "reference", "moves.state"]
    (row,) = erp.rows("stock.shipment.in.return", [["id", "=", int(draft.their_id)]], fields)
    assert (row["state"], row["reference"], row["moves."][0]["state"]) == ("done", "SH-71", "done")
    _, said = await told("shipment", left, tools, client, **parents)
    assert said == []
