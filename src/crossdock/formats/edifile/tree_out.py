"""A file of either kind as JSON, piece by piece while it is read: every segment, nothing lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from crossdock.formats.edi.finding import Finding
from crossdock.formats.edifact.wire.envelope import Envelope, Kind
from crossdock.formats.edifact.wire.syntax import CODECS
from crossdock.formats.edifact.wire.syntax import Delimiters as EdifactDelimiters
from crossdock.formats.edifile.detect import Opened
from crossdock.formats.edifile.spelling import edifact_spelled, x12_spelled
from crossdock.formats.x12.read import events
from crossdock.formats.x12.tree import Delimiters, Segment

EMPTY = '"messages": ['
HEADER_CHARSET = "utf-8"  #: of headers; a byte that is none of it is kept as it is


def tree(file: Opened, tell: Callable[[Finding], None]) -> Iterator[str]:
    """The text of one JSON object, a line for each set; `tell` hears what is wrong with the envelope.

    Raises Invalid when nothing can be read.
    """
    pieces = _x12(file, tell) if file.format == "x12" else _edifact(file, tell)
    first = next(pieces, "")  # nothing is written of what cannot be read
    yield f'{{"format": "{file.format}",\n"interchanges": [{first}'
    yield from pieces
    yield "\n]}\n"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


class _Commas:
    """The comma before each item of a list but its first."""

    def __init__(self) -> None:
        self._first = True

    def next(self) -> str:
        """What stands before the next item."""
        first, self._first = self._first, False
        return "" if first else ","


# -- X12 ------------------------------------------------------------------------------------------------


def _x12(file: Opened, tell: Callable[[Finding], None]) -> Iterator[str]:
    interchanges, groups, sets = _Commas(), _Commas(), _Commas()
    going = False
    for event in events(file.stream, lenient=True):
        if event.kind == "interchange" and event.interchange:
            marks = event.interchange.delimiters
            groups = _Commas()
            yield f'{interchanges.next()}\n{{"delimiters": {_text(marks_of(marks))},\n'
            yield f'"header": {_segment(event.interchange.header)},\n"groups": ['
        elif event.kind == "group" and event.group:
            sets = _Commas()
            yield f'{groups.next()}\n{{"header": {_segment(event.group.header)},\n"sets": ['
        elif event.kind in ("part", "set") and event.set:
            one = event.set
            whole = event.kind == "set" and not going
            # of a set that comes in parts the charset is not known before its end
            charset = one.charset if whole else HEADER_CHARSET
            rows = (_text(x12_spelled(raw, one.delimiters, charset)) for raw in one.raw)
            if not going:
                named = f'"charset": "{charset}", ' if charset not in ("ascii", HEADER_CHARSET) else ""
                yield f'{sets.next()}\n{{{named}"segments": ['
            else:
                yield ", "
            yield ", ".join(rows)
            going = event.kind == "part"
            if not going:
                yield "]}"
                _tell(one.findings, tell)
        elif event.kind == "group_end" and event.group:
            yield f'],\n"trailer": {_segment(event.group.trailer)}}}'
            _tell(event.group.findings, tell)
        elif event.kind == "interchange_end" and event.interchange:
            yield "],\n"
            if event.interchange.acknowledged:
                rows = ", ".join(map(_segment, event.interchange.acknowledged))
                yield f'"acknowledged": [{rows}],\n'
            yield f'"trailer": {_segment(event.interchange.trailer)}}}'
            _tell(event.interchange.findings, tell)
        _tell(event.findings, tell)


def _segment(one: Segment | None) -> str:
    return "null" if one is None else _text(x12_spelled(one.raw, one.delimiters, HEADER_CHARSET))


def _tell(findings: Any, tell: Callable[[Finding], None]) -> None:
    for finding in findings:
        tell(finding)


def marks_of(marks: Delimiters) -> dict[str, str | None]:
    """The delimiters of X12 as JSON; `suffix` is the line break behind each segment."""
    return {
        "element": marks.element.decode("latin-1"),
        "component": marks.component.decode("latin-1"),
        "repetition": marks.repetition.decode("latin-1") if marks.repetition else None,
        "terminator": marks.terminator.decode("utf-8" if len(marks.terminator) > 1 else "latin-1"),
        "suffix": marks.suffix.decode("latin-1"),
    }


# -- EDIFACT --------------------------------------------------------------------------------------------


def _edifact(file: Opened, tell: Callable[[Finding], None]) -> Iterator[str]:
    una, suffix = _opening(file.head)
    walk = Envelope(file.stream, tell)
    interchanges, items = _Commas(), _Commas()
    segments = _Commas()
    listed = False  # whether the list of groups or messages of the interchange is open
    grouped = False
    for part in walk:
        marks = walk.delimiters
        own = (
            _text(edifact_spelled(part.raws[0], marks))
            if part.raws and part.kind is not Kind.BODY
            else "null"
        )
        if part.kind is Kind.INTERCHANGE:
            listed, items = False, _Commas()
            yield f'{interchanges.next()}\n{{"una": {_text(una)}, "delimiters": {_text(service(marks, suffix))},\n'
            yield f'"header": {own},\n'
        elif part.kind is Kind.GROUP:
            if not listed:
                yield '"groups": ['
                items, listed = _Commas(), True
            grouped = True
            yield f'{items.next()}\n{{"header": {own},\n"messages": ['
            items = _Commas()
        elif part.kind is Kind.MESSAGE:
            if not listed and not grouped:
                yield '"messages": ['
                items, listed = _Commas(), True
            segments = _Commas()
            yield f'{items.next()}\n{{"segments": [{segments.next()}{own}'
        elif part.kind is Kind.BODY and walk.message is not None:
            yield "".join(f", {_text(edifact_spelled(raw, marks))}" for raw in part.raws)
        elif part.kind is Kind.MESSAGE_END:
            yield f", {own}]}}" if part.raws else "]}"
        elif part.kind is Kind.GROUP_END:
            yield f'],\n"trailer": {own}}}'
            items, grouped = _after_one(), False
        elif part.kind is Kind.INTERCHANGE_END:
            charset = walk.tokenizer.charset
            other = charset is not None and charset != CODECS.get(walk.tokenizer.level)
            named = f'"charset": "{charset}",\n' if other else ""
            yield f'{"" if listed else EMPTY}],\n{named}"trailer": {own}}}'


def _after_one() -> _Commas:
    commas = _Commas()
    commas.next()
    return commas


def _opening(head: bytes) -> tuple[str | None, str]:
    """UNA as it is written, None where there is none; and the line break behind the segments."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x00\x1a")
    una = start.startswith(b"UNA")
    end = re.escape(start[8:9]) if una else b"'"
    broken = re.match(rb"\r?\n", start[9:]) if una else None
    after = broken or re.search(end + rb"(\r?\n)", start)
    told = start[:9].decode("latin-1") if una else None
    return told, (after[0][-2:] if after[0][-2:-1] == b"\r" else after[0][-1:]).decode() if after else ""


def line_break(head: bytes) -> str:
    """The line break behind the segments of an EDIFACT file, by its first bytes; empty where there is none."""
    return _opening(head)[1]


def service(marks: EdifactDelimiters, suffix: str) -> dict[str, str]:
    """The service characters of EDIFACT as JSON; `suffix` is the line break behind each segment."""
    return {
        "component": marks.component,
        "element": marks.element,
        "decimal": marks.decimal,
        "release": marks.release,
        "repetition": marks.repetition,
        "terminator": marks.terminator,
        "suffix": suffix,
    }
