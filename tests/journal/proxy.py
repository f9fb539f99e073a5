"""A proxy before a PostgreSQL server that cuts a connection at the commit: before the server has it, or after."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

#: How the commits of a journal's writer, and of a plain client, look on the wire.
COMMITS = (b"commit\x00", b"COMMIT")


class Cut(Enum):
    """When the next commit loses its connection."""

    NOT = "not"
    BEFORE = "before"  #: the server never hears of it
    AFTER = "after"  #: the server has answered, and nobody hears that


class Proxy:
    """Passes bytes between clients and one server."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self.port = 0
        self.cut = Cut.NOT
        self.cuts = 0
        self.open = True  #: whether connections are taken

    async def serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection."""
        if not self.open:
            back.close()
            return
        server, forth = await asyncio.open_connection("127.0.0.1", self._server_port)
        swallow = asyncio.Event()
        answers = asyncio.create_task(self._answers(server, back, swallow))
        try:
            while data := await client.read(65_536):
                if self.cut is not Cut.NOT and any(word in data for word in COMMITS):
                    at, self.cut = self.cut, Cut.NOT
                    self.cuts += 1
                    if at is Cut.BEFORE:
                        break
                    swallow.set()
                forth.write(data)
                await forth.drain()
                if swallow.is_set():
                    await answers  # the server has answered
                    break
        except OSError:
            pass
        finally:
            answers.cancel()
            for writer in (forth, back):
                writer.transport.abort()

    @staticmethod
    async def _answers(
        server: asyncio.StreamReader, back: asyncio.StreamWriter, swallow: asyncio.Event
    ) -> None:
        while data := await server.read(65_536):
            if swallow.is_set():
                return
            back.write(data)
            await back.drain()


@contextmanager
def proxy(server_port: int) -> Iterator[Proxy]:
    """A proxy that listens, on a thread of its own: what it serves may block the loop of the test."""
    made, started = Proxy(server_port), threading.Event()
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
        made.port = listener.sockets[0].getsockname()[1]
        started.set()

    def run() -> None:
        loop.run_until_complete(listen())
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
