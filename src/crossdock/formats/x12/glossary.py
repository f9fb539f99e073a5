"""The X12 glossary: what a set, a segment, an element, a code or an acknowledgement says, in plain words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from crossdock.faults import Invalid
from crossdock.formats.edi.grammar import (
    Composite,
    DocumentGrammar,
    Element,
    Loop,
    Relation,
    Segment,
    Slot,
    Use,
)
from crossdock.formats.edi.near import near_codes
from crossdock.formats.x12 import dictionary
from crossdock.formats.x12.dictionary import BASES

CODES_SHOWN_MAX = 60  #: of one list; the rest is counted
CODES_NAMED_MAX = 20  #: in one sentence; the rest is counted

_TYPES = {
    "AN": "text",
    "ID": "a code",
    "DT": "a date",
    "TM": "a time of day, HHMM or longer",
    "R": "a number, decimals with a point",
    "B": "bytes",
    "N0": "a whole number",
}
_USAGE = {"M": "mandatory", "O": "optional", "C": "by a rule of the segment", "N": "not used"}
#: how people name the codes of acknowledgements: by the segment, without the element
_SHORT = {
    "TA1": "TA105",
    "AK3": "AK304",
    "AK4": "AK403",
    "AK5": "AK502",
    "AK9": "AK905",
    "IK3": "IK304",
    "IK4": "IK403",
}
_PLACE = re.compile(r"([A-Z][A-Z0-9]{1,2}?)[-.]?(\d{2})(?:[-.](\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the glossary says of one term: what kind of thing it is, its title, and lines to read."""

    kind: Literal["set", "segment", "composite", "element", "code"]
    term: str
    title: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The title, and the lines below it."""
        return "\n".join((self.title, *(f"  {line}" for line in self.lines)))


def explain(term: str, version: str = BASES[0]) -> Entry:
    """The entry for `850`, `BEG`, `BEG03`, `C040`, `353`, or a code of one: `BEG01:00`, `353:00`, `AK304:3`, `TA1:024`.

    A number that is both a set and an element is the set; `E810` is the element. Raises Invalid with the nearest
    terms where there is none.
    """
    asked = term.strip()
    name, _, code = asked.replace("=", ":").partition(":")
    name = name.strip().upper()
    base = dictionary.base_version(version)
    if code:
        element = _element(_SHORT.get(name, name), base)
        if element is not None:
            return _code(asked, name, element, code.strip())
    elif name in dictionary.sets(base):
        return _set(dictionary.grammar(name, base))
    elif name in dictionary.segments():
        return _segment(dictionary.segment(name, base))
    elif name in dictionary.composites():
        return _composite(dictionary.composite(name, base))
    else:
        element = _element(name, base)
        if element is not None:
            return _described(name, element)
    raise _unknown(asked, name, base)


def _unknown(asked: str, name: str, base: str) -> Invalid:
    place = _PLACE.fullmatch(name)
    if place is not None and place.group(1) in dictionary.segments():
        many = len(dictionary.segment(place.group(1), base).uses)
        fix = f"the elements of {place.group(1)} are 01 to {many:02}"
        return Invalid(f"{asked!r} is not in the X12 dictionary", value=asked, fix=fix)
    near = difflib.get_close_matches(name, [*dictionary.sets(base), *dictionary.segments()], n=3, cutoff=0.5)
    fix = (
        f"did you mean {', '.join(near)}?"
        if near
        else "ask for a set, a segment, BEG03, 353, or a code as AK304:3"
    )
    return Invalid(f"{asked!r} is not in the X12 dictionary", value=asked, fix=fix)


def _element(name: str, base: str) -> Element | None:
    """The element that a number or a place in a segment names."""
    number = name.removeprefix("E") if name[:2].removeprefix("E").isdigit() else name
    if number in dictionary.elements():
        return dictionary.element(number, base)
    match = _PLACE.fullmatch(name)
    use = _use(match.group(1), int(match.group(2)), int(match.group(3) or 0), base) if match else None
    return use.what if use is not None and isinstance(use.what, Element) else None


def _use(segment: str, position: int, part: int, base: str) -> Use | None:
    if segment not in dictionary.segments():
        return None
    uses = dictionary.segment(segment, base).uses
    use = uses[position - 1] if 0 < position <= len(uses) else None
    if use is not None and isinstance(use.what, Composite):
        return use.what.parts[max(part, 1) - 1] if part <= len(use.what.parts) else None
    return use if part <= 1 else None


def _code(asked: str, name: str, element: Element, code: str) -> Entry:
    meaning = dictionary.code_meaning(element.id, code)
    kind = dictionary.codes_kind(element.id)
    if meaning:
        says = meaning
    elif meaning == "" or kind == "open":
        says = "a code that may stand; ask the partner's guide what it means"
    elif kind == "broad":
        says = "not among the codes known here; ask the partner's guide"
    else:
        known = dictionary.known_codes(element.id)
        more = f" and {len(known) - CODES_NAMED_MAX} more" if len(known) > CODES_NAMED_MAX else ""
        near = [f"{one} ({known[one]})" if known[one] else one for one in near_codes(code, known)]
        fix = f"did you mean {', '.join(near)}? " if near else ""
        fix += f"the codes are {', '.join(sorted(known)[:CODES_NAMED_MAX])}{more}"
        raise Invalid(f"{code!r} is no code of {name} ({element.name})", value=asked, fix=fix)
    return Entry("code", asked, f"{asked}: {says}", (f"a code of element {element.id}, {element.name}",))


def _described(name: str, element: Element) -> Entry:
    shown = [f"{code}  {meaning}" for code, meaning in dictionary.known_codes(element.id).items() if meaning]
    more = len(dictionary.known_codes(element.id)) - min(len(shown), CODES_SHOWN_MAX)
    lines = [_form(element), *shown[:CODES_SHOWN_MAX]]
    if shown and more > 0:
        lines.append(f"… and {more} more")
    number = "" if element.id.startswith("Z") else f"element {element.id}, "
    return Entry("element", name, f"{name}: {number}{element.name}", tuple(lines))


def _form(element: Element) -> str:
    kind = _TYPES.get(element.type) or f"a whole number whose last {element.type[1:]} digits are decimals"
    size = f"{element.min}" if element.min == element.max else f"{element.min} to {element.max}"
    return f"{kind}, {size} {'digits' if element.type[0] in 'NR' else 'characters'}"


def _composite(composite: Composite) -> Entry:
    lines = (_line(f"{index:02}", use) for index, use in enumerate(composite.parts, 1))
    return Entry("composite", composite.id, f"{composite.id}: {composite.name}", tuple(lines))


def _segment(segment: Segment) -> Entry:
    lines = [_line(f"{segment.id}{index:02}", use) for index, use in enumerate(segment.uses, 1)]
    lines += [_rule(segment.id, relation) for relation in segment.relations]
    return Entry("segment", segment.id, f"{segment.id}: {segment.name}", tuple(lines))


def _line(name: str, use: Use) -> str:
    form = "components" if isinstance(use.what, Composite) else _form(use.what)
    often = f", up to {use.repeat} times" if use.repeat > 1 else ""
    return f"{name}  {use.what.name} ({use.what.id}): {_USAGE[use.usage]}, {form}{often}"


def _rule(segment: str, relation: Relation) -> str:
    names = [f"{segment}{position:02}" for position in relation.positions]
    first, rest = names[0], names[1:]
    return {
        "P": f"{' and '.join(names)} come together or not at all",
        "R": f"at least one of {' or '.join(names)} is needed",
        "E": f"at most one of {' or '.join(names)} may stand",
        "C": f"{first} needs {' and '.join(rest)}",
        "L": f"{first} needs {' or '.join(rest)}",
    }[relation.kind]


def _set(grammar: DocumentGrammar) -> Entry:
    group = "" if grammar.family == "-" else f", in a group {grammar.family}"
    title = f"{grammar.id}: {grammar.name} ({grammar.version}{group})"
    return Entry("set", grammar.id, title, tuple(_places(grammar.items, 0)))


def _places(items: tuple[Slot | Loop, ...], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for item in items:
        often = "any number" if item.max is None else "once" if item.max == 1 else f"up to {item.max} times"
        if isinstance(item, Slot):
            yield f"{pad}{item.segment.id}  {item.segment.name}: {_USAGE[item.usage]}, {often}"
        else:
            yield f"{pad}loop {item.id}: {_USAGE[item.usage]}, {often}"
            yield from _places(item.items, depth + 1)
