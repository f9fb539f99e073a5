"""`crossdock check`: everything that is wrong with a site, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, print_json

if TYPE_CHECKING:
    from crossdock.faults import Misconfigured


def check(
    site: options.Site = None,
    json: options.Json = False,
) -> None:
    """Says everything that is wrong with a site, with file and line."""
    from crossdock.assembly import connector_fields
    from crossdock.charter import load
    from crossdock.kit.registry import connectors
    from crossdock.model import register

    folder = options.settings(site).site
    kinds = connector_fields(connectors(folder))
    problems = load.check(folder, connectors=kinds, documents=register.kinds())
    if json:
        print_json({"ok": not problems, "problems": [_plain(problem) for problem in problems]})
    elif problems:
        _tell(problems)
    else:
        print(_praise(folder))
    if problems:
        raise typer.Exit(FOUND)


def _plain(problem: Misconfigured) -> dict[str, Any]:
    return {
        "file": problem.file, "line": problem.line or None, "path": problem.path or None,
        "says": problem.says, "fix": problem.fix or None,
    }  # fmt: skip


def _tell(problems: list[Misconfigured]) -> None:
    import sys

    for problem in problems:
        print(problem, file=sys.stderr)
    many = "1 thing is wrong" if len(problems) == 1 else f"{len(problems)} things are wrong"
    print(f"\n{many}; the hub does not start with this site", file=sys.stderr)


def _praise(folder: Path) -> str:
    from crossdock.assembly import read_charter

    charter, _ = read_charter(folder)
    flows = sum(len(system.flows_in) + len(system.flows_out) for system in charter.systems.values())
    return f"{folder}: all is well: {len(charter.systems)} systems, {flows} flows ({charter.version[:19]})"
