"""Which key may do what, over every route that the hub describes: a new route is no route until it is said here."""

from __future__ import annotations

import re
from pathlib import Path

from tests.console.world import world

ALL = frozenset({"nobody", "system", "observer", "operator", "approver", "admin", "terminal"})
KEYS = ALL - {"nobody"}
INSIDERS, ACT, SYSTEM, ADMIN = (
    KEYS - {"system"},
    frozenset({"operator", "admin"}),
    frozenset({"system"}),
    frozenset({"admin"}),
)
APPROVE = frozenset({"approver", "admin"})
#: Who is let in; everybody else gets 401 without a key and 403 with one.
MAY = {
    "get /healthz": ALL, "get /readyz": ALL, "get /metrics": ALL,
    "get /v1/conservation": KEYS, "get /v1/trace/{object}/{number}": KEYS, "get /v1/bytes/{id}": KEYS,
    "get /v1/incidents": KEYS, "get /v1/incidents/{id}": KEYS, "post /v1/incidents/{id}/{act}": ACT,
    "get /v1/people": ADMIN, "post /v1/people/{name}/{act}": ADMIN,
    "get /v1/approvals": INSIDERS, "post /v1/approvals/{id}/{act}": APPROVE,
    "post /v1/subjects/{act}": ADMIN, "post /v1/keys": frozenset({"terminal"}),
    "post /v1/charter/{version}/propose": ACT,
    "get /v1/restored": KEYS, "post /v1/restored/{system}/end": ACT,
    "get /v1/systems": KEYS, "get /v1/systems/{system}": KEYS, "post /v1/systems/{system}/{act}": ACT,
    "get /v1/watch": KEYS, "get /v1/systems/{system}/numbers": KEYS, "post /v1/systems/{system}/numbers": ACT,
    "get /v1/playbooks": KEYS, "get /v1/playbooks/{type}": KEYS, "get /v1/incidents/{id}/playbook": KEYS,
    "post /v1/desk/preview": ACT, "post /v1/desk/runs": ACT, "get /v1/desk/runs": INSIDERS,
    "get /v1/desk/runs/{id}": INSIDERS, "post /v1/desk/hand-over": ACT,
    "get /v1/desk/notes": ACT, "get /v1/reports/weekly": KEYS, "post /v1/desk/replay/preview": ACT,
    "post /v1/desk/replay": ACT,
    "post /v1/hub/{act}": ACT, "post /v1/systems/{system}/messages": SYSTEM,
    "get /v1/stock/{sku}": KEYS, "get /v1/promises/{id}": KEYS,
    "post /v1/promises": KEYS - {"observer", "approver", "terminal"},
    "delete /v1/promises/{id}": KEYS,
}  # fmt: skip
PARTS = {
    "object": "sales_order", "number": "SO-1", "id": "i1", "act": "pause", "name": "anna", "system": "webshop",
    "sku": "W-10010", "type": "rejected", "version": "sha256:" + "0" * 64,
}  # fmt: skip
#: What makes sense to the door, so that the refusal is about who asks and not about what.
BODIES = {"post /v1/promises": {"channel": "webshop", "lines": [{"sku": "W-10010", "quantity": 1}]}}
ACTS = {"post /v1/approvals/{id}/{act}": "approve", "post /v1/people/{name}/{act}": "disable"}


async def test_each_key_gets_as_far_as_its_role_and_no_further(tmp_path: Path) -> None:
    stock = {"sites": {"RENO": {"system": "wms-reno"}}}
    async with world(tmp_path, more={"stock": stock}) as w:
        await w.order("SO-1")
        keys = {
            role: w.key(f"a {role}", role, "webshop" if role == "system" else None) for role in sorted(KEYS)
        }
        _, described = await w.api("GET", "/openapi.json")
        routes = {f"{method} {path}" for path, methods in described["paths"].items() for method in methods}
        assert routes == set(MAY), "say in this test who may do it"
        for route in sorted(routes):
            method, path = route.split(" ")
            parts = {**PARTS, **({"act": ACTS[route]} if route in ACTS else {})}
            address = re.sub(r"{(.+?)}", lambda m, p=parts: p[m.group(1)], path)
            for role in sorted(ALL):
                body = BODIES.get(route, {"reason": "x"}) if method == "post" else None
                status, _ = await w.api(method.upper(), address, keys.get(role), body)
                refused = 401 if role == "nobody" else 403
                assert (status == refused) == (role not in MAY[route]), (route, role, status)
                assert status < 500 or status == 503, (route, role)  # 503: paused a moment ago
