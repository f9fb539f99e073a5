"""What was shipped or charged in another unit than ordered: converted exactly, or kept back with both sides."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crossdock.connectors.edi.line_ledger import line_ledger
from crossdock.connectors.edi.writer import EdiWriter
from crossdock.faults import Invalid
from crossdock.kit.connector import Ask, Job
from crossdock.model.documents.item import Item, Pack
from crossdock.model.quantity import Quantity
from tests.connectors.edi.documents import shipment
from tests.connectors.edi.test_sets_and_documents import KNOWN, findings, profile, tools

ITEM = Item(sku="PT-100", unit="EA", packs=(Pack(unit="CA", factor=12),))


def convert(amount: Decimal, unit: str, wanted: str, sku: str) -> Decimal:
    """By the packs of one item; nothing is known of the others."""
    if sku != "PT-100":
        raise Invalid(f"the item master does not know {sku}", type="unknown_sku")
    return Decimal(ITEM.convert(Quantity.of(amount, unit), wanted).number())


def written(set_id: str, document: str, tree: dict[str, Any], *, items: bool = True) -> str:
    """The set as it would leave, on one line."""
    partner = profile((set_id,), "out")
    lent = tools(partner, KNOWN)
    writer = EdiWriter(document, partner, replace(lent, convert=convert) if items else lent)
    ask = writer.step(Job(document, tree, str(tree["number"]), "t1.1"), ())
    assert isinstance(ask, Ask)
    body = ask.body.decode()
    assert findings(body) == []
    return body.replace("\n", "")


def gone(quantity: int, unit: str, packed: str = "CA", **more: Any) -> dict[str, Any]:
    """A notice of the first line of the order, which is for 48 EA."""
    line = {"line": 1, "order_line": "1", "sku": "PT-100", "quantity": quantity, "unit": unit, **more}
    inside = {"line": 1, "sku": "PT-100", "quantity": 4 if packed == "CA" else 48, "unit": packed}
    return shipment(lines=[line], packages=[{"sscc": "000001234567890135", "lines": [inside]}])


def test_cases_leave_as_the_pieces_that_were_ordered() -> None:
    notice = written("856", "shipment", gone(4, "CA", ordered=4))
    assert "SN1*1*48*EA**48*EA~" in notice
    assert "W12*CC*48*48*0*EA**UP*" in written(
        "945", "shipment", gone(4, "CA", ordered=4, warehouse_order="PO-884120")
    )


def test_pieces_in_a_package_of_a_line_in_cases_are_compared_in_the_ordered_unit() -> None:
    assert "SN1*1*48*EA**48*EA~" in written("856", "shipment", gone(4, "CA", packed="EA", ordered=4))


@pytest.mark.parametrize("items", [True, False], ids=["another item", "no items"])
def test_a_unit_without_a_factor_goes_to_the_desk_with_both_sides(items: bool) -> None:
    line = {"line": 2, "order_line": "2", "sku": "PT-210", "quantity": 60, "unit": "EA"}
    with pytest.raises(Invalid) as caught:
        written("856", "shipment", shipment(lines=[line], packages=[]), items=items)
    fault = caught.value
    assert (fault.type, fault.path, fault.value) == ("unknown_unit", "lines[0].unit", "PT-210 EA")
    assert fault.says.startswith("line 2: 60 EA of PT-210 are told, 10 CA were ordered, and ")
    assert "CA" in fault.fix


def test_too_many_cases_are_too_many_pieces() -> None:
    with pytest.raises(Invalid, match="60 EA shipped on line 1, 48 ordered"):
        written("856", "shipment", {**gone(5, "CA"), "packages": []})


def bill(quantity: int, unit: str, price: str) -> dict[str, Any]:
    """A bill for the first line, which was ordered at 12.75 each."""
    line = {"line": "1", "sku": "PT-100", "quantity": quantity, "unit": unit, "price": Decimal(price)}
    return {
        "number": "INV-1", "order": "PO-884120", "currency": "USD", "invoiced_on": "2026-03-19", "lines": [line],
    }  # fmt: skip


def test_a_bill_for_cases_charges_the_pieces_at_their_price() -> None:
    assert "IT1*1*48*EA*12.75**" in written("810", "invoice", bill(4, "CA", "153"))
    with pytest.raises(Invalid, match=r"charged at 12\.5, ordered at 12\.75"):
        written("810", "invoice", bill(4, "CA", "150"))
    with pytest.raises(Invalid, match="no exact price"):
        written("810", "invoice", bill(4, "CA", "100"))


def test_the_ledger_adds_up_cases_and_pieces() -> None:
    order = {"lines": [{"line": "1", "sku": "PT-100", "unit": "EA", "quantity": 48}]}
    told = [
        {"number": "S-1", "lines": [{"line": "1", "sku": "PT-100", "quantity": 2, "unit": "CA"}]},
        {"number": "S-2", "lines": [{"line": "1", "sku": "PT-100", "quantity": 24, "unit": "EA"}]},
    ]
    assert line_ledger(order, told, convert=convert)["1"].shipped == 48
    blind = line_ledger(order, told)["1"]
    assert (blind.shipped, blind.otherwise) == (24, [("S-1", Decimal(2), "CA")])
