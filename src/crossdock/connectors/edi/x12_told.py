"""What a warehouse of others tells us by X12: 943, 944, 945, 846, 947."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crossdock.connectors.edi.words import (
    Words,
    day,
    first,
    instant,
    number,
    without_nothing,
)
from crossdock.connectors.edi.x12_rows import (
    Made,
    Row,
    Rows,
    address,
    dated,
    header,
    loops,
    lot_of,
    notes,
    parties,
    reference,
    value,
)
from crossdock.faults import Invalid
from crossdock.kit.connector import Tree


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
            "lot": value(loop, "N9", "LT") or lot_of(ids),
        }))  # fmt: skip
    site = found.get("ST") or found.get("WH")
    carriers = [first((row.at(2), row.at(3))) for row in head if row[0] == "W27"]
    tree = without_nothing({
        "number": name,
        "purchase_order": w06.at(6),
        "supplier": reference(found.get("SF")),
        "site": words.ours("site", site["id"]) if site and site["id"] else None,
        "shipped_at": dated(head, words, "11", "10") or (day(w06.at(3)) if w06.at(3) else ""),
        "expected_at": dated(head, words, "17", "02"),
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
        label, parcel = _label(loop)
        for inner in loops(loop, "W12"):
            line = _shipped(inner, len(lines) + 1, words)
            lines.append(line)
            if label[1] and line["quantity"] > 0:
                inside = {
                    name: line[name] for name in ("line", "sku", "quantity", "unit", "lot") if name in line
                }
                packages.setdefault(label[1], _package(*label, parcel))["lines"].append(inside)
    w27 = next((row for row in head if row[0] == "W27"), Row(["W27"]))
    tree = without_nothing({
        "number": w06.at(4) or w06.at(2),
        # Where orders go out as they are, the depositor's number is theirs.
        "order": w06.at(2) if words.profile.written("sales_order") else "",
        "warehouse_order": w06.at(2),
        "shipped_at": dated(head, words, "11", "10") or (day(w06.at(3)) if w06.at(3) else ""),
        "carrier": words.ours("carrier", w27.at(2) or w27.at(3)),
        "tracking": first((value(head, "N9", "CN"), value(head, "N9", "BM"), value(head, "N9", "2I"))),
        "ship_to": address(parties(head).get("ST")),
        "notes": notes(head)[:500],
        "lines": lines,
        "packages": list(packages.values()),
        "extra": {
            "edi": without_nothing(
                {"purchase_order": w06.at(6), "bill_of_lading": value(head, "N9", "BM")}
            )
        },
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
        "lot": w12.at(9) or value(loop, "N9", "LT") or lot_of(ids),
        "reason": words.ours("reason", w12.at(1)) if short else None,
    }) | {"quantity": quantity}  # fmt: skip


def _label(loop: Rows) -> tuple[tuple[str, str], str]:
    """The label that goods stand under, an SSCC before others, and the carrier's number of that package."""
    marks = [pair for row in loop if row[0] == "MAN" for pair in (*row.ids(1, 2), *row.ids(4, 5))]
    label = next((pair for pair in marks if pair[0] in ("GM", "AA")), marks[0] if marks else ("", ""))
    return label, next((mark for kind, mark in marks if kind == "CP"), "")


def _package(qualifier: str, label: str, parcel: str) -> Tree:
    """A package by what its label says: GM is an SSCC with its application identifier, CP a carrier's number."""
    digits = label.removeprefix("00") if len(label) == 20 else label
    named = (
        {"sscc": digits}
        if qualifier in ("GM", "AA") and len(digits) == 18 and digits.isdigit()
        else {"id": label}
    )
    return {**named, **({"tracking": parcel} if parcel else {}), "lines": []}


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
            "lot": w07.at(8) or value(loop, "N9", "LT") or lot_of(ids),
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
            "lot": w19.at(9) or value(loop, "N9", "LT") or lot_of(ids),
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
        ids = loop[0].ids(2)
        sku = words.sku(ids, f"LIN[{index + 1}]/LIN03")
        lot = value(loop, "REF", "LT") or lot_of(ids)
        where = words.ours("site", site["id"]) or words.profile.name
        for status, unit, amounts in _stock(loop, f"LIN[{index + 1}]", words):
            tree: dict[str, Any] = without_nothing({
                "sku": sku,
                "site": where,
                "status": status,
                "lot": lot,
                "unit": unit,
                "as_of": instant(bia.at(4), bia.at(5), zoned=words.zoned),
            }) | amounts  # fmt: skip
            yield "inventory_balance", tree, f"{where}:{sku}:{status}:{lot}", False


def _stock(loop: Rows, path: str, words: Words) -> list[tuple[str, str, Tree]]:
    """State, unit and amounts of each QTY. What is on hand (17) and what of it may be sold (33) are one balance."""
    told = [row for row in loop if row[0] == "QTY" and row.at(1) in _STOCK]
    amount = {row.at(1): number(row.at(2), f"{path}/QTY02") for row in told}
    both = "33" in amount and "17" in amount
    found: list[tuple[str, str, Tree]] = []
    for row in told:
        if both and row.at(1) == "33":
            continue
        more: Tree = {"net": amount["33"]} if both and row.at(1) == "17" else {}
        unit = words.ours("unit", row.at(3) or "EA")
        found.append((_STOCK[row.at(1)], unit, {"quantity": number(row.at(2), f"{path}/QTY02"), **more}))
    return found
