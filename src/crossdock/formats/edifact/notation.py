"""The notation of the EDIFACT directories, read strictly: a slip in a file is reported with its line.

Four kinds of file, each with one thing per line; a line that starts with `#` is a comment.

    elements.txt   1004 an..35 Document number        number, type and length (n..8, a1, n6..8), our name
    segments.txt   C212 7140 7143 1131 3055 ; Item number identification
                   PIA 4347! C212!*2 C212*3 : C0203 ; Additional product id
    messages.txt   DESADV Despatch advice
                    UNH! BGM! DTM10 1:10(RFF! DTM)    a head, and what belongs to it behind a blank
    codes.txt      1225 1-73                          the codes of an element, with ranges: 1-9, AA-BZ; behind `?`
                                                      those in use, others are worth a note
    meanings.txt   1225 9 Original                    a code of an element, in our words

In a segment `!` is mandatory, `*3` three positions in a row, and behind the colon stand relations, as `C0203`: if 02,
then 03. In a message `!` is mandatory, a number behind it is how often at most (`*`: without a bound), and
`3!99(NAD! LOC5)` is segment group 3, mandatory (`3:99` conditional), led by its first segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from crossdock.formats.edi.grammar import Relation
from crossdock.formats.edi.notation import Line, lines

_ELEMENT = re.compile(r"(\d{4}) (an|a|n)(\d+)?(?:\.\.(\d+))? (\S.*)")
_USE = re.compile(r"([CES]?\d{3,4})(!?)(?:\*(\d+))?")
_HEAD = re.compile(r"[A-Z]{3}|[CES]\d{3}")
_RELATION = re.compile(r"([PRECL])((?:\d\d){2,})")
_PLACE = re.compile(r"(\d+)([!:])(\d+|\*)\(|([A-Z]{3})(!?)(\d+|\*)?|(\))|(\s+)")
_REPEATS_MAX = 99  #: positions in a row that one use may ask for


@dataclass(frozen=True, slots=True)
class ElementRow:
    """One row of elements.txt."""

    id: str
    type: str
    min: int
    max: int
    name: str


def element_rows(text: str, file: str) -> dict[str, ElementRow]:
    """Every element of the file by its number. Raises Misconfigured."""
    rows: dict[str, ElementRow] = {}
    for line in lines(text, file):
        match = _ELEMENT.fullmatch(line.text)
        if not match or not (match[3] or match[4]):
            line.refuse(
                f"{line.text!r} is no element", "write: number, type and length, name, as 1004 an..35 Number"
            )
        id_, type_, low, high, name = match.groups()
        row = ElementRow(id_, type_, int(low or 1), int(high or low), name)
        if not 0 < row.min <= row.max:
            line.refuse(f"element {id_} has a shortest length above its longest")
        _once(rows, id_, line)
        rows[id_] = row
    return rows


@dataclass(frozen=True, slots=True)
class UseRow:
    """One position of a segment or composite: what stands there, and whether it must."""

    what: str
    mandatory: bool


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment or composite."""

    line: Line
    id: str
    name: str
    uses: tuple[UseRow, ...]
    relations: tuple[Relation, ...]


def segment_rows(text: str, file: str) -> dict[str, SegmentRow]:
    """Every segment and composite of the file by its id. Raises Misconfigured."""
    rows: dict[str, SegmentRow] = {}
    for line in lines(text, file):
        said, sign, name = line.text.partition(" ; ")
        said, _, rules = said.partition(" : ")
        id_, _, body = said.partition(" ")
        if not _HEAD.fullmatch(id_) or not sign or not name.strip():
            line.refuse(f"{line.text!r} is no segment", "write: tag, elements [: relations] ; name")
        _once(rows, id_, line)
        uses = tuple(_uses(line, body))
        rows[id_] = SegmentRow(line, id_, name.strip(), uses, tuple(_relations(line, rules, len(uses))))
    return rows


def _once(
    rows: dict[str, object] | dict[str, ElementRow] | dict[str, SegmentRow], id_: str, line: Line
) -> None:
    if id_ in rows:
        line.refuse(f"{id_} stands here a second time", "keep one of the two")


def _uses(line: Line, body: str) -> Iterator[UseRow]:
    for word in body.split():
        match = _USE.fullmatch(word)
        times = int(match[3] or 1) if match else 0
        if not match or not 0 < times <= _REPEATS_MAX:
            line.refuse(
                f"{word!r} is no use of an element", "write its number, then ! and *times as they hold"
            )
        for _ in range(times):
            yield UseRow(match[1], bool(match[2]))


def _relations(line: Line, rules: str, positions: int) -> Iterator[Relation]:
    for word in rules.split():
        match = _RELATION.fullmatch(word)
        if not match:
            line.refuse(f"{word!r} is no relation", "write a letter of P R E C L and positions of two digits")
        places = tuple(int(match[2][i : i + 2]) for i in range(0, len(match[2]), 2))
        if max(places) > positions or min(places) < 1 or len(set(places)) != len(places):
            line.refuse(f"{word!r} names a position that the segment does not have")
        yield Relation(cast("Literal['P', 'R', 'E', 'C', 'L']", match[1]), places)


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a message: a segment, or group number `group` with what it holds; `max` None: any number."""

    id: str
    mandatory: bool
    max: int | None
    group: str = ""
    inside: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message of messages.txt, its places as written."""

    head: Line
    id: str
    name: str
    body: tuple[Line, ...]

    def places(self) -> tuple[Place, ...]:
        """The places of the message, group in group. Raises Misconfigured."""
        levels: list[list[Place]] = [[]]
        opened: list[tuple[str, bool, int | None]] = []
        for line in self.body:
            at = 0
            while at < len(line.text):
                match = _PLACE.match(line.text, at)
                if not match:
                    fix = "write TAG, TAG!, TAG9, TAG!9 or 1:9(...)"
                    line.refuse(f"{line.text[at : at + 12]!r} is no place of a message", fix)
                at = match.end()
                number, sign, most, tag, must, times, closing, _ = match.groups()
                if number:
                    opened.append((number, sign == "!", _bound(most)))
                    levels.append([])
                elif tag:
                    levels[-1].append(Place(tag, bool(must), _bound(times)))
                elif closing:
                    _close(line, levels, opened)
        if opened or not levels[0]:
            self.head.refuse(f"{self.id} has a group that is not closed, or no place at all")
        return tuple(levels[0])


def _close(line: Line, levels: list[list[Place]], opened: list[tuple[str, bool, int | None]]) -> None:
    if not opened:
        line.refuse("a group is closed that is not open")
    inside = tuple(levels.pop())
    number, must, most = opened.pop()
    if not inside or inside[0].group or not inside[0].mandatory or inside[0].max != 1:
        line.refuse(
            f"group {number} is not led by a mandatory segment that stands once", "begin it with TAG!"
        )
    levels[-1].append(Place(inside[0].id, must, most, number, inside))


def _bound(text: str | None) -> int | None:
    return None if text == "*" else int(text or 1)


def message_rows(text: str, file: str) -> dict[str, MessageRow]:
    """Every message of the file by its type. Raises Misconfigured."""
    heads: list[tuple[Line, list[Line]]] = []
    for line in lines(text, file):
        if not line.text.startswith(" "):
            if not re.fullmatch(r"[A-Z]{6} \S.*", line.text):
                line.refuse(
                    f"{line.text!r} is no head of a message", "write: type, name, as DESADV Despatch advice"
                )
            heads.append((line, []))
        elif heads:
            heads[-1][1].append(line)
        else:
            line.refuse("a place stands before the first message", "write the type of the message above it")
    rows: dict[str, MessageRow] = {}
    for head, body in heads:
        id_, _, name = head.text.partition(" ")
        if id_ in rows:
            head.refuse(f"{id_} stands here a second time", "keep one of the two")
        rows[id_] = MessageRow(head, id_, name, tuple(body))
    return rows


def code_rows(text: str, file: str) -> dict[str, tuple[Line, tuple[str, ...]]]:
    """The code lists of the file by element, ranges not yet told. Raises Misconfigured."""
    rows: dict[str, tuple[Line, tuple[str, ...]]] = {}
    last = ""
    for line in lines(text, file):
        words = line.text.split()
        if not line.text.startswith(" "):
            last = words.pop(0)
            if not re.fullmatch(r"\d{4}", last) or last in rows:
                line.refuse(f"{last!r} is no element, or stands here a second time", "write: number, codes")
            rows[last] = (line, ())
        elif not last:
            line.refuse("codes stand before the first element", "write its number before them")
        head, before = rows[last]
        rows[last] = (head, (*before, *words))
    return rows


def codes_of(line: Line, words: tuple[str, ...]) -> Iterator[str]:
    """The codes that words and ranges name. Raises Misconfigured."""
    for word in words:
        first, sign, end = word.partition("-")
        if not sign:
            yield word
        elif first.isdecimal() and end.isdecimal() and int(first) < int(end):
            yield from map(str, range(int(first), int(end) + 1))
        elif len(first) == len(end) and first.isalpha() and end.isalpha() and first < end:
            yield from map(
                _letters,
                range(_count(first), _count(end) + 1),
                (len(first),) * (_count(end) - _count(first) + 1),
            )
        else:
            line.refuse(f"{word!r} is no range", "write it from low to high, as 1-9 or AA-BZ")


def _count(letters: str) -> int:
    count = 0
    for letter in letters:
        count = count * 26 + ord(letter) - ord("A")
    return count


def _letters(count: int, length: int) -> str:
    letters = ""
    for _ in range(length):
        count, letter = divmod(count, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def meaning_rows(text: str, file: str) -> dict[tuple[str, str], str]:
    """The meanings of the file by element and code. Raises Misconfigured."""
    rows: dict[tuple[str, str], str] = {}
    for line in lines(text, file):
        match = re.fullmatch(r"(\d{4}) (\S+) (\S.*)", line.text)
        if not match or (match[1], match[2]) in rows:
            line.refuse(f"{line.text!r} is no meaning, or a second one", "write: number, code, meaning")
        rows[match[1], match[2]] = match[3]
    return rows
