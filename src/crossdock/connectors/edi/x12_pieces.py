"""Segments that several X12 sets have in common: parties, items, labels, words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.connectors.edi.words import Words
from crossdock.formats.x12.tree import Row
from crossdock.kit.connector import Tree

Rows = list[Row]


def item_ids(words: Words, order: Tree, line: Tree) -> list[str]:
    """The item as the partner named it in its order, else as the profile says."""
    name = str(line.get("order_line", line.get("line", "")))
    return words.ids(line["sku"], words.known(order).get("lines", {}).get(name, {}).get("ids"))


def unit_of(words: Words, line: Tree) -> str:
    """Their unit of a line. Raises Unmapped."""
    return words.theirs("unit", line["unit"])


def n1(code: str, place: Tree | None, known: Sequence[str] = ()) -> Rows:
    """An N1 loop; nothing for a party of which nothing is known."""
    if not place and not known:
        return []
    place = place or {}
    name = place.get("company") or place.get("name") or (known[2] if len(known) > 2 else "")
    scheme, id_ = (known[0], known[1]) if known and known[1] else ("", "")
    if not scheme and place.get("gln"):
        scheme, id_ = "UL", place["gln"]
    if not scheme and place.get("id"):
        scheme, id_ = "92", place["id"]
    if not name and not id_:
        return []
    rows: Rows = [("N1", code, str(name)[:60], scheme, str(id_)[:80])]
    if place.get("street"):
        rows.append(("N3", str(place["street"])[:55], str(place.get("street2", ""))[:55]))
    if place.get("city") or place.get("postcode"):
        region = str(place.get("region", ""))
        rows.append((
            "N4", str(place.get("city", ""))[:30], region if len(region) == 2 else "", place.get("postcode", ""),
            place.get("country", ""),
        ))  # fmt: skip
    return rows


#: How N103 names an id of an envelope, by its qualifier there. Source: X12, data elements I05 and 66.
_SCHEMES = {"01": "1", "14": "9", "08": "UL", "07": "UL", "02": "2", "12": "12"}


def ourselves(code: str, words: Words) -> Rows:
    """An N1 loop that names us as the envelope does."""
    us = words.profile.us
    return n1(code, None, (_SCHEMES.get(us.qualifier, "ZZ"), us.id, us.id))


def ship_from(tree: Tree, order: Tree, words: Words) -> Rows:
    """Where goods left: as the partner itself named the place, else by its site code, else we."""
    sides = words.known(order).get("parties", {})
    if known := sides.get("SF") or sides.get("WH"):
        return n1("SF", None, known)
    if tree.get("site"):
        return n1("SF", {"id": words.theirs("site", tree["site"])})
    return ourselves("SF", words)


def text_rows(id_: str, code: str, text: str, width: int) -> Rows:
    """Words for people, as many segments as they need; at most ten."""
    words = " ".join(str(text).split())
    return [
        (id_, code, words[at : at + width].strip()) for at in range(0, min(len(words), width * 10), width)
    ]


def label(package: Tree, rows: Rows) -> None:
    """One MAN for SSCC and tracking number: partners take one of a package."""
    marks: list[str] = []
    if package.get("sscc"):
        marks += ["GM", f"00{package['sscc']}"]
    if package.get("tracking"):
        marks += ["CP", package["tracking"]]
    if not marks and package.get("id"):
        marks = ["CA", package["id"]]
    if marks:
        rows.append(("MAN", *marks[:2], *(("", *marks[2:]) if len(marks) > 2 else ())))


def carriers_numbers(segment: str, tree: Tree) -> Rows:
    """The bill of lading of a shipment, where a warehouse told one, and the carrier's own number."""
    kept: Mapping[str, Any] = tree.get("extra", {}).get("edi", {})
    bill, tracking = kept.get("bill_of_lading"), tree.get("tracking")
    rows: Rows = [(segment, "BM", str(bill))] if bill else []
    return [*rows, (segment, "CN", tracking)] if tracking and tracking != bill else rows
