"""A server on a real socket that misbehaves exactly as told."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network

LOOPBACK = (IPv4Network("127.0.0.0/8"),)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(eq=False)
class Wire:
    """One connection that a scripted server accepted."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """One whole request with a Content-Length, or b"" when the client hung up."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head + (await self.reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b"")

    async def answer(self, raw: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(raw)
        await self.writer.drain()

    def reset(self) -> None:
        """Ends the connection by RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass(eq=False)
class Server:
    """What a scripted server saw."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Script = Callable[[Wire, Server], Awaitable[None]]
Serve = Callable[..., Awaitable[Server]]


async def wait_for_ever(wire: Wire, seen: Server) -> None:
    """Reads the request and says nothing."""
    seen.requests.append(await wire.request())
    await asyncio.Event().wait()


async def well(wire: Wire, seen: Server) -> None:
    """Answers every request with 200."""
    while request := await wire.request():
        seen.requests.append(request)
        await wire.answer(OK)
