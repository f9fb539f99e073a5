"""The ISA header: from its bytes come the delimiters of everything that follows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crossdock.faults import Invalid
from crossdock.formats.x12.tree import Delimiters

ISA_BYTES = 106  #: terminator included
WINDOW_BYTES = 1024  #: what is looked at to find where a header ends that is not 106 wide
WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)  #: of ISA01 to ISA16

_SEPARATORS_AT = tuple(3 + sum(width + 1 for width in WIDTHS[:index]) for index in range(16))
_BLANK = b" \t\r\n"
_FOREIGN = (
    (b"\xff\xfe", "the file is UTF-16"),
    (b"\xfe\xff", "the file is UTF-16"),
    (b"I\x00S\x00A\x00", "the file is UTF-16"),
    (b"\x00I\x00S\x00A", "the file is UTF-16"),
    (b"\xc9\xe2\xc1", "the file is EBCDIC"),
    (b"PK\x03\x04", "the file is a ZIP archive"),
    (b"\x1f\x8b", "the file is compressed with gzip"),
    (b"UNA", "the file is EDIFACT, not X12"),
    (b"UNB", "the file is EDIFACT, not X12"),
    (b"<?xml", "the file is XML, not X12"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """A header that was read: its segment, the delimiters, how many bytes of the file it takes, what was forgiven."""

    segment: bytes
    delimiters: Delimiters
    taken: int
    forgiven: tuple[tuple[str, str, str], ...] = ()  #: (code, says, fix)
    wrapped: bool = False  #: lines of the file are cut at a fixed width, wherever that falls
    padded: bool = False  #: blanks stand before the line break that ends each segment


def refuse_foreign(start: bytes) -> None:
    """Raises Invalid, with its name, when a file begins as one of another format does."""
    for mark, says in _FOREIGN:
        if start.startswith(mark):
            fix = "send the interchange as plain ASCII, ISO 8859-1 or UTF-8 text"
            raise Invalid(f"{says}, so it cannot be read as X12", path="byte 1", fix=fix)


def read_header(window: bytes) -> Header | str:
    """The header at the beginning of some bytes, or the reason why there is none.

    `window` begins with ISA and holds WINDOW_BYTES, or all that is left of the file.
    """
    mark = window[3:4]
    if not mark or mark.isalnum() or mark in b" \r\n":
        return f"the byte after ISA is {mark!r}, which cannot separate elements"
    if _fixed(window):
        return _ended(window[: ISA_BYTES - 1], window, ISA_BYTES - 1, ())
    unwrapped = window.translate(None, b"\r\n")
    if _fixed(unwrapped) and unwrapped[105:106] not in (b" ", b"\t"):
        skipped = _spent(window, ISA_BYTES)
        says = "the file is cut into lines of a fixed width, so that line breaks stand inside segments"
        note = ("x12.wrapped", says, "send the segments without line breaks inside them")
        delimiters = _delimiters(unwrapped[:105], unwrapped[105:106])
        return Header(unwrapped[:105], delimiters, skipped, (note,), wrapped=True)
    return _loose(window)


def _fixed(window: bytes) -> bool:
    """Whether the separators stand exactly where a header of 106 bytes has them."""
    mark = window[3]
    return (
        len(window) >= ISA_BYTES - 1
        and all(window[at] == mark for at in _SEPARATORS_AT)
        and window.count(mark, 0, ISA_BYTES - 1) == len(_SEPARATORS_AT)
        and window[ISA_BYTES - 1 : ISA_BYTES] not in (b" ", b"\t")
    )


def _spent(window: bytes, kept: int) -> int:
    """How many bytes hold the first `kept` bytes that are no line breaks."""
    for at, byte in enumerate(window):
        kept -= byte not in b"\r\n"
        if not kept:
            return at + 1
    return len(window)


def _loose(window: bytes) -> Header | str:
    """A header whose elements are not padded, told by its sixteen separators and by what follows."""
    mark = window[3:4]
    at = -1
    for count in range(len(WIDTHS)):
        at = window.find(mark, at + 1)
        if at < 0:
            return f"ISA has {count} elements where it needs 16"
    follows = re.compile(rb"(?:GS|TA1|IEA|ISB|ISE)" + re.escape(mark)).search(window, at + 1, at + 64)
    if follows is None:
        return "after the sixteenth element of ISA no GS, TA1 or IEA follows"
    gap = window[at + 1 : follows.start()]
    if not gap:
        return "ISA16 and the segment terminator are missing"
    note = (
        "x12.isa_width",
        "ISA is not 106 bytes wide, so that its elements are told by the separators",
        "pad every element of ISA with spaces to its fixed width",
    )
    return _ended(window[: at + 2], window, at + 2, (note,))


def _ended(
    segment: bytes, window: bytes, at: int, forgiven: tuple[tuple[str, str, str], ...]
) -> Header | str:
    """The header with the terminator that stands at a place of the window."""
    end = window[at : at + 1]
    component = segment[-1:]
    if component in b"\r\n" or end.isalnum() or (end and end == segment[3:4]):
        return f"no segment terminator can be told: ISA16 is {component!r} and {end!r} follows"
    if end in (b"\r", b"\n") and component in (b"~", b"'", b"\x1c") and _ends_like(window, at, component):
        says = f"ISA16 is missing: {component!r} is the segment terminator"
        note = ("x12.component_missing", says, "give the component separator in ISA16, before the terminator")
        return Header(segment[:-1], _delimiters(segment[:-1] + b"\x1f", component), at, (*forgiven, note))
    if end in (b" ", b"\t"):
        # a terminator of blanks and a line break: the line break ends, the blanks are padding
        broken = re.compile(rb"[ \t]*(\r\n|\n|\r)").match(window, at)
        if broken is None:
            return f"no segment terminator can be told: {end!r} follows ISA16"
        says = "blanks stand before the line break that ends each segment"
        note = ("x12.blank", says, "end each segment with the terminator alone")
        end = broken[1][:1]
        marks = _delimiters(segment, end)
        return Header(segment, marks, broken.start(1) + 1, (*forgiven, note), padded=True)
    if end and end[0] >= 0x80:
        wide = _wide(window[at : at + 4])
        if wide:
            says = f"the segment terminator is {wide.decode()!r}, which takes {len(wide)} bytes"
            note = ("x12.wide_terminator", says, "use a terminator of one byte, such as ~")
            return Header(segment, _delimiters(segment, wide), at + len(wide), (*forgiven, note))
    if not end:
        end = b"~"  # the file ends with the header; there is nothing left to cut
    return Header(segment, _delimiters(segment, end), at + len(end), forgiven)


def _ends_like(window: bytes, at: int, component: bytes) -> bool:
    """Whether the next lines end with what stands in ISA16, as only a terminator does."""
    lines = [line.strip(_BLANK) for line in window[at:].splitlines()[1:-1]]
    lines = [line for line in lines if line]
    return bool(lines) and all(line.endswith(component) for line in lines[:3])


def _wide(window: bytes) -> bytes:
    """The first character where it is UTF-8 of more than one byte."""
    for length in (2, 3, 4):
        try:
            if len(window[:length].decode("utf-8")) == 1:
                return window[:length]
        except UnicodeDecodeError:
            continue
    return b""


def _delimiters(segment: bytes, terminator: bytes) -> Delimiters:
    element, component = segment[3:4], segment[-1:]
    elements = segment.split(element)
    mark = elements[11] if len(elements) > 11 else b""
    # before 00402, ISA11 names the standard (U); from then on it separates repetitions
    repeats = len(mark) == 1 and not mark.isalnum() and mark not in b" " and mark not in (element, component)
    return Delimiters(element, component, terminator, mark if repeats and mark != terminator else None)
