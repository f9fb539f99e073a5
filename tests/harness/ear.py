"""A target inside the harness: it says yes to everything, and remembers what came when."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from tests.harness.wire import Parcel, Reassembly


@dataclass(slots=True)
class Heard:
    """One request: its path, its JSON, and when it came on the machine's monotonic clock."""

    path: str
    tree: Any
    at_s: float
    key: str


@dataclass
class Ear:
    """Listens on a port of its own; a repeat under a known key is heard once."""

    heard: list[Heard] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    listener: Callable[[Heard], None] | None = None
    url: str = ""
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begins to listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Door(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Hears no more."""
        assert self._server is not None
        self._server.close()

    def take(self, parcel: Parcel) -> bytes:
        """The answer to one request."""
        key = parcel.header("idempotency-key") or ""
        if not key or key not in self.keys:
            self.keys.add(key)
            one = Heard(parcel.first[1], json.loads(parcel.body or b"null"), time.monotonic(), key)
            self.heard.append(one)
            if self.listener is not None:
                self.listener(one)
        body = b'{"id": "T%d"}' % len(self.keys)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def of(self, path: str) -> list[Any]:
        """What came under a path."""
        return [one.tree for one in self.heard if one.path.startswith(path)]


class _Door(asyncio.Protocol):
    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._reassembly = Reassembly()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        for parcel in self._reassembly.feed(data):
            self._transport.write(self._ear.take(parcel))
