"""The reader: a stream of bytes as interchanges, groups and sets, with what is wrong or was forgiven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.x12 import envelope
from crossdock.formats.x12.scan import Scanner
from crossdock.formats.x12.tree import Group, Interchange, Segment, Set

PART_BYTES = 1 << 22  #: a set larger than this comes in parts
TREE_BYTES_MAX = 1 << 28  #: of the sets of one interchange that is kept as a whole
STRAYS_MAX = 20  #: segments outside of sets that are reported singly, for each interchange

EventKind = Literal["interchange", "group", "part", "set", "group_end", "interchange_end", "file"]


@dataclass(frozen=True, slots=True)
class Event:
    """One step of reading.

    interchange, group: a header was read. part: `set.raw` holds some segments of a large set, more follow. set:
    `set` is at its end and holds all segments, or those after the last part. group_end, interchange_end: the
    trailer was read, or is missing; all findings of the envelope are known. file: `findings` concern what stands
    outside of interchanges.
    """

    kind: EventKind
    interchange: Interchange | None = None
    group: Group | None = None
    set: Set | None = None
    findings: tuple[Finding, ...] = ()


def events(
    source: bytes | BinaryIO, *, lenient: bool = False, part_bytes: int = PART_BYTES
) -> Iterator[Event]:
    """Every step of reading, in order; no more than a part of a set is held, `part_bytes` of it.

    Raises Invalid when nothing of it can be read, and in strict reading for the first thing that lenient reading
    forgives.
    """
    return _Reader(source, lenient=lenient, part_bytes=part_bytes).events()


def read(source: bytes | BinaryIO, *, lenient: bool = False) -> Iterator[Interchange]:
    """Every interchange as a whole tree, its findings with it.

    Raises Invalid as `events` does, and when the sets of one interchange take more than TREE_BYTES_MAX.
    """
    before: list[Finding] = []
    last: Interchange | None = None
    size = 0
    kept: list[bytes] = []
    for event in events(source, lenient=lenient):
        if event.kind == "file":
            (last.findings if last else before).extend(event.findings)
        elif event.kind == "interchange" and event.interchange:
            if last:
                yield last
            size, last = 0, None
            event.interchange.findings.extend(before)
            before.clear()
        elif event.kind in ("part", "set") and event.set and event.group:
            size += sum(map(len, event.set.raw))
            if size > TREE_BYTES_MAX:
                says = f"the interchange is larger than {TREE_BYTES_MAX >> 20} MB"
                raise Invalid(says, path=f"set {event.set.control}", fix="read it event by event")
            kept.extend(event.set.raw)
            if event.kind == "set":
                event.set.raw, kept, event.set.first_number = kept, [], 1
                event.group.sets.append(event.set)
        elif event.kind == "group_end" and event.interchange and event.group:
            event.interchange.groups.append(event.group)
        elif event.kind == "interchange_end":
            last = event.interchange
    if last:
        yield last


def charset_of(raw: list[bytes]) -> str:
    """The narrowest charset that explains the bytes: ascii, utf-8, cp1252 or latin-1."""
    if all(map(bytes.isascii, raw)):
        return "ascii"
    text = b"\n".join(one for one in raw if not one.isascii())
    for charset in ("utf-8", "cp1252"):
        # without the codes between 80 and 9F, latin-1 says the same as cp1252
        if charset == "cp1252" and not any(0x80 <= byte <= 0x9F for byte in text):
            break
        try:
            text.decode(charset)
        except UnicodeDecodeError:
            continue
        return charset
    return "latin-1"


class _Reader:
    """The state of reading: which interchange, group and set are open."""

    def __init__(self, source: bytes | BinaryIO, *, lenient: bool, part_bytes: int) -> None:
        self.part_bytes = part_bytes
        self.scanner = Scanner(source, lenient=lenient)
        self.interchange: Interchange | None = None
        self.group: Group | None = None
        self.set: Set | None = None
        self.raw: list[bytes] = []
        self.size = 0
        self.count = 0  #: segments of the open set
        self.charset = "ascii"
        self.strays = 0
        self.position = 0  #: of the segment that is looked at, among those of the file
        self.groups = envelope.Unique()
        self.sets = envelope.Unique()
        self.kinds: dict[bytes, str] = {}

    def events(self) -> Iterator[Event]:
        """Every step of reading, in order."""
        for batch in self.scanner.batches():
            yield from self._batch(batch)
        if self.interchange:
            yield from self._end_interchange(None)
        if outside := self.scanner.leniency.take():
            yield Event("file", findings=tuple(outside))

    def _batch(self, batch: list[bytes]) -> Iterator[Event]:
        """Go through a batch from control segment to control segment; what lies between is the body of a set."""
        before, start = self.scanner.position, 0
        for index, raw in enumerate(batch):
            kind = self.kinds.get(raw[:3])
            if kind is None and self.set is not None:
                continue
            if self.set is not None:
                self.raw.extend(batch[start:index])
            start = index + 1
            self.position = before + start
            if kind == "ISA" or self.interchange is None:
                yield from self._header(raw, index)
            else:
                yield from self._control(kind, raw, index)
        if self.set is not None:
            self.raw.extend(batch[start:])
            self.size += sum(map(len, batch[start:]))
            self.position = before + len(batch)
            if self.size > self.part_bytes:
                yield self._part("part")
        else:
            self.position = before + len(batch)

    def _header(self, raw: bytes, index: int) -> Iterator[Event]:
        if self.interchange is not None:
            another = self.scanner.begins_another(index)
            if another is False:
                yield from self._control(None, raw, index)
                return
            self.position -= 1
            yield from self._end_interchange(None)
            self.position += 1
            if another is None:
                return
        delimiters = self.scanner.delimiters
        self._learn(delimiters.element)
        # blanks of other alphabets stand in headers that were copied from a web page
        header = Segment(raw, delimiters, charset_of([raw]))
        self.interchange = Interchange(header, delimiters, self.position)
        self.interchange.findings.extend(self.scanner.leniency.take())
        self.interchange.findings.extend(envelope.header_findings(self.interchange))
        self.groups, self.strays = envelope.Unique(), 0
        yield Event("interchange", self.interchange)

    def _learn(self, mark: bytes) -> None:
        """The first three bytes of control segments under these delimiters."""
        self.kinds = {b"ISA": "ISA", b"IEA": "IEA", b"TA1": "TA1"}
        for id_ in ("GS", "GE", "ST", "SE"):
            self.kinds[id_.encode() + mark] = self.kinds[id_.encode()] = id_

    def _control(self, kind: str | None, raw: bytes, index: int) -> Iterator[Event]:
        assert self.interchange is not None
        segment = Segment(raw, self.scanner.delimiters)
        if kind is not None and (
            segment.id != kind or (self.set is not None and not self._ends_set(segment))
        ):
            kind = None
        if kind is None and self.set is not None:
            self.raw.append(raw)
        elif kind == "ST":
            yield from self._begin_set(segment)
        elif kind == "SE" and self.set is not None:
            self.raw.append(raw)
            yield self._end_set(segment)
        elif kind == "GS":
            yield from self._begin_group(segment)
        elif kind == "GE" and self.group is not None:
            yield from self._end_group(segment)
        elif kind == "IEA":
            yield from self._end_interchange(segment)
            self.scanner.end(index)
        elif kind == "TA1":
            self.interchange.acknowledged.append(segment)
            self.interchange.acknowledged_at.append(self.position)
        else:
            where = "in a group, but outside of its sets" if self.group else "outside of every group"
            self._stray(segment.id, f"segment {segment.id!r} stands {where}")

    def _ends_set(self, segment: Segment) -> bool:
        """Whether a control segment inside a set is meant as one: a stray one must not tear the rest apart."""
        assert self.interchange is not None
        match segment.id:
            case "ST":
                return len(segment[1].strip()) == 3 and bool(segment[2])
            case "GS":
                return len(segment) >= 6
            case "GE":
                return self.group is not None and envelope.same_number(segment[2], self.group.control)
            case "IEA":
                return envelope.same_number(segment[2], self.interchange.control)
            case "TA1":
                return False
            case _:
                return True

    def _begin_group(self, segment: Segment) -> Iterator[Event]:
        assert self.interchange is not None
        if self.group is not None:
            yield from self._end_group(None)
        position = self.position
        self.group = Group(segment, self.interchange, position)
        self.sets = envelope.Unique()
        self.interchange.group_count += 1
        new = self.groups.add(self.group.control.lstrip("0"))
        self.group.findings.extend(envelope.group_begin(self.group, new=new))
        yield Event("group", self.interchange, self.group)

    def _begin_set(self, segment: Segment) -> Iterator[Event]:
        assert self.interchange is not None
        if self.set is not None:
            yield self._end_set(None)
        if self.group is None:
            self._stray("ST", "the set stands outside of every group")
            self.group = Group(Segment(b"GS", self.scanner.delimiters), self.interchange, self.position)
            self.sets = envelope.Unique()
            yield Event("group", self.interchange, self.group)
        self.set = Set(segment, self.group, self.position)
        self.group.set_count += 1
        self.set.findings.extend(envelope.set_begin(self.set, new=self.sets.add(self.set.control)))
        self.raw, self.size, self.count, self.charset = [segment.raw], 0, 0, "ascii"

    def _part(self, kind: Literal["part", "set"]) -> Event:
        assert self.set is not None
        self.set.raw, self.raw = self.raw, []
        self.set.first_number = self.count + 1
        self.count += len(self.set.raw)
        self.size = 0
        charset = charset_of(self.set.raw)
        self.set.charset = charset if charset != "ascii" else self.set.charset
        return Event(kind, self.interchange, self.group, self.set)

    def _end_set(self, trailer: Segment | None) -> Event:
        assert self.set is not None
        event = self._part("set")
        self.set.trailer = trailer
        self.set.findings.extend(envelope.set_end(self.set, trailer, self.count))
        self.set = None
        return event

    def _end_group(self, trailer: Segment | None) -> Iterator[Event]:
        assert self.group is not None
        if self.set is not None:
            yield self._end_set(None)
        group, self.group = self.group, None
        if group.header.raw != b"GS":  # a set without a group has been told already
            group.trailer = trailer
            after = self.position + (trailer is None)
            group.findings.extend(envelope.group_end(group, trailer, after))
        yield Event("group_end", self.interchange, group)

    def _end_interchange(self, trailer: Segment | None) -> Iterator[Event]:
        interchange = self.interchange
        assert interchange is not None
        if self.group is not None:
            yield from self._end_group(None)
        interchange.trailer = trailer
        after = self.position + (trailer is None)
        interchange.findings.extend(self.scanner.leniency.take())
        interchange.findings.extend(envelope.interchange_end(interchange, trailer, after))
        self.interchange = None
        yield Event("interchange_end", interchange)

    def _stray(self, id_: str, says: str) -> None:
        assert self.interchange is not None
        self.strays += 1
        if self.strays <= STRAYS_MAX:
            found = envelope.outside(self.interchange, self.group, id_, says, self.position)
            self.interchange.findings.append(found)
