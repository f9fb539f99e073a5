"""`crossdock check`: everything that is wrong with a site, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, print_json

if TYPE_CHECKING:
    from crossdock.faults import Misconfigured


def check(
    site: options.Site = None,
    json: options.Json = False,
    examples: Annotated[
        bool, typer.Option("--examples", help="Run the examples beside the mappings as well.")
    ] = False,
) -> None:
    """Says everything that is wrong with a site, with file and line."""
    from crossdock.assembly import connector_fields
    from crossdock.charter import load
    from crossdock.kit.registry import connectors
    from crossdock.model import register

    folder = options.settings(site).site
    kinds = connector_fields(connectors(folder))
    problems = load.check(folder, connectors=kinds, documents=register.kinds())
    told = examples and not problems
    if told:
        problems = _examples(folder)
    if json:
        print_json({"ok": not problems, "problems": [_plain(problem) for problem in problems]})
    elif problems:
        _tell(problems, "the examples do not hold" if told else "the hub does not start with this site")
    else:
        print(_praise(folder))
    if problems:
        raise typer.Exit(FOUND)


def _examples(folder: Path) -> list[Misconfigured]:
    """What differs in the examples of a site, and what is wrong with their files."""
    from crossdock.assembly import read_charter
    from crossdock.charter.examples import run_examples
    from crossdock.faults import Misconfigured

    charter, _ = read_charter(folder)
    ran, problems = run_examples(folder, charter)
    for example in ran:
        for line in example.differs:
            says, fix = f"{example.says}: {line}", f"mend {example.mapping} or the example"
            problems.append(Misconfigured(says, file=example.file, line=example.line, fix=fix))
    if not ran and not problems:
        problems.append(Misconfigured("there are no examples", file="examples/", fix="write one"))
    return problems


def _plain(problem: Misconfigured) -> dict[str, Any]:
    return {
        "file": problem.file, "line": problem.line or None, "path": problem.path or None,
        "says": problem.says, "fix": problem.fix or None,
    }  # fmt: skip


def _tell(problems: list[Misconfigured], so: str) -> None:
    import sys

    for problem in problems:
        print(problem, file=sys.stderr)
    many = "1 thing is wrong" if len(problems) == 1 else f"{len(problems)} things are wrong"
    print(f"\n{many}; {so}", file=sys.stderr)


def _praise(folder: Path) -> str:
    from crossdock.assembly import read_charter

    charter, _ = read_charter(folder)
    flows = sum(len(system.flows_in) + len(system.flows_out) for system in charter.systems.values())
    return f"{folder}: all is well: {len(charter.systems)} systems, {flows} flows ({charter.version[:19]})"
