"""`crossdock edi bench`: how fast a file is read and checked here."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.edi import source
from crossdock.cli.terminal import FOUND, MISUSED, print_json, stop

SECONDS_MIN = 1.0  #: of one measurement, which reads the file again and again
SMALL_BYTES = 1 << 20  #: a smaller file is measured as many copies in a row


def bench(
    file: source.File,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, max=600, help="How long each measurement takes at least.")
    ] = SECONDS_MIN,
    json: options.Json = False,
) -> None:
    """Measures how fast a file is read: tokens and envelope, then with full validation; and the most memory.

    The figures are for one core, in processor time; memory is that of the whole command.
    """
    from crossdock.faults import Invalid

    if file == source.STDIN:
        stop(
            "standard input can be read once, and a measurement reads again",
            fix="name a file",
            status=MISUSED,
        )
    source.must_be_files([file])
    size = Path(file).stat().st_size
    try:
        rows = [
            _measured("tokens and envelope", file, size, _read, seconds),
            _measured("full validation", file, size, _checked, seconds),
        ]
    except Invalid as fault:
        source.refused(file, fault)
        raise typer.Exit(FOUND) from None
    memory_mb = _memory_mb()
    if json:
        print_json({"file": file, "bytes": size, "measured": rows, "memory_mb": round(memory_mb, 1)})
        return
    print(f"{file}: {size / 1e6:,.3f} MB")
    for row in rows:
        times = f"{row['runs']} run{'' if row['runs'] == 1 else 's'}"
        print(
            f"  {row['what']:<20}{row['mb_per_s']:>8.1f} MB/s  {row['segments_per_s']:>11,} segments/s  ({times})"
        )
    print(f"  {'most memory':<20}{memory_mb:>8.1f} MB")


def _measured(what: str, file: str, size: int, read: Any, seconds: float) -> dict[str, Any]:
    runs, segments, bytes_ = 0, 0, 0
    began_s = time.process_time()
    while time.process_time() - began_s < seconds or not runs:
        if size < SMALL_BYTES:
            many = SMALL_BYTES // max(size, 1) + 1
            again = b"\n".join([Path(file).read_bytes().rstrip()] * many)
            segments += read(_in_memory(again))
            bytes_ += len(again)
        else:
            with source.opened(file) as opened:
                segments += read(opened)
            bytes_ += size
        runs += 1
    spent_s = max(time.process_time() - began_s, 1e-9)
    return {
        "what": what,
        "mb_per_s": round(bytes_ / spent_s / 1e6, 2),
        "segments_per_s": round(segments / spent_s),
        "runs": runs,
    }


def _in_memory(octets: bytes) -> Any:
    from crossdock.formats.edifile.detect import opened

    return opened(octets)


def _read(opened: Any) -> int:
    """Every segment of a file, told apart; how many there are."""
    if opened.format == "x12":
        from crossdock.formats.x12.read import events

        return sum(len(one.set.raw) if one.set else 1 for one in events(opened.stream, lenient=True))
    from crossdock.formats.edifact.wire.envelope import Envelope

    return sum(len(part.raws) for part in Envelope(opened.stream, lambda _: None))


def _checked(opened: Any) -> int:
    """Every segment of a file, checked; how many there were is not told by a check."""
    from crossdock.formats.edifile.checked import check

    return sum(one.segments for one in check(opened))


def _memory_mb() -> float:
    try:
        import resource
    except ImportError:  # there is none on Windows
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)
