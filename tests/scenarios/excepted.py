"""Branches that no story can show, each with its reason and the test that fails without it.

`python -m tests.scenarios.excepted` holds each of them and runs its test: one that passes all the same is told.
"""

from __future__ import annotations

import multiprocessing
import sys
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True)
class Excepted:
    """One branch, by the words of the proof."""

    what: str  #: function and condition, as `mutate` prints them
    why: str
    test: str  #: that fails when the branch is taken away


EXCEPTED: tuple[Excepted, ...] = ()


def fails(one: Excepted) -> bool:
    """Whether the test of a branch fails without it; run in a process of its own."""
    fork = multiprocessing.get_context("fork")
    with fork.Pool(1) as pool:
        return pool.apply(_fails, (one.what, one.test))


def _fails(what: str, test: str) -> bool:
    from tests.scenarios.mutate import POLICIES, branches

    (cut,) = (one for one in branches(POLICIES) if one.what == what)
    with cut.make():
        return (
            pytest.main(["-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", test])
            == pytest.ExitCode.TESTS_FAILED
        )


def main() -> int:
    """Every exception with its test; 1 where one passes without its branch."""
    idle = [one for one in EXCEPTED if not fails(one)]
    for one in idle:
        print(f"NO TEST  {one.what}  {one.test} passes without it")
    return int(bool(idle))


if __name__ == "__main__":
    sys.exit(main())
