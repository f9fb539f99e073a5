"""A notice or a bill in the units of its order: what left in cases is told in the pieces that were ordered."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, Inexact, localcontext

from crossdock.connectors.edi.words import Words, plain
from crossdock.faults import Invalid
from crossdock.kit.connector import Convert, Tree
from crossdock.model.codes.units import UNITS

#: A price is given per unit: one that needs more digits is not the price of the order in other words.
_PRICE_DIGITS_MAX = 15


def in_ordered_units(tree: Tree, order: Tree, words: Words) -> Tree:
    """The document with each line, and what of it is packed, in the unit that was ordered.

    Raises Invalid (`unknown_unit`) with both sides where the item's factors do not lead from one to the other: a
    partner takes a quantity in another unit for the quantity that it ordered.
    """
    asked = {str(line["line"]): line for line in order.get("lines", ())}
    units: dict[str, str] = {}
    by_sku: dict[str, str] = {}
    lines: list[Tree] = []
    for index, line in enumerate(tree.get("lines", ())):
        ordered = asked.get(str(line.get("order_line", line.get("line", ""))))
        unit = ordered["unit"] if ordered is not None else line["unit"]
        units[str(line.get("line", ""))] = unit
        by_sku.setdefault(line["sku"], unit)
        lines.append(_line(line, ordered, f"lines[{index}]", words))
    packages = [
        _package(package, f"packages[{index}]", units, by_sku, words)
        for index, package in enumerate(tree.get("packages", ()))
    ]
    return {**tree, "lines": lines, **({"packages": packages} if packages else {})}


def converted(amount: Decimal, unit: str, wanted: str, sku: str, convert: Convert) -> Decimal:
    """So much in another unit, by the item's factors; two codes of one unit need no item. Raises Invalid."""
    one, other = UNITS.get(unit), UNITS.get(wanted)
    try:
        return amount if unit == wanted else Decimal(convert(amount, unit, wanted, sku))
    except Invalid:
        if one and other and one.factor and (one.dimension, one.factor) == (other.dimension, other.factor):
            return amount
        raise


def _line(line: Tree, ordered: Tree | None, path: str, words: Words) -> Tree:
    if ordered is None or line["unit"] == ordered["unit"]:
        return line
    amount, told = plain(line["quantity"]), line["sku"]
    both = (
        f"line {ordered['line']}: {amount} {line['unit']} of {told} are told,"
        f" {plain(ordered['quantity'])} {ordered['unit']} were ordered"
    )
    made = {**line, "unit": ordered["unit"]}
    for key in ("quantity", "ordered"):
        if line.get(key) is not None:
            made[key] = _told(line[key], line["unit"], ordered["unit"], told, f"{path}.unit", both, words)
    if line.get("price") is not None and Decimal(line["quantity"]):
        made["price"] = _price(line, Decimal(made["quantity"]), ordered, path)
    return made


def _package(
    package: Tree, path: str, units: Mapping[str, str], by_sku: Mapping[str, str], words: Words
) -> Tree:
    if not package.get("lines"):
        return package
    inside: list[Tree] = []
    for index, packed in enumerate(package["lines"]):
        unit = units.get(str(packed.get("line", "")), by_sku.get(packed["sku"], packed["unit"]))
        if unit == packed["unit"]:
            inside.append(packed)
            continue
        both = (
            f"{plain(packed['quantity'])} {packed['unit']} of {packed['sku']} are packed, {unit} was ordered"
        )
        place = f"{path}.lines[{index}].unit"
        amount = _told(packed["quantity"], packed["unit"], unit, packed["sku"], place, both, words)
        inside.append({**packed, "quantity": amount, "unit": unit})
    return {**package, "lines": inside}


def _told(amount: object, unit: str, wanted: str, sku: str, path: str, both: str, words: Words) -> Decimal:
    """Exactly, by the factors of the item. Raises Invalid."""
    try:
        return converted(Decimal(str(amount)), unit, wanted, sku, words.tools.convert)
    except Invalid as fault:
        raise Invalid(
            f"{both}, and {fault.says}", path=path, value=f"{sku} {unit}", type="unknown_unit",
            fix=f"send the item with how much one {unit} holds and retry, or let it be told in {wanted}",
        ) from None  # fmt: skip


def _price(line: Tree, quantity: Decimal, ordered: Tree, path: str) -> Decimal:
    """The price of one ordered unit. Raises Invalid where it would have to be rounded."""
    with localcontext() as exact:
        exact.prec, exact.traps[Inexact] = _PRICE_DIGITS_MAX, True
        try:
            return (Decimal(line["price"]) * Decimal(line["quantity"]) / quantity).normalize()
        except Inexact:
            raise Invalid(
                f"line {ordered['line']} is charged at {line['price']} for one {line['unit']}, which is no exact"
                f" price of one {ordered['unit']}, as ordered",
                path=f"{path}.price", value=str(line["price"]), fix=f"charge in {ordered['unit']}",
            ) from None  # fmt: skip
