"""One item: what may be promised of it, who believes what, and what it is set aside for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response

from crossdock.access.roles import Scope
from crossdock.console.clock import ms_of
from crossdock.console.gate import Visit, not_found
from crossdock.console.paper import query
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.pipeline.stockkeeping.shown import shown

Tree = Mapping[str, Any]
_SKU_MAX = 60


async def page(visit: Visit) -> Response:
    """The page of one item, as far as whoever asks may see."""
    sku = visit.request.path_params["sku"]
    room = visit.shown.hub.context.stock
    if room is None:  # the list has all there is
        return visit.to(f"/stock{query(q=sku)}")
    found = await shown(visit.shown.hub.journal, room, sku, visit.shown.now_ms)
    item = None if found is None else _seen(found, visit.scope)
    if item is None:
        return not_found(visit, say("item.none", sku=sku[:_SKU_MAX]), say("item.none_fix"))
    if visit.asked("as") == "csv":
        return _csv(item)
    ages = [at_ms for site in item["sites"] if (at_ms := ms_of(site["as_of"])) is not None]
    return visit.page(
        "stock_item.html", item=item, says=_says(item), oldest=min(ages) if ages else None, ms_of=ms_of, plain=plain,
        sums={name: sum(site[name] for site in item["sites"]) for name in ("promisable", "reserved", "buffer")},
    )  # fmt: skip


def _seen(found: Tree, scope: Scope) -> Tree | None:
    """What is within somebody's scope; None: nothing is."""
    sites = [one for one in found["sites"] if scope.has(one["system"]) and scope.at(one["site"])]
    told = [one for one in found["beliefs"] if scope.has(one["system"]) and scope.at(one["site"])]
    channels = [one for one in found["channels"] if scope.has(one["channel"])]
    whole = scope.everything and not scope.sites
    if not (whole or sites or told):
        return None
    held = [
        one for one in found["reservations"] if whole or (scope.has(one["channel"]) and scope.at(one["site"]))
    ]
    available = found["available"] if whole else sum(site["available"] for site in sites)
    return {
        **found, "sites": sites, "beliefs": told, "channels": channels if not scope.sites else [],
        "reservations": held, "available": available,
    }  # fmt: skip


def _says(item: Tree) -> str:
    if not item["sites"] and not item["kit"]:
        return say("item.says_bare", sku=item["sku"])
    if item["available"] <= 0:
        return say("item.says_none", sku=item["sku"])
    return say("item.says", sku=item["sku"], available=plain(item["available"]), unit=item["unit"])


def plain(amount: float) -> str:
    """`12` or `1.5`: no trailing zeros, digits in threes."""
    text = f"{amount:,.6f}".rstrip("0").rstrip(".")
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}")


def _csv(item: Tree) -> Response:
    head = (
        "site",
        "system",
        "status",
        "lot",
        "good until",
        "owner",
        "quantity",
        "unit",
        "promisable",
        "since (UTC)",
    )
    rows: Iterable[Tree] = item["beliefs"]
    return as_csv(f"stock-{item['sku']}", head, (
        (row["site"], row["system"], row["status"], row["lot"], row["expires_on"], row["owner"], row["quantity"],
         row["unit"], row["counted"], row["at"])
        for row in rows
    ))  # fmt: skip
