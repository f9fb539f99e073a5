"""Takes away one row of a table, or one branch of a policy, after the other: a scenario must turn red.

`python -m tests.scenarios.mutate` runs every story once to hear what it meets, then for each cut the stories that meet
it until one turns red. Its last line is `N rows, M branches, all red; K excepted`, and its exit status 1 when something
could go that nobody would miss, or an exception is of no branch. `--all` prints every cut with the story that noticed
it, `--only TEXT` tries some cuts, and paths behind them tell stories by these files alone.
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
from tests.scenarios.excepted import EXCEPTED
from tests.scenarios.policies import POLICIES

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
#: A run that a cut drives in circles is stopped, and counts as red.
_ALARM_S = 60
#: So many rows of the matrix take part beside all other stories.
_OF_MATRIX = 40


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

    def __init__(self, only: str = "", paths: Sequence[Path] = ()) -> None:
        every = [one for one in sorted(FOLDER.iterdir()) if one.name != "matrix" and one.name[0] != "_"]
        scenarios, problems = gathered(paths or every)
        matrix, _ = gathered([] if paths else [FOLDER / "matrix"])
        assert not problems, problems
        self.scenarios = [*scenarios, *matrix[:: max(len(matrix) // _OF_MATRIX, 1)]]
        self.rows = list(rows())
        known = list(branches(POLICIES))
        excepted = {one.what for one in EXCEPTED}
        self.strange = sorted(excepted - {cut.what for cut in known})
        self.branches = [cut for cut in known if cut.what not in excepted]
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
    parser.add_argument("paths", nargs="*", type=Path, help="stories, in place of all")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    proof = Proof(options.only, options.paths)
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
    for one in EXCEPTED:
        print(f"excepted  {one.what}: {one.why} ({one.test.rpartition(':')[2]})")
    for what in proof.strange:
        print(f"NO BRANCH  {what}: take it out of tests/scenarios/excepted.py, or write it as it is now")
    green = [one for one in found.values() if one.by is None]
    if green:
        print(_HELP)
    print(_sum(proof, found))
    return int(bool(green or proof.strange))


_HELP = """\
Each GREEN could go, and no story would miss it. Take it out of the code; or write the story of somebody who would
miss it; or, where it decides nothing that any system sees, except it in tests/scenarios/excepted.py with its reason
and the test that fails without it. `--only 'THE FUNCTION' YOUR-STORY.yaml` tries one in seconds."""


def _line(cut: Cut, one: Tried) -> str:
    missed = f"{one.stories} stories come by, and none would miss it" if one.stories else "no story comes by"
    return f"{'red  ' if one.by else 'GREEN'}  {cut.what:110}  {one.by or missed}"


def _sum(proof: Proof, found: dict[int, Tried]) -> str:
    known = {cut.what for cut in proof.rows}
    rows_tried = sum(proof.cuts[place].what in known for place in found)
    green = sum(one.by is None for one in found.values())
    says = f"{green} GREEN" if green else "all red"
    return f"{rows_tried} rows, {len(found) - rows_tried} branches, {says}; {len(EXCEPTED)} excepted"


if __name__ == "__main__":
    sys.exit(main())
