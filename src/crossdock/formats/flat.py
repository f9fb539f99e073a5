"""Text with one row a line: CSV and its kin with a mark between cells, and lines of fixed widths."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from crossdock.faults import Invalid, Misconfigured, Unreadable
from crossdock.formats.table import Bounds, Row, Table, named

if TYPE_CHECKING:
    from _csv import Reader as Lines

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_FIRST_BYTES = 65_536
_NONE: list[str] = []


@dataclass(frozen=True, slots=True)
class Flat:
    """How the lines of a file are written.

    `delimiter` "" means: the one of `,` `;` tab and `|` that the first line has most of. `columns` names them where
    the file has no header; a name with places (`sku:1-12`) makes it a file of fixed widths.
    """

    delimiter: str = ""
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise Misconfigured(
                f"there is no encoding {self.encoding}", path="encoding", fix="write utf-8 or cp1252"
            ) from None
        if not self.header and not self.columns:
            raise Misconfigured("the columns have no names", path="columns", fix="list them, or header: true")

    @property
    def is_fixed(self) -> bool:
        """Whether columns are told by their places."""
        return bool(self.columns) and all(":" in one for one in self.columns)


def read(source: bytes | BinaryIO, flat: Flat, bounds: Bounds | None = None) -> Table:
    """The rows of a file, read as they are asked for.

    A byte order mark goes before the encoding that was declared. Raises Unreadable for another encoding, a
    broken header or what is too large, also while rows are read.
    """
    bounds = bounds or Bounds()
    if isinstance(source, bytes):
        if len(source) > bounds.bytes:
            raise bounds.over("bytes", bounds.bytes)
        source = io.BytesIO(source)
    first = source.read(_FIRST_BYTES)
    source.seek(0)
    encoding = next((marked for mark, marked in _MARKS if first.startswith(mark)), flat.encoding)
    text = io.TextIOWrapper(source, encoding, newline="")
    if flat.is_fixed:
        return _fixed(text, flat, bounds)
    delimiter = flat.delimiter or _likely(first, encoding)
    csv.field_size_limit(bounds.characters)
    quoting = csv.QUOTE_MINIMAL if flat.quote else csv.QUOTE_NONE
    lines = csv.reader(text, delimiter=delimiter, quotechar=flat.quote or None, strict=True, quoting=quoting)
    columns = _header(lines, encoding) if flat.header else list(flat.columns)
    return Table(columns, _rows(lines, columns, bounds, encoding))


def _likely(first: bytes, encoding: str) -> str:
    """The mark between cells that the first line has most of."""
    line = first.decode(encoding, "replace").partition("\n")[0]
    return max((",", ";", "\t", "|"), key=line.count)


def _misread(error: UnicodeDecodeError, encoding: str, line: int) -> Unreadable:
    byte = f"0x{error.object[error.start]:02x}"
    return Unreadable(
        f"a byte {byte} behind line {line} is not {encoding}", path=f"line {line}", value=byte,
        fix="declare the file's encoding, such as cp1252, or send UTF-8",
    )  # fmt: skip


def _header(lines: Lines, encoding: str) -> list[str]:
    try:
        names = [name.strip() for name in next(lines, _NONE)]
    except csv.Error as error:
        raise Unreadable(
            f"the header cannot be read: {error}", path="line 1", fix="mend the quotes"
        ) from None
    except UnicodeDecodeError as error:
        raise _misread(error, encoding, 1) from None
    return named(names)


def _rows(lines: Lines, columns: list[str], bounds: Bounds, encoding: str) -> Iterator[Row]:
    width, count, line = len(columns), 0, lines.line_num
    while True:
        start = line + 1
        try:
            cells: list[str] | None = next(lines, None)
        except csv.Error as error:
            # A quote that never ends swallows the rest of the file: nothing after it can be trusted.
            yield Row(start, {}, Invalid(
                f"the line cannot be read: {error}", path=f"line {start}", fix="mend the quotes"
            ))  # fmt: skip
            return
        except UnicodeDecodeError as error:
            raise _misread(error, encoding, line) from None
        if cells is None:
            return
        line = lines.line_num
        values = {
            name: cell for name, cell in zip(columns, cells, strict=False) if cell and not cell.isspace()
        }
        if not values and len(cells) <= width:
            continue
        count += 1
        if count > bounds.rows:
            raise bounds.over("rows", bounds.rows, line=start)
        if len(cells) > width and any(cells[width:]):
            if len(cells) > bounds.cells:
                raise bounds.over("cells", bounds.cells, line=start)
            yield Row(start, values, Invalid(
                f"{len(cells)} cells under {width} columns", path=columns[-1], value=cells[width][:80],
                fix="put quotes around a cell that holds the mark between cells",
            ))  # fmt: skip
            continue
        yield Row(start, values)


def _fixed(text: io.TextIOWrapper, flat: Flat, bounds: Bounds) -> Table:
    places = [_place(one) for one in flat.columns]
    ends = max(end for _, _, end in places)

    def rows() -> Iterator[Row]:
        count = 0
        for line, written in _numbered(text, flat.encoding):
            if (line == 1 and flat.header) or not written.strip():
                continue
            count += 1
            if count > bounds.rows:
                raise bounds.over("rows", bounds.rows, line=line)
            cut = written.rstrip("\r\n")
            values = {name: cell for name, start, end in places if (cell := cut[start:end].strip())}
            beyond = cut[ends:].strip()
            yield Row(line, values, Invalid(
                f"the line goes on behind column {ends}", path=places[-1][0], value=beyond[:80],
                fix="see whether a field has become longer",
            ) if beyond else None)  # fmt: skip

    return Table([name for name, _, _ in places], rows())


def _numbered(text: io.TextIOWrapper, encoding: str) -> Iterator[tuple[int, str]]:
    line = 0
    while True:
        try:
            written = text.readline()
        except UnicodeDecodeError as error:
            raise _misread(error, encoding, line) from None
        if not written:
            return
        line += 1
        yield line, written


def _place(column: str) -> tuple[str, int, int]:
    name, _, span = column.rpartition(":")
    first, _, last = span.partition("-")
    if not (name and first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last)):
        raise Misconfigured(f"{column} names no places", path="columns", fix="write it like sku:1-12")
    return name, int(first) - 1, int(last)


def write(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], flat: Flat) -> bytes:
    """The rows as a file. Raises Invalid for a text that the encoding or the width cannot hold: nothing is cut."""
    out = io.StringIO(newline="")
    if flat.is_fixed:
        _write_fixed(out, rows, flat)
    else:
        lines = csv.writer(
            out, delimiter=flat.delimiter or ",", quotechar=flat.quote or '"', lineterminator="\r\n"
        )
        if flat.header:
            lines.writerow(columns)
        for row in rows:
            lines.writerow([_written(row.get(name)) for name in columns])
    try:
        return out.getvalue().encode(flat.encoding)
    except UnicodeEncodeError as error:
        letter = out.getvalue()[error.start]
        raise Invalid(
            f"{letter!r} is not in {flat.encoding}", path="encoding", value=letter,
            fix=f"write it without {letter!r}, or agree on utf-8",
        ) from None  # fmt: skip


def _write_fixed(out: io.StringIO, rows: Iterable[Mapping[str, Any]], flat: Flat) -> None:
    places = [_place(one) for one in flat.columns]
    for row in rows:
        line = ""
        for name, start, end in places:
            cell = _written(row.get(name))
            if len(cell) > end - start or "\n" in cell:
                raise Invalid(
                    f"{len(cell)} characters do not fit into {end - start}", path=name, value=cell[:80],
                    fix=f"shorten it to at most {end - start} characters",
                )  # fmt: skip
            line = line.ljust(start) + cell.ljust(end - start)
        out.write(line.rstrip() + "\r\n")


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
