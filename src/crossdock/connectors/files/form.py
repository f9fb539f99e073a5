"""Files as rows, and rows as files, by the form that a flow declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, BinaryIO, cast

from crossdock.connectors.files.flows import Form
from crossdock.faults import Fault, Invalid, Unreadable
from crossdock.formats import flat, json, xml
from crossdock.formats.table import Bounds, Cast, Casts, Row, Table, date_cast, number_cast

#: What one place in a file is called: rows of sheets and lists are counted as their program shows them.
_PLACES = {"xlsx": "row", "json": "row"}


@dataclass(frozen=True, slots=True)
class Forms:
    """One form, ready to read and write."""

    form: Form

    @property
    def place(self) -> str:
        """`line` or `row`: what a number of this file counts."""
        return _PLACES.get(self.form.format, "line")

    @property
    def flat(self) -> flat.Flat:
        """The form of lines."""
        form = self.form
        return flat.Flat(form.delimiter, form.quote, form.encoding, form.header, form.columns)

    def table(self, source: bytes | BinaryIO, bounds: Bounds | None = None) -> Table:
        """The rows of a file. Raises Unreadable, also while rows are read."""
        form, bounds = self.form, bounds or Bounds(rows=self.form.rows_max)
        if form.format in ("csv", "tsv", "fixed"):
            return flat.read(source, self.flat, bounds)
        body = source if isinstance(source, bytes) else source.read(bounds.bytes + 1)
        match form.format:
            case "xlsx":
                return _xlsx().read(body, form.sheet, bounds)
            case "xml":
                return xml.read(body, form.rows, bounds)
            case "ndjson":
                return Table((), _lines(body, bounds))
            case _:
                return Table((), _listed(body, form.rows, bounds))

    def casts(self) -> Casts:
        """What the declared columns become."""
        form = self.form
        casts: dict[str, Cast] = {name: number_cast(form.decimal, form.grouping) for name in form.numbers}
        casts |= {name: date_cast(pattern) for name, pattern in form.dates.items()}
        return Casts(casts)

    def body(self, tree: Any, row: str) -> bytes:
        """One document as a file. Raises Invalid."""
        rows = _rows_of(tree, self.form)
        match self.form.format:
            case "json":
                return json.encode(tree)
            case "ndjson":
                return b"".join(json.encode(one) + b"\n" for one in rows)
            case "xml":
                return xml.write(rows, root=f"{row}s", row=row, encoding=self.form.encoding)
            case "xlsx":
                return _xlsx().write(rows, _columns(rows, self.form), sheet=self.form.sheet or "Sheet1")
            case _:
                return flat.write(rows, _columns(rows, self.form), self.flat)


def _lines(body: bytes, bounds: Bounds) -> Iterator[Row]:
    if len(body) > bounds.bytes:
        raise bounds.over("bytes", bounds.bytes)
    lines = [(line, text) for line, text in enumerate(body.split(b"\n"), 1) if text.strip()]
    if len(lines) > bounds.rows:
        raise bounds.over("rows", bounds.rows)
    for line, text in lines:
        try:
            tree = json.decode(text)
        except Unreadable as fault:
            yield Row(line, {}, Invalid(fault.says, path=f"line {line}", fix=fault.fix))
            continue
        yield _object(line, tree)


def _listed(body: bytes, field: str, bounds: Bounds) -> Iterator[Row]:
    """The objects of a list, of the list in one field, or the one object that the file is."""
    if len(body) > bounds.bytes:
        raise bounds.over("bytes", bounds.bytes)
    tree = json.decode(body)
    for step in filter(None, field.split(".")):
        tree = cast("dict[str, Any]", tree).get(step) if isinstance(tree, dict) else None
    if tree is None:
        raise Unreadable(f"the file has no {field}", path=field, fix="see `file: rows:` in charter.yaml")
    rows = cast("list[Any]", tree) if isinstance(tree, list) else [tree]
    if len(rows) > bounds.rows:
        raise bounds.over("rows", bounds.rows)
    for number, one in enumerate(rows, 1):
        yield _object(number, one)


def _object(line: int, tree: Any) -> Row:
    if isinstance(tree, dict):
        return Row(line, cast("dict[str, Any]", tree))
    return Row(line, {}, Invalid("this is no object", path="row", value=str(tree)[:80], fix="send an object"))


def _rows_of(tree: Any, form: Form) -> Sequence[Mapping[str, Any]]:
    """What a document is in a file: the list that its mapping made, else the document, flattened for a table."""
    found: list[Any] = cast("list[Any]", tree) if isinstance(tree, list) else [tree]
    if not all(isinstance(one, dict) for one in found):
        raise Invalid("the mapping makes no rows", path="map", fix="let it make an object, or a list of them")
    rows: list[dict[str, Any]] = found
    if form.format in ("json", "ndjson", "xml"):
        return rows
    return [row for one in rows for row in _flattened(one)]


def _flattened(tree: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A tree as flat rows: `ship_to.city`; one row for each line where it has lines."""
    head: dict[str, Any] = {}
    lists: list[tuple[str, list[Any]]] = []
    _flatten(tree, "", head, lists)
    if len(lists) > 1:
        raise Invalid(
            f"a table cannot hold the lists {' and '.join(name for name, _ in lists)}", path=lists[1][0],
            fix="let a mapping choose, or write xml or json",
        )  # fmt: skip
    if not lists:
        yield head
        return
    name, lines = lists[0]
    for line in lines:
        row, deeper = dict(head), list[tuple[str, list[Any]]]()
        _flatten(line if isinstance(line, dict) else {"value": line}, f"{name}.", row, deeper)
        if deeper:
            raise Invalid(
                f"a table cannot hold {deeper[0][0]}, a list within a list", path=deeper[0][0],
                fix="let a mapping choose, or write xml or json",
            )  # fmt: skip
        yield row


def _flatten(tree: Any, prefix: str, row: dict[str, Any], lists: list[tuple[str, list[Any]]]) -> None:
    for name, value in tree.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", row, lists)
        elif isinstance(value, list):
            lists.append((f"{prefix}{name}", cast("list[Any]", value)))
        else:
            row[f"{prefix}{name}"] = value


def _columns(rows: Sequence[Mapping[str, Any]], form: Form) -> list[str]:
    """The declared columns; else all that any row has, in the order of their first mention.

    Raises Invalid for a value that no declared column takes: nothing is left out silently.
    """
    found = list(dict.fromkeys(name for row in rows for name in row))
    declared = [one.rpartition(":")[0] if form.format == "fixed" else one for one in form.columns]
    if not declared:
        return found
    homeless = next((name for name in found if name not in declared), None)
    if homeless is not None:
        raise Invalid(
            f"the file has no column for {homeless}", path=homeless,
            fix="add it to `columns`, or let the mapping leave it out",
        )  # fmt: skip
    return declared


def named(fault: Fault, says: str) -> Fault:
    """The same fault in other words."""
    fault.says = says
    fault.args = (says,)
    return fault


def _xlsx() -> ModuleType:
    from crossdock.formats import xlsx  # 6 MB of memory that only spreadsheets need

    return xlsx
