"""Several hub processes behind one address: a parent that starts them, minds them and ends with them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

import structlog

from crossdock.faults import Misconfigured
from crossdock.settings import Settings

_log = structlog.get_logger("crossdock.workers")
#: A worker that ended is started again after this, and twice as late each time it ends soon.
_AGAIN_FIRST_S, _AGAIN_MAX_S = 0.2, 5.0
#: One that lived for so long ended for a reason of its own.
_LIVED_S = 30.0
#: Longer than a worker takes to finish what is on the wire.
_STOP_MAX_S = 13.0


async def serve(settings: Settings, ready: Callable[[str], None]) -> int:
    """Runs `settings.workers` processes until told to stop; the exit status. `ready` is told the address once all are.

    Raises Misconfigured when one of them cannot start at all; what it says stands on stderr by then.
    """
    with _reserved(settings) as (port, lifeline):
        parent = _Parent(replace(settings, port=port), lifeline)
        return await parent.run(ready)


@contextlib.contextmanager
def _reserved(settings: Settings) -> Generator[tuple[int, int]]:
    """The port, kept while the workers come and go, and the end of a pipe by which they know that we live."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    reading, writing = os.pipe()
    try:
        with socket.socket(family) as kept:
            # Bound and never listening: it takes no connection, and lets only those in that share the port.
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            kept.bind((settings.host, settings.port))
            yield int(kept.getsockname()[1]), reading
    finally:
        os.close(reading)
        os.close(writing)


class _Parent:
    def __init__(self, settings: Settings, lifeline: int) -> None:
        self._settings = settings
        self._lifeline = lifeline
        self._children: dict[int, Process] = {}
        self._ready: dict[int, asyncio.Future[str]] = {}
        self._stopping = asyncio.Event()

    async def run(self, ready: Callable[[str], None]) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        numbers = range(1, self._settings.workers + 1)
        self._ready = {n: loop.create_future() for n in numbers}
        minding = [loop.create_task(self._mind(n), name=f"worker-{n}") for n in numbers]
        try:
            urls = await self._all_ready()
            if urls:
                ready(urls[0])
            await self._stopping.wait()
        finally:
            self._stopping.set()
            await self._end()
        await asyncio.gather(*minding)
        clean = all(child.returncode == 0 for child in self._children.values())
        return 0 if clean else 1

    async def _all_ready(self) -> list[str]:
        """The addresses once every worker is ready; nothing when we are stopped before. Raises Misconfigured."""
        stopped = asyncio.ensure_future(self._stopping.wait())
        all_ready = asyncio.gather(*self._ready.values())
        await asyncio.wait({stopped, all_ready}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not all_ready.done():
            all_ready.cancel()
            return []
        return list(all_ready.result())

    async def _mind(self, n: int) -> None:
        """One worker, started again whenever it ends."""
        loop, again_s = asyncio.get_running_loop(), _AGAIN_FIRST_S
        while not self._stopping.is_set():
            began_s = loop.time()
            child = self._children[n] = await self._start(n)
            url = await _url_of(child)
            if url is not None and not self._ready[n].done():
                self._ready[n].set_result(url)
            drained = loop.create_task(_drain(child))
            code = await child.wait()
            await drained
            if not self._ready[n].done():
                says = f"worker {n} ended before it was ready, with status {code}"
                self._ready[n].set_exception(
                    Misconfigured(says, path="CROSSDOCK_WORKERS", fix="its own words are above")
                )
                return
            if self._stopping.is_set():
                return
            _log.error("a worker ended and is started again", worker=n, status=code, after_s=again_s)
            again_s = _AGAIN_FIRST_S if loop.time() - began_s > _LIVED_S else min(again_s * 2, _AGAIN_MAX_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(again_s):
                    await self._stopping.wait()

    async def _start(self, n: int) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock.cli.worker", str(self._lifeline),
            stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, pass_fds=(self._lifeline,),
            env={**os.environ, **_environment(self._settings, n)},
        )  # fmt: skip

    async def _end(self) -> None:
        """Lets every worker finish what is on the wire; those that take too long are killed."""
        living = [child for child in self._children.values() if child.returncode is None]
        for child in living:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        try:
            async with asyncio.timeout(_STOP_MAX_S):
                await asyncio.gather(*(child.wait() for child in living))
        except TimeoutError:
            for child in living:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()


def _environment(settings: Settings, n: int) -> Mapping[str, str]:
    """What one worker is told: our own settings, and which of us it is."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        "CROSSDOCK_SITE": str(settings.site),
        "CROSSDOCK_LISTEN": f"{host}:{settings.port}",
        "CROSSDOCK_DATABASE": settings.database,
        "CROSSDOCK_WORKERS": "1",
        "CROSSDOCK_HOST_ID": f"{settings.host_id}/{n}",
    }


async def _url_of(child: Process) -> str | None:
    """What a worker says when it is ready; None when it ends before."""
    assert child.stdout is not None
    async for line in child.stdout:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return str(json.loads(line)["url"])
    return None


async def _drain(child: Process) -> None:
    assert child.stdout is not None
    async for _ in child.stdout:
        continue
