"""What is looked at before a ship notice or an invoice leaves: its order, its pack, the partner's rules."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from crossdock.connectors.edi.line_ledger import line_ledger, up_to
from crossdock.connectors.edi.ordered_units import in_ordered_units
from crossdock.connectors.edi.words import Words, compact
from crossdock.faults import Invalid
from crossdock.kit.connector import Tree

_SHIPPED = frozenset({"856", "945", "DESADV"})
_BILLED = frozenset({"810", "INVOIC"})


def checked(tree: Tree, set_id: str, words: Words) -> Tree:
    """The document in the units of its order. Raises Invalid for the first thing that would earn a chargeback."""
    if set_id in _SHIPPED:
        order = words.order(tree)
        tree = in_ordered_units(tree, order, words)
        _against_order(tree, order, words, set_id)
        _packs(tree, words, set_id)
        _days(tree, order, words, set_id)
    elif set_id in _BILLED:
        order = words.order(tree)
        tree = in_ordered_units(tree, order, words)
        _bill(tree, order)
        if order and tree.get("credit_of") is None:
            _billed(tree, order, words)
    return tree


def _lines(order: Tree) -> dict[str, Tree]:
    return {str(line["line"]): line for line in order.get("lines", ())}


def _against_order(tree: Tree, order: Tree, words: Words, set_id: str) -> None:
    if not order:
        named = tree.get("order") or tree.get("warehouse_order")
        raise Invalid(
            f"{set_id} {tree['number']} is for order {named}, which is not known", path="order", value=named,
            fix="correct the order's number, or let the order be sent first, then retry",
        )  # fmt: skip
    asked = _lines(order)
    earlier = up_to(words.told_of("shipment", order), tree["number"])
    others = [one for one in earlier if one["number"] != tree["number"]]
    ledger = line_ledger(order, others, convert=words.tools.convert)
    shipped = {name: line.shipped for name, line in ledger.items()}
    for index, line in enumerate(tree["lines"]):
        name, path = str(line.get("order_line", line["line"])), f"lines[{index}]"
        one = asked.get(name)
        if one is None:
            raise Invalid(
                f"line {name} is not in order {order['number']}", path=f"{path}.order_line", value=name,
                fix=f"name one of {', '.join(list(asked)[:10])}",
            )  # fmt: skip
        if line["sku"] not in (one["sku"], one.get("substitute_for")) and line.get("reason") != "substituted":
            raise Invalid(
                f"{line['sku']} was shipped for line {name}, {one['sku']} was ordered", path=f"{path}.sku",
                value=line["sku"], fix="agree on the substitution with the partner, or correct the item",
            )  # fmt: skip
        shipped[name] = shipped.get(name, Decimal(0)) + Decimal(line["quantity"])
        most = Decimal(one["quantity"]) * (1 + Decimal(str(words.profile.shipping.over_percent)) / 100)
        if shipped[name] > most:
            before = ledger[name].shipments
            with_ = f", with {', '.join(before[:5])}" if before else ""
            raise Invalid(
                f"{shipped[name]} {line['unit']} shipped on line {name}{with_}, {one['quantity']} ordered",
                path=f"{path}.quantity", value=str(line["quantity"]),
                fix="correct the quantity, or ask the partner to take more (`shipping.over_percent`)",
            )  # fmt: skip
    if not any(line["quantity"] for line in tree["lines"]) and set_id != "945":
        raise Invalid("nothing was shipped", path="lines", fix="send no ship notice for an empty shipment")


def _packs(tree: Tree, words: Words, set_id: str) -> None:
    shipping, packages = words.profile.shipping, tree.get("packages", ())
    if shipping.sscc_required and not packages:
        raise Invalid(
            f"the partner wants an SSCC on every package, and {set_id} {tree['number']} has none", path="packages",
            fix="let the warehouse send what was packed, or take `sscc_required` out of the profile",
        )  # fmt: skip
    packed: dict[tuple[str, str], Decimal] = {}
    places: dict[
        tuple[str, str], tuple[str, str]
    ] = {}  #: where one of them is packed, and how much of it there
    for index, package in enumerate(packages):
        if shipping.sscc_required and not package.get("sscc") and not shipping.sscc_prefix:
            raise Invalid(
                f"package {index + 1} has no SSCC", path=f"packages[{index}].sscc",
                fix="let the warehouse send its label, or name `shipping.sscc_prefix` in the profile",
            )  # fmt: skip
        for place, line in enumerate(package.get("lines", ())):
            key = (line["sku"], line["unit"])
            places.setdefault(key, (f"packages[{index}].lines[{place}].quantity", str(line["quantity"])))
            packed[key] = packed.get(key, Decimal(0)) + Decimal(line["quantity"])
    if not packed:
        return
    shipped: dict[tuple[str, str], Decimal] = {}
    for line in tree["lines"]:
        key = (line["sku"], line["unit"])
        shipped[key] = shipped.get(key, Decimal(0)) + Decimal(line["quantity"])
    for key in sorted({*shipped, *packed}):
        if shipped.get(key, Decimal(0)) != packed.get(key, Decimal(0)):
            sku, unit = key
            path, value = places.get(key, ("packages", sku))
            raise Invalid(
                f"{packed.get(key, 0)} {unit} of {sku} are in the packages, {shipped.get(key, 0)} were shipped",
                path=path, value=value, fix="let the warehouse send what is in each package",
            )  # fmt: skip


def _days(tree: Tree, order: Tree, words: Words, set_id: str) -> None:
    shipped = compact(tree.get("shipped_at"))
    if not shipped:
        raise Invalid("the day of shipping is missing", path="shipped_at", fix="let the warehouse send it")
    if set_id == "945":
        return
    for key, late in (("ship_from_at", False), ("ship_until_at", True)):
        bound = compact(order.get(key))
        if bound and (shipped > bound if late else shipped < bound):
            when = "after the last" if late else "before the first"
            raise Invalid(
                f"shipped on {shipped}, {when} day of the ship window {bound}", path="shipped_at", value=shipped,
                fix="agree on another window with the partner (an 860), then retry",
            )  # fmt: skip
    del words


def _bill(tree: Tree, order: Tree) -> None:
    asked = _lines(order)
    for index, line in enumerate(tree["lines"]):
        path, name = f"lines[{index}]", str(line.get("order_line", line["line"]))
        if order and name not in asked:
            raise Invalid(
                f"line {name} is charged and is not in order {order['number']}", path=f"{path}.order_line", value=name,
                fix="take it off the invoice, or name the order's line",
            )  # fmt: skip
        price = asked.get(name, {}).get("price")
        if price is not None and Decimal(price) != Decimal(line["price"]):
            raise Invalid(
                f"line {name} is charged at {line['price']}, ordered at {price}", path=f"{path}.price",
                value=str(line["price"]), fix="charge the price of the order, or have the order changed (an 860)",
            )  # fmt: skip
    total = tree.get("total")
    if total is not None:
        goods = sum(_amounts(tree), Decimal(0))
        taxes = sum((Decimal(tax["amount"]) for tax in tree.get("taxes", ())), Decimal(0))
        if abs(goods + taxes - Decimal(total)) >= Decimal("0.01"):
            raise Invalid(
                f"the lines and taxes make {goods + taxes}, the total says {total}", path="total", value=str(total),
                fix="let the ERP send lines, taxes and a total that agree",
            )  # fmt: skip


def _billed(tree: Tree, order: Tree, words: Words) -> None:
    """What is charged has left: a bill follows the notices (856, 945), never the order alone (850, 940)."""
    shipments = words.told_of("shipment", order)
    if not shipments and not words.tells("shipment"):
        return  # nobody tells the hub what is shipped
    bills = up_to(
        [one for one in words.told_of("invoice", order) if not one.get("credit_of")], tree["number"]
    )
    earlier = [one for one in bills if one["number"] != tree["number"]]
    ledger = line_ledger(order, shipments, [*earlier, tree], convert=words.tools.convert)
    for line in ledger.values():
        if line.billed <= line.shipped:
            continue
        if line.otherwise:
            number, amount, unit = line.otherwise[0]
            raise Invalid(
                f"{line.billed} {line.unit} charged on line {line.line}; {number} shipped {amount} {unit} of"
                f" {line.sku}, and the item does not say how many {line.unit} that is",
                path="lines", value=f"{line.sku} {unit}", type="unknown_unit",
                fix=f"send the item with how much one {unit} holds, then retry",
            )  # fmt: skip
        with_ = f", with {', '.join(one['number'] for one in earlier[:5])}" if earlier else ""
        raise Invalid(
            f"{line.billed} {line.unit} charged on line {line.line}{with_},"
            f" {line.shipped} shipped of {line.ordered}",
            path="lines", value=line.line,
            fix="charge what was shipped; if more has left, let the warehouse tell of it, then retry",
        )  # fmt: skip


def _amounts(tree: Tree) -> Iterator[Decimal]:
    for line in tree["lines"]:
        yield (
            Decimal(line["total"]) if "total" in line else Decimal(line["quantity"]) * Decimal(line["price"])
        )
