"""The store under a scenario: the site's own file, or a PostgreSQL server with a line to each host that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.database import Server


class Line:
    """A relay between one host and the database that can fall silent: nothing gets through, nothing is refused."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listens on a port of its own."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Falls silent; whoever connects is still let in, and hears nothing."""
        self._open.clear()

    def mend(self) -> None:
        """Lets everything through again, what was said meanwhile first."""
        self._open.set()

    async def stop(self) -> None:
        """Ends every connection."""
        if self._server is not None:
            self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._open.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        try:
            ends = [asyncio.ensure_future(self._pass(*way)) for way in ((reader, back), (there, writer))]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            writer.transport.abort()
            back.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            await self._open.wait()
            writer.write(data)
            await writer.drain()


@dataclass(slots=True)
class Database:
    """One server, one database, and a line for each host."""

    folder: Path
    server: Server | None = None
    name: str = ""
    lines: list[Line] = field(default_factory=list)

    async def start(self, hosts: int) -> None:
        """Starts the server and the lines."""
        self.server = await asyncio.to_thread(lambda: Server(self.folder / "postgresql").start())
        self.name = (await asyncio.to_thread(self.server.fresh)).rpartition("/")[2]
        for _ in range(hosts):
            line = Line(self.server.port)
            await line.start()
            self.lines.append(line)

    def env(self, host: int | None = None) -> Mapping[str, str]:
        """What a host, or a command beside it, is told of the store."""
        assert self.server is not None
        port = self.server.port if host is None else self.lines[host].port
        return {"CROSSDOCK_DATABASE": self.server.url(self.name, port=port)}

    async def stop(self) -> None:
        """Ends lines and server."""
        for line in self.lines:
            line.mend()
            await line.stop()
        if self.server is not None:
            await asyncio.to_thread(self.server.stop)
