"""The values of segments as JSON spells them, and back: nothing is lost, nothing is added.

An element is a text; its components are a list of texts; repetitions are {"repeats": [...]} of either.
"""

from __future__ import annotations

from typing import Any, NoReturn, cast

from crossdock.faults import Invalid
from crossdock.formats.edifact.wire.segment import pieces
from crossdock.formats.edifact.wire.syntax import Delimiters as EdifactDelimiters
from crossdock.formats.x12.tree import Delimiters as X12Delimiters

#: An element as JSON has it.
Spelled = str | list[str] | dict[str, list[str | list[str]]]


def refuse(path: str, says: str, fix: str, value: object = None) -> NoReturn:
    """Raises Invalid for a place of the JSON."""
    raise Invalid(f"{path}: {says}", path=path, value=value, fix=fix)


def x12_spelled(raw: bytes, marks: X12Delimiters, charset: str) -> list[Spelled]:
    """One segment of X12, its id first. The ISA, in which delimiters stand as data, is not divided."""
    element, component, repetition = (
        mark.decode("latin-1") if mark else "" for mark in (marks.element, marks.component, marks.repetition)
    )
    texts = raw.decode(charset, "surrogateescape").split(element)
    if texts[0] == "ISA":
        return list(texts)
    return [
        texts[0],
        *(_spelled([_parts(one, component) for one in _split(text, repetition)]) for text in texts[1:]),
    ]


def edifact_spelled(raw: str, marks: EdifactDelimiters) -> list[Spelled]:
    """One segment of EDIFACT, its tag first."""
    tag, *elements = pieces(raw, marks)
    return [marks.component.join(tag[0]), *(_spelled(element) for element in elements)]


def _split(text: str, mark: str) -> list[str]:
    return text.split(mark) if mark else [text]


def _parts(text: str, mark: str) -> list[str]:
    return text.split(mark)


def _spelled(repeated: list[list[str]]) -> Spelled:
    plain: list[str | list[str]] = [parts[0] if len(parts) == 1 else parts for parts in repeated]
    return plain[0] if len(plain) == 1 else {"repeats": plain}


def x12_written(row: object, marks: X12Delimiters, charset: str, path: str) -> bytes:
    """One segment of X12 from JSON. Raises Invalid with the path of what cannot be written."""
    signs = (marks.component.decode("latin-1"), (marks.repetition or b"").decode("latin-1"))
    special = "".join(mark.decode("latin-1", "replace") for mark in marks.all)
    rows = _row(row, path)
    header = rows[0] == "ISA"
    texts = [
        _joined(one, signs, f"{path}[{index}]", "" if header else special, None)
        for index, one in enumerate(rows)
    ]
    raw: list[bytes] = []
    for index, text in enumerate(texts):
        try:
            raw.append(text.encode(charset, "surrogateescape"))
        except UnicodeEncodeError:
            refuse(
                f"{path}[{index}]",
                f"{text[:40]!r} is not in the charset {charset}",
                'name "charset": "utf-8"',
            )
    return marks.element.join(raw)


def edifact_written(row: object, marks: EdifactDelimiters, path: str) -> str:
    """One segment of EDIFACT from JSON, special characters released. Raises Invalid with the path."""
    release = None if marks.release == " " else marks.release
    signs = (marks.component, "" if marks.repetition == " " else marks.repetition)
    rows = _row(row, path)
    return marks.element.join(
        _joined(one, signs, f"{path}[{index}]", marks.special, release) for index, one in enumerate(rows)
    )


def _row(row: object, path: str) -> list[object]:
    rows = cast("list[object]", row) if isinstance(row, list) else []
    if not rows:
        refuse(path, "a segment is a list: its id, then its elements", 'write ["REF", "PO", "1001"]')
    if not isinstance(rows[0], str):
        refuse(f"{path}[0]", "a segment begins with its id", 'write it as text, such as "REF"', rows[0])
    return rows


def _joined(one: object, signs: tuple[str, str], path: str, special: str, release: str | None) -> str:
    """One element; the separators between its parts are `signs`, for components and for repetitions."""
    component, repetition = signs
    if isinstance(one, dict):
        table = cast("dict[str, Any]", one)
        values = table.get("repeats")
        if set(table) != {"repeats"} or not isinstance(values, list) or not values:
            refuse(path, 'a table of an element holds "repeats" alone', 'write {"repeats": ["A", "B"]}')
        if not repetition:
            refuse(path, "the interchange has no repetition separator", "name one in its delimiters")
        return repetition.join(
            _joined(each, signs, f"{path}.repeats[{index}]", special, release)
            for index, each in enumerate(cast("list[object]", values))
        )
    if isinstance(one, list):
        return component.join(
            _text(each, f"{path}[{index}]", special, release)
            for index, each in enumerate(cast("list[object]", one))
        )
    return _text(one, path, special, release)


def _text(one: object, path: str, special: str, release: str | None) -> str:
    if not isinstance(one, str):
        shown = "null" if one is None else f"{one!r}"
        refuse(path, f"{shown} stands where text belongs", "write it in quotes", one)
    if not any(mark in one for mark in special):
        return one
    if release is None:
        mark = next(mark for mark in special if mark in one)
        says = f"the value holds {mark!r}, which is a delimiter of this interchange"
        refuse(path, says, "take it out, or choose other delimiters", one)
    return "".join(release + char if char in special else char for char in one)
