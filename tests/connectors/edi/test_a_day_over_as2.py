"""A day with a partner that is not ours, over AS2: 850, 997, 855, 856, 810, all acknowledgements matched."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossdock.api.app import App
from tests.connectors.edi.trade import hub_of, table, until
from tests.peers.cache import NotToBeHadError
from tests.peers.mock_edi import MockEdi

CHARTER = """\
crossdock: 1
site: {name: day, timezone: UTC, currency: USD}
checks: {item_known: skip}
network: {allow: ["127.0.0.1/32"]}
systems:
  retailer: {connector: edi, partner: retailer, timezone: UTC, limits: {retry_first_s: 0.05, retry_max_s: 1}}
  erp:
    connector: http
    timezone: UTC
    in:
      - {document: order_response, id: number}
      - {document: shipment, id: number}
      - {document: invoice, id: number}
objects:
  sales_order: {owner: retailer, readers: []}
  order_response: {owner: erp, readers: [retailer]}
  shipment: {owner: erp, readers: [retailer]}
  invoice: {owner: erp, readers: [retailer]}
"""
PROFILE = """\
partner: 1
standard: x12
us: {id: ACME}
them: {id: MOCKEDI}
version: "004010"
documents:
  - {set: "850", direction: in}
  - {set: "860", direction: in}
  - {set: "855", direction: out}
  - {set: "856", direction: out}
  - {set: "810", direction: out}
items: {qualifiers: [VP, VN, SK, UP, BP]}
transport:
  type: as2
  url: URL/as2
  as2_us: ACME
  as2_them: MOCKEDI
  sign: none
  encrypt: none
  mdn_signed: false
  require_signed: false
  require_encrypted: false
"""


@pytest.fixture(scope="module")
def buyer() -> Iterator[MockEdi]:
    """The partner, who buys from us."""
    try:
        with MockEdi() as running:
            yield running
    except NotToBeHadError as error:
        pytest.skip(f"mock-edi cannot be installed here: {error}")


@pytest.fixture
async def app(tmp_path: Path, buyer: MockEdi) -> AsyncIterator[App]:
    """A hub with its address for AS2."""
    (tmp_path / "partners").mkdir()
    (tmp_path / "charter.yaml").write_text(CHARTER)
    (tmp_path / "partners" / "retailer.yaml").write_text(PROFILE.replace("URL", buyer.url))
    running = App(hub_of(tmp_path, listen="127.0.0.1:0"))
    url = await running.start()
    change = {"as2_url": f"{url}/v1/as2", "role": "supplier", "behaviour": "accept"}
    await asyncio.to_thread(buyer.ask, "PATCH", "/_mock/partners/ACME", change)
    yield running
    await running.stop()


async def tell(app: App, document: str, tree: dict[str, Any]) -> None:
    """The ERP says something."""
    body = json.dumps(tree).encode()
    await app.hub.worker.door.receive("erp", document, body, {"content-type": "application/json"}, key=None)


async def test_a_day_of_orders_answers_and_acknowledgements(app: App, buyer: MockEdi) -> None:
    hub = app.hub
    wish = {"partner": "ACME", "lines": [{"sku": "WIDGET-001", "quantity": 5, "price": 12.5}]}
    placed = await asyncio.to_thread(buyer.ask, "POST", "/_mock/purchase", wish)
    number = placed["poNumber"] if "poNumber" in placed else placed["po_number"]
    await until(lambda: hub.journal.hub_of_number("sales_order", number) or _open(app))
    assert _open(app) == []
    known = hub.journal.hub_of_number("sales_order", number)
    assert known is not None
    belief = hub.journal.belief(known[0], "retailer")
    assert belief is not None
    message = hub.journal.message(belief[2])
    assert message is not None
    (line,) = message.tree["lines"]
    mine = {name: line[name] for name in ("line", "sku", "quantity", "unit")}
    today = datetime.now(UTC).date().isoformat()
    answer = {
        "number": "R-1",
        "order": number,
        "status": "accepted",
        "answered_at": today,
        "promised_at": today,
    }
    await tell(
        app,
        "order_response",
        {**answer, "lines": [{**mine, "status": "accepted", "ordered": line["quantity"]}]},
    )
    label = "000001234567890128"
    packed = {"sscc": label, "lines": [mine]}
    gone = {
        "number": "SHP-1",
        "order": number,
        "shipped_at": f"{today}T15:00:00Z",
        "carrier": "RDWY",
        "tracking": "1Z1",
    }
    await tell(
        app, "shipment", {**gone, "lines": [{**mine, "ordered": line["quantity"]}], "packages": [packed]}
    )
    bill = {"number": "INV-1", "order": number, "currency": "USD", "invoiced_on": today}
    await tell(app, "invoice", {**bill, "lines": [{**mine, "price": float(line.get("price", 1))}]})
    await until(lambda: len([one for one in _receipts(app) if one != 1]) == 3 or _open(app))
    assert _open(app) == []
    assert _receipts(app) in ([2, 2, 2], [2, 3, 2]), "855, 856 and 810 are accepted by the partner's own 997"
    # The partner's own dictionary has no MAN, which the standard has: it takes the 856 with that remark.
    told = [str(row[0]) for row in table(hub, "SELECT answered FROM receipts WHERE state = 3")]
    assert all(re.fullmatch(r"set code 5; segment \d+ MAN \(code 1\)", one) for one in told), told
    order = await asyncio.to_thread(buyer.ask, "GET", f"/_mock/orders/{number}")
    assert not order.get("disagreements"), order["disagreements"]
    unanswered = await asyncio.to_thread(buyer.ask, "GET", "/_mock/unacknowledged")
    assert number not in re.findall(r"[\w-]+", json.dumps(unanswered)), "our 997 reached the partner"


def _open(app: App) -> list[tuple[object, ...]]:
    return table(app.hub, "SELECT type, system, number, path, says FROM incidents WHERE state = 1")


def _receipts(app: App) -> list[object]:
    return [row[0] for row in table(app.hub, "SELECT state FROM receipts ORDER BY transmission")]
