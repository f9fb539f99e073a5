"""The connector against a running Tryton."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crossdock.connectors.tryton.connector import CONNECTOR
from crossdock.faults import Invalid, Rejected
from crossdock.kit.connector import Ask, Done, Draft, Exchange, Tools
from crossdock.kit.guarded import GuardedClient
from crossdock.kit.http import Response
from crossdock.model import register
from crossdock.transport.http import HttpClient
from demo.tryton.rpc import Erp
from demo.tryton.sales import SaleRecord, Wanted, books, cancel_releases, open_sales
from demo.tryton.server import TrytonServer
from tests.connectors.tryton.conftest import LOOPBACK
from tests.connectors.tryton.dialogue import Feed, answer, changes, job_of, lead, order, shipment_of

pytestmark = pytest.mark.tryton


async def release_of(sale: SaleRecord, tools: Tools, client: GuardedClient) -> Draft:
    """The newest release of a sale."""
    drafts = await Feed("warehouse_order", tools, client).news()
    return max((d for d in drafts if d.tree["order"] == sale.number), key=lambda d: int(d.their_id))


def sold(erp: Erp, *lines: tuple[str, int], customer: str = "C-1002") -> SaleRecord:
    """One sale, confirmed."""
    return books(erp, open_sales(erp, [Wanted(customer, lines)]))[0]


async def test_the_master_data_of_a_company_is_read(tools: Tools, client: GuardedClient) -> None:
    items = {d.tree["sku"]: d.tree for d in await Feed("item", tools, client).news()}
    parties = {d.tree["id"]: d.tree for d in await Feed("party", tools, client).news()}
    assert items["HON-0350"]["lot_tracked"] is True
    assert items["FLT-0012"]["packs"] == [{"unit": "CS12", "factor": 12}]
    assert items["TEA-0250"] == {
        "sku": "TEA-0250", "name": "Green tea, tin 250 g", "status": "active", "unit": "EA",
        "packs": [{"unit": "CS12", "factor": 12}], "gtin": "2000000002507", "lot_tracked": False,
        "weight_kg": Decimal("0.31"),
    }  # fmt: skip
    assert parties["C-1002"]["addresses"][0]["city"] == "Łódź"
    for kind, trees in (("item", items), ("party", parties)):
        for tree in trees.values():
            register.read(kind, tree, zone=None)


async def test_a_confirmed_sale_is_an_order_and_a_release(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    sale = sold(erp, ("TEA-0250", 10), ("FLT-0012", 2))
    orders = {d.tree["number"]: d for d in await Feed("sales_order", tools, client).news()}
    release = await release_of(sale, tools, client)
    assert [(line["sku"], line["quantity"], line["unit"]) for line in orders[sale.number].tree["lines"]] == [
        ("TEA-0250", 10, "EA"), ("FLT-0012", 2, "CS12"),
    ]  # fmt: skip
    assert release.parent == ("sales_order", sale.number)
    assert [(line["sku"], line["quantity"], line["unit"]) for line in release.tree["lines"]] == [
        ("TEA-0250", 10, "EA"), ("FLT-0012", 2, "CS12"),
    ]  # fmt: skip
    assert release.tree["ship_to"]["city"] == "Łódź"
    assert "backorder_of" not in release.tree
    register.read("warehouse_order", release.tree, zone=None, declares=lambda _, unit: unit == "CS12")
    register.read("sales_order", orders[sale.number].tree, zone=None, declares=lambda _, unit: unit == "CS12")


async def test_a_kit_is_released_by_its_parts(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    sale = sold(erp, ("SET-0001", 3))
    release = await release_of(sale, tools, client)
    order_line = sale.lines[0][0]
    assert [(line["order_line"], line["sku"], line["quantity"]) for line in release.tree["lines"]] == [
        (order_line, "POT-0001", 3), (order_line, "CUP-0001", 6),
    ]  # fmt: skip
    await lead(CONNECTOR.writer("shipment", tools), job_of("shipment", shipment_of(release.tree, {})), client)
    after = books(erp, [sale.id])[0]
    assert (after.shipment_state, after.shipments[0].state) == ("sent", "done")


async def test_a_short_shipment_leaves_a_backorder_with_tracking_on_what_left(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    sale = sold(erp, ("TEA-0250", 10), ("CUP-0001", 4))
    release = await release_of(sale, tools, client)
    tea, cup = (line["line"] for line in release.tree["lines"])
    tree = shipment_of(release.tree, {tea: 6, cup: 0}, tracking="TRK-1")
    done, _ = await lead(CONNECTOR.writer("shipment", tools), job_of("shipment", tree), client)
    after = books(erp, [sale.id])[0]
    left, rest = after.shipments
    assert done.their_id == release.their_id == str(left.id)
    assert (left.state, left.tracking, left.reference) == ("done", "TRK-1", tree["number"])
    assert [(move.sku, move.quantity) for move in left.moves] == [("TEA-0250", 6)]
    assert after.shipment_state == "partially shipped"
    assert sorted((move.sku, move.quantity) for move in rest.moves) == [("CUP-0001", 4), ("TEA-0250", 4)]
    backorder = await release_of(sale, tools, client)
    assert backorder.tree["number"] == rest.number != release.tree["number"]
    assert backorder.tree["backorder_of"] == release.tree["number"]
    assert [(line["line"], line["quantity"]) for line in backorder.tree["lines"]] == [(tea, 4), (cup, 4)]


async def test_a_line_of_which_nothing_left_is_a_backorder_of_the_shipment_that_left_without_it(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    sale = sold(erp, ("TEA-0250", 3), ("CUP-0001", 4))
    release = await release_of(sale, tools, client)
    tea, cup = (line["line"] for line in release.tree["lines"])
    tree = shipment_of(release.tree, {tea: 3, cup: 0}, tracking="TRK-2")
    await lead(CONNECTOR.writer("shipment", tools), job_of("shipment", tree), client)
    backorder = await release_of(sale, tools, client)
    assert [(line["line"], line["quantity"]) for line in backorder.tree["lines"]] == [(cup, 4)]
    assert backorder.tree["backorder_of"] == release.tree["number"]
    assert backorder.tree["order"] == release.tree["order"]


async def test_a_shipment_of_nothing_leaves_everything_on_a_new_release(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    sale = sold(erp, ("TEA-0250", 3))
    release = await release_of(sale, tools, client)
    tree = shipment_of(release.tree, {release.tree["lines"][0]["line"]: 0}, packages=[{"tracking": "TRK-0"}])
    done, _ = await lead(CONNECTOR.writer("shipment", tools), job_of("shipment", tree), client)
    assert done.their_id == release.their_id
    (rest,) = books(erp, [sale.id])[0].shipments  # the empty one is no shipment of the sale any more
    assert rest.number != release.tree["number"]
    assert [(move.sku, move.quantity, rest.state) for move in rest.moves] == [("TEA-0250", 3, "waiting")]
    assert (await release_of(sale, tools, client)).tree["number"] == rest.number


async def test_lots_and_packages_arrive_as_the_warehouse_packed_them(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    sale = sold(erp, ("HON-0350", 5), ("TEA-0250", 10))
    release = await release_of(sale, tools, client)
    honey, tea = (line["line"] for line in release.tree["lines"])
    packages = [
        {"tracking": "TRK-A", "sscc": "340123450000000018", "lines": [
            {"line": honey, "sku": "HON-0350", "quantity": 3, "unit": "EA", "lot": "H2611-A"},
            {"line": tea, "sku": "TEA-0250", "quantity": 7, "unit": "EA"},
        ]},
        {"tracking": "TRK-B", "lines": [
            {"line": honey, "sku": "HON-0350", "quantity": 2, "unit": "EA", "lot": "H2611-B"},
            {"line": tea, "sku": "TEA-0250", "quantity": 3, "unit": "EA"},
        ]},
    ]  # fmt: skip
    tree = shipment_of(release.tree, {honey: [("H2611-A", 3), ("H2611-B", 2)]}, packages=packages)
    _, said = await lead(CONNECTOR.writer("shipment", tools), job_of("shipment", tree), client)
    shipment = books(erp, [sale.id])[0].shipments[0]
    assert (shipment.state, shipment.tracking, shipment.packages) == (
        "done",
        "TRK-A TRK-B",
        ("TRK-A", "TRK-B"),
    )
    assert sorted((m.sku, m.quantity, m.lot or "", m.tracking) for m in shipment.moves) == [
        ("HON-0350", 2, "H2611-B", "TRK-B"), ("HON-0350", 3, "H2611-A", "TRK-A"),
        ("TEA-0250", 3, "", "TRK-B"), ("TEA-0250", 7, "", "TRK-A"),
    ]  # fmt: skip
    assert len(said) <= 20


async def test_a_broken_case_is_shipped_in_pieces(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    sale = sold(erp, ("FLT-0012", 2))
    release = await release_of(sale, tools, client)
    (line,) = release.tree["lines"]
    tree = shipment_of(release.tree, {})
    tree["lines"] = [{"line": line["line"], "sku": "FLT-0012", "quantity": 18, "unit": "EA"}]
    await lead(CONNECTOR.writer("shipment", tools), job_of("shipment", tree), client)
    moves = books(erp, [sale.id])[0].shipments[0].moves
    assert [(move.quantity, move.unit) for move in moves] == [(18, "u")]


async def test_a_repeated_dialogue_changes_nothing(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    sale = sold(erp, ("TEA-0500", 8))
    release = await release_of(sale, tools, client)
    line = release.tree["lines"][0]["line"]
    job = job_of("shipment", shipment_of(release.tree, {line: 5}, packages=[{"tracking": "TRK-9"}]))
    writer = CONNECTOR.writer("shipment", tools)
    first, said = await lead(writer, job, client)
    before = books(erp, [sale.id])
    again, repeated = await lead(writer, job, client)
    assert changes(said)
    assert (again.their_id, changes(repeated)) == (first.their_id, [])
    assert books(erp, [sale.id]) == before


@pytest.mark.parametrize("answered", range(7))
async def test_a_dialogue_cut_off_anywhere_goes_on_from_there(
    erp: Erp, tools: Tools, client: GuardedClient, answered: int
) -> None:
    """The answer to change number `answered` is lost, and the dialogue begins anew."""
    sale = sold(erp, ("HON-0350", 4))
    release = await release_of(sale, tools, client)
    line = release.tree["lines"][0]["line"]
    parts = [("H2611-A", 1), ("H2611-B", 2)]
    job = job_of("shipment", shipment_of(release.tree, {line: parts}, packages=[{"tracking": "TRK-7"}]))
    writer = CONNECTOR.writer("shipment", tools)
    said: list[Exchange] = []
    done = 0
    while done <= answered:
        step = writer.step(job, said)
        if isinstance(step, Done):
            break
        said.append(Exchange(step, await answer(step, client)))
        done += not step.safe
    find = writer.find(job)
    assert isinstance(find, Ask)
    assert find.safe
    settled = writer.found(job, await answer(find, client))
    await lead(writer, job, client)
    left, rest = books(erp, [sale.id])[0].shipments
    assert (settled is not None) == (changes(said)[-1] == "stock.shipment.out.do")
    assert (left.state, left.tracking, left.packages) == ("done", "TRK-7", ("TRK-7",))
    assert sorted((move.lot, move.quantity) for move in left.moves) == parts
    assert [(move.quantity, rest.state) for move in rest.moves] == [(1, "waiting")]


async def test_blind_repetition_would_pack_everything_twice(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    """The control of the test above: without a look first, the check for single packages fails."""
    sale = sold(erp, ("TEA-0250", 2))
    release = await release_of(sale, tools, client)
    job = job_of("shipment", shipment_of(release.tree, {}, packages=[{"tracking": "TRK-8"}]))
    writer = CONNECTOR.writer("shipment", tools)
    said: list[Exchange] = []
    while True:
        step = writer.step(job, said)
        assert isinstance(step, Ask)
        said.append(Exchange(step, await answer(step, client)))
        if b'"packages"' in step.body and not step.safe:
            await answer(step, client)
            break
    assert books(erp, [sale.id])[0].shipments[0].packages == ("TRK-8", "TRK-8")


async def test_what_we_wrote_ourselves_is_no_news(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    feed = Feed("warehouse_order", tools, client)
    await feed.news()
    sale = sold(erp, ("TEA-0250", 10))
    (release,) = await feed.news()
    line = release.tree["lines"][0]["line"]
    job = job_of("shipment", shipment_of(release.tree, {line: 6}))
    writer = CONNECTOR.writer("shipment", tools)
    reader = CONNECTOR.reader("warehouse_order", tools)
    told = {release.their_id: feed.captures[-1].content}
    said: list[Exchange] = []
    numbers: list[str] = []
    while not isinstance(step := writer.step(job, said), Done):
        said.append(Exchange(step, await answer(step, client)))
        if step.safe:
            continue
        before = len(feed.captures)
        numbers += [draft.tree["number"] for draft in await feed.news()]
        for polled in feed.captures[before:]:
            record = reader.facts(polled.content).id
            assert record not in told or reader.same(told[record], polled.content)
            told[record] = polled.content
    rest = books(erp, [sale.id])[0].shipments[1]
    assert set(numbers) <= {release.tree["number"], rest.number}
    assert numbers[-1] == rest.number
    assert await feed.news() == []


async def test_a_change_of_a_line_alone_is_noticed(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    feed = Feed("warehouse_order", tools, client)
    sale = sold(erp, ("TEA-0250", 10))
    await feed.news()
    await feed.news()
    shipment = f"stock.shipment.out,{sale.shipments[0].id}"
    (move,) = erp.rows("stock.move", [["shipment", "=", shipment], ["origin", "like", "sale.line,%"]], ["id"])
    erp("stock.move.write", [move["id"]], {"quantity": 7.0})
    (revised,) = await feed.news()
    assert [line["quantity"] for line in revised.tree["lines"]] == [7]


async def test_a_cancelled_release_reaches_the_warehouse(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    feed = Feed("warehouse_order_cancel", tools, client)
    assert await feed.news() == []
    sale = sold(erp, ("POT-0001", 1))
    (number,) = cancel_releases(erp, [sale.id])
    release, cancelled = await feed.news()
    assert (release.document, release.tree["number"]) == ("warehouse_order", number)
    assert (cancelled.document, cancelled.tree["number"]) == ("warehouse_order_cancel", number)
    assert cancelled.tree["order"] == sale.number
    assert await feed.news() == []


async def test_goods_of_a_cancelled_release_are_refused(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    sale = sold(erp, ("POT-0001", 2))
    release = await release_of(sale, tools, client)
    cancel_releases(erp, [sale.id])
    with pytest.raises(Rejected, match="is cancelled in Tryton"):
        await lead(
            CONNECTOR.writer("shipment", tools), job_of("shipment", shipment_of(release.tree, {})), client
        )


async def test_more_than_the_books_hold_is_refused_in_words(
    erp: Erp, tools: Tools, client: GuardedClient
) -> None:
    sale = sold(erp, ("POT-0001", 100_000))
    release = await release_of(sale, tools, client)
    job = job_of("shipment", shipment_of(release.tree, {}))
    writer = CONNECTOR.writer("shipment", tools)
    for _ in range(2):  # moves that Tryton split on the way stay the same line
        with pytest.raises(Rejected, match="too little stock of POT-0001"):
            await lead(writer, job, client)
    cancel_releases(erp, [sale.id])


@pytest.mark.parametrize(
    ("lot", "fault", "path"), [(None, Invalid, "lines[0].lot"), ("H-NONE", Rejected, "lines[0].lot")]
)
async def test_a_missing_or_unknown_lot_is_named(
    erp: Erp, tools: Tools, client: GuardedClient, lot: str | None, fault: type[Exception], path: str
) -> None:
    sale = sold(erp, ("HON-0350", 2))
    release = await release_of(sale, tools, client)
    line = release.tree["lines"][0]["line"]
    tree = shipment_of(release.tree, {line: [(lot, 2)]})
    with pytest.raises(fault) as raised:
        await lead(CONNECTOR.writer("shipment", tools), job_of("shipment", tree), client)
    assert getattr(raised.value, "path", None) == path


async def test_an_order_is_entered_once(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    lines = [
        {
            "line": 1,
            "sku": "TEA-0250",
            "quantity": 3,
            "unit": "EA",
            "price": Decimal("8.90"),
            "currency": "EUR",
        },
        {
            "line": 2,
            "sku": "FLT-0012",
            "quantity": 1,
            "unit": "CS12",
            "price": Decimal("38.40"),
            "currency": "EUR",
        },
    ]
    tree = order("WEB-77", lines)
    feeds = [Feed("sales_order", tools, client), Feed("warehouse_order", tools, client)]
    for feed in feeds:
        await feed.news()
    writer = CONNECTOR.writer("sales_order", tools)
    done, _ = await lead(writer, job_of("sales_order", tree), client)
    again, repeated = await lead(writer, job_of("sales_order", tree), client)
    assert (again.their_id, changes(repeated)) == (done.their_id, [])
    (sale,) = erp.rows("sale.sale", [["web_id", "=", "WEB-77"]], ["state", "shipment_address.street"])
    assert (str(sale["id"]), sale["state"]) == (done.their_id, "processing")
    assert sale["shipment_address."]["street"] == "Steeg 9"
    find = writer.find(job_of("sales_order", tree))
    assert isinstance(find, Ask)
    assert writer.found(job_of("sales_order", tree), await answer(find, client)) == again
    orders, releases = [await feed.news() for feed in feeds]
    assert orders == []  # the hub's own order is no news
    assert [draft.tree["order"] for draft in releases] == ["WEB-77"]


async def test_a_wrong_password_is_said_as_such(server: TrytonServer, tools: Tools) -> None:
    door = HttpClient(server.url, make=Response, allow=LOOPBACK, timeout_s=60)
    with pytest.raises(Rejected, match="user or password"):
        await CONNECTOR.credentials(tools, lambda: "not-the-password", door)()
    await door.close()
