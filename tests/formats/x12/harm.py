"""Harm done to a sample as a stranger would do it: drop, repeat, lengthen, shorten, miscode, put letters for digits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from crossdock.formats.edi.chart import Place, chart
from crossdock.formats.edi.grammar import Composite, DocumentGrammar, Element, Use
from crossdock.formats.edi.walk import walk
from crossdock.formats.x12.dictionary import codes_kind

Row = list[str]
REPEATED_MAX = 30  #: copies; a place that takes more is not tried


@dataclass(frozen=True)
class Harm:
    """A harmed copy, and where it must be told: the segment, and the element where it is one."""

    what: str
    rows: list[Row]
    number: int
    segment: str
    element: str | None


def harms(rows: list[Row], grammar: DocumentGrammar) -> Iterator[Harm]:
    """Every harm to every constrained segment and element of a set; `rows` are ST to SE, split into elements."""
    places, faults = walk(chart(grammar), [row[0] for row in rows], frozenset())
    assert not faults, "the sample itself must be sound"
    for number, (row, place) in enumerate(zip(rows, places, strict=True), 1):
        assert place is not None
        if place.id in ("ST", "SE"):
            continue
        yield from _segment(rows, number, place, [one for one in places if one])
        for position, use in enumerate(place.slot.segment.uses, 1):
            if position < len(row) and row[position]:
                yield from _element(rows, number, position, use, place)


def _segment(rows: list[Row], number: int, place: Place, places: list[Place]) -> Iterator[Harm]:
    row = rows[number - 1]
    index = number - 1
    run = 1
    while index + run < len(rows) and places[index + run].index == place.index:
        run += 1
    first = index == 0 or places[index - 1].index != place.index
    loop_needed = place.leads and all(loop.usage == "M" for loop in place.loops)
    alone = sum(one.index == place.index for one in places) == 1
    if (not place.leads and place.slot.usage == "M" and first and run == 1) or (loop_needed and alone):
        yield Harm("drop", rows[:index] + rows[number:], number, row[0], None)
    most = place.loops[-1].max if place.leads else place.slot.max
    if most and most <= REPEATED_MAX and (alone or not place.leads):
        copies = [row] * (most + 1 - run)
        yield Harm("repeat", rows[:number] + copies + rows[number:], number, row[0], None)


def _element(rows: list[Row], number: int, position: int, use: Use, place: Place) -> Iterator[Harm]:
    row = rows[number - 1]
    name = f"{position:02}"

    def harm(what: str, value: str) -> Harm:
        changed = [*row]
        changed[position] = value
        while len(changed) > 1 and not changed[-1]:
            changed.pop()
        return Harm(what, [*rows[: number - 1], changed, *rows[number:]], number, row[0], name)

    if use.usage == "M" or _leaned_on(place, position, row):
        yield harm("empty", "")
    if isinstance(use.what, Composite):
        return
    element, value = use.what, row[position]
    digits = sum(letter.isdigit() for letter in value)
    longer = value + "7" * (element.max + 1 - (digits if element.type[0] in "NR" else len(value)))
    yield harm("lengthen", longer)
    if element.min > 1:
        yield harm("shorten", value[: element.min - 1])
    yield from (harm(what, wrong) for what, wrong in _wrong(element, value))


def _wrong(element: Element, value: str) -> Iterator[tuple[str, str]]:
    if element.type[0] in "NR":
        yield "letters", ("X" * len(value))[: element.max]
    elif element.type in ("DT", "TM"):
        yield "no such day or hour", "9" * len(value)
    elif element.type == "ID" and codes_kind(element.id) != "open":
        yield "no code", "?".rjust(len(value), "Q")
        known = element.codes or frozenset()
        tried = ("".join(letters) for letters in itertools.product("QXZJ90", repeat=len(value)))
        yield from (
            ("another code", code) for code in itertools.islice((one for one in tried if one not in known), 1)
        )


def _leaned_on(place: Place, position: int, row: Row) -> bool:
    """Whether a relation of the segment breaks when this element goes."""
    here = {at for at in range(1, len(row)) if row[at]} - {position}
    for relation in place.slot.segment.relations:
        if position not in relation.positions:
            continue
        first, *rest = relation.positions
        stand = [at in here for at in relation.positions]
        broken = {
            "P": any(stand) and not all(stand),
            "R": not any(stand),
            "C": first in here and not all(stand),
            "L": first in here and not any(at in here for at in rest),
            "E": False,
        }[relation.kind]
        if broken:
            return True
    return False
