"""What a file is: X12, EDIFACT, or something else, told in one sentence from its first bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import BinaryIO, Literal, cast

from crossdock.faults import Invalid

Format = Literal["x12", "edifact"]

HEAD_BYTES = 1 << 16  #: looked at; an interchange that begins later is not found

_BLANK = b" \t\r\n\x00\x1a"
_X12 = re.compile(rb"ISA([^0-9A-Za-z\s])")
_EDIFACT = re.compile(rb"UNA[^A-Za-z0-9\s]{2}.{4}\s*UN[BGH]|UN[BGH][^A-Za-z0-9\s]", re.DOTALL)
_FIX = "give a file with an X12 or EDIFACT interchange in it"
#: First bytes of what people give by mistake, and what it is.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a SQLite database"),
    (b"\xff\xfe", "in UTF-16"),
    (b"\xfe\xff", "in UTF-16"),
    (b"I\x00S\x00A", "in UTF-16"),
    (b"U\x00N\x00", "in UTF-16"),
    (b"\x00I\x00S", "in UTF-16"),
    (b"\x00U\x00N", "in UTF-16"),
    (b"\xc9\xe2\xc1", "in EBCDIC"),
    (b"\xe4\xd5\xc2", "in EBCDIC"),
    (b"-----BEGIN", "a key, a certificate or a signed message"),
    (b"MIME-Version:", "a mail or an AS2 message with its headers"),
    (b"Content-Type:", "a mail or an AS2 message with its headers"),
    (b"MSH|", "HL7"),
    (b"STX=", "TRADACOMS"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
    (b"<", "XML"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)


class Opened:
    """An EDI file whose kind is known; read it once, from its first byte, by `stream`."""

    def __init__(
        self, source: BinaryIO, name: str | None = None, went: Callable[[int], None] | None = None
    ) -> None:
        """`name` is that of the findings; `went` hears how many bytes were read. Raises Invalid for what is no EDI."""
        self.name = name
        self._source = source
        self._went = went
        self._read = 0
        self.head = _head(source)
        self.format: Format = told(self.head)
        self._waiting = self.head

    @property
    def stream(self) -> BinaryIO:
        """The bytes from the first one on."""
        return cast("BinaryIO", self)

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; empty at the end."""
        block, self._waiting = self._waiting, b""
        if 0 <= size < len(block):
            block, self._waiting = block[:size], block[size:]
        elif not block:
            block = self._source.read(size)
        self._read += len(block)
        if self._went is not None:
            self._went(self._read)
        return block


def opened(source: bytes | BinaryIO, name: str | None = None) -> Opened:
    """Bytes or an open file as an EDI file. Raises Invalid for what is none."""
    return Opened(io.BytesIO(source) if isinstance(source, bytes) else source, name)


def told(head: bytes) -> Format:
    """The kind of a file by its first bytes. Raises Invalid, with what it is instead."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK)
    found: list[tuple[int, Format]] = [
        (match.start(), kind) for pattern, kind in _KINDS if (match := pattern.search(start))
    ]
    if start.startswith(b"ISA") and not found:
        return "x12"  # whose reader says best what is wrong with the header
    other = next((what for mark, what in _OTHERS if start.startswith(mark) or head.startswith(mark)), None)
    if not found or (other is not None and min(found)[0] > 0):
        raise _refused(start, head, other)
    return min(found)[1]


_KINDS: tuple[tuple[re.Pattern[bytes], Format], ...] = ((_X12, "x12"), (_EDIFACT, "edifact"))


def _refused(start: bytes, head: bytes, other: str | None) -> Invalid:
    if not head:
        return Invalid("it is empty: there is nothing in it", path="file", fix=_FIX)
    if not start:
        what = "zero bytes" if b"\x00" in head else "blanks"
        return Invalid(f"there is nothing but {what} in it", path="file", fix=_FIX)
    if other is not None:
        return Invalid(f"it is {other}, not X12 or EDIFACT", path="byte 1", fix=_FIX)
    headless = re.match(rb"(GS|ST)([^0-9A-Za-z\s])", start)
    if headless:
        says = f"it begins with {headless[1].decode()}: the interchange header ISA is missing"
        return Invalid(says, path="byte 1", fix="send the whole interchange, from ISA to IEA")
    if sum(byte < 9 or 13 < byte < 32 for byte in start[:1024]) > min(len(start), 1024) // 20:
        return Invalid("it holds binary data, not X12 or EDIFACT", path="byte 1", fix=_FIX)
    shown = start[:24].decode("utf-8", "replace").split("\n")[0].strip()
    says = f"it is not X12 or EDIFACT: it begins with {shown!r}"
    return Invalid(says, path="byte 1", value=shown, fix=f"{_FIX}; it begins with ISA, UNA or UNB")


def _head(source: BinaryIO) -> bytes:
    """The first bytes; a pipe may give them in pieces."""
    head = b""
    while len(head) < HEAD_BYTES and (block := source.read(HEAD_BYTES - len(head))):
        head += block
    return head
