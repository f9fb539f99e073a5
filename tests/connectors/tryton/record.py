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


async def _dialogue(
    document: str, name: str, tree: Tree, parents: dict[str, str], tools: Tools, client: GuardedClient
) -> None:
    writer = CONNECTOR.writer(document, tools)
    job = Job(document, tree, str(tree["number"]), "t1.1", parent_ids=parents)
    find = writer.find(job)
    assert isinstance(find, Ask)
    absent = await answer(find, client)
    done, said = await lead(writer, job, client)
    present = await answer(find, client)
    assert isinstance(writer.found(job, present), Done)
    _keep(f"out/{document}/{name}.json", {
        "job": {"tree": tree, "parent_ids": parents},
        "dialogue": _told(said),
        "end": {"done": {"their_id": done.their_id, "says": done.says}},
        "find": {"ask": _ask(find), "present": _answer(present), "absent": _answer(absent), "their_id": done.their_id},
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
