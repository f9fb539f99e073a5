"""The scanner: a stream of bytes cut into segments, whatever separates them; nothing but a block is held."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from crossdock.faults import Invalid
from crossdock.formats.x12.header import ISA_BYTES, WINDOW_BYTES, Header, read_header, refuse_foreign
from crossdock.formats.x12.leniency import Leniency
from crossdock.formats.x12.tree import Delimiters, Segment

BLOCK_BYTES = 1 << 18  #: read at once
LIES_MAX = 20  #: binary segments of one file whose length may be wrong before lengths are no longer believed
FIRST_BYTES = 1 << 12  #: looked at first, of each interchange
SEGMENT_BYTES_MAX = 1 << 23  #: of one segment; binary segments (BIN) carry files

_BLANK = b" \t\r\n\x00\x1a"  #: padding between segments; 0x1A ended files once
_ISA = re.compile(rb"ISA([^0-9A-Za-z\s])..\1", re.DOTALL)
_BINARY = (b"BIN", b"BDS")
_WHOLE_HEADER = "send an ISA segment of 106 bytes with its sixteen elements, delimiters and terminator"


class Scanner:
    """The segments of a file in batches; `delimiters` and `header` are those of the interchange that the batch is of.

    Strict (`lenient` False) raises Invalid where lenient forgives. Who reads says `end` at an IEA, so that the next
    header is looked for.
    """

    def __init__(self, source: bytes | BinaryIO, *, lenient: bool) -> None:
        self.leniency = Leniency(lenient=lenient)
        self.delimiters = Delimiters()
        self.header = b""
        self.position = 0  #: segments of the file before the batch
        self._between = True  #: whether no interchange is open
        self._source = source
        self._at = 0  #: bytes taken from a source that is already in memory
        self._buffer = b""
        self._done = False
        self._wrapped = False
        self._found = 0  #: interchanges begun
        self._ahead = 0  #: segments of the batch that is being cut
        self._lies = 0  #: binary segments whose length was wrong
        self._padded = False
        self._batch: list[bytes] = []
        self._pieces: list[bytes] = []  #: the batch before it was cleaned
        self._origins: list[int] | None = (
            None  #: of each segment of the batch among the pieces, if not its own
        )
        self._wanted = FIRST_BYTES
        self._anomaly = re.compile(b"")

    @property
    def control(self) -> str | None:
        """ISA13 of the interchange last begun."""
        return Segment(self.header, self.delimiters)[13].strip() or None if self.header else None

    def batches(self) -> Iterator[list[bytes]]:
        """Segments without terminators and line breaks around them, some at a time; an ISA that is new stands alone.

        Raises Invalid when nothing of the file is X12, when a segment has no end, and for what strict reading refuses.
        """
        while self._between:
            header = self._next_header()
            if header is None:
                return
            self._begin(header)
            self._batch = [header.segment]
            yield self._batch
            self.position += 1
            while not self._between and (batch := self._next_batch()):
                self._batch = batch
                yield batch
                self.position += len(self._batch)
            self._between = True

    def end(self, index: int) -> None:
        """Say that the interchange ends with the segment at an index of the batch."""
        if index + 1 < len(self._batch) and self._is_alike(self._batch[index + 1]):
            return  # the next one follows with the same delimiters
        self._leave(index + 1)

    def begins_another(self, index: int) -> bool | None:
        """Whether the segment at an index of the batch, inside an interchange, is the header of the next one.

        True: it is, with the same delimiters, and is in force. None: it is, and comes again in a batch of its own.
        False: it is a segment like others.
        """
        segment = self._batch[index]
        if self._is_alike(segment):
            return True
        other = _ISA.match(segment) and segment[3:4] != self.delimiters.element
        if not other and not isinstance(read_header(segment + self.delimiters.terminator), Header):
            return False
        self._leave(index)
        return None

    def _leave(self, index: int) -> None:
        """Give back the batch from an index on: it belongs to what comes after the interchange."""
        self._between = True
        at = index if self._origins is None or index >= len(self._batch) else self._origins[index]
        if index < len(self._batch):
            self._give_back(self._pieces[at:])
            del self._batch[index:]

    # -- headers ------------------------------------------------------------------------------------

    def _next_header(self) -> Header | None:
        """The header of the next interchange; what stands before it is passed over."""
        passed = 0
        refused = ""
        while True:
            self._fill(WINDOW_BYTES)
            if not self._found and not passed:
                refuse_foreign(self._buffer)
            at = self._past_padding()
            if len(self._buffer) > at > 0 and not self._found and self._buffer[:at].strip(b"\xef\xbb\xbf"):
                self._forgive("x12.blank", "blanks stand before ISA", "begin the file with ISA")
            self._buffer = self._buffer[at:]
            self._fill(WINDOW_BYTES)
            if self._buffer.startswith(b"ISA"):
                header = read_header(self._buffer[:WINDOW_BYTES])
                if isinstance(header, Header):
                    self._tell_passed(passed)
                    if refused:
                        self._tell_refused(refused)
                    return header
                refused = refused or header
            if not self._buffer:
                break
            passed += self._pass_junk()
        if refused or not self._found:
            self._nothing_found(refused, passed)
        self._tell_passed(passed)
        return None

    def _past_padding(self) -> int:
        at = 0
        if self._buffer.startswith(b"\xef\xbb\xbf"):
            at = 3
            self._forgive(
                "x12.bom", "a byte order mark stands before ISA", "save the file without byte order mark"
            )
        return len(self._buffer) - len(self._buffer[at:].lstrip(_BLANK))

    def _pass_junk(self) -> int:
        """Pass over bytes up to the next thing that looks like a header; how many."""
        passed = 0
        while True:
            match = _ISA.search(self._buffer, 1)
            cut = match.start() if match else max(len(self._buffer) - 5, 0)
            if self._done and match is None:
                cut = len(self._buffer)
            passed += len(self._buffer[:cut].rstrip(_BLANK))
            self._buffer = self._buffer[cut:]
            if match or self._done:
                return passed
            self._fill(BLOCK_BYTES)

    def _nothing_found(self, refused: str, passed: int) -> None:
        if self._found:
            self._tell_refused(refused)
            return
        if refused:
            raise Invalid(
                f"the interchange cannot be read: {refused}", path="segment 1 (ISA)", fix=_WHOLE_HEADER
            )
        what = "no ISA segment is in it" if passed else "it is empty"
        raise Invalid(
            f"the file is no X12 interchange: {what}", path="byte 1", fix="send a file that begins with ISA"
        )

    def _tell_refused(self, refused: str) -> None:
        says = f"an interchange cannot be read: {refused}"
        if not self.leniency.lenient:
            raise Invalid(says, path=f"segment {self.position + 1} of the file (ISA)", fix=_WHOLE_HEADER)
        position, control = self.position + 1, self.control
        self.leniency.tell(
            "x12.header", says, _WHOLE_HEADER, severity="error", position=position, interchange=control
        )

    def _tell_passed(self, passed: int) -> None:
        if passed:
            where = "between interchanges" if self._found else "before the first interchange"
            self._forgive("x12.junk", f"{passed} bytes stand {where}", "send nothing outside ISA and IEA")

    def _begin(self, header: Header) -> None:
        self._found += 1
        self.leniency.begin()
        self._between = False
        self._wanted = FIRST_BYTES
        self._buffer = self._buffer[header.taken :]
        suffix = b"" if header.wrapped else (re.match(rb"\r?\n", self._buffer) or [b""])[0]
        marks = header.delimiters
        self.delimiters = Delimiters(
            marks.element, marks.component, marks.terminator, marks.repetition, suffix
        )
        self.header = header.segment
        self._wrapped, self._padded = header.wrapped, header.padded
        end = re.escape(marks.terminator)
        inner = {b"\r": rb"\n", b"\n": rb"\r"}.get(marks.terminator, rb"\r\n")
        # what needs a second look: padding, line breaks and empty segments, and binary data
        self._anomaly = re.compile(end + rb"(?=[^0-9A-Za-z]|BIN|BDS)|[" + inner + rb"]")
        for code, says, fix in header.forgiven:
            self._forgive(code, says, fix)

    # -- segments -----------------------------------------------------------------------------------

    def _next_batch(self) -> list[bytes]:
        """The next segments of the interchange; none at the end of the file."""
        terminator = self.delimiters.terminator
        while True:
            self._fill(self._wanted)
            cut = self._buffer.rfind(terminator, 0, self._wanted)
            if cut < 0 and self._done and self._wanted >= len(self._buffer):
                return self._rest()
            # an interchange may be short, and what follows it cut otherwise: a little first, then more
            self._wanted = min(self._wanted * 2, BLOCK_BYTES) if cut >= 0 else len(self._buffer) + BLOCK_BYTES
            if cut < 0:
                self._bound(self._wanted)
                continue
            block, self._buffer = self._buffer[: cut + len(terminator)], self._buffer[cut + len(terminator) :]
            batch = self._cut(block)
            if batch:
                return batch

    def _cut(self, block: bytes) -> list[bytes]:
        """The segments of some bytes that end with a terminator."""
        terminator, suffix = self.delimiters.terminator, self.delimiters.suffix
        self._origins = None
        # line breaks that follow every terminator go at once; the first of a block belongs to the one before
        plain = block.removeprefix(suffix).replace(terminator + suffix, terminator) if suffix else block
        if self._anomaly.search(plain) is None and plain[:1].isalnum() and not self._padded:
            self._pieces = plain.split(terminator)
            self._pieces.pop()
            return self._pieces.copy()
        if terminator * 3 in block and not any(mark in block for mark in _BINARY):
            # a run of empty segments says no more than two of them
            run = re.compile(b"(?:" + re.escape(terminator) + b"){3,}")
            block = run.sub(lambda _: terminator * 2, block)
        pieces = self._pieces = block.split(terminator)
        pieces.pop()
        batch: list[bytes] = []
        origins = self._origins = []
        for index, piece in enumerate(pieces):
            self._ahead = len(batch)
            segment = self._cleaned(piece)
            if not segment:
                self._tell_blank(piece)
                continue
            if segment[:3] in _BINARY:
                segment = self._binary(segment, pieces, index)
                if not segment:
                    break
            batch.append(segment)
            origins.append(index)
            if segment[:3] == b"IEA" and not self._alike(self._cleaned_header(pieces, index + 1)):
                # what follows has delimiters of its own, and is not to be judged by these
                self._give_back(pieces[index + 1 :])
                del pieces[index + 1 :]
                break
        self._ahead = 0
        return batch

    def _cleaned_header(self, pieces: list[bytes], index: int) -> bytes:
        return pieces[index].lstrip(_BLANK) if index < len(pieces) else b""

    def _give_back(self, pieces: list[bytes]) -> None:
        terminator = self.delimiters.terminator
        self._buffer = b"".join(piece + terminator for piece in pieces) + self._buffer

    def _cleaned(self, piece: bytes) -> bytes:
        """A piece without padding before it, and without line breaks inside it."""
        if self._padded:
            piece = piece.rstrip(b" \t")
        if piece[:1].isalnum() and b"\n" not in piece and b"\r" not in piece:
            return piece
        segment = piece.lstrip(b"\r\n")
        if segment[:1] in (b" ", b"\t", b"\x00", b"\x1a", b""):
            inner = segment.lstrip(_BLANK)
            if inner and segment != inner:
                self._forgive(
                    "x12.blank", "blanks stand before segments", "begin each segment right after the last"
                )
            segment = inner
        if segment[-1:] in b"\r\n" and self.delimiters.terminator in (b"\r", b"\n"):
            segment = segment.rstrip(b"\r\n")
        if (b"\n" in segment or b"\r" in segment) and (self._wrapped or segment[:3] not in _BINARY):
            if not self._wrapped:
                says = "line breaks stand inside segments; they were left out"
                self._forgive("x12.line_break", says, "send segments without line breaks inside them")
            segment = segment.translate(None, b"\r\n")
        return segment

    def _tell_blank(self, piece: bytes) -> None:
        if piece.strip(b"\r\n") or not piece or self.delimiters.terminator not in (b"\r", b"\n"):
            self._forgive("x12.empty", "segments without anything in them", "write each terminator once")

    def _binary(self, segment: bytes, pieces: list[bytes], index: int) -> bytes:
        """A binary segment in its length, terminators in its data included; empty while not all of it is read."""
        mark, terminator = self.delimiters.element, self.delimiters.terminator
        at = 2 if segment[:3] == b"BDS" else 1  # BDS01 names a filter, then the length
        cut = segment.split(mark, at + 1)
        length = int(cut[at]) if len(cut) > at + 1 and cut[at].isdigit() and len(cut[at]) < 12 else 0
        total = sum(map(len, cut[: at + 1])) + (at + 1) * len(mark) + length
        if not length or len(segment) >= total or total > SEGMENT_BYTES_MAX or self._lies > LIES_MAX:
            return segment
        parts, size, end = [segment], len(segment), index + 1
        while size < total and end < len(pieces):
            parts.append(pieces[end])
            size += len(terminator) + len(pieces[end])
            end += 1
        whole = terminator.join(parts)
        if size < total:
            # the data goes on behind the bytes that were cut
            if size + len(self._buffer) + 2 * len(terminator) < total and not self._done:
                self._buffer, self._wanted = whole + terminator + self._buffer, total + BLOCK_BYTES
                del pieces[index:]
                return b""
            whole += terminator + self._buffer
        if len(whole) != total and whole[total : total + len(terminator)] != terminator:
            self._lies += 1
            return segment  # the length is wrong: the validation says so
        if size < total:
            self._buffer = whole[total + len(terminator) :]
        del pieces[index + 1 : end]
        return whole[:total]

    def _is_alike(self, segment: bytes) -> bool:
        """Whether a segment is an ISA with the delimiters of the last; it is the header from now on then."""
        if not self._alike(segment):
            return False
        self._found += 1
        self.leniency.begin()
        self.header = segment
        return True

    def _alike(self, segment: bytes) -> bool:
        """Whether a segment is an ISA with the delimiters of the last."""
        if len(segment) != ISA_BYTES - 1 or not segment.startswith(b"ISA"):
            return False
        same = self.delimiters
        header = read_header(segment + same.terminator)
        if not isinstance(header, Header) or header.forgiven or header.segment != segment:
            return False
        new = header.delimiters
        return (new.element, new.component, new.repetition) == (same.element, same.component, same.repetition)

    def _rest(self) -> list[bytes]:
        """What stands after the last terminator of the file."""
        segment, self._buffer = self._cleaned(self._buffer).rstrip(_BLANK), b""
        self._pieces, self._origins = [segment], None
        if not segment:
            return []
        self._forgive("x12.last_terminator", "the last segment has no terminator", "end every segment")
        return [segment]

    # -- bytes and findings --------------------------------------------------------------------------

    def _fill(self, wanted: int) -> None:
        """Read until the buffer holds so many bytes, or the file ends."""
        while len(self._buffer) < wanted and not self._done:
            if isinstance(self._source, bytes):
                block = self._source[self._at : self._at + BLOCK_BYTES]
                self._at += len(block)
            else:
                block = self._source.read(BLOCK_BYTES)
            if block:
                self._buffer += block
            else:
                self._done = True

    def _bound(self, size: int) -> None:
        if size > SEGMENT_BYTES_MAX:
            raise Invalid(
                f"a segment does not end within {SEGMENT_BYTES_MAX >> 20} MB",
                path=f"segment {self.position + 1} of the file",
                fix=f"end it with {self.delimiters.terminator!r}, the terminator that the ISA gives",
            )

    def _forgive(self, code: str, says: str, fix: str) -> None:
        position = self.position + self._ahead + 1
        self.leniency.forgive(code, says, fix, position=position, interchange=self.control)
