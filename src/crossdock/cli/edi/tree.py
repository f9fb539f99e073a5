"""`crossdock edi to-json` and `from-json`: EDI files as plain trees and back, with nothing lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.edi import source
from crossdock.cli.terminal import FOUND, MISUSED, complain, stop

if TYPE_CHECKING:
    from crossdock.formats.edi.finding import Finding

_TOLD_MAX = 5  #: faults of the envelope that are told one by one


def to_json(
    file: source.File,
    strict: source.Strict = False,
) -> None:
    """Prints an EDI file as JSON: interchanges, groups, sets, segments, each element as text.

    `crossdock edi from-json` makes the same segments of it again, and the same bytes when the file was
    well formed. Exit status 1 when the envelope is damaged, with --strict also for what was forgiven.
    """
    from crossdock.faults import Invalid
    from crossdock.formats.edifile.tree_out import tree

    source.must_be_files([file])
    told: list[Finding] = []

    def tell(finding: Finding) -> None:
        if finding.severity == "error" or (strict and finding.severity == "forgiven"):
            told.append(finding) if len(told) < 1000 else None

    try:
        with source.opened(file) as opened:
            for piece in tree(opened, tell):
                sys.stdout.write(piece)
    except Invalid as fault:
        source.refused(file, fault)
        raise typer.Exit(FOUND) from None
    sys.stdout.flush()
    for finding in told[:_TOLD_MAX]:
        where = f"{finding.segment_id or 'segment'} {finding.position or ''}".strip()
        complain(f"{source.called(file)}: {where}: {finding.says}")
    if told:
        complain(f"{source.called(file)}: the envelope is damaged", fix="crossdock edi check tells it all")
        raise typer.Exit(FOUND)


def from_json(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON as to-json prints it; - for standard input.")
    ],
) -> None:
    """Writes the EDI file that JSON spells, to standard output.

    Where no "trailer" is given it is written with the right count and number; a set always holds its own
    ST and SE. What cannot be written is refused with its path.
    """
    import json

    from crossdock.faults import Invalid
    from crossdock.formats.edifile.tree_in import written

    source.must_be_files([file])
    octets = sys.stdin.buffer.read() if file == source.STDIN else Path(file).read_bytes()
    try:
        spelled = json.loads(octets)
    except (ValueError, RecursionError) as error:
        stop(
            f"{source.called(file)} is no JSON: {error}", fix="crossdock edi to-json makes it", status=MISUSED
        )
    try:
        out = list(written(spelled))  # all or nothing
    except Invalid as fault:
        source.refused(file, fault)
        raise typer.Exit(FOUND) from None
    for interchange in out:
        sys.stdout.buffer.write(interchange)
    sys.stdout.flush()
