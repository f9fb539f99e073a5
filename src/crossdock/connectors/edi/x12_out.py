"""Documents in our words as X12 sets: 855, 810, 846, 940, 943, 944, 945, 947; the 856 has a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from crossdock.connectors.edi.words import Words, clock, compact, plain
from crossdock.connectors.edi.x12_packed import by_package, with_ordered
from crossdock.connectors.edi.x12_pieces import (
    Rows,
    carriers_numbers,
    item_ids,
    label,
    n1,
    ourselves,
    ship_from,
    text_rows,
    unit_of,
)
from crossdock.connectors.edi.x12_ship import ship_notice
from crossdock.formats.x12.tree import Row
from crossdock.kit.connector import Tree

# -- answers to orders -------------------------------------------------------------------------------


_TAKEN = {"accepted": "IA", "changed": "IQ", "backordered": "IB", "substituted": "IS", "rejected": "IR"}


def order_response(tree: Tree, words: Words) -> Rows:
    """855."""
    order = words.order(tree)
    lines = tree.get("lines") or [
        {
            **line,
            "ordered": line["quantity"],
            "status": "rejected" if tree["status"] == "rejected" else "accepted",
        }
        for line in order.get("lines", ())
    ]
    status = {"accepted": "AD", "changed": "AC", "rejected": "RD"}[tree["status"]] if lines else (
        "AK" if tree["status"] == "accepted" else "RJ"
    )  # fmt: skip
    placed = tree.get("placed_at") or order.get("placed_at") or tree.get("answered_at")
    answered = compact(tree.get("answered_at") or placed)
    rows: Rows = [("BAK", "00", status, tree["order"], compact(placed), "", "", "", tree["number"], answered)]
    if tree.get("promised_at"):
        rows.append(("DTM", "068", compact(tree["promised_at"])))
    rows += n1("ST", order.get("ship_to"), words.known(order).get("parties", {}).get("ST", ()))
    by_name = {str(line["line"]): line for line in order.get("lines", ())}
    for line in lines:
        name = str(line.get("order_line", line["line"]))
        asked = by_name.get(name, {})
        ordered = line.get("ordered", asked.get("quantity", line["quantity"]))
        price = line.get("price", asked.get("price"))
        unit = unit_of(words, line)
        rows.append(
            (
                "PO1",
                name,
                plain(ordered),
                unit,
                "" if price is None else plain(price),
                "",
                *item_ids(words, order, line),
            )
        )
        taken = line["quantity"] if line["status"] != "rejected" else ordered
        when = compact(line.get("promised_at") or tree.get("promised_at"))
        rows.append(("ACK", _TAKEN[line["status"]], plain(taken), unit, *(("068", when) if when else ())))
    rows.append(("CTT", str(len(lines))))
    return rows


def invoice(tree: Tree, words: Words) -> Rows:
    """810; TDS in cents, as the set has it."""
    order = words.order(tree)
    known = words.known(order)
    credit = tree.get("credit_of") is not None
    rows: Rows = [(
        "BIG", compact(tree.get("invoiced_on")), tree["number"], compact(order.get("placed_at")),
        order.get("reference") or tree.get("order", ""), "", "", "CR" if credit else "DI",
    ), ("CUR", "SE", tree["currency"])]  # fmt: skip
    rows += [("REF", code, text) for code, text in known.get("refs", {}).items() if code in ("DP", "IA")]
    if tree.get("shipment"):
        rows.append(("REF", "SI", tree["shipment"]))
    rows += n1("ST", order.get("ship_to"), known.get("parties", {}).get("ST", ()))
    rows += n1("BT", tree.get("bill_to") or order.get("bill_to"), known.get("parties", {}).get("BT", ()))
    if tree.get("due_on"):
        rows.append(("ITD", "01", "3", "", "", "", compact(tree["due_on"])))
    goods = Decimal(0)
    for line in tree["lines"]:
        name = str(line.get("order_line", line["line"]))
        goods += _amount(line)
        rows.append(
            (
                "IT1",
                name,
                plain(line["quantity"]),
                unit_of(words, line),
                plain(line["price"]),
                "",
                *item_ids(words, order, line),
            )
        )
    taxes = sum((Decimal(tax["amount"]) for tax in tree.get("taxes", ())), Decimal(0))
    total = Decimal(tree["total"]) if "total" in tree else goods + taxes
    rows.append(("TDS", _cents(total)))
    for tax in tree.get("taxes", ()):
        rate = plain(tax["rate"]) if "rate" in tax else ""
        rows.append(("TXI", tax.get("code", "TX")[:2], plain(tax["amount"]), rate))
    rows.append(("CTT", str(len(tree["lines"]))))
    return rows


def _amount(line: Tree) -> Decimal:
    return Decimal(line["total"]) if "total" in line else Decimal(line["quantity"]) * Decimal(line["price"])


def _cents(amount: Decimal) -> str:
    return str(int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP)))


# -- the warehouse's side ------------------------------------------------------------------------------


def shipping_order(tree: Tree, words: Words) -> Rows:
    """940."""
    order = words.order(tree)
    rows: Rows = [("W05", "N", tree["number"], tree.get("reference") or tree.get("order", ""))]
    rows += ourselves("DE", words)
    rows += n1(
        "ST", tree.get("ship_to") or order.get("ship_to"), words.known(order).get("parties", {}).get("ST", ())
    )
    if tree.get("site"):
        rows += n1("WH", {"id": words.theirs("site", tree["site"])})
    if tree.get("requested_at"):
        rows.append(("G62", "10", compact(tree["requested_at"])))
    rows += text_rows("NTE", "WHI", tree.get("notes", ""), 80)
    method = tree.get("ship_method")
    if method:
        rows.append(
            (
                "W66",
                "PP",
                "M",
                "",
                "",
                words.theirs("ship_method", method)[:35],
                "",
                "",
                "",
                "",
                words.scac(tree),
            )
        )
    total = Decimal(0)
    for index, line in enumerate(tree["lines"], 1):
        total += Decimal(line["quantity"])
        rows += [("LX", str(index)), _w01(line, words)]
        rows.append(("N9", "LI", str(line["line"])))
    rows.append(("W76", plain(total)))
    return rows


def _w01(line: Tree, words: Words) -> Row:
    ids = words.ids(line["sku"])
    lot = ("",) * (8 - len(ids[:4]) + 1) + (line["lot"],) if line.get("lot") else ()
    return ("W01", plain(line["quantity"]), unit_of(words, line), "", *ids[:4], *lot)


def transfer_advice(tree: Tree, words: Words) -> Rows:
    """943."""
    shipped = compact(tree.get("shipped_at"))
    rows: Rows = [("W06", "F", tree["number"], shipped, "", "", tree.get("purchase_order", ""))]
    supplier = tree.get("supplier") or {"id": words.profile.us.id, "name": words.profile.us.id}
    rows += n1("SF", {"id": supplier.get("id"), "name": supplier.get("name") or supplier.get("id")})
    rows += n1("ST", {"id": words.theirs("site", tree["site"])} if tree.get("site") else None)
    if tree.get("tracking"):
        rows.append(("N9", "CN", tree["tracking"]))
    rows += [
        ("G62", code, compact(tree[key]))
        for code, key in (("11", "shipped_at"), ("17", "expected_at"))
        if tree.get(key)
    ]
    scac = words.scac(tree)
    rows.append(("W27", "M", scac, "" if scac else str(tree.get("carrier", "UNKNOWN"))[:35]))
    total = Decimal(0)
    for line in tree["lines"]:
        total += Decimal(line["quantity"])
        rows.append(("W04", plain(line["quantity"]), unit_of(words, line), "", *words.ids(line["sku"])[:4]))
        rows.append(("N9", "LI", str(line["line"])))
        if line.get("lot"):
            rows.append(("N9", "LT", line["lot"]))
    rows.append(("W03", plain(total)))
    return rows


def shipping_advice(tree: Tree, words: Words) -> Rows:
    """945: an LX loop for each package, and one for what was not packed or not shipped."""
    order = words.order(tree)
    depositor = tree.get("warehouse_order") or tree.get("order", "")
    rows: Rows = [
        (
            "W06",
            "F",
            depositor,
            compact(tree.get("shipped_at")),
            tree["number"][:30],
            "",
            order.get("reference", ""),
        )
    ]
    rows += ship_from(tree, order, words)
    rows += n1(
        "ST", tree.get("ship_to") or order.get("ship_to"), words.known(order).get("parties", {}).get("ST", ())
    )
    rows += carriers_numbers("N9", tree)
    rows.append(("G62", "11", compact(tree.get("shipped_at"))))
    scac = words.scac(tree) or words.scac(order)
    rows.append(("W27", "M", scac, "" if scac else str(tree.get("carrier", "UNKNOWN"))[:35]))
    total = Decimal(0)
    for packs, (name, lines) in enumerate(by_package(with_ordered(tree, order)), 1):
        rows.append(("LX", str(packs)))
        label(name, rows)
        for line in lines:
            total += Decimal(line["quantity"])
            rows += _w12(line, order, words)
    rows.append(("W03", plain(total)))
    return rows


def _w12(line: Tree, order: Tree, words: Words) -> Rows:
    ordered, shipped = line.get("ordered"), line["quantity"]
    left = line.get("left", shipped)
    short = ordered is not None and left < ordered
    status = "CU" if not left else "CP" if short else "CC"
    difference = plain(left - ordered) if ordered is not None else ""
    ids = item_ids(words, order, line)
    asked = "" if ordered is None else plain(ordered)
    more = ("",) * 11 + tuple(ids[2:4]) if len(ids) > 3 else ()
    row: Row = (
        "W12",
        status,
        asked,
        plain(shipped),
        difference,
        unit_of(words, line),
        "",
        *ids[:2],
        line.get("lot", ""),
        *more,
    )
    return [row, ("N9", "LI", str(line.get("order_line", line.get("line", "1"))))]


def transfer_receipt(tree: Tree, words: Words) -> Rows:
    """944; lines of damaged or held goods become exceptions of the line before them."""
    rows: Rows = [
        (
            "W17",
            "F",
            compact(tree["received_at"]),
            tree["number"],
            tree.get("despatch_advice") or tree.get("purchase_order", ""),
        )
    ]
    rows += n1("WH", {"id": words.theirs("site", tree["site"])})
    agreed = words.profile.written("goods_receipt")
    if agreed is not None and words.profile.version_of(agreed) >= "005010":
        rows.append(("LX", "1"))  # from this version on the lines stand in a loop
    good = bad = Decimal(0)
    last: tuple[str, str, str] | None = None
    for line in tree["lines"]:
        quantity, status = Decimal(line["quantity"]), line.get("status", "available")
        name = (str(line["line"]), line["sku"], line.get("lot", ""))
        if status != "available" and name == last:
            rows.append(("W13", plain(quantity), unit_of(words, line), _CONDITIONS.get(status, "09")))
            bad += quantity
            continue
        fit = quantity if status == "available" else Decimal(0)
        ids = words.ids(line["sku"])[:4]
        rows.append(
            ("W07", plain(fit), unit_of(words, line), "", *ids, *("",) * (4 - len(ids)), line.get("lot", ""))
        )
        rows.append(("N9", "LI", str(line["line"])))
        if fit != quantity:
            rows.append(("W13", plain(quantity), unit_of(words, line), _CONDITIONS.get(status, "09")))
            bad += quantity
        good += fit
        last = name
    rows.append(("W14", plain(good), plain(good + bad), plain(bad)))
    return rows


_CONDITIONS = {"damaged": "01", "quality": "04", "held": "09", "quarantine": "09", "expired": "08"}


def adjustment_advice(tree: Tree, words: Words) -> Rows:
    """947."""
    at = compact(tree["at"])
    rows: Rows = [("W15", at, tree["number"])]
    rows += n1("WH", {"id": words.theirs("site", tree["site"])})
    ids = words.ids(tree["sku"])[:4]
    reason = words.theirs("reason", tree["reason"])
    rows.append(
        (
            "W19",
            reason,
            plain(tree["quantity"]),
            unit_of(words, tree),
            "",
            *ids,
            *("",) * (4 - len(ids)),
            tree.get("lot", ""),
        )
    )
    if tree.get("location"):
        rows.append(("N9", "BO", tree["location"]))
    return rows


_STOCK = {
    "available": "33",
    "damaged": "20",
    "held": "QH",
    "quality": "QH",
    "quarantine": "QH",
    "in_transit": "V3",
}


def inventory_advice(tree: Tree, words: Words) -> Rows:
    """846 of one balance."""
    as_of = tree["as_of"]
    name = f"{compact(as_of)}{clock(as_of)}-{tree['sku']}"[:30]
    rows: Rows = [("BIA", "00", "DD", name, compact(as_of), clock(as_of))]
    rows += n1("WH", {"id": words.theirs("site", tree["site"])})
    rows.append(("LIN", "1", *words.ids(tree["sku"])))
    if tree.get("lot"):
        rows.append(("REF", "LT", tree["lot"]))
    promised = tree.get("net", tree["quantity"]) if tree["status"] == "available" else tree["quantity"]
    rows.append(("QTY", _STOCK.get(tree["status"], "17"), plain(promised), unit_of(words, tree)))
    if tree["status"] == "available" and "net" in tree:
        rows.append(("QTY", "17", plain(tree["quantity"]), unit_of(words, tree)))
    rows.append(("CTT", "1"))
    return rows


#: How each set is written.
WRITERS: dict[str, Callable[[Tree, Words], Rows]] = {
    "855": order_response,
    "856": ship_notice,
    "810": invoice,
    "846": inventory_advice,
    "940": shipping_order,
    "943": transfer_advice,
    "944": transfer_receipt,
    "945": shipping_advice,
    "947": adjustment_advice,
}
