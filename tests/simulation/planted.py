"""Planted faults: each patch breaks one guard, and a seed or a short test must notice it."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.simulation.patched import Catch, NotApplied, caught
from tests.simulation.run import ROOT, WORKERS

FOLDER = ROOT / "tests" / "planted"
#: Seeds that each patch gets, after the one that found it last time.
SEEDS = 60
_FIRST = re.compile(r"^Found by seed (\d+)\.", re.MULTILINE)
_TESTS = re.compile(r"^Found by (tests/\S+)\.$", re.MULTILINE)
#: Patches that are tried at a time, each with one process.
BESIDE = 2


def patches(names: Sequence[str] = ()) -> list[Path]:
    """The patch files, or those of some names."""
    found = sorted(FOLDER.glob("*.patch"))
    return [path for path in found if not names or path.stem in names]


def says(patch: Path) -> str:
    """What a patch breaks, in its own words."""
    return patch.read_text().partition("\n")[0]


def numbers(patch: Path, seeds: int) -> list[int]:
    """The seeds to try: that which found it before is the first."""
    before = _FIRST.search(patch.read_text())
    first = [int(before.group(1))] if before else []
    return [*first, *(n for n in range(seeds) if n not in first)]


def find(patch: Path, seeds: int) -> Catch:
    """What notices a planted fault: the test that it names, where what it breaks lies beyond the simulated world."""
    named = _TESTS.findall(patch.read_text())
    try:
        return caught(
            patch,
            [] if named else numbers(patch, seeds),
            tests=named,
            processes=WORKERS // BESIDE,
        )
    except NotApplied as fault:
        return Catch(says=str(fault))


def told(patch: Path, seeds: int) -> tuple[Path, Catch, float]:
    """What notices a fault, and the seconds that it took."""
    began_s = time.monotonic()
    return patch, find(patch, seeds), time.monotonic() - began_s


def main() -> int:
    """The exit status: 0 all were found."""
    parser = argparse.ArgumentParser(prog="make planted", description=__doc__)
    parser.add_argument("names", nargs="*", help="some of them; without any: all")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="for each, after the one that found it")
    parser.add_argument("--note", action="store_true", help="write into each patch which seed found it")
    given = parser.parse_args()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # what was begun is ended, and its stores are removed
    began_s, found, lost = time.monotonic(), 0, list[str]()
    planted = patches(given.names)
    with ThreadPoolExecutor(BESIDE) as pool:
        for patch, catch, took_s in pool.map(lambda patch: told(patch, given.seeds), planted):
            found += bool(catch.by)
            if not catch.by:
                lost.append(patch.stem)
            elif given.note and catch.by.startswith("seed "):
                note(patch, catch.by)
            what = f"{catch.by}: {catch.says}" if catch.by else f"NOT FOUND {catch.says}"
            print(f"{patch.stem:45} {took_s:5.1f} s  {what[:160]}", flush=True)
    print(f"{len(planted)} planted, {found} found, in {time.monotonic() - began_s:.0f} s")
    if lost:
        print(f"not found: {', '.join(lost)}")
    return 1 if lost else 0


def note(patch: Path, by: str) -> None:
    """Writes into a patch which seed found it, so that it is tried first."""
    text = _FIRST.sub("", patch.read_text())
    head, _, rest = text.partition("--- ")
    patch.write_text(f"{head.strip()}\nFound by {by}.\n\n--- {rest}")


if __name__ == "__main__":
    sys.exit(main())
