"""Columns that are named like fields of our document: where each value goes, and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, cast, get_args, get_origin

from crossdock.formats.table import flag_cast, number_cast
from crossdock.model import register
from crossdock.model.document import Part

_STEP = re.compile(r"([^.\[\]]+)(?:\[(\d{1,5})\])?")


#: Ways that are remembered.
_KEPT_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Step:
    """One field on the way; `index` is the place in its list."""

    name: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where the values of one column go."""

    steps: tuple[Step, ...]
    cast: Callable[[Any], Any]
    in_lines: bool  #: below the document's lines: each row of a group brings one


class Columns:
    """The columns of one kind of document, found once and used for each row."""

    def __init__(self, document: str, *, decimal: str = ".", grouping: str = "") -> None:
        self._class = register.kinds()[document]
        self._number = number_cast(decimal, grouping)
        self._targets: dict[str, Target] = {}

    def tree(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """One document of one row, or of several that share its head. Raises ValueError with (column, words)."""
        tree: dict[str, Any] = {}
        for number, row in enumerate(rows):
            for column, value in _flattened(row):
                target = self._targets.get(column) or self._found(column)
                try:
                    cast = target.cast(value)
                except ValueError as error:
                    raise Misfit(column, str(error), value) from None
                place = number if target.in_lines else None
                if not _put(tree, target.steps, cast, place):
                    raise Misfit(column, f"differs from the row before: {str(value)[:80]!r}", value)
        return tree

    def _found(self, column: str) -> Target:
        if len(self._targets) >= _KEPT_MAX:
            self._targets.clear()
        target = self._targets[column] = self._target(column)
        return target

    def _target(self, column: str) -> Target:
        steps: list[Step] = []
        cls: type[Part] | None = self._class
        annotation: Any = None
        in_lines = False
        for part in column.split("."):
            found = _STEP.fullmatch(part.strip())
            field = cls.model_fields.get(found.group(1)) if found and cls is not None else None
            if found is None or field is None:
                if steps and steps[0].name == "extra":
                    return Target((Step("extra"), Step(column.partition(".")[2])), _as_it_is, in_lines=False)
                # The model has no such field: it is passed on beside it, as whatever else it has no field for.
                return Target((Step("extra"), Step(column)), _as_it_is, in_lines=False)
            name, index = found.groups()
            annotation = field.annotation
            many = get_origin(annotation) is tuple
            in_lines = in_lines or (many and name == "lines" and not steps and index is None)
            steps.append(Step(name, int(index) if index else 0 if many else None))
            cls = next(
                (one for one in _leaves(annotation) if isinstance(one, type) and issubclass(one, Part)), None
            )
        return Target(tuple(steps), self._cast(annotation), in_lines)

    def _cast(self, annotation: Any) -> Callable[[Any], Any]:
        leaves = set(_leaves(annotation))
        if Decimal in leaves:
            return self._number
        if bool in leaves:
            return flag_cast
        if int in leaves:
            return _line
        return _text


class Misfit(ValueError):
    """A cell that cannot be what its column stands for."""

    def __init__(self, column: str, says: str, value: object) -> None:
        super().__init__(says)
        self.column = column
        self.says = says
        self.value = value


def _flattened(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each value with its way: what stands within another, as XML and JSON have it, as if it were a column."""
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flattened(cast("dict[str, Any]", value), f"{prefix}{name}.")
        elif isinstance(value, list):
            for index, one in enumerate(cast("list[Any]", value)):
                way = f"{prefix}{name}[{index}]"
                if isinstance(one, dict):
                    yield from _flattened(cast("dict[str, Any]", one), f"{way}.")
                else:
                    yield way, one
        elif value is not None:
            yield prefix + name, value


def _as_it_is(value: Any) -> Any:
    return value


def _line(value: Any) -> Any:
    """A line's own name: whole numbers as such."""
    text = str(value)
    return (
        int(text)
        if text.isascii() and text.isdigit() and len(text) < 18 and (text == "0" or text[0] != "0")
        else text
    )


def _text(value: Any) -> Any:
    """Text without blanks at its ends; a number of a sheet by its digits."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _leaves(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _leaves(annotation.__origin__)
    elif members := get_args(annotation):
        for member in members:
            yield from _leaves(member)
    else:
        yield annotation


def _put(tree: dict[str, Any], steps: tuple[Step, ...], value: Any, place: int | None) -> bool:
    """Whether the value could be put there: another one that stands there is not overwritten."""
    node = tree
    for at, step in enumerate(steps):
        last = at == len(steps) - 1
        if step.index is None:
            if last:
                return node.setdefault(step.name, value) == value
            node = node.setdefault(step.name, {})
            continue
        some: list[Any] = node.setdefault(step.name, [])
        index = min(place if place is not None and at == 0 else step.index, len(some))
        if last:
            some.append(value)
            return True
        if index == len(some):
            some.append({})
        node = some[index]
    return False
