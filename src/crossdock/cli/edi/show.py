"""`crossdock edi show`: an EDI file in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.edi import source
from crossdock.cli.terminal import FOUND, MISUSED, complain

if TYPE_CHECKING:
    from crossdock.formats.edifile.reading import Heading, Line

SEGMENTS_SHOWN = 1000  #: of a file, where nothing else is asked for
SETS_NAMED_MAX = 10  #: when the one that is wanted is not there
_NAME_CHARS = 34


def show(
    file: source.File,
    wanted: Annotated[
        str | None,
        typer.Option("--set", metavar="N", help="Only sets with this control number (ST02, UNH 01)."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Segments as they were written, in their loops.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Segments that are shown at most; 0: all.")
    ] = SEGMENTS_SHOWN,
    version: source.Version = None,
    json: options.Json = False,
) -> None:
    """Shows an EDI file in words: its envelopes, each segment in its loop, names and what codes mean."""
    from crossdock.faults import Invalid
    from crossdock.formats.edifile.checked import Rules

    source.must_be_files([file])
    rules = Rules(version)
    try:
        with source.opened(file) as opened:
            rules.refuse_unknown(opened.format)
            from crossdock.formats.edifile.reading import reading

            told = _json if json else _told
            found = told(reading(opened, rules, wanted=wanted), raw=raw, limit=limit)
    except Invalid as fault:
        source.refused(file, fault)
        raise typer.Exit(MISUSED if fault.path == "GS08" and version else FOUND) from None
    if wanted is not None and not found:
        complain(f"{source.called(file)} has no set {wanted}", fix=_others(file))
        raise typer.Exit(FOUND)


def _others(name: str) -> str:
    """Which sets there are; nothing of standard input, which has been read."""
    from crossdock.formats.edifile.checked import check

    if name == source.STDIN:
        return ""
    known: list[str] = []
    with source.opened(name) as opened:
        for one in check(opened):
            if one.kind == "set" and one.set:
                known.append(one.set)
            if len(known) > SETS_NAMED_MAX:
                break
    more = ", …" if len(known) > SETS_NAMED_MAX else ""
    return f"it has {', '.join(known[:SETS_NAMED_MAX])}{more}" if known else "it has none at all"


def _told(lines: Iterator[Heading | Line], *, raw: bool, limit: int) -> int:
    """For people; how many segments were shown."""
    from crossdock.formats.edifile.reading import Heading

    shown = 0
    for one in lines:
        if isinstance(one, Heading):
            indent = {"interchange": "", "group": "  ", "set": "    "}[one.kind]
            print(f"{indent}{one.title}")
            for fact in one.facts:
                print(f"{indent}     {fact}")
            continue
        if limit and shown >= limit:
            print(f"\n… {limit} segments are shown: --limit 0 shows all, --set N one set")
            break
        shown += 1
        for text in _raw(one) if raw else _worded(one):
            print(text)
    return shown


def _raw(line: Line) -> Iterator[str]:
    yield f"    {line.number:>5}  {'  ' * len(line.loops)}{_printable(line.raw)}"


def _worded(line: Line) -> Iterator[str]:
    indent = "  " * len(line.loops)
    yield f"    {line.number:>5}  {indent}{line.id:<4}{line.name}".rstrip()
    if line.id in ("ST", "SE", "UNT"):
        return
    width = max((len(one.value) for one in line.values if one.meaning), default=0)
    for one in line.values:
        value = _printable(one.value)
        meaning = f"  {one.meaning}" if one.meaning else ""
        value = f"{value:<{min(width, 24)}}{meaning}" if meaning else value
        yield f"           {indent}    {one.place:<6}{one.name:<{_NAME_CHARS}}{value}"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "·" for char in text)


def _json(lines: Iterator[Heading | Line], *, raw: bool, limit: int) -> int:
    """A list of headers and segments, printed while it grows; how many segments it holds."""
    import json

    from crossdock.formats.edifile.reading import Heading

    shown = 0
    begun = False
    for one in lines:
        tree: dict[str, Any] = asdict(one)
        if not isinstance(one, Heading):
            if limit and shown >= limit:
                complain(f"{limit} segments are shown", fix="--limit 0 shows all, --set N one set")
                break
            shown += 1
            tree = {"kind": "segment", **tree}
            if raw:
                del tree["values"]
        print(",\n " if begun else "[", json.dumps(tree), sep="", end="")
        begun = True
    print("]" if begun else "[]")
    return shown
