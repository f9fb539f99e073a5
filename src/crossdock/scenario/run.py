"""Scenarios run one after another, each on a stage of its own; the rest is counting."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossdock.faults import Misconfigured
from crossdock.scenario.acts import Acts
from crossdock.scenario.judge import differences, outcome_of
from crossdock.scenario.read import read_file
from crossdock.scenario.script import Scenario, Tree
from crossdock.scenario.seen import seen
from crossdock.scenario.stage import Stage
from crossdock.scenario.virtual import VirtualLoop

__all__ = ["Ran", "found_files", "gathered", "run_all", "run_one"]

#: A run that takes longer than this in the machine's own time is stopped by nobody, but told of.
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Ran:
    """How one scenario ended: `differs` holds a line for each difference, none when it holds."""

    file: str
    line: int
    name: str
    differs: tuple[str, ...]
    outcome: str  #: a digest of what stood at the end
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether everything was as expected."""
        return not self.differs


def found_files(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Every scenario file of these files and folders, with its name; those that begin with `_` are bases for others.

    Raises Misconfigured for a path that is not there.
    """
    for path in paths:
        if path.is_file():
            yield path, str(path)
        elif path.is_dir():
            inside = sorted(
                one for one in path.rglob("*") if one.suffix in _SUFFIXES and not _is_base(one, path)
            )
            yield from ((one, str(one)) for one in inside)
        else:
            raise Misconfigured(f"there is no {path}", fix="name a scenario file, or a folder of them")


def _is_base(path: Path, top: Path) -> bool:
    return any(part.startswith("_") for part in path.relative_to(top).parts)


def gathered(paths: Iterable[Path]) -> tuple[list[Scenario], list[Misconfigured]]:
    """Every scenario, and everything that is wrong with the files."""
    problems: list[Misconfigured] = []
    scenarios = [one for path, shown in found_files(paths) for one in read_file(path, shown, problems)]
    return scenarios, problems


def run_one(scenario: Scenario, look: Callable[[Tree], None] = lambda _: None) -> Ran:
    """One scenario; `look` is shown everything that stood at its end."""
    began_s = time.perf_counter()
    found: Tree = {}
    try:
        with tempfile.TemporaryDirectory(prefix="crossdock-scenario-") as folder:
            found = _played(scenario, Path(folder))
        look(found)
        differs = tuple(differences(scenario.then, found))
        outcome = hashlib.sha256(outcome_of(found).encode()).hexdigest()[:16]
    except Misconfigured as fault:
        differs, outcome = (str(fault),), ""
    seconds = time.perf_counter() - began_s
    return Ran(scenario.file, scenario.line, scenario.name, differs, outcome, round(seconds, 3))


def _played(scenario: Scenario, folder: Path) -> Tree:
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_play(loop, scenario, folder))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        with contextlib.suppress(Misconfigured):
            loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _play(loop: VirtualLoop, scenario: Scenario, folder: Path) -> Tree:
    stage = Stage(loop, scenario.given, scenario.start, folder)
    try:
        await stage.open()
        stage.begin()
        acts = Acts(stage, scenario)
        for step in scenario.steps:
            await acts.do(step)
        await stage.rest()
        return await seen(stage)
    finally:
        await stage.close()


def run_all(scenarios: Sequence[Scenario], jobs: int, told: Callable[[Ran], None]) -> list[Ran]:
    """All of them, `jobs` at a time; `told` hears of each as it ends, in order."""
    if jobs <= 1 or len(scenarios) < 2 * jobs:
        ran: list[Ran] = []
        for scenario in scenarios:
            ran.append(run_one(scenario))
            told(ran[-1])
        return ran
    found: list[Ran] = []
    with multiprocessing.get_context("fork").Pool(jobs, initializer=gc.freeze) as pool:
        for one in pool.imap(run_one, scenarios, chunksize=4):
            found.append(one)
            told(one)
    return found
