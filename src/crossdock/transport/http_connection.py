"""One HTTP/1.1 connection as the caller's end: a request written at once, and its answer read strictly."""

from __future__ import annotations

import asyncio
import select
import zlib
from asyncio import Future
from collections.abc import Callable
from enum import Enum
from typing import Any, cast

#: Bytes that the head of an answer, and the line before or the lines behind a chunk, may have.
HEAD_MAX_BYTES = 65_536
_LINE_MAX_BYTES = 4_096
_BODILESS = frozenset({204, 304})
_SWITCHING = 101
_GZIP_WINDOW = 31  # zlib reads the header of gzip

Got = tuple[int, dict[str, str], bytes]  #: status, headers (lower case), body


class Incomplete(Exception):
    """No complete answer came; the text says why and quotes nothing of the request."""


class _Part(Enum):
    """What of an answer is being read."""

    HEAD = "head"
    LENGTH = "length"
    CHUNKS = "chunks"
    CLOSE = "close"  #: everything until the other end hangs up


class Connection(asyncio.Protocol):
    """Takes one request at a time. `idle` is told when it can take another, `ended` when it is no more."""

    def __init__(
        self,
        address: str,
        answer_bytes_max: int,
        idle: Callable[[Connection], None],
        ended: Callable[[Connection], None],
    ) -> None:
        self.address = address
        self.idle_since_s = 0.0
        self._bytes_max = answer_bytes_max
        self._idle = idle
        self._ended = ended
        self._poll: select.poll | None = None
        self._transport: Any = None
        self._answer: Future[Got] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._buffer = bytearray()
        self._part = _Part.HEAD
        self._status, self._headers = 0, dict[str, str]()
        self._length = 0
        self._chunks = bytearray()
        self._bodiless = self._keeps = False

    # -- what the loop tells -------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands, TLS included."""
        self._transport = transport
        # What is written leaves in the step that writes it, not when the loop comes round.
        cast("asyncio.WriteTransport", transport).set_write_buffer_limits(0)
        socket = transport.get_extra_info("socket")
        if socket is not None:
            self._poll = select.poll()
            self._poll.register(socket.fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """A part of the answer; bytes that nobody asked for end the connection."""
        if self._answer is None:
            self._transport.abort()
            return
        self._buffer += data
        try:
            self._read()
        except Incomplete as why:
            self.give_up(str(why))

    def eof_received(self) -> None:
        """The other end says no more: the end of an answer without a length."""
        if self._answer is not None and self._part is _Part.CLOSE:
            self._keeps = False
            try:
                self._complete(bytes(self._buffer))
            except Incomplete as why:
                self.give_up(str(why))

    def connection_lost(self, exc: Exception | None) -> None:
        """It is no more."""
        self._ended(self)
        self._fail(f"the connection was reset: {exc}" if exc else "the connection was closed before its end")

    # -- asking --------------------------------------------------------------

    def ask(self, request: bytes, *, head_only: bool, timeout_s: float) -> Future[Got]:
        """Writes a whole request. The future raises Incomplete; who waits for it no more calls `abandon`."""
        assert self._answer is None, "one request at a time"
        loop = asyncio.get_running_loop()
        self._answer = answer = loop.create_future()
        self._patience = loop.call_later(timeout_s, self.give_up, f"nothing complete within {timeout_s:g} s")
        self._bodiless = head_only
        self._transport.write(request)
        return answer

    def abandon(self, answer: Future[Got]) -> None:
        """Nobody waits for this answer any more; whoever has the connection by now keeps it."""
        if self._answer is answer:
            self.give_up("nobody waits for it any more")

    def give_up(self, says: str) -> None:
        """Ends the connection, and with it the answer that is being waited for."""
        self._fail(says)
        self._transport.abort()

    def stands(self) -> bool:
        """Whether it can take a request: the other end has not hung up, and has said nothing unasked."""
        if self._transport.is_closing():
            return False
        return self._poll is None or not self._poll.poll(0)

    def _fail(self, says: str) -> None:
        answer = self._taken()
        if answer is not None and not answer.done():
            answer.set_exception(Incomplete(says))

    def _taken(self) -> Future[Got] | None:
        """Who waits; nobody from now on."""
        answer, self._answer = self._answer, None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        return answer

    # -- reading -------------------------------------------------------------

    def _read(self) -> None:
        if self._part is _Part.HEAD and not self._read_head():
            return
        buffer = self._buffer
        if self._part is _Part.LENGTH:
            if len(buffer) >= self._length:
                body = bytes(buffer[: self._length]) if len(buffer) > self._length else bytes(buffer)
                self._keeps = self._keeps and len(buffer) == self._length
                self._complete(body)
        elif self._part is _Part.CHUNKS:
            while (end := self._read_chunk()) is False:
                pass
            if end:
                self._keeps = self._keeps and not buffer
                self._complete(bytes(self._chunks))
        elif len(buffer) > self._bytes_max:
            raise self._too_much()

    def _read_head(self) -> bool:
        """Whether a whole head was there, and is read; those that only announce another are passed over."""
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0 or end > HEAD_MAX_BYTES:
                if len(self._buffer) > HEAD_MAX_BYTES:
                    raise Incomplete("the head of its answer is too long")
                return False
            text = self._buffer[:end].decode("latin-1")
            del self._buffer[: end + 4]
            self._status, keeps, self._headers = _head(text)
            if self._status >= 200:
                break
            if self._status == _SWITCHING:
                raise Incomplete("it wants to speak another protocol")
        self._keeps = keeps
        self._frame()
        return True

    def _frame(self) -> None:
        """Finds how the end of the body is told. Source: RFC 9112, section 6.3."""
        headers = self._headers
        if self._bodiless or self._status in _BODILESS:
            self._part, self._length = _Part.LENGTH, 0
        elif "transfer-encoding" in headers:
            chunked = headers["transfer-encoding"].lower().rpartition(",")[2].strip() == "chunked"
            self._part = _Part.CHUNKS if chunked else _Part.CLOSE
            self._keeps = self._keeps and "content-length" not in headers
        elif "content-length" in headers:
            told = {one.strip() for one in headers["content-length"].split(",")}
            length = told.pop()
            if told or not (length.isascii() and length.isdigit()):
                raise Incomplete("the length of its answer cannot be read")
            self._part, self._length = _Part.LENGTH, int(length)
            if self._length > self._bytes_max:
                raise self._too_much()
        else:
            self._part = _Part.CLOSE

    def _read_chunk(self) -> bool | None:
        """Takes one chunk; True for the last one, None when more must come first."""
        buffer = self._buffer
        line = buffer.find(b"\r\n")
        if line < 0:
            if len(buffer) > _LINE_MAX_BYTES:
                raise Incomplete("a chunk of its answer has no size")
            return None
        digits = bytes(buffer[:line]).partition(b";")[0].strip()
        if not digits or digits.strip(b"0123456789abcdefABCDEF"):
            raise Incomplete("a chunk of its answer has no size")
        size = int(digits, 16)
        if size == 0:
            return self._read_trailers(line)
        if size + len(self._chunks) > self._bytes_max:
            raise self._too_much()
        end = line + 2 + size
        if len(buffer) < end + 2:
            return None
        if not buffer.startswith(b"\r\n", end):
            raise Incomplete("a chunk of its answer is longer than it says")
        self._chunks += buffer[line + 2 : end]
        del buffer[: end + 2]
        return False

    def _read_trailers(self, line: int) -> bool | None:
        """The lines behind the last chunk, which nobody here needs."""
        end = self._buffer.find(b"\r\n\r\n", line)
        if end < 0:
            if len(self._buffer) > HEAD_MAX_BYTES:
                raise Incomplete("its answer does not end")
            return None
        del self._buffer[: end + 4]
        return True

    def _complete(self, body: bytes) -> None:
        headers = self._headers
        if "content-encoding" in headers and body:
            body = self._unpacked(headers["content-encoding"].strip().lower(), body)
        answer = self._taken()
        keeps = self._keeps and not self._transport.get_write_buffer_size()
        self._part = _Part.HEAD
        self._buffer, self._chunks = bytearray(), bytearray()
        if keeps:
            self._idle(self)
        else:
            self._transport.abort()
        if answer is not None and not answer.done():
            answer.set_result((self._status, headers, body))

    def _unpacked(self, coding: str, body: bytes) -> bytes:
        """Bodies packed with gzip; whatever else was not asked for is passed on as it is."""
        if coding not in ("gzip", "x-gzip"):
            return body
        plain = bytearray()
        while body:
            unpack = zlib.decompressobj(_GZIP_WINDOW)
            try:
                plain += unpack.decompress(body, self._bytes_max + 1 - len(plain))
            except zlib.error as error:
                raise Incomplete(f"its answer is no gzip: {error}") from None
            if len(plain) > self._bytes_max:
                raise self._too_much()
            if not unpack.eof:
                raise Incomplete("its packed answer breaks off")
            body = unpack.unused_data
        return bytes(plain)

    def _too_much(self) -> Incomplete:
        return Incomplete(f"it answered {self._status} with more than {self._bytes_max:,} bytes")


def _head(text: str) -> tuple[int, bool, dict[str, str]]:
    """Status, whether the connection will be kept, and headers. Raises Incomplete."""
    first, *lines = text.split("\r\n")
    digits = first[9:12]
    if not first.startswith("HTTP/1.") or first[8:9] != " " or not (digits.isascii() and digits.isdigit()):
        raise Incomplete("what it answered is no HTTP")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or " " in name or "\t" in name or "\n" in line or "\r" in line:
            raise Incomplete("a header of its answer cannot be read")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    said = headers.get("connection", "").lower()
    keeps = "close" not in said if first.startswith("HTTP/1.1") else "keep-alive" in said
    return int(digits), keeps, headers
