"""Orders told in any order against the same told as it happened: `python -m tests.lifecycle.shuffle 1000`."""

from __future__ import annotations

import sys
from random import Random

from tests.lifecycle.histories import REPORTED, after, disturbed, history, outcome


def differing(first: int, count: int) -> list[int]:
    """The seeds whose orders end elsewhere when they are shuffled, doubled and delayed."""
    found: list[int] = []
    for seed in range(first, first + count):
        reported = REPORTED if seed % 2 else frozenset()
        undisturbed = after(history(seed), reported=reported)
        again = after(disturbed(history(seed), Random(seed + 1)), reported=reported)
        if outcome(again) != outcome(undisturbed) or undisturbed.waiting or undisturbed.refused:
            found.append(seed)
    return found


def main() -> int:
    """Prints how many orders were told, and which ended elsewhere."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    found = differing(0, count)
    words = sum(len(history(seed)) for seed in range(count))
    print(f"{count} orders, {words} words: {len(found)} end elsewhere {found[:10]}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
