"""The HTTP server of the hub, in the process and on the event loop of the worker."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

STOP_MAX_S = 1.5
_HEAD_MAX_S = 15  #: for the head of a request
#: Of the head of a request; the server reads bodies by pieces of as much.
_HEAD_MAX_BYTES = 131_072
#: Connections that are held at once; the next ones wait outside. Idle ones cost some kilobytes each.
_CONNECTIONS_MAX = 12_000
#: Descriptors that are left to the store, to targets and to files.
_DESCRIPTORS_KEPT = 512
_UP_STEP_S = 0.01
_UP_MAX_S = 10.0


class HttpServer:
    """Granian, embedded: one Rust thread for the sockets, the application on our loop."""

    def __init__(
        self, app: Any, host: str, port: int, *, shares_port: bool = False, connections_max: int | None = None
    ) -> None:
        """`connections_max`: held at once; by default as many as the machine's limits allow."""
        self._shares_port = shares_port
        self.host = host
        self.port = port or _free_port(host)
        self._server = Server(
            app,
            address=host,
            port=self.port,
            interface=Interfaces.RSGI,
            log_enabled=False,
            backlog=1024,
            # By default it is the backlog: a thousand callers that say nothing would shut everybody out.
            backpressure=connections_max or _connections_max(),
            websockets=False,
            # No other: while the server waits to learn which one a caller speaks, no time-out runs.
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=_HEAD_MAX_S * 1000, max_buffer_size=_HEAD_MAX_BYTES
            ),
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listens; returns when connections are taken. Raises OSError when the address cannot be had."""
        if not self._shares_port:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((self.host, self.port))  # a taken port is told here, in plain words
        self._task = asyncio.get_running_loop().create_task(self._server.serve(), name="http")
        for _ in range(int(_UP_MAX_S / _UP_STEP_S)):
            if self._task.done():
                self._task.result()
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(_UP_STEP_S)
                continue
            writer.close()
            return
        raise OSError(f"nothing listens on {self.host}:{self.port} after {_UP_MAX_S:.0f} s")

    def on_exit(self, call: Callable[[], None]) -> None:
        """Calls when the server ends, whatever the reason."""
        assert self._task is not None, "the server was started"
        self._task.add_done_callback(lambda _: call())

    async def stop(self) -> None:
        """Takes no more connections; whoever holds half a request has `STOP_MAX_S` to end it."""
        self._server.stop()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_MAX_S)
            self._task.cancel()

    @property
    def url(self) -> str:
        """Where it is reached."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def _connections_max() -> int:
    """How many connections the process may hold, after asking for as many descriptors as the machine grants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS_MAX + _DESCRIPTORS_KEPT
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return _CONNECTIONS_MAX
    return max(min(_CONNECTIONS_MAX, soft - _DESCRIPTORS_KEPT), soft // 2)


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
