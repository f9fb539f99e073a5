"""The site of a scenario: a charter made from who takes part, with the scenario's own keys laid over it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from crossdock.charter.orders import HUB_OWNER
from crossdock.scenario.script import Given, Member, Tree

__all__ = ["charter_of", "write_site"]

#: What each part tells: document -> its id at the sender.
IN: dict[str, dict[str, str]] = {
    "shop": {
        "sales_order": "number", "cancellation": "number", "return_authorisation": "number",
        "order_hold": "order & '/' & hold & '/' & state & '/' & at",
    },
    "erp": {
        "item": "sku", "kit_composition": "sku", "purchase_order": "number", "stock_transfer": "number",
        "return_to_vendor": "number", "invoice": "number",
    },
    "wms": {
        "pick_status": "warehouse_order & '/' & state & '/' & at", "shipment": "number", "goods_receipt": "number",
        "return_receipt": "number", "inventory_count": "number", "inventory_adjustment": "number",
        "inventory_balance": "site & '/' & sku & '/' & status & '/' & lot & '/' & owner & '/' & location",
    },
    "carrier": {"transport_status": "number"},
}  # fmt: skip
#: What each part is sent, where anybody tells it.
OUT: dict[str, tuple[str, ...]] = {
    "shop": ("order_status",),
    "erp": ("sales_order", "cancellation", "shipment", "goods_receipt", "return_receipt", "inventory_adjustment",
            "inventory_count"),
    "wms": ("item", "sales_order", "cancellation", "purchase_order", "return_authorisation", "stock_transfer",
            "return_to_vendor"),
    "carrier": ("shipment",),
}  # fmt: skip
#: Parties that have a wire of their own but no address in the world.
URL = "http://{name}.scenario"
_POLL_S = 600


def charter_of(given: Given) -> Tree:
    """charter.yaml as a tree."""
    owners = _owners(given.members)
    systems = {name: _system(member, owners) for name, member in given.members.items()}
    objects: Tree = {}
    for document, owner in owners.items():
        readers = [n for n, m in given.members.items() if document in _taken(m, owners) and n != owner]
        objects[document] = {"owner": owner, "readers": readers}
    tree: Tree = {
        "crossdock": 1,
        "site": {"name": "scenario", "timezone": "UTC", "currency": "EUR"},
        "checks": {} if "item" in owners else {"item_known": "skip"},
        "systems": systems,
        "objects": objects,
    }
    sites = _stock_sites(given, owners)
    if sites:
        tree["stock"] = {"sites": sites}
    made = cast("Tree", _laid_over(tree, given.charter))
    own: Tree = given.charter.get("objects") or {}
    made["objects"] = {
        name: rule for name, rule in made["objects"].items() if name in own or _is_told(made, name)
    }
    return made


def _is_told(tree: Tree, document: str) -> bool:
    """Whether the owner of a document sends it still: a story may give it flows of its own."""
    owner = tree["objects"][document]["owner"]
    flows = tree["systems"].get(owner, {}).get("in")
    return owner == HUB_OWNER or flows is None or any(flow["document"] == document for flow in flows)


def _stock_sites(given: Given, owners: Mapping[str, str]) -> Tree:
    """The hub keeps the stock of every site that has any, by the figures of its warehouse."""
    teller = owners.get("inventory_balance")
    if teller is None or given.members[teller].kind != "wms":
        return {}
    named = dict.fromkeys(str(row["site"]) for row in given.stock)
    return {site: {"system": teller, "figure": "gross"} for site in named}


def _owners(members: Mapping[str, Member]) -> dict[str, str]:
    """Document -> who tells it; of two systems of one part the first."""
    owners: dict[str, str] = {}
    for name, member in members.items():
        for document in IN[member.role]:
            owners.setdefault(document, name)
    if any("order_status" in OUT[member.role] for member in members.values()) and "sales_order" in owners:
        owners["order_status"] = HUB_OWNER
    return owners


def _taken(member: Member, owners: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(document for document in OUT[member.role] if document in owners)


def _system(member: Member, owners: Mapping[str, str]) -> Tree:
    told = [document for document in IN[member.role] if document in owners]
    limits: Tree = {"retry_first_s": 1, "retry_max_s": 10, "timeout_s": 5, "adapt": False}
    if member.kind == "wms":
        return {
            "connector": "warehouse", "url": URL.format(name=member.name), "limits": limits,
            "in": [{"document": one} | ({"every_s": _POLL_S} if one == "inventory_balance" else {}) for one in told],
            "out": [{"document": one} for one in _taken(member, owners)],
        }  # fmt: skip
    return {
        "connector": "http", "url": URL.format(name=member.name), "limits": limits,
        "in": [_in(document, IN[member.role][document]) for document in told],
        "out": [_out(document) for document in _taken(member, owners)],
    }  # fmt: skip


def _in(document: str, id_: str) -> Tree:
    flow: Tree = {"document": document, "id": id_}
    if document in ("sales_order", "item", "shipment", "purchase_order", "inventory_balance"):
        flow["on_change"] = "revise"
    if document != "item":
        # What is said of one order keeps its order.
        by = {"sales_order": "number", "item": None}.get(document, "order")
        flow["order_by"] = by
    return flow


def _out(document: str) -> Tree:
    return {
        "document": document, "send": {"path": f"/{document}"}, "their_id": "id",
        "idempotency": {"header": "Idempotency-Key"}, "on_unclear": "resend",
    }  # fmt: skip


def _laid_over(under: Any, over: Any) -> Any:
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    names = cast("Tree", under)
    changes = cast("Tree", over)
    made = {**names}
    for name, value in changes.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = _laid_over(names[name], value) if name in names else value
    return made


def write_site(given: Given, folder: Path) -> None:
    """The files of the site. JSON is YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "charter.yaml").write_text(
        json.dumps(_with_flows(charter_of(given)), indent=1, default=_digits) + "\n"
    )
    for name, rows in given.crosswalks.items():
        (folder / "crosswalks").mkdir(exist_ok=True)
        text = "\n".join(["system,theirs,ours", *rows])
        (folder / "crosswalks" / f"{name}.csv").write_text(f"{text}\n")


def _with_flows(tree: Tree) -> Tree:
    """Flows that the scenario's own objects ask for are there, so that nobody has to write them."""
    for document, rule in tree["objects"].items():
        if rule["owner"] == HUB_OWNER:  # what the hub makes, nobody tells
            for system in tree["systems"].values():
                system["in"] = [flow for flow in system.get("in", ()) if flow["document"] != document]
        for reader in _readers(rule):
            system = tree["systems"].get(reader)
            flows: list[Tree] = [] if system is None else system.setdefault("out", [])
            if system is not None and all(flow["document"] != document for flow in flows):
                flows.append({"document": document} if system["connector"] == "warehouse" else _out(document))
    stock: Tree = tree.get("stock") or {}
    channels: dict[str, Tree] = stock.get("channels") or {}
    for name, channel in channels.items():
        system = tree["systems"].get(name)
        if system is not None and channel.get("publish"):
            flows = system.setdefault("out", [])
            if all(flow["document"] != "stock_level" for flow in flows):
                flows.append(_out("stock_level"))
    return tree


def _readers(rule: Tree) -> Iterator[str]:
    for one in rule.get("readers", ()):
        yield one["system"] if isinstance(one, dict) else one


def _digits(value: object) -> float | int:
    assert isinstance(value, Decimal), f"{value!r} is nothing that a charter can say"
    return int(value) if value == value.to_integral_value() else float(value)
