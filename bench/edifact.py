"""How fast EDIFACT is read and checked, beside pydifact on the same bytes: `python -m bench.edifact`.

    python -m bench.edifact [--megabytes 12] [--gigabyte] [--peer PYTHON]

MB for each second of processor time of one core. `--gigabyte` checks a file of 1 GB that is made while it is read,
and tells the most memory. pydifact is measured by an interpreter that has it: the one of `--peer`, or one of an
environment that is made in `.cache/bench-edi`.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from crossdock.formats.edifact.check import check
from crossdock.formats.edifact.interchange import messages
from crossdock.formats.edifact.wire.envelope import Envelope

PEER = "pydifact==0.2.3"
#: The peer reads the same file from standard input and answers with its seconds and segments.
PEER_PROGRAM = """
import sys, time
from pydifact.segmentcollection import RawSegmentCollection
text = sys.stdin.buffer.read().decode("latin-1")
start = time.process_time()
count = sum(1 for _ in RawSegmentCollection.from_str(text).segments)
print(time.process_time() - start, count)
"""
PEER_BYTES = 2_000_000  #: it is slow; the figure is for each MB all the same

HEAD = b"UNA:+.? '\nUNB+UNOC:3+5412345000013:14+4012345500004:14+250309:1410+1'\n"


def orders(lines: int = 40) -> Iterator[bytes]:
    """Orders of so many lines, each other than the last, without end."""
    number = 0
    while True:
        number += 1
        segments = [
            f"UNH+{number}+ORDERS:D:96A:UN:EAN008",
            f"BGM+220+PO-{number:07}+9",
            "DTM+137:20250309:102",
            f"DTM+2:202503{number % 28 + 1:02}1200:203",
            "FTX+DEL+++LEAVE AT DOCK FOUR",
            "NAD+BY+5412345000013::9",
            f"NAD+SU+4012345500004::9++SUPPLIER {number}+STREET {number % 99}+CITY++50667+DE",
            "CTA+OC+:A. PIETERS",
            "COM+?+49221555010:TE",
            "CUX+2:EUR:9",
        ]
        for line in range(1, lines + 1):
            item = 4_000_000_000_000 + number * 977 + line
            segments += [
                f"LIN+{line}++{item}:EN",
                f"PIA+1+M-{item % 99991}:SA",
                f"IMD+F++:::WIDGET NUMBER {item % 997}",
                f"QTY+21:{item % 500}:PCE",
                f"MOA+203:{item % 9973}.{item % 100:02}",
                f"PRI+AAA:{item % 97}.{item % 100:02}:::1:PCE",
                f"RFF+PL:SPRING{item % 31}",
            ]
        segments += ["UNS+S", f"CNT+2:{lines}"]
        segments.append(f"UNT+{len(segments) + 1}+{number}")
        yield "".join(f"{segment}'\n" for segment in segments).encode("latin-1")


def file(size: int) -> Iterator[bytes]:
    """The blocks of a valid file of at least so many bytes."""
    yield HEAD
    made = 0
    for count, order in enumerate(orders(), 1):
        yield order
        made += len(order)
        if made >= size:
            yield f"UNZ+{count}+1'\n".encode()
            return


def spent_s(work: Callable[[], object]) -> float:
    """The least processor time of three runs."""
    times: list[float] = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def findings(octets: bytes) -> int:
    """The findings of a file, of which there must be none."""
    return sum(len(report.findings) for report in check(octets))


def peer_mb_per_s(program: Path, octets: bytes) -> float:
    """The speed of pydifact."""
    ran = subprocess.run(
        [program, "-c", PEER_PROGRAM], input=octets, capture_output=True, check=True, timeout=600
    )
    return len(octets) / 1e6 / float(ran.stdout.split()[0])


def peer(folder: Path) -> Path:
    """An interpreter that has pydifact."""
    program = folder / "bin" / "python"
    if not (folder / ".whole").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", PEER], check=True, timeout=600)
        (folder / ".whole").touch()
    return program


def rows(megabytes: int, program: Path) -> Iterator[tuple[str, float]]:
    """What was measured, and its MB/s."""
    octets = b"".join(file(megabytes * 1_000_000))
    assert not findings(octets), "the file is valid"
    size = len(octets) / 1e6
    yield "segments and envelope", size / spent_s(lambda: sum(1 for _ in Envelope(octets, print)))
    yield "messages as values", size / spent_s(lambda: sum(1 for _ in messages(octets)))
    yield "full grammar check", size / spent_s(lambda: findings(octets))
    part = b"".join(file(PEER_BYTES))
    yield f"{PEER}, segments", peer_mb_per_s(program, part)


def main() -> None:
    """Reads the command line and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=12)
    parser.add_argument("--gigabyte", action="store_true")
    parser.add_argument("--peer", type=Path)
    asked = parser.parse_args()
    if asked.gigabyte:
        start = time.process_time()
        reports = sum(1 for _ in check(file(1_000_000_000)))
        seconds = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"1 GB: {reports - 1} messages checked in {seconds:.0f} s, at most {peak:.0f} MB of memory")
        return
    print("| EDIFACT | MB/s |\n|---|---|")
    for name, speed in rows(asked.megabytes, asked.peer or peer(Path(".cache/bench-edi"))):
        print(f"| {name} | {speed:.1f} |")


if __name__ == "__main__":
    main()
