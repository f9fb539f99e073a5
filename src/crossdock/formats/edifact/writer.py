"""The writer: interchanges to bytes, with envelopes that count and refer exactly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from crossdock.faults import Invalid
from crossdock.formats.edifact.interchange import Group, Interchange, Message
from crossdock.formats.edifact.wire.segment import Segment
from crossdock.formats.edifact.wire.syntax import CODECS, DEFAULT, DEFAULT_4, Delimiters, beyond

__all__ = ["unb", "unh", "write", "written"]

_TAG = re.compile("[A-Z]{3}")


def unb(
    sender: tuple[str, ...],
    recipient: tuple[str, ...],
    prepared: datetime,
    reference: str,
    *,
    level: str = "UNOC",
    version: str = "3",
    application: str = "",
    acknowledge: bool = False,
    agreement: str = "",
    test: bool = False,
) -> Segment:
    """The header of an interchange; `sender` and `recipient` are identification, qualifier, and what follows."""
    day = prepared.strftime("%Y%m%d" if version >= "4" else "%y%m%d")
    return Segment.of(
        "UNB",
        (level, version),
        sender,
        recipient,
        (day, prepared.strftime("%H%M")),
        reference,
        "",
        application,
        "",
        "1" if acknowledge else "",
        agreement,
        "1" if test else "",
    )


def unh(reference: str, type_: str, version: str, association: str = "", agency: str = "UN") -> Segment:
    """The header of a message; `version` as D96A."""
    return Segment.of("UNH", reference, (type_, version[:1], version[1:], agency, association))


def write(
    interchange: Interchange, *, una: bool = False, line_end: str = "", encoding: str | None = None
) -> bytes:
    """The bytes of an interchange. Raises Invalid as `written` does."""
    header, delimiters = interchange.header, interchange.delimiters
    pieces = written(header, interchange.items, delimiters, una=una, line_end=line_end, encoding=encoding)
    return b"".join(pieces)


def written(
    header: Segment,
    items: Iterable[Message | Group],
    delimiters: Delimiters = DEFAULT,
    *,
    una: bool = False,
    line_end: str = "",
    encoding: str | None = None,
) -> Iterator[bytes]:
    """The bytes of an interchange, piece by piece, so that any number of messages takes little memory.

    UNA is written when the service characters are not the usual ones, or when `una` asks for it. UNT, UNE and UNZ
    are made here; references are those of the headers. `encoding` is that of a partner who names another level in
    UNB. Raises Invalid: a reference or tag is missing, messages stand beside groups, a character is not of the level.
    """
    pen = _Pen(header, delimiters, line_end, encoding)
    reference = _needed(header, 5)
    if una or pen.delimiters != (DEFAULT_4 if pen.version >= "4" else DEFAULT):
        yield (pen.delimiters.una + line_end).encode("latin-1")
    yield pen.line(header)
    groups = messages = 0
    for item in items:
        if isinstance(item, Group):
            groups += 1
            yield from _group(pen, item)
        else:
            messages += 1
            yield from _message(pen, item)
        if groups and messages:
            raise Invalid(
                "messages stand both in groups and outside them",
                path="UNG",
                fix="put all messages in groups, or none",
            )
    if not groups and not messages:
        raise Invalid("an interchange needs a message", path="UNB", value=reference, fix="write it with one")
    yield pen.line(Segment.of("UNZ", str(groups or messages), reference))


def _group(pen: _Pen, group: Group) -> Iterator[bytes]:
    reference = _needed(group.header, 5)
    yield pen.line(group.header)
    for message in group.messages:
        yield from _message(pen, message)
    yield pen.line(Segment.of("UNE", str(len(group.messages)), reference))


def _message(pen: _Pen, message: Message) -> Iterator[bytes]:
    reference = _needed(message.header, 1)
    pen.message = reference
    yield b"".join(
        [
            pen.line(message.header),
            *map(pen.line, message.body),
            pen.line(Segment.of("UNT", str(len(message.body) + 2), reference)),
        ]
    )
    pen.message = ""


def _needed(header: Segment, element: int) -> str:
    reference = header.get(element)
    if not reference:
        says = f"{header.id} has no reference"
        raise Invalid(says, path=f"{header.id} {element:02}", fix="give it the next one of the partner")
    return reference


class _Pen:
    """Writes segments in the characters of one interchange."""

    def __init__(self, header: Segment, delimiters: Delimiters, line_end: str, encoding: str | None) -> None:
        self.version = header.get(1, 2) or "3"
        if self.version < "4":
            delimiters = replace(delimiters, repetition=" ")
        self.delimiters = delimiters
        self.message = ""
        self._level = header.get(1, 1)
        self._codec = encoding or CODECS.get(self._level, "ascii")
        self._end = delimiters.terminator + line_end
        self._beyond = None if encoding else beyond(self._level, delimiters)

    def line(self, segment: Segment) -> bytes:
        """One segment with its terminator. Raises Invalid."""
        text = segment.text(self.delimiters)
        if not _TAG.fullmatch(segment.id):
            says = f"{segment.id!r} is no tag"
            raise Invalid(says, path=self._at(segment), value=segment.id, fix="write three capital letters")
        if self._beyond is not None and (self._beyond.search(text) or "\n" in text or "\r" in text):
            raise self._refused(segment)
        if self.delimiters.repetition == " " and any(len(element) > 1 for element in segment.elements):
            says = f"{segment.id} repeats an element, which needs syntax version 4 and a repetition separator"
            raise Invalid(says, path=self._at(segment), fix="write the segment once for each")
        if self.delimiters.release == " ":
            self._unreleased(segment)
        try:
            return (text + self._end).encode(self._codec)
        except UnicodeEncodeError:
            raise self._refused(segment) from None

    def _at(self, segment: Segment) -> str:
        return f"message {self.message}, {segment.id}" if self.message else segment.id

    def _refused(self, segment: Segment) -> Invalid:
        """Which value has a character that the level does not have."""
        for index, component, value in _values(segment):
            for char in value:
                if not self._has(char):
                    return Invalid(
                        f"{char!r} is not in the character set {self._level}",
                        path=f"{self._at(segment)} {index:02}-{component}",
                        value=value[:80],
                        fix="write it otherwise, or agree on a level that has it, as UNOC or UNOY",
                    )
        raise AssertionError("a character of a value was refused")

    def _has(self, char: str) -> bool:
        try:
            char.encode(self._codec)
        except UnicodeEncodeError:
            return False
        return self._beyond is None or not (self._beyond.search(char) or char in "\r\n")

    def _unreleased(self, segment: Segment) -> None:
        for index, component, value in _values(segment):
            if any(char in self.delimiters.special for char in value):
                raise Invalid(
                    "a value holds a service character, and the interchange has no release character",
                    path=f"{self._at(segment)} {index:02}-{component}",
                    value=value[:80],
                    fix="give it a release character in UNA",
                )


def _values(segment: Segment) -> Iterator[tuple[int, int, str]]:
    for index, element in enumerate(segment.elements, 1):
        for components in element:
            for component, value in enumerate(components, 1):
                yield index, component, value
