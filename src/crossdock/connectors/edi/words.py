"""One partner's words and ours: items, units, carriers, numbers, days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from crossdock.faults import Invalid
from crossdock.formats.edi.profile import Profile
from crossdock.kit.connector import Tools, Tree

#: Qualifiers and the numbers under them, in the order of the segment.
Ids = Sequence[tuple[str, str]]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_DIGITS_MAX = 40


@dataclass(frozen=True, slots=True)
class Words:
    """What both directions look up for one partner."""

    profile: Profile
    tools: Tools
    zoned: bool = False  #: whether the system has a time zone, so that times without one can be read

    # -- from theirs to ours --------------------------------------------------

    def sku(self, ids: Ids, path: str) -> str:
        """Our item code by the best qualifier that is there. Raises Invalid, Unmapped."""
        items = self.profile.items
        by = dict(reversed([(qualifier, id_) for qualifier, id_ in ids if id_]))
        for qualifier in items.qualifiers:
            if qualifier in by:
                return self.tools.ours(items.crosswalk, by[qualifier]) if items.crosswalk else by[qualifier]
        found = ", ".join(by) or "none"
        raise Invalid(
            f"no item number under {', '.join(items.qualifiers)}; there is {found}", path=path,
            fix="send one of these, or name the partner's own in `items.qualifiers` of its profile",
        )  # fmt: skip

    def ours(self, what: str, code: str) -> str:
        """Our word for a code; the code itself where the profile names no crosswalk. Raises Unmapped."""
        table = self.profile.crosswalks.get(what)
        if table is None and what in ("carrier", "ship_method"):
            named = [ours for ours, scac in self.profile.shipping.scac.items() if scac == code]
            return named[0] if len(named) == 1 else code
        return self.tools.ours(table, code) if table and code else code

    # -- from ours to theirs --------------------------------------------------

    def theirs(self, what: str, code: str) -> str:
        """Their code for a word of ours. Raises Unmapped."""
        table = self.profile.crosswalks.get(what)
        return self.tools.theirs(table, code) if table and code else code

    def ids(self, sku: str, known: Any = None) -> list[str]:
        """The item as qualifiers and numbers in turn: what the partner itself called it, else our own number."""
        if isinstance(known, list) and known:
            pairs = [(str(pair[0]), str(pair[1])) for pair in cast("list[list[object]]", known)]
        else:
            items = self.profile.items
            number = self.tools.theirs(items.crosswalk, sku) if items.crosswalk else sku
            pairs = [(items.qualifiers[0], number)]
        return [part for pair in pairs for part in pair]

    def scac(self, tree: Tree) -> str:
        """The carrier's code for a ship method or carrier of ours; "" where none is known."""
        table = self.profile.shipping.scac
        for key in ("ship_method", "carrier"):
            code = tree.get(key)
            if code:
                if code in table:
                    return table[code]
                if key in self.profile.crosswalks:
                    return self.theirs(key, code)
                if len(code) in (2, 3, 4) and code.isalpha() and code.isupper():
                    return code
        return ""

    def known(self, order: Tree) -> Mapping[str, Any]:
        """What this partner's own order said that our model has no field for; nothing of another's order."""
        kept: Mapping[str, Any] = order.get("extra", {}).get("edi", {})
        return kept if kept.get("partner") == self.profile.name else {}

    def order(self, tree: Tree) -> Tree:
        """The order that a document belongs to, as its owner last told it; empty when it is not known."""
        for kind, key in (
            ("sales_order", "order"),
            ("warehouse_order", "warehouse_order"),
            ("sales_order", "warehouse_order"),
        ):
            if tree.get(key):
                found = self.tools.document(kind, tree[key])
                if found is not None:
                    return found
        return {}

    def tells(self, document: str) -> bool:
        """Whether anybody tells the hub of a kind of document."""
        return self.tools.known(document)

    def told_of(self, document: str, order: Tree) -> Sequence[Tree]:
        """All shipments, or all invoices, of an order, the oldest first."""
        kind = "sales_order" if self.tools.document("sales_order", order["number"]) else "warehouse_order"
        return self.tools.belonging(document, kind, order["number"])


def number(text: str, path: str) -> int | Decimal:
    """An exact number. Raises Invalid."""
    # Decimal also reads Infinity, 1_0 and 1E99999999, of which an int would fill the memory
    if len(text) > _DIGITS_MAX or not _NUMBER.fullmatch(text):
        shown = text[:_DIGITS_MAX]
        raise Invalid(
            f'"{shown}" is no number', path=path, value=shown,
            fix="send digits, with a point before decimals and - before a negative one",
        )  # fmt: skip
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() and "." not in text else value


def plain(value: Any) -> str:
    """A number as EDI writes it: no exponent, no zeros behind the point."""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(text: str) -> str:
    """CCYYMMDD or YYMMDD as an ISO day."""
    if len(text) == 6:
        text = ("19" if text >= "70" else "20") + text
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}"


def moment(date: str, time: str, *, zoned: bool) -> str:
    """A day, or the moment in it where a time zone says what the time means."""
    if not time or not zoned:
        return day(date)
    return f"{day(date)}T{time[:2]}:{time[2:4]}:{time[4:6] or '00'}"


def instant(date: str, time: str, *, zoned: bool) -> str:
    """The moment; without a time the day's beginning, without a zone UTC."""
    return f"{day(date)}T{time[:2] or '00'}:{time[2:4] or '00'}:00" + ("" if zoned else "Z")


def compact(value: Any) -> str:
    """The day of an ISO day or moment as CCYYMMDD; "" for nothing."""
    return str(value)[:10].replace("-", "") if value else ""


def clock(value: Any, otherwise: str = "") -> str:
    """The time of an ISO moment as HHMM."""
    text = str(value or "")
    return text[11:13] + text[14:16] if len(text) >= 16 else otherwise


def without_nothing(tree: Mapping[str, Any]) -> Tree:
    """The tree without what is empty; a zero says something."""
    return {
        name: value
        for name, value in tree.items()
        if value or not (value is None or isinstance(value, str | list | dict | tuple))
    }


def first(values: Iterable[str]) -> str:
    """The first that is not empty."""
    return next((value for value in values if value), "")
