"""JSON as a file of either kind: segments as they are given, trailers counted where none is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from crossdock.formats.edifact.wire.syntax import CODECS
from crossdock.formats.edifact.wire.syntax import DEFAULT as EDIFACT_DEFAULT
from crossdock.formats.edifact.wire.syntax import Delimiters as EdifactDelimiters
from crossdock.formats.edifile.spelling import edifact_written, refuse, x12_written
from crossdock.formats.edifile.tree_out import HEADER_CHARSET
from crossdock.formats.x12.header import WIDTHS
from crossdock.formats.x12.tree import Delimiters

_CHARSETS = frozenset({"ascii", "utf-8", "cp1252", "latin-1"})


def written(tree: object) -> Iterator[bytes]:
    """The bytes of a tree, one interchange at a time. Raises Invalid with the path of what cannot be written."""
    root = _table(tree, "the document", ("format", "interchanges"))
    kind = root.get("format")
    if kind not in ("x12", "edifact"):
        refuse("format", f"{kind!r} is no format", 'write "x12" or "edifact"', kind)
    for index, one in enumerate(_list(root, "interchanges", "")):
        path = f"interchanges[{index}]"
        yield _x12(one, path) if kind == "x12" else _edifact(one, path)


def _table(value: object, path: str, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        refuse(
            path,
            "it is no JSON object",
            f"write {{{', '.join(repr(key) for key in keys)}}}".replace("'", '"'),
            None,
        )
    table = cast("dict[str, Any]", value)
    for key in table:
        if key not in keys:
            refuse(f"{path}.{key}", "nothing is called so here", f"it has {', '.join(keys)}", key)
    return table


def _list(table: dict[str, Any], key: str, path: str) -> list[Any]:
    value = table.get(key, [])
    if not isinstance(value, list):
        refuse(f"{path}.{key}".lstrip("."), "it is no list", "write [ … ]", None)
    return cast("list[Any]", value)


def _mark(table: dict[str, Any], key: str, default: str, path: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or (len(value) != 1 and key not in ("suffix", "terminator")):
        refuse(f"{path}.{key}", f"{value!r} is no delimiter", "write one character", value)
    return value


# -- X12 ------------------------------------------------------------------------------------------------


def _x12(one: object, path: str) -> bytes:
    table = _table(one, path, ("delimiters", "header", "acknowledged", "groups", "trailer"))
    if "header" not in table:
        refuse(f"{path}.header", "it is missing", "write the ISA segment as a list of texts")
    marks = _x12_marks(table, path)
    out = [_isa(table["header"], marks, f"{path}.header")]
    for index, row in enumerate(_list(table, "acknowledged", path)):
        out.append(x12_written(row, marks, HEADER_CHARSET, f"{path}.acknowledged[{index}]"))
    groups = _list(table, "groups", path)
    for index, group in enumerate(groups):
        out.extend(_group(group, marks, f"{path}.groups[{index}]"))
    header = out[0].split(marks.element)
    out.extend(_trailer(table, path, "IEA", len(groups), header, 13, marks))
    end = marks.terminator + marks.suffix
    return end.join(out) + end


def _x12_marks(table: dict[str, Any], path: str) -> Delimiters:
    place = f"{path}.delimiters"
    given = table.get("delimiters", {})
    keys = ("element", "component", "repetition", "terminator", "suffix")
    told = _table(given, place, keys)
    header = cast("list[Any]", table["header"]) if isinstance(table["header"], list) else []
    own = header[16] if len(header) > 16 and isinstance(header[16], str) and len(header[16]) == 1 else ">"
    eleventh = header[11] if len(header) > 11 and isinstance(header[11], str) else "U"
    repeats = told.get("repetition", None if eleventh.isalnum() or len(eleventh) != 1 else eleventh)
    wanted = (("element", "*"), ("component", own), ("terminator", "~"))
    texts = [_mark(told, key, default, place) for key, default in wanted]
    if repeats is not None:
        texts.append(_mark({"repetition": repeats}, "repetition", "^", place))
    if len(set(texts)) < len(texts) or any(not text or text.isalnum() for text in texts):
        refuse(
            place,
            "the delimiters cannot be told apart",
            "write different characters, no letters or digits",
            given,
        )
    suffix = _mark(told, "suffix", "", place)
    if suffix.strip("\r\n"):
        refuse(f"{place}.suffix", "only a line break may follow a segment", 'write "\\n" or ""', suffix)
    raw = [text.encode("latin-1" if len(text) == 1 and ord(text) < 256 else "utf-8") for text in texts]
    return Delimiters(raw[0], raw[1], raw[2], raw[3] if len(raw) > 3 else None, suffix.encode())


def _isa(row: object, marks: Delimiters, path: str) -> bytes:
    if not isinstance(row, list) or len(cast("list[Any]", row)) != 17 or cast("list[Any]", row)[0] != "ISA":
        refuse(path, "ISA has sixteen elements", 'write ["ISA", "00", …, ">"]', None)
    rows = cast("list[Any]", row)
    padded: list[object] = ["ISA"]
    for position, width in enumerate(WIDTHS[:15], 1):
        text = rows[position]
        if isinstance(text, str) and len(text) > width:
            text = text.rstrip(" ")  # of a header that was padded too far
        if isinstance(text, str) and len(text) > width:
            refuse(
                f"{path}[{position}]",
                f"ISA{position:02} is {width} wide, this is {len(text)}",
                "shorten it",
                text,
            )
        padded.append(text.ljust(width) if isinstance(text, str) else text)
    raw = x12_written(padded, marks, HEADER_CHARSET, path)
    if raw.count(marks.element) != 15:
        refuse(path, "an element holds the element separator", "choose other delimiters", None)
    return raw + marks.element + marks.component


def _group(one: object, marks: Delimiters, path: str) -> Iterator[bytes]:
    table = _table(one, path, ("header", "sets", "trailer"))
    header = x12_written(table.get("header"), marks, HEADER_CHARSET, f"{path}.header")
    if header != b"GS":  # the place of a header that was missing
        yield header
    sets = _list(table, "sets", path)
    for index, each in enumerate(sets):
        yield from _set(each, marks, f"{path}.sets[{index}]")
    yield from _trailer(table, path, "GE", len(sets), header.split(marks.element), 6, marks)


def _set(one: object, marks: Delimiters, path: str) -> Iterator[bytes]:
    table = _table(one, path, ("charset", "segments"))
    charset = table.get("charset", HEADER_CHARSET)
    if charset not in _CHARSETS:
        refuse(
            f"{path}.charset",
            f"{charset!r} is no charset that is known",
            f"it is one of {', '.join(sorted(_CHARSETS))}",
        )
    rows = _list(table, "segments", path)
    if not rows:
        refuse(f"{path}.segments", "a set has segments", 'begin it with ["ST", "850", "0001"]')
    for index, row in enumerate(rows):
        yield x12_written(row, marks, charset, f"{path}.segments[{index}]")


def _trailer(
    table: dict[str, Any], path: str, id_: str, count: int, header: list[bytes], at: int, marks: Delimiters
) -> Iterator[bytes]:
    """The trailer as given; none where it is null; counted where nothing is said of it."""
    if "trailer" not in table:
        number = header[at].strip() if len(header) > at else b""
        yield marks.element.join([id_.encode(), str(count).encode(), number])
    elif table["trailer"] is not None:
        yield x12_written(table["trailer"], marks, HEADER_CHARSET, f"{path}.trailer")


# -- EDIFACT --------------------------------------------------------------------------------------------


def _edifact(one: object, path: str) -> bytes:
    table = _table(one, path, ("una", "delimiters", "header", "groups", "messages", "charset", "trailer"))
    place = f"{path}.delimiters"
    keys = ("component", "element", "decimal", "release", "repetition", "terminator", "suffix")
    told = _table(table.get("delimiters", {}), place, keys)
    default = EDIFACT_DEFAULT
    marks = EdifactDelimiters(*(_mark(told, key, getattr(default, key), place)[:1] for key in keys[:-1]))
    suffix = _mark(told, "suffix", "", place)
    end = marks.terminator + suffix
    lines = [f"{una}{suffix}" for una in _una(table, path, marks)]
    header = table.get("header")
    if header is not None:
        lines.append(edifact_written(header, marks, f"{path}.header") + end)
    items = _messages(table, path, marks, end, lines)
    for index, group in enumerate(_list(table, "groups", path)):
        inner = f"{path}.groups[{index}]"
        held = _table(group, inner, ("header", "messages", "trailer"))
        lines.append(edifact_written(held.get("header"), marks, f"{inner}.header") + end)
        count = _messages(held, inner, marks, end, lines)
        lines.extend(_ended(held, inner, "UNE", count, held["header"], marks, end))
        items += 1
    lines.extend(_ended(table, path, "UNZ", items, header, marks, end))
    return _encoded("".join(lines), header, table.get("charset"), path)


def _messages(table: dict[str, Any], path: str, marks: EdifactDelimiters, end: str, lines: list[str]) -> int:
    messages = _list(table, "messages", path)
    for index, one in enumerate(messages):
        inner = f"{path}.messages[{index}]"
        rows = _list(_table(one, inner, ("segments",)), "segments", inner)
        if not rows:
            refuse(f"{inner}.segments", "a message has segments", 'begin it with ["UNH", "1", …]')
        lines.extend(
            edifact_written(row, marks, f"{inner}.segments[{at}]") + end for at, row in enumerate(rows)
        )
    return len(messages)


def _ended(
    table: dict[str, Any], path: str, id_: str, count: int, header: Any, marks: EdifactDelimiters, end: str
) -> Iterator[str]:
    if "trailer" not in table:
        yield edifact_written([id_, str(count), _at(header, 5)], marks, f"{path}.header") + end
    elif table["trailer"] is not None:
        yield edifact_written(table["trailer"], marks, f"{path}.trailer") + end


def _at(row: object, index: int) -> Any:
    """The item of a list; empty where there is none."""
    rows = cast("list[Any]", row) if isinstance(row, list) else []
    return rows[index] if index < len(rows) else ""


def _una(table: dict[str, Any], path: str, marks: EdifactDelimiters) -> Iterator[str]:
    """UNA as given; by the delimiters where nothing is said of it and they are not the usual ones."""
    una = table.get("una", marks.una if marks != EDIFACT_DEFAULT else None)
    if una is None:
        return
    if not isinstance(una, str) or len(una) != 9 or (una[:7], una[8]) != (marks.una[:7], marks.una[8]):
        fix = f"write {marks.una!r}, or null for none"
        refuse(f"{path}.una", f"{una!r} does not say what the delimiters say", fix, una)
    yield una


def _encoded(text: str, header: Any, charset: Any, path: str) -> bytes:
    """In the charset that is named, or that of the level; what that does not have was read from UTF-8."""
    if charset is not None:
        if charset not in _CHARSETS and charset not in CODECS.values():
            refuse(
                f"{path}.charset",
                f"{charset!r} is no charset that is known",
                "write utf-8 or latin-1",
                charset,
            )
        try:
            return text.encode(charset)
        except UnicodeEncodeError as error:
            beyond = text[error.start]
            refuse(f"{path}.charset", f"{beyond!r} is not in the charset {charset}", "write utf-8", beyond)
    syntax = _at(header, 1)
    level = _at(syntax, 0) or syntax
    try:
        return text.encode(CODECS.get(str(level), "ascii"))
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
