"""Purchases and returns of Tryton as documents: what is asked for, and what it says in our words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crossdock.connectors.tryton.reading.sources import Search, Source, Stream, referred
from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.units import Units
from crossdock.connectors.tryton.wire import Row, at, exact, moment
from crossdock.kit.connector import Tree

_MOVE = ("origin", "state", "quantity", "product.code", "unit.symbol", "lot.number")


def purchases(_: Settings) -> Source:
    """Purchases that are confirmed and not yet complete."""
    return Source(
        "purchase.purchase",
        (Stream("purchase.purchase"), Stream("purchase.line", "purchase")),
        (
            "number", "reference", "state", "purchase_date", "delivery_date", "comment", "party.code", "party.name",
            "warehouse.code", "warehouse.name", "currency.code", "lines.type", "lines.quantity", "lines.unit_price",
            "lines.unit.symbol", "lines.product.code", "lines.product.type", "lines.delivery_date",
        ),
        (["state", "in", ["confirmed", "processing"]],),
        (),
    )  # fmt: skip


def returns(_: Settings) -> Source:
    """Return shipments that wait for goods from a customer."""
    return Source(
        "stock.shipment.out.return",
        (
            Stream("stock.shipment.out.return"),
            Stream("stock.move", "shipment", (["shipment", "like", "stock.shipment.out.return,%"],)),
        ),
        (
            "number", "state", "planned_date", "customer.code", "customer.name", "warehouse.code", "warehouse.name",
            *(f"incoming_moves.{name}" for name in (*_MOVE, "sale.origin", "sale.comment")),
        ),
        (["state", "=", "draft"], ["number", "!=", None]),
        (),
        _with_sales,
    )  # fmt: skip


def vendor_returns(_: Settings) -> Source:
    """Return shipments that wait to go back to a supplier."""
    return Source(
        "stock.shipment.in.return",
        (
            Stream("stock.shipment.in.return"),
            Stream("stock.move", "shipment", (["shipment", "like", "stock.shipment.in.return,%"],)),
        ),
        (
            "number", "state", "supplier.code", "supplier.name", "warehouse.code", "warehouse.name",
            *(f"moves.{name}" for name in (*_MOVE, "purchase.origin", "purchase.comment")),
        ),
        (["state", "in", ["waiting", "assigned"]],),
        (),
        _with_purchases,
    )  # fmt: skip


async def _with_sales(records: list[Row], search: Search) -> None:
    """Adds `returned` (the sale whose goods come back) and `begun` (moves of the same lines that came before)."""
    await _with_origins(records, search, "incoming_moves.", "sale")
    lines = sorted(
        {str(move["origin"]) for record in records for move in record["incoming_moves."] if move["origin"]}
    )
    done: list[object] = [["origin", "in", lines], ["state", "=", "done"]]
    before = {row["origin"] for row in await search("stock.move", done, ("origin",))} if lines else set[str]()
    for record in records:
        record["begun"] = sorted(before & {str(move["origin"]) for move in record["incoming_moves."]})


async def _with_purchases(records: list[Row], search: Search) -> None:
    await _with_origins(records, search, "moves.", "purchase")


async def _with_origins(records: list[Row], search: Search, moves: str, kind: str) -> None:
    model = f"{kind}.{kind}"
    ids = {
        id_
        for record in records
        for move in record[moves]
        if (id_ := referred(at(move, f"{kind}.origin"), model)) is not None
    }
    fields = ("number", "web_id", "web_shop.name") if kind == "sale" else ("number",)
    found = (
        {row["id"]: row for row in await search(model, [["id", "in", sorted(ids)]], fields)} if ids else {}
    )
    for record in records:
        known = (referred(at(move, f"{kind}.origin"), model) for move in record[moves])
        record["returned"] = next((found[id_] for id_ in known if id_ in found), None)


class GoodsReader:
    """Trees of purchases and returns; `site` gives our code of a warehouse."""

    def __init__(self, settings: Settings, units: Units, site: Callable[[Row], str | None]) -> None:
        self._settings = settings
        self._units = units
        self._site = site

    def purchase_order(self, record: Row) -> Tree | None:
        """A purchase; None for services and returns."""
        lines = [
            _said(
                line=row["id"], sku=at(row, "product.code"), quantity=exact(row["quantity"]),
                unit=self._units.ours(at(row, "unit.symbol"), f"lines[{n}].unit"), price=row["unit_price"],
                currency=at(record, "currency.code"), requested_at=moment(row["delivery_date"]),
            )
            for n, row in enumerate(record["lines."])
            if row["type"] == "line" and at(row, "product.code") is not None and at(row, "product.type") != "service"
            and exact(row["quantity"] or 0) > 0
        ]  # fmt: skip
        if not lines:
            return None
        return _said(
            number=record["number"], placed_at=moment(record["purchase_date"]), site=self._site(record),
            supplier=_said(id=at(record, "party.code"), name=at(record, "party.name")),
            expected_at=moment(record["delivery_date"]), notes=record["comment"], lines=lines,
        )  # fmt: skip

    def return_authorisation(self, record: Row) -> Tree | None:
        """The leave to send goods back; None for the rest of one that came in part, which is no new leave."""
        lines = self._lines(record["incoming_moves."], "sale.line")
        if not lines or record["begun"]:
            return None
        customer = _said(id=at(record, "customer.code"), name=at(record, "customer.name"))
        return _said(
            number=record["number"], order=self._order(record["returned"]), site=self._site(record),
            customer=customer, lines=lines,
        )  # fmt: skip

    def return_to_vendor(self, record: Row) -> Tree | None:
        """Goods that go back to their supplier."""
        lines = self._lines(record["moves."], "purchase.line")
        if not lines:
            return None
        supplier = _said(id=at(record, "supplier.code"), name=at(record, "supplier.name"))
        return _said(
            number=record["number"], purchase_order=at(record["returned"], "number"), site=self._site(record),
            supplier=supplier, lines=lines,
        )  # fmt: skip

    def _lines(self, moves: Sequence[Row], model: str) -> list[Tree]:
        """One line per line of the sale or purchase; moves that were split are one line again."""
        merged: dict[str, Tree] = {}
        for n, move in enumerate(sorted(moves, key=lambda move: move["id"])):
            line = referred(move["origin"], model)
            if not move["quantity"] or move["state"] == "cancelled":
                continue
            name = str(line) if line is not None else f"m{move['id']}"
            unit = self._units.ours(at(move, "unit.symbol"), f"lines[{n}].unit")
            quantity: Any = exact(move["quantity"])
            if name in merged and merged[name]["unit"] == unit:
                merged[name]["quantity"] = exact(merged[name]["quantity"] + quantity)
                continue
            name = f"{name}:{unit}" if name in merged else name
            merged[name] = _said(
                line=name, order_line=line, sku=at(move, "product.code"), quantity=quantity, unit=unit,
                lot=at(move, "lot.number"),
            )  # fmt: skip
        return list(merged.values())

    def _order(self, sale: Row | None) -> str | None:
        """The order's number where it began: our web shop's id for what the hub entered."""
        if sale is None:
            return None
        if self._settings.web_shop and at(sale, "web_shop.name") == self._settings.web_shop:
            return sale["web_id"]
        return sale["number"]


def _said(**values: object) -> Tree:
    """A tree of what is known: nothing stands for nothing."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", {})}
