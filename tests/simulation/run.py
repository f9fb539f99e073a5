"""Runs seeds, two processes at a time, and says which one broke what, and how to see it again."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.simulation.knobs import deaf
from tests.simulation.world import SITES, Run, run

ROOT = Path(__file__).parents[2]
#: One seed in so many is run twice: the same seed gives the same ledger.
TWICE_ONE_IN = 40
#: After one seed in so many the memory of the dead is collected: that takes a tenth of a run.
COLLECTED_ONE_IN = 4
#: Seconds of real time after which a seed counts as one that never ends.
SEED_MAX_S = 180.0
WORKERS = 2
#: Where a worker keeps its stores; whoever ends the worker removes them.
_SCRATCH = "CROSSDOCK_SIMULATION_SCRATCH"


@dataclass(slots=True)
class Result:
    """What came of many seeds."""

    runs: int = 0
    entries: int = 0
    effects: int = 0
    starts: int = 0
    virtual_s: float = 0.0
    real_s: float = 0.0
    broken: list[Run] = field(default_factory=list[Run])


# -- one process -----------------------------------------------------------------


def scratch() -> Path:
    """A folder for stores: that of whoever started this process, else in memory where the machine has such a place."""
    memory = Path(os.environ.get(_SCRATCH, "/dev/shm"))
    return Path(tempfile.mkdtemp(prefix="crossdock-simulation-", dir=memory if memory.is_dir() else None))


def seeds(numbers: Sequence[int], begins: Callable[[int], None] = lambda _: None) -> Iterator[Run]:
    """Runs seeds one after another in this process; `begins` is told of each."""
    warnings.simplefilter("ignore", RuntimeWarning)  # coroutines of the dead are never awaited
    sys.unraisablehook = lambda _: None  # what is left of the dead is collected when their store is closed
    asyncio.set_event_loop(None)  # nor may they begin something in a loop that is made for them, and lasts
    folder = scratch()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with deaf():
            for n, number in enumerate(numbers, 1):
                begins(number)
                yield _checked(number, folder)
                if n % COLLECTED_ONE_IN == 0:
                    gc.collect()
                    gc.freeze()  # the charters that are kept for later seeds need not be looked through again
    finally:
        gc.enable()
        shutil.rmtree(folder, ignore_errors=True)


def _checked(number: int, folder: Path) -> Run:
    """One seed; now and then a second time, which must give the same ledger."""
    result = _once(number, folder)
    if result.broken is None and number % TWICE_ONE_IN == 0:
        again = _once(number, folder)
        if again.ledger != result.ledger:
            again.broken = f"the same seed gave another ledger: {result.ledger} and {again.ledger}"
            return again
    return result


def _once(number: int, folder: Path) -> Run:
    place = folder / f"seed-{number}"
    place.mkdir()
    try:
        return run(number, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def serve(numbers: Sequence[int]) -> None:
    """A worker: one line a seed on stdout."""
    for result in seeds(numbers, lambda number: print(json.dumps({"begins": number}), flush=True)):
        print(json.dumps(asdict(result)), flush=True)


# -- many processes ----------------------------------------------------------------


class Workers:
    """Processes that run seeds; ended by their own handle only."""

    def __init__(self, numbers: Sequence[int], root: Path, processes: int) -> None:
        self._scratch = scratch()
        environment = {
            **os.environ,
            "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}",
            "PYTHONHASHSEED": "0",
            _SCRATCH: str(self._scratch),
        }
        self._selector = selectors.DefaultSelector()
        self._processes: list[subprocess.Popen[str]] = []
        self._at: dict[int, tuple[int, float]] = {}
        # By the site of a seed, so that the charter of each is read by one process only.
        shares = [[one for one in numbers if one % SITES % processes == n] for n in range(processes)]
        for mine in filter(None, shares):
            command = [
                sys.executable,
                "-m",
                "tests.simulation",
                "--serve",
                ",".join(map(str, mine)),
            ]
            process = subprocess.Popen(
                command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            self._processes.append(process)
            assert process.stdout is not None
            self._selector.register(process.stdout, selectors.EVENT_READ, process)
            self._at[process.pid] = (mine[0], time.monotonic())

    def results(self) -> Iterator[Run]:
        """Every run as it ends; a worker that dies or hangs is a broken run."""
        while self._selector.get_map():
            for key, _ in self._selector.select(timeout=1.0):
                process: subprocess.Popen[str] = key.data
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if line:
                    if not line.startswith("{"):
                        continue  # what patched code says by itself
                    told = json.loads(line)
                    if "begins" in told:
                        self._at[process.pid] = (told["begins"], time.monotonic())
                    else:
                        yield Run(**told)
                    continue
                self._selector.unregister(key.fileobj)
                if process.wait() != 0:
                    why = (process.stderr.read() if process.stderr else "").strip().splitlines()
                    seed = self._at[process.pid][0]
                    yield Run(
                        seed,
                        broken=f"the process ended: {why[-1] if why else process.returncode}",
                        events=why[-30:],
                    )
            yield from self._hanging()

    def _hanging(self) -> Iterator[Run]:
        for process in self._processes:
            seed, since_s = self._at[process.pid]
            if process.poll() is None and time.monotonic() - since_s > SEED_MAX_S:
                process.kill()
                yield Run(seed, broken=f"no end after {SEED_MAX_S:.0f} s of real time")
                self._at[process.pid] = (seed, float("inf"))

    def end(self) -> None:
        """Ends those that still run."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
        shutil.rmtree(self._scratch, ignore_errors=True)


def many(
    numbers: Sequence[int],
    *,
    root: Path = ROOT,
    first_only: bool = True,
    quiet: bool = False,
    processes: int = WORKERS,
) -> Result:
    """Runs seeds in processes of their own; stops at the first that breaks, if so told."""
    result, began_s = Result(), time.monotonic()
    workers = Workers(numbers, root, processes)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, disable=quiet) as progress:
            bar = progress.add_task("seeds", total=len(numbers))
            for one in workers.results():
                result.runs += 1
                result.entries += one.entries
                result.effects += one.effects
                result.starts += one.starts
                result.virtual_s += one.virtual_s
                progress.advance(bar)
                if one.broken is not None:
                    result.broken.append(one)
                    if first_only:
                        break
    finally:
        workers.end()
    result.real_s = time.monotonic() - began_s
    return result


def report(result: Result) -> str:
    """What the person who started it reads."""
    lines = list[str]()
    for one in result.broken:
        lines += [f"seed {one.seed} ({one.world}) broke a promise: {one.broken}", "  the last that happened:"]
        lines += [f"  {event}" for event in one.events[-30:]]
        lines += [f"  see it again: make simulate SEED={one.seed}", ""]
    lines.append(
        f"{result.runs} seeds in {result.real_s:.0f} s: {result.entries:,} ledger entries, {result.effects:,} effects,"
        f" {result.starts:,} starts of the hub, {result.virtual_s / 3600:.1f} hours of virtual time;"
        f" {len(result.broken)} broken"
    )
    return "\n".join(lines)


def shown(number: int) -> int:
    """One seed with everything that happened; the exit status."""
    for one in seeds([number]):
        for event in one.events or ["it held; nothing to show"]:
            print(event)
        print(f"seed {one.seed}: {one.world}")
        print(
            report(
                Result(1, one.entries, one.effects, one.starts, one.virtual_s, 0, [one] if one.broken else [])
            )
        )
        print(f"ledger {one.ledger}")
        return 1 if one.broken else 0
    return 0


def counted(text: str) -> list[int]:
    """Numbers with commas between them."""
    return [int(number) for number in text.split(",")]
