"""`python -m tests.simulation`: seeds, one seed again, or seeds on a patched copy."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.simulation import run


def main() -> int:
    """The exit status: 0 everything held, 1 something broke (with --patch: it was caught), 2 wrong use."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="one seed again, with everything that happened")
    parser.add_argument("--patch", type=Path, help="a patch file that is tried in a copy")
    parser.add_argument("--all", action="store_true", help="go on after the first that breaks")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    given = parser.parse_args()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # what was begun is ended, and its stores are removed
    if given.serve:
        run.serve(run.counted(given.serve))
        return 0
    if given.seed is not None:
        return run.shown(given.seed)
    numbers = range(given.first, given.first + given.seeds)
    if given.patch is not None:
        from tests.simulation import patched

        return patched.tell(given.patch, numbers)
    result = run.many(numbers, first_only=not given.all)
    print(run.report(result))
    return 1 if result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
