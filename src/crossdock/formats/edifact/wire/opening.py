"""How a file and the interchanges in it begin: what stands before them, and the characters they announce."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.edifact.wire.syntax import CODECS, DEFAULT, SEPARATORS_B, Delimiters, from_una

LEAD_BYTES_MAX = 1 << 16  #: that are looked at, and at most passed over, before an interchange

BLANK = b" \t\r\n\x00\x1a"
_HEAD = re.compile(rb"UNA[^A-Za-z0-9\s]{2}.{4}\s*UNB|UNB[^A-Za-z0-9\s][A-Z]{4}[^A-Za-z0-9\s]\d")
_SEGMENT = re.compile(rb"[A-Z]{3}[^A-Za-z0-9]|$")


class Leniency:
    """What a reading forgives, told once for each interchange; a strict one raises Invalid instead."""

    def __init__(self, tell: Callable[[Finding], None], *, strict: bool) -> None:
        self.strict = strict
        self._tell = tell
        self._told: set[str] = set()

    def begin(self) -> None:
        """Another interchange begins, which may be forgiven the same again."""
        self._told.clear()

    def forgive(
        self, code: str, says: str, fix: str, *, at: int, value: bytes = b"", ack: str | None = None
    ) -> None:
        """Something is read past, first at segment `at` of the file. Raises Invalid in a strict reading."""
        if self.strict:
            raise refused(says, fix, value)
        if code not in self._told:
            self._told.add(code)
            shown = _shown(value) or None
            self._tell(Finding(code, says, fix, "forgiven", value=shown, position=at, ack=ack))

    def note(self, code: str, says: str, fix: str, *, at: int) -> None:
        """Something is worth knowing, first at segment `at` of the file."""
        if code not in self._told:
            self._told.add(code)
            self._tell(Finding(code, says, fix, "note", position=at))


def refused(says: str, fix: str, value: bytes = b"") -> Invalid:
    """The fault with which a file is turned away."""
    return Invalid(
        f"this cannot be read as EDIFACT: {says}", path="file", value=_shown(value) or None, fix=fix
    )


def _shown(octets: bytes) -> str:
    return octets[:35].decode("latin-1")


@dataclass(frozen=True, slots=True)
class Opening:
    """What the head of an interchange says: its characters, its level and version, and where its segments begin."""

    delimiters: Delimiters
    level: str
    version: str
    codec: str
    start: int


def unmarked(head: bytes, leniency: Leniency) -> int:
    """The bytes of a byte order mark before a file. Raises Invalid for encodings that EDIFACT does not have."""
    if head.startswith(b"\xef\xbb\xbf"):
        says = "the file begins with a byte order mark"
        leniency.forgive("edifact.bom", says, "write the file without one", at=1)
        return 3
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"U\0N\0" in head[:64] or b"\0U\0N" in head[:64]:
        raise refused("the file is in UTF-16", "send it in the character set that UNB names")
    if b"\xe4\xd5\xc2" in head[:64]:
        raise refused("the file is in EBCDIC", "have the transfer translate it to ASCII")
    return 0


def wrapped(head: bytes, leniency: Leniency) -> bool:
    """Whether the file is cut into lines of one width, with no regard to segments."""
    lines = head.rstrip(b"\r\n").split(b"\n")
    widths = {len(line.rstrip(b"\r")) for line in lines[:-1]}  # the last one is what is left, or was cut here
    begun = sum(_SEGMENT.match(line) is not None for line in lines)
    if len(lines) <= 3 or len(widths) != 1 or max(widths) < 8 or begun > len(lines) // 2:
        return False
    says = f"the file is cut into lines of {max(widths)} characters"
    leniency.forgive("edifact.wrapped", says, "send it without line breaks", at=1)
    return True


def found(head: bytes, leniency: Leniency, *, at: int) -> int | None:
    """Where the next interchange begins; None where none does and others stood before. Raises Invalid."""
    if re.match(rb"UN[ABGH][^A-Za-z0-9]", head):
        return 0
    next_head = _HEAD.search(head)
    if next_head:
        says = f"{next_head.start()} bytes stand before the interchange"
        leniency.forgive("edifact.junk", says, "take them out", at=at, value=head)
        return next_head.start()
    if at > 1:
        says = "data stands behind the last interchange"
        leniency.forgive("edifact.junk", says, "take it out", at=at, value=head)
        return None
    says = "no interchange begins in its first 64 KB" if head else "there is nothing in it"
    raise refused(says, "send a file that begins with UNA or UNB", head)


def opening(head: bytes, leniency: Leniency, *, at: int) -> Opening:
    """What the first segments say, UNA and UNB; `head` begins with them. Raises Invalid."""
    told, start = head.startswith(b"UNA"), 0
    if told:
        if len(head) < 9:
            raise refused("UNA is cut off", "send the whole file", head)
        delimiters, start = from_una(head[:9]), 9
    elif head.startswith(b"UNB"):
        delimiters = _guessed(head, leniency, at)
    else:
        delimiters = DEFAULT
    unb = head[start:].lstrip(BLANK).split(delimiters.terminator.encode("latin-1"), 1)[0].decode("latin-1")
    elements = unb.split(delimiters.element) if unb.startswith("UNB") else []
    syntax = [*(elements[1].split(delimiters.component) if len(elements) > 1 else ()), "", ""]
    level, version = syntax[0] or "UNOA", syntax[1] or "3"
    if version < "4":
        delimiters = replace(delimiters, repetition=" ")
    elif not told:
        delimiters = replace(delimiters, repetition="*")
    if level not in CODECS:
        says, fix = f"{level!r} is no syntax level that is known", "name the level in UNB, as UNOC:3"
        leniency.forgive("edifact.unknown_level", says, fix, at=at, ack="0085:2")
    return Opening(delimiters, level, version, CODECS.get(level, "ascii"), start)


def _guessed(head: bytes, leniency: Leniency, at: int) -> Delimiters:
    """The service characters of an interchange without UNA."""
    if head[3:4] == b"+":
        return DEFAULT
    if head[3:4] == b"\x1d":
        return SEPARATORS_B
    element, component = head[3:4].decode("latin-1"), head[8:9].decode("latin-1")
    ended = re.search(rb"(.)[\r\n]*UN[HG]" + re.escape(head[3:4]), head, re.DOTALL)
    if not ended or len({element, component, ended[1].decode("latin-1")}) < 3:
        raise refused("its service characters cannot be told", "send UNA before UNB", head)
    says = "its service characters are not the usual ones and no UNA names them"
    leniency.forgive("edifact.una_missing", says, "send UNA before UNB", at=at, value=head[:9])
    return Delimiters(component, element, terminator=ended[1].decode("latin-1"))
