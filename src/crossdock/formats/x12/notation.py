"""The notation of the X12 dictionary, read strictly: a slip in a file is reported with its line.

Three kinds of file, each with one thing per line; a line that starts with `#` is a comment.

    elements.txt   127 AN 1/30 1/50 Reference number        lengths of 004010, then of 005010 where they differ
    codes.txt      353 closed                               the list of one element: closed, broad or open
                     00 Original                            a code with its meaning
                     + 26 30-67 AA-AZ                       codes that may stand, without a meaning of ours
    segments.txt   REF 128! 127 352 C040 : R0203 ; Reference
                     005010 128! 127 352 C040*2 : R0203     the whole of it again, where 005010 differs

In a segment `!` is mandatory, `*5` up to five repetitions, `(235 234)x10` ten pairs of them, and behind the colon
stand the relations: `P0607` a pair, `P0607-2425` this pair and all pairs up to 2425.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, cast

from crossdock.formats.edi.grammar import Relation
from crossdock.formats.edi.notation import Line, lines

Letter = Literal["P", "R", "E", "C", "L"]
Kind = Literal["closed", "broad", "open"]

_ELEMENT = re.compile(r"(\S+) (AN|ID|DT|TM|B|R|N\d) (\d+)/(\d+)(?: (\d+)/(\d+))? (\S.*)")
_CODES = re.compile(r"(\S+) (closed|broad|open)")
_RANGE = re.compile(r"([A-Z0-9]*?)(\d+|[A-Z])-\1(\d+|[A-Z])")
_USE = re.compile(r"([CIZ]?\d+)(!?)(?:\*(\d+|>1))?")
_PAIRS = re.compile(r"\(([^()]*)\)x(\d+)")
_RELATION = re.compile(r"([PRECL])((?:\d\d){2,})(?:-(\d{4}))?")
_SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}|C\d{3}")
_REPEAT_MAX = 1_000_000  #: for the few elements that may repeat without a bound


@dataclass(frozen=True, slots=True)
class ElementRow:
    """One row of elements.txt; `later` holds the lengths of 005010."""

    id: str
    name: str
    type: str
    lengths: tuple[int, int]
    later: tuple[int, int]


def element_rows(text: str, file: str) -> dict[str, ElementRow]:
    """Every element of the file by its number. Raises Misconfigured."""
    rows: dict[str, ElementRow] = {}
    for line in lines(text, file):
        match = _ELEMENT.fullmatch(line.text)
        if not match:
            line.refuse(f"{line.text!r} is no element", "write: number type min/max [min/max of 005010] name")
        id, type, low, high, low_later, high_later, name = match.groups()
        lengths = (int(low), int(high))
        later = (int(low_later), int(high_later)) if low_later else lengths
        if not (0 < lengths[0] <= lengths[1] and 0 < later[0] <= later[1]):
            line.refuse(f"element {id} has a shortest length above its longest")
        if id in rows:
            line.refuse(f"element {id} stands here a second time", "keep one of the two")
        rows[id] = ElementRow(id, name, type, lengths, later)
    return rows


@dataclass(frozen=True, slots=True)
class CodeRows:
    """The list of one element: its lines, and whether other codes are wrong (closed), worth a note (broad) or fine."""

    kind: Kind
    lines: list[Line] = field(default_factory=list[Line])

    def meanings(self) -> dict[str, str]:
        """Every code of the list with its meaning, "" where we give none. Raises Misconfigured."""
        found: dict[str, str] = {}
        spread: list[str] = []
        for line in self.lines:
            code, _, meaning = line.text.strip().partition(" ")
            for one in meaning.split() if code == "+" else (code,):
                if one in found:
                    line.refuse(f"code {one} stands in this list a second time", "keep one of the two")
                if "-" in one:
                    spread += _spread(line, one)
                else:
                    found[one] = "" if code == "+" else meaning.strip()
        for one in spread:
            found.setdefault(one, "")
        return found


def _spread(line: Line, word: str) -> Iterator[str]:
    """The codes of a range: 01-24, 1-35, AA-AZ, A000-A999."""
    match = _RANGE.fullmatch(word)
    first, last = (match.group(2), match.group(3)) if match else ("", "")
    if not match or first.isdigit() != last.isdigit() or (len(first), first) > (len(last), last):
        line.refuse(f"{word!r} is no range of codes", "write the first and the last, as 01-24 or AA-AZ")
    if first.isdigit():
        width = len(first) if first.startswith("0") or len(first) == len(last) else 0
        yield from (f"{match.group(1)}{number:0{width}}" for number in range(int(first), int(last) + 1))
    else:
        yield from (f"{match.group(1)}{chr(letter)}" for letter in range(ord(first), ord(last) + 1))


def code_rows(text: str, file: str) -> dict[str, CodeRows]:
    """Every code list of the file by the number of its element. Raises Misconfigured."""
    found: dict[str, CodeRows] = {}
    now: CodeRows | None = None
    for line in lines(text, file):
        if line.text.startswith(" "):
            if now is None:
                line.refuse("a code before the first list", "write the number of its element above it")
            now.lines.append(line)
            continue
        head = _CODES.fullmatch(line.text)
        if not head:
            line.refuse(
                f"{line.text!r} begins no code list", "write: number of the element, closed, broad or open"
            )
        if head.group(1) in found:
            line.refuse(f"the codes of element {head.group(1)} stand here a second time", "join the lists")
        now = found[head.group(1)] = CodeRows(cast("Kind", head.group(2)))
    return found


@dataclass(frozen=True, slots=True)
class UseRow:
    """One position of a segment or composite: what stands there, whether it must, and how often it may."""

    what: str
    mandatory: bool
    repeat: int


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment or composite in one version."""

    line: Line
    id: str
    name: str
    uses: tuple[UseRow, ...]
    relations: tuple[Relation, ...]


def segment_rows(text: str, file: str) -> dict[tuple[str, str], SegmentRow]:
    """Every segment and composite of the file by id and version. Raises Misconfigured."""
    rows: dict[tuple[str, str], SegmentRow] = {}
    last: SegmentRow | None = None
    for line in lines(text, file):
        head, _, rest = line.text.strip().partition(" ")
        body, _, name = rest.partition(" ; ")
        if line.text.startswith(" "):
            if last is None or not re.fullmatch(r"\d{6}", head):
                line.refuse(f"{head!r} is no version of the segment above", "write six digits, as 005010")
            key, name = (last.id, head), name or last.name
        else:
            if not _SEGMENT_ID.fullmatch(head) or not name:
                line.refuse(f"{line.text!r} is no segment", "write: id, elements [: relations] ; name")
            key = (head, "004010")
        if key in rows:
            line.refuse(f"{key[0]} of {key[1]} stands here a second time", "keep one of the two")
        said, _, rules = body.partition(" : ")
        uses = tuple(_uses(line, said))
        row = SegmentRow(line, key[0], name.strip(), uses, tuple(_relations(line, rules, len(uses))))
        rows[key] = row
        last = row if key[1] == "004010" else last
    return rows


def _uses(line: Line, said: str) -> Iterator[UseRow]:
    spelled = _PAIRS.sub(lambda m: " ".join([m.group(1)] * int(m.group(2))), said)
    for word in spelled.split():
        match = _USE.fullmatch(word)
        if not match:
            line.refuse(
                f"{word!r} is no use of an element", "write its number, then ! and *times as they hold"
            )
        id, must, times = match.groups()
        yield UseRow(id, bool(must), _REPEAT_MAX if times == ">1" else int(times or 1))


def _relations(line: Line, rules: str, positions: int) -> Iterator[Relation]:
    for word in rules.split():
        match = _RELATION.fullmatch(word)
        if not match:
            line.refuse(f"{word!r} is no relation", "write a letter of P R E C L and positions of two digits")
        kind, digits, until = match.groups()
        first = tuple(int(digits[i : i + 2]) for i in range(0, len(digits), 2))
        steps = (int(until[:2]) - first[0]) // 2 + 1 if until else 1
        if steps < 1 or (until and int(until[2:]) != first[-1] + 2 * (steps - 1)):
            line.refuse(f"{word!r} counts pairs that do not end there")
        for step in range(steps):
            places = tuple(p + 2 * step for p in first)
            if max(places) > positions or min(places) < 1 or len(set(places)) != len(places):
                line.refuse(f"{word!r} names a position that the segment does not have")
            yield Relation(cast("Letter", kind), places)
