"""What buyers and clerks for returns do in the ERP, and what its books say of goods afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from demo.tryton.day import today
from demo.tryton.rpc import Erp


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase to be made: supplier code, and (sku, pieces) lines."""

    supplier: str
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Came:
    """So much of an item that was booked in, and the name of where it was put away."""

    sku: str
    quantity: Decimal
    lot: str | None
    place: str
    reference: str | None  #: of the shipment it came with


@dataclass(frozen=True, slots=True)
class PurchaseRecord:
    """A purchase in the ERP's books."""

    id: int
    number: str
    state: str
    shipment_state: str
    lines: tuple[tuple[int, str, Decimal], ...]  #: line, sku, quantity
    came: tuple[Came, ...]


def open_purchase(erp: Erp, bought: Bought) -> PurchaseRecord:
    """Creates the purchase, quotes and confirms it, so that goods are expected."""
    (party,) = erp.rows("party.party", [["code", "=", bought.supplier]], ["addresses"])
    products = {row["code"]: row for row in erp.rows("product.product", [], ["code", "purchase_uom"])}
    lines = [
        {
            "type": "line", "product": products[sku]["id"], "unit": products[sku]["purchase_uom"],
            "quantity": float(quantity), "unit_price": Decimal("3.00"),
        }
        for sku, quantity in bought.lines
    ]  # fmt: skip
    values = {
        "party": party["id"], "company": erp.context["company"], "invoice_address": party["addresses"][0],
        "currency": erp.first_id("currency.currency", [["code", "=", "EUR"]]), "purchase_date": today(),
        "warehouse": erp.first_id("stock.location", [["type", "=", "warehouse"]]), "invoice_method": "manual",
        "lines": [["create", lines]],
    }  # fmt: skip
    ids = erp("purchase.purchase.create", [values])
    erp("purchase.purchase.quote", ids)
    erp("purchase.purchase.confirm", ids)
    return purchase(erp, ids[0])


def purchase(erp: Erp, id_: int) -> PurchaseRecord:
    """What the ERP holds of a purchase and of what came for it."""
    fields = ["number", "state", "shipment_state", "lines.product.code", "lines.quantity", "shipments"]
    (row,) = erp.rows("purchase.purchase", [["id", "=", id_]], fields)
    return PurchaseRecord(
        row["id"], row["number"], row["state"], row["shipment_state"],
        tuple((one["id"], one["product."]["code"], _exact(one["quantity"])) for one in row["lines."]),
        _came(erp, "stock.shipment.in", row["shipments"]),
    )  # fmt: skip


def return_purchase(erp: Erp, id_: int) -> str:
    """Enters the return of all of a purchase and gives the number of the return shipment to its supplier."""
    about = {"active_model": "purchase.purchase", "active_id": id_, "active_ids": [id_]}
    session, _, _ = erp("wizard.purchase.return_purchase.create", **about)
    erp("wizard.purchase.return_purchase.execute", session, {}, "return_", **about)
    ids = erp("purchase.purchase.search", [["origin", "=", f"purchase.purchase,{id_}"]], 0, None, None)
    erp("purchase.purchase.quote", ids)
    erp("purchase.purchase.confirm", ids)
    (row,) = erp.rows("purchase.purchase", [["id", "=", ids[-1]]], ["shipment_returns.number"])
    return row["shipment_returns."][0]["number"]


def return_sale(erp: Erp, sale: int, wanted: dict[str, int]) -> str:
    """Enters the return of a part of a sale and gives the number of the return shipment that waits for it."""
    about = {"active_model": "sale.sale", "active_id": sale, "active_ids": [sale]}
    session, _, _ = erp("wizard.sale.return_sale.create", **about)
    erp("wizard.sale.return_sale.execute", session, {}, "return_", **about)
    made = erp.rows("sale.sale", [["origin", "=", f"sale.sale,{sale}"]], ["lines.product.code"])[-1]
    changes: list[list[Any]] = []
    for line in made["lines."]:
        quantity = wanted.get((line["product."] or {"code": ""})["code"])
        changes.append(
            ["write", [line["id"]], {"quantity": -float(quantity)}] if quantity else ["delete", [line["id"]]]
        )
    erp("sale.sale.write", [made["id"]], {"lines": changes})
    erp("sale.sale.quote", [made["id"]])
    erp("sale.sale.confirm", [made["id"]])
    (row,) = erp.rows("sale.sale", [["id", "=", made["id"]]], ["shipment_returns.number"])
    return row["shipment_returns."][0]["number"]


def returned(erp: Erp, number: str) -> tuple[str, tuple[Came, ...]]:
    """State of a return shipment, and what came with it."""
    (row,) = erp.rows("stock.shipment.out.return", [["number", "=", number]], ["state"])
    return row["state"], _came(erp, "stock.shipment.out.return", [row["id"]])


def in_stock(erp: Erp, sku: str, place: str = "STO") -> Decimal:
    """How much of an item lies at a place by the ERP's books, in base units."""
    where = erp.first_id("stock.location", [["code", "=", place]])
    (row,) = erp(
        "product.product.search_read", [["code", "=", sku]], 0, 1, None, ["quantity"],
        locations=[where], stock_date_end=today(), with_childs=True,
    )  # fmt: skip
    return _exact(row["quantity"])


def _came(erp: Erp, model: str, ids: Sequence[int]) -> tuple[Came, ...]:
    moves = [
        f"inventory_moves.{name}"
        for name in ("product.code", "quantity", "lot.number", "to_location.name", "state")
    ]
    rows = erp.rows(model, [["id", "in", list(ids)]], ["reference", *moves])
    return tuple(
        Came(
            move["product."]["code"], _exact(move["quantity"]), (move["lot."] or {}).get("number"),
            move["to_location."]["name"], row["reference"],
        )
        for row in rows
        for move in sorted(row["inventory_moves."], key=lambda move: move["id"])
        if move["state"] == "done" and move["quantity"]
    )  # fmt: skip


def _exact(quantity: float) -> Decimal:
    return Decimal(int(quantity)) if float(quantity).is_integer() else Decimal(repr(quantity))
