"""Rows of a file as drafts: cells cast, rows of one document together, through the mapping or by the columns' names."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.connectors.files.columns import Columns, Misfit
from crossdock.connectors.files.flows import Form
from crossdock.connectors.files.form import Forms
from crossdock.faults import Fault, Invalid, Misconfigured, Unreadable
from crossdock.formats.table import Casts, Row, letters
from crossdock.kit.connector import Draft, Tools
from crossdock.mapping.path import Path
from crossdock.mapping.rule import Rule
from crossdock.model import register

_ID_CHARS_MAX = 255


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that rows come from, as far as a person must know it."""

    name: str
    digest: str
    columns: Sequence[str] = ()


@dataclass(slots=True)
class Group:
    """The rows of one document."""

    id: str | None
    rows: list[Row]


class RowReader:
    """Makes drafts of rows, for one document of one system. Pure but for what it looks up."""

    def __init__(
        self,
        document: str,
        form: Form,
        tools: Tools,
        *,
        id: str | None,
        map: str | None,
        optional: tuple[str, ...],
    ) -> None:
        """Raises Misconfigured."""
        if document not in register.kinds():
            raise Misconfigured(
                f"there is no document {document}", path="document", fix="see `crossdock schema`"
            )
        self.document = document
        self.forms = Forms(form)
        self._form = form
        self._tools = tools
        self._id = Path(id) if id else None
        self._rule = Rule(tools.file(map), file=map, optional=optional) if map else None
        self._casts: Casts = self.forms.casts()
        self._columns = Columns(document, decimal=form.decimal, grouping=form.grouping)

    def drafts(self, rows: Iterable[Row], origin: Origin) -> Iterator[Draft]:
        """A draft of each row, or of each group of rows; one that is wrong says so and stops no other."""
        groups = self._grouped(rows) if self._form.group else (Group(self.id_of(row), [row]) for row in rows)
        for group in groups:
            yield self._draft(group, origin)

    def _grouped(self, rows: Iterable[Row]) -> Iterable[Group]:
        groups: dict[str, Group] = {}
        for row in rows:
            id_ = self.id_of(row)
            groups.setdefault(id_ or f"\x00{row.line}", Group(id_, [])).rows.append(row)
        return groups.values()

    def id_of(self, row: Row) -> str | None:
        """The document's id, where the row has one that could be."""
        if self._id is None:
            return None
        try:
            found = self._id.value(row.values)
        except Unreadable:
            return None
        if isinstance(found, bool) or found is None or isinstance(found, dict | list):
            return None
        text = str(found).strip()  # pyright: ignore[reportUnknownArgumentType]
        return text if 0 < len(text) <= _ID_CHARS_MAX and text.isprintable() else None

    def _draft(self, group: Group, origin: Origin) -> Draft:
        first = group.rows[0]
        alias = f"{origin.digest[:12]}:{first.line}"
        wrong: Fault | None = None
        tree: dict[str, Any] = {}
        try:
            if group.id is None and self._id is not None:
                raise Invalid(
                    "the row has no id", path=self._id.text, fix="fill the cell, or see `id:` of the flow"
                )
            for row in group.rows:
                self._casts.cast(row)
                if row.wrong is not None:
                    first = row
                    raise row.wrong
            tree = self._tree(group)
            if self._id is None:
                group.id = self._number(tree)
        except Misfit as misfit:
            wrong = Invalid(misfit.says, path=misfit.column, value=misfit.value, fix="mend the cell")
        except Fault as fault:
            wrong = fault
        if wrong is not None:
            tree = tree or {"number": group.id or alias}
        return Draft(
            self.document, tree, group.id or alias, reads=self._tools.reads() if self._rule else (), wrong=wrong,
            original=False, news_only=not self._form.repeats, alias=alias,
            locate=lambda fault: self.located(fault, group, first, origin),
        )  # fmt: skip

    def _tree(self, group: Group) -> dict[str, Any]:
        values: list[Mapping[str, Any]] = [row.values for row in group.rows]
        if self._rule is None:
            return self._columns.tree(values)
        tools = self._tools
        tools.reads()
        given: Any = {"id": group.id, "rows": values} if self._form.group else values[0]
        seed = zlib.crc32(repr(given).encode())
        made = self._rule.run(
            given, ours=tools.ours, theirs=tools.theirs, convert=tools.convert, now_s=tools.now(), seed=seed
        )
        if not isinstance(made, dict):
            raise Invalid(f"{self._rule.file} makes no document", path="map", fix="let it make an object")
        return made  # pyright: ignore[reportUnknownVariableType]

    def _number(self, tree: dict[str, Any]) -> str | None:
        """What the document is known by, where no column is named as its id; None where that is not there."""
        kind = register.kinds()[self.document]
        try:
            number = kind.model_construct(**tree).own_number()
        except (AttributeError, TypeError):
            return None
        return number if isinstance(number, str) and 0 < len(number) <= _ID_CHARS_MAX else None  # pyright: ignore[reportUnnecessaryIsInstance]

    def located(self, fault: Fault, group: Group, row: Row, origin: Origin) -> Fault:
        """The fault with file, line and column in its words, and a path that leads to the cell."""
        found = self._cell(fault, group, row, origin)
        place = self.forms.place
        if found is None:
            where, path = f"{place} {row.line}", f"{place}_{row.line}"
        else:
            row, column = found
            at = (
                f"column {letters(origin.columns.index(column))} ({column})"
                if column in origin.columns
                else column
            )
            step = column if column.replace("_", "").isalnum() else f'["{column}"]'
            where = f"{place} {row.line}, {at}"
            path = f"{place}_{row.line}" + (f".{step}" if step is column else step)
            if fault.value is None:
                fault.value = row.values.get(column)
        fault.says = f"{origin.name}, {where}: {fault.says}"
        fault.args = (fault.says,)
        fault.path = path
        return fault

    def _cell(self, fault: Fault, group: Group, row: Row, origin: Origin) -> tuple[Row, str] | None:
        """The cell that a fault is about: by its column, by the field of that name, else by its value."""
        path = fault.path
        if path.startswith("lines[") and self._form.group:
            index, _, rest = path[len("lines[") :].partition("]")
            row = group.rows[int(index)] if index.isdigit() and int(index) < len(group.rows) else row
            path = f"lines{rest}"
        for name in (path, fault.path, path.replace("[0]", "")):
            if name and (name in origin.columns or name in row.values):
                return row, name
        if fault.value is None:
            return None
        holders = [name for name, value in row.values.items() if str(value) == str(fault.value)]
        return (row, holders[0]) if len(holders) == 1 else None
