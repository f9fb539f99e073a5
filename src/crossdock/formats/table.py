"""Rows of a file with the place of each, the bounds that hold, and how cells become values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crossdock.faults import Invalid, Unreadable

DIGITS_MAX = 40  #: digits of a number in a cell

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)
_YES = frozenset({"true", "yes", "y", "1", "x"})
_NO = frozenset({"false", "no", "n", "0"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a file may hold; beyond, it is refused before it fills the memory."""

    rows: int = 1_000_000
    cells: int = 500  #: of one row
    characters: int = 100_000  #: of one cell
    bytes: int = 200_000_000  #: of the file, unpacked

    def over(self, what: str, most: int, *, line: int = 0) -> Unreadable:
        """The refusal of a file that is larger than this."""
        place = f" (line {line})" if line else ""
        return Unreadable(
            f"more than {most:,} {what}{place}", status=413, path=what, fix="send smaller files"
        )


@dataclass(slots=True)
class Row:
    """One row: its line from 1, and what stands under each column; blank cells are absent."""

    line: int
    values: dict[str, Any]
    wrong: Invalid | None = None  #: why the row itself cannot be taken


@dataclass(slots=True)
class Table:
    """The rows of one file in their order, read while they are asked for."""

    columns: Sequence[str]  #: as the header names them; empty where a row names its own
    rows: Iterator[Row]

    def letter(self, column: str) -> str:
        """Where a column is, as a spreadsheet names it; "" when the file has no such column."""
        return letters(self.columns.index(column)) if column in self.columns else ""


def named(names: list[str]) -> list[str]:
    """The columns of a header, blank ones at its end left out. Raises Unreadable for one without a name, or a twin."""
    while names and not names[-1]:
        names.pop()
    if not names:
        raise Unreadable("the file has no header", path="line 1", fix="name the columns in the first line")
    for index, name in enumerate(names):
        if not name or name in names[:index]:
            says = f"two columns are called {name}" if name else f"column {letters(index)} has no name"
            raise Unreadable(says, path="line 1", value=name, fix="give each column a name of its own")
    return names


def letters(index: int) -> str:
    """The name of a column by its place from 0: A, B … Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


Cast = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Casts:
    """What cells of some columns become. Raises ValueError with words for what does not fit."""

    by_column: Mapping[str, Cast] = field(default_factory=dict[str, Cast])

    def cast(self, row: Row) -> Row:
        """The row with its values cast; the first cell that does not fit makes it wrong."""
        values = row.values
        for column, cast in self.by_column.items():
            if column in values:
                try:
                    values[column] = cast(values[column])
                except ValueError as error:
                    row.wrong = row.wrong or Invalid(
                        str(error), path=column, value=_shown(values[column]), fix="mend the cell"
                    )
        return row


def number_cast(decimal: str = ".", grouping: str = "") -> Cast:
    """Digits as they are written, as an int or an exact Decimal."""

    def cast(cell: Any) -> Any:
        if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
            return cell
        text = str(cell).strip()
        plain = text.replace(grouping, "") if grouping and _grouped(text, decimal, grouping) else text
        if decimal != ".":
            plain = "?" if "." in plain else plain.replace(decimal, ".", 1)
        if not _PLAIN.fullmatch(plain) or len(plain) > DIGITS_MAX:
            raise ValueError(f"{_shown(cell)!r} is no number with {decimal!r} before its decimals")
        return Decimal(plain) if "." in plain else int(plain)

    return cast


def _grouped(text: str, decimal: str, grouping: str) -> bool:
    """Whether every mark between digits stands before three of them: 1.50 is no thousand."""
    whole, _, _ = text.lstrip("+-").partition(decimal)
    first, *rest = whole.split(grouping)
    return 1 <= len(first) <= 3 and all(len(part) == 3 for part in rest)


def date_cast(pattern: str) -> Cast:
    """A date or time by its declared format, as ISO 8601 writes it."""
    has_time = any(mark in pattern for mark in ("%H", "%I", "%M", "%S", "%X", "%c", "%T"))

    def cast(cell: Any) -> Any:
        if isinstance(cell, datetime):
            return cell.isoformat() if has_time else cell.date().isoformat()
        if isinstance(cell, date):
            return cell.isoformat()
        try:
            found = datetime.strptime(str(cell).strip(), pattern)  # noqa: DTZ007 - the system has the zone
        except ValueError:
            raise ValueError(f"{_shown(cell)!r} is not written like {pattern}") from None
        return found.isoformat() if has_time else found.date().isoformat()

    return cast


def flag_cast(cell: Any) -> Any:
    """Yes or no, in the words that spreadsheets use."""
    if isinstance(cell, bool):
        return cell
    word = str(cell).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"{_shown(cell)!r} is neither true nor false")


def _shown(cell: Any) -> str:
    text = str(cell)
    return text if len(text) <= 80 else text[:79] + "…"
