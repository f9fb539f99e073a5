"""What a poll asks Tryton for, document by document: streams of changes, fields, what completes a record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.wire import Row, at

#: Reads records: model, domain, fields -> rows.
Search = Callable[[str, list[object], Sequence[str]], Awaitable[list[Row]]]
#: Adds to the records what their own fields cannot tell.
Complete = Callable[[list[Row], Search], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stream:
    """A model whose changes matter. `owner` is its field that names the record (None: it is the record)."""

    model: str
    owner: str | None = None
    domain: tuple[object, ...] = ()


async def _as_it_is(records: list[Row], search: Search) -> None:
    """Nothing is missing."""


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of record. A line written on its own does not touch its header, so lines have a stream too."""

    model: str
    streams: tuple[Stream, ...]
    fields: tuple[str, ...]
    domain: tuple[object, ...]  #: which records are documents
    open: tuple[object, ...] | None  #: which of them the first load brings; None: there is none
    complete: Complete = _as_it_is
    documents: tuple[
        str, ...
    ] = ()  #: what a record stands for, in this order; empty: the document of the poll


_BOTH = ["active", "in", [True, False]]  # without this they leave out what is inactive
_ADDRESS = (
    "party_name", "attn", "street", "postal_code", "city", "country.code", "subdivision.name",
)  # fmt: skip


def items(_: Settings) -> Source:
    """Products and kits with a code."""
    return Source(
        "product.product",
        (Stream("product.product", None, (_BOTH,)), Stream("product.template", "products", (_BOTH,))),
        (
            "code", "name", "active", "type", "lot_required", "weight", "weight_uom.symbol", "weight_uom.factor",
            "default_uom.symbol", "default_uom.factor", "default_uom.category", "identifiers.type", "identifiers.code",
            "description",
        ),
        (["code", "!=", None], ["type", "in", ["goods", "kit"]], _BOTH),
        (["active", "=", True],),
        _with_packs,
    )  # fmt: skip


def parties(_: Settings) -> Source:
    """Parties with their addresses."""
    return Source(
        "party.party",
        (Stream("party.party", None, (_BOTH,)), Stream("party.address", "party", (_BOTH,))),
        (
            "code",
            "name",
            "active",
            "lang.code",
            *(f"addresses.{name}" for name in (*_ADDRESS, "delivery", "invoice")),
        ),
        (["code", "!=", None], _BOTH),
        (["active", "=", True],),
    )


def sales(settings: Settings) -> Source:
    """Confirmed sales."""
    # What the hub itself entered, under its web shop, is somebody else's order.
    ours = (
        []
        if settings.web_shop is None
        else [["OR", ["web_shop", "=", None], ["web_shop.name", "!=", settings.web_shop]]]
    )
    return Source(
        "sale.sale",
        (Stream("sale.sale"), Stream("sale.line", "sale")),
        (
            "number", "reference", "sale_date", "shipping_date", "state", "comment", "party.code", "party.name",
            "carrier.party.code", "warehouse.code", "warehouse.name", "currency.code",
            *(f"shipment_address.{name}" for name in _ADDRESS),
            *(f"invoice_address.{name}" for name in _ADDRESS),
            "lines.type", "lines.quantity", "lines.unit_price", "lines.unit.symbol", "lines.product.code",
            "lines.product.type",
        ),
        (["state", "in", ["confirmed", "processing"]], *ours),
        (),
    )  # fmt: skip


#: Shipments that one confirmation makes are made within this time.
_TOGETHER = timedelta(minutes=1)
_RELEASE_FIELDS = (
    "number", "state", "create_date", "planned_date", "customer.code", "customer.name", "carrier.party.code",
    "warehouse.code", "warehouse.name", *(f"delivery_address.{name}" for name in _ADDRESS),
    "outgoing_moves.origin", "outgoing_moves.product.code", "outgoing_moves.quantity",
    "outgoing_moves.unit.symbol", "outgoing_moves.lot.number", "outgoing_moves.sale.number",
    "outgoing_moves.sale.web_id", "outgoing_moves.sale.web_shop.name", "outgoing_moves.sale.shipments",
    "outgoing_moves.sale.reference",
)  # fmt: skip


def releases(_: Settings) -> Source:
    """Shipments released to pick."""
    return Source(
        "stock.shipment.out",
        (
            Stream("stock.shipment.out"),
            Stream("stock.move", "shipment", (["shipment", "like", "stock.shipment.out,%"],)),
        ),
        _RELEASE_FIELDS,
        (["state", "in", ["waiting", "assigned"]],),
        (),
        _with_origins,
    )


def cancelled_releases(_: Settings) -> Source:
    """Released and cancelled between two polls: so the warehouse hears of both, in this order."""
    return Source(
        "stock.shipment.out",
        (Stream("stock.shipment.out", None, (["state", "=", "cancelled"],)),),
        _RELEASE_FIELDS,
        # Without a number it was never released; with an effective date the goods had left.
        (["state", "=", "cancelled"], ["number", "!=", None], ["effective_date", "=", None]),
        None,
        _with_origins,
        ("warehouse_order", "warehouse_order_cancel"),
    )


async def _with_packs(records: list[Row], search: Search) -> None:
    """Adds `packs`: the other units of the item's category, which are the whole company's."""
    categories = sorted({category for record in records if (category := at(record, "default_uom.category"))})
    if not categories:
        return
    units = await search("product.uom", [["category", "in", categories]], ("symbol", "factor", "category"))
    for record in records:
        base = record["default_uom."]
        record["packs"] = [
            {"symbol": unit["symbol"], "factor": unit["factor"]}
            for unit in units
            if unit["category"] == base["category"] and unit["symbol"] != base["symbol"]
        ]


async def _with_origins(records: list[Row], search: Search) -> None:
    """Adds `components` (kit component -> its order line) and `earlier` (shipments whose rest this may be)."""
    moves = [move for record in records for move in record["outgoing_moves."]]
    components = sorted({id_ for move in moves if (id_ := referred(move["origin"], "sale.line.component"))})
    lines: Mapping[int, int] = {}
    if components:
        found = await search("sale.line.component", [["id", "in", components]], ("line",))
        lines = {row["id"]: row["line"] for row in found}
    earlier = await _earlier_shipments(records, search)
    for record in records:
        mine = {
            id_
            for move in record["outgoing_moves."]
            if (id_ := referred(move["origin"], "sale.line.component"))
        }
        record["components"] = {str(id_): lines[id_] for id_ in sorted(mine & lines.keys())}
        made, own = record.pop("create_date", None), set(_origins(record["outgoing_moves."]))
        record["earlier"] = [
            {name: row[name] for name in ("id", "number", "origins")}
            # What shares a line tells it by that.
            | ({"rest": True} if not own.intersection(row["origins"]) and _is_rest(record, made, row) else {})
            for row in earlier
            if row["id"] in _siblings(record)
        ]


async def _earlier_shipments(records: list[Row], search: Search) -> list[dict[str, Any]]:
    ids = sorted({id_ for record in records for id_ in _siblings(record)})
    if not ids:
        return []
    gone: list[object] = [["id", "in", ids], ["state", "in", ["shipped", "done"]]]
    fields = ("number", "create_date", "planned_date", "warehouse.code", "outgoing_moves.origin")
    return [
        {**row, "origins": sorted(set(_origins(row["outgoing_moves."])))}
        for row in await search("stock.shipment.out", gone, fields)
    ]


def _is_rest(record: Row, made: object, earlier: Row) -> bool:
    """Whether a shipment is what an earlier one left: a line of which nothing left is only on the later one.

    Tryton puts what leaves a warehouse on one day into one shipment, and makes all of them when the sale is confirmed:
    another one of that day, or one that was made later, is a rest.
    """
    one_place = at(record, "warehouse.code") == at(earlier, "warehouse.code")
    one_day = record["planned_date"] == earlier["planned_date"]
    before = earlier["create_date"]
    later = isinstance(made, datetime) and isinstance(before, datetime) and made - before > _TOGETHER
    return one_place and (one_day or later)


def _origins(moves: Sequence[Row]) -> list[str]:
    return [move["origin"] for move in moves if move["origin"]]


def _siblings(record: Row) -> set[int]:
    """Shipments of the same sales that are older than this one."""
    found = {id_ for move in record["outgoing_moves."] for id_ in at(move, "sale.shipments") or ()}
    return {id_ for id_ in found if id_ < record["id"]}


def referred(reference: object, model: str) -> int | None:
    """The record id in a reference such as `sale.line,7`, when it is of that model."""
    name, _, id_ = str(reference or "").partition(",")
    return int(id_) if name == model and id_.isdigit() else None
