"""The site of a run: which systems there are, how each settles its doubts, who reads what. Drawn from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

#: Codes of the shop that the crosswalk has from the start, and our own.
METHODS = {"STD": "standard", "EXP": "express"}
#: A code that somebody adds on the desk when an order with it came.
LATER_METHOD = ("NEW", "standard")
SKUS = ("W-1", "W-2", "G-1", "B-1")
#: An item that no system tells until somebody asks for it on the desk, and one that comes late by itself.
UNKNOWN_SKU, LATE_SKU = "X-404", "L-7"
#: Kinds of which the latest counts.
STATES = frozenset({"item", "price", "inventory_balance"})
READERS = {
    "sales_order": ("erp", "broker", "wms"),
    "cancellation": ("erp", "wms"),
    "item": ("wms", "broker"),
    "price": ("broker",),
    "shipment": ("shop", "erp"),
    "inventory_balance": ("shop", "erp"),
}
WAYS = ("resend", "find", "person")


@dataclass(frozen=True, slots=True)
class Plan:
    """What kind of site a seed gets."""

    floor: bool  #: the warehouse speaks the reference API, picks, ships and tells its stock
    ways: dict[str, str]  #: receiving system -> how its doubts are settled
    after: str | None  #: the warehouse gets an order only when this one has it
    ordered: bool  #: orders of one customer keep their order
    versions: bool  #: the shop numbers its revisions
    revise: bool  #: other content of the same number is a revision
    items: str  #: item_known: refuse, warn, skip
    wait_s: float  #: for a predecessor
    retry_for_s: float
    settle_s: float
    concurrency: int
    rate_per_s: float | None
    timeout_s: float
    token: bool  #: the ERP wants a token that ends
    events: str  #: how the warehouse's events come: push, poll, both
    mapped: bool  #: bodies go through mappings and crosswalks
    window: int
    hold: bool  #: closed doors take documents and keep them
    blackout: bool  #: the ERP is left alone in the first minute of an hour
    grouped: bool  #: items and their prices keep their order by the group they are in
    orders: int = 20
    customers: int = 3

    def way(self, system: str, document: str) -> str:
        """How a doubt is settled; a number in a path says nothing of a version, so levels are sent again."""
        way = self.ways[system]
        return "resend" if way == "find" and document in STATES else way

    def readers(self, document: str, sender: str) -> list[str]:
        """Who must get a document: the charter below, said once more."""
        return [name for name in READERS.get(document, ()) if name != sender]


def draw(random: Random) -> Plan:
    """The plan of one seed."""
    floor = random.random() < 0.35
    ways = {
        "erp": random.choice(WAYS),
        "broker": random.choice(WAYS),
        "shop": random.choice(("resend", "person")),
    }
    if not floor:
        ways["wms"] = random.choice(WAYS)
    versions = not floor and random.random() < 0.4
    revise = not floor and not versions and random.random() < 0.3
    if versions or revise:
        # A number in a path says nothing of a version: such a site asks nobody.
        ways = {name: "resend" if way == "find" else way for name, way in ways.items()}
    return Plan(
        floor=floor,
        ways=ways,
        after="erp" if random.random() < 0.4 else None,
        ordered=random.random() < 0.7,
        versions=versions,
        revise=revise,
        items=random.choice(("refuse", "refuse", "warn", "skip")),
        wait_s=random.choice((8.0, 30.0)),
        retry_for_s=random.choice((12.0, 60.0, 3600.0, 3600.0)),
        settle_s=random.choice((0.5, 1.5, 3.0)),
        concurrency=random.choice((1, 2, 4, 16)),
        rate_per_s=random.choice((None, None, 10.0, 40.0)),
        timeout_s=random.choice((0.5, 1.0, 3.0)),
        token=random.random() < 0.3,
        events=random.choice(("push", "poll", "both")),
        mapped=random.random() < 0.5,
        window=random.choice((3, 6, 20, 4000)),
        orders=random.randrange(6, 26),
        customers=random.choice((1, 2, 3, 6)),
        hold=random.random() < 0.5,
        blackout=random.random() < 0.1,
        grouped=random.random() < 0.3,
    )


def write(plan: Plan, folder: Path) -> None:
    """The files of the site."""
    (folder / "mappings").mkdir(parents=True)
    (folder / "crosswalks").mkdir()
    (folder / "charter.yaml").write_text(charter(plan))
    (folder / "mappings/shop-in.jsonata").write_text(_SHOP_IN)
    (folder / "mappings/order-out.jsonata").write_text(_ORDER_OUT)
    rows = [f"shop,{theirs},{ours}" for theirs, ours in METHODS.items()]
    for system in ("erp", "broker", "wms"):
        rows += [f"{system},{ours.upper()},{ours}" for ours in METHODS.values()]
    (folder / "crosswalks/ship_method.csv").write_text("\n".join(["system,theirs,ours", *rows]) + "\n")


def charter(plan: Plan) -> str:
    """charter.yaml."""
    inner = "\n".join((_shop(plan), _erp(plan), _broker(plan), _wms(plan)))
    return f"""crossdock: 1
checks: {{item_known: {plan.items}, wait_s: {plan.wait_s}}}
orders: {{cancel_wait_s: {plan.wait_s}}}
systems:
{inner}
objects:
{_objects(plan)}
"""


def _limits(plan: Plan) -> str:
    rate = "null" if plan.rate_per_s is None else plan.rate_per_s
    return (
        f"    limits: {{concurrency: {plan.concurrency}, rate_per_s: {rate}, timeout_s: {plan.timeout_s},"
        f" retry_first_s: 0.2, retry_max_s: 2, retry_for_s: {plan.retry_for_s}}}"
    )


def _out(plan: Plan, system: str, document: str, *, mapped: bool = False) -> str:
    way = plan.way(system, document)
    lines = [
        f"      - document: {document}",
        f"        send: {{method: POST, path: /{document}}}",
        "        their_id: id",
        "        idempotency: {header: Idempotency-Key}",
        f"        on_unclear: {way}",
    ]
    if mapped:
        lines += ["        map: mappings/order-out.jsonata", "        optional: [carrier_service]"]
    if way == "find":
        lines.append(f'        find: {{path: "/{document}/{{number}}", settle_s: {plan.settle_s}}}')
    return "\n".join(lines)


def _closed(plan: Plan) -> str:
    return "hold" if plan.hold else "refuse"


def _shop(plan: Plan) -> str:
    return f"""  shop:
    connector: http
    url: http://shop.test:80
    when_closed: {_closed(plan)}
{_limits(plan)}
    in:
      - document: sales_order
        id: orderNumber
        version: {"revision" if plan.versions else "null"}
        order_by: {"customer" if plan.ordered else "null"}
        on_change: {"revise" if plan.revise else "refuse"}
        ignore: [sentAt]
        optional: [ship_method]
        map: mappings/shop-in.jsonata
      - document: cancellation
        id: number
    out:
{_out(plan, "shop", "shipment")}
{_out(plan, "shop", "inventory_balance")}"""


def _erp(plan: Plan) -> str:
    auth = (
        "    auth: {type: oauth2, token_url: 'http://token.test:80/', client_id: hub, secret: erp}\n"
        if plan.token
        else "    auth: {type: none}\n"
    )
    mapped, group = plan.mapped, "extra.group" if plan.grouped else "null"
    blackout = '    blackouts: [{from: "10:00", to: "10:01", every: day}]\n' if plan.blackout else ""
    return f"""  erp:
    connector: http
    url: http://erp.test:80
    when_closed: {_closed(plan)}
{blackout}{auth}{_limits(plan)}
    in:
      - {{document: item, id: sku, version: extra.changed, order_by: {group}}}
      - {{document: price, id: extra.id, version: extra.changed, order_by: {group}}}
      - {{document: sales_order, id: number}}
    out:
{_out(plan, "erp", "sales_order", mapped=mapped)}
{_out(plan, "erp", "cancellation")}
{_out(plan, "erp", "shipment")}
{_out(plan, "erp", "inventory_balance")}"""


def _broker(plan: Plan) -> str:
    return f"""  broker:
    connector: http
    url: http://broker.test:80
{_limits(plan)}
    out:
{_out(plan, "broker", "sales_order", mapped=plan.mapped)}
{_out(plan, "broker", "item")}
{_out(plan, "broker", "price")}"""


def _wms(plan: Plan) -> str:
    if plan.floor:
        return f"""  wms:
    connector: warehouse
    url: http://wms.test:80
    events: {plan.events}
    crosswalks: [ship_method]
{_limits(plan)}
    out:
      - document: item
      - document: sales_order
      - document: cancellation
    in:
      - document: shipment
        every_s: 1
      - document: inventory_balance
        every_s: 1
      - document: pick_status
        every_s: 1"""
    return f"""  wms:
    connector: http
    url: http://wms.test:80
    when_closed: {_closed(plan)}
{_limits(plan)}
    in:
      - {{document: shipment, id: number}}
      - {{document: inventory_balance, id: sku, version: extra.seq}}
    out:
{_out(plan, "wms", "sales_order", mapped=plan.mapped)}
{_out(plan, "wms", "cancellation")}
{_out(plan, "wms", "item")}"""


def _objects(plan: Plan) -> str:
    wms = f"{{system: wms, after: {plan.after}}}" if plan.after else "wms"
    rows = [
        f"  sales_order: {{owner: shop, readers: [erp, broker, {wms}]}}",
        "  cancellation: {owner: shop, readers: [erp, wms]}",
        "  item: {owner: erp, readers: [wms, broker]}",
        "  price: {owner: erp, readers: [broker]}",
        "  shipment: {owner: wms, readers: [shop, erp]}",
        "  inventory_balance: {owner: wms, readers: [shop, erp]}",
    ]
    if plan.floor:
        rows.append("  pick_status: {owner: wms, readers: []}")
    return "\n".join(rows)


_SHOP_IN = """{
  "number": orderNumber,
  "customer": {"id": customer, "name": customer},
  "ship_to": {"name": customer, "city": "Utrecht", "country": "NL"},
  "ship_method": method ? $ours("ship_method", method),
  "notes": mark,
  "extra": {"mark": mark},
  "lines": [lines.{"line": line, "sku": sku, "quantity": quantity, "unit": unit}]
}
"""

_ORDER_OUT = """{
  "wh_order": number,
  "mark": extra.mark,
  "carrier_service": ship_method ? $theirs("ship_method", ship_method),
  "lines": [lines.{
    "line": line, "item": sku, "quantity": quantity, "unit": unit, "pieces": $convert(quantity, unit, "EA", sku)
  }]
}
"""
