"""Who listens outside: a mail server, and a server for webhooks, beats, traces and systems."""

from __future__ import annotations

import asyncio
import contextlib
import email
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any


@dataclass
class Heard:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Ear:
    """Answers every request as `answer` says, and remembers it; a status of 0 cuts the connection."""

    answer: Callable[[Heard], tuple[int, bytes]] = lambda heard: (200, b"{}")
    heard: list[Heard] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def at(self, path: str) -> list[Heard]:
        """What was heard at a path."""
        return [one for one in self.heard if one.path.partition("?")[0] == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = dict(line.split(": ", 1) for line in head[1:] if line)
                headers = {name.lower(): value for name, value in headers.items()}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                heard = Heard(method, path, headers, body)
                self.heard.append(heard)
                status, reply = self.answer(heard)
                if not status:
                    break
                line = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(reply)}\r\n\r\n"
                writer.write(line.encode() + (reply if method != "HEAD" else b""))
                await writer.drain()
        writer.close()


@asynccontextmanager
async def ear(port: int = 0, **more: Any) -> AsyncIterator[Ear]:
    """A listening ear."""
    one = Ear(**more)
    server = await asyncio.start_server(one.serve, "127.0.0.1", port)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()


@dataclass
class Post:
    """A mail server that takes everything; `refuses` answers 451 to the body, `vanishes` cuts after it."""

    mails: list[Message] = field(default_factory=list)
    refuses: bool = False
    vanishes: bool = False
    tls: ssl.SSLContext | None = None
    encrypted: list[bool] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 post\r\n")
        is_encrypted = False
        while line := await reader.readline():
            word = line.strip().upper()
            if word.startswith(b"EHLO"):
                offers = [b"AUTH PLAIN"] if is_encrypted or self.tls is None else [b"STARTTLS"]
                writer.write(b"250-post\r\n250 " + offers[0] + b"\r\n")
            elif word == b"STARTTLS" and self.tls is not None:
                writer.write(b"220 go\r\n")
                await writer.drain()
                await writer.start_tls(self.tls)
                is_encrypted = True
            elif word.startswith(b"AUTH"):
                self.logins.append(line.strip())
                writer.write(b"235 in\r\n")
            elif word == b"DATA":
                writer.write(b"354 go\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                if self.vanishes:
                    return
                if self.refuses:
                    writer.write(b"451 later\r\n")
                    continue
                self.encrypted.append(is_encrypted)
                self.mails.append(
                    email.message_from_bytes(body.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."))
                )
                writer.write(b"250 taken\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")


@asynccontextmanager
async def post(port: int = 0, **more: Any) -> AsyncIterator[Post]:
    """A mail server."""
    one = Post(**more)
    server = await asyncio.start_server(one.serve, "127.0.0.1", port)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
