"""Goods that came in, came back or were counted: the warehouse's records held against the ERP's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from demo.tryton.goods import Came, in_stock, purchase, returned
from demo.tryton.rpc import Erp

#: State in the warehouse or what becomes of goods -> where they lie in the ERP.
_PLACES = {"scrap": "Scrap", "available": "Storage Zone", "damaged": "Quarantine", "quality": "Quarantine"}

#: Item, lot, and where it lies in the ERP.
Slot = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """So much of one item on one document, on both sides, in pieces."""

    what: str
    document: str
    record: str  #: the warehouse's number of it
    sku: str
    lot: str
    place: str
    there: Decimal
    here: Decimal

    @property
    def agrees(self) -> bool:
        """Whether both sides say the same."""
        return self.there == self.here


@dataclass(frozen=True, slots=True)
class GoodsRecords:
    """Both sides of all that came in, came back and was counted."""

    rows: tuple[GoodsRow, ...] = ()
    purchase_state: str = ""  #: how far the purchase is by the ERP's own books

    @property
    def fine(self) -> bool:
        """Whether every row agrees, and the purchase that was short is closed."""
        return all(row.agrees for row in self.rows) and self.purchase_state in ("", "received")


def goods_records(erp: Erp, warehouse: Mapping[str, Any], bought: int, back: str | None) -> GoodsRecords:
    """Reads the ERP's books and holds them against what the warehouse knows."""
    record = purchase(erp, bought)
    tasks = {task["number"]: task for task in warehouse["receiving"]}
    rows = list(_rows("purchase", record.number, tasks[record.number]["receipts"], record.came))
    if back is not None:
        rows += _rows("return", back, tasks[back]["receipts"], returned(erp, back)[1])
    for count in warehouse["counts"]:
        for line in count["lines"]:
            there = Decimal(str(line["counted"]))
            here = in_stock(erp, line["sku"])
            rows.append(
                GoodsRow("count", "all of it", count["number"], line["sku"], "", "Storage Zone", there, here)
            )
    return GoodsRecords(tuple(rows), record.shipment_state)


def _rows(
    what: str, document: str, receipts: Sequence[Mapping[str, Any]], came: Sequence[Came]
) -> Iterator[GoodsRow]:
    here: dict[str, Counter[Slot]] = {}
    for one in came:
        slot = (one.sku, one.lot or "", one.place)
        here.setdefault(one.reference or "", Counter())[slot] += int(one.quantity)
    for receipt in receipts:
        there: Counter[Slot] = Counter()
        for line in receipt["lines"]:
            status = str(line["status"])
            place = _PLACES.get(str(line.get("outcome"))) or _PLACES.get(status) or status
            there[line["sku"], line.get("lot") or "", place] += int(line["quantity"])
        booked = here.pop(receipt["number"], Counter[Slot]())
        for slot in sorted({*there, *booked}):
            yield GoodsRow(
                what, document, receipt["number"], *slot, Decimal(there[slot]), Decimal(booked[slot])
            )
    for reference, slots in here.items():
        for slot, pieces in slots.items():
            yield GoodsRow(what, document, reference, *slot, Decimal(0), Decimal(pieces))
