"""The `crossdock` command: every group of commands, and what its exit status means."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
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


#: The commands by what somebody comes for, in the order in which they are needed; a group has a name.
_PANELS: dict[str, Sequence[Callable[..., object] | tuple[str, typer.Typer]]] = {
    "Set a site up": (
        init.init, check.check, hub.up, ("keys", keys.app), ("people", people.app), ("charter", charter.app),
        schema.schema, ("connectors", connectors.app), ("twin", twin.app),
    ),
    "Hand documents in": (send.send, load.load, duplicates.duplicates, ("edi", edi.app)),
    "See, and mend": (trace.trace, ("desk", desk.app), conservation.conservation, status.status, stock.stock),
    "Decide": (
        gates.pause, gates.resume, gates.drain, ("approvals", approvals.app), ("subject", subject.app),
    ),
    "Keep it sound": (
        health.health, ("audit", audit.app), backup.backup, backup.restore, ("restored", backup.restored),
        migrate.migrate, doctor.doctor, hub.version,
    ),
}  # fmt: skip

app = typer.Typer(
    name="crossdock",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A hub between warehouse systems and ERPs, shops, carriers and 3PLs: every document in order, and once.",
    epilog="Exit status: 0 done, 1 found something wrong, 2 wrong use.",
)
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        if callable(_command):
            app.command(rich_help_panel=_panel)(_command)
        else:
            app.add_typer(_command[1], name=_command[0], rich_help_panel=_panel)


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
