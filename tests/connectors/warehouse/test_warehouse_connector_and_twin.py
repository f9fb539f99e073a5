"""The connector and the simulated warehouse together, without a hub between: what is said is understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from crossdock.connectors.warehouse.connector import CONNECTOR
from crossdock.faults import InDoubt, Rejected, TryLater
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools
from crossdock.kit.http import Response
from crossdock.kit.samples import SampleSystem
from crossdock.model import register
from crossdock.twins.clock import EPOCH, Clock
from crossdock.twins.dials import turned
from crossdock.twins.door import Request
from crossdock.twins.warehouse.floor.floor import WarehouseDials
from crossdock.twins.warehouse.opening import Opening, OpeningBin, OpeningItem
from crossdock.twins.warehouse.warehouse import Warehouse

TO = {"name": "Zoë Ångström", "street": "Kade 7", "postcode": "1011 AB", "city": "Łódź", "country": "PL"}


def tools() -> Tools:
    def no_code(crosswalk: str, value: object) -> str:
        raise AssertionError(f"{crosswalk} was asked for {value}")

    return Tools(SampleSystem(options={"events": "poll"}), no_code, no_code, str, lambda: 0.0, lambda: ())


def a_warehouse(**dials: Any) -> Warehouse:
    opening = Opening(
        items=[OpeningItem("A-1", packs={"CS": Decimal(12)}), OpeningItem("B-2")],
        stock=[OpeningBin("A-1", Decimal(500), "A-01", lot="L-1"), OpeningBin("B-2", Decimal(40), "B-01")],
    )
    given = turned(WarehouseDials(work_interval_s=1), dials)
    return Warehouse(seed=3, opening=opening, dials=given, clock=Clock(EPOCH))


class Line:
    """A client whose other end is the simulated warehouse."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        split = urlsplit(path)
        parts = tuple(unquote(part) for part in split.path.split("/")[1:])
        names = {name.lower(): value for name, value in (headers or {}).items()}
        reply = await self._warehouse.handle(
            Request(method, parts, dict(parse_qsl(split.query)), names, body, path)
        )
        if reply is None:
            raise InDoubt("no answer came")
        return Response(reply.status, {name.lower(): v for name, v in reply.headers.items()}, reply.body)

    async def close(self) -> None:
        pass


async def deliver(line: Line, job: Job, *, tries: int = 60) -> Done:
    """Sends a document until it is done; whatever is unclear goes again under its key."""
    writer = CONNECTOR.writer(job.document, tools())
    for _ in range(tries):
        ask = writer.step(job, ())
        assert isinstance(ask, Ask)
        try:
            response = await line.send(ask.method, ask.path, body=ask.body, headers=ask.headers)
            done = writer.step(
                job, (Exchange(ask, Answer(response.status, response.body, response.headers)),)
            )
        except (InDoubt, TryLater):
            continue
        assert isinstance(done, Done)
        return done
    raise AssertionError(f"{job.number} was not done in {tries} tries")


def an_order(number: str, sku: str = "B-2", quantity: object = 1, unit: str = "EA") -> Job:
    tree = {"number": number, "order": f"SO-{number}", "ship_to": TO}
    tree["lines"] = [{"line": 1, "order_line": 10, "sku": sku, "quantity": quantity, "unit": unit}]
    register.read("warehouse_order", tree)
    return Job("warehouse_order", tree, number, f"t-{number}.1")


async def everything(line: Line, document: str) -> list[Any]:
    """All documents that polling finds, as the hub would check them."""
    poller, reader = CONNECTOR.poller(document, tools()), CONNECTOR.reader(document, tools())
    assert poller is not None
    drafts, cursor, failed = [], None, 0
    for _ in range(200):
        try:
            page = await poller.poll(cursor, line)
        except TryLater:
            failed += 1
            continue
        drafts += [draft for one in page.found for draft in reader.read(one.content)]
        cursor = page.cursor
        if not page.more:
            break
    return [register.tree_of(register.read(document, draft.tree)) for draft in drafts]


FAULTS = {"drop": 0.15, "throttle": 0.1, "fail": 0.15, "late": 0.2, "malformed": 0.15}


@pytest.mark.parametrize("dials", [{}, FAULTS], ids=["clean", "faulty"])
async def test_each_order_is_made_once_whatever_happens_on_the_way(dials: dict[str, float]) -> None:
    warehouse = a_warehouse(**dials)
    line = Line(warehouse)
    ids = [(await deliver(line, an_order(f"W-{n}"))).their_id for n in range(40)]
    made = Counter(effect["number"] for effect in warehouse.face.effects)
    assert made == {f"W-{n}": 1 for n in range(40)}
    assert ids == [warehouse.floor.orders[f"W-{n}"].id for n in range(40)]
    # The faults did strike: orders came again, and were answered from memory.
    assert (warehouse.faulty.counts["repeated"] > 5) is bool(dials)


async def test_shipments_tell_exactly_what_left_the_warehouse() -> None:
    warehouse = a_warehouse(miscount=0.2)
    line = Line(warehouse)
    for n in range(15):
        await deliver(line, an_order(f"W-{n}", "B-2", 4))
        await deliver(line, an_order(f"C-{n}", "A-1", 2, "CS"))
        warehouse.advance(3)
    warehouse.advance(30)
    warehouse.turn_dials(FAULTS)
    told = {shipment["warehouse_order"]: shipment for shipment in await everything(line, "shipment")}
    shipped = {number: order for number, order in warehouse.floor.orders.items() if order.shipments}
    assert told.keys() == shipped.keys()
    assert {order.state.value for order in warehouse.floor.orders.values()} == {"shipped", "cancelled"}
    for number, shipment in told.items():
        [theirs] = shipped[number].shipments
        assert shipment["complete"] is True
        assert shipment["order"] == f"SO-{number}"
        assert [(row["order_line"], row["quantity"], row["ordered"]) for row in shipment["lines"]] == [
            (10, row["quantity"], row["ordered"]) for row in theirs["lines"]
        ]
        assert [package["sscc"] for package in shipment["packages"]] == [
            p["sscc"] for p in theirs["packages"]
        ]
    assert any(row["quantity"] < row["ordered"] for shipment in told.values() for row in shipment["lines"])


async def test_every_event_of_the_floor_is_a_pick_state_of_its_order() -> None:
    warehouse = a_warehouse()
    line = Line(warehouse)
    await deliver(line, an_order("W-1", "B-2", 50))
    warehouse.advance(20)
    states = [(s["state"], s["extra"]["event"]) for s in await everything(line, "pick_status")]
    assert states == [
        ("released", "acknowledged"),
        ("allocated", "allocated"),
        ("picking", "picking"),
        ("picking", "short"),
        ("picked", "picked"),
        ("packed", "packed"),
    ]


async def test_stock_is_told_as_the_warehouse_has_it() -> None:
    warehouse = a_warehouse()
    line = Line(warehouse)
    await deliver(line, an_order("W-1", "B-2", 15))
    warehouse.advance(1)
    balances = {b["sku"]: b for b in await everything(line, "inventory_balance")}
    assert (balances["B-2"]["quantity"], balances["B-2"]["net"]) == (40, 25)
    assert (balances["A-1"]["lot"], balances["A-1"]["quantity"]) == ("L-1", 500)


async def test_a_cancellation_is_done_before_picking_and_rejected_after() -> None:
    warehouse = a_warehouse()
    line = Line(warehouse)
    for number in ("W-1", "W-2"):
        await deliver(line, an_order(number))
    cancel = Job(
        "warehouse_order_cancel", {"number": "W-1", "order": "SO-W-1", "reason": "customer"}, "W-1", "c-1.1"
    )
    done = await deliver(line, cancel)
    assert (done.their_id, done.says) == (None, "cancelled before picking"), (
        "the id that is answered is the order's"
    )
    warehouse.advance(2)
    late = Job("warehouse_order_cancel", {"number": "W-2"}, "W-2", "c-2.1")
    with pytest.raises(Rejected, match="begun to pick") as raised:
        await deliver(line, late)
    assert raised.value.fix
    assert warehouse.floor.orders["W-1"].state.value == "cancelled"


async def test_an_item_is_made_known_before_its_first_order() -> None:
    warehouse = a_warehouse()
    line = Line(warehouse)
    with pytest.raises(Rejected, match="does not know the item"):
        await deliver(line, an_order("W-1", "N/9"))
    item = {"sku": "N/9", "unit": "EA", "packs": [{"unit": "BX", "factor": 6}], "weight_kg": Decimal("0.8")}
    register.read("item", item)
    assert (await deliver(line, Job("item", item, "N/9", "i-1.1"))).their_id == "N/9"
    assert (await deliver(line, an_order("W-2", "N/9", 2, "BX"))).their_id == "WO-000001"


async def test_an_unclear_order_can_also_be_looked_up() -> None:
    warehouse = a_warehouse()
    line = Line(warehouse)
    writer, job = CONNECTOR.writer("warehouse_order", tools()), an_order("W/1")
    ask = writer.find(job)
    assert ask is not None and ask.safe

    async def looked_up() -> Done | None:
        response = await line.send(ask.method, ask.path)
        return writer.found(job, Answer(response.status, response.body))

    assert await looked_up() is None
    await deliver(line, job)
    found = await looked_up()
    assert found is not None and found.their_id == "WO-000001"
    warehouse.turn_dials({"malformed": 1})
    with pytest.raises(TryLater):
        await looked_up()
