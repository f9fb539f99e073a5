"""`crossdock edi diff`: what differs between two EDI files, by meaning."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli import options
from crossdock.cli.edi import source
from crossdock.cli.terminal import DONE, FOUND, MISUSED, complain

if TYPE_CHECKING:
    from crossdock.formats.edifile.compare import Difference


#: Headers and trailers, and what they are of.
_AROUND = {
    "ISA": "interchange", "IEA": "interchange", "UNB": "interchange", "UNZ": "interchange",
    "GS": "group", "GE": "group", "UNG": "group", "UNE": "group",
}  # fmt: skip


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="An X12 or EDIFACT file; - for standard input.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one of the same kind.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Numbers, dates and counts of the envelopes too.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Tells what differs between two EDI files by meaning, not by bytes.

    Delimiters, line breaks, padding and zeros behind a decimal point do not count; nor, without --all,
    numbers, dates and counts of the envelopes. Exit status 1 when something differs.
    """
    from crossdock.faults import Invalid
    from crossdock.formats.edifile.compare import compare

    source.must_be_files([first, second])
    count, before, name = 0, "", first
    try:
        with source.opened(first) as one:
            name = second
            with source.opened(second) as other:
                name = f"{source.called(first)}, {source.called(second)}"
                for found in compare(one, other, everything=everything):
                    count += 1
                    before = _json(found, count) if json else _told(found, before)
    except Invalid as fault:
        if json and count:
            print("]")
        complain(f"{source.called(name)}: {fault.says}", fix=fault.fix)
        raise typer.Exit(MISUSED if fault.path == "kind" else FOUND) from None
    if json:
        print("]" if count else "[]")
    else:
        print(f"{count:,} difference{'' if count == 1 else 's'}" if count else "no difference")
    raise typer.Exit(FOUND if count else DONE)


def _json(found: Difference, count: int) -> str:
    import json

    print(",\n " if count > 1 else "[", json.dumps(asdict(found)), sep="", end="")
    return ""


def _told(found: Difference, before: str) -> str:
    """One difference below the heading of its set; the heading."""
    one, other = found.set
    control = f"{one}" if one == other or other is None else f"{other}" if one is None else f"{one} / {other}"
    what = _AROUND.get(found.document, "set")
    heading = f"{what} {control}" + (f" ({found.document})" if what == "set" else "")
    if found.id is None:
        where = "first" if found.first else "second"
        print(f"{heading}: only in the {where} file, {found.first or found.second}\n")
        return ""
    if heading != before:
        print(heading)
    number, there = found.segment
    place = (
        f"{number}"
        if number == there or there is None
        else f"{there}"
        if number is None
        else f"{number}/{there}"
    )
    if found.element is None:
        sign, text = ("-", found.first) if found.first else ("+", found.second)
        print(f"  {place:>7}  {sign} {text}")
    else:
        left, right = found.first or "(nothing)", found.second or "(nothing)"
        name = f" {found.name}" if found.name else ""
        print(f"  {place:>7}  {found.id}{found.element}{name}: {left} → {right}")
    return heading
