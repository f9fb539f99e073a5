"""X12 sets as documents in our words: 850, 860, 940, 943, 944, 945, 846, 947."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from crossdock.connectors.edi.words import (
    Ids,
    Words,
    day,
    first,
    instant,
    moment,
    number,
    without_nothing,
)
from crossdock.faults import Invalid
from crossdock.kit.connector import Tree


class Row(list[str]):
    """The elements of one segment, the id first; one that is not there is empty."""

    def at(self, position: int) -> str:
        """The element at a position from 1."""
        return self[position] if position < len(self) else ""

    def ids(self, begin: int, end: int = 30) -> Ids:
        """Pairs of qualifier and number from a position on."""
        return [(self.at(at), self.at(at + 1)) for at in range(begin, min(end, len(self)), 2) if self.at(at)]


Rows = Sequence[Row]
#: A document with its kind, its number at the partner and whether its number must be new.
Made = tuple[str, Tree, str, bool | None]


def loops(rows: Rows, opener: str, stop: Sequence[str] = ()) -> Iterator[Rows]:
    """The rows of each loop that a segment opens, up to the next one or to a segment that ends them."""
    begin: int | None = None
    for index, row in enumerate(rows):
        if row[0] == opener or (begin is not None and row[0] in stop):
            if begin is not None:
                yield rows[begin:index]
            begin = index if row[0] == opener else None
    if begin is not None:
        yield rows[begin:]


def header(rows: Rows, *openers: str) -> Rows:
    """What stands before the first segment of these."""
    for index, row in enumerate(rows):
        if row[0] in openers:
            return rows[:index]
    return rows


def value(rows: Rows, id_: str, qualifier: str, at: int = 2) -> str:
    """The element of the first segment with a qualifier in its first."""
    return next((row.at(at) for row in rows if row[0] == id_ and row.at(1) == qualifier), "")


def parties(rows: Rows) -> dict[str, Tree]:
    """Each N1 loop by its entity code, as an address with `id` and `scheme`."""
    found: dict[str, Tree] = {}
    for loop in loops(
        rows, "N1", ("PO1", "POC", "LX", "W04", "W07", "W19", "LIN", "N9", "G61", "G62", "NTE", "W66")
    ):
        one, lines = loop[0], list[str]()
        party: Tree = {"name": one.at(2), "scheme": one.at(3), "id": one.at(4)}
        for row in loop[1:]:
            if row[0] == "N2":
                party["company"] = row.at(1)
            elif row[0] == "N3":
                lines += [part for part in row[1:3] if part]
            elif row[0] == "N4":
                party |= {"city": row.at(1), "region": row.at(2), "postcode": row.at(3), "country": row.at(4)}
            elif row[0] == "PER":
                for kind, at in ((row.at(3), 4), (row.at(5), 6), (row.at(7), 8)):
                    if kind in ("TE", "EM"):
                        party["phone" if kind == "TE" else "email"] = row.at(at)
        party["street"], party["street2"] = (*lines, "", "")[:2]
        found.setdefault(one.at(1), party)
    return found


def address(party: Tree | None) -> Tree | None:
    """A party as an address; None when there is none."""
    if party is None:
        return None
    made = {name: item for name, item in party.items() if name not in ("id", "scheme")}
    country = made.get("country", "")
    made["country"] = {"USA": "US", "CAN": "CA"}.get(country, country) or ("US" if made.get("region") else "")
    if party["scheme"] == "UL" and len(party["id"]) == 13:
        made["gln"] = party["id"]
    return without_nothing(made)


def reference(party: Tree | None) -> Tree | None:
    """A party as another document names it."""
    if party is None:
        return None
    return without_nothing({name: party.get(name) for name in ("id", "name", "phone", "email")})


def _notes(rows: Rows) -> str:
    texts = [row.at(1) if row[0] == "MSG" else row.at(2) for row in rows if row[0] in ("MSG", "NTE", "MTX")]
    return "\n".join(text for text in texts if text)


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
        "requested_at": _date(head, words, "002", "067", "106"),
        "ship_from_at": _date(head, words, "010", "037"),
        "ship_until_at": _date(head, words, "001", "038", "063"),
        "ship_method": _ship_method(head, words),
        "notes": _notes(head),
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
            "requested_at": _date(loop, words, "002", "067"),
        }))  # fmt: skip
        kept[name] = {"ids": [list(pair) for pair in ids], "unit": po1.at(3)}
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


def _date(rows: Rows, words: Words, *qualifiers: str) -> str:
    for qualifier in qualifiers:
        for row in rows:
            if row[0] == "DTM" and row.at(1) == qualifier and row.at(2):
                return moment(row.at(2), row.at(3), zoned=words.zoned)
    return ""


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
        "requested_at": _date(head, words, "002", "067", "106"),
        "ship_from_at": _date(head, words, "010", "037"),
        "ship_until_at": _date(head, words, "001", "038", "063"),
        "ship_to": address(parties(head).get("ST")),
        "notes": _notes(head),
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
    wanted = _date(loop, words, "002", "067")
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
            "lot": w01.at(13) or value(loop, "N9", "LT"),
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
        "requested_at": _g62(head, words, "10", "37", "02"),
        "notes": _notes(head),
        "lines": lines,
        "extra": {"edi": {"partner": words.profile.name, "parties": sides, "lines": kept, "status": w05.at(1)}},
    })  # fmt: skip
    yield "warehouse_order", tree, name, w05.at(1) not in ("R", "L", "G")


def _g62(rows: Rows, words: Words, *qualifiers: str) -> str:
    for qualifier in qualifiers:
        for row in rows:
            if row[0] == "G62" and row.at(1) == qualifier and row.at(2):
                return moment(row.at(2), row.at(4), zoned=words.zoned)
    return ""


def transfer_advice(rows: Rows, words: Words) -> Iterator[Made]:
    """943: goods on their way to us."""
    head, w06 = header(rows, "W04"), rows[0]
    found, name = parties(head), w06.at(2) or w06.at(4)
    lines: list[Tree] = []
    for index, loop in enumerate(loops(rows, "W04", ("W03",))):
        w04, path = loop[0], f"W04[{index + 1}]"
        ids = [*([("UP", w04.at(3))] if w04.at(3) else []), *w04.ids(4, 8), *w04.ids(14, 16)]
        line = value(loop, "N9", "LI") or str(index + 1)
        lines.append(without_nothing({
            "line": line,
            "sku": words.sku(ids, f"{path}/W0405"),
            "quantity": number(w04.at(1), f"{path}/W0401"),
            "unit": words.ours("unit", w04.at(2)),
            "lot": value(loop, "N9", "LT"),
        }))  # fmt: skip
    site = found.get("ST") or found.get("WH")
    carriers = [first((row.at(2), row.at(3))) for row in head if row[0] == "W27"]
    tree = without_nothing({
        "number": name,
        "purchase_order": w06.at(6),
        "supplier": reference(found.get("SF")),
        "site": words.ours("site", site["id"]) if site and site["id"] else None,
        "shipped_at": _g62(head, words, "11", "10") or (day(w06.at(3)) if w06.at(3) else ""),
        "expected_at": _g62(head, words, "17", "02"),
        "carrier": words.ours("carrier", first(carriers)),
        "tracking": first((value(head, "N9", "CN"), value(head, "N9", "BM"))),
        "lines": lines,
        "extra": {"edi": {"shipment": w06.at(4)}},
    })  # fmt: skip
    yield "despatch_advice", tree, name, True


# -- what a warehouse of others tells us -----------------------------------------------------------------


def shipping_advice(rows: Rows, words: Words) -> Iterator[Made]:
    """945: a shipment, with a package for each label."""
    head, w06 = header(rows, "LX"), rows[0]
    lines: list[Tree] = []
    packages: dict[str, Tree] = {}
    for loop in loops(rows, "LX", ("W03",)):
        label = next(((row.at(1), row.at(2)) for row in loop if row[0] == "MAN"), ("", ""))
        for inner in loops(loop, "W12"):
            line = _shipped(inner, len(lines) + 1, words)
            lines.append(line)
            if label[1] and line["quantity"] > 0:
                inside = {
                    name: line[name] for name in ("line", "sku", "quantity", "unit", "lot") if name in line
                }
                packages.setdefault(label[1], _package(*label))["lines"].append(inside)
    w27 = next((row for row in head if row[0] == "W27"), Row(["W27"]))
    tree = without_nothing({
        "number": w06.at(4) or w06.at(2),
        "warehouse_order": w06.at(2),
        "shipped_at": _g62(head, words, "11", "10") or (day(w06.at(3)) if w06.at(3) else ""),
        "carrier": words.ours("carrier", w27.at(2) or w27.at(3)),
        "tracking": first((value(head, "N9", "CN"), value(head, "N9", "BM"), value(head, "N9", "2I"))),
        "ship_to": address(parties(head).get("ST")),
        "notes": _notes(head)[:500],
        "lines": lines,
        "packages": list(packages.values()),
        "extra": {"edi": {"purchase_order": w06.at(6)}},
    })  # fmt: skip
    yield "shipment", tree, tree.get("number", ""), True


def _shipped(loop: Rows, index: int, words: Words) -> Tree:
    w12, path = loop[0], f"W12[{index}]"
    ids = [*([("UP", w12.at(6))] if w12.at(6) else []), *w12.ids(7, 9), *w12.ids(17, 19), *w12.ids(21, 23)]
    line = value(loop, "N9", "LI") or str(index)
    ordered, shipped = w12.at(2), w12.at(3)
    if not shipped and not ordered:
        raise Invalid("neither ordered nor shipped is said", path=f"{path}/W1203", fix="send W1203")
    quantity = number(shipped, f"{path}/W1203") if shipped else 0
    short = ordered and quantity < number(ordered, f"{path}/W1202")
    return without_nothing({
        "line": line,
        "order_line": line,
        "sku": words.sku(ids, f"{path}/W1208"),
        "ordered": number(ordered, f"{path}/W1202") if ordered else None,
        "unit": words.ours("unit", w12.at(5) or "EA"),
        "lot": w12.at(9),
        "reason": words.ours("reason", w12.at(1)) if short else None,
    }) | {"quantity": quantity}  # fmt: skip


def _package(qualifier: str, label: str) -> Tree:
    """A package by what its label says: GM is an SSCC with its application identifier, CP a carrier's number."""
    digits = label.removeprefix("00") if len(label) == 20 else label
    if qualifier in ("GM", "AA") and len(digits) == 18 and digits.isdigit():
        return {"sscc": digits, "lines": []}
    return {"id": label, "tracking": label, "lines": []} if qualifier == "CP" else {"id": label, "lines": []}


def transfer_receipt(rows: Rows, words: Words) -> Iterator[Made]:
    """944: what a warehouse took in; exceptions (W13) are lines of their own."""
    head, w17 = header(rows, "W07", "LX"), rows[0]
    site = parties(head).get("WH") or parties(head).get("ST") or {"id": ""}
    lines: list[Tree] = []
    for index, loop in enumerate(loops(rows, "W07", ("W14", "LX"))):
        w07, path = loop[0], f"W07[{index + 1}]"
        ids = [*([("UP", w07.at(3))] if w07.at(3) else []), *w07.ids(4, 8), *w07.ids(10, 12)]
        line = without_nothing({
            "line": value(loop, "N9", "LI") or str(index + 1),
            "sku": words.sku(ids, f"{path}/W0705"),
            "unit": words.ours("unit", w07.at(2)),
            "lot": w07.at(8) or value(loop, "N9", "LT"),
        })  # fmt: skip
        lines.append({**line, "quantity": number(w07.at(1), f"{path}/W0701"), "status": "available"})
        for row in loop:
            status = _CONDITIONS.get(row.at(3)) if row[0] == "W13" else None
            if status:
                quantity = number(row.at(1), f"{path}/W13/W1301")
                lines.append({**line, "quantity": quantity, "status": status, "reason": row.at(3)})
    tree = without_nothing({
        "number": w17.at(3),
        "despatch_advice": w17.at(4) or w17.at(5),
        "site": words.ours("site", site["id"]) or words.profile.name,
        "received_at": day(w17.at(2)),
        "lines": lines,
    })  # fmt: skip
    yield "goods_receipt", tree, w17.at(3), True


#: What W1303 says of goods that came in but are not fit for sale; the rest speaks of what did not come in.
_CONDITIONS = {"01": "damaged", "04": "quality", "06": "held", "08": "held", "09": "held", "10": "damaged"}


def adjustment_advice(rows: Rows, words: Words) -> Iterator[Made]:
    """947: one adjustment for each line."""
    head, w15 = header(rows, "W19"), rows[0]
    site = parties(head).get("WH") or {"id": ""}
    for index, loop in enumerate(loops(rows, "W19")):
        w19, path = loop[0], f"W19[{index + 1}]"
        ids = [*([("UP", w19.at(4))] if w19.at(4) else []), *w19.ids(5, 9), *w19.ids(17, 19)]
        name = f"{w15.at(2) or w15.at(3)}-{index + 1}"
        tree = without_nothing({
            "number": name,
            "sku": words.sku(ids, f"{path}/W1906"),
            "site": words.ours("site", site["id"]) or words.profile.name,
            "location": value(loop, "N9", "BO"),
            "lot": w19.at(9),
            "unit": words.ours("unit", w19.at(3)),
            "reason": words.ours("reason", w19.at(1)),
            "at": instant(value(loop, "G62", "07") or w15.at(1), "", zoned=words.zoned),
            "extra": {"edi": {"adjustment": w15.at(2) or w15.at(3)}},
        }) | {"quantity": number(w19.at(2), f"{path}/W1902")}  # fmt: skip
        yield "inventory_adjustment", tree, name, True


#: QTY01 that says how much is there, and in which state.
_STOCK = {"33": "available", "17": "available", "20": "damaged", "QH": "held", "V3": "in_transit"}


def inventory_advice(rows: Rows, words: Words) -> Iterator[Made]:
    """846: one balance for each item and state; what is only on order is no stock."""
    head, bia = header(rows, "LIN"), rows[0]
    site = parties(head).get("WH") or {"id": ""}
    for index, loop in enumerate(loops(rows, "LIN", ("CTT",))):
        sku = words.sku(loop[0].ids(2), f"LIN[{index + 1}]/LIN03")
        lot = value(loop, "REF", "LT")
        for row in loop:
            status = _STOCK.get(row.at(1)) if row[0] == "QTY" else None
            if status:
                where = words.ours("site", site["id"]) or words.profile.name
                tree: dict[str, Any] = without_nothing({
                    "sku": sku,
                    "site": where,
                    "status": status,
                    "lot": lot,
                    "unit": words.ours("unit", row.at(3) or "EA"),
                    "as_of": instant(bia.at(4), bia.at(5), zoned=words.zoned),
                }) | {"quantity": number(row.at(2), f"LIN[{index + 1}]/QTY02")}  # fmt: skip
                yield "inventory_balance", tree, f"{where}:{sku}:{status}:{lot}", False


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
