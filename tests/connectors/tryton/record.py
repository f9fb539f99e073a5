"""Records the samples anew from a running Tryton: `.venv/bin/python -m tests.connectors.tryton.record`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from crossdock.connectors.tryton.connector import CONNECTOR
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Tree
from crossdock.kit.credentials import badge
from crossdock.kit.guarded import GuardedClient
from crossdock.kit.http import Response
from crossdock.transport.http import HttpClient
from demo.tryton.goods import Bought, open_purchase, return_purchase, return_sale
from demo.tryton.rpc import Erp
from demo.tryton.sales import Wanted, cancel_releases, open_sales
from demo.tryton.server import TrytonServer
from tests.connectors.tryton.conftest import LOOPBACK, system_of
from tests.connectors.tryton.dialogue import Feed, answer, lead, order, shipment_of, tools_for

SAMPLES = Path(CONNECTOR.reader.__code__.co_filename).parent / "samples"


class Recording:
    """A client that keeps what was said."""

    def __init__(self, client: GuardedClient) -> None:
        self._client = client
        self.said: list[Exchange] = []

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer, noted."""
        response = await self._client.send(method, path, body=body, headers=headers)
        kept = {name: value for name, value in response.headers.items() if name == "date"}
        self.said.append(Exchange(Ask(method, path, body), Answer(response.status, response.body, kept)))
        return response

    async def close(self) -> None:
        """The client is somebody else's."""


async def record(server: TrytonServer) -> None:
    """All samples, in an order in which each finds what it needs."""
    tools, erp = tools_for(system_of(server)), server.erp()
    http = HttpClient(server.url, make=Response, allow=LOOPBACK, timeout_s=60)
    session = CONNECTOR.credentials(tools, lambda: server.hub_password, http)
    client = GuardedClient(http, badge=badge(tools.system.auth, lambda _: "", session=session))
    _keep("system.json", {"options": dict(tools.system.options)})
    await _poll("item", "the-range", tools, client)
    await _poll("party", "the-customers", tools, client)
    await _releases(erp, tools, client)
    await _shipment(erp, tools, client)
    await _order(tools, client)
    await _goods(erp, tools, client)
    await client.close()


async def _releases(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    cancelled = Feed("warehouse_order_cancel", tools, client)
    await cancelled.news()
    sale = open_sales(erp, [Wanted("C-1002", (("TEA-0250", 10), ("SET-0001", 2)), "PO 4711")])
    await _poll("sales_order", "a-kit-for-a-tearoom", tools, client)
    await _poll("warehouse_order", "a-kit-by-its-parts", tools, client)
    cancel_releases(erp, sale)
    await _poll("warehouse_order_cancel", "cancelled-in-the-erp", tools, client, cancelled.cursor)


async def _shipment(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    feed = Feed("warehouse_order", tools, client)
    await feed.news()
    open_sales(erp, [Wanted("C-1001", (("HON-0350", 5), ("TEA-0250", 4)))])
    (release,) = await feed.news()
    honey, tea = (line["line"] for line in release.tree["lines"])
    inside = {"line": honey, "sku": "HON-0350", "quantity": 3, "unit": "EA", "lot": "H2611-A"}
    packages = [{"tracking": "TRK-100", "lines": [inside]}]
    tree = shipment_of(release.tree, {honey: [("H2611-A", 3)], tea: 0}, packages=packages)
    parents = {"warehouse_order": release.their_id}
    await _dialogue("shipment", "short-with-a-lot", tree, parents, tools, client)
    await _poll("warehouse_order", "a-backorder", tools, client)


async def _order(tools: Tools, client: GuardedClient) -> None:
    line = {
        "line": 1,
        "sku": "TEA-0250",
        "quantity": 3,
        "unit": "EA",
        "price": Decimal("8.95"),
        "currency": "EUR",
    }
    await _dialogue("sales_order", "to-a-new-address", order("WEB-1", [line]), {}, tools, client)


async def _goods(erp: Erp, tools: Tools, client: GuardedClient) -> None:
    """Purchases, receipts, returns, counts, corrections, a cancellation."""
    day = "2026-11-20T08:00:00Z"
    bought = open_purchase(erp, Bought("S-2001", (("TEA-0250", 24), ("HON-0350", 12))))
    await _poll("purchase_order", "tea-and-honey", tools, client)
    lines = [
        {"line": 1, "sku": "TEA-0250", "quantity": 18, "unit": "EA", "purchase_line": bought.lines[0][0]},
        {"line": 2, "sku": "TEA-0250", "quantity": 2, "unit": "EA", "status": "damaged"},
        {
            "line": 3,
            "sku": "HON-0350",
            "quantity": 12,
            "unit": "EA",
            "lot": "H27-A",
            "expires_on": "2027-12-31",
        },
    ]
    tree = {
        "number": "GR-1",
        "purchase_order": bought.number,
        "site": "MAIN",
        "received_at": day,
        "lines": lines,
    }
    parents = {"purchase_order": str(bought.id)}
    await _dialogue("goods_receipt", "short-damaged-by-lot", tree, parents, tools, client)
    rest = {**tree, "number": "GR-2", "complete": True, "lines": [{**lines[0], "quantity": 1}]}
    await _dialogue("goods_receipt", "no-more-will-come", rest, parents, tools, client)
    return_purchase(erp, bought.id)
    await _poll("return_to_vendor", "all-of-it", tools, client)
    feed = Feed("warehouse_order", tools, client)
    await feed.news()
    sale = open_sales(erp, [Wanted("C-1001", (("TEA-0250", 8), ("CUP-0001", 2)))])[0]
    (release,) = await feed.news()
    shipment = Job("shipment", shipment_of(release.tree, {}), "WS-9", "t1.1")
    await lead(CONNECTOR.writer("shipment", tools), shipment, client)
    number = return_sale(erp, sale, {"TEA-0250": 5})
    await _poll("return_authorisation", "five-of-eight", tools, client)
    line = {"line": "1", "sku": "TEA-0250", "quantity": 3, "unit": "EA", "outcome": "restock"}
    scrap = {**line, "line": "2", "quantity": 2, "outcome": "scrap"}
    back = {"return_authorisation": number, "site": "MAIN", "received_at": day, "lines": [line, scrap]}
    await _dialogue("return_receipt", "some-scrapped", {"number": "RR-1", **back}, {}, tools, client)
    counted = {"line": 1, "sku": "CUP-0001", "counted": 3_990, "unit": "EA"}
    count = {"number": "C-1", "site": "MAIN", "at": day, "lines": [counted]}
    await _dialogue("inventory_count", "cups", count, {}, tools, client)
    lost = {
        "number": "A-1",
        "sku": "POT-0001",
        "site": "MAIN",
        "unit": "EA",
        "quantity": -3,
        "reason": "lost",
        "at": day,
    }
    await _dialogue("inventory_adjustment", "three-pots-lost", lost, {}, tools, client)
    open_sales(erp, [Wanted("C-1002", (("TEA-0250", 3),))])
    (release,) = await feed.news()
    wish = {"number": "X-1", "order": release.tree["order"]}
    await _dialogue("cancellation", "by-the-wizard", wish, {}, tools, client)


async def _dialogue(
    document: str, name: str, tree: Tree, parents: dict[str, str], tools: Tools, client: GuardedClient
) -> None:
    writer = CONNECTOR.writer(document, tools)
    job = Job(document, tree, str(tree["number"]), "t1.1", parent_ids=parents)
    find = writer.find(job)
    absent = await answer(find, client) if find else None
    done, said = await lead(writer, job, client)
    present = await answer(find, client) if find else None
    told = {}
    if find and absent and present:
        assert isinstance(writer.found(job, present), Done)
        told = {"find": {
            "ask": _ask(find), "present": _answer(present), "absent": _answer(absent), "their_id": done.their_id,
        }}  # fmt: skip
    _keep(f"out/{document}/{name}.json", {
        "job": {"tree": tree, "parent_ids": parents},
        "dialogue": _told(said),
        "end": {"done": {"their_id": done.their_id, "says": done.says}},
        **told,
    })  # fmt: skip


async def _poll(
    document: str, name: str, tools: Tools, client: GuardedClient, cursor: str | None = None
) -> None:
    recording = Recording(client)
    page = await CONNECTOR.poller(document, tools).poll(cursor, recording)
    _keep(f"poll/{document}/{name}.json", {
        "cursor": cursor,
        "dialogue": _told(recording.said),
        "pages": [{
            "cursor": page.cursor,
            "more": page.more,
            "found": [{"document": one.document, "body": json.loads(one.content.body)} for one in page.found],
        }],
    })  # fmt: skip
    last = page.found[-1]
    reader = CONNECTOR.reader(last.document, tools)
    facts, drafts = reader.facts(last.content), reader.read(last.content)
    _keep(f"in/{last.document}/{name}.json", {
        "body": json.loads(last.content.body),
        "expect": {
            "facts": {"id": facts.id, "version": facts.version},
            "drafts": [
                {"document": draft.document, "their_id": draft.their_id, "tree": draft.tree, "parent": draft.parent}
                for draft in drafts
            ],
        },
    })  # fmt: skip


def _told(said: Sequence[Exchange]) -> list[dict[str, Any]]:
    return [{"ask": _ask(one.ask), "answer": _answer(one.answer)} for one in said]


def _ask(ask: Ask) -> dict[str, Any]:
    return {"method": ask.method, "path": ask.path, "safe": ask.safe, "body": json.loads(ask.body)}


def _answer(told: Answer) -> dict[str, Any]:
    kept = {name: value for name, value in told.headers.items() if name == "date"}
    return {"status": told.status, "headers": kept, "body": json.loads(told.body)}


def _keep(name: str, tree: object) -> None:
    path = SAMPLES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tree, indent=1, ensure_ascii=False, default=float) + "\n", encoding="utf-8")


def main() -> None:
    """Records on a server of its own."""
    with TrytonServer() as server:
        asyncio.run(record(server))


if __name__ == "__main__":
    main()
