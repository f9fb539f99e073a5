"""`crossdock doctor`: what is wrong with an installation, and what to do about each thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, console, print_json, progress

if TYPE_CHECKING:
    from crossdock.cli.checkup import Finding

_SHOWN = {"good": ("ok", "green"), "note": ("note", "yellow"), "wrong": ("wrong", "bold red")}


def doctor(
    site: options.Site = None,
    database: options.Database = None,
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where the hub is to listen.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Says what is wrong with an installation, and what to do.

    Changes nothing but a file of its own in data/, by which it measures how long a commit takes.
    """
    from crossdock.cli.checkup import CHECKS, Installation, State, looked
    from crossdock.cli.checkup_backup import backup
    from crossdock.cli.checkup_database import database as look_at_database

    installation = Installation(options.settings(site, database, listen))
    findings: list[Finding] = []
    with progress("things to look at") as show:
        checks = (*CHECKS, backup, look_at_database)
        for number, check in enumerate(checks, 1):
            findings += looked(check, installation)
            show(number, len(checks))
    wrong = sum(finding.state is State.WRONG for finding in findings)
    if json:
        rows = [
            {"name": f.name, "state": f.state.value, "says": f.says, "fix": f.fix or None} for f in findings
        ]
        print_json({"ok": not wrong, "findings": rows})
    else:
        from rich.markup import escape

        out = console()
        for finding in findings:
            word, colour = _SHOWN[finding.state.value]
            out.print(f"[{colour}]{word:<6}[/]{finding.name:<10}{escape(finding.says)}")
            if finding.fix:
                out.print(f"{'':16}[dim]→ {escape(finding.fix)}[/dim]")
        many = "1 thing is wrong" if wrong == 1 else f"{wrong} things are wrong"
        out.print(f"\n[red]{many}[/red]" if wrong else "\n[green]nothing is wrong[/green]")
    if wrong:
        raise typer.Exit(FOUND)
