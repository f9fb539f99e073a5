"""The store under a scenario: the site's own file, or a PostgreSQL server with a line to each host that can be cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.database import Server


class Line:
    """A relay between one host and the database that can fall silent: nothing gets through, nothing is refused.

    It runs on a thread of its own: whoever asks the database may stand still until it is answered.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._talks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.start_server(self._take, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Falls silent; whoever connects is still let in, and hears nothing."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def switch(self, port: int) -> None:
        """Leads to another server from now on; who is connected to the former one is cut off."""
        self._to = port
        self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        for talk in self._talks:
            talk.cancel()

    def mend(self) -> None:
        """Lets everything through again, what was said meanwhile first."""
        self._loop.call_soon_threadsafe(self._open.set)

    def stop(self) -> None:
        """Ends every connection."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        self._hang_up()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = self._loop.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back: asyncio.StreamWriter | None = None
        ends: list[asyncio.Future[None]] = []
        try:
            await self._open.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            ends = [asyncio.ensure_future(self._pass(*way)) for way in ((reader, back), (there, writer))]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            return  # nobody is there: whoever came is hung up on
        finally:
            for end in ends:
                end.cancel()
            for side in (writer, back):
                if side is not None:
                    side.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            await self._open.wait()
            writer.write(data)
            await writer.drain()


@dataclass(slots=True)
class Database:
    """One server, one database, and a line for each host; on demand a standby that all commits wait for."""

    server: Server | None = None
    name: str = ""
    lines: list[Line] = field(default_factory=list)
    standby: Server | None = None
    feed: Line | None = None  #: from the server to its standby
    direct: bool = False  #: for measurements: no line between the hosts and the server

    async def start(self, hosts: int, *, place: Path | None = None, standby: bool = False) -> None:
        """Starts the server, in a `place` if it is given, its standby and the lines."""
        self.server = await asyncio.to_thread(lambda: Server(durable=True, place=place).start())
        self.name = (await asyncio.to_thread(self.server.fresh)).rpartition("/")[2]
        self.lines = [Line(self.server.port) for _ in range(0 if self.direct else hosts)]
        if standby:
            primary, self.feed = self.server, Line(self.server.port)
            follows = (primary, self.feed.port)
            self.standby = await asyncio.to_thread(lambda: Server(durable=True, follows=follows).start())
            await asyncio.to_thread(primary.synchronous, True)

    def env(self, host: int | None = None) -> Mapping[str, str]:
        """What a host, or a command beside it, is told of the store.

        Where there is a standby, a host with an even number knows both servers, as a driver can; the others
        are led by a line.
        """
        assert self.server is not None
        if self.standby is not None and (host is None or host % 2 == 0):
            both = f"127.0.0.1:{self.server.port},127.0.0.1:{self.standby.port}"
            return {
                "CROSSDOCK_DATABASE": f"postgresql://crossdock@{both}/{self.name}?target_session_attrs=read-write"
            }
        port = self.server.port if host is None or self.direct else self.lines[host].port
        return {"CROSSDOCK_DATABASE": self.server.url(self.name, port=port)}

    def destroy(self) -> None:
        """Takes the database away with all that is in it; an empty one of its name takes its place."""
        assert self.server is not None
        self.server.run(f"DROP DATABASE {self.name} WITH (FORCE)")
        self.server.run(f"CREATE DATABASE {self.name}")

    async def stop(self) -> None:
        """Ends lines and server."""
        for line in self.lines:
            await asyncio.to_thread(line.stop)
        if self.feed is not None:
            await asyncio.to_thread(self.feed.stop)
        for server in (self.server, self.standby):
            if server is not None:
                await asyncio.to_thread(server.remove)
