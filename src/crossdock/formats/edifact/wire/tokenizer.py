"""The tokenizer: bytes of any size in, segments of the interchanges in them out, block by block."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import IO, cast

from crossdock.formats.edi.finding import Finding
from crossdock.formats.edifact.wire.opening import (
    BLANK,
    LEAD_BYTES_MAX,
    Leniency,
    found,
    opening,
    refused,
    unmarked,
    wrapped,
)
from crossdock.formats.edifact.wire.syntax import DEFAULT, Delimiters

BLOCK_BYTES = 1 << 18  #: read at a time
SEGMENT_BYTES_MAX = 1 << 20  #: without a terminator; then the file is refused

TAGS_MAX = 4096  #: beginnings of segments that are known to be tags

_TAG = re.compile("[A-Z]{3}")

#: Bytes, an open binary file, or blocks of bytes as they arrive.
Source = bytes | IO[bytes] | Iterable[bytes]


class Tokenizer:
    """The segments of a file, in batches; each batch is of one interchange.

    A batch holds segments as they were written, without terminators and the line breaks between them.
    `delimiters`, `level` and `version` are those of the batch just given, `position` is the number of segments
    before it. `tell` is called with what was forgiven; a strict reading raises Invalid instead. `encoding` is that
    of a partner who names a wrong level.
    """

    def __init__(
        self,
        source: Source,
        tell: Callable[[Finding], None],
        *,
        strict: bool = False,
        encoding: str | None = None,
    ) -> None:
        self.delimiters: Delimiters = DEFAULT
        self.level = "UNOA"
        self.version = "3"
        self.charset: str | None = None  #: that of letters beyond ASCII, once there were some
        self.position = 0
        self._blocks = _blocks(source)
        self._leniency = Leniency(tell, strict=strict)
        self._data = b""
        self._ended = False
        self._unwrap = False
        self._encoding = encoding
        self._tags: set[str] = set()
        self._codec = "ascii"

    def __iter__(self) -> Iterator[list[str]]:
        self._lead()
        self._data = self._data[unmarked(self._data[:LEAD_BYTES_MAX], self._leniency) :]
        if wrapped(self._data[:LEAD_BYTES_MAX], self._leniency):
            self._unwrap = True
            self._data = _unwrapped(self._data)
        while self._begin():
            yield from self._interchange()

    def _fill(self) -> None:
        block = next(self._blocks, None)
        if block is None:
            self._ended = True
        else:
            self._data += _unwrapped(block) if self._unwrap else block

    def _lead(self) -> None:
        """Go past blanks, with enough of what follows in hand to judge it."""
        self._data = self._data.lstrip(BLANK)
        while len(self._data) < LEAD_BYTES_MAX and not self._ended:
            self._fill()
            self._data = self._data.lstrip(BLANK)

    def _begin(self) -> bool:
        """Go to the next interchange and learn its characters; False where there is none."""
        self._lead()
        if not self._data and self.position:
            return False
        start = found(self._data[:LEAD_BYTES_MAX], self._leniency, at=self.position + 1)
        if start is None:
            return False
        told = opening(self._data[start : start + LEAD_BYTES_MAX], self._leniency, at=self.position + 1)
        self.delimiters, self.level, self.version = told.delimiters, told.level, told.version
        self._codec = self._encoding or told.codec
        self.charset = None
        self._data = self._data[start + told.start :].lstrip(BLANK)
        return True

    def _interchange(self) -> Iterator[list[str]]:
        """The batches up to the head of the next interchange."""
        terminator = self.delimiters.terminator.encode("latin-1")
        self._tags.clear()
        head = rb"[\s\x00]*UN[AB][^A-Za-z0-9]"
        begins, follows = re.compile(head), re.compile(re.escape(terminator) + head)
        first = True
        while first or not begins.match(self._data):
            cut = self._last(terminator)
            if cut >= 0 and (b"UNB" in self._data or b"UNA" in self._data):
                next_head = follows.search(self._data)
                cut = next_head.start() if next_head else cut
            if cut >= 0:
                text, codec = self._decoded(self._data[: cut + 1])
                segments, rest = self._split(text)
                self._data = rest.encode(codec, "surrogateescape") + self._data[cut + 1 :]
                self._tagged(segments)
                yield segments
                self.position += len(segments)
                first = first and not segments
                if not rest and begins.match(self._data):
                    break
            if self._ended:
                yield from self._tail()
                break
            if len(self._data) > SEGMENT_BYTES_MAX:
                fix = f"end every segment with {self.delimiters.terminator}"
                raise refused(f"a segment does not end within {SEGMENT_BYTES_MAX} bytes", fix, self._data)
            self._fill()
        self._leniency.begin()

    def _last(self, terminator: bytes) -> int:
        """Where the last terminator stands; one that is half of a shifted character is none."""
        escape = self._data.rfind(b"\x1b") if self._codec.startswith("iso2022") else -1
        if escape < 0:
            return self._data.rfind(terminator)
        shifted = self._data.rfind(b"\x1b$", 0, escape + 2)
        cut = self._data.rfind(terminator, escape) if shifted < escape else -1
        return cut if cut >= 0 else self._data.rfind(terminator, 0, shifted)

    def _tail(self) -> Iterator[list[str]]:
        """What stands behind the last terminator."""
        octets = self._data.strip(BLANK)
        self._data = b""
        if not octets:
            return
        says, fix = "the last segment has no terminator", f"end it with {self.delimiters.terminator}"
        self._leniency.forgive(
            "edifact.last_terminator", says, fix, at=self.position + 1, value=octets, ack="0085:13"
        )
        segment = self._decoded(octets)[0]
        self._tagged([segment])
        yield [segment]
        self.position += 1

    # -- text ---------------------------------------------------------------------------------------

    def _decoded(self, octets: bytes) -> tuple[str, str]:
        """The text of a stretch of segments, and the codec that gave it."""
        if octets.isascii() and not self._codec.startswith("iso2022"):
            return octets.decode("ascii"), "ascii"
        declared = self._codec
        if self._leniency.strict or declared in ("utf-8", "iso2022_jp_2"):
            guesses = [declared, "utf-8", "latin-1"]
        elif declared == "ascii" or re.search(rb"[\x80-\x9f]", octets):
            # bytes that the level does not have: in the ISO sets these are the control characters
            windows = ["cp1252"] if declared in ("ascii", "latin-1") else []
            guesses = ["utf-8", *windows, declared, "latin-1"]
        else:
            guesses = [declared, "latin-1"]
            self._doubt(octets)
        for codec in guesses:
            try:
                text = octets.decode(codec)
            except UnicodeDecodeError:
                continue
            self.charset = codec
            if codec != declared:
                says = f"the text is not in the character set of {self.level}; it was read as {codec}"
                fix = f"write it in {declared}, or name the level of its character set in UNB"
                self._leniency.forgive(
                    "edifact.character_set", says, fix, at=self.position + 1, ack="0085:21"
                )
            return text, codec
        raise AssertionError("latin-1 knows every byte")

    def _doubt(self, octets: bytes) -> None:
        """Say that the text is likelier UTF-8, where it would be by chance alone."""
        try:
            octets.decode("utf-8")
        except UnicodeDecodeError:
            return
        says = f"the text reads as UTF-8 too, though {self.level} names another character set"
        fix = "ask the sender; UNOY in UNB, or the encoding of the partner, names UTF-8"
        self._leniency.note("edifact.doubtful_character_set", says, fix, at=self.position + 1)

    def _split(self, text: str) -> tuple[list[str], str]:
        """The segments of a text that ends with a terminator, and what a released one leaves open."""
        terminator, release = self.delimiters.terminator, self.delimiters.release
        rest = ""
        if release != " " and release + terminator in text:
            segments, rest = _split_released(text, terminator, release)
        else:
            segments = text.split(terminator)
            segments.pop()
        if terminator in "\r\n":
            segments = [segment for raw in segments if (segment := raw.strip("\r\n"))]
        elif "\n" in text or "\r" in text:
            segments = [segment.lstrip("\r\n") for segment in segments]
        if re.match("[\r\n]*[ \t]", text) or re.search(re.escape(terminator) + "[\r\n]*[ \t]", text):
            segments = self._stripped(segments)
        if "" in segments:
            self._leniency.forgive(
                "edifact.empty_segment",
                "a segment is empty",
                "take it out",
                at=self.position + 1 + segments.index(""),
            )
            segments = [segment for segment in segments if segment]
        return segments, rest

    def _tagged(self, segments: list[str]) -> None:
        """Look whether each segment begins with a tag; few different beginnings are met, and kept."""
        new = {segment[:4] for segment in segments} - self._tags
        behind = ("", self.delimiters.element, self.delimiters.component)
        bad = {start for start in new if not _TAG.match(start) or start[3:] not in behind}
        if bad:
            at, segment = next((at, one) for at, one in enumerate(segments) if one[:4] in bad)
            says, fix = "a segment does not begin with a tag", "begin it with its tag of three letters"
            value = segment[:35].encode("utf-8", "replace")
            self._leniency.forgive(
                "edifact.bad_tag", says, fix, at=self.position + at + 1, value=value, ack="0085:21"
            )
        if len(self._tags) < TAGS_MAX:
            self._tags |= new - bad

    def _stripped(self, segments: list[str]) -> list[str]:
        for number, segment in enumerate(segments, self.position + 1):
            if segment[:1] in (" ", "\t"):
                says, fix = "blanks stand before a segment", "let each segment begin with its tag"
                value = segment[:35].encode("utf-8", "replace")
                self._leniency.forgive("edifact.blank", says, fix, at=number, value=value, ack="0085:21")
                return [segment.lstrip() for segment in segments]
        return segments


def _split_released(text: str, terminator: str, release: str) -> tuple[list[str], str]:
    ends, sign = re.escape(terminator), re.escape(release)
    whole = re.compile(rf"((?:[^{ends}{sign}]+|{sign}.)*+){ends}", re.DOTALL)
    segments: list[str] = []
    end = 0
    for segment in whole.finditer(text):
        segments.append(segment[1])
        end = segment.end()
    return segments, text[end:]


def _unwrapped(octets: bytes) -> bytes:
    return octets.replace(b"\n", b"").replace(b"\r", b"")


def _blocks(source: Source) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), BLOCK_BYTES):
            yield source[start : start + BLOCK_BYTES]
    elif hasattr(source, "read"):
        file = cast("IO[bytes]", source)
        while block := file.read(BLOCK_BYTES):
            yield block
    else:
        yield from source
