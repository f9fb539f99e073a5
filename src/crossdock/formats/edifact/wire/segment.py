"""One segment: its tag and its data elements, down to the components."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from crossdock.formats.edifact.wire.syntax import DEFAULT, Delimiters

_T = TypeVar("_T")

Composite = tuple[str, ...]
#: The repetitions of one data element (before syntax version 4 there is one), each with its components.
Element = tuple[Composite, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment, with what is empty at the end of an element or of the segment left out."""

    id: str
    elements: tuple[Element, ...] = ()

    @staticmethod
    def of(id_: str, *elements: str | Composite | list[str | Composite]) -> Segment:
        """A segment from plain values: a text, a tuple of components, or a list of repetitions."""
        made: list[Element] = []
        for element in elements:
            if isinstance(element, list):
                made.append(_trimmed((part,) if isinstance(part, str) else part for part in element))
            else:
                made.append(_trimmed(((element,) if isinstance(element, str) else element,)))
        return Segment(id_, _cut(made))

    def get(self, element: int, component: int = 1, repetition: int = 1) -> str:
        """The value at a position, all counted from 1; empty where nothing stands."""
        if element > len(self.elements) or repetition > len(self.elements[element - 1]):
            return ""
        components = self.elements[element - 1][repetition - 1]
        return components[component - 1] if component <= len(components) else ""

    def text(self, delimiters: Delimiters = DEFAULT) -> str:
        """The segment as it is written, special characters released, without its terminator."""
        special, release = _special(delimiters), delimiters.release

        def written(value: str) -> str:
            return special.sub(lambda found: release + found[0], value)

        return delimiters.element.join(
            [
                self.id,
                *(
                    delimiters.repetition.join(
                        delimiters.component.join(map(written, part)) for part in element
                    )
                    for element in self.elements
                ),
            ]
        )


def parse(raw: str, delimiters: Delimiters = DEFAULT) -> Segment:
    """The segment that a text without its terminator spells."""
    if delimiters.release != " " and delimiters.release in raw:
        return _parse_released(raw, delimiters)
    id_, *texts = raw.split(delimiters.element)
    component, repetition = delimiters.component, delimiters.repetition
    if repetition != " " and repetition in raw:
        made = [_trimmed(part.split(component) for part in text.split(repetition)) for text in texts]
    else:
        made = [_trimmed((text.split(component),)) for text in texts]
    return Segment(id_, _cut(made))


def _parse_released(raw: str, delimiters: Delimiters) -> Segment:
    elements = pieces(raw, delimiters)
    id_ = delimiters.component.join(elements[0][0])
    return Segment(id_, _cut([_trimmed(element) for element in elements[1:]]))


def pieces(raw: str, delimiters: Delimiters = DEFAULT) -> list[list[list[str]]]:
    """The tag and the elements of a segment, in repetitions and components; what is empty at an end stays."""
    elements: list[list[list[str]]] = [[[""]]]
    for released, special, plain in _tokens(delimiters).findall(raw):
        if special == delimiters.element:
            elements.append([[""]])
        elif special == delimiters.component:
            elements[-1][-1].append("")
        elif special:
            elements[-1].append([""])
        else:
            elements[-1][-1][-1] += released[1:] or plain
    return elements


@lru_cache(maxsize=64)
def _tokens(delimiters: Delimiters) -> re.Pattern[str]:
    signs = re.escape((delimiters.component + delimiters.element + delimiters.repetition).replace(" ", ""))
    release = re.escape(delimiters.release)
    # A release character with nothing behind it releases nothing: it is dropped.
    return re.compile(rf"({release}.?)|([{signs}])|([^{release}{signs}]+)", re.DOTALL)


@lru_cache(maxsize=64)
def _special(delimiters: Delimiters) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(delimiters.special)}]")


def _trimmed(parts: Iterable[Sequence[str]]) -> Element:
    return _cut([_cut(part) for part in parts])


def _cut(items: Sequence[_T]) -> tuple[_T, ...]:
    end = len(items)
    while end and not items[end - 1]:
        end -= 1
    return tuple(items[:end])
