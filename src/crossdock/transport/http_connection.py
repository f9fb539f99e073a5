"""One HTTP/1.1 connection as the caller's end: a request written at once, and its answer read by llhttp."""

from __future__ import annotations

import asyncio
import select
import zlib
from asyncio import Future
from collections.abc import Callable
from typing import Any, cast

import httptools

#: Bytes that the head of an answer may have.
HEAD_MAX_BYTES = 65_536
_FINAL = 200  #: below it an answer only announces another
_ENDED_BY_LENGTH = frozenset({"content-length", "transfer-encoding"})
_GZIP_WINDOW = 31  # zlib reads the header of gzip

Got = tuple[int, dict[str, str], bytes]  #: status, headers (lower case), body


class Incomplete(Exception):
    """No complete answer came; the text says why and quotes nothing of the request."""


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
        self._parser = httptools.HttpResponseParser(self)
        self._status, self._headers = 0, dict[str, str]()
        self._bodiless = False
        self._forget()

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
        try:
            self._read(data)
        except Incomplete as why:
            self.give_up(str(why))

    def eof_received(self) -> None:
        """The other end says no more: the end of an answer that tells no length."""
        if self._answer is None or not self._headed or not _ENDED_BY_LENGTH.isdisjoint(self._headers):
            return
        self._keeps = False
        try:
            self._complete()
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

    def _read(self, data: bytes) -> None:
        """Gives the parser what came; an answer that is whole is handed over once it has seen all of it."""
        if not self._headed:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise Incomplete("it wants to speak another protocol") from None
        except httptools.HttpParserError as error:
            if not self._whole:
                raise self._wrong or Incomplete(f"what it answered is no HTTP: {error}") from None
            self._keeps = False  # the answer is whole, what follows it is nothing
        if self._whole:
            self._complete()
        elif not self._headed and self._head_bytes > HEAD_MAX_BYTES:
            raise Incomplete("the head of its answer is too long")

    # The parser calls these; their names are its own.

    def on_message_begin(self) -> None:
        """An answer begins: of those that only announce another, nothing is kept."""
        if self._whole:
            self._keeps = False  # nobody asked for a second one
            return
        self._status, self._headers, self._headed = 0, {}, False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; those behind the body are needed by nobody."""
        if self._headed:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._whole:
            return
        self._status = self._parser.get_status_code()
        if self._status < _FINAL:
            return
        self._headed, self._keeps = True, self._parser.should_keep_alive()
        if self._bodiless:
            self._whole = True  # the parser would wait for a body that does not come
        elif int(self._headers.get("content-length", 0)) > self._bytes_max:
            self._wrong = self._too_much()
            raise self._wrong

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        if self._whole:
            return
        self._body.append(part)
        self._body_bytes += len(part)
        if self._body_bytes > self._bytes_max:
            self._wrong = self._too_much()
            raise self._wrong

    def on_message_complete(self) -> None:
        """The answer is whole, unless it only announced another."""
        self._whole = self._whole or self._status >= _FINAL

    def _complete(self) -> None:
        headers, status, body = self._headers, self._status, b"".join(self._body)
        keeps = self._keeps and not self._transport.get_write_buffer_size()
        if "content-encoding" in headers and body:
            body = self._unpacked(headers["content-encoding"].strip().lower(), body)
        if self._bodiless:
            self._parser = httptools.HttpResponseParser(self)
        answer = self._taken()
        self._forget()
        if keeps:
            self._idle(self)
        else:
            self._transport.abort()
        if answer is not None and not answer.done():
            answer.set_result((status, headers, body))

    def _forget(self) -> None:
        """Nothing is known of the next answer."""
        self._body = list[bytes]()
        self._head_bytes = self._body_bytes = 0
        self._whole = self._headed = self._keeps = False
        self._wrong: Incomplete | None = None

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
