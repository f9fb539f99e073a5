"""`crossdock edi ack`: the acknowledgement that a file earns."""

from __future__ import annotations

import datetime
import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli import options
from crossdock.cli.edi import source
from crossdock.cli.terminal import FOUND, MISUSED, complain, print_json

if TYPE_CHECKING:
    from crossdock.formats.edifile.answer import Answer

CONTROL_MAX = 999_999_999


class Kind(Enum):
    """The kinds of acknowledgements."""

    TA1 = "ta1"
    FUNCTIONAL = "997"
    IMPLEMENTATION = "999"
    CONTRL = "contrl"


def ack(
    file: source.File,
    kind: Annotated[
        Kind | None,
        typer.Option("--kind", help="What is sent.  \\[default: 997 or CONTRL, and a TA1 where it is due]"),
    ] = None,
    control: Annotated[
        int, typer.Option("--control", metavar="N", min=1, max=CONTROL_MAX, help="Number of our interchange.")
    ] = 1,
    group: Annotated[
        int, typer.Option("--group", metavar="N", min=1, max=CONTROL_MAX, help="Number of our group (X12).")
    ] = 1,
    at: Annotated[
        datetime.datetime | None,
        typer.Option("--at", help="Date and time that it bears.  \\[default: now]"),
    ] = None,
    accept_with_errors: Annotated[
        bool, typer.Option("--accept-with-errors", help="Wrong elements alone do not reject a set (E).")
    ] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Name only the sets that are not accepted.")] = False,
    version: source.Version = None,
    overlay: source.Overlay = None,
    json: options.Json = False,
) -> None:
    """Writes the acknowledgement that a file earns: TA1, 997 or 999, or CONTRL, to standard output.

    A TA1 is due when ISA14 asks for it or the interchange is refused; a refused interchange is answered by
    it alone. Acknowledgements are never acknowledged. Exit status 0 whenever there is an answer, whatever it says.
    """
    from crossdock.faults import Invalid
    from crossdock.formats.edifile.answer import Answering, answers

    source.must_be_files([file])
    how = Answering(
        at or datetime.datetime.now().astimezone(),  # an envelope bears the time of its sender
        kind.value if kind else None,
        control,
        group,
        accept_with_errors,
        not brief,
    )
    found: list[Answer] = []
    rules = source.rules(version, overlay)
    try:
        with source.opened(file) as opened:
            for one in answers(opened, how, rules):
                found.append(one) if json else sys.stdout.buffer.write(one.octets)
    except Invalid as fault:
        source.refused(file, fault)
        raise typer.Exit(MISUSED if fault.path == "kind" else FOUND) from None
    sys.stdout.flush()
    if json:
        print_json([_tree(file, one) for one in found])
    if not (found if json else how.control != control):
        complain(f"{source.called(file)}: nothing in it is to be acknowledged")


def _tree(name: str, one: Answer) -> dict[str, object]:
    return {
        "file": name,
        "interchange": one.interchange,
        "says": list(one.says),
        "edi": one.octets.decode("utf-8", "backslashreplace"),
    }
