"""What stands at the end of a scenario: orders, stock, money, what each system was told, incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from crossdock.journal.sql import incidents, views
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.reads import Reads
from crossdock.journal.sql.trace import trace
from crossdock.pipeline.knowledge import Knowledge
from crossdock.pipeline.lives import Lives
from crossdock.pipeline.stockkeeping.shown import stock_of
from crossdock.pipeline.truth import states_of, word_of
from crossdock.scenario.script import Tree
from crossdock.scenario.stage import Stage
from crossdock.twins.office import Office
from crossdock.twins.warehouse.warehouse import Warehouse

__all__ = ["INCIDENT_FIELDS", "seen"]

_ORDERS = "SELECT DISTINCT number FROM messages WHERE document = 'sales_order' ORDER BY 1"
#: What may be asked of an incident.
INCIDENT_FIELDS = (
    "type",
    "system",
    "object",
    "number",
    "path",
    "value",
    "owner",
    "severity",
    "members",
    "says",
    "fix",
    "reason",
)


async def seen(stage: Stage) -> Tree:
    """Everything that an expectation may ask for, in the form in which it is written."""
    numbers = await stage.view(
        lambda c: [
            row[0]
            for row in c.execute(
                "SELECT DISTINCT number FROM messages WHERE document = 'sales_order' ORDER BY 1"
            ).fetchall()
        ]
    )
    orders = {str(number): await _order(stage, str(number)) for number in numbers}
    cast = stage.cast
    stock: dict[str, Any] = {name: _stock(twin) for name, twin in cast.twins.items()}
    stock["hub"] = await _hub_stock(stage)
    return {
        "orders": orders,
        "stock": {name: figures for name, figures in stock.items() if figures is not None},
        "money": {
            name: money for name, twin in cast.twins.items()
            if isinstance(twin, Office) and (money := twin.figures().get("money")) is not None
        },
        "told": {name: cast.told(name) for name in cast.twins},
        "incidents": await _incidents(stage, "open"),
        "ended": await _incidents(stage, "resolved"),
        "refused": {name: list(stage.refused.get(name, ())) for name in cast.twins},
        "counts": await stage.view(lambda c: views.conservation(c, at_ms=stage.clock.now_ms())),
    }  # fmt: skip


async def _order(stage: Stage, number: str) -> Tree:
    told: Any = await stage.view(lambda c: trace(c, "sales_order", number, life=_states(stage)))
    if not isinstance(told, dict):
        return {}
    told = cast("Tree", told)
    states: Tree = dict(told.get("lifecycle") or {})
    lines = {str(line["line"]): line for line in states.pop("lines", ())}
    return {**states, "lines": lines, "document": told["state"], "waits_for": told.get("waits_for")}


def _states(stage: Stage) -> Callable[[Connection, int], Tree]:
    """Every table of an order, and the order in one word."""

    def states(connection: Connection, root: int) -> Tree:
        reads = Reads(connection)
        reads.scope = stage.hub.journal.scope
        life, _ = Lives(stage.hub.charter, Knowledge(reads), reads).life(root)
        return {"state": word_of(life), **states_of(life)}

    return states


def _stock(twin: Office | Warehouse) -> Tree | None:
    """`SITE SKU` to figures by state; a shop's by SKU alone."""
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    if isinstance(twin, Warehouse):
        for level in twin.stock.levels.values():
            place = f"{level.site} {level.sku}"
            for name in (place, f"{place} {level.lot}") if level.lot else (place,):
                found[name][level.status] += level.quantity
    else:
        rows: list[Tree] | None = twin.figures().get("stock")
        if rows is None:
            return None
        for row in rows:
            if "site" not in row:
                found[row["sku"]]["available"] = row["quantity"]
            else:
                found[f"{row['site']} {row['sku']}"][row["status"]] += row["quantity"]
    return {place: dict(states) for place, states in sorted(found.items())}


async def _hub_stock(stage: Stage) -> Tree | None:
    room = stage.hub.context.stock
    if room is None:
        return None
    room.kits.refresh()
    skus = await stage.view(
        lambda c: [
            row[0] for row in c.execute("SELECT DISTINCT sku FROM stock_beliefs ORDER BY 1").fetchall()
        ]
    )
    found: Tree = {}
    now_ms = stage.clock.now_ms()
    for sku in [*skus, *room.kits.kits]:
        told: Any = await stage.view(
            lambda c, sku=sku: stock_of(c, sku, room.policy, room.kits.kits, {}, now_ms)
        )
        sites: list[Tree] = told["sites"] if told else []
        for site in sites:
            found[f"{site['site']} {sku}"] = {
                "available": site["available"], "set_aside": site["reserved"], "on_hand": site["promisable"],
            }  # fmt: skip
        if told is not None:
            found[sku] = {"available": told["available"]}
    return found


async def _incidents(stage: Stage, state: str) -> list[Tree]:
    found = await stage.view(lambda c: incidents.incidents(c, incidents.Filter(state)))
    return [
        {name: one[name] for name in INCIDENT_FIELDS if one.get(name) is not None} for one in found["items"]
    ]
