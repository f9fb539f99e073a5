"""Tables of codes, theirs and ours: which row answers, and which rows were used."""

from __future__ import annotations

import csv
import hashlib
import io
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache

from crossdock.faults import Misconfigured, Unmapped

HEADER = ("system", "theirs", "ours")
_KNOWN_MAX = 8  #: codes that a fix names
ROWS_MAX = 1_000_000  #: of one file


@dataclass(frozen=True, slots=True)
class Row:
    """One pair of codes of one system; `line` is its place in the file, 0 for a row made on the desk."""

    system: str
    theirs: str
    ours: str
    line: int = 0

    @property
    def version(self) -> str:
        """A short digest of what the row says."""
        return _digest(self.system, self.theirs, self.ours)


@lru_cache(maxsize=65_536)
def _digest(system: str, theirs: str, ours: str) -> str:
    return hashlib.sha256(f"{system}\x00{theirs}\x00{ours}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Used:
    """A row that a decision rested on: what it was and its version."""

    what: str
    version: str


@dataclass(frozen=True, slots=True)
class Table:
    """One crosswalk in both directions. Where several rows would answer, nobody guesses."""

    name: str
    to_ours: Mapping[tuple[str, str], Row]
    to_theirs: Mapping[tuple[str, str], Row]
    clashes_ours: Mapping[tuple[str, str], tuple[Row, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Row, ...]]
    )
    clashes_theirs: Mapping[tuple[str, str], tuple[Row, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Row, ...]]
    )

    @property
    def file(self) -> str:
        """Where the table lives in the site."""
        return f"crosswalks/{self.name}.csv"

    def rows(self) -> tuple[Row, ...]:
        """All rows, clashing ones included."""
        return (*self.to_ours.values(), *(row for rows in self.clashes_ours.values() for row in rows))


def table_name(file: str) -> str:
    """The crosswalk that a file of the site holds; empty for any other file."""
    inside = file.removeprefix("crosswalks/")
    return inside.removesuffix(".csv") if inside != file and inside.endswith(".csv") else ""


def read_table(name: str, text: str) -> Table:
    """The table in a CSV file with the header `system,theirs,ours`.

    Spaces around a value do not count and empty lines are skipped. Raises Misconfigured with the
    line. Rows that clash are kept apart: whether that is a mistake depends on who asks
    (`Table.clashes_ours`, `Table.clashes_theirs`).
    """
    file = f"crosswalks/{name}.csv"
    rows = _rows(file, text)
    header = next(rows, (1, ()))
    if tuple(header[1]) != HEADER:
        raise Misconfigured(
            f"the header is `{','.join(header[1])}`",
            file=file,
            line=header[0],
            fix=f"write `{','.join(HEADER)}` in its first line",
        )
    return _table(name, [_row(file, line, cells) for line, cells in rows])


def _rows(file: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of a CSV text that hold something, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise Misconfigured(f"this is no CSV: {error}", file=file, line=line) from None
        if line > ROWS_MAX:
            raise Misconfigured(f"more than {ROWS_MAX} rows", file=file, line=line, fix="split the table")
        if any(cells):
            yield line, cells


def _row(file: str, line: int, cells: list[str]) -> Row:
    if len(cells) != len(HEADER) or not all(cells):
        raise Misconfigured(
            f"a row has three filled cells, this one is `{','.join(cells)}`",
            file=file,
            line=line,
            fix=f"write `{','.join(HEADER)}`; put a code that holds a comma in quotes",
        )
    return Row(*cells, line=line)


def _table(name: str, rows: list[Row]) -> Table:
    ours: dict[tuple[str, str], list[Row]] = {}
    theirs: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        ours.setdefault((row.system, row.theirs), []).append(row)
        theirs.setdefault((row.system, row.ours), []).append(row)
    return Table(
        name,
        {key: found[0] for key, found in ours.items() if len(found) == 1},
        {key: found[0] for key, found in theirs.items() if len(found) == 1},
        {key: tuple(found) for key, found in ours.items() if len(found) > 1},
        {key: tuple(found) for key, found in theirs.items() if len(found) > 1},
    )


@dataclass(frozen=True, slots=True)
class Crosswalks:
    """All tables of a site."""

    tables: Mapping[str, Table]

    @classmethod
    def read(cls, files: Mapping[str, str]) -> Crosswalks:
        """The tables among the files of a site (`crosswalks/NAME.csv`). Raises Misconfigured."""
        names = {table_name(file): file for file in files}
        return cls({name: read_table(name, files[file]) for name, file in sorted(names.items()) if name})

    def ours(self, system: str, name: str, theirs: object) -> Row:
        """The row for a code of theirs. Raises Unmapped."""
        table, code = self._asked(system, name, theirs)
        row = table.to_ours.get((system, code))
        if row is None:
            raise self._unanswered(table, system, code, "theirs")
        return row

    def theirs(self, system: str, name: str, ours: object) -> Row:
        """The row for a code of ours. Raises Unmapped."""
        table, code = self._asked(system, name, ours)
        row = table.to_theirs.get((system, code))
        if row is None:
            raise self._unanswered(table, system, code, "ours")
        return row

    def with_row(self, name: str, system: str, theirs: str, ours: str) -> Crosswalks:
        """The tables with one more row, made on the desk; it wins over a row of the same code of theirs."""
        table = self.tables.get(name) or _table(name, [])
        clashing = [row for rows in table.clashes_ours.values() for row in rows]
        kept = [
            row
            for row in (*table.to_ours.values(), *clashing)
            if (row.system, row.theirs) != (system, theirs)
        ]
        return Crosswalks({**self.tables, name: _table(name, [*kept, Row(system, theirs, ours)])})

    def _asked(self, system: str, name: str, code: object) -> tuple[Table, str]:
        table = self.tables.get(name)
        text = _text(code)
        if table is None:
            near = get_close_matches(name, self.tables, 1)
            raise Unmapped(
                f"there is no crosswalk {name}",
                crosswalk=name,
                value=text,
                fix=f"write {near[0]}" if near else f"make crosswalks/{name}.csv with a row for {system}",
            )
        if text is None:
            raise Unmapped(
                f"no code was given to look up in {name}",
                crosswalk=name,
                value=None,
                fix=f"send the code, or map a value where {system} sends none",
            )
        return table, text

    def _unanswered(self, table: Table, system: str, code: str, column: str) -> Unmapped:
        clashes = table.clashes_ours if column == "theirs" else table.clashes_theirs
        rows = clashes.get((system, code))
        if rows:
            lines = " and ".join(str(row.line) for row in rows)
            says, fix = (
                f"{table.name} has several rows for {code} of {system}",
                f"keep one of lines {lines} of {table.file}",
            )
        else:
            says = f"{table.name} has no row for {code} of {system}"
            fix = _missing_row(table, system, code, column)
        return Unmapped(says, crosswalk=table.name, value=code, fix=fix)


def _missing_row(table: Table, system: str, code: str, column: str) -> str:
    """How the row comes in: by the file, which is read at the start, or by the desk at once."""
    if column == "theirs":
        row, theirs, ours = f"{system},{code},OURS", code, "CODE"
        known = sorted({one.ours for one in table.rows()})
    else:
        row, theirs, ours = f"{system},THEIRS,{code}", "CODE", code
        known = sorted({one.theirs for one in table.rows() if one.system == system})
    now = (
        f"crossdock desk fix ID --crosswalk {table.name} --system {system} --theirs {shlex.quote(theirs)}"
        f" --ours {shlex.quote(ours)}"
    )
    rest = " …" if len(known) > _KNOWN_MAX else ""
    codes = f" (known codes: {', '.join(known[:_KNOWN_MAX])}{rest})" if known else ""
    return f"add the row {row} to {table.file} and restart the hub, or now: {now}{codes}"


class Codes:
    """The crosswalks as one system's mappings and connectors ask them, with a note of every row used."""

    def __init__(self, system: str, current: Callable[[], Crosswalks]) -> None:
        """`current` gives the tables of the moment, so that a row added on the desk counts at once."""
        self._system = system
        self._current = current
        self._used: dict[int, tuple[str, Row]] = {}

    def ours(self, name: str, theirs: object) -> str:
        """Our code for theirs. Raises Unmapped."""
        row = self._current().ours(self._system, name, theirs)
        self._used[id(row)] = (name, row)
        return row.ours

    def theirs(self, name: str, ours: object) -> str:
        """Their code for ours. Raises Unmapped."""
        row = self._current().theirs(self._system, name, ours)
        self._used[id(row)] = (name, row)
        return row.theirs

    def used(self) -> tuple[Used, ...]:
        """The rows used since this was last asked, each once, in the order of use."""
        if not self._used:
            return ()
        rows = tuple(Used(f"crosswalk {name}", row.version) for name, row in self._used.values())
        self._used.clear()
        return rows


def _text(code: object) -> str | None:
    """A code as a table holds it; None when there is none."""
    if isinstance(code, str):
        return code or None
    if isinstance(code, bool):
        return "true" if code else "false"
    if isinstance(code, float):
        return format(code, ".15g")
    return str(code) if isinstance(code, int | Decimal) else None
