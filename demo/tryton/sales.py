"""What clerks do in the ERP, and what its books say afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from demo.tryton import seed
from demo.tryton.day import today
from demo.tryton.rpc import Erp

T = TypeVar("T")

BATCH = 20  # a create call of 100 sales overflows SQLite's parser; one call for 20 is ten times faster than 20 calls


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sale to be made: customer code, and (sku, quantity) lines in the unit each item is sold in."""

    customer: str
    lines: tuple[tuple[str, int], ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class MoveRecord:
    """So much of one item that goes, or went, to the customer; `line` is named as in the release."""

    line: str
    sku: str
    quantity: Decimal
    unit: str
    lot: str | None
    tracking: str | None


@dataclass(frozen=True, slots=True)
class ShipmentRecord:
    """A shipment in the ERP's books."""

    id: int
    number: str | None
    state: str
    reference: str | None
    tracking: str | None
    packages: tuple[str, ...]
    moves: tuple[MoveRecord, ...]


@dataclass(frozen=True, slots=True)
class SaleRecord:
    """A sale in the ERP's books, with all its shipments, oldest first."""

    id: int
    number: str
    state: str
    shipment_state: str
    lines: tuple[tuple[int, str, Decimal, str], ...]  #: line, sku, quantity, unit
    shipments: tuple[ShipmentRecord, ...]


def mixed_sales(count: int, random_seed: int = 1) -> list[Wanted]:
    """Sales of one to four lines over all customers and items; the same seed gives the same sales."""
    dice = random.Random(random_seed)
    skus = [product.sku for product in seed.PRODUCTS]
    return [
        Wanted(
            seed.CUSTOMERS[index % len(seed.CUSTOMERS)][0],
            tuple((sku, dice.randint(1, 12)) for sku in dice.sample(skus, dice.randint(1, 4))),
        )
        for index in range(count)
    ]


def open_sales(erp: Erp, wanted: Sequence[Wanted]) -> list[int]:
    """Creates the sales, quotes and confirms them, so that the ERP releases them; gives their ids."""
    desk = _Desk(erp)
    made: list[int] = []
    for batch in _batches(wanted):
        ids = erp("sale.sale.create", [desk.sale(one) for one in batch])
        erp("sale.sale.quote", ids)
        erp("sale.sale.confirm", ids)
        made += ids
    return made


def cancel_releases(erp: Erp, sales: Sequence[int]) -> list[str]:
    """Cancels the open shipments of these sales and gives their numbers."""
    open_ = erp.rows(
        "stock.shipment.out",
        [["id", "in", _shipment_ids(erp, sales)], ["state", "in", ["waiting", "assigned"]]],
        ["number"],
    )
    erp("stock.shipment.out.cancel", [row["id"] for row in open_])
    return [row["number"] for row in open_]


def books(erp: Erp, sales: Sequence[int]) -> list[SaleRecord]:
    """What the ERP itself holds of these sales."""
    fields = [
        "number", "state", "shipment_state", "shipments", "lines.product.code", "lines.quantity", "lines.unit.symbol",
        "lines.components", "lines.type",
    ]  # fmt: skip
    found = [
        row for batch in _batches(sales) for row in erp.rows("sale.sale", [["id", "in", list(batch)]], fields)
    ]
    parts = {part: line["id"] for sale in found for line in sale["lines."] for part in line["components"]}
    shipments = _shipments(erp, [id_ for sale in found for id_ in sale["shipments"]], parts)
    return [
        SaleRecord(
            sale["id"], sale["number"], sale["state"], sale["shipment_state"],
            tuple(
                (line["id"], line["product."]["code"], _exact(line["quantity"]), line["unit."]["symbol"])
                for line in sale["lines."]
                if line["type"] == "line"
            ),
            tuple(shipments[id_] for id_ in sorted(sale["shipments"])),
        )
        for sale in sorted(found, key=lambda sale: sale["id"])
    ]  # fmt: skip


class _Desk:
    """The ids that every sale refers to."""

    def __init__(self, erp: Erp) -> None:
        self._products = {
            row["code"]: row
            for row in erp.rows("product.product", [], ["code", "sale_uom", "template.list_price"])
        }
        self._parties = {row["code"]: row for row in erp.rows("party.party", [], ["code", "addresses"])}
        self._shared = {
            "company": erp.context["company"],
            "currency": erp.first_id("currency.currency", [["code", "=", "EUR"]]),
            "warehouse": erp.first_id("stock.location", [["type", "=", "warehouse"]]),
            "carrier": erp.first_id("carrier", []),
            "sale_date": today(),
            "invoice_method": "manual",
            "shipment_method": "order",
            "shipment_cost_method": None,
        }

    def sale(self, wanted: Wanted) -> dict[str, Any]:
        """The values of one sale."""
        party = self._parties[wanted.customer]
        address = party["addresses"][0]
        lines = [self._line(sku, quantity) for sku, quantity in wanted.lines]
        return {
            **self._shared, "party": party["id"], "invoice_address": address, "shipment_address": address,
            "reference": wanted.reference or None, "lines": [["create", lines]],
        }  # fmt: skip

    def _line(self, sku: str, quantity: int) -> dict[str, Any]:
        product = self._products[sku]
        return {
            "type": "line", "product": product["id"], "unit": product["sale_uom"], "quantity": float(quantity),
            "unit_price": product["template."]["list_price"],
        }  # fmt: skip


def _shipment_ids(erp: Erp, sales: Sequence[int]) -> list[int]:
    return [id_ for row in erp("sale.sale.read", list(sales), ["shipments"]) for id_ in row["shipments"]]


def _shipments(erp: Erp, ids: Sequence[int], parts: dict[int, int]) -> dict[int, ShipmentRecord]:
    moves = [f"outgoing_moves.{name}" for name in (
        "origin", "product.code", "quantity", "unit.symbol", "lot.number", "package.shipping_reference", "state",
    )]  # fmt: skip
    fields = ["number", "state", "reference", "shipping_reference", "packages.shipping_reference", *moves]
    found: dict[int, ShipmentRecord] = {}
    for batch in _batches(ids):
        for row in erp.rows("stock.shipment.out", [["id", "in", list(batch)]], fields):
            found[row["id"]] = ShipmentRecord(
                row["id"], row["number"], row["state"], row["reference"], row["shipping_reference"],
                tuple(package["shipping_reference"] or "" for package in row["packages."]),
                tuple(_move(move, parts) for move in row["outgoing_moves."] if move["quantity"]),
            )  # fmt: skip
    return found


def _move(row: dict[str, Any], parts: dict[int, int]) -> MoveRecord:
    model, _, id_ = (row["origin"] or "").partition(",")
    line = f"{parts[int(id_)]}.{id_}" if model == "sale.line.component" else id_
    return MoveRecord(
        line, row["product."]["code"], _exact(row["quantity"]), row["unit."]["symbol"],
        row["lot."]["number"] if row["lot."] else None,
        row["package."]["shipping_reference"] if row["package."] else None,
    )  # fmt: skip


def _exact(quantity: float) -> Decimal:
    return Decimal(int(quantity)) if quantity.is_integer() else Decimal(repr(quantity))


def _batches(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]
