"""Mutations of valid messages: each breaks one rule at one known place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crossdock.formats.edi.chart import Place, chart
from crossdock.formats.edi.grammar import BroadCodes, Composite, Element, Use
from crossdock.formats.edi.walk import walk
from crossdock.formats.edifact import dictionary
from crossdock.formats.edifact.interchange import Message
from crossdock.formats.edifact.wire.segment import Segment

REPEATS_MAX = 120  #: copies that a mutation makes at most


@dataclass(frozen=True)
class Mutation:
    """A broken message, and where its fault must be found: the number of the segment, and the element if one."""

    kind: str
    message: Message
    number: int
    element: str | None

    def __str__(self) -> str:
        return f"{self.message.type} {self.message.version} {self.kind} at {self.number} {self.element or ''}"


def mutations(message: Message) -> Iterator[Mutation]:
    """Every mutation of a message: dropped, repeated, lengthened, miscoded, emptied, given another type."""
    grammar = dictionary.grammar(message.type, message.version)
    ids = ["UNH", *(segment.id for segment in message.body), "UNT"]
    places, faults = walk(chart(grammar), ids, dictionary.segments(grammar.version))
    assert not faults, faults
    for index, segment in enumerate(message.body):
        place = places[index + 1]
        assert place is not None
        yield from _dropped(message, index, places)
        yield from _repeated(message, index, place)
        yield from _elements(message, index, segment, place)


def _with(message: Message, index: int, *segments: Segment) -> Message:
    return Message(message.header, (*message.body[:index], *segments, *message.body[index + 1 :]))


def _dropped(message: Message, index: int, places: list[Place | None]) -> Iterator[Mutation]:
    place, before, after = places[index + 1], places[index], places[index + 2]
    assert place and before and after
    alone = place not in (before, after)
    mandatory = place.slot.usage == "M" and not place.leads
    leads = place.leads and place.loops[-1].usage == "M"
    once = places.count(place) == 1
    if (mandatory and alone) or (leads and once):
        yield Mutation("drop", _with(message, index), index + 2, None)
    elif place.leads and after.loops[: len(place.loops)] == place.loops and not after.leads and once:
        yield Mutation("drop the lead", _with(message, index), index + 2, None)


def _repeated(message: Message, index: int, place: Place) -> Iterator[Mutation]:
    segment = message.body[index]
    most = place.loops[-1].max if place.leads else place.slot.max
    if most is None or most > REPEATS_MAX or (place.leads and _needs_more(place)):
        return
    same = [other for other in message.body[index + 1 :] if other.id == segment.id]
    if same and most > 1:
        return  # how many there are is for the walk to say
    copies = [segment] * (most + 1)
    yield Mutation("repeat", _with(message, index, *copies), index + 2 + most, None)


def _needs_more(place: Place) -> bool:
    """Whether the group of a lead has other mandatory segments."""
    return sum(item.usage == "M" for item in place.loops[-1].items) > 1


def _elements(message: Message, index: int, segment: Segment, place: Place) -> Iterator[Mutation]:
    for at, use in enumerate(place.slot.segment.uses, 1):
        if not segment.elements[at - 1 : at] or not segment.elements[at - 1]:
            continue
        name = f"{at:02}"
        if use.usage == "M" and at < len(segment.elements):
            yield Mutation("empty", _with(message, index, _put(segment, at, 0, None)), index + 2, name)
        if isinstance(use.what, Composite):
            filled = segment.elements[at - 1][0]
            for number, part in enumerate(use.what.parts[: len(filled)], 1):
                if filled[number - 1]:
                    own = any(filled[number : number + 2]) and _listed(use.what, number)
                    for kind, value in _values(part, filled[number - 1], own=own, last=number == len(filled)):
                        changed = _put(segment, at, number, value)
                        yield Mutation(kind, _with(message, index, changed), index + 2, f"{name}-{number}")
        else:
            for kind, value in _values(use, segment.get(at), own=False, last=True):
                yield Mutation(kind, _with(message, index, _put(segment, at, 1, value)), index + 2, name)
    extra = len(place.slot.segment.uses) + 1
    padded = segment.elements + ((),) * (extra - 1 - len(segment.elements)) + ((("X",),),)
    yield Mutation("add", _with(message, index, Segment(segment.id, padded)), index + 2, f"{extra:02}")


def _listed(composite: Composite, number: int) -> bool:
    return number < len(composite.parts) and composite.parts[number].what.id in ("1131", "3055")


def _values(use: Use, value: str, *, own: bool, last: bool) -> Iterator[tuple[str, str]]:
    element = use.what
    assert isinstance(element, Element)
    yield (
        "lengthen",
        "1" * (element.max + 1) if element.type == "n" else (value * (element.max + 1))[: element.max + 1],
    )
    if element.type == "n":
        yield "mistype", "AB"
    codes = use.codes or element.codes
    if codes is not None and not own:
        miscoded = next(
            code for code in ("QQ", "QQQ", "Q", "0", "999") if code not in codes and len(code) <= element.max
        )
        yield ("unlisted" if isinstance(codes, BroadCodes) else "miscode"), miscoded
    if use.usage == "M" and not last:
        yield "empty", ""


def _put(segment: Segment, at: int, component: int, value: str | None) -> Segment:
    """The segment with another value; None empties the whole element."""
    elements = list(segment.elements)
    if value is None:
        elements[at - 1] = ()
    else:
        parts = list(elements[at - 1][0])
        parts[component - 1] = value
        elements[at - 1] = (tuple(parts),)
    return Segment(segment.id, tuple(elements))
