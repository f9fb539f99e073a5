"""A file of either kind line by line, for people: headers in words, segments in their loops, values with meanings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from crossdock.faults import Invalid
from crossdock.formats.edi.chart import Place, chart
from crossdock.formats.edi.grammar import Composite, DocumentGrammar, Element, Segment, Use
from crossdock.formats.edi.walk import AHEAD_MAX, Walk
from crossdock.formats.edifact import dictionary as edifact
from crossdock.formats.edifact.wire.envelope import Envelope, Kind
from crossdock.formats.edifact.wire.segment import Segment as EdifactSegment
from crossdock.formats.edifact.wire.segment import parse
from crossdock.formats.edifact.wire.syntax import Delimiters as EdifactDelimiters
from crossdock.formats.edifile.checked import Rules
from crossdock.formats.edifile.detect import Opened
from crossdock.formats.edifile.moments import clock, day, moment
from crossdock.formats.x12 import dictionary as x12
from crossdock.formats.x12.read import events
from crossdock.formats.x12.tree import Delimiters, Group, Interchange, Set
from crossdock.formats.x12.tree import Segment as X12Segment

_USAGES = {"P": "production", "T": "test", "I": "information"}


@dataclass(frozen=True, slots=True)
class Heading:
    """The header of an interchange, group or set: what it is, and the facts in it."""

    kind: Literal["interchange", "group", "set"]
    control: str
    title: str
    facts: tuple[str, ...] = ()
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One value of a segment: its place (`02`, `02-1`), what is meant by it, the value, and what a code says."""

    place: str
    name: str
    value: str
    meaning: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One segment of a set; `number` counts as acknowledgements do, `loops` are those around it, outermost first."""

    number: int
    id: str
    name: str
    loops: tuple[str, ...]
    raw: str
    values: tuple[Held, ...]


def reading(
    file: Opened, rules: Rules | None = None, *, wanted: str | None = None
) -> Iterator[Heading | Line]:
    """Each header and segment in order; with `wanted`, the sets of that control number only. Raises Invalid."""
    rules = rules or Rules()
    yield from (_x12(file, rules, wanted) if file.format == "x12" else _edifact(file, rules, wanted))


def _is(control: str, wanted: str | None) -> bool:
    return wanted is None or control == wanted or (control.lstrip("0") == wanted.lstrip("0") != "")


class _Places:
    """Where the segments of one set stand, by its grammar; without one, what the dictionary says of each."""

    def __init__(self, grammar: DocumentGrammar | None, version: str, kind: str) -> None:
        self._walk = Walk(chart(grammar), ()) if grammar is not None else None
        self._version = version
        self._dictionary = x12 if kind == "x12" else edifact

    def of(self, ids: Sequence[str], number: int) -> tuple[Segment | None, tuple[str, ...]]:
        """The segment at an index of ids, with those behind it at hand, and its loops."""
        place: Place | None = None
        if self._walk is not None:
            place, _ = self._walk.step(ids[number], ids[number + 1 : number + 1 + AHEAD_MAX])
        if place is not None:
            # the segment that leads a loop stands at the level above those that it leads
            return place.slot.segment, tuple(loop.id for loop in place.loops)[: -1 if place.leads else None]
        try:
            return self._dictionary.segment(ids[number], self._version), ()
        except Invalid:
            return None, ()


# -- X12 ------------------------------------------------------------------------------------------------


def _x12(file: Opened, rules: Rules, wanted: str | None) -> Iterator[Heading | Line]:
    places: _Places | None = None
    for event in events(file.stream, lenient=True):
        if event.kind == "interchange" and event.interchange:
            yield _isa(event.interchange)
        elif event.kind == "group" and event.group and event.group.header.raw != b"GS":
            yield _gs(event.group)
        elif event.kind in ("part", "set") and event.set and _is(event.set.control, wanted):
            if places is None:
                grammar = _grammar(rules, event.set)
                yield _st(event.set, grammar)
                places = _Places(grammar, _known(rules.version or event.set.version), "x12")
            segments = event.set.segments
            ids = [one.id for one in segments]
            for index, segment in enumerate(segments):
                spec, loops = places.of(ids, index)
                yield Line(
                    event.set.first_number + index,
                    segment.id,
                    spec.name if spec else "",
                    loops,
                    segment.raw.decode(segment.charset, "replace"),
                    tuple(_x12_values(segment, spec)),
                )
            if event.kind == "set":
                places = None


def _grammar(rules: Rules, one: Set) -> DocumentGrammar | None:
    try:
        return rules.of_set(one)
    except Invalid:
        return None


def _known(version: str) -> str:
    try:
        return x12.base_version(version)
    except Invalid:
        return x12.BASES[0]


def _isa(one: Interchange) -> Heading:
    isa = one.header
    facts = [
        f"from {' '.join(one.sender)} to {' '.join(one.receiver)}",
        f"{moment(isa[9].strip(), isa[10].strip())}, envelope {one.version}, {_USAGES.get(one.usage, one.usage)}"
        + (", a TA1 is asked for" if one.wants_acknowledgement else ""),
        _marks(one.delimiters),
    ]
    return Heading("interchange", one.control, f"ISA  interchange {one.control}", tuple(facts))


def _marks(marks: Delimiters) -> str:
    told = [("elements", marks.element), ("components", marks.component), ("repetitions", marks.repetition)]
    shown = [f"{what} {_shown(mark)}" for what, mark in told if mark]
    end = _shown(marks.terminator) + (" and a line break" if marks.suffix else "")
    return f"{', '.join(shown)}; a segment ends with {end}"


def _shown(mark: bytes) -> str:
    names = {b"\n": "a line break", b"\r": "a carriage return", b"\t": "a tab", b" ": "a blank"}
    text = mark.decode("latin-1") if len(mark) == 1 else mark.decode("utf-8", "replace")
    return names.get(mark) or (text if text.isprintable() else f"0x{mark.hex().upper()}")


def _gs(one: Group) -> Heading:
    gs = one.header
    means = x12.code_meaning("479", one.family)
    title = f"GS   group {one.control}, {one.family}{f' {means}' if means else ''}, {one.version}"
    facts = (f"from {one.sender} to {one.receiver}, {moment(gs[4].strip(), gs[5].strip())}",)
    return Heading("group", one.control, title, facts)


def _st(one: Set, grammar: DocumentGrammar | None) -> Heading:
    name = grammar.name if grammar else "no grammar is known here, so its segments are shown without loops"
    return Heading("set", one.control, f"set {one.control}, {one.id} {name}", (), one.id)


def _x12_values(segment: X12Segment, spec: Segment | None) -> Iterator[Held]:
    uses = spec.uses if spec else ()
    for position in range(1, len(segment) + 1):
        use = uses[position - 1] if position <= len(uses) else None
        for text in segment.repeats(position) if segment[position] and segment.id != "ISA" else ():
            what = use.what if use else None
            if isinstance(what, Composite):
                for part, value in enumerate(text.split(segment.delimiters.component.decode("latin-1")), 1):
                    inner = what.parts[part - 1].what if part <= len(what.parts) else None
                    if value:
                        yield Held(f"{position:02}-{part}", _name(inner), value, _x12_meaning(inner, value))
            else:
                yield Held(f"{position:02}", _name(what), text, _x12_meaning(what, text))


def _name(what: Element | Composite | None) -> str:
    return what.name if what is not None else ""


def _x12_meaning(what: Element | Composite | None, value: str) -> str | None:
    if not isinstance(what, Element):
        return None
    if what.type == "DT":
        return day(value)
    if what.type == "TM":
        return clock(value)
    digits = value.removeprefix("-")
    if what.type[0] == "N" and what.type[1:] > "0" and digits.isdecimal():
        places = int(what.type[1:])
        filled = digits.rjust(places + 1, "0")
        return f"{'-' if value[0] == '-' else ''}{filled[:-places]}.{filled[-places:]}"
    return x12.code_meaning(what.id, value) or None


# -- EDIFACT --------------------------------------------------------------------------------------------


def _edifact(file: Opened, rules: Rules, wanted: str | None) -> Iterator[Heading | Line]:
    walk = Envelope(file.stream, lambda _: None)
    places: _Places | None = None
    number = 0
    for part in walk:
        delimiters = walk.delimiters
        if part.kind is Kind.INTERCHANGE and part.segment is not None:
            yield _unb(part.segment, delimiters)
        elif part.kind is Kind.GROUP and part.segment is not None:
            ung = part.segment
            facts = (f"from {ung.get(2)} to {ung.get(3)}",)
            yield Heading("group", ung.get(5), f"UNG  group {ung.get(5)}, {ung.get(1)}", facts)
        elif part.kind is Kind.MESSAGE and part.segment is not None and _is(part.segment.get(1), wanted):
            grammar = _message_grammar(rules, part.segment)
            yield _unh(part.segment, grammar)
            places, number = (
                _Places(grammar, grammar.version if grammar else _directory(part.segment), "edifact"),
                0,
            )
        if part.kind in (Kind.MESSAGE, Kind.BODY, Kind.MESSAGE_END) and places is not None:
            segments = [parse(raw, delimiters) for raw in part.raws]
            ids = [one.id for one in segments]
            for index, segment in enumerate(segments):
                spec, loops = places.of(ids, index)
                number += 1
                values = tuple(_edifact_values(segment, spec))
                yield Line(number, segment.id, spec.name if spec else "", loops, part.raws[index], values)
        if part.kind is Kind.MESSAGE_END:
            places = None


def _message_grammar(rules: Rules, header: EdifactSegment) -> DocumentGrammar | None:
    try:
        return rules.of_message(header)
    except Invalid:
        return None


def _directory(header: EdifactSegment) -> str:
    try:
        return edifact.base_version(header.get(2, 2) + header.get(2, 3))
    except Invalid:
        return edifact.BASES[0]


def _unb(header: EdifactSegment, marks: EdifactDelimiters) -> Heading:
    sender, recipient = (" ".join(filter(None, (header.get(at, 2), header.get(at, 1)))) for at in (2, 3))
    usage = "test" if header.get(11) not in ("", "0") else "production"
    facts = (
        f"from {sender} to {recipient}",
        f"{moment(header.get(4, 1), header.get(4, 2))}, syntax {header.get(1, 1)} {header.get(1, 2)}, {usage}"
        + (", a CONTRL is asked for" if header.get(9) == "1" else ""),
        f"service characters {marks.component}{marks.element}{marks.release}{marks.terminator}".replace(
            "\n", "\\n"
        ),
    )
    return Heading("interchange", header.get(5), f"UNB  interchange {header.get(5)}", facts)


def _unh(header: EdifactSegment, grammar: DocumentGrammar | None) -> Heading:
    name = grammar.name if grammar else "no grammar is known here, so its segments are shown without groups"
    version = header.get(2, 2) + header.get(2, 3)
    title = f"message {header.get(1)}, {header.get(2, 1)} {name}, {version}"
    return Heading("set", header.get(1), title, (), header.get(2, 1))


def _edifact_values(segment: EdifactSegment, spec: Segment | None) -> Iterator[Held]:
    uses: tuple[Use, ...] = spec.uses if spec else ()
    for position, element in enumerate(segment.elements, 1):
        what = uses[position - 1].what if position <= len(uses) else None
        for components in element:
            for part, value in enumerate(components, 1):
                inner = what
                if isinstance(what, Composite):
                    inner = what.parts[part - 1].what if part <= len(what.parts) else None
                place = (
                    f"{position:02}-{part}" if isinstance(what, Composite) or part > 1 else f"{position:02}"
                )
                if value:
                    yield Held(place, _name(inner), value, _edifact_meaning(inner, value, components))


def _edifact_meaning(what: Element | Composite | None, value: str, around: tuple[str, ...]) -> str | None:
    if not isinstance(what, Element):
        return None
    if what.id == "2380" and len(around) > 2:
        return (
            day(value) if around[2] == "102" else moment(value[:8], value[8:]) if around[2] == "203" else None
        )
    return edifact.code_meaning(what.id, value) or None
