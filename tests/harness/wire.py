"""HTTP/1.1 on bare asyncio sockets, light enough that the harness does not measure itself."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

ANSWER_WAIT_S = 30.0
BODY_MAX_BYTES = 200_000_000


class NotSent(Exception):
    """Nothing left: the other side does not listen."""


class Cut(Exception):
    """Bytes left and no complete answer came."""


@dataclass(slots=True)
class Parcel:
    """One complete HTTP message: its head as it came, and its body."""

    head: bytes
    body: bytes

    @property
    def first(self) -> list[str]:
        """The words of the first line."""
        return self.head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)

    def header(self, name: str) -> str | None:
        """One header's value; None when absent."""
        return header(self.head, name.lower().encode())


@dataclass(slots=True)
class Reply:
    """An answer of the product or of the target."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """One header's value; None when absent."""
        return header(self.head, name.lower().encode())

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def header(head: bytes, name: bytes) -> str | None:
    """The value of a header (lower-case name) in a raw head; None when absent."""
    lowered = head.lower()
    at = lowered.find(b"\r\n" + name + b":")
    if at < 0:
        return None
    start = at + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : len(head) if end < 0 else end].strip().decode("latin-1")


class Reassembly:
    """Bytes as they come, cut into complete HTTP messages."""

    __slots__ = ("_buffer", "_length", "_scanned")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._length: tuple[int, int] | None = None  # where the body starts, how long it is

    def feed(self, data: bytes) -> list[Parcel]:
        """The messages that these bytes complete."""
        self._buffer += data
        parcels: list[Parcel] = []
        while (parcel := self._next()) is not None:
            parcels.append(parcel)
        return parcels

    def _next(self) -> Parcel | None:
        buffer = self._buffer
        if self._length is None:
            end = buffer.find(b"\r\n\r\n", max(0, self._scanned - 3))
            self._scanned = len(buffer)
            if end < 0:
                return None
            head = bytes(buffer[:end])
            if "chunked" in (header(head, b"transfer-encoding") or ""):
                return self._chunked(head, end + 4)
            length = int(header(head, b"content-length") or 0)
            assert length <= BODY_MAX_BYTES
            self._length = (end + 4, length)
        start, length = self._length
        if len(buffer) < start + length:
            return None
        return self._take(bytes(buffer[: start - 4]), bytes(buffer[start : start + length]), start + length)

    def _chunked(self, head: bytes, at: int) -> Parcel | None:
        self._scanned = 0  # a chunked message is read again from its start whenever more comes
        body = bytearray()
        while (end := self._buffer.find(b"\r\n", at)) >= 0:
            size = int(self._buffer[at:end].split(b";")[0], 16)
            if len(self._buffer) < end + 4 + size:
                return None
            body += self._buffer[end + 2 : end + 2 + size]
            at = end + 4 + size
            if size == 0:
                return self._take(head, bytes(body), at)
        return None

    def _take(self, head: bytes, body: bytes, upto: int) -> Parcel:
        del self._buffer[:upto]
        self._scanned, self._length = 0, None
        return Parcel(head, body)


class _Line(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[Parcel] | None = None
        self._reassembly = Reassembly()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for parcel in self._reassembly.feed(data):
            if self.waiting is not None and not self.waiting.done():
                self.waiting.set_result(parcel)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(Cut(str(exc or "closed")))


def _late(waiting: asyncio.Future[Parcel]) -> None:
    if not waiting.done():
        waiting.set_exception(Cut("no answer in time"))


@dataclass(slots=True)
class Client:
    """Requests to one address over one kept-alive connection, one after another."""

    url: str
    key: str | None = None
    wait_s: float = ANSWER_WAIT_S
    _line: _Line | None = None
    _gate: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        """One request and its answer. Raises NotSent, Cut."""
        named = {"Content-Type": "application/json", **(headers or {})} if body else dict(headers or {})
        if self.key is not None:
            named.setdefault("Authorization", f"Bearer {self.key}")
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.url[7:]}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in named.items()]
        return await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def raw(self, request: bytes) -> Reply:
        """Bytes as they are, and the answer to them. Raises NotSent, Cut."""
        async with self._gate:
            loop = asyncio.get_running_loop()
            if self._line is None or self._line.transport is None or self._line.transport.is_closing():
                self._line = await self._connect(loop)
            line = self._line
            assert line.transport is not None
            line.waiting = loop.create_future()
            timer = loop.call_later(self.wait_s, _late, line.waiting)
            line.transport.write(request)
            try:
                parcel = await line.waiting
            except BaseException:
                await self.close()
                raise
            finally:
                timer.cancel()
            if (parcel.header("connection") or "").lower() == "close":
                await self.close()
            return Reply(int(parcel.head[9:12]), parcel.head, parcel.body)

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> _Line:
        place = urlsplit(self.url)
        try:
            _, line = await loop.create_connection(_Line, place.hostname or "", place.port or 80)
        except OSError as refused:
            raise NotSent(str(refused)) from refused
        return line

    async def close(self) -> None:
        """Ends the connection."""
        if self._line is not None and self._line.transport is not None:
            self._line.transport.abort()
        self._line = None

    async def get(self, path: str) -> Any:
        """The JSON of a GET that must answer 200."""
        reply = await self.ask("GET", path)
        assert reply.status == 200, f"GET {path}: {reply.status} {reply.body[:500]!r}"
        return reply.json

    async def post(self, path: str, value: object) -> Any:
        """The JSON of a POST of JSON that must answer 2xx."""
        reply = await self.ask("POST", path, json.dumps(value).encode())
        assert reply.status // 100 == 2, f"POST {path}: {reply.status} {reply.body[:500]!r}"
        return reply.json
