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


app = typer.Typer(
    name="crossdock",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A hub between warehouse systems and ERPs, shops, carriers and 3PLs, which proves that they agree.",
    epilog="Exit status: 0 done, 1 found something wrong, 2 wrong use.",
)
app.command()(init.init)
app.command()(check.check)
app.add_typer(keys.app, name="keys")
app.add_typer(people.app, name="people")
app.add_typer(approvals.app, name="approvals")
app.add_typer(subject.app, name="subject")
app.command()(hub.up)
app.command()(send.send)
app.command()(load.load)
app.command()(duplicates.duplicates)
app.command()(trace.trace)
app.add_typer(desk.app, name="desk")
app.command()(conservation.conservation)
app.command()(status.status)
app.command()(health.health)
app.command()(stock.stock)
app.command()(gates.pause)
app.command()(gates.resume)
app.command()(gates.drain)
app.add_typer(audit.app, name="audit")
app.command()(backup.backup)
app.command()(backup.restore)
app.add_typer(backup.restored, name="restored")
app.command()(migrate.migrate)
app.command()(doctor.doctor)
app.add_typer(charter.app, name="charter")
app.command()(schema.schema)
app.add_typer(edi.app, name="edi")
app.add_typer(connectors.app, name="connectors")
app.add_typer(twin.app, name="twin")
app.command()(hub.version)


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
