"""How fast X12 is read and checked, beside pyx12 and npm's x12-parser on the same bytes: `python -m bench.x12`.

    python -m bench.x12 [--megabytes 12] [--gigabyte] [--peers FOLDER]

MB for each second of processor time of one core. `--gigabyte` checks a file of 1 GB that is made while it is read,
and tells the most memory; then one of a single set of 1 GB. The peers are installed from their registries into
`.cache/bench-x12`; one that cannot be installed is left out. pyx12 checks sets of health care and acknowledgements
only, so that its check is measured on 997s, and ours beside it.
"""

from __future__ import annotations

import argparse
import io
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from crossdock.formats.x12.check import SetReport, check
from crossdock.formats.x12.read import events

PYX12, PARSER = "pyx12==4.0.0", "x12-parser@1.3.0"
PEER_BYTES = 2_000_000  #: they are slow; the figure is for each MB all the same

#: Each peer reads the file from standard input and answers with its seconds and segments.
PYX12_SEGMENTS = """
import io, sys, time
from pyx12.x12file import X12Reader
text = sys.stdin.buffer.read().decode("latin-1")
start = time.process_time()
count = sum(1 for _ in X12Reader(io.StringIO(text)))
print(time.process_time() - start, count)
"""
PYX12_CHECK = """
import io, sys, time
import pyx12.params, pyx12.x12n_document
text = sys.stdin.buffer.read().decode("latin-1")
start = time.process_time()
sound = pyx12.x12n_document.x12n_document(pyx12.params.params(), io.StringIO(text), None, None, None)
print(time.process_time() - start, sound)
"""
PARSER_SEGMENTS = """
const { X12parser } = require("x12-parser");
const fs = require("node:fs");
const { Readable } = require("node:stream");
const text = fs.readFileSync(0);
const parts = [];
for (let at = 0; at < text.length; at += 65536) parts.push(text.subarray(at, at + 65536));
const start = process.cpuUsage();
let count = 0;
Readable.from(parts).pipe(new X12parser()).on("data", () => count++).on("end", () => {
  const spent = process.cpuUsage(start);
  console.log((spent.user + spent.system) / 1e6, count);
});
"""

ISA = b"ISA*00*          *00*          *ZZ*SHOP           *ZZ*WAREHOUSE      *260314*1230*U*00401*000000001*0*P*>~\n"


def orders(lines: int = 40) -> Iterator[bytes]:
    """Orders of so many lines, each other than the last, without end."""
    number = 0
    while True:
        number += 1
        body = [
            f"BEG*00*SA*PO-{number:07}**20260314",
            "REF*DP*038",
            f"DTM*002*202604{number % 28 + 1:02}",
            "TD5*O*2*RDWY*M*Overland freight",
            f"N1*ST*Store {number % 997}*92*{number % 997:04}",
            f"N3*{number % 99} Main Street",
            "N4*Springfield*IL*62701*US",
        ]
        for line in range(1, lines + 1):
            item = 100_000_000_000 + number * 977 + line
            body += [
                f"PO1*{line}*{line * 12 % 99 + 1}*EA*{line % 50}.95**UP*{item}*VN*M-{item % 99991}",
                f"PID*F****Mug no. {item % 9973}, glazed",
            ]
            if line % 4 == 0:
                body.append(f"PO4*{line % 24 + 1}*1*EA")
        body.append(f"CTT*{lines}")
        control = f"{number:09}"
        yield "".join(
            f"{one}~\n" for one in [f"ST*850*{control}", *body, f"SE*{len(body) + 2}*{control}"]
        ).encode()


def answers() -> Iterator[bytes]:
    """997s, each for a group of three orders, without end."""
    number = 0
    while True:
        number += 1
        body = [f"AK1*PO*{number}"]
        for one in range(3):
            body += [f"AK2*850*{number * 3 + one:04}", "AK5*A"]
        body.append("AK9*A*3*3*3")
        control = f"{number:09}"
        yield "".join(
            f"{one}~\n" for one in [f"ST*997*{control}", *body, f"SE*{len(body) + 2}*{control}"]
        ).encode()


def file(size: int, sets: Iterator[bytes], family: bytes = b"PO") -> Iterator[bytes]:
    """An interchange of at least so many bytes, set by set."""
    yield ISA + b"GS*" + family + b"*SHOP*WAREHOUSE*20260314*1230*1*X*004010~\n"
    count = made = 0
    for one in sets:
        yield one
        made += len(one)
        count += 1
        if made >= size:
            break
    yield f"GE*{count}*1~\nIEA*1*000000001~\n".encode()


def giant(size: int) -> Iterator[bytes]:
    """An interchange with one order of so many bytes, line by line."""
    yield ISA + b"GS*PO*SHOP*WAREHOUSE*20260314*1230*1*X*004010~\nST*850*0001~\nBEG*00*SA*PO-1**20260314~\n"
    line = b"PO1**12*EA*9.95**UP*012345678905*VN*M-1~\nPID*F****Mug, glazed~\n" * 1000
    count = size // len(line)
    for _ in range(count):
        yield line
    yield f"SE*{count * 2000 + 3}*0001~\nGE*1*1~\nIEA*1*000000001~\n".encode()


class Stream(io.RawIOBase):
    """Bytes that are made while they are read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes; fewer only at the end."""
        parts, have = [self._rest], len(self._rest)
        while have < size:
            part = next(self._parts, b"")
            if not part:
                break
            parts.append(part)
            have += len(part)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]


def spent_s(work: Callable[[], object]) -> float:
    """The least processor time of three runs."""
    times: list[float] = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def segments(octets: bytes) -> int:
    """How many segments the sets of a file have, read with its envelope."""
    return sum(len(event.set.raw) for event in events(octets) if event.set)


def findings(source: bytes | BinaryIO) -> int:
    """The findings of a file, of which there must be none."""
    return sum(len(one.findings) for one in check(source) if isinstance(one, SetReport))


def peer_mb_per_s(command: list[str | Path], octets: bytes, folder: Path) -> float:
    """The speed of a peer."""
    ran = subprocess.run(command, input=octets, capture_output=True, check=True, timeout=600, cwd=folder)
    return len(octets) / 1e6 / float(ran.stdout.split()[0])


def pyx12(folder: Path) -> Path | None:
    """An interpreter that has pyx12."""
    program = folder.resolve() / "venv" / "bin" / "python"
    if not (folder / ".pyx12").exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
            subprocess.run([program, "-m", "pip", "install", "--quiet", PYX12], check=True, timeout=600)
        except (subprocess.SubprocessError, OSError):
            return None
        (folder / ".pyx12").touch()
    return program


def parser(folder: Path) -> Path | None:
    """A Node that finds x12-parser from the folder."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    if not (folder / ".x12-parser").exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            command = [npm, "install", "--silent", "--no-fund", "--no-audit", "--prefix", folder, PARSER]
            subprocess.run(command, check=True, timeout=600, capture_output=True)
        except (subprocess.SubprocessError, OSError):
            return None
        (folder / ".x12-parser").touch()
    return Path(node)


def rows(megabytes: int, folder: Path) -> Iterator[tuple[str, float]]:
    """What was measured, and its MB/s."""
    octets = b"".join(file(megabytes * 1_000_000, orders()))
    acks = b"".join(file(PEER_BYTES, answers(), b"FA"))
    assert not findings(octets) and not findings(acks), "the files are valid"
    size = len(octets) / 1e6
    yield "850: segments and envelope", size / spent_s(lambda: segments(octets))
    yield "850: full grammar check", size / spent_s(lambda: findings(octets))
    yield "997: full grammar check", len(acks) / 1e6 / spent_s(lambda: findings(acks))
    part = b"".join(file(PEER_BYTES, orders()))
    if python := pyx12(folder):
        yield (
            f"{PYX12}, 850: segments and envelope",
            peer_mb_per_s([python, "-c", PYX12_SEGMENTS], part, folder),
        )
        yield f"{PYX12}, 997: full check", peer_mb_per_s([python, "-c", PYX12_CHECK], acks[:], folder)
    if node := parser(folder):
        yield f"{PARSER}, 850: segments", peer_mb_per_s([node, "-e", PARSER_SEGMENTS], part, folder)


def gigabyte(name: str, parts: Iterator[bytes]) -> None:
    """Checks 1 GB and prints how long it took, and how much memory."""
    start = time.process_time()
    wrong = findings(cast("BinaryIO", Stream(parts)))
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"1 GB, {name}: {wrong} findings in {seconds:.0f} s, at most {peak:.0f} MB of memory", flush=True)


def main() -> None:
    """Reads the command line and prints a table."""
    asks = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asks.add_argument("--megabytes", type=int, default=12)
    asks.add_argument("--gigabyte", action="store_true")
    asks.add_argument("--peers", type=Path, default=Path(".cache/bench-x12"))
    asked = asks.parse_args()
    if asked.gigabyte:
        gigabyte("many sets", file(1_000_000_000, orders()))
        gigabyte("one set", giant(1_000_000_000))
        return
    print("| X12 | MB/s |\n|---|---|")
    for name, speed in rows(asked.megabytes, asked.peers):
        print(f"| {name} | {speed:.1f} |", flush=True)


if __name__ == "__main__":
    main()
