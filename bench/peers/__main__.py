"""Crossdock beside what people use today, on one job and under one load: `python -m bench.peers`.

Each peer is installed from its registry into a folder that is kept; one that cannot be installed or does not
come up is named with its reason and left out.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from shutil import which

import uvloop

from bench.endtoend import RESULTS, machine, spread
from bench.peers import flows
from bench.sections import put
from tests.harness.process import DidNotStart
from tests.harness.scenarios.speed import Figures, Launch, Load, beside, hub, relay

_HERE = Path(__file__).parent
_INSTALL_MAX_S = 1500


class Left(Exception):
    """A peer that cannot be measured here, and why."""


def _run(words: list[str], folder: Path) -> None:
    try:
        subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=_INSTALL_MAX_S)
    except (subprocess.SubprocessError, OSError) as error:
        raise Left(f"{words[0]} {words[1]}: {type(error).__name__}") from None


def python_peer(cache: Path, name: str, packages: list[str]) -> Path:
    """The interpreter of an environment with these packages."""
    folder = cache / name
    program = folder / "bin" / "python"
    if not (folder / ".whole").exists():
        _run([sys.executable, "-m", "venv", str(folder)], cache)
        _run([str(program), "-m", "pip", "install", "--quiet", *packages], cache)
        (folder / ".whole").touch()
    return program


def node_peer(cache: Path, name: str, packages: list[str], natives: tuple[str, ...] = ()) -> Path:
    """The folder of the programs of these packages, with a Node of their own; only `natives` are compiled."""
    folder = cache / name
    folder.mkdir(exist_ok=True)
    if not (folder / ".whole").exists():
        # A spreadsheet library of n8n comes from an address outside the registry; the job needs none.
        (folder / "package.json").write_text('{"name": "peer", "overrides": {"xlsx": "0.18.5"}}', "utf-8")
        words = ["npm", "install", "--no-audit", "--no-fund", "--legacy-peer-deps"]
        _run([*words, "node@24"], folder)
        _run([*words, "--ignore-scripts", *packages], folder)
        if natives:
            _run(["npm", "rebuild", *natives], folder)
        (folder / ".whole").touch()
    return folder / "node_modules" / ".bin"


def celery(cache: Path, work: Path) -> Launch:
    """Celery on Redis, tuned not to lose."""
    redis = which("redis-server")
    if redis is None:
        raise Left("there is no redis-server; install the package of that name")
    program = python_peer(cache, "celery", ["celery[redis]", "aiohttp"])
    return lambda listen, target: (
        [str(program), str(_HERE / "intake.py"), "celery", "--listen", listen, "--target", target,
         "--folder", str(work), "--redis", redis], {},
    )  # fmt: skip


def dbos(cache: Path, work: Path) -> Launch:
    """DBOS on SQLite."""
    program = python_peer(cache, "dbos", ["dbos", "aiohttp"])
    return lambda listen, target: (
        [
            str(program),
            str(_HERE / "intake.py"),
            "dbos",
            "--listen",
            listen,
            "--target",
            target,
            "--folder",
            str(work),
        ],
        {},
    )


def node_red(cache: Path, work: Path) -> Launch:
    """Node-RED, which answers before it delivers."""
    programs = node_peer(cache, "node-red", ["node-red@5"])

    def launch(listen: str, target: str) -> tuple[list[str], dict[str, str]]:
        command, more = flows.node_red(work, target, int(listen.split(":")[1]))
        return _launched(listen, [str(programs / command[0]), *command[1:]]), _path(programs) | more

    return launch


def n8n(cache: Path, work: Path) -> Launch:
    """n8n as it installs."""
    programs = node_peer(cache, "n8n", ["n8n@2.41.1"], natives=("sqlite3",))

    def launch(listen: str, target: str) -> tuple[list[str], dict[str, str]]:
        port = int(listen.split(":")[1])
        command, more = flows.n8n(work, target, port, str(programs / "n8n"), _path(programs))
        return _launched(listen, [str(programs / command[0]), *command[1:]]), _path(programs) | more

    return launch


def _launched(listen: str, command: list[str]) -> list[str]:
    launch = [sys.executable, str(_HERE / "launch.py"), "--listen", listen, "--knock", f"/{flows.PATH}"]
    return [*launch, "--", *command]


def _path(programs: Path) -> dict[str, str]:
    import os

    return {"PATH": f"{programs}:{os.environ['PATH']}"}


PEERS: dict[str, tuple[str, Callable[[Path, Path], Launch]]] = {
    "n8n": ("n8n, default", n8n),
    "node-red": ("Node-RED, answers before it delivers", node_red),
    "celery": ("Celery on Redis, tuned not to lose", celery),
    "dbos": ("DBOS on SQLite", dbos),
}


async def once(name: str, cache: Path, load: Load) -> Figures:
    """One run of one of them."""
    with tempfile.TemporaryDirectory(prefix="crossdock-peer-") as made:
        folder = Path(made)
        if name == "crossdock":
            return await hub(folder, load)
        if name == "relay":
            return await relay(folder, load)
        (folder / "work").mkdir()
        return await beside(folder, load, PEERS[name][1](cache, folder / "work"))


async def measured(
    names: list[str], runs: int, cache: Path, load: Load
) -> tuple[dict[str, list[Figures]], dict[str, str]]:
    """All of them in turn, run after run, so that a busy minute of the machine hits all alike."""
    found: dict[str, list[Figures]] = {name: [] for name in names}
    left: dict[str, str] = {}
    for turn in range(runs):
        for name in names:
            if name in left:
                continue
            try:
                found[name].append(await once(name, cache, load))
            except (Left, DidNotStart, AssertionError) as error:
                left[name] = str(error)[:200]
                continue
            print(
                f"run {turn + 1} of {runs}: {name} {found[name][-1].per_s:,.0f}/s",
                file=sys.stderr,
                flush=True,
            )
    return found, left


def table(found: dict[str, list[Figures]], left: dict[str, str], load: Load) -> str:
    """The section for RESULTS.md."""
    ours = statistics.median(one.per_s for one in found["crossdock"])
    lines = [
        f"Measured {dt.datetime.now(dt.UTC).date()} on {machine()}.",
        f"Median (range), {load.seconds:g} s a run with {load.senders} senders; sender and target on the same machine.",
        "",
        "| | orders/s, POST to delivered | Crossdock is faster by |",
        "|---|---|---|",
    ]
    titles = {"crossdock": "Crossdock, SQLite, everything on", "relay": "bare relay, keeps nothing"}
    titles |= {name: title for name, (title, _) in PEERS.items()}
    for name, runs in found.items():
        if runs and name not in left:
            middle = statistics.median(one.per_s for one in runs)
            lines.append(
                f"| {titles[name]} | {spread([one.per_s for one in runs], 0)} | {ours / middle:.2f} |"
            )
    lines += ["", *(f"Left out: {titles[name]}: {why}." for name, why in left.items())]
    return "\n".join(lines).rstrip()


def main() -> None:
    """Measures, prints the table, and writes it where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PEERS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--cache", type=Path, default=Path("var/peers"))
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked = parser.parse_args()
    cache = asked.cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    load = Load(seconds=asked.seconds, latency_seconds=2.0, calm_per_s=5.0)
    names = ["crossdock", "relay", *asked.only.split(",")]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found, left = runner.run(measured(names, asked.runs, cache, load))
    section = table(found, left, load)
    print(section)
    if asked.write:
        put(RESULTS, "peers", "Beside what people use today", section)


if __name__ == "__main__":
    main()
