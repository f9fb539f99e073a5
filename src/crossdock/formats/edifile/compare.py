"""Two files compared by what they say: sets paired, segments aligned, values told apart; envelope numbers aside."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Literal

from crossdock.faults import Invalid
from crossdock.formats.edi.grammar import Composite, Element, Segment
from crossdock.formats.edifact import dictionary as edifact
from crossdock.formats.edifact.wire.envelope import Envelope, Kind
from crossdock.formats.edifile.detect import Opened
from crossdock.formats.edifile.spelling import Spelled, edifact_spelled, x12_spelled
from crossdock.formats.x12 import dictionary as x12
from crossdock.formats.x12.read import events
from crossdock.formats.x12.tree import Delimiters

AHEAD_MAX = 64  #: sets of each file that are looked through for a partner
ALIGNED_MAX = 3000  #: segments of a set that are aligned; longer ones are compared one by one

#: Elements of headers that differ from one sending to the next: numbers, dates, times, counts.
_PASSING = {
    "ISA": {9, 10, 13},
    "GS": {4, 5, 6},
    "ST": {2},
    "UNB": {4, 5},
    "UNG": {4, 5},
    "UNH": {1},
}
_TRAILERS = frozenset({"SE", "GE", "IEA", "UNT", "UNE", "UNZ"})


@dataclass(frozen=True, slots=True)
class Document:
    """One set or message, or the headers before it, as plain segments."""

    kind: Literal["set", "interchange", "group"]
    id: str  #: as 850 or ORDERS
    control: str
    version: str
    segments: tuple[tuple[Spelled, ...], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: what there is in the first file and in the second, None where it is missing."""

    document: str
    set: tuple[str | None, str | None]  #: control numbers
    segment: tuple[int | None, int | None]  #: their numbers in the sets
    id: str | None
    element: str | None
    name: str
    first: str | None
    second: str | None


def compare(first: Opened, second: Opened, *, everything: bool = False) -> Iterator[Difference]:
    """What differs, in the order of the files; nothing but some sets of each is held.

    `everything`: numbers, dates and counts of the envelopes too. Raises Invalid when one cannot be read, or they
    are of two kinds.
    """
    if first.format != second.format:
        says = f"the first file is {first.format.upper()}, the second {second.format.upper()}"
        raise Invalid(says, path="kind", fix="compare two files of one kind")
    ours, theirs = _documents(first, everything=everything), _documents(second, everything=everything)
    one, other = _Ahead(ours), _Ahead(theirs)
    while one.fill() | other.fill():
        mine, their = _pair(one, other)
        if mine is None or their is None:
            yield _alone(mine, their)
        elif mine.segments != their.segments:
            yield from _differences(mine, their, first.format)


class _Ahead:
    """The next documents of a file."""

    def __init__(self, source: Iterator[Document]) -> None:
        self._source = source
        self.next: deque[Document] = deque()

    def fill(self) -> bool:
        """Whether there are any more."""
        while len(self.next) < AHEAD_MAX and (one := next(self._source, None)) is not None:
            self.next.append(one)
        return bool(self.next)


def _pair(one: _Ahead, other: _Ahead) -> tuple[Document | None, Document | None]:
    """The next two that belong together; one of them alone where the other file lacks it."""
    if not one.next or not other.next:
        return (one.next.popleft() if one.next else None, other.next.popleft() if other.next else None)
    mine, their = one.next[0], other.next[0]
    if _subject(mine) == _subject(their):
        return one.next.popleft(), other.next.popleft()
    inserted = any(_subject(mine) == _subject(each) for each in other.next)
    left_out = any(_subject(their) == _subject(each) for each in one.next)
    if inserted and not left_out:
        return None, other.next.popleft()
    if left_out and not inserted:
        return one.next.popleft(), None
    if mine.kind == their.kind and mine.id == their.id:
        return one.next.popleft(), other.next.popleft()
    return one.next.popleft(), None


def _subject(one: Document) -> object:
    """What a document is about: its kind and the numbers at the beginning of its first segment."""
    if one.kind != "set":
        return one.kind, one.id
    return one.id, one.segments[1][:5] if len(one.segments) > 1 else ()


def _alone(mine: Document | None, their: Document | None) -> Difference:
    one = mine or their
    assert one is not None
    said = f"{len(one.segments)} segments"
    return Difference(
        one.id, (mine and mine.control, their and their.control), (None, None), None, None, one.kind,
        said if mine else None, said if their else None,
    )  # fmt: skip


# -- documents of a file --------------------------------------------------------------------------------


def _documents(file: Opened, *, everything: bool) -> Iterator[Document]:
    for one in _x12(file) if file.format == "x12" else _edifact(file):
        rows = (_kept(row, everything=everything) for row in one.segments)
        kept = tuple(row for row in rows if row)
        if kept:
            yield replace(one, segments=kept)


def _kept(row: tuple[Spelled, ...], *, everything: bool) -> tuple[Spelled, ...]:
    """A segment without what passes, without padding, and without what is empty at its end."""
    id_ = row[0] if isinstance(row[0], str) else ""
    if id_ in _TRAILERS and not everything:
        return ()
    passing = _PASSING.get(id_, ()) if not everything else ()
    values: list[Spelled] = ["" if at in passing else _trimmed(one) for at, one in enumerate(row)]
    if id_ == "ISA":
        values = values[:16]  # behind it stands a delimiter
        values[11] = "" if values[11] and not str(values[11]).isalnum() else values[11]
    while values and not values[-1]:
        values.pop()
    return tuple(values)


def _trimmed(one: Spelled) -> Spelled:
    if isinstance(one, str):
        return one.rstrip(" ")
    if isinstance(one, dict):
        return {"repeats": [_trimmed(each) for each in one["repeats"]]}  # pyright: ignore[reportReturnType]
    parts = list(one)
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts[0] if len(parts) == 1 else parts


def _x12(file: Opened) -> Iterator[Document]:
    rows: list[tuple[Spelled, ...]] = []
    for event in events(file.stream, lenient=True):
        if event.kind == "interchange" and event.interchange:
            header = event.interchange.header
            row = _row(header.raw, header.delimiters, "utf-8")
            yield Document("interchange", "ISA", event.interchange.control, "", (row,))
        elif event.kind == "group" and event.group:
            header = event.group.header
            row = _row(header.raw, header.delimiters, "utf-8")
            yield Document("group", "GS", event.group.control, "", (row,))
        elif event.kind in ("part", "set") and event.set:
            rows += [_row(raw, event.set.delimiters, event.set.charset) for raw in event.set.raw]
            if event.kind == "set":
                yield Document("set", event.set.id, event.set.control, event.set.version, tuple(rows))
                rows = []
        elif event.kind == "group_end" and event.group and event.group.trailer:
            row = _row(event.group.trailer.raw, event.group.trailer.delimiters, "utf-8")
            yield Document("group", "GE", event.group.control, "", (row,))
        elif event.kind == "interchange_end" and event.interchange and event.interchange.trailer:
            row = _row(event.interchange.trailer.raw, event.interchange.delimiters, "utf-8")
            yield Document("interchange", "IEA", event.interchange.control, "", (row,))


def _row(raw: bytes, marks: Delimiters, charset: str) -> tuple[Spelled, ...]:
    return tuple(x12_spelled(raw, marks, charset))


def _edifact(file: Opened) -> Iterator[Document]:
    walk = Envelope(file.stream, lambda _: None)
    rows: list[tuple[Spelled, ...]] = []
    header = ("", "", "")
    for part in walk:
        own = [tuple(edifact_spelled(raw, walk.delimiters)) for raw in part.raws]
        if part.segment and part.segment.id in ("UNB", "UNZ", "UNG", "UNE"):
            kind = "interchange" if part.segment.id in ("UNB", "UNZ") else "group"
            number = part.segment.get(5 if part.segment.id in ("UNB", "UNG") else 2)
            yield Document(kind, part.segment.id, number, "", tuple(own))
        elif part.kind is Kind.MESSAGE and part.segment:
            unh = part.segment
            header, rows = (unh.get(2, 1), unh.get(1), unh.get(2, 2) + unh.get(2, 3)), own
        elif part.kind in (Kind.BODY, Kind.MESSAGE_END):
            rows += own
        if part.kind is Kind.MESSAGE_END:
            yield Document("set", *header, tuple(rows))


# -- two documents --------------------------------------------------------------------------------------


def _differences(mine: Document, their: Document, kind: str) -> Iterator[Difference]:
    one, other = [_key(row) for row in mine.segments], [_key(row) for row in their.segments]
    if one == other:
        return
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    long = max(len(one), len(other)) > ALIGNED_MAX
    blocks = [("replace", 0, len(one), 0, len(other))] if long else matcher.get_opcodes()
    for tag, start, end, there, until in blocks:
        if tag != "equal":
            yield from _replaced(mine, their, (start, end), (there, until), kind)


def _key(row: Sequence[Spelled]) -> str:
    """A segment by its meaning: a number is the same however it is written."""
    return repr([_canonical(one) for one in row])


def _canonical(one: Spelled) -> object:
    if isinstance(one, dict):
        return [_canonical(each) for each in one["repeats"]]
    if isinstance(one, list):
        return [_canonical(each) for each in one]
    return _number(one) if "." in one else one


def _number(text: str) -> str:
    """A decimal number without the zeros that say nothing."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return f"{number.normalize():f}" if number.is_finite() and abs(number.adjusted()) < 30 else text


def _replaced(
    mine: Document, their: Document, here: tuple[int, int], there: tuple[int, int], kind: str
) -> Iterator[Difference]:
    """Segments that differ: those of the same id in order are compared element by element."""
    left, right = list(range(*here)), list(range(*there))
    while left or right:
        one, other = (left[0] if left else None), (right[0] if right else None)
        if one is not None and other is not None and mine.segments[one][0] == their.segments[other][0]:
            yield from _elements(mine, their, one, other, kind)
            left.pop(0)
            right.pop(0)
        elif one is not None and (other is None or not _later(mine.segments[one][0], their, right)):
            yield _lone(mine, their, one, None)
            left.pop(0)
        else:
            assert other is not None
            yield _lone(mine, their, None, other)
            right.pop(0)


def _later(id_: Spelled, their: Document, places: list[int]) -> bool:
    return any(their.segments[at][0] == id_ for at in places[:AHEAD_MAX])


def _lone(mine: Document, their: Document, one: int | None, other: int | None) -> Difference:
    row = mine.segments[one] if one is not None else their.segments[other or 0]
    text = " ".join(shown(value) or "·" for value in row)
    return Difference(
        mine.id,
        (mine.control or None, their.control or None),
        (None if one is None else one + 1, None if other is None else other + 1),
        str(row[0]),
        None,
        "segment",
        text if one is not None else None,
        text if other is not None else None,
    )


def _elements(mine: Document, their: Document, one: int, other: int, kind: str) -> Iterator[Difference]:
    left, right = mine.segments[one], their.segments[other]
    spec = _spec(str(left[0]), mine.version, kind)
    for at in range(1, max(len(left), len(right))):
        first, second = (row[at] if at < len(row) else "" for row in (left, right))
        if _canonical(first) != _canonical(second):
            yield Difference(
                mine.id,
                (mine.control or None, their.control or None),
                (one + 1, other + 1),
                str(left[0]),
                f"{at:02}",
                _name(spec, at),
                shown(first) or None,
                shown(second) or None,
            )


def shown(one: Spelled) -> str:
    """A value as one text: components joined by a colon, repetitions by a caret."""
    if isinstance(one, dict):
        return "^".join(shown(each) for each in one["repeats"])
    return ":".join(one) if isinstance(one, list) else one


def _spec(id_: str, version: str, kind: str) -> Segment | None:
    try:
        return x12.segment(id_, version or x12.BASES[0]) if kind == "x12" else edifact.segment(id_, version)
    except Invalid:
        return None


def _name(spec: Segment | None, at: int) -> str:
    what: Element | Composite | None = spec.uses[at - 1].what if spec and at <= len(spec.uses) else None
    return what.name if what else ""
