"""The outline of an X12 set, read from a file of grammar/sets: segments and loops in their order, for each version.

    850 PO Purchase order

    004010
    BEG M1, CUR O1, REF O>1
    SAC O25 {
      CUR O1
    }

    005010 = 004010
    + /N9/DTM MTX O>1, EFI O>1
    - /N9/MSG
    = /LDT O>1

`BEG M1` is mandatory and stands once, `REF O>1` is optional without a bound, and braces hold what a loop has behind
the segment that leads it. A later version is written out like the first, or changes it: `+ /N9/DTM` adds behind that
place, `+ /N9/` adds as the first inside, `-` takes out, `=` gives another usage or bound. `/N1#2` is the second N1 of
its level. ST and SE stand around every set and are not written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from crossdock.formats.edi.notation import Line, lines

_HEAD = re.compile(r"([A-Z0-9]{3}) ([A-Z]{2}|-) (\S.*)")
_VERSION = re.compile(r"(\d{6})(?: = (\d{6}))?")
_CHANGE = re.compile(r"([-+=]) (/(?:[A-Z][A-Z0-9]{1,2}(?:#\d+)?/?)*)(?: (.*))?")
_TOKEN = re.compile(r"([A-Z][A-Z0-9]{1,2}) ([MO])(>1|\d+)|([{},])|(\s+)")


@dataclass(slots=True)
class Place:
    """A place of a set: a segment, and the places inside when it leads a loop; `max` None: any number."""

    id: str
    usage: Literal["M", "O"]
    max: int | None
    inside: list[Place] = field(default_factory=list["Place"])


@dataclass(frozen=True, slots=True)
class Outline:
    """One set: what it is called, and its places in each version that the file gives."""

    id: str
    family: str
    name: str
    versions: dict[str, list[Place]]


def outline(text: str, file: str) -> Outline:
    """The outline that a file spells. Raises Misconfigured."""
    rows = list(lines(text, file))
    head = _HEAD.fullmatch(rows[0].text) if rows else None
    if not head:
        (rows or [Line(file, 1, "")])[0].refuse("the head of the set is missing", "write: id, GS01, name")
    versions: dict[str, list[Place]] = {}
    block: list[Line] = []
    for row in [*rows[1:], None]:
        if row is not None and (not _VERSION.fullmatch(row.text) or not block):
            block.append(row)
            continue
        if block:
            version, places = _version(block, versions)
            versions[version] = places
        block = [row] if row else []
    id, family, name = head.groups()
    return Outline(id, family, name, versions)


def _version(block: list[Line], before: dict[str, list[Place]]) -> tuple[str, list[Place]]:
    """One block: its version and its places, written out or as changes of a version before."""
    match = _VERSION.fullmatch(block[0].text)
    if not match:
        block[0].refuse(f"{block[0].text!r} stands outside of a version", "write 004010 above it")
    version, base = match.groups()
    if version in before:
        block[0].refuse(f"version {version} stands here a second time", "join the two")
    if base is None:
        tokens = [token for row in block[1:] for token in _tokens(row, row.text)]
        return version, _places(tokens, block[0])
    if base not in before:
        block[0].refuse(f"version {base} is not written above", f"write {base} first")
    places = [_copy(place) for place in before[base]]
    for row in block[1:]:
        _change(places, row)
    return version, places


@dataclass(frozen=True, slots=True)
class _Token:
    line: Line
    sign: str
    place: Place | None


def _tokens(line: Line, text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            line.refuse(
                f"{text[at : at + 12]!r} is no place", "write: segment id, M or O with its number, { } or ,"
            )
        at = match.end()
        id, usage, most, sign, _ = match.groups()
        if id:
            yield _Token(
                line, "", Place(id, "M" if usage == "M" else "O", None if most == ">1" else int(most))
            )
        elif sign in {"{", "}"}:
            yield _Token(line, sign, None)


def _places(tokens: list[_Token], start: Line) -> list[Place]:
    """The places that the tokens spell, loop in loop."""
    top: list[Place] = []
    open_loops = [top]
    last = start
    for token in tokens:
        last = token.line
        if token.place:
            open_loops[-1].append(token.place)
        elif token.sign == "{":
            if not open_loops[-1] or open_loops[-1][-1].inside:
                token.line.refuse("a brace opens without a segment that leads the loop")
            open_loops.append(open_loops[-1][-1].inside)
        elif len(open_loops) == 1 or not open_loops.pop():
            token.line.refuse(
                "a brace closes what is not open, or a loop of one segment", "write it without braces"
            )
    if len(open_loops) > 1:
        last.refuse("a brace is not closed")
    if not top:
        start.refuse("the version has no place")
    return top


def _copy(place: Place) -> Place:
    return Place(place.id, place.usage, place.max, [_copy(one) for one in place.inside])


def _change(places: list[Place], line: Line) -> None:
    """One line of changes, done."""
    match = _CHANGE.fullmatch(line.text)
    if not match:
        line.refuse(f"{line.text!r} is no change", "write + - or =, a path, and what to add")
    sign, path, said = match.groups()
    level, index = _found(places, path, line)
    if (sign == "-") == bool(said):
        line.refuse(f"{sign} needs a path {'only' if sign == '-' else 'and what to write there'}")
    if sign == "-":
        del level[index]
    elif sign == "+":
        level[index + 1 : index + 1] = _places(list(_tokens(line, said)), line)
    else:
        (new,) = _places(list(_tokens(line, f"{level[index].id} {said}")), line)
        level[index].usage, level[index].max = new.usage, new.max


def _found(places: list[Place], path: str, line: Line) -> tuple[list[Place], int]:
    """The level of a path and the index in it; -1 where the path ends in a slash: before the first."""
    level, index = places, -1
    for step in path.strip("/").split("/") if path != "/" else ():
        level = level if index < 0 else level[index].inside
        id, _, nth = step.partition("#")
        found = [i for i, place in enumerate(level) if place.id == id]
        if len(found) < int(nth or 1):
            line.refuse(f"{step} of {path} is not there", "write the path of a place of the version before")
        index = found[int(nth or 1) - 1]
    if path.endswith("/") and path != "/":
        return level[index].inside, -1
    return level, index
