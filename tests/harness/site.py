"""A site folder as the outside contract shows it, with the few things that a scenario turns."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.orders import CARRIER_SERVICES, SHIP_METHODS

SHOP_IN = """\
{ "number": orderNumber, "placed_at": orderDate, "customer": {"id": customer.id, "name": customer.name},
  "ship_to": {"name": shipTo.name, "street": shipTo.street, "postcode": shipTo.zip, "city": shipTo.city, \
"country": shipTo.country},
  "ship_method": $ours("ship_method", shipMethod), "notes": remarks, "extra": {"seq": seq},
  "lines": [lines.{"line": lineNo, "sku": sku, "quantity": qty, "unit": uom, "price": unitPrice, \
"currency": currency}] }
"""
WMS_OUT = """\
{ "wh_order": number, "owner_ref": customer.id, "seq": extra.seq, \
"carrier_service": $theirs("ship_method", ship_method),
  "consignee": {"name": ship_to.name, "address1": ship_to.street, "postcode": ship_to.postcode, \
"city": ship_to.city, "country": ship_to.country},
  "instructions": notes,
  "order_lines": [lines.{"line": line, "item": sku, "unit": "EA", "price": price,
    "quantity": quantity * (unit = "CS" ? $lookup({"W": 12, "G": 24, "B": 6}, $substring(sku, 0, 1)) : 1)}] }
"""


@dataclass(slots=True)
class Plan:
    """What differs from the example of the contract; times in seconds."""

    target_url: str = ""
    on_unclear: str = "resend"  #: resend | find | person
    on_change: str = "refuse"  #: refuse | revise
    order_by: str | None = "customer.id"
    version: str | None = None
    item_known: str = "skip"
    timezone: str | None = "UTC"
    settle_s: float = 0.3
    limits: dict[str, Any] = field(default_factory=dict)  #: over `LIMITS`
    answers: dict[str, list[Any]] | None = None
    flow_in: dict[str, Any] = field(default_factory=dict)  #: more members of the shop's flow
    flow_out: dict[str, Any] = field(default_factory=dict)  #: more members of the warehouse's flow
    more_systems: dict[str, Any] = field(default_factory=dict)
    second_shop: str | None = None  #: its name; it sells as the first one does


LIMITS: dict[str, Any] = {
    "concurrency": 16, "rate_per_s": None, "timeout_s": 1, "retry_first_s": 0.05, "retry_max_s": 0.5,
    "retry_for_s": 86400,
}  # fmt: skip


def charter(plan: Plan) -> dict[str, Any]:
    """The charter as a plain tree."""
    shop: dict[str, Any] = {
        "connector": "http",
        "in": [{
            "document": "sales_order", "id": "orderNumber", "version": plan.version, "order_by": plan.order_by,
            "on_change": plan.on_change, "ignore": ["sentAt"], "map": "mappings/shop-in.jsonata", **plan.flow_in,
        }],
    }  # fmt: skip
    if plan.timezone is not None:
        shop["timezone"] = plan.timezone
    second = {plan.second_shop: shop} if plan.second_shop else {}
    return {
        "crossdock": 1,
        "site": {"name": "demo", "timezone": "Europe/Amsterdam", "currency": "EUR"},
        "network": {"allow": ["127.0.0.1/32"]},
        "checks": {"item_known": plan.item_known},
        "systems": {"shop": shop, "wms": _warehouse(plan), **second, **plan.more_systems},
        "objects": {"sales_order": {"owner": "shop", "also": [*second], "readers": ["wms"]}},
    }


def _warehouse(plan: Plan) -> dict[str, Any]:
    flow: dict[str, Any] = {
        "document": "sales_order", "send": {"method": "POST", "path": "/wh"}, "map": "mappings/wms-out.jsonata",
        "their_id": "id", "idempotency": {"header": "Idempotency-Key"}, "on_unclear": plan.on_unclear,
    }  # fmt: skip
    if plan.on_unclear == "find":
        flow["find"] = {
            "method": "GET", "path": "/wh/{number}", "present": [200], "absent": [404], "settle_s": plan.settle_s,
        }  # fmt: skip
    if plan.answers is not None:
        flow["answers"] = plan.answers
    return {
        "connector": "http", "url": plan.target_url, "auth": {"type": "none"}, "out": [{**flow, **plan.flow_out}],
        "limits": {**LIMITS, **plan.limits},
    }  # fmt: skip


def write_site(folder: Path, plan: Plan) -> None:
    """Writes charter, mappings and crosswalk below `folder`."""
    for name in ("mappings", "crosswalks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    # JSON is YAML 1.2, and nobody has to believe the harness's own YAML writer.
    (folder / "charter.yaml").write_text(json.dumps(charter(plan), indent=1), "utf-8")
    (folder / "mappings" / "shop-in.jsonata").write_text(SHOP_IN, "utf-8")
    (folder / "mappings" / "wms-out.jsonata").write_text(WMS_OUT, "utf-8")
    with (folder / "crosswalks" / "ship_method.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("system", "theirs", "ours"))
        for shop in filter(None, ("shop", plan.second_shop)):
            rows.writerows((shop, theirs, ours) for theirs, ours in SHIP_METHODS.items())
        rows.writerows(("wms", theirs, ours) for ours, theirs in CARRIER_SERVICES.items())
