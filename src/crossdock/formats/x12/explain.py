"""The explanation of a segment that is not sound: each element, component and relation that breaks a rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crossdock.formats.edi.grammar import Composite, Element, Relation, Use
from crossdock.formats.edi.grammar import Segment as Definition
from crossdock.formats.x12.tree import Segment
from crossdock.formats.x12.value import breach


@dataclass(frozen=True, slots=True)
class Spot:
    """One breach: the element ("02", "02-1", "" for the whole segment), its number in the dictionary, what is wrong.

    `ack` is None for what an acknowledgement has no code for; `forgiven` what does no harm, `note` what is no error.
    """

    element: str
    reference: str | None
    code: str
    says: str
    fix: str
    value: str | None = None
    ack: str | None = None
    forgiven: bool = False
    note: bool = False


def explain(segment: Segment, definition: Definition) -> Iterator[Spot]:
    """Everything that is wrong in one segment, in the order of its elements."""
    if len(segment) == 0 or not any(segment.elements[1:]):
        needed = [f"{index:02}" for index, use in enumerate(definition.uses, 1) if use.usage == "M"]
        what = f"element {', '.join(needed)}" if needed else "at least one element"
        yield Spot(
            needed[0] if needed else "",
            reference(definition.uses[int(needed[0]) - 1]) if needed else None,
            "x12.empty_segment",
            f"{segment.id} holds no element",
            f"send {what}, or leave the segment out",
            ack="AK403:1" if needed else "AK304:8",
        )
        return
    missing: set[int] = set()
    for position, use in enumerate(definition.uses, 1):
        for spot in _use(segment, position, use):
            if spot.code == "x12.missing_element":
                missing.add(position)
            yield spot
    for relation in definition.relations:
        yield from _relation(segment, relation, definition, missing)
    yield from _ending(segment, definition)


def _ending(segment: Segment, definition: Definition) -> Iterator[Spot]:
    known = len(definition.uses)
    more = [position for position in range(known + 1, len(segment) + 1) if segment[position]]
    if more:
        says = f"{segment.id} holds {more[-1]} elements, {known} are defined"
        element = f"{more[0]:02}"
        fix = f"send no element after {segment.id}{known:02}"
        yield Spot(element, None, "x12.too_many_elements", says, fix, segment[more[0]], "AK403:3")
    elif not segment[len(segment)]:
        says = f"{segment.id} ends with separators of empty elements"
        yield Spot(
            "", None, "x12.trailing_empty", says, "end the segment after its last value", forgiven=True
        )


def _use(segment: Segment, position: int, use: Use) -> Iterator[Spot]:
    text, element = segment[position], f"{position:02}"
    name = f"{segment.id}{element}"
    if not text:
        if use.usage == "M":
            yield Spot(
                element,
                reference(use),
                "x12.missing_element",
                f"{name} ({use.what.name}) is missing",
                f"send {_article(use)}",
                "",
                "AK403:1",
            )
        return
    if use.usage == "N":
        says, fix = f"{name} is not used here", "leave the element empty"
        yield Spot(element, reference(use), "x12.unused_element", says, fix, text, "AK403:I10")
        return
    repeats = segment.repeats(position)
    if len(repeats) > use.repeat:
        says = f"{name} stands {len(repeats)} times, at most {use.repeat} are allowed"
        fix = (
            f"send at most {use.repeat}"
            if use.repeat > 1
            else "send one value, without the repetition separator"
        )
        yield Spot(element, reference(use), "x12.too_many_repetitions", says, fix, text, "AK403:12")
        repeats = repeats[: use.repeat]
    for one in repeats:
        if isinstance(use.what, Composite):
            yield from _composite(segment, element, one, use.what)
        else:
            yield from _simple(segment, element, one, use, use.what)


def _simple(segment: Segment, element: str, text: str, use: Use, what: Element) -> Iterator[Spot]:
    mark = segment.delimiters.component.decode("latin-1")
    name = f"{segment.id}{element}"
    if mark in text:
        says = f"{name} ({what.name}) holds {mark!r}, the component separator, and has no components"
        fix = f"send it without {mark!r}, or name another separator in ISA16"
        yield Spot(element, _number(what), "x12.component_separator", says, fix, text, "AK403:6")
        return
    wrong = breach(what, text, use.codes if use.codes is not None else what.codes)
    if wrong is not None:
        says = f"{name} ({what.name}) {wrong.says}"
        code = "x12.unlisted_code" if wrong.note else _CODES[wrong.ack]
        ack = None if wrong.note else f"AK403:{wrong.ack}"
        yield Spot(element, _number(what), code, says, wrong.fix, text, ack, note=wrong.note)


def _composite(segment: Segment, element: str, text: str, what: Composite) -> Iterator[Spot]:
    mark = segment.delimiters.component.decode("latin-1")
    parts = text.split(mark)
    for index, use in enumerate(what.parts):
        part = parts[index] if index < len(parts) else ""
        place = f"{element}-{index + 1}"
        if part and use.usage == "N":
            says = f"{segment.id}{place} is not used here"
            yield Spot(place, reference(use), "x12.unused_element", says, "leave it empty", part, "AK403:I10")
        elif part and isinstance(use.what, Element):
            yield from _simple(segment, place, part, use, use.what)
        elif not part and use.usage == "M":
            says = f"{segment.id}{place} ({use.what.name}) is missing"
            fix = f"send {_article(use)}"
            yield Spot(place, reference(use), "x12.missing_element", says, fix, "", "AK403:1")
    more = [index for index in range(len(what.parts), len(parts)) if parts[index]]
    if more:
        place = f"{element}-{more[0] + 1}"
        says = f"{segment.id}{element} holds {more[-1] + 1} components, {len(what.parts)} are defined"
        fix = f"send at most {len(what.parts)} components"
        yield Spot(place, None, "x12.too_many_components", says, fix, parts[more[0]], "AK403:13")
    elif not parts[-1]:
        says = f"{segment.id}{element} ends with separators of empty components"
        yield Spot(
            element, None, "x12.trailing_empty", says, "end it after its last value", text, forgiven=True
        )


def _relation(
    segment: Segment, relation: Relation, definition: Definition, missing: set[int]
) -> Iterator[Spot]:
    """A relation that is broken, told at the element that is missing, or stands where it must not."""
    positions = relation.positions
    here = [position for position in positions if segment[position]]
    absent = [position for position in positions if not segment[position]]
    names = " and ".join(f"{segment.id}{position:02}" for position in positions)
    first = positions[0]
    told: tuple[int, str, str] | None = None
    if relation.kind == "P" and here and absent:
        told = absent[0], f"{names} come together or not at all", "send it, or leave the others empty"
    elif relation.kind == "R" and not here:
        told = first, f"one of {names} is needed", "send at least one of them"
    elif relation.kind == "C" and segment[first] and absent:
        others = " and ".join(f"{segment.id}{position:02}" for position in absent)
        told = (
            absent[0],
            f"{segment.id}{first:02} needs {others}",
            f"send it, or leave {segment.id}{first:02} empty",
        )
    elif relation.kind == "L" and segment[first] and len(here) == 1:
        others = " or ".join(f"{segment.id}{position:02}" for position in positions[1:])
        told = (
            positions[1],
            f"{segment.id}{first:02} needs {others}",
            f"send it, or leave {segment.id}{first:02} empty",
        )
    elif relation.kind == "E" and len(here) > 1:
        says = f"of {names} at most one may stand"
        use = _at(definition, here[1])
        ref = reference(use) if use else None
        fix = f"leave all but {segment.id}{here[0]:02} empty"
        yield Spot(f"{here[1]:02}", ref, "x12.exclusion", says, fix, segment[here[1]], "AK403:10")
    if told and told[0] not in missing:
        missing.add(told[0])
        use = _at(definition, told[0])
        says = f"{segment.id}{told[0]:02}{f' ({use.what.name})' if use else ''} is missing: {told[1]}"
        ref = reference(use) if use else None
        yield Spot(f"{told[0]:02}", ref, "x12.conditional_element", says, told[2], "", "AK403:2")


def _at(definition: Definition, position: int) -> Use | None:
    return definition.uses[position - 1] if position <= len(definition.uses) else None


def reference(use: Use) -> str | None:
    """The number of the element that stands there; None for a composite."""
    return _number(use.what) if isinstance(use.what, Element) else None


def _number(element: Element) -> str | None:
    """The number of an element in the standard; None where the dictionary has only a name of its own for it."""
    return None if element.id.startswith("Z") else element.id


def _article(use: Use) -> str:
    """What to send: the codes of a short list, or what the element is."""
    if isinstance(use.what, Composite):
        return f"its components: {', '.join(part.what.name for part in use.what.parts if part.usage == 'M')}"
    codes = use.codes if use.codes is not None else use.what.codes
    if codes and len(codes) <= 6:
        return f"one of {', '.join(sorted(codes))}"
    least, most = use.what.min, use.what.max
    size = f"{most}" if least == most else f"{least} to {most}"
    unit = "characters" if use.what.type in ("AN", "ID") else "digits"
    return f"a value of {size} {unit}"


_CODES = {
    "4": "x12.too_short",
    "5": "x12.too_long",
    "6": "x12.invalid_character",
    "7": "x12.invalid_code",
    "8": "x12.invalid_date",
    "9": "x12.invalid_time",
}
