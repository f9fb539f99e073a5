"""A child process that says in one line of JSON when it is ready."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READY_WAIT_S = 60.0
LINE_MAX_BYTES = 1 << 20
TAIL_BYTES = 4_000


class DidNotStart(Exception):
    """The process ended, or kept silent, before it was ready."""


_living: set[int] = set()  # process groups that this harness started and has not seen end


@atexit.register
def _leave_nothing_running() -> None:
    for group in _living:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


class Process:
    """One child in a process group of its own; what it writes to stderr is appended to a file."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._env = {**os.environ, **(env or {})}
        self._child: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[bytes] | None = None
        self.log = log
        self.ready: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        """The child's id; for the hub, the one in its ready line."""
        assert self._child is not None
        return int(self.ready.get("pid", self._child.pid))

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child is not None and self._child.returncode is None

    async def start(self) -> float:
        """Runs the command; gives the seconds until it was ready. Raises DidNotStart."""
        began_s = time.monotonic()
        with self.log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
                env=self._env, cwd=ROOT, start_new_session=True, limit=LINE_MAX_BYTES,
            )  # fmt: skip
        _living.add(self._child.pid)
        assert self._child.stdout is not None
        try:
            async with asyncio.timeout(READY_WAIT_S):
                while line := await self._child.stdout.readline():
                    with contextlib.suppress(ValueError):
                        self.ready = json.loads(line)
                        break
        except TimeoutError:
            await self.kill()
            raise DidNotStart(f"silent for {READY_WAIT_S} s: {self.tail()}") from None
        if not line:
            code = await self.ended()
            raise DidNotStart(f"ended with {code}: {self.tail()}")
        self._drain = asyncio.create_task(self._child.stdout.read())
        return time.monotonic() - began_s

    def strike(self) -> None:
        """SIGKILL to the whole group, at this very instant."""
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP to the whole group: nothing of it runs, and nothing of it ends."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to the whole group."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    async def kill(self) -> None:
        """SIGKILL, and the end of it."""
        self.strike()
        await self.ended()

    async def stop(self, wait_s: float = 20.0) -> int:
        """SIGTERM; gives the exit status, or kills after `wait_s` and gives -9."""
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(wait_s):
                    return await self.ended()
            except TimeoutError:
                await self.kill()
        return await self.ended()

    async def ended(self) -> int:
        """Waits for the end; gives the exit status."""
        assert self._child is not None
        code = await self._child.wait()
        _living.discard(self._child.pid)
        if self._drain is not None:
            await self._drain
        return code

    def tail(self) -> str:
        """The last of what it wrote to stderr."""
        return self.log.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace")


async def said(command: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command that ends by itself."""
    child = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})}, cwd=ROOT,
    )  # fmt: skip
    out, err = await child.communicate()
    return child.returncode or 0, out.decode(), err.decode()


def python(module: str, *rest: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *rest]


def ticks_of(pid: int) -> float:
    """CPU seconds that a process and its living descendants have used."""
    total = 0.0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text("latin-1").rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its living descendants, in MB."""
    total_kb = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/status").read_text("latin-1").splitlines():
                if line.startswith("VmRSS:"):
                    total_kb += int(line.split()[1])
    return total_kb / 1024


def family(pid: int) -> list[int]:
    """A process and its living descendants."""
    members = [pid]
    for member in members:  # grows while it is walked
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{member}/task").iterdir():
                members += [int(child) for child in (task / "children").read_text().split()]
    return members


def ports_of(pid: int) -> set[int]:
    """The own TCP ports of the connections of a process and its living descendants."""
    inodes: set[str] = set()
    for member in family(pid):
        with contextlib.suppress(OSError):
            for handle in Path(f"/proc/{member}/fd").iterdir():
                with contextlib.suppress(OSError):
                    leads_to = handle.readlink().name
                    if leads_to.startswith("socket:["):
                        inodes.add(leads_to[8:-1])
    ports: set[int] = set()
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if fields[9] in inodes:
            ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports
