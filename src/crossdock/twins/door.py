"""A small HTTP/1.1 server that can also misbehave: hang up, or answer what is not HTTP.

A framework would be in the way here: a twin has to close a connection without an answer, and to
be ready within a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["BODY_BYTES_MAX", "Door", "Reply", "Request"]

HEAD_BYTES_MAX = 32_768
BODY_BYTES_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case, the path is decoded part by part."""

    method: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    target: str  #: as it stood in the request line


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `outcome` is a word for the twin's own record, not sent."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    outcome: str = "read"


#: Answers one request; None hangs up without an answer.
Handler = Callable[[Request], Awaitable[Reply | None]]


class Door:
    """Listens, reads requests one after another from each connection, and writes the replies."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> str:
        """Starts listening (port 0: a free one) and gives the URL."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=HEAD_BYTES_MAX)
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        return f"http://{bound_host}:{bound_port}"

    async def close(self) -> None:
        """Stops listening and cuts all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: one that asyncio starts for us complains when it is cancelled.
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The other side went away; what it asked for stands all the same.
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serves one request; False when the connection is at its end."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        except asyncio.LimitOverrunError:
            return await _refuse(writer, 431)
        parsed = _parse_head(head)
        if parsed is None:
            return await _refuse(writer, 400)
        method, target, headers = parsed
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal():
            return await _refuse(writer, 411)
        if int(length) > BODY_BYTES_MAX:
            return await _refuse(writer, 413)
        body = await reader.readexactly(int(length)) if length != "0" else b""
        split = urlsplit(target)
        parts = tuple(unquote(part) for part in split.path.split("/")[1:])
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        reply = await self._handler(Request(method, parts, query, headers, body, target))
        if reply is None:
            return False
        keep = headers.get("connection", "").lower() != "close"
        writer.write(_bytes(reply, keep=keep))
        await writer.drain()
        return keep


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]] | None:
    """Method, target and headers; None when this is not HTTP."""
    first, *rest = head[:-4].decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        return None
    headers: dict[str, str] = {}
    for row in rest:
        name, colon, value = row.partition(":")
        if not colon:
            return None
        headers[name.lower()] = value.strip()
    return words[0], words[1], headers


def _bytes(reply: Reply, *, keep: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        f"Content-Length: {len(reply.body)}",
    ]
    if reply.body:
        lines.append(f"Content-Type: {reply.content_type}")
    lines.extend(f"{name}: {value}" for name, value in reply.headers.items())
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + reply.body


async def _refuse(writer: asyncio.StreamWriter, status: int) -> bool:
    """Answers a request that cannot even be read, and ends the connection."""
    writer.write(_bytes(Reply(status), keep=False))
    await writer.drain()
    return False
