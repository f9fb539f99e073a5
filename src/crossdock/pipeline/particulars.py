"""What the charter asks of a document beside its form: addresses by their country's rules, a price on each line."""

from __future__ import annotations

from collections.abc import Callable

from crossdock.charter.charter import Checks, ItemCheck
from crossdock.faults import Invalid
from crossdock.model import postal
from crossdock.model.document import Document
from crossdock.model.documents.purchase import PurchaseOrder
from crossdock.model.documents.sales import SalesOrder


def particulars(document: Document, checks: Checks) -> list[str]:
    """What is amiss where the charter only warns. Raises Invalid (`bad_address`, `price_missing`) where it refuses."""
    warnings: list[str] = []
    for how, check in ((checks.address, _addresses), (checks.price, _prices)):
        if how is not ItemCheck.SKIP:
            _look(document, how, check, warnings)
    return warnings


def _look(document: Document, how: ItemCheck, check: Callable[[Document], None], warnings: list[str]) -> None:
    try:
        check(document)
    except Invalid as fault:
        if how is ItemCheck.REFUSE:
            raise
        warnings.append(f"{fault.path}: {fault.says}")


def _addresses(document: Document) -> None:
    for path, address in postal.addresses_of(document):
        postal.check(address, path)


def _prices(document: Document) -> None:
    if not isinstance(document, SalesOrder | PurchaseOrder):
        return
    for index, line in enumerate(document.lines):
        if line.price is None:
            raise Invalid(
                f"line {line.line} has no price for {line.sku}", path=f"lines[{index}].price",
                fix="give the price, with its currency where the line has none, then retry", type="price_missing",
            )  # fmt: skip
