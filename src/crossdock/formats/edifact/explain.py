"""Explanations of what an EDIFACT file says: messages, segments, elements, codes and syntax errors, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crossdock.faults import Invalid
from crossdock.formats.edi.grammar import BroadCodes, Composite, Element, Loop, Segment, Slot, Use
from crossdock.formats.edi.near import near_codes
from crossdock.formats.edifact import dictionary

CODES_SHOWN_MAX = 400  #: of one list


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a term means: a head line, and lines below it."""

    term: str
    kind: str  #: message, segment, composite, element, code or syntax error
    version: str  #: the directory that says so
    name: str
    lines: tuple[str, ...]


def explain(term: str, version: str = "D01B") -> Explanation:
    """What a message type, tag, element, code or error means.

    `DESADV`, `DTM`, `C507`, `2005`, `DTM 01-2` (a place in a segment), `2005:137` (a code of an element), `0085:13`
    (a syntax error of CONTRL). Raises Invalid with the nearest names where nothing is known of it.
    """
    base = dictionary.base_version(version)
    word = " ".join(term.upper().split())
    if re.fullmatch(r"[A-Z]{6}", word):
        return _message(word, base)
    if re.fullmatch(r"[A-Z]{3}", word):
        return _segment(word, base)
    place = re.fullmatch(r"([A-Z]{3})[ /]?(\d\d?)(?:[-:.](\d\d?))?", word)
    if place:
        return _place(word, base, place[1], int(place[2]), int(place[3] or 0))
    code = re.fullmatch(r"(?:ACK )?(\d{4})[: =](\S+)", word)
    if code:
        return _code(word, code[1], code[2], base)
    return _element(word, base)


def _message(word: str, base: str) -> Explanation:
    grammar = dictionary.grammar(word, base)
    return Explanation(word, "message", grammar.version, grammar.name, tuple(_items(grammar.items, 0)))


def _items(items: tuple[Slot | Loop, ...], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for item in items:
        must = "mandatory" if item.usage == "M" else "conditional"
        most = "any number" if item.max is None else f"at most {item.max}"
        if isinstance(item, Loop):
            yield f"{indent}{item.id:<5} group, {must}, {most}"
            yield from _items(item.items, depth + 1)
        else:
            yield f"{indent}{item.segment.id:<5} {item.segment.name}, {must}, {most}"


def _segment(word: str, base: str) -> Explanation:
    segment = dictionary.segment(word, base)
    lines: list[str] = []
    for number, use in enumerate(segment.uses, 1):
        lines += _use(f"{number:02}", use)
    known = dictionary.messages(base)
    found = [message for message in known if word in _tags(dictionary.grammar(message, base).items)]
    if found:
        lines.append(f"stands in {', '.join(found)}")
    return Explanation(word, "segment", base, segment.name, tuple(lines))


def _tags(items: tuple[Slot | Loop, ...]) -> set[str]:
    tags: set[str] = set()
    for item in items:
        tags |= _tags(item.items) if isinstance(item, Loop) else {item.segment.id}
    return tags


def _use(place: str, use: Use) -> list[str]:
    must = "mandatory" if use.usage == "M" else "conditional"
    if isinstance(use.what, Element):
        return [f"{place:<5} {use.what.id} {use.what.name}, {must}, {_form(use.what)}"]
    lines = [f"{place:<5} {use.what.id} {use.what.name}, {must}"]
    for number, part in enumerate(use.what.parts, 1):
        lines += [f"  {line}" for line in _use(f"{place}-{number}", part)]
    return lines


def _form(element: Element) -> str:
    kind = {"an": "text", "a": "letters", "n": "number"}[element.type]
    if element.min == element.max:
        return f"{kind} of {element.max}"
    return f"{kind} of {element.min} to {element.max}" if element.min > 1 else f"{kind} up to {element.max}"


def _place(word: str, base: str, tag: str, number: int, component: int) -> Explanation:
    segment: Segment = dictionary.segment(tag, base)
    if not 0 < number <= len(segment.uses):
        fix = f"its elements are 01 to {len(segment.uses):02}"
        raise Invalid(f"{tag} has no element {number:02}", path="term", value=word, fix=fix)
    what = segment.uses[number - 1].what
    if component:
        parts = what.parts if isinstance(what, Composite) else ()
        if component > len(parts):
            fix = f"its components are 1 to {len(parts)}" if parts else "it is a simple element"
            raise Invalid(f"{tag} {number:02} has no component {component}", path="term", value=word, fix=fix)
        what = parts[component - 1].what
    found = _element(what.id, base)
    return Explanation(word, found.kind, base, found.name, found.lines)


def _element(word: str, base: str) -> Explanation:
    what = dictionary.element(word, base)
    if isinstance(what, Composite):
        lines = [line for number, part in enumerate(what.parts, 1) for line in _use(str(number), part)]
        return Explanation(word, "composite", base, what.name, tuple(lines))
    lines = [f"{_form(what)} ({what.type}{'' if what.min == what.max else '..'}{what.max})"]
    said = dictionary.meanings(word)
    lines += [f"{code:<4} {meaning}" for code, meaning in list(said.items())[:CODES_SHOWN_MAX]]
    if what.codes is None:
        lines.append("any code is taken" if said else "it has no list of codes here")
    elif len(what.codes) > len(said):
        lines.append(f"{len(what.codes) - len(said)} more codes are valid")
    if isinstance(what.codes, BroadCodes):
        lines.append("these are not all there are: another one is worth a note")
    return Explanation(word, "element", base, what.name, tuple(lines))


def _code(word: str, element: str, code: str, base: str) -> Explanation:
    what = dictionary.element(element, base)
    meaning = dictionary.code_meaning(element, code)
    valid = isinstance(what, Element) and (what.codes is None or code in what.codes)
    kind = "syntax error" if element == "0085" else "code"
    name = meaning or (
        "it is a valid code; its meaning is not written down here" if valid else "no valid code"
    )
    lines = [f"a code of {element} {what.name}"]
    if isinstance(what, Element) and isinstance(what.codes, BroadCodes) and not valid:
        name = "not among the codes that are known here, which are not all there are"
    if not valid and not meaning and isinstance(what, Element) and what.codes is not None:
        said = dictionary.meanings(element)
        near = [f"{one} ({said[one]})" if said.get(one) else one for one in near_codes(code, what.codes)]
        lines += [f"did you mean {', '.join(near)}?"] if near else []
    return Explanation(word, kind, base, name, tuple(lines))
