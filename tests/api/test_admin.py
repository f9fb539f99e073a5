"""The process and admin API, asked as a stranger would ask it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crossdock.api.admin import create
from crossdock.api.keys import Keys, digest_of
from crossdock.control.metrics import Metrics
from tests.api.wire import Reply, ask
from tests.nobody_runs import NobodyRuns
from tests.stories import Clock, Stories, stories

ROLES = {
    "op": ("operator", None),
    "obs": ("observer", None),
    "shop": ("system", "shop"),
    "wms": ("system", "wms"),
}


class World:
    """An API over recorded stories."""

    def __init__(self, told: Stories) -> None:
        self.told = told
        rows = [(digest_of(name), name, role, system) for name, (role, system) in ROLES.items()]
        hub = SimpleNamespace(
            journal=told.journal,
            worker=NobodyRuns(),
            clock=Clock(),
            refresh_crosswalks=lambda: None,
            context=None,
            known_codes=lambda _: (),
        )
        self.shown = SimpleNamespace(
            hub=hub, keys=Keys(lambda: rows, lambda: 0.0), metrics=Metrics(), ready=True
        )
        self.app = create(self.shown)  # type: ignore[arg-type]  # a fake of the process

    async def get(self, target: str, key: str | None = "obs", **headers: str) -> Reply:
        return await ask(self.app, "GET", target, key=key, **headers)

    async def post(self, target: str, body: Any = b"", key: str | None = "op", **headers: str) -> Reply:
        return await ask(self.app, "POST", target, body, key=key, **headers)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with stories(tmp_path / "crossdock.db") as told:
        await told.everything()
        yield World(told)


async def test_conservation_has_the_shape_of_the_contract_and_balances(world: World) -> None:
    figures = (await world.get("/v1/conservation")).json
    assert list(figures) == ["at", "position", "balanced", "captures", "messages", "transmissions", "outside"]
    assert figures["balanced"] is True
    assert figures["captures"] == {"accepted": 12, "waiting": 1, "translated": 9, "desk": 2, "closed": 0}
    assert figures["messages"] == {
        "made": 9, "waiting": 1, "routed": 7, "superseded": 0, "refused": 0, "desk": 1, "closed": 0
    }  # fmt: skip
    assert figures["transmissions"] == {
        "made": 7, "due": 0, "held": 2, "sending": 0, "retrying": 1, "in_doubt": 0, "done": 2, "superseded": 0,
        "desk": 2, "closed": 0,
    }  # fmt: skip
    assert figures["outside"] == {"repeats": 1, "refused_at_door": 1}
    assert figures["at"].endswith("Z")


async def test_conservation_narrows_to_one_system(world: World) -> None:
    await world.told.delivered("E-1", system="erp")
    assert (await world.get("/v1/conservation?system=erp")).json["captures"]["accepted"] == 1
    assert (await world.get("/v1/conservation?system=shop")).json["captures"]["accepted"] == 12
    assert (await world.get("/v1/conservation?system=nobody")).json["captures"]["accepted"] == 0


@pytest.mark.parametrize("table", ["captures", "messages", "transmissions", "ledger"])
async def test_a_row_deleted_behind_its_back_unbalances_conservation(world: World, table: str) -> None:
    await world.told.journal.writer.submit(
        lambda c: c.execute(f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})")
    )
    assert (await world.get("/v1/conservation")).json["balanced"] is False


async def test_a_trace_tells_the_story_down_to_the_bytes(world: World) -> None:
    reply = await world.get("/v1/trace/sales_order/SO-1")
    assert reply.status == 200
    story = reply.json
    assert (story["object"], story["number"], story["key"]) == ("sales_order", "SO-1", "C1")
    assert (story["state"], story["waits_for"]) == ("released", None)
    assert {"system": "shop", "id": "SO-1"} in story["ids"]
    kinds = [e["kind"] for e in story["entries"]]
    assert kinds == ["accepted", "translated", "decided", "due", "sent", "answered", "repeated"]
    positions = [e["position"] for e in story["entries"]]
    assert positions == sorted(positions)
    sent = story["entries"][4]
    assert (sent["system"], sent["attempt"], sent["charter"], sent["code"]) == (
        "wms",
        1,
        "sha256:0a1b",
        "0.1.0",
    )
    body = await world.get(sent["bytes"]["href"])
    assert len(body.body) == sent["bytes"]["length"]
    assert hashlib.sha256(body.body).hexdigest() == sent["bytes"]["sha256"]
    assert body.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("number", "waits"),
    [
        ("SO-3", "unmapped"),
        ("SO-6", "sales_order SO-0"),
        ("SO-7", "Nobody knows"),
        ("SO-10", "wms"),
        ("SO-12", "hub"),
    ],
)
async def test_a_trace_says_what_an_order_waits_for(world: World, number: str, waits: str) -> None:
    story = (await world.get(f"/v1/trace/sales_order/{number}")).json
    assert waits.replace("unmapped", "crosswalk") in story["waits_for"]


async def test_one_number_of_two_systems_offers_the_choice(world: World) -> None:
    await world.told.delivered("SO-1", system="erp")
    reply = await world.get("/v1/trace/sales_order/SO-1")
    assert reply.status == 300
    choices = reply.json["choices"]
    assert {c["system"] for c in choices} == {"shop", "erp"}
    for choice in choices:
        assert (await world.get(choice["href"])).json["hub_id"] == choice["hub_id"]


async def test_a_number_with_slashes_and_umlauts_is_found(world: World) -> None:
    await world.told.delivered("A/1 ü")
    assert (await world.get("/v1/trace/sales_order/A%2F1%20%C3%BC")).json["number"] == "A/1 ü"


async def test_incidents_have_the_shape_of_the_contract(world: World) -> None:
    page = (await world.get("/v1/incidents")).json
    assert (page["total"], page["next"]) == (5, None)
    unmapped = next(i for i in page["items"] if i["type"] == "unmapped_code")
    assert list(unmapped) == [
        "id", "type", "severity", "state", "owner", "opened_at", "due_at", "system", "object", "number", "keys",
        "members", "captures", "path", "value", "says", "fix", "acts",
    ]  # fmt: skip
    assert (unmapped["members"], unmapped["path"], unmapped["value"]) == (2, "shipMethod", "DRONE")
    doubt = next(i for i in page["items"] if i["type"] == "in_doubt")
    assert (doubt["members"], doubt["keys"]) == (3, ["C7"])


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=in_doubt", 1), ("type=in_doubt&state=resolved", 0), ("state=all", 5), ("system=wms", 2),
        ("system=shop", 5), ("key=C7", 1), ("key=C5", 1), ("system=nobody", 0), ("after=i99999", 0),
    ],
)  # fmt: skip
async def test_incidents_are_narrowed(world: World, query: str, count: int) -> None:
    assert len((await world.get(f"/v1/incidents?{query}")).json["items"]) == count


async def test_incidents_come_in_pages_of_a_hundred(world: World) -> None:
    for n in range(203):
        await world.told.capture_on_desk(await world.told.capture(f"P-{n}"), f"unmapped_code/shop/x/{n}")
    seen: list[str] = []
    after = ""
    while True:
        page = (await world.get(f"/v1/incidents?type=unmapped_code{after}")).json
        assert page["total"] == 204
        seen += [i["id"] for i in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == 204


async def test_an_operator_acts_and_the_incident_answers(world: World) -> None:
    item = (await world.get("/v1/incidents?type=unmapped_code")).json["items"][0]
    reply = await world.post(f"/v1/incidents/{item['id']}/assign", {"owner": "bea"}, idempotency_key="k")
    assert (reply.status, reply.json["owner"]) == (200, "bea")
    again = await world.post(f"/v1/incidents/{item['id']}/assign", {"owner": "bea"}, idempotency_key="k")
    assert again.body == reply.body
    assert (await world.post(f"/v1/incidents/{item['id']}/retry", {})).json["state"] == "resolved"
    second = await world.post(f"/v1/incidents/{item['id']}/retry", {})
    assert second.status == 409
    assert "op" in second.json["detail"]
    shown = (await world.get(f"/v1/incidents/{item['id']}")).json
    assert [h["act"] for h in shown["history"]] == ["assign", "retry"]


@pytest.mark.parametrize(
    ("method", "target", "key", "status"),
    [
        ("GET", "/v1/conservation", None, 401),
        ("GET", "/v1/conservation", "wrong", 401),
        ("GET", "/v1/conservation?system=wms", "shop", 403),
        ("POST", "/v1/incidents/i1/retry", "obs", 403),
        ("POST", "/v1/incidents/i1/retry", "shop", 403),
        ("POST", "/v1/incidents/i1/retry", None, 401),
        ("POST", "/v1/incidents/i99999/retry", "op", 404),
        ("POST", "/v1/incidents/x/retry", "op", 404),
        ("GET", "/v1/incidents?state=odd", "obs", 422),
        ("GET", "/v1/incidents?type=odd", "obs", 422),
        ("GET", "/v1/trace/sales_order/nope", "obs", 404),
        ("GET", "/v1/bytes/b99999", "obs", 404),
        ("GET", "/v1/bytes/etc", "obs", 404),
        ("GET", "/v1/nothing", "obs", 404),
        ("DELETE", "/v1/incidents", "op", 405),
    ],
)
async def test_every_refusal_is_a_problem_document(
    world: World, method: str, target: str, key: str | None, status: int
) -> None:
    reply = await ask(world.app, method, target, key=key)
    assert reply.status == status
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert reply.json["status"] == status
    assert reply.json["title"]
    assert reply.json["detail"]


@pytest.mark.parametrize(
    "body", [b"{", b'{"owner": "a", "owner": "b"}', b"\xff", b'{"value": NaN}', b"[" * 100_000]
)
async def test_an_act_that_is_not_json_is_refused(world: World, body: bytes) -> None:
    reply = await world.post("/v1/incidents/i1/assign", body)
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")


async def test_a_systems_own_key_sees_what_came_from_it_and_nothing_else(world: World) -> None:
    await world.told.delivered("E-1", system="erp")
    assert (await world.get("/v1/conservation", "shop")).json["captures"]["accepted"] == 12
    assert (await world.get("/v1/trace/sales_order/SO-1", "shop")).status == 200
    assert (await world.get("/v1/trace/sales_order/E-1", "shop")).status == 404
    story = (await world.get("/v1/trace/sales_order/E-1")).json
    assert (await world.get(story["entries"][0]["bytes"]["href"], "shop")).status == 404
    assert (await world.get("/v1/incidents", "wms")).json["total"] == 0
    assert (await world.get("/v1/incidents", "shop")).json["total"] == 5


async def test_the_api_describes_itself_in_openapi_3_1_without_a_page_from_elsewhere(world: World) -> None:
    described = (await world.get("/openapi.json", None)).json
    assert described["openapi"].startswith("3.1")
    assert {
        "/v1/conservation", "/v1/trace/{object}/{number}", "/v1/incidents", "/v1/incidents/{id}/{act}",
        "/v1/bytes/{id}", "/healthz", "/readyz", "/metrics",
    } <= set(described["paths"])  # fmt: skip
    assert "Problem" in described["components"]["schemas"]
    assert (await world.get("/docs", None)).status == 404
    assert (await world.get("/redoc", None)).status == 404


async def test_health_and_metrics_need_no_key(world: World) -> None:
    world.shown.metrics.received("shop", 202, 0.003)
    world.shown.metrics.received("made up " * 9, 404, 0.001)
    assert (await world.get("/healthz", None)).status == 200
    assert (await world.get("/readyz", None)).status == 200
    page = (await world.get("/metrics", None)).body.decode()
    assert 'crossdock_intake_requests_total{status="202",system="shop"} 1.0' in page
    assert 'crossdock_incidents_open{type="in_doubt"} 1.0' in page
    assert 'crossdock_under_way{where="transmissions held"} 2.0' in page
    assert 'crossdock_intake_seconds_bucket{le="0.005"} 2.0' in page
    assert "crossdock_commit_failures_total 0.0" in page
    assert "crossdock_commit_seconds_bucket" in page
    assert "made up" not in page


async def test_a_hub_that_takes_no_commits_is_not_ready(world: World) -> None:
    world.shown.ready = False
    reply = await world.get("/readyz", None)
    assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
    world.shown.ready = True
    world.told.journal.writer.failure = "disk full"
    assert (await world.get("/readyz", None)).status == 200  # it was tried, and the disk takes it again
    assert world.told.journal.writer.failure is None
