"""What `crossdock load` hands in: rows of a file in parts, for whatever system a first load is told of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from crossdock.connectors.files.flows import Form
from crossdock.connectors.files.rows import Origin, RowReader
from crossdock.faults import Misconfigured, Unreadable
from crossdock.formats import json
from crossdock.formats.table import Row
from crossdock.kit.connector import Content, Draft, Facts, Reader, Tools, Tree

#: The content type of one part.
MEDIA_TYPE = "application/vnd.crossdock.load+json"
_ABOUT, _COLUMNS = "#load", "#columns"


@dataclass(frozen=True, slots=True)
class LoadForm:
    """How the cells of a loaded file are meant. Keeps `flows.Form`."""

    format: str = "csv"
    match: str = "*"
    name: str = ""
    encoding: str = "utf-8"
    delimiter: str = ""
    quote: str = '"'
    header: bool = True
    columns: tuple[str, ...] = ()
    sheet: str = ""
    rows: str = ""
    decimal: str = "."
    grouping: str = ""
    numbers: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict[str, str])
    group: bool = False
    repeats: bool = False
    rows_max: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """One load: the file, what is in it, and how its rows become documents."""

    document: str
    file: str
    digest: str  #: of the file and of how it is read: the same again goes on where it stopped
    form: Form
    map: str | None = None
    id: str | None = None

    def row_reader(self, tools: Tools) -> RowReader:
        """What makes drafts of the rows. Raises Misconfigured."""
        return RowReader(self.document, self.form, tools, id=self.id, map=self.map, optional=())

    def body(self, part: int, rows: Iterable[Row], columns: Sequence[str]) -> bytes:
        """One part as it is handed in."""
        form = {
            name: value
            for name, value in asdict(cast("Any", self.form)).items()
            if name in ("format", "decimal", "grouping", "numbers", "dates", "group")
        }
        about = {
            "document": self.document, "file": self.file, "digest": self.digest, "part": part, "form": form,
            "map": self.map, "id": self.id, "columns": list(columns),
        }  # fmt: skip
        return json.encode({"load": about, "rows": [[row.line, row.values] for row in rows]})


class LoadReader:
    """The reader of a system's own messages, and of what is loaded in its name."""

    def __init__(self, inner: Reader, document: str, tools: Tools) -> None:
        self._inner = inner
        self._document = document
        self._tools = tools
        self._known: dict[str, RowReader] = {}

    def facts(self, content: Content) -> Facts:
        """A part by its file and number; everything else as the system's own reader says."""
        if not _is_load(content):
            return self._inner.facts(content)
        tree = _parsed(content)
        about = tree[_ABOUT]
        if about.get("document") != self._document:
            raise Unreadable(f"this is a load of {about.get('document')}", status=422, path="document",
                             fix="load it as what it is")  # fmt: skip
        return Facts(id=f"load {str(about['digest'])[:40]} {about['part']}", parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        """A draft of each row, or what the system's own reader makes of it. Raises Invalid, Unmapped."""
        if not _is_load(content):
            return self._inner.read(content)
        tree = cast(Tree, content.parsed) if content.parsed is not None else _parsed(content)
        about = tree[_ABOUT]
        reader = self._reader(about)
        origin = Origin(str(about["file"]), str(about["digest"]), tree.get(_COLUMNS, ()))
        return list(reader.drafts(_rows(tree), origin))

    def same(self, one: Content, other: Content) -> bool:
        """Parts are the same when they are equal; everything else as the system's own reader says."""
        return one.body == other.body or self._inner.same(one, other)

    def _reader(self, about: Mapping[str, Any]) -> RowReader:
        key = hashlib.sha256(json.encode([about["form"], about["map"], about["id"]])).hexdigest()
        if key not in self._known:
            self._known.clear()  # one load at a time is what happens
            given: Mapping[str, Any] = about["form"]
            chosen: dict[str, Any] = {**given, "numbers": tuple(given["numbers"])}
            form = LoadForm(**chosen)
            load = Load(self._document, "", "", form, about["map"], about["id"])
            try:
                self._known[key] = load.row_reader(self._tools)
            except Misconfigured as fault:
                raise Unreadable(fault.says, status=422, path="map", fix=fault.fix) from None
        return self._known[key]


def _is_load(content: Content) -> bool:
    return content.content_type.partition(";")[0] == MEDIA_TYPE


def _parsed(content: Content) -> Tree:
    """The rows by their place: `{"line_2": {"sku": "A-1"}}`. Raises Unreadable."""
    body = json.decode(content.body)
    try:
        about, rows = body["load"], body["rows"]
        place = "row" if about["form"]["format"] in ("xlsx", "json") else "line"
        tree: dict[str, Any] = {_ABOUT: about, _COLUMNS: about["columns"]}
        for line, values in rows:
            tree[f"{place}_{int(line)}"] = dict(values)
        _ = about["digest"], about["part"], about["map"], about["id"], about["file"]
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(
            f"this is no part of a load: {error}",
            status=422,
            path="load",
            fix="hand it in with `crossdock load`",
        ) from None
    return tree


def _rows(tree: Tree) -> Iterator[Row]:
    for name, values in tree.items():
        if not name.startswith("#") and isinstance(values, dict):
            yield Row(int(name.rpartition("_")[2]), dict(cast(Tree, values)))
