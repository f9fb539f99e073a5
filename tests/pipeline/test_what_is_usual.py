"""The number of changes that is usual for a feed, told from what it did in the days before."""

from __future__ import annotations

import pytest

from crossdock.pipeline.brake import _usual

PART_MS = 15_000
DAY = 86_400_000 // PART_MS  #: parts of a day
NOW = 100_000  #: the part of now; the present span has four, this one the last


def usual(*rows: tuple[int, int], quiet: int = 0) -> int | None:
    """Of some parts and their changes, and one change in so many parts since more than a day ago."""
    before = [(NOW - DAY - 100 + 50 * n, 1) for n in range(quiet)]
    return _usual(((part * PART_MS, count) for part, count in (*before, *rows)), PART_MS, NOW * PART_MS)


def test_it_is_the_busiest_span_of_four_parts_that_follow_each_other():
    assert usual((NOW - 50, 7), (NOW - 49, 8), (NOW - 48, 9), (NOW - 47, 10), (NOW - 46, 1), quiet=10) == 34
    assert usual((NOW - 50, 7), (NOW - 45, 8), quiet=10) == 8


def test_what_several_processes_counted_in_one_part_is_added():
    assert usual((NOW - 50, 7), (NOW - 50, 5), quiet=10) == 12


@pytest.mark.parametrize(("ago", "counts"), [(5, True), (4, True), (3, False), (0, False)])
def test_the_present_span_is_no_measure_of_itself(ago: int, counts: bool):
    assert usual((NOW - ago, 900), quiet=12) == (900 if counts else 1)


@pytest.mark.parametrize(("parts", "known"), [(10, True), (9, False), (0, False)])
def test_too_few_parts_say_nothing(parts: int, known: bool):
    assert (usual(quiet=parts) is not None) is known


@pytest.mark.parametrize(("oldest", "known"), [(NOW - 4 - DAY, True), (NOW - 3 - DAY, False)])
def test_less_than_a_day_says_nothing(oldest: int, known: bool):
    rows = [(oldest + n, 1) for n in range(12)]
    assert (usual(*rows) is not None) is known
