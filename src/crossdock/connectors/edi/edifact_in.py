"""EDIFACT messages as documents in our words: ORDERS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from crossdock.connectors.edi.words import Words, day, number, without_nothing
from crossdock.connectors.edi.x12_rows import NUMBER_CHARS_MAX, Made
from crossdock.formats.edifact.wire.segment import Segment
from crossdock.kit.connector import Tree

Segments = Sequence[Segment]


def _parts(segments: Segments, tag: str, end: str = "UNS") -> tuple[Segments, list[Segments]]:
    """What stands before the first segment of a tag, and the groups that it opens."""
    head: list[Segment] = []
    groups: list[list[Segment]] = []
    for segment in segments:
        if segment.id == end:
            break
        if segment.id == tag:
            groups.append([])
        (groups[-1] if groups else head).append(segment)
    return head, list(groups)


def _value(segments: Segments, id_: str, qualifier: str) -> str:
    """The second component of the first composite that begins with a qualifier."""
    return next((s.get(1, 2) for s in segments if s.id == id_ and s.get(1, 1) == qualifier), "")


def moment(segments: Segments, words: Words, *qualifiers: str) -> str:
    """The first DTM of some qualifiers as a day, or a moment where a time zone says what its time means."""
    for qualifier in qualifiers:
        text = _value(segments, "DTM", qualifier)
        if len(text) >= 8 and text[:8].isdigit():
            timed = len(text) >= 12 and words.zoned
            return f"{day(text[:8])}T{text[8:10]}:{text[10:12]}:00" if timed else day(text[:8])
    return ""


def parties(segments: Segments) -> dict[str, Tree]:
    """Each NAD by its qualifier."""
    found: dict[str, Tree] = {}
    for nad in segments:
        if nad.id == "NAD":
            gln = nad.get(2, 1) if nad.get(2, 3) == "9" and len(nad.get(2, 1)) == 13 else ""
            found.setdefault(nad.get(1), without_nothing({
                "id": nad.get(2, 1), "gln": gln, "name": nad.get(4, 1), "street": nad.get(5, 1),
                "street2": nad.get(5, 2), "city": nad.get(6), "region": nad.get(7), "postcode": nad.get(8),
                "country": nad.get(9),
            }))  # fmt: skip
    return found


def number_of(segments: Segments) -> str:
    """What a document is called in a message that may be wrong; "" where it does not say."""
    found = next((segment.get(2) for segment in segments if segment.id == "BGM"), "")
    return found if found.isprintable() and len(found) <= NUMBER_CHARS_MAX else ""


def orders(segments: Segments, words: Words) -> Iterator[Made]:
    """ORDERS: a sales order, or its cancellation (1225 = 1)."""
    head, groups = _parts(segments, "LIN")
    bgm = head[0]
    name, function = bgm.get(2), bgm.get(3)
    if function == "1":
        yield "cancellation", {"number": name, "order": name}, name, None
        return
    found = parties(head)
    currency = next((s.get(1, 2) for s in head if s.id == "CUX"), "") or "EUR"
    lines: list[Tree] = []
    kept: Tree = {}
    for index, group in enumerate(groups):
        line, ids = _line(group, f"LIN[{index + 1}]", words, currency)
        lines.append(line)
        kept[str(line["line"])] = {"ids": ids}
    place = found.get("DP") or found.get("ST")
    address = {key: value for key, value in place.items() if key != "id"} if place else None
    buyer = found.get("BY", {})
    customer = without_nothing({key: buyer.get(key) for key in ("id", "name", "gln")})
    sides = {code: [party.get("id", "")] for code, party in found.items()}
    tree = without_nothing({
        "number": name,
        "reference": name,
        "placed_at": moment(head, words, "137"),
        "customer": customer or {"id": words.profile.name},
        "ship_to": address,
        "requested_at": moment(head, words, "2", "69", "64"),
        "notes": "\n".join(_text(segment) for segment in head if segment.id == "FTX"),
        "lines": lines,
        "extra": {"edi": {"partner": words.profile.name, "parties": sides, "lines": kept}},
    })  # fmt: skip
    yield "sales_order", tree, name, function not in ("4", "5")


def _text(ftx: Segment) -> str:
    return " ".join(part for element in ftx.elements[3:4] for composite in element for part in composite)


def _line(group: Segments, path: str, words: Words, currency: str) -> tuple[Tree, list[list[str]]]:
    lin = group[0]
    ids = [("EN", lin.get(3, 1))] if lin.get(3, 1) else []
    for pia in group:
        if pia.id == "PIA":
            ids += [(pia.get(at, 2), pia.get(at, 1)) for at in range(2, 7) if pia.get(at, 1)]
    ids = [("SRV" if q == "SRV" else q, n) for q, n in ids]
    qty = next((s for s in group if s.id == "QTY" and s.get(1, 1) == "21"), None)
    pri = next((s for s in group if s.id == "PRI" and s.get(1, 1) in ("AAA", "AAB", "INV")), None)
    line = without_nothing({
        "line": lin.get(1) or path,
        "sku": words.sku(ids, f"{path}/PIA02"),
        "quantity": number(qty.get(1, 2) if qty else "", f"{path}/QTY01-2"),
        "unit": words.ours("unit", (qty.get(1, 3) if qty else "") or "PCE"),
        "price": number(pri.get(1, 2), f"{path}/PRI01-2") if pri else None,
        "currency": currency if pri else None,
        "name": next((s.get(3, 4) for s in group if s.id == "IMD" and s.get(3, 4)), ""),
        "requested_at": moment(group, words, "2", "69"),
    })  # fmt: skip
    return line, [list(pair) for pair in ids]


#: How each message is read.
READERS: dict[str, Callable[[Segments, Words], Iterator[Made]]] = {"ORDERS": orders}
