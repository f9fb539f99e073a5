"""Planted faults: each patch breaks one guard, and a seed or a short test must notice it."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.simulation.patched import SHORT_TESTS, Catch, NotApplied, caught
from tests.simulation.run import ROOT

FOLDER = ROOT / "tests" / "planted"
#: Seeds that each patch gets, after the one that found it last time.
SEEDS = 60
_FIRST = re.compile(r"^Found by seed (\d+)", re.MULTILINE)


def patches(names: Sequence[str] = ()) -> list[Path]:
    """The patch files, or those of some names."""
    found = sorted(FOLDER.glob("*.patch"))
    return [path for path in found if not names or path.stem in names]


def says(patch: Path) -> str:
    """What a patch breaks, in its own words."""
    return patch.read_text().partition("\n")[0]


def numbers(patch: Path) -> list[int]:
    """The seeds to try: that which found it before is the first."""
    before = _FIRST.search(patch.read_text())
    first = [int(before.group(1))] if before else []
    return [*first, *(n for n in range(SEEDS) if n not in first)]


def find(patch: Path, tests: Sequence[str] = SHORT_TESTS) -> Catch:
    """What notices a planted fault."""
    try:
        return caught(patch, numbers(patch), tests=tests, quiet=True)
    except NotApplied as fault:
        return Catch(says=str(fault))


def main() -> int:
    """The exit status: 0 all were found."""
    parser = argparse.ArgumentParser(prog="make planted", description=__doc__)
    parser.add_argument("names", nargs="*", help="some of them; without any: all")
    parser.add_argument("--no-tests", action="store_true", help="seeds alone")
    given = parser.parse_args()
    began_s, found, lost = time.monotonic(), 0, list[str]()
    planted = patches(given.names)
    for patch in planted:
        at_s = time.monotonic()
        catch = find(patch, () if given.no_tests else SHORT_TESTS)
        found += bool(catch.by)
        if not catch.by:
            lost.append(patch.stem)
        what = f"{catch.by}: {catch.says}" if catch.by else f"NOT FOUND {catch.says}"
        print(f"{patch.stem:45} {time.monotonic() - at_s:5.1f} s  {what[:160]}", flush=True)
    print(f"{len(planted)} planted, {found} found, in {time.monotonic() - began_s:.0f} s")
    if lost:
        print(f"not found: {', '.join(lost)}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
