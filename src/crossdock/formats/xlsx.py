"""Spreadsheets (Office Open XML) as rows and back."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from crossdock.faults import Invalid, Unreadable
from crossdock.formats.table import Bounds, Row, Table, named

_PARTS_MAX = 2_000
_STEP_BYTES = 65_536
#: Digits that a spreadsheet itself shows and keeps of a number.
_DIGITS, _DIGITS_MAX = ".15g", 15


def read(body: bytes, sheet: str = "", bounds: Bounds | None = None) -> Table:
    """The rows of one sheet, the first by default; the first row names the columns.

    Formulas count as what was last computed. Raises Unreadable: no spreadsheet, no such sheet, too much.
    """
    bounds = bounds or Bounds()
    _refuse_bombs(body, bounds)
    try:
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
        raise _no_sheet(f"this is no spreadsheet: {error}") from None
    names = [one.title for one in book.worksheets]
    if not names or (sheet and sheet not in names):
        says = f"there is no sheet {sheet}" if names else "the file has no sheet"
        raise Unreadable(
            says, path="sheet", value=sheet, fix=f"name one of: {', '.join(names[:8]) or 'none'}"
        )
    found = book[sheet] if sheet else book.worksheets[0]
    found.reset_dimensions()  # what the file claims of its size may be wrong
    cells = found.iter_rows(values_only=True)
    lines = enumerate(cells, 1)
    columns = _header(lines)
    return Table(columns, _rows(lines, columns, bounds))


def _refuse_bombs(body: bytes, bounds: Bounds) -> None:
    """Unpacks every part once and keeps none: what a part claims of its size is not believed."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            parts, left = packed.infolist(), bounds.bytes
            if len(parts) > _PARTS_MAX:
                raise bounds.over("parts", _PARTS_MAX)
            for part in parts:
                with packed.open(part) as stream:
                    piece = first = stream.read(_STEP_BYTES)
                    while piece:
                        left -= len(piece)
                        if left < 0:
                            raise bounds.over("bytes when unpacked", bounds.bytes)
                        piece = stream.read(_STEP_BYTES)
                if part.filename.endswith((".xml", ".rels")) and (
                    b"<!DOCTYPE" in first or first[:2] in _WIDE
                ):
                    raise _no_sheet(f"{part.filename[:80]} is not what spreadsheets hold")
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        RuntimeError,
        NotImplementedError,
        OSError,
        EOFError,
    ) as error:
        raise _no_sheet(f"this is no spreadsheet: {error}") from None
    except zlib.error as error:
        raise _no_sheet(f"this is no whole spreadsheet: {error}") from None


#: Beginnings of text in which a document type would not be seen.
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")


def _no_sheet(says: str) -> Unreadable:
    return Unreadable(says, path="file", fix="save it as .xlsx anew, or send CSV")


def _header(lines: Iterator[tuple[int, tuple[Any, ...]]]) -> list[str]:
    for _, cells in lines:
        if any(cell is not None and cell != "" for cell in cells):
            return named(["" if cell is None else str(cell).strip() for cell in cells])
    raise Unreadable("the sheet is empty", path="line 1", fix="name the columns in the first row")


def _rows(lines: Iterator[tuple[int, tuple[Any, ...]]], columns: list[str], bounds: Bounds) -> Iterator[Row]:
    count = 0
    try:
        for line, cells in lines:
            values = {
                name: _plain(cell) for name, cell in zip(columns, cells, strict=False)
                if cell is not None and cell != ""
            }  # fmt: skip
            beyond = [cell for cell in cells[len(columns) :] if cell not in (None, "")]
            if not values and not beyond:
                continue
            count += 1
            if count > bounds.rows:
                raise bounds.over("rows", bounds.rows, line=line)
            wrong = next((name for name, cell in values.items() if _is_error(cell)), None)
            if beyond:
                yield Row(line, values, Invalid(
                    f"a cell without a column name above it: {str(beyond[0])[:80]}", path=columns[-1],
                    fix="name the column, or clear the cell",
                ))  # fmt: skip
            elif wrong is not None:
                yield Row(line, values, Invalid(
                    f"the formula gave {values[wrong]}", path=wrong, value=values[wrong], fix="mend the formula"
                ))  # fmt: skip
            else:
                yield Row(line, values)
    except (ValueError, KeyError, SyntaxError, zipfile.BadZipFile, OSError) as error:
        raise _no_sheet(f"the sheet cannot be read: {error}") from None


def _plain(cell: Any) -> Any:
    """A cell's value: whole numbers as int, others exact to the digits that a spreadsheet keeps."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else Decimal(format(cell, _DIGITS))
    if isinstance(cell, str):
        return cell.strip() or cell
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return cell


def _is_error(cell: Any) -> bool:
    return (
        isinstance(cell, str) and cell.startswith("#") and cell.endswith(("!", "?", "A")) and cell.isupper()
    )


def write(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, sheet: str = "Sheet1") -> bytes:
    """The rows as a spreadsheet of one sheet; numbers of over 15 digits as text, since it would round them."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.append(list(columns))
    for row in rows:
        page.append([_cell(page, row.get(name)) for name in columns])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(page: Any, value: Any) -> Any:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        digits = len(Decimal(value).as_tuple().digits)
        return value if digits <= _DIGITS_MAX else format(Decimal(value), "f")
    if isinstance(value, str) and value.startswith("="):
        cell = WriteOnlyCell(page, value)
        cell.data_type = "s"  # a text, never a formula
        return cell
    return value
