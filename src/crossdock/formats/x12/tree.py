"""The plain tree of X12: interchanges, groups, sets and segments; elements are split when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crossdock.formats.edi.finding import Finding


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What separates elements, components and repetitions, ends segments, and follows the end (a line break)."""

    element: bytes = b"*"
    component: bytes = b">"
    terminator: bytes = b"~"
    repetition: bytes | None = None
    suffix: bytes = b""
    #: Every delimiter that data must not contain: asked for every segment that is written, so it is made once.
    all: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Gathers them."""
        known = (self.element, self.component, self.terminator, self.repetition)
        object.__setattr__(self, "all", tuple(mark for mark in known if mark))


@dataclass(frozen=True, slots=True)
class Repeats:
    """The value of an element that is repeated."""

    values: tuple[str | tuple[str, ...], ...]


#: The value of an element: text, the components of a composite, or repetitions of either.
Value = str | tuple[str, ...] | Repeats

#: A segment as plain values, its id first.
Row = Sequence[Value]


class Segment:
    """One segment: its bytes without the terminator, and its elements once asked for."""

    __slots__ = ("_elements", "charset", "delimiters", "raw")

    def __init__(self, raw: bytes, delimiters: Delimiters, charset: str = "latin-1") -> None:
        self.raw = raw
        self.delimiters = delimiters
        self.charset = charset
        self._elements: list[str] | None = None

    @property
    def elements(self) -> list[str]:
        """The segment id and its elements as text, undivided."""
        if self._elements is None:
            mark = self.delimiters.element
            if mark.isascii():
                self._elements = self.raw.decode(self.charset, "replace").split(mark.decode())
            else:
                # a separator beyond ASCII would be taken for a part of a letter
                self._elements = [one.decode(self.charset, "replace") for one in self.raw.split(mark)]
        return self._elements

    @property
    def id(self) -> str:
        """The segment id."""
        return (self._elements or self.elements)[0]

    def __getitem__(self, position: int) -> str:
        """The element at a position from 1; empty where there is none."""
        elements = self._elements or self.elements
        return elements[position] if position < len(elements) else ""

    def __len__(self) -> int:
        return len(self.elements) - 1

    def __repr__(self) -> str:
        return f"Segment({self.raw!r})"

    def repeats(self, position: int) -> list[str]:
        """The repetitions of an element; one where the interchange has no repetition separator."""
        mark = self.delimiters.repetition
        return self[position].split(mark.decode("latin-1")) if mark else [self[position]]

    def components(self, position: int) -> list[str]:
        """The components of an element; one where it is simple."""
        return self[position].split(self.delimiters.component.decode("latin-1"))

    @property
    def row(self) -> tuple[Value, ...]:
        """The segment as plain values, its id first; trailing empty elements left out."""
        values: list[Value] = [self.id]
        values.extend(self._value(position) for position in range(1, len(self.elements)))
        while len(values) > 1 and values[-1] == "":
            values.pop()
        return tuple(values)

    def _value(self, position: int) -> Value:
        mark = self.delimiters.component.decode("latin-1")
        text = self[position]
        if mark not in text and (self.delimiters.repetition is None or len(self.repeats(position)) == 1):
            return text
        parts = [tuple(one.split(mark)) if mark in one else one for one in self.repeats(position)]
        return parts[0] if len(parts) == 1 else Repeats(tuple(parts))


@dataclass(slots=True, eq=False)
class Interchange:
    """What stands between ISA and IEA. `findings` are those of the envelope; `acknowledged` are its TA1 segments."""

    header: Segment
    delimiters: Delimiters
    position: int = 1  #: of the ISA among the segments of the file
    groups: list[Group] = field(default_factory=list["Group"])
    acknowledged: list[Segment] = field(default_factory=list[Segment])
    acknowledged_at: list[int] = field(
        default_factory=list[int]
    )  #: of each TA1 among the segments of the file
    trailer: Segment | None = None
    findings: list[Finding] = field(default_factory=list[Finding])
    group_count: int = 0

    @property
    def control(self) -> str:
        """ISA13, the interchange control number."""
        return self.header[13].strip()

    @property
    def sender(self) -> tuple[str, str]:
        """Qualifier and id of the sender (ISA05, ISA06), without padding."""
        return self.header[5].strip(), self.header[6].strip()

    @property
    def receiver(self) -> tuple[str, str]:
        """Qualifier and id of the receiver (ISA07, ISA08), without padding."""
        return self.header[7].strip(), self.header[8].strip()

    @property
    def version(self) -> str:
        """ISA12, the version of the envelope: 00401."""
        return self.header[12].strip()

    @property
    def wants_acknowledgement(self) -> bool:
        """Whether ISA14 asks for a TA1."""
        return self.header[14].strip() == "1"

    @property
    def usage(self) -> str:
        """ISA15: P production, T test, I information."""
        return self.header[15].strip()


@dataclass(slots=True, eq=False)
class Group:
    """What stands between GS and GE."""

    header: Segment
    interchange: Interchange
    position: int = 2
    sets: list[Set] = field(default_factory=list["Set"])
    trailer: Segment | None = None
    findings: list[Finding] = field(default_factory=list[Finding])
    set_count: int = 0

    @property
    def family(self) -> str:
        """GS01, the functional identifier: PO."""
        return self.header[1].strip()

    @property
    def sender(self) -> str:
        """GS02, the application sender's code."""
        return self.header[2].strip()

    @property
    def receiver(self) -> str:
        """GS03, the application receiver's code."""
        return self.header[3].strip()

    @property
    def control(self) -> str:
        """GS06, the group control number."""
        return self.header[6].strip()

    @property
    def version(self) -> str:
        """GS08: version, release and industry code: 004010VICS."""
        return self.header[8].strip()


@dataclass(slots=True, eq=False)
class Set:
    """One transaction set: the bytes of its segments from ST to SE, and what its envelope lacks."""

    header: Segment
    group: Group
    position: int = 3  #: of the ST among the segments of the file
    raw: list[bytes] = field(default_factory=list[bytes])  #: ST and SE (where it stands) included
    charset: str = "ascii"
    findings: list[Finding] = field(default_factory=list[Finding])
    trailer: Segment | None = None
    #: number of the first segment in `raw`; above 1 where a large set comes in parts
    first_number: int = 1

    @property
    def id(self) -> str:
        """ST01: 850."""
        return self.header[1].strip()

    @property
    def control(self) -> str:
        """ST02, the set control number."""
        return self.header[2].strip()

    @property
    def implementation(self) -> str:
        """ST03, the implementation convention; empty before 005010."""
        return self.header[3].strip()

    @property
    def version(self) -> str:
        """The version under which the set is read: the group's."""
        return self.group.version

    @property
    def delimiters(self) -> Delimiters:
        """The delimiters of its interchange."""
        return self.group.interchange.delimiters

    @property
    def segments(self) -> list[Segment]:
        """Every segment, ST and SE included."""
        return list(self)

    def __iter__(self) -> Iterator[Segment]:
        delimiters = self.delimiters
        return (Segment(raw, delimiters, self.charset) for raw in self.raw)

    @property
    def rows(self) -> list[tuple[Value, ...]]:
        """The segments between ST and SE as plain values."""
        body = self.raw[1 : -1 if self.trailer else None]
        return [Segment(raw, self.delimiters, self.charset).row for raw in body]
