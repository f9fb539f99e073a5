"""The 856: shipment, order, tares, packs and items in their hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from crossdock.connectors.edi.words import Words, clock, compact, plain
from crossdock.connectors.edi.x12_pieces import (
    Rows,
    carriers_numbers,
    item_ids,
    label,
    n1,
    ship_from,
    unit_of,
)
from crossdock.kit.connector import Tree

# -- ship notices --------------------------------------------------------------------------------------


def ship_notice(tree: Tree, words: Words) -> Rows:
    """856: shipment, order, tares, packs, items; without packs where the profile says SOI."""
    order = words.order(tree)
    known, agreed = words.known(order), words.profile.written("shipment")
    packed = bool(tree.get("packages")) and (agreed is None or agreed.hierarchy != "SOI")
    structure = "0001" if packed else "0004"
    shipped = tree.get("shipped_at")
    rows: Rows = [("BSN", "00", tree["number"][:30], compact(shipped), clock(shipped, "0000"), structure)]
    levels = _Levels(rows)
    levels.open("S", None, children=True)
    packages = tree.get("packages", ())
    weight = sum((Decimal(p["weight_kg"]) for p in packages if "weight_kg" in p), Decimal(0))
    outer = [p for p in packages if not p.get("inside")]
    if outer:
        measured = ("G", plain(weight), "KG") if weight else ()
        rows.append(("TD1", "CTN25", str(len(outer)), "", "", "", *measured))
    scac = words.scac(tree) or words.scac(order)
    if scac:
        rows.append(("TD5", "O", "2", scac))
    rows += carriers_numbers("REF", tree)
    rows.append(("DTM", "011", compact(shipped), *((clock(shipped),) if clock(shipped) else ())))
    sides = known.get("parties", {})
    rows += ship_from(tree, order, words)
    rows += n1("ST", tree.get("ship_to") or order.get("ship_to"), sides.get("ST", ()))
    top = levels.open("O", 1, children=True)
    rows.append(
        ("PRF", order.get("reference") or tree.get("order", ""), "", "", compact(order.get("placed_at")))
    )
    rows += [("REF", code, text) for code, text in known.get("refs", {}).items() if code in ("DP", "IA")]
    rows += n1("BY", None, sides.get("BY", ()))
    if packed:
        _packs(tree, order, words, levels, top)
    else:
        for line in tree["lines"]:
            if line["quantity"]:
                _item(line, line, order, words, levels, top)
    rows.append(("CTT", str(levels.count)))
    return rows


class _Levels:
    """The HL segments of one notice."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.count = 0

    def open(self, code: str, parent: int | None, *, children: bool) -> int:
        """A new level; gives its number."""
        self.count += 1
        self.rows.append(
            ("HL", str(self.count), "" if parent is None else str(parent), code, "1" if children else "0")
        )
        return self.count


def _packs(tree: Tree, order: Tree, words: Words, levels: _Levels, top: int) -> None:
    """Tares with the packs on them, then packs that stand on nothing."""
    packages = tree["packages"]
    lines = {str(line["line"]): line for line in tree["lines"]}
    on: dict[str, list[Tree]] = {}
    for package in packages:
        on.setdefault(package.get("inside", ""), []).append(package)
    for package in on.get("", ()):
        names = [name for name in (package.get("id"), package.get("sscc")) if name]
        inner = [one for name in names for one in on.get(name, ())]
        if inner:
            tare = levels.open("T", top, children=True)
            label(package, levels.rows)
            for one in inner:
                _pack(one, lines, order, words, levels, tare)
        else:
            _pack(package, lines, order, words, levels, top)


def _pack(
    package: Tree, lines: Mapping[str, Tree], order: Tree, words: Words, levels: _Levels, parent: int
) -> None:
    number = levels.open("P", parent, children=bool(package.get("lines")))
    label(package, levels.rows)
    for packed in package.get("lines", ()):
        line = lines.get(str(packed.get("line", "")))
        if line is None:  # packed without naming its line: the first of the item
            line = next((one for one in lines.values() if one["sku"] == packed["sku"]), packed)
        _item(packed, line, order, words, levels, number)


def _item(packed: Tree, line: Tree, order: Tree, words: Words, levels: _Levels, parent: int) -> None:
    levels.open("I", parent, children=False)
    name, unit = str(line.get("order_line", line.get("line", ""))), unit_of(words, packed)
    lot = packed.get("lot") or line.get("lot")
    more = ["LT", lot] if lot else []
    levels.rows.append(("LIN", name, *item_ids(words, order, {**line, "sku": packed["sku"]}), *more))
    ordered = line.get("ordered")
    asked = (plain(ordered), unit_of(words, line)) if ordered is not None else ("", "")
    status = "BP" if ordered is not None and line["quantity"] < ordered else ""
    levels.rows.append(("SN1", name, plain(packed["quantity"]), unit, "", *asked, "", status))
