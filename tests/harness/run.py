"""The scenarios from a terminal: progress on stderr, a table on stdout, status 1 when anything is wrong.

python -m tests.harness.run faults --mode find --down-s 20
python -m tests.harness.run kill --kills 200
python -m tests.harness.run kill --store postgresql --hosts 2 --kills 40
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from tests.harness.outcome import Outcome
from tests.harness.scenarios import (
    bad_input,
    desk,
    duplicates,
    durable,
    faults,
    hosts,
    kill,
    limits,
    speed,
    story,
    tamper,
)

Runner = Callable[[Path, argparse.Namespace], Awaitable[list[Outcome]]]


def _options(parser: argparse.ArgumentParser, plan: type) -> None:
    """An option for each field of a scenario's plan."""
    for one in dataclasses.fields(plan):
        kind = str if one.default is None else type(one.default)
        parser.add_argument(
            f"--{one.name.replace('_', '-')}", type=kind, default=one.default, help="(%(default)s)"
        )


def _plan(plan: type, asked: argparse.Namespace) -> Any:
    return plan(**{one.name: getattr(asked, one.name) for one in dataclasses.fields(plan)})


async def _faults(folder: Path, asked: argparse.Namespace) -> list[Outcome]:
    return [await faults.run(folder, _plan(faults.Faults, asked))]


async def _kill(folder: Path, asked: argparse.Namespace) -> list[Outcome]:
    plan = _plan(kill.Kills, asked)
    return [await (kill.run if plan.store == "sqlite" else hosts.run)(folder, plan)]


async def _durable(folder: Path, asked: argparse.Namespace) -> list[Outcome]:
    return [await durable.run(folder, orders=asked.orders, sync_off=asked.sync_off)]


async def _duplicates(folder: Path, _: argparse.Namespace) -> list[Outcome]:
    return [
        await duplicates.at_once(_room(folder, "headed")),
        await duplicates.at_once(_room(folder, "bare"), headed=False),
        await duplicates.other_content(_room(folder, "other")),
        await duplicates.revisions(_room(folder, "revisions")),
        await duplicates.versions(_room(folder, "versions")),
    ]


async def _bad_input(folder: Path, _: argparse.Namespace) -> list[Outcome]:
    return [await bad_input.run(_room(folder, "rows")), await bad_input.unknown_sku(_room(folder, "sku"))]


async def _desk(folder: Path, _: argparse.Namespace) -> list[Outcome]:
    decisions = ("applied", "not_applied", "abandoned")
    return [
        *[await desk.doubts(_room(folder, decision), decision) for decision in decisions],
        await desk.unmapped(_room(folder, "unmapped")),
        await desk.rejected(_room(folder, "rejected")),
    ]


async def _limits(folder: Path, _: argparse.Namespace) -> list[Outcome]:
    scenes = (
        limits.at_once, limits.a_second, limits.retry_after, limits.overdue, limits.no_id, limits.one_key_stands_still,
    )  # fmt: skip
    return [await scene(_room(folder, scene.__name__)) for scene in scenes]


async def _story(folder: Path, _: argparse.Namespace) -> list[Outcome]:
    return [await story.run(folder)]


async def _conservation(folder: Path, asked: argparse.Namespace) -> list[Outcome]:
    return [await tamper.run(folder, orders=asked.orders, more_flips=asked.more_flips, seed=asked.seed)]


async def _speed(folder: Path, asked: argparse.Namespace) -> list[Outcome]:
    return [(await speed.run(folder, _plan(speed.Load, asked)))[0]]


def _room(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True, exist_ok=True)
    return folder / name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="keep site, logs and records there; new or empty")
    scenes = parser.add_subparsers(required=True, metavar="SCENARIO")
    for name, runner, says, plan in (
        ("faults", _faults, faults.__doc__, faults.Faults),
        ("kill", _kill, kill.__doc__, kill.Kills),
        ("speed", _speed, speed.__doc__, speed.Load),
    ):
        scene = scenes.add_parser(name, help=says)
        scene.set_defaults(runner=runner)
        _options(scene, plan)
    for name, runner, says in (
        ("duplicates", _duplicates, duplicates.__doc__),
        ("bad-input", _bad_input, bad_input.__doc__),
        ("desk", _desk, desk.__doc__),
        ("limits", _limits, limits.__doc__),
        ("story", _story, story.__doc__),
    ):
        scenes.add_parser(name, help=says).set_defaults(runner=runner)
    scene = scenes.add_parser("conservation", help=tamper.__doc__)
    scene.add_argument("--orders", type=int, default=40)
    scene.add_argument("--more-flips", type=int, default=0, help="so many flips of random bytes on top")
    scene.add_argument("--seed", type=int, default=1)
    scene.set_defaults(runner=_conservation)
    scene = scenes.add_parser("durable", help=durable.__doc__)
    scene.add_argument("--orders", type=int, default=5)
    scene.add_argument("--sync-off", action="store_true", help="the control: it must fail")
    scene.set_defaults(runner=_durable)
    return parser


async def _main(asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="crossdock-") as made:
        folder = asked.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        assert not any(folder.iterdir()), (
            f"{folder} is not empty: an old site would be judged with the new run"
        )
        outcomes: list[Outcome] = await asked.runner(folder, asked)
    for outcome in outcomes:
        print(outcome.shown(), end="\n\n")
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def main() -> None:
    """Runs one scenario."""
    asked = _parser().parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_main(asked)))


if __name__ == "__main__":
    main()
