"""XML as trees and back: streamed, each element with line and column, and no document type ever obeyed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from crossdock.faults import Invalid, Unreadable
from crossdock.formats.table import Bounds, Row, Table

DEPTH_MAX = 64
_TEXT, _MARK = "#text", "@"
_STEP_BYTES = 65_536
_NO_XML = {c: None for c in range(32) if c not in (9, 10, 13)}


def read(body: bytes, row: str, bounds: Bounds | None = None) -> Table:
    """Every element called `row` as a row; "" means the whole document is one.

    Names lose their prefix. An element with nothing inside but text is that text; attributes are `@name`, the
    text beside them `#text`; what stands several times is a list. Raises Unreadable: not well-formed, a
    document type, too deep, too much.
    """
    bounds = bounds or Bounds()
    if len(body) > bounds.bytes:
        raise bounds.over("bytes", bounds.bytes)
    return Table((), _Walk(row, bounds).rows(body))


class _Walk:
    """One pass over a document."""

    def __init__(self, row: str, bounds: Bounds) -> None:
        self._row = row
        self._bounds = bounds
        self._open: list[
            tuple[str, dict[str, Any], list[str], int]
        ] = []  # inside the row: name, values, text, line
        self._depth = 0
        self._cells = 0
        self._found: list[Row] = []
        self._count = 0
        self._parser = parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse_type
        parser.buffer_text = True

    def rows(self, body: bytes) -> Iterator[Row]:
        """The rows as their elements end."""
        parser = self._parser
        for at in range(0, max(len(body), 1), _STEP_BYTES):
            try:
                parser.Parse(body[at : at + _STEP_BYTES], at + _STEP_BYTES >= len(body))
            except expat.ExpatError as error:
                says = f"the XML is not well-formed: {expat.ErrorString(error.code)}"
                place = f"line {error.lineno}, column {error.offset + 1}"
                raise Unreadable(f"{says} ({place})", path=place, fix="send one XML document") from None
            except (LookupError, ValueError) as error:
                raise Unreadable(
                    f"the XML cannot be decoded: {error}", path="line 1", fix="send UTF-8"
                ) from None
            found, self._found = self._found, []
            yield from found

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = name.rpartition(":")[2]
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Unreadable(
                f"more than {DEPTH_MAX} elements within each other", path=self._place(), fix="send less"
            )
        if self._open or name == self._row or (not self._row and self._depth == 1):
            self._cells += 1 + len(attributes)
            if self._cells > self._bounds.cells * 20:
                raise self._bounds.over("values of one row", self._bounds.cells * 20)
            values: dict[str, Any] = {
                _MARK + key.rpartition(":")[2]: value
                for key, value in attributes.items() if not key.startswith("xmlns")
            }  # fmt: skip
            self._open.append((name, values, [], self._parser.CurrentLineNumber))

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)

    def _end(self, name: str) -> None:
        del name
        self._depth -= 1
        if not self._open:
            return
        name, values, pieces, line = self._open.pop()
        text = "".join(pieces).strip()
        if len(text) > self._bounds.characters:
            raise self._bounds.over("characters of one value", self._bounds.characters, line=line)
        if text and values:
            values[_TEXT] = text
        if self._open:
            _put(self._open[-1][1], name, values or text)
            return
        self._cells = 0
        self._count += 1
        if self._count > self._bounds.rows:
            raise self._bounds.over("rows", self._bounds.rows, line=line)
        self._found.append(Row(line, values or ({_TEXT: text} if text else {})))

    def _refuse_type(self, *_: object) -> None:
        raise Unreadable(
            "the XML brings a document type of its own", path=self._place(),
            fix="send it without <!DOCTYPE …>: nothing of it is ever read",
        )  # fmt: skip

    def _place(self) -> str:
        return f"line {self._parser.CurrentLineNumber}, column {self._parser.CurrentColumnNumber + 1}"


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    if value == "":
        return  # blank is absent, as in every other file
    if name not in values:
        values[name] = value
    elif isinstance(values[name], list):
        values[name].append(value)
    else:
        values[name] = [values[name], value]


def write(rows: Sequence[Mapping[str, Any]], *, root: str, row: str, encoding: str = "utf-8") -> bytes:
    """The rows as one document. Raises Invalid for what cannot be the name of an element."""
    parts = [f'<?xml version="1.0" encoding="{encoding}"?>\n<{_name(root)}>\n']
    for one in rows:
        _element(parts, row, one, 1)
    parts.append(f"</{root}>\n")
    return "".join(parts).encode(encoding, "xmlcharrefreplace")


def _element(parts: list[str], name: str, value: Any, depth: int) -> None:
    if isinstance(value, list | tuple):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            _element(parts, name, one, depth)
        return
    if value is None:
        return
    blank = "  " * depth
    if not isinstance(value, Mapping):
        parts.append(f"{blank}<{_name(name)}>{escape(_said(value))}</{name}>\n")
        return
    given: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
    marks = "".join(
        f" {_name(key[1:])}={quoteattr(_said(one))}" for key, one in given.items() if key.startswith(_MARK)
    )
    inner = [(key, one) for key, one in given.items() if key != _TEXT and not key.startswith(_MARK)]
    if not inner:
        parts.append(f"{blank}<{_name(name)}{marks}>{escape(_said(given.get(_TEXT, '')))}</{name}>\n")
        return
    parts.append(f"{blank}<{_name(name)}{marks}>\n")
    for key, one in inner:
        _element(parts, key, one, depth + 1)
    parts.append(f"{blank}</{name}>\n")


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).translate(_NO_XML)


def _name(name: str) -> str:
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isalnum() or not (name[0].isalpha() or name[0] == "_"):
        raise Invalid(
            f"{name!r} cannot name an element", path=name, value=name, fix="use letters, digits, _ and -"
        )
    return name
