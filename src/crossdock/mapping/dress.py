"""Numbers on their way through the engine: in as what it can hold, out with their own digits.

The engine computes in doubles: it refuses Decimal, gives 10 for 10.00 and loses digits beyond the
fifteenth. So a tree is lent to it with Decimals as doubles and long numbers as strings; and its result
is dressed again: a copied number gets the digits of the field it was copied from, a computed one is
exact to fifteen digits, and a field that came out undefined is noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from crossdock.faults import Invalid
from crossdock.mapping.shape import Either, Entry, Fields, Items, Shape

DIGITS_MAX = 15  #: that a double holds for certain
_WHOLE_MAX = 10**DIGITS_MAX
MARK = "\x01"  #: field that tells objects apart where a mapping may make one of several

#: The way to a place in a result, innermost first: ("price", (2, ("lines", None))).
Where = tuple[str | int, Any] | None


def spelled(where: Where) -> str:
    """The way to a place as people read it: `lines[2].price`."""
    text = ""
    while where:
        step, where = where
        mark = f"[{step}]" if isinstance(step, int) else f".{step}"
        text = mark + text
    return text.removeprefix(".")


def number_in(value: Decimal) -> float | str:
    """A number as the engine can hold it; one of more than fifteen digits is a string."""
    text = str(value)
    if len(text) <= DIGITS_MAX + 1 and "E" not in text:
        return float(value)
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    return float(value) if len(digits) <= DIGITS_MAX and abs(value.adjusted()) < 300 else text


def number_out(value: float, where: Where = None) -> Decimal | int:
    """A number that the engine computed, exact to fifteen digits.

    Raises Invalid when it has more: the rest would be noise.
    """
    if abs(value) >= _WHOLE_MAX:
        raise Invalid(
            "the mapping computed a number of more than 15 digits",
            path=spelled(where),
            value=str(value),
            fix="keep long numbers as strings in the mapping",
        )
    if type(value) is int:
        return value
    exact = Decimal(format(value, f".{DIGITS_MAX}g"))
    return int(exact) if exact == exact.to_integral_value() else exact


class Loan:
    """One tree lent to the engine, and the dressing of what comes back."""

    __slots__ = ("_decimals", "_index", "_source", "missing")

    def __init__(self, source: object) -> None:
        self._source = source
        self._decimals = False
        self._index: dict[str, dict[float, Decimal | int]] | None = None
        #: Fields that came out undefined: the entry and where it should be.
        self.missing: list[tuple[Entry, Where]] = []

    def lent(self) -> Any:
        """The tree as the engine can hold it; the source stays as it is."""
        return self._lend({"": self._source})[""]

    def _lend(self, node: dict[str, Any]) -> dict[str, Any]:
        lent = node.copy()
        for key, value in node.items():
            kind: type[object] = value.__class__
            if kind is str or kind is bool or value is None:
                continue
            if kind is Decimal:
                self._decimals = True
                text = str(value)
                # Most have few digits and no exponent, and need no closer look.
                lent[key] = float(text) if len(text) <= DIGITS_MAX and "E" not in text else number_in(value)
            elif kind is int:
                if not -_WHOLE_MAX < value < _WHOLE_MAX:
                    lent[key] = str(value)
            elif kind is dict:
                lent[key] = self._lend(value)
            elif kind is list:
                # Lists hold objects nearly always; anything else takes the long way.
                lend = self._lend
                lent[key] = [lend(item) if item.__class__ is dict else lend({"": item})[""] for item in value]
        return lent

    def dressed(self, made: Any, shape: Shape | None, names: frozenset[str] = frozenset()) -> Any:
        """The result with its digits; undefined fields are added to `missing`.

        `names` are the source fields that a bare value may be a copy of. Raises Invalid.
        """
        if shape is None:
            return self._whole(made, "", None, names)
        return self._shaped(made, shape, self._source, None)

    def _shaped(self, made: Any, shape: Shape, here: Any, where: Where) -> Any:
        if type(shape) is Fields:
            return self._fields(made, shape, here, where)
        if type(shape) is Items:
            return self._items(made, shape, here, where)
        return self._either(made, cast("Either", shape), here, where)

    def _either(self, made: Any, shape: Either, here: Any, where: Where) -> Any:
        """Dresses each object as the one whose mark it bears; what bears none was copied."""
        kind: type[object] = made.__class__
        if kind is list:
            for index, item in enumerate(made):
                made[index] = self._either(item, shape, None, (index, where))
            return made
        found = shape.marked.get(made.pop(MARK, -1)) if kind is dict else None
        if found is None:
            return self._whole(made, "", where)
        fields, same_item = found
        return self._fields(made, fields, here if same_item else None, where)

    def _items(self, made: Any, shape: Items, here: Any, where: Where) -> Any:
        each = shape.each
        sources = _sources(here, shape.way) if shape.way else [here if shape.way == () else None]
        if made.__class__ is not list:
            return self._shaped(made, each, sources[0] if len(sources) == 1 else None, where)
        if len(sources) != len(made):
            sources = [None] * len(made)
        if type(each) is Fields:
            return [self._fields(item, each, sources[n], (n, where)) for n, item in enumerate(made)]
        return [self._shaped(item, each, sources[n], (n, where)) for n, item in enumerate(made)]

    def _fields(self, made: Any, shape: Fields, here: Any, where: Where) -> Any:
        if made.__class__ is list:  # a list in a list
            return self._items(made, Items(shape, None), None, where)
        if made.__class__ is not dict:
            return self._whole(made, "", where)
        if not shape.closed or len(made) != len(shape.entries):
            self.missing += [(entry, (entry.key, where)) for entry in shape.entries if entry.key not in made]
        plain: dict[str, Any] | None = here if here.__class__ is dict else None
        known = shape.known
        for key, value in made.items():
            kind: type[object] = value.__class__
            if kind is str or value is None or (entry := known.get(key)) is None:
                continue
            if kind is int or kind is float:
                copies = entry.copies
                if plain is not None and copies is not None:
                    source: Any = plain
                    for step in copies:
                        source = source.get(step) if source.__class__ is dict else None
                    if source.__class__ is Decimal:
                        if float(source) == value:
                            made[key] = source
                            continue
                    elif kind is int and source == value:
                        continue
                made[key] = self._number(value, entry.names, (key, where))
            elif entry.shape is not None:
                made[key] = self._shaped(value, entry.shape, here, (key, where))
            elif kind is dict or kind is list:
                made[key] = self._whole(value, key, (key, where), entry.names)
        if not shape.closed:
            self._others(made, shape, where)
        return made

    def _others(self, made: dict[str, Any], shape: Fields, where: Where) -> None:
        """Dresses the fields whose keys the mapping computed."""
        known = {entry.key for entry in shape.entries}
        for key, value in made.items():
            if key in known:
                continue
            if shape.rest is not None:
                made[key] = self._shaped(value, shape.rest, None, (key, where))
            else:
                made[key] = self._whole(value, key, (key, where))

    def _whole(self, made: Any, name: str, where: Where, names: frozenset[str] = frozenset()) -> Any:
        """A value of which nothing is known: fields that kept their name may be copies."""
        kind: type[object] = made.__class__
        if kind is dict:
            entries: dict[str, Any] = made
            entries.pop(MARK, None)
            for key, value in entries.items():
                if type(value) is not str:
                    entries[key] = self._whole(value, key, (key, where))
        elif kind is list:
            for index, item in enumerate(made):
                made[index] = self._whole(item, name, (index, where), names)
        elif kind is int or kind is float:
            return self._number(made, names or {name}, where)
        return made

    def _number(self, made: float, names: frozenset[str] | set[str], where: Where) -> Decimal | int:
        """The digits of a field of these names with this value, or the number to fifteen digits."""
        if self._decimals and names:
            if self._index is None:
                self._index = {}
                self._note(self._source, "", self._index)
            for name in names:
                found = self._index.get(name, {}).get(made)
                if found is not None:
                    return found
        return number_out(made, where)

    def _note(self, node: Any, name: str, index: dict[str, dict[float, Decimal | int]]) -> None:
        """Enters every number of the source under its field name and value."""
        kind: type[object] = node.__class__
        if kind is dict:
            for key, value in node.items():
                self._note(value, key, index)
        elif kind is list:
            for item in node:
                self._note(item, name, index)
        elif kind is Decimal:
            index.setdefault(name, {}).setdefault(float(node), node)
        elif kind is int:
            index.setdefault(name, {}).setdefault(node, node)


def _sources(here: Any, way: Sequence[str]) -> Sequence[Any]:
    """The items of the source that a path leads to, lists laid flat as JSONata does."""
    nodes: list[Any] = [here]
    for name in way:
        nodes = [node[name] for node in nodes if node.__class__ is dict and name in node]
        if any(node.__class__ is list for node in nodes):
            nodes = [item for node in nodes for item in (node if node.__class__ is list else (node,))]
    return nodes
