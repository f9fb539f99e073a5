"""Documents in our words as EDIFACT messages: ORDRSP, DESADV, RECADV, INVRPT, INVOIC."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from crossdock.connectors.edi.words import Words, clock, compact, plain
from crossdock.formats.edifact.wire.segment import Segment
from crossdock.kit.connector import Tree

Segments = list[Segment]
_S = Segment.of


def _dtm(code: str, value: Any) -> Segments:
    if not value:
        return []
    at = clock(value)
    return [_S("DTM", (code, compact(value) + at, "203" if at else "102"))]


def _nad(code: str, place: Tree | None, known: list[str] | None = None) -> Segments:
    """A party: its GLN or number, else its name and address."""
    place = place or {}
    id_ = (known or [""])[0] or place.get("gln") or place.get("id") or ""
    agency = "9" if len(str(id_)) == 13 and str(id_).isdigit() else "91"
    name = str(place.get("name", ""))[:35]
    if not id_ and not name:
        return []
    street = tuple(str(place[key])[:35] for key in ("street", "street2") if place.get(key))
    return [_S(
        "NAD", code, (str(id_), "", agency) if id_ else "", "", name, street or "", str(place.get("city", ""))[:35],
        str(place.get("region", ""))[:9], str(place.get("postcode", ""))[:9], str(place.get("country", "")),
    )]  # fmt: skip


def _own(words: Words) -> Tree:
    return {"id": words.profile.us.id}


def _buyer(words: Words, order: Tree) -> Segments:
    sides = words.known(order).get("parties", {})
    return [
        *_nad("BY", order.get("customer") or {"id": words.profile.them.id}, sides.get("BY")),
        *_nad("SU", _own(words), sides.get("SU")),
    ]


def _delivery(tree: Tree, order: Tree, words: Words) -> Segments:
    sides = words.known(order).get("parties", {})
    return _nad("DP", tree.get("ship_to") or order.get("ship_to"), sides.get("DP"))


def _lin(words: Words, order: Tree, line: Tree, action: str = "") -> Segments:
    """LIN with its GTIN where the partner named one, PIA for the other numbers."""
    name = str(line.get("order_line", line.get("line", "1")))
    known = words.known(order).get("lines", {}).get(name, {}).get("ids")
    flat = words.ids(line["sku"], known)
    pairs = list(zip(flat[::2], flat[1::2], strict=True))
    gtin = next((n for q, n in pairs if q in ("EN", "SRV", "UP")), "")
    number = name if name.isdigit() else str(line.get("line", "1"))
    made = [_S("LIN", number[:6], action, (gtin, "EN") if gtin else "")]
    others = [(n, q) for q, n in pairs if q not in ("EN", "SRV", "UP")]
    return made + ([_S("PIA", "1", *others[:5])] if others else [])


def _quantity(code: str, amount: Any, unit: str, words: Words) -> Segment:
    return _S("QTY", (code, plain(amount), words.theirs("unit", unit)))


def order_response(tree: Tree, words: Words) -> Segments:
    """ORDRSP."""
    order = words.order(tree)
    function = {"accepted": "29", "changed": "4", "rejected": "27"}[tree["status"]]
    lines = tree.get("lines") or [{**line, "status": tree["status"]} for line in order.get("lines", ())]
    body = [_S("BGM", "231", tree["number"][:35], function)]
    body += _dtm("137", tree.get("answered_at") or order.get("placed_at"))
    body += _dtm("2", tree.get("promised_at"))
    body += [
        _S("RFF", ("ON", order.get("reference") or tree["order"])),
        *_buyer(words, order),
        *_delivery(tree, order, words),
    ]
    for line in lines if function != "27" or tree.get("lines") else ():
        action = {"accepted": "5", "rejected": "7"}.get(line["status"], "3")
        body += _lin(words, order, line, action)
        body.append(_quantity("21" if action != "3" else "12", line["quantity"], line["unit"], words))
        body += _dtm("2", line.get("promised_at"))
        if line.get("price") is not None:
            body.append(_S("PRI", ("AAA", plain(line["price"]))))
    return [*body, _S("UNS", "S"), _S("CNT", ("2", str(len([s for s in body if s.id == "LIN"]))))]


def despatch_advice(tree: Tree, words: Words) -> Segments:
    """DESADV: one CPS for the shipment, one for each package."""
    order = words.order(tree)
    shipped = tree.get("shipped_at")
    body = [_S("BGM", "351", tree["number"][:35], "9"), *_dtm("137", shipped), *_dtm("11", shipped)]
    body.append(_S("RFF", ("ON", order.get("reference") or tree.get("order", ""))))
    body += [*_buyer(words, order), *_delivery(tree, order, words)]
    carrier = words.scac(tree) or tree.get("carrier", "")
    if carrier:
        body.append(_S("TDT", "20", "", "", "", (carrier[:17],)))
    packages = tree.get("packages", ())
    lines = {str(line["line"]): line for line in tree["lines"]}
    body.append(_S("CPS", "1"))
    if packages:
        body.append(_S("PAC", str(len(packages)), "", "CT"))
    else:
        for line in tree["lines"]:
            if line["quantity"]:
                body += _despatched(line, line, order, words)
    for number, package in enumerate(packages, 2):
        body += [_S("CPS", str(number), "1"), _S("PAC", "1", "", "CT")]
        if package.get("weight_kg"):
            body.append(_S("MEA", "PD", "AAB", ("KGM", plain(package["weight_kg"]))))
        if package.get("sscc"):
            body += [_S("PCI", "33E"), _S("GIN", "BJ", package["sscc"])]
        for packed in package.get("lines", ()):
            body += _despatched(packed, lines.get(str(packed.get("line", "")), packed), order, words)
    return [*body, _S("CNT", ("2", str(len([s for s in body if s.id == "LIN"]))))]


def _despatched(packed: Tree, line: Tree, order: Tree, words: Words) -> Segments:
    made = _lin(words, order, {**line, "sku": packed["sku"]})
    made.append(_quantity("12", packed["quantity"], packed["unit"], words))
    lot = packed.get("lot") or line.get("lot")
    if line.get("expires_on"):
        made += _dtm("361", line["expires_on"])
    name = str(line.get("order_line", ""))
    if order and name:
        made.append(_S("RFF", ("ON", order.get("reference") or order.get("number", ""), name[:6])))
    if lot:
        made += [_S("PCI", "17"), _S("GIN", "BX", lot)]
    return made


def receiving_advice(tree: Tree, words: Words) -> Segments:
    """RECADV."""
    received = tree["received_at"]
    body = [_S("BGM", "632", tree["number"][:35], "9"), *_dtm("137", received), *_dtm("50", received)]
    if tree.get("despatch_advice"):
        body.append(_S("RFF", ("AAK", tree["despatch_advice"])))
    elif tree.get("purchase_order"):
        body.append(_S("RFF", ("ON", tree["purchase_order"])))
    body += [
        *_nad("BY", {"id": words.profile.us.id}),
        *_nad("SU", {"id": words.profile.them.id}),
        _S("CPS", "1"),
    ]
    for line in tree["lines"]:
        code = "194" if line.get("status", "available") == "available" else "124"
        body += [*_lin(words, {}, line), _quantity(code, line["quantity"], line["unit"], words)]
    return [*body, _S("CNT", ("2", str(len(tree["lines"]))))]


_STOCK = {"available": "145", "damaged": "124", "held": "124", "quality": "124", "quarantine": "124"}


def inventory_report(tree: Tree, words: Words) -> Segments:
    """INVRPT of one balance."""
    as_of = tree["as_of"]
    name = f"{compact(as_of)}{clock(as_of)}-{tree['sku']}"[:35]
    body = [_S("BGM", "35", name, "9"), *_dtm("137", as_of), *_dtm("366", as_of)]
    body += [*_nad("GM", _own(words)), *_nad("GY", {"id": words.theirs("site", tree["site"])})]
    body += [*_lin(words, {}, {**tree, "line": "1"})]
    return [*body, _quantity(_STOCK.get(tree["status"], "145"), tree["quantity"], tree["unit"], words)]


def invoice(tree: Tree, words: Words) -> Segments:
    """INVOIC."""
    order = words.order(tree)
    code = "381" if tree.get("credit_of") else "380"
    body = [_S("BGM", code, tree["number"][:35], "9"), *_dtm("137", tree.get("invoiced_on"))]
    if order or tree.get("order"):
        body.append(_S("RFF", ("ON", order.get("reference") or tree["order"])))
    body += _buyer(words, order)
    body.append(_S("CUX", ("2", tree["currency"], "4")))
    if tree.get("due_on"):
        body += [_S("PAT", "3"), *_dtm("13", tree["due_on"])]
    goods = Decimal(0)
    for line in tree["lines"]:
        amount = (
            Decimal(line["total"]) if "total" in line else Decimal(line["quantity"]) * Decimal(line["price"])
        )
        goods += amount
        body += [*_lin(words, order, line), _quantity("47", line["quantity"], line["unit"], words)]
        body += [_S("MOA", ("203", plain(amount))), _S("PRI", ("AAA", plain(line["price"])))]
    taxes = sum((Decimal(tax["amount"]) for tax in tree.get("taxes", ())), Decimal(0))
    total = Decimal(tree["total"]) if "total" in tree else goods + taxes
    body += [_S("UNS", "S"), _S("CNT", ("2", str(len(tree["lines"])))), _S("MOA", ("79", plain(goods)))]
    body.append(_S("MOA", ("86", plain(total))))
    for tax in tree.get("taxes", ()):
        rate = ("", "", "", plain(tax["rate"])) if "rate" in tax else ""
        body += [_S("TAX", "7", "VAT", "", "", rate), _S("MOA", ("124", plain(tax["amount"])))]
    return body


#: How each message is written.
WRITERS: dict[str, Callable[[Tree, Words], Segments]] = {
    "ORDRSP": order_response,
    "DESADV": despatch_advice,
    "RECADV": receiving_advice,
    "INVRPT": inventory_report,
    "INVOIC": invoice,
}
