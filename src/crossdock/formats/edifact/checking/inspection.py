"""The inspection of one segment against its definition, to the component; what each finding about it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from crossdock.formats.edi.grammar import Composite, Element, Relation, Segment, Use
from crossdock.formats.edifact.checking.values import Flaw, date_flaw, flaw
from crossdock.formats.edifact.wire import segment as read
from crossdock.formats.edifact.wire.syntax import Delimiters


class Fault(NamedTuple):
    """What is wrong in one segment; `element` as "02" or "02-1", None where the whole segment is meant."""

    flaw: Flaw
    element: str | None
    value: str
    forgiven: bool = False


def inspect(raw: str, spec: Segment, delimiters: Delimiters) -> Iterator[Fault]:
    """What is wrong in a segment as it was written, in the order in which it stands."""
    found = read.parse(raw, delimiters)
    for index, use in enumerate(spec.uses):
        element = found.elements[index] if index < len(found.elements) else ()
        yield from _repeated(use, element, f"{index + 1:02}")
    if len(found.elements) > len(spec.uses):
        says = f"{spec.id} has {len(found.elements)} elements, {len(spec.uses)} are the most"
        extra = len(spec.uses)
        value = found.get(extra + 1)
        yield Fault(
            Flaw("edifact.too_many_elements", says, "take out what is behind", "16"), f"{extra + 1:02}", value
        )
    for relation in spec.relations:
        yield from _related(relation, found)
    if spec.id == "DTM" and found.get(1, 2) and found.get(1, 3):
        wrong = date_flaw(found.get(1, 2), found.get(1, 3))
        if wrong:
            yield Fault(wrong, "01-2", found.get(1, 2))
    if len(found.text(delimiters)) < len(raw) and _trailing(raw, delimiters):
        says = "separators stand behind the last value of the segment or of an element"
        yield Fault(
            Flaw("edifact.trailing_empty", says, "leave them out", "45"), None, raw[-35:], forgiven=True
        )


def _trailing(raw: str, delimiters: Delimiters) -> bool:
    """Whether a separator ends the text, or components end before an element does; released ones do not count."""
    if delimiters.release != " ":
        raw = raw.replace(delimiters.release * 2, "  ")
        for sign in (delimiters.component, delimiters.element):
            raw = raw.replace(delimiters.release + sign, "  ")
    ends = (delimiters.component, delimiters.element)
    return raw.endswith(ends) or delimiters.component + delimiters.element in raw


def _repeated(use: Use, element: read.Element, at: str) -> Iterator[Fault]:
    name = use.what.name
    if not element:
        if use.usage == "M":
            says = f"{name} ({use.what.id}) is mandatory and missing"
            yield Fault(Flaw("edifact.missing_element", says, f"write {name}", "13"), at, "")
        return
    if use.usage == "N":
        says = f"{name} ({use.what.id}) is not used here"
        yield Fault(Flaw("edifact.unused_element", says, "take it out", "15"), at, _first(element))
        return
    if len(element) > use.repeat:
        says = f"{name} stands {len(element)} times, {use.repeat} are the most"
        yield Fault(
            Flaw("edifact.too_many_repetitions", says, "take out the others", "35"), at, _first(element)
        )
    for components in element:
        if isinstance(use.what, Composite):
            yield from _composite(use.what, components, at)
        else:
            yield from _simple(use, use.what, components, at)


def _first(element: read.Element) -> str:
    return next((value for components in element for value in components if value), "")


def _simple(use: Use, element: Element, components: read.Composite, at: str) -> Iterator[Fault]:
    if len(components) > 1:
        says = f"{element.name} ({element.id}) has {len(components)} components, it is a simple element"
        yield Fault(
            Flaw("edifact.too_many_components", says, "write one value", "16"), f"{at}-2", components[1]
        )
    if components and components[0]:
        wrong = flaw(element, components[0], use.codes or element.codes)
        if wrong:
            yield Fault(wrong, at, components[0])


def _composite(composite: Composite, components: read.Composite, at: str) -> Iterator[Fault]:
    if not components:
        return
    for index, part in enumerate(composite.parts):
        value = components[index] if index < len(components) else ""
        place = f"{at}-{index + 1}"
        assert isinstance(part.what, Element), "components are simple elements"
        if value and part.usage == "N":
            says = f"{part.what.name} ({part.what.id}) is not used here"
            yield Fault(Flaw("edifact.unused_element", says, "take it out", "15"), place, value)
        elif value:
            codes = None if _own_list(composite, components, index) else part.codes or part.what.codes
            wrong = flaw(part.what, value, codes)
            if wrong:
                yield Fault(wrong, place, value)
        elif part.usage == "M":
            says = f"{part.what.name} ({part.what.id}) is mandatory in {composite.name} and missing"
            yield Fault(Flaw("edifact.missing_element", says, f"write {part.what.name}", "13"), place, "")
    if len(components) > len(composite.parts):
        extra = len(composite.parts)
        says = f"{composite.name} ({composite.id}) has {len(components)} components, {extra} are the most"
        fault = Flaw("edifact.too_many_components", says, "take out what is behind", "16")
        yield Fault(fault, f"{at}-{extra + 1}", components[extra])


def _own_list(composite: Composite, components: read.Composite, index: int) -> bool:
    """Whether a code is of a list that its neighbours name (1131, 3055)."""
    named = [place for place in (index + 1, index + 2) if place < len(composite.parts)]
    return any(
        composite.parts[place].what.id in ("1131", "3055") and place < len(components) and components[place]
        for place in named
    )


def _related(relation: Relation, found: read.Segment) -> Iterator[Fault]:
    """What breaks a rule between positions."""
    there = [
        place for place in relation.positions if place <= len(found.elements) and found.elements[place - 1]
    ]
    lacks = [place for place in relation.positions if place not in there]
    names = ", ".join(f"{place:02}" for place in relation.positions)
    first, *others = relation.positions
    broken = {
        "P": (bool(there and lacks), "stand together or not at all", "13", lacks),
        "R": (not there, "are needed, one of them at least", "13", lacks),
        "E": (len(there) > 1, "exclude each other", "15", there[1:]),
        "C": (first in there and len(there) < len(relation.positions), "belong together: the first needs the others",
              "13", lacks),
        "L": (first in there and not any(place in there for place in others),
              "belong together: the first needs one of the others", "13", others),
    }  # fmt: skip
    wrong, rule, ack, places = broken[relation.kind]
    if wrong:
        says = f"the elements {names} of {found.id} {rule}"
        fix = "take it out" if ack == "15" else f"write element {places[0]:02}"
        yield Fault(Flaw("edifact.relation", says, fix, ack), f"{places[0]:02}", found.get(places[0]))
