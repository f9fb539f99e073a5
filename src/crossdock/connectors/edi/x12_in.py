"""X12 sets as documents in our words: orders of buyers and depositors, and which reader each set has."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crossdock.connectors.edi.words import (
    Words,
    day,
    first,
    number,
    without_nothing,
)
from crossdock.connectors.edi.x12_rows import (
    Made,
    Rows,
    address,
    dated,
    dtm,
    header,
    loops,
    lot_of,
    notes,
    parties,
    reference,
    value,
)
from crossdock.connectors.edi.x12_told import (
    adjustment_advice,
    inventory_advice,
    shipping_advice,
    transfer_advice,
    transfer_receipt,
)
from crossdock.faults import Invalid
from crossdock.kit.connector import Tree

# -- orders ----------------------------------------------------------------------------------------------


def purchase_order(rows: Rows, words: Words) -> Iterator[Made]:
    """850: a sales order. A duplicate (07) is as new as its number is."""
    head, beg = header(rows, "PO1"), rows[0]
    if beg.at(1) == "01":
        yield _cancelled(beg.at(3), beg.at(3), day(beg.at(5)))
        return
    found = parties(head)
    lines, kept = _order_lines(rows, words, value(head, "CUR", "BY") or value(head, "CUR", "SE"))
    tree = without_nothing({
        "number": beg.at(3),
        "reference": beg.at(3),
        "placed_at": day(beg.at(5)),
        "order_type": {"DS": "drop_ship", "SA": "b2b"}.get(beg.at(2)),
        "customer": reference(found.get("BY")) or {"id": words.profile.name},
        "ship_to": address(found.get("ST")),
        "bill_to": address(found.get("BT")),
        "requested_at": dtm(head, words, "002", "067", "106"),
        "ship_from_at": dtm(head, words, "010", "037"),
        "ship_until_at": dtm(head, words, "001", "038", "063"),
        "ship_method": _ship_method(head, words),
        "notes": notes(head),
        "lines": lines,
        "extra": _kept(head, found, kept, words),
    })  # fmt: skip
    yield "sales_order", tree, beg.at(3), beg.at(1) not in ("04", "05")


def _order_lines(rows: Rows, words: Words, currency: str) -> tuple[list[Tree], Tree]:
    lines: list[Tree] = []
    kept: Tree = {}
    for index, loop in enumerate(loops(rows, "PO1", ("CTT",))):
        po1, path = loop[0], f"PO1[{index + 1}]"
        name, ids = po1.at(1) or str(index + 1), po1.ids(6)
        price = po1.at(4)
        lines.append(without_nothing({
            "line": name,
            "sku": words.sku(ids, f"{path}/PO107"),
            "quantity": number(po1.at(2), f"{path}/PO102"),
            "unit": words.ours("unit", po1.at(3)),
            "price": number(price, f"{path}/PO104") if price else None,
            "currency": (currency or "USD") if price else None,
            "name": next((row.at(5) for row in loop if row[0] == "PID" and row.at(5)), ""),
            "requested_at": dtm(loop, words, "002", "067"),
        }))  # fmt: skip
        places = [list(pair) for row in loop if row[0] == "SDQ" for pair in row.ids(3, 23)]
        kept[name] = without_nothing(
            {"ids": [list(pair) for pair in ids], "unit": po1.at(3), "places": places}
        )
    return lines, kept


def _kept(head: Rows, found: dict[str, Tree], lines: Tree, words: Words) -> Tree:
    """What answers to the order repeat, and our model has no field for."""
    refs = {row.at(1): row.at(2) for row in head if row[0] == "REF" and row.at(2)}
    sides = {code: [p["scheme"], p["id"]] for code, p in found.items() if p["id"]}
    return {
        "edi": without_nothing(
            {"partner": words.profile.name, "refs": refs, "parties": sides, "lines": lines}
        )
    }


def _ship_method(rows: Rows, words: Words) -> str:
    codes = [row.at(3) for row in rows if row[0] == "TD5"] + [row.at(10) for row in rows if row[0] == "W66"]
    code = first(codes)
    return words.ours("ship_method", code) if code else ""


def _cancelled(number_: str, order: str, at: str) -> Made:
    tree = without_nothing({"number": number_, "order": order, "requested_at": at})
    return "cancellation", tree, number_, None


def purchase_order_change(rows: Rows, words: Words) -> Iterator[Made]:
    """860: the whole order as it is after the change, or its cancellation. Raises Invalid where it is not known."""
    head, bch = header(rows, "POC"), rows[0]
    order = bch.at(3)
    if bch.at(1) in ("01", "17"):
        yield _cancelled(order, order, day(bch.at(11) or bch.at(6)))
        return
    before = words.tools.document("sales_order", order)
    if before is None:
        raise Invalid(
            f"this changes order {order}, which is not known here", path="BCH03", value=order,
            fix="ask the partner for the 850, then for the change again",
        )  # fmt: skip
    tree = dict(before)
    lines = {str(line["line"]): dict(line) for line in before["lines"]}
    kept: Tree = dict(tree.get("extra", {}).get("edi", {}).get("lines", {}))
    currency = next((line.get("currency") for line in lines.values() if line.get("currency")), "USD")
    for index, loop in enumerate(loops(rows, "POC", ("CTT",))):
        _change(loop, f"POC[{index + 1}]", lines, kept, words, str(currency))
    if not lines:
        yield _cancelled(order, order, day(bch.at(11) or bch.at(6)))
        return
    changed = without_nothing({
        "requested_at": dtm(head, words, "002", "067", "106"),
        "ship_from_at": dtm(head, words, "010", "037"),
        "ship_until_at": dtm(head, words, "001", "038", "063"),
        "ship_to": address(parties(head).get("ST")),
        "notes": notes(head),
    })  # fmt: skip
    edi = {**tree.get("extra", {}).get("edi", {}), "lines": kept}
    tree |= {**changed, "lines": list(lines.values()), "extra": {**tree.get("extra", {}), "edi": edi}}
    yield "sales_order", tree, order, False


#: Codes of POC02 by which a line goes away, and by which it stays as it is.
_GONE, _SAME = frozenset({"DI", "CF"}), frozenset({"NC", "CT", "RB", "RS", "CB", "CC", "CE", "CG"})


def _change(loop: Rows, path: str, lines: dict[str, Tree], kept: Tree, words: Words, currency: str) -> None:
    poc = loop[0]
    name, code, ids = poc.at(1) or str(len(lines) + 1), poc.at(2), poc.ids(8)
    if code in _GONE:
        lines.pop(name, None)
        return
    if name not in lines and code not in ("AI", "RZ", "CA", "MU"):
        raise Invalid(
            f"line {name} is to be changed and is not in the order", path=f"{path}/POC01", value=name,
            fix="ask the partner which line is meant",
        )  # fmt: skip
    line = lines.setdefault(name, {"line": name})
    if ids:
        line["sku"] = words.sku(ids, f"{path}/POC09")
        kept[name] = {
            "ids": [list(pair) for pair in ids],
            "unit": poc.at(5) or kept.get(name, {}).get("unit", ""),
        }
    if poc.at(3) and code not in _SAME:
        line["quantity"] = number(poc.at(3), f"{path}/POC03")
    if poc.at(5):
        line["unit"] = words.ours("unit", poc.at(5))
    if poc.at(6):
        line |= {"price": number(poc.at(6), f"{path}/POC06"), "currency": currency}
    wanted = dtm(loop, words, "002", "067")
    if wanted:
        line["requested_at"] = wanted
    if line.get("quantity") == 0:
        lines.pop(name)


# -- the warehouse's side --------------------------------------------------------------------------------


def shipping_order(rows: Rows, words: Words) -> Iterator[Made]:
    """940: a warehouse order, or its cancellation."""
    head, w05 = header(rows, "LX"), rows[0]
    found, name = parties(head), w05.at(2)
    if w05.at(1) in ("F", "D"):
        yield "warehouse_order_cancel", {"number": name}, name, None
        return
    lines: list[Tree] = []
    kept: Tree = {}
    for index, loop in enumerate(loops(rows, "W01", ("LX", "W76"))):
        w01, path = loop[0], f"W01[{index + 1}]"
        ids = [*([("UP", w01.at(3))] if w01.at(3) else []), *w01.ids(4, 8), *w01.ids(15, 17)]
        line = value(loop, "N9", "LI") or str(index + 1)
        lines.append(without_nothing({
            "line": line,
            "order_line": line,
            "sku": words.sku(ids, f"{path}/W0105"),
            "quantity": number(w01.at(1), f"{path}/W0101"),
            "unit": words.ours("unit", w01.at(2)),
            "lot": w01.at(13) or value(loop, "N9", "LT") or lot_of(ids),
        }))  # fmt: skip
        kept[line] = {"ids": [list(pair) for pair in ids], "unit": w01.at(2)}
    site = found.get("WH") or found.get("SF")
    sides = {code: [p["scheme"], p["id"], p["name"]] for code, p in found.items()}
    tree = without_nothing({
        "number": name,
        "reference": w05.at(3),
        "site": words.ours("site", site["id"]) if site and site["id"] else None,
        "customer": reference(found.get("DE") or found.get("BY")),
        "ship_to": address(found.get("ST")),
        "ship_method": _ship_method(head, words),
        "requested_at": dated(head, words, "10", "37", "02"),
        "notes": notes(head),
        "lines": lines,
        "extra": {"edi": {"partner": words.profile.name, "parties": sides, "lines": kept, "status": w05.at(1)}},
    })  # fmt: skip
    yield "warehouse_order", tree, name, w05.at(1) not in ("R", "L", "G")


#: How each set is read.
READERS: dict[str, Callable[[Rows, Words], Iterator[Made]]] = {
    "850": purchase_order,
    "860": purchase_order_change,
    "940": shipping_order,
    "943": transfer_advice,
    "944": transfer_receipt,
    "945": shipping_advice,
    "846": inventory_advice,
    "947": adjustment_advice,
}
