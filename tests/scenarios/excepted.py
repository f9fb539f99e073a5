"""Branches that no story can show, each with its reason and the test that fails without it.

`python -m tests.scenarios.excepted` holds each of them and runs its test: one that passes all the same is told.
"""

from __future__ import annotations

import multiprocessing
import sys
from dataclasses import dataclass

import pytest

from tests.scenarios.cuts import Cut, branches
from tests.scenarios.policies import POLICIES


@dataclass(frozen=True, slots=True)
class Excepted:
    """One branch, by the words of the proof."""

    what: str  #: function and condition, as `mutate` prints them
    why: str
    test: str  #: that fails when the branch is taken away


_SMALL = "tests/pipeline/test_what_no_system_sees.py::"
_SOURCING, _PROMISE = "tests/stock/test_sourcing.py::", "tests/stock/test_promise.py::"
EXCEPTED: tuple[Excepted, ...] = (
    Excepted("stock.sourcing.choose._ranked: {share.site for share in shares} != set(names)",
             "a site that ships nothing changes only the words of the choice",
             f"{_SOURCING}test_sites_of_which_one_would_ship_nothing_are_no_choice"),
    Excepted("stock.sourcing.calendar.departure: ready_ms > now_ms", "only words of the choice",
             f"{_SOURCING}test_what_is_not_to_leave_before_a_moment_says_so"),
    Excepted("stock.promise.there_by: lacking <= 0", "the day of a promise stands only in its own answer",
             f"{_PROMISE}test_what_is_lacking_is_there_when_enough_of_what_comes_has_come"),
    Excepted("pipeline.sourcing.sourcer.release: found is None", "no story has orders of an older model",
             f"{_SMALL}test_a_part_of_such_an_order_goes_its_way_as_it_is"),
    Excepted("pipeline.sourcing.standing.order: document is not None, else", "no story has orders of an older model",
             f"{_SMALL}test_an_order_that_an_older_model_wrote_is_none"),
    Excepted("pipeline.stockkeeping.cancelling.less: some == one.amount",
             "what is set aside of nothing counts nowhere, and is never ended",
             f"{_SMALL}test_what_is_given_back_whole_is_set_aside_no_more"),
    Excepted("pipeline.stockkeeping.measures.item: len(self._parsed) >= self._kept_max", "a bound of memory",
             f"{_SMALL}test_items_are_kept_parsed_up_to_a_bound"),
    Excepted("pipeline.check.items: charter.checks.item_known is ItemCheck.SKIP",
             "beside a warning only its note is missing",
             f"{_SMALL}test_where_items_are_not_checked_nothing_is_noted_of_them"),
    Excepted("pipeline.check.items: only if part.unit not in UNITS", "only what the ledger notes as read",
             f"{_SMALL}test_where_items_are_not_checked_an_item_is_read_for_a_unit_of_its_own_alone"),
    Excepted("pipeline.check.items: only if (item := known.item(sku))", "only what the ledger notes as read",
             f"{_SMALL}test_where_items_are_not_checked_an_item_is_read_for_a_unit_of_its_own_alone"),
)  # fmt: skip


def fails(one: Excepted) -> bool:
    """Whether the test of a branch fails without it; run in a process of its own."""
    fork = multiprocessing.get_context("fork")
    with fork.Pool(1) as pool:
        return pool.apply(_fails, (one.what, one.test))


def _fails(what: str, test: str) -> bool:
    cuts = [one for one in branches(POLICIES) if one.what == what]
    ends = [_run(one, test) for one in cuts]
    return bool(ends) and all(end is pytest.ExitCode.TESTS_FAILED for end in ends)


def _run(cut: Cut, test: str) -> pytest.ExitCode:
    quiet = ["-qq", "--no-summary", "--tb=no", "--no-header", "-W", "ignore"]
    with cut.make():
        return pytest.ExitCode(pytest.main([*quiet, "-p", "no:xdist", "-p", "no:cacheprovider", test]))


def main() -> int:
    """Every exception with its test; 1 where one passes without its branch."""
    idle = [one for one in EXCEPTED if not fails(one)]
    for one in idle:
        print(f"NO TEST  {one.what}  {one.test} passes without it")
    return int(bool(idle))


if __name__ == "__main__":
    sys.exit(main())
