"""Takes away one row of a table, or one branch of a policy, after the other: a scenario must turn red.

`python -m tests.scenarios.mutate` runs every story once to hear what it meets, then for each cut the stories that meet
it until one turns red. Its last line is `N rows, N red; M branches, M red`, and its exit status 1 when something could
go that nobody would miss. `--all` prints every cut with the story that noticed it, `--only TEXT` tries some cuts.
"""

from __future__ import annotations

import argparse
import gc
import logging
import multiprocessing
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from crossdock.scenario.run import gathered, run_one
from crossdock.scenario.script import Scenario
from tests.scenarios.cuts import Cut, Met, branches, heard, rows

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
#: A run that a cut drives in circles is stopped, and counts as red.
_ALARM_S = 60
#: So many rows of the matrix take part beside all other stories.
_OF_MATRIX = 40
#: Where the rules of the trade are decided: module, class (none: the module's own functions), functions (none: all).
POLICIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("charter.orders", "Orders", ()),
    ("stock.sourcing.choose", "", ()),
    ("stock.sourcing.choose", "_Shelf", ()),
    ("stock.sourcing.calendar", "", ()),
    ("stock.sourcing.calendar", "Workdays", ()),
    ("stock.sourcing.policy", "Rule", ()),
    ("stock.sourcing.policy", "Zone", ()),
    ("stock.sourcing.policy", "SourceSite", ()),
    ("stock.sourcing.policy", "Method", ()),
    ("stock.sourcing.policy", "Supplier", ()),
    ("stock.sourcing.policy", "Sourcing", ()),
    ("stock.policy", "SitePolicy", ()),
    ("stock.policy", "Policy", ()),
    ("stock.place", "", ()),
    ("stock.promise", "", ()),
    ("stock.lots", "", ()),
    ("stock.belief", "", ()),
    ("stock.kit", "", ()),
    ("pipeline.sourcing.sourcer", "Sourcer", ()),
    ("pipeline.sourcing.amending", "", ()),
    ("pipeline.sourcing.lots", "Lots", ()),
    ("pipeline.sourcing.meant", "", ()),
    ("pipeline.sourcing.asking", "Asking", ()),
    ("pipeline.sourcing.standing", "Standing", ()),
    ("pipeline.sourcing.trimming", "", ()),
    ("pipeline.progress", "Progress", ("_refuse", "_lacks", "_hold_back", "_opens_ms", "_late_wishes", "_not_cancelled",
                                       "_amend")),
    ("pipeline.aftermath", "Aftermath", ("asleep", "never_asked", "follow", "answered", "tell")),
    ("pipeline.withdrawal", "Withdrawal", ("by", "behind", "_by_the_desk")),
    ("pipeline.stockkeeping.keeper", "Keeper", ("_shared_out", "_decided", "_order", "_wants", "_short")),
    ("pipeline.stockkeeping.cancelling", "", ("given_back", "less")),
    ("pipeline.stockkeeping.lots", "", ()),
    ("pipeline.stockkeeping.measures", "Measures", ()),
    ("pipeline.particulars", "", ()),
    ("pipeline.check", "", ("items", "_item", "ownership", "_owned_by_others")),
    ("model.receiving", "", ()),
    ("model.returning", "", ()),
    ("pipeline.amending", "", ()),
)  # fmt: skip


#: Branches that decide nothing a system could see, each with its reason; they are not counted.
SPARED: dict[str, str] = {
    "stock.sourcing.choose._with_swaps: not lacks": "saves the look at swaps that nothing would be filled by",
    "stock.sourcing.choose._ranked: {share.site for share in shares} != set(names)": "saves equal candidates",
    "stock.sourcing.choose.units: amount > 0, else": "a component is never nothing",
    "stock.sourcing.calendar.departure: ready_ms > now_ms": "only words of the explanation",
    "stock.sourcing.calendar.departure: ready_ms > now_ms, else": "only words of the explanation",
    "stock.policy.site_of: found is not None and found.system == system, else": "ownership looks before",
    "stock.place._lacking: only if there[sku] < amount": "only words of the answer",
    "stock.place._lacking: split": "only words of the answer",
    "stock.place._lacking: split, else": "only words of the answer",
    "stock.promise.expected: policy.inbound_days is None": "no charter key leads here yet",
    "stock.promise.expected: only if one.at_ms <= until": "no charter key leads here yet",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one cut: `by` is the story that noticed, `stories` how many meet it."""

    by: str | None
    stories: int


class TooLong(BaseException):
    """A run in circles. Nobody that runs in one may catch it."""


def meets(scenario: Scenario) -> set[Met] | None:
    """What a story meets; None where it is red before anything was taken away."""
    met: set[Met] = set()
    with heard(POLICIES, met):
        return met if _holds(scenario) else None


def noticed(cut: Cut, scenarios: Sequence[Scenario]) -> str | None:
    """The first story that turns red."""
    with cut.make():
        for scenario in scenarios:
            if not _holds(scenario):
                return f"{scenario.name} ({Path(scenario.file).name}:{scenario.line})"
    return None


def _holds(scenario: Scenario) -> bool:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_ALARM_S)
    try:
        return run_one(scenario).holds
    except (Exception, TooLong):  # a hub that breaks is one that was noticed
        return False
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Proof:
    """All stories, what each meets, and all cuts; worked on by several processes that share it by being forked."""

    def __init__(self, only: str) -> None:
        every = [one for one in sorted(FOLDER.iterdir()) if one.name != "matrix" and one.name[0] != "_"]
        scenarios, problems = gathered(every)
        matrix, _ = gathered([FOLDER / "matrix"])
        assert not problems, problems
        self.scenarios = [*scenarios, *matrix[:: max(len(matrix) // _OF_MATRIX, 1)]]
        self.rows = list(rows())
        self.branches = [cut for cut in branches(POLICIES) if cut.what not in SPARED]
        self.cuts = [cut for cut in (*self.rows, *self.branches) if only in cut.what]
        self.met: list[set[Met] | None] = []

    def meets(self, place: int) -> set[Met] | None:
        """What one story meets."""
        return meets(self.scenarios[place])

    def tried(self, place: int) -> Tried:
        """What becomes of one cut. A story that meets few things is short, and tells the branches apart best."""
        cut = self.cuts[place]
        known = zip(self.scenarios, self.met, strict=True)
        may = [(len(met or ()), one.name, one) for one, met in known if met and cut.met in met]
        may.sort(key=lambda found: found[:2])
        return Tried(noticed(cut, [one for *_, one in may]), len(may))


_proof: list[Proof] = []  #: forked workers find it here


def _meets(place: int) -> set[Met] | None:
    return _proof[0].meets(place)


def _tried(place: int) -> Tried:
    return _proof[0].tried(place)


def main(arguments: Sequence[str] | None = None) -> int:
    """One cut after the other; 1 when something could go unnoticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="cuts with this text")
    parser.add_argument("--all", action="store_true", help="print every cut")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    proof = Proof(options.only)
    _proof[:] = [proof]
    fork = multiprocessing.get_context("fork")
    with fork.Pool(options.jobs, initializer=gc.freeze) as pool:
        proof.met = pool.map(_meets, range(len(proof.scenarios)), chunksize=4)
    red = [one.name for one, met in zip(proof.scenarios, proof.met, strict=True) if met is None]
    assert not red, f"red before anything was taken away: {red}"
    found: dict[int, Tried] = {}
    with fork.Pool(options.jobs, initializer=gc.freeze) as pool:
        for place, one in enumerate(pool.imap(_tried, range(len(proof.cuts)), chunksize=1)):
            found[place] = one
            if one.by is None or options.all:
                print(_line(proof.cuts[place], one), flush=True)
    print(_sum(proof, found))
    return int(any(one.by is None for one in found.values()))


def _line(cut: Cut, one: Tried) -> str:
    missed = f"nobody would miss it: {one.stories} stories meet it" if one.stories else "no story meets it"
    return f"{'red  ' if one.by else 'GREEN'}  {cut.what:110}  {one.by or missed}"


def _sum(proof: Proof, found: dict[int, Tried]) -> str:
    known = {cut.what for cut in proof.rows}
    of_rows = [one for place, one in found.items() if proof.cuts[place].what in known]
    others = [one for place, one in found.items() if proof.cuts[place].what not in known]
    counted = (
        len(of_rows),
        sum(bool(one.by) for one in of_rows),
        len(others),
        sum(bool(one.by) for one in others),
    )
    return "{} rows, {} red; {} branches, {} red".format(*counted)


if __name__ == "__main__":
    sys.exit(main())
