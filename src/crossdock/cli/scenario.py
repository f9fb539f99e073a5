"""`crossdock twin scenario`: stories about orders, stock and money, run through the real hub between twins."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, MISUSED, Group, complain, print_json

if TYPE_CHECKING:
    from crossdock.faults import Misconfigured
    from crossdock.scenario.run import Ran

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="Stories with what must stand at each system afterwards."
)


@app.callback()
def _group() -> None:
    """Stories with what must stand at each system afterwards."""


@app.command()
def run(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Scenario files, or folders of them.")],
    only: Annotated[
        str | None, typer.Option("--only", metavar="TEXT", help="Those whose name or file has this in it.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", help="How many at a time.  \\[default: one a core]")
    ] = None,
    show: Annotated[
        bool,
        typer.Option("--show", help="Print everything that stands at the end, to write expectations from."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Name the failed ones only.")] = False,
    json: options.Json = False,
) -> None:
    """Runs scenarios and compares what stands at each system with what they say.

    The hub is the real one; time is simulated, so that an hour passes in a moment. Exit status 0: all hold; 1: some do
    not; 2: a file has mistakes, and nothing was run. Files and folders that begin with `_` are bases for others.
    """
    _silent()
    from crossdock.scenario.run import gathered, run_all

    scenarios, problems = gathered(paths)
    if problems:
        _refuse(problems, json=json)
    chosen = [one for one in scenarios if only is None or only in one.name or only in one.file]
    if not chosen:
        complain("there is no such scenario", fix="look at the path, and at --only")
        raise typer.Exit(MISUSED)
    if show:
        _show(chosen)
        return
    began_s = time.monotonic()

    def told(one: Ran) -> None:
        if not json:
            _line(one, quiet=quiet)

    ran = run_all(chosen, jobs or os.cpu_count() or 1, told)
    _sum(ran, time.monotonic() - began_s, json=json)
    if any(not one.holds for one in ran):
        raise typer.Exit(FOUND)


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Scenario files, or folders of them.")],
    json: options.Json = False,
) -> None:
    """Reads scenarios without running them, and names every mistake with its file and line."""
    from crossdock.scenario.run import gathered

    scenarios, problems = gathered(paths)
    if problems:
        _refuse(problems, json=json)
    if json:
        print_json({"ok": True, "scenarios": len(scenarios)})
    else:
        print(f"{len(scenarios)} scenarios can be run")


def _silent() -> None:
    """A hub in a bad day logs much; here the differences say what matters."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _refuse(problems: Sequence[Misconfigured], *, json: bool) -> None:
    seen = dict.fromkeys(str(problem) for problem in problems)
    if json:
        found = [
            {"file": p.file, "line": p.line, "path": p.path, "says": p.says, "fix": p.fix} for p in problems
        ]
        print_json({"ok": False, "problems": found})
    else:
        for text in seen:
            complain(text)
    raise typer.Exit(MISUSED)


def _show(scenarios: Sequence[Any]) -> None:
    from crossdock.scenario.run import run_one

    for scenario in scenarios:
        found: dict[str, Any] = {}
        ran = run_one(scenario, found.update)
        print_json(
            {"scenario": scenario.name, "differs": list(ran.differs), "seen": json.loads(_text(found))},
            indented=True,
        )


def _text(tree: object) -> str:
    from crossdock.twins.warehouse.floor.feed import JSON

    return JSON.encode(tree).decode()


def _line(one: Ran, *, quiet: bool) -> None:
    if not (quiet and one.holds):
        print(
            f"{'pass' if one.holds else 'FAIL'}  {one.name}  ({one.file}:{one.line}, {one.seconds:.2f} s)",
            flush=True,
        )
    for differs in one.differs:
        print(f"      {differs}", flush=True)


def _sum(ran: Sequence[Ran], seconds: float, *, json: bool) -> None:
    failed = [one for one in ran if not one.holds]
    outcomes = len({one.outcome for one in ran if one.outcome})
    if json:
        every = [
            {"scenario": one.name, "file": one.file, "line": one.line, "holds": one.holds, "differs": list(one.differs),
             "outcome": one.outcome, "seconds": one.seconds}
            for one in ran
        ]  # fmt: skip
        print_json({
            "ok": not failed, "scenarios": len(ran), "failed": len(failed), "outcomes": outcomes,
            "seconds": round(seconds, 1), "ran": every,
        })  # fmt: skip
        return
    print(
        f"{len(ran) - len(failed)} of {len(ran)} scenarios hold, {outcomes} distinct outcomes, {seconds:.1f} s"
    )
