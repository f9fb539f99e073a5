"""Whoever the hub of a console test calls."""

from __future__ import annotations

import asyncio
import contextlib
import json


class Partner:
    """Whoever the hub calls: takes what it is sent, or answers as it was told for a path and a number."""

    def __init__(self, first_id: int = 5000) -> None:
        self._first_id = first_id
        self.says: dict[str, int] = {}  #: "/wms SO-7" or "/wms" to a status; 0 cuts the connection
        self.got: list[tuple[str, str]] = []
        self.keys: list[tuple[str, str, str, bytes]] = []  #: path, number, Idempotency-Key, body
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                lengths = [
                    int(line.split(":")[1]) for line in head if line.lower().startswith("content-length")
                ]
                body = await reader.readexactly(lengths[0]) if lengths else b"{}"
                path, number = head[0].split(" ")[1], str(json.loads(body or b"{}").get("order", ""))
                status = self.says.get(f"{path} {number}", self.says.get(path, 201))
                if not status:
                    break
                self.got.append((path, number))
                key = next(
                    (line.split(": ", 1)[1] for line in head if line.lower().startswith("idempotency-key")),
                    "",
                )
                self.keys.append((path, number, key, body))
                said = {"id": f"{path[1:].upper()}-{self._first_id + len(self.got)}"}
                if status >= 400:
                    said = {"detail": f"item of {number} is blocked for sale"}
                answer = json.dumps(said).encode()
                writer.write(
                    b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n" % status
                    + b"content-length: %d\r\n\r\n" % len(answer)
                    + answer
                )
                await writer.drain()
        writer.close()
