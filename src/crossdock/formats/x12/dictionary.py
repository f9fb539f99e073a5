"""The X12 dictionary: grammars, segments, elements and codes of releases 004010 and 005010, read when asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from crossdock.faults import Invalid, Misconfigured
from crossdock.formats.edi.grammar import (
    BroadCodes,
    Composite,
    DocumentGrammar,
    Element,
    Loop,
    Segment,
    Slot,
    Use,
)
from crossdock.formats.x12 import notation, outline

__all__ = [
    "BASES",
    "base_version",
    "code_meaning",
    "codes_kind",
    "composite",
    "composites",
    "element",
    "elements",
    "grammar",
    "has_short_dates",
    "known_codes",
    "segment",
    "segments",
    "sets",
    "stands_in",
]

#: the releases that are written down; every other one is read by the nearest
BASES = ("004010", "005010")
#: 004010 as releases before it are read: their dates have six digits, YYMMDD
_SHORT_DATES = "004010 with YYMMDD"

_SHORT_DATE_DIGITS = 6
#: GS08: six digits of the release, then what an industry or a guide adds
_VERSION = re.compile(r"(\d{6})[A-Z0-9]{0,6}")
_FOLDER = "crossdock.formats.x12"


def base_version(version: str) -> str:
    """The written-down release by which a version is read: GS08 `004010VICS` by 004010, 004060 by 005010.

    Releases up to 004020 have the lengths of 004010; those from 004030 on are nearer to 005010 in all.
    Raises Invalid where the text is no version at all.
    """
    match = _VERSION.fullmatch(version)
    if not match or not "001000" <= match.group(1) <= "009999":
        padded = version.zfill(6)
        meant = f"{padded}, in " if version.isdecimal() and "001000" <= padded <= "009999" else ""
        raise Invalid(
            f"{version!r} is no X12 version",
            path="GS08",
            value=version,
            fix=f"write {meant}six digits, as 004010 or 005010, and at most six characters behind them",
        )
    return BASES[0] if match.group(1) < "004030" else BASES[1]


def has_short_dates(version: str) -> bool:
    """Whether a release writes dates with six digits: all before 004010 do."""
    return version[:6] < BASES[0]


def stands_in(version: str) -> str | None:
    """A sentence for people when another release is read in place of the one named; None where it is written down."""
    base = base_version(version)
    if version[:6] == base:
        return None
    dates = ", its dates as YYMMDD" if has_short_dates(version) else ""
    return f"{version[:6]} is read by the grammar of {base}, the nearest there is{dates}"


def _read_by(version: str) -> str:
    """The release by which a version is read, told apart by how it writes dates. Raises Invalid."""
    base = base_version(version)
    return _SHORT_DATES if has_short_dates(version) else base


def sets(version: str) -> tuple[str, ...]:
    """The ids of all sets that have a grammar in that version, TA1 among them."""
    base = base_version(version)
    return tuple(sorted(id for id in _set_files() if base in _outline(id).versions))


@lru_cache(maxsize=1)
def segments() -> tuple[str, ...]:
    """The ids of all segments that are written down, those of the envelopes among them."""
    return tuple(sorted(id for id, base in _segments() if base == BASES[0] and len(id) < 4))


@lru_cache(maxsize=1)
def composites() -> tuple[str, ...]:
    """The ids of all composite elements that are written down."""
    return tuple(sorted(id for id, base in _segments() if base == BASES[0] and len(id) == 4))


def elements() -> tuple[str, ...]:
    """The numbers of all simple elements; Z and two digits for one whose number is not written down here."""
    return tuple(_elements())


def grammar(set_id: str, version: str) -> DocumentGrammar:
    """The grammar of one set. Raises Invalid with the nearest names where there is none."""
    base = base_version(version)
    if set_id not in _set_files() or base not in _outline(set_id).versions:
        raise _unknown("set", set_id, sets(version), path="ST01")
    return _grammar(set_id, _read_by(version))


def segment(segment_id: str, version: str) -> Segment:
    """One segment, those of the envelopes among them. Raises Invalid where it is not known."""
    base = _read_by(version)
    if segment_id not in segments():
        raise _unknown("segment", segment_id, segments())
    return _segment(segment_id, base)


def composite(composite_id: str, version: str) -> Composite:
    """One composite element, as C001. Raises Invalid where it is not known."""
    if composite_id not in composites():
        raise _unknown("composite", composite_id, composites())
    return _composite(composite_id, _read_by(version))


def element(element_id: str, version: str) -> Element:
    """One simple element by its number, with its lengths in that version. Raises Invalid where it is not known."""
    base = _read_by(version)
    if element_id not in _elements():
        raise _unknown("element", element_id, _elements())
    return _element(element_id, base)


def code_meaning(element_id: str, code: str) -> str | None:
    """What a code of an element means, in our words; "" where we do not say, None where it is not known."""
    return known_codes(element_id).get(code)


def known_codes(element_id: str) -> Mapping[str, str]:
    """The codes of an element that we know, with their meanings; empty where it has none."""
    return MappingProxyType(_meanings(element_id))


def codes_kind(element_id: str) -> notation.Kind:
    """What another code than those known is: wrong (closed), worth a note (broad), or fine (open)."""
    found = _codes().get(element_id)
    return found.kind if found else "open"


def _unknown(what: str, name: str, known: Iterable[str], *, path: str = "") -> Invalid:
    near = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.4)
    return Invalid(
        f"there is no X12 {what} {name!r} here",
        path=path,
        value=name,
        fix=f"did you mean {', '.join(near)}?"
        if near
        else f"see the X12 page of the reference for each {what}",
    )


def _text(*path: str) -> str:
    return resources.files(_FOLDER).joinpath("grammar", *path).read_text("utf-8")


@lru_cache(maxsize=1)
def _elements() -> dict[str, notation.ElementRow]:
    return notation.element_rows(_text("elements.txt"), "elements.txt")


@lru_cache(maxsize=1)
def _codes() -> dict[str, notation.CodeRows]:
    return notation.code_rows(_text("codes.txt"), "codes.txt")


@lru_cache(maxsize=2048)
def _meanings(element_id: str) -> dict[str, str]:
    found = _codes().get(element_id)
    return found.meanings() if found else {}


@lru_cache(maxsize=1)
def _segments() -> dict[tuple[str, str], notation.SegmentRow]:
    return notation.segment_rows(_text("segments.txt"), "segments.txt")


@lru_cache(maxsize=1)
def _set_files() -> frozenset[str]:
    folder = resources.files(_FOLDER).joinpath("grammar", "sets")
    return frozenset(
        entry.name.removesuffix(".txt") for entry in folder.iterdir() if entry.name.endswith(".txt")
    )


@lru_cache(maxsize=64)
def _outline(set_id: str) -> outline.Outline:
    return outline.outline(_text("sets", f"{set_id}.txt"), f"sets/{set_id}.txt")


@lru_cache(maxsize=4096)
def _element(element_id: str, base: str) -> Element:
    row = _elements()[element_id]
    low, high = row.later if base == BASES[1] else row.lengths
    if base == _SHORT_DATES and row.type == "DT":
        low, high = _SHORT_DATE_DIGITS, _SHORT_DATE_DIGITS
    kind = codes_kind(element_id)
    codes = None if kind == "open" else (frozenset if kind == "closed" else BroadCodes)(_meanings(element_id))
    return Element(row.id, row.name, row.type, low, high, codes)


@lru_cache(maxsize=1024)
def _segment(segment_id: str, base: str) -> Segment:
    row = _row(segment_id, base)
    return Segment(row.id, row.name, _uses(row, base), row.relations)


@lru_cache(maxsize=64)
def _composite(composite_id: str, base: str) -> Composite:
    row = _row(composite_id, base)
    return Composite(row.id, row.name, _uses(row, base))


def _row(id: str, base: str) -> notation.SegmentRow:
    found = _segments().get((id, base)) or _segments().get((id, BASES[0]))
    assert found, f"{id} is not in segments.txt"
    return found


def _uses(row: notation.SegmentRow, base: str) -> tuple[Use, ...]:
    """The uses of a row; what a relation names and what is not mandatory is conditional."""
    tied = {position for relation in row.relations for position in relation.positions}
    uses: list[Use] = []
    for position, use in enumerate(row.uses, 1):
        if use.what not in _elements() and (use.what, BASES[0]) not in _segments():
            row.line.refuse(f"element {use.what} of {row.id} is not written down", "add it to elements.txt")
        what = _element(use.what, base) if use.what in _elements() else _composite(use.what, base)
        usage = "M" if use.mandatory else "C" if position in tied else "O"
        uses.append(Use(what, usage, use.repeat))
    return tuple(uses)


@lru_cache(maxsize=128)
def _grammar(set_id: str, base: str) -> DocumentGrammar:
    found, release = _outline(set_id), BASES[0] if base == _SHORT_DATES else base
    items = tuple(_item(place, base, found.id) for place in found.versions[release])
    if set_id != "TA1":
        items = (Slot(_segment("ST", base), "M", 1), *items, Slot(_segment("SE", base), "M", 1))
    return DocumentGrammar(found.id, release, found.name, found.family, items)


def _item(place: outline.Place, base: str, set_id: str) -> Slot | Loop:
    if (place.id, BASES[0]) not in _segments():
        raise Misconfigured(
            f"segment {place.id} is not written down", file=f"sets/{set_id}.txt", fix="add it to segments.txt"
        )
    one = _segment(place.id, base)
    if not place.inside:
        return Slot(one, place.usage, place.max)
    inside = tuple(_item(each, base, set_id) for each in place.inside)
    return Loop(place.id, place.usage, place.max, (Slot(one, "M", 1), *inside))
