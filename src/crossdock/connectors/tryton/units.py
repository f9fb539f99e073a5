"""Units of measure between Tryton and the hub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from crossdock.connectors.tryton.wire import Row, exact
from crossdock.faults import Invalid, Unmapped
from crossdock.kit.connector import Tools

#: Symbols of the units that Tryton's `product` module brings along -> the hub's code. A symbol that
#: is not here is a unit of the company's own: a pack such as `cs12`, known to the hub as `CS12`
#: because the items name it with its factor.
BROUGHT_ALONG: Mapping[str, str] = {
    "u": "EA", "kg": "KG", "g": "G", "lb": "LB", "oz": "OZ", "s": "SEC", "min": "MIN", "h": "HR", "d": "DAY",
    "m": "M", "km": "KM", "cm": "CM", "mm": "MM", "ft": "FT", "yd": "YD", "in": "INH", "m³": "M3", "l": "L",
    "cm³": "ML", "gal": "GAL", "m²": "M2", "cm²": "CMK",
}  # fmt: skip

#: Units of Tryton's own that the hub has no code for; upper case would give them another meaning.
_WITHOUT_CODE = frozenset({"c", "mi", "in³", "ft³", "a", "ha", "in²", "ft²", "yd²", "J", "MJ", "kW⋅h"})
_FACTOR_DIGITS = 12  # decimals of a factor in Tryton
_PACK = re.compile(r"[A-Za-z][A-Za-z0-9_/-]{0,19}")


class Units:
    """Unit codes of one system, by its crosswalk where the charter says so, else by the table above."""

    def __init__(self, tools: Tools, *, by_crosswalk: bool) -> None:
        self._tools = tools
        self._by_crosswalk = by_crosswalk

    def ours(self, symbol: object, path: str) -> str:
        """The hub's code for their symbol. Raises Unmapped."""
        if self._by_crosswalk:
            return self._tools.ours("unit", symbol)
        text = symbol if isinstance(symbol, str) else ""
        if code := BROUGHT_ALONG.get(text):
            return code
        if text in _WITHOUT_CODE or not _PACK.fullmatch(text):
            raise Unmapped(
                f"the unit {symbol} of Tryton has no code here",
                crosswalk="unit", value=symbol, path=path, fix="add a row, and list unit under crosswalks",
            )  # fmt: skip
        return text.upper()

    def theirs(self, code: str, symbols: Iterable[str]) -> str | None:
        """Their symbol for the hub's code; without a crosswalk one of the symbols given. Raises Unmapped."""
        if self._by_crosswalk:
            return self._tools.theirs("unit", code)
        named = next((symbol for symbol, ours in BROUGHT_ALONG.items() if ours == code), None)
        return named or next(
            (symbol for symbol in symbols if is_pack(symbol) and symbol.upper() == code), None
        )


def is_pack(symbol: object) -> bool:
    """Whether it is a unit of the company's own, whose size the items must tell."""
    return symbol not in BROUGHT_ALONG and symbol not in _WITHOUT_CODE


def factor(unit: Row, base: Row) -> int | Decimal:
    """How many of the base unit one unit is; both with their `factor` (of the category's unit). Raises Invalid."""
    one, other = Decimal(exact(unit["factor"])), Decimal(exact(base["factor"]))
    if one <= 0 or other <= 0:
        raise Invalid("a unit with a factor of nothing", path="factor", value=unit.get("symbol"))
    return exact(round(one / other, _FACTOR_DIGITS))
