"""The `crossdock` command: every group of commands, and what its exit status means."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from crossdock.cli import (
    approvals,
    audit,
    backup,
    charter,
    check,
    connectors,
    conservation,
    desk,
    doctor,
    duplicates,
    gates,
    health,
    hub,
    init,
    keys,
    load,
    migrate,
    people,
    schema,
    send,
    status,
    stock,
    subject,
    trace,
    twin,
)
from crossdock.cli.edi import group as edi
from crossdock.cli.terminal import Group


def _print_version(wanted: bool) -> None:
    if wanted:
        hub.version()
        raise typer.Exit


#: The commands by what somebody comes for, in the order in which they are needed.
_SET_UP, _DOCUMENTS, _SEE, _DECIDE, _KEEP = (
    "Set a site up", "Hand documents in", "See, and mend", "Decide", "Keep it sound",
)  # fmt: skip

app = typer.Typer(
    name="crossdock",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A hub between warehouse systems and ERPs, shops, carriers and 3PLs: every document in order, and once.",
    epilog="Exit status: 0 done, 1 found something wrong, 2 wrong use.",
)
app.command(rich_help_panel=_SET_UP)(init.init)
app.command(rich_help_panel=_SET_UP)(check.check)
app.add_typer(keys.app, name="keys", rich_help_panel=_SET_UP)
app.add_typer(people.app, name="people", rich_help_panel=_SET_UP)
app.add_typer(approvals.app, name="approvals", rich_help_panel=_DECIDE)
app.add_typer(subject.app, name="subject", rich_help_panel=_DECIDE)
app.command(rich_help_panel=_SET_UP)(hub.up)
app.command(rich_help_panel=_DOCUMENTS)(send.send)
app.command(rich_help_panel=_DOCUMENTS)(load.load)
app.command(rich_help_panel=_DOCUMENTS)(duplicates.duplicates)
app.command(rich_help_panel=_SEE)(trace.trace)
app.add_typer(desk.app, name="desk", rich_help_panel=_SEE)
app.command(rich_help_panel=_SEE)(conservation.conservation)
app.command(rich_help_panel=_SEE)(status.status)
app.command(rich_help_panel=_SEE)(stock.stock)
app.command(rich_help_panel=_DECIDE)(gates.pause)
app.command(rich_help_panel=_DECIDE)(gates.resume)
app.command(rich_help_panel=_DECIDE)(gates.drain)
app.command(rich_help_panel=_KEEP)(health.health)
app.add_typer(audit.app, name="audit", rich_help_panel=_KEEP)
app.command(rich_help_panel=_KEEP)(backup.backup)
app.command(rich_help_panel=_KEEP)(backup.restore)
app.add_typer(backup.restored, name="restored", rich_help_panel=_KEEP)
app.command(rich_help_panel=_KEEP)(migrate.migrate)
app.command(rich_help_panel=_KEEP)(doctor.doctor)
app.add_typer(charter.app, name="charter", rich_help_panel=_SET_UP)
app.command(rich_help_panel=_SET_UP)(schema.schema)
app.add_typer(edi.app, name="edi", rich_help_panel=_DOCUMENTS)
app.add_typer(connectors.app, name="connectors", rich_help_panel=_SET_UP)
app.add_typer(twin.app, name="twin", rich_help_panel=_SET_UP)
app.command(rich_help_panel=_KEEP)(hub.version)


@app.callback()
def _start(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    del version  # its callback has ended the command


def main() -> None:
    """Runs what the command line says."""
    gc.set_threshold(20_000)  # what is loaded now stays; looking through it after each 700 things takes long
    app()


if __name__ == "__main__":
    main()
