"""The system calls around one 202: the commit must be on the disk before the answer is on the wire."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.harness.hub import View
from tests.harness.outcome import Outcome
from tests.harness.sender import INTAKE
from tests.harness.site import Plan
from tests.harness.stage import UNSAFE, stage

READS = ("read", "recvfrom", "recvmsg", "readv")
WRITES = ("write", "sendto", "sendmsg", "writev")
SYNCS = ("fdatasync", "fsync")
_CALL = re.compile(r"^(\d+) +(\d+\.\d+) (\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)$")
_RESULT = re.compile(r"= (-?\d+)(?:<[^>]*>)?(?: .*)?$")
_FD = re.compile(r"^(\d+)<([^>]*)>")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that ended; `began` and `ended` are lines of the trace, which is in the kernel's order."""

    name: str
    fd: int
    file: str
    text: str
    result: int
    began: int
    ended: int


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """The calls of a trace made by `strace -f -ttt -y`, in the order in which they ended."""
    open_calls: dict[str, tuple[str, str, int]] = {}
    for at, line in enumerate(lines):
        began = at
        if (found := _CALL.match(line)) is not None:
            thread, _, name, text = found.groups()
            if text.endswith("<unfinished ...>"):
                open_calls[thread] = (name, text, at)
                continue
        elif (found := _RESUMED.match(line)) is not None:
            thread, _, name, rest = found.groups()
            _, text, began = open_calls.pop(thread, (name, "", at))
            text += rest
        else:
            continue
        fd, result = _FD.match(text), _RESULT.search(text)
        if fd is not None and result is not None:
            yield Call(name, int(fd.group(1)), fd.group(2), text, int(result.group(1)), began, at)


def unsynced(trace: Iterable[Call]) -> tuple[int, list[str]]:
    """How many 202 were written, and those without a sync between the request's last byte and their first."""
    last_read: dict[int, Call] = {}
    syncs: list[Call] = []
    answers, wrong = 0, []
    for call in trace:
        if call.name in READS and call.result > 0 and call.file.startswith(("socket:", "TCP")):
            last_read[call.fd] = call
        elif call.name in SYNCS and call.result == 0 and ".db" in call.file:
            syncs.append(call)
        elif call.name in WRITES and call.result > 0 and "HTTP/1.1 202" in call.text:
            answers += 1
            asked = last_read.get(call.fd)
            if asked is None or not any(s.began > asked.ended and s.ended < call.began for s in syncs):
                wrong.append(f"202 on socket {call.fd} at line {call.began + 1}")
    return answers, wrong


def available() -> bool:
    """Whether this machine can trace system calls."""
    return shutil.which("strace") is not None


async def run(folder: Path, *, orders: int = 5, sync_off: bool = False) -> Outcome:
    """Single orders to a traced hub, each sent only when nothing else is under way."""
    env = {UNSAFE: "1", "CROSSDOCK_SQLITE_SYNC": "off"} if sync_off else {}
    file = folder / "strace.txt"
    names = ",".join((*READS, *WRITES, *SYNCS))
    prefix = ["strace", "-f", "-ttt", "-y", "-s", "48", "-e", f"trace={names}", "-o", str(file)]
    async with stage(folder, Plan(), env=env, prefix=prefix) as world:
        client = world.client()
        for _ in range(orders):
            order = world.shop.book.next("C")
            await world.shop.post(client, order)
            await _rest(world.view())
        await client.close()
        verdict = await world.verdict()
        await world.hub.process.stop()
    answers, wrong = unsynced(calls(file.read_text("utf-8", "replace").splitlines()))
    outcome = Outcome(f"system calls around {INTAKE}, sync off: {sync_off}", verdict=verdict, problems=wrong)
    if answers != orders:
        outcome.problems.append(f"{orders} posted, {answers} answers with 202 in the trace")
    outcome.rows += [("202 seen", answers), ("without a sync before", len(wrong))]
    return outcome


async def _rest(view: View) -> None:
    """Waits until the order is delivered, so that no later commit stands for an earlier one."""
    for _ in range(500):
        figures = await view.conservation()
        if figures["transmissions"]["done"] == figures["captures"]["accepted"]:
            break
        await asyncio.sleep(0.02)
    await view.close()
