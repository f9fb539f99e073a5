"""The EDIFACT dictionary: messages, segments, elements and codes of D96A and D01B, read when asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources

from crossdock.faults import Invalid
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
from crossdock.formats.edi.notation import Line
from crossdock.formats.edifact import notation

__all__ = [
    "BASES",
    "SERVICE",
    "base_version",
    "code_meaning",
    "codes",
    "element",
    "grammar",
    "meanings",
    "messages",
    "segment",
    "segments",
    "stands_in",
]

#: The directories that are written down, the older first; every other one is read by the nearest.
BASES = ("D96A", "D01B")
#: What ISO 9735 itself defines: the envelope and CONTRL.
SERVICE = "service"

_VERSION = re.compile(r"D?[.:]?(\d\d)([ABC])")
#: Codes of GS1 and those on which partners agree, which stand in no list of the United Nations.
_AGREED = frozenset(
    [f"{n}E" for n in range(1, 400)] + [f"{x}{n}" for x in "XZ" for n in range(100)]
    + [f"{x}{n:02}" for x in "XZ" for n in range(100)] + ["ZZZ", "ZZ"]
)  # fmt: skip


def base_version(version: str) -> str:
    """The directory by which a version is read: `D97A` and `97A` by D96A, D10A by D01B, CONTRL's by the service one.

    Raises Invalid where the text is no version at all.
    """
    if version in ("", SERVICE) or re.fullmatch(r"[1-4D]?[:.]?[1-4]", version):
        return SERVICE
    match = _VERSION.fullmatch(version.upper())
    if not match:
        raise Invalid(
            f"{version!r} is no EDIFACT directory",
            path="UNH 02-3",
            value=version,
            fix="write version and release as they stand in UNH, as D96A or D01B",
        )
    # Half way between the two, in half years from 1988 on.
    age = (int(match[1]) - 88) % 100 * 2 + (match[2] != "A")
    return BASES[0] if age <= 21 else BASES[1]


def stands_in(version: str) -> str | None:
    """A sentence for people when another directory is read in place of the one named; None where it is written down."""
    base = base_version(version)
    named = re.sub(r"[.:]", "", version.upper())
    if base == SERVICE or named.removeprefix("D") == base.removeprefix("D"):
        return None
    return f"directory {version} is read by {base}, the nearest there is"


def messages(version: str) -> tuple[str, ...]:
    """The types of all messages that have a grammar in that version."""
    return tuple(sorted(_messages(base_version(version))))


def grammar(message: str, version: str) -> DocumentGrammar:
    """The grammar of one message; `version` as D96A. Raises Invalid with the nearest names where there is none."""
    base = SERVICE if message in _messages(SERVICE) else base_version(version)
    if message not in _messages(base):
        raise _unknown("message", message, messages(base), path="UNH 02-1")
    return _grammar(message, base)


def segment(segment_id: str, version: str) -> Segment:
    """One segment, those of the envelope among them. Raises Invalid where it is not known."""
    base = base_version(version)
    if segment_id not in segments(base):
        raise _unknown("segment", segment_id, segments(base))
    return _segment(segment_id, base)


@lru_cache(maxsize=8)
def segments(version: str) -> frozenset[str]:
    """The tags of all segments of a directory, those of the envelope among them."""
    return frozenset(id_ for id_ in _segment_rows(base_version(version)) if len(id_) == 3 and id_.isalpha())


def element(element_id: str, version: str) -> Element | Composite:
    """One simple or composite element by its number. Raises Invalid where it is not known."""
    base = base_version(version)
    if element_id in _elements(base):
        return _element(element_id, base)
    if element_id in _segment_rows(base) and element_id not in segments(base):
        return _composite(element_id, base)
    raise _unknown("element", element_id, [*_elements(base), *_segment_rows(base)])


@lru_cache(maxsize=256)
def codes(element_id: str) -> frozenset[str] | None:
    """All codes that an element may have, or those in use (BroadCodes); None where its list is open."""
    found = _code_rows().get(element_id)
    if found is None:
        return None
    line, words = found
    broad = words[:1] == ("?",)
    words = words[broad:]
    agreed = _AGREED if words[:1] == ("+",) else frozenset[str]()
    known = agreed | frozenset(notation.codes_of(line, words[1:] if agreed else words))
    return BroadCodes(known) if broad else known


def code_meaning(element_id: str, code: str) -> str | None:
    """What a code of an element means, in our words; None where we do not say it."""
    return _meanings().get((element_id, code))


def meanings(element_id: str) -> dict[str, str]:
    """The codes of an element that we have words for; empty where there are none."""
    return {code: said for (element, code), said in _meanings().items() if element == element_id}


def _unknown(what: str, name: str, known: Iterable[str], *, path: str = "") -> Invalid:
    near = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.4)
    return Invalid(
        f"there is no EDIFACT {what} {name!r} here",
        path=path,
        value=name,
        fix=f"did you mean {', '.join(near)}?"
        if near
        else f"see the EDIFACT page of the reference for each {what}",
    )


def _text(*path: str) -> tuple[str, str]:
    """The text of a file of the directories, and how a person finds it."""
    found = resources.files("crossdock.formats.edifact").joinpath("directories", *path)
    return found.read_text("utf-8"), "/".join(("directories", *path))


def _layers(base: str) -> tuple[str, ...]:
    """Folders whose files make up a directory, each over the one before."""
    ours = BASES[: BASES.index(base) + 1] if base in BASES else ()
    return (SERVICE, *(name.lower() for name in ours))


@lru_cache(maxsize=4)
def _elements(base: str) -> dict[str, notation.ElementRow]:
    rows: dict[str, notation.ElementRow] = {}
    for folder in _layers(base):
        rows |= notation.element_rows(*_text(folder, "elements.txt"))
    return rows


@lru_cache(maxsize=4)
def _segment_rows(base: str) -> dict[str, notation.SegmentRow]:
    rows: dict[str, notation.SegmentRow] = {}
    for folder in _layers(base):
        rows |= notation.segment_rows(*_text(folder, "segments.txt"))
    return rows


@lru_cache(maxsize=4)
def _messages(base: str) -> dict[str, notation.MessageRow]:
    return notation.message_rows(*_text(base.lower(), "messages.txt"))


@lru_cache(maxsize=1)
def _code_rows() -> dict[str, tuple[Line, tuple[str, ...]]]:
    return notation.code_rows(*_text("codes.txt"))


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str], str]:
    return notation.meaning_rows(*_text("meanings.txt"))


@lru_cache(maxsize=2048)
def _element(element_id: str, base: str) -> Element:
    row = _elements(base)[element_id]
    return Element(row.id, row.name, row.type, row.min, row.max, codes(element_id))


@lru_cache(maxsize=512)
def _composite(composite_id: str, base: str) -> Composite:
    row = _segment_rows(base)[composite_id]
    return Composite(row.id, row.name, _uses(row, base))


@lru_cache(maxsize=512)
def _segment(segment_id: str, base: str) -> Segment:
    row = _segment_rows(base)[segment_id]
    return Segment(row.id, row.name, _uses(row, base), row.relations)


def _uses(row: notation.SegmentRow, base: str) -> tuple[Use, ...]:
    uses: list[Use] = []
    for use in row.uses:
        if use.what in _elements(base):
            what: Element | Composite = _element(use.what, base)
        elif use.what in _segment_rows(base):
            what = _composite(use.what, base)
        else:
            row.line.refuse(f"element {use.what} of {row.id} is not written down", "add it to the directory")
        uses.append(Use(what, "M" if use.mandatory else "C"))
    return tuple(uses)


@lru_cache(maxsize=64)
def _grammar(message: str, base: str) -> DocumentGrammar:
    row = _messages(base)[message]
    items = tuple(_item(place, row, base) for place in row.places())
    return DocumentGrammar(row.id, base, row.name, "UN", items)


def _item(place: notation.Place, row: notation.MessageRow, base: str) -> Slot | Loop:
    if place.id not in segments(base):
        row.head.refuse(f"segment {place.id} of {row.id} is not written down", "add it to segments.txt")
    usage = "M" if place.mandatory else "C"
    if not place.group:
        return Slot(_segment(place.id, base), usage, place.max)
    inside = tuple(_item(each, row, base) for each in place.inside)
    return Loop(f"SG{place.group}", usage, place.max, inside)
