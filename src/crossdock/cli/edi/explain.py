"""`crossdock edi explain`: what a set, a segment, an element or a code says."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import MISUSED, print_json, stop


class Standard(Enum):
    """The two standards."""

    X12 = "x12"
    EDIFACT = "edifact"


def explain(
    term: Annotated[
        list[str],
        typer.Argument(
            metavar="TERM", help="Such as 850, BEG, BEG03, 353:00, AK304:3; DESADV, DTM, C507, 2005:137."
        ),
    ],
    standard: Annotated[
        Standard | None, typer.Option("--standard", help="Of this one only.  \\[default: both]")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="As of this release, such as 005010 or D01B.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Explains a set, segment, element, code or acknowledgement code of X12 or EDIFACT.

    Several words are one term, as BEG 03, or else a term each.
    """
    wanted = [standard] if standard else list(Standard)
    if version is not None and standard is None:
        wanted = [Standard.X12 if version[:1].isdigit() else Standard.EDIFACT]
    found, fixes = _found(" ".join(term), wanted, version)
    for each in term if not found and len(term) > 1 else ():
        more, fixes = _found(each, wanted, version)
        if not more:
            term, found = [each], []
            break
        found += more
    if not found:
        says = (
            "is known neither to X12 nor to EDIFACT"
            if len(wanted) > 1
            else f"is not known to {wanted[0].name}"
        )
        stop(f"{' '.join(term)!r} {says}", fix="; ".join(filter(None, fixes)), status=MISUSED)
    if json:
        print_json(found)
        return
    for index, tree in enumerate(found):
        if index:
            print()
        print(f"{tree['standard']} {tree['version']}  {tree['title']}")
        for line in tree["lines"]:
            print(f"  {line}")


def _found(asked: str, wanted: list[Standard], version: str | None) -> tuple[list[dict[str, Any]], list[str]]:
    """What each standard says of a term, and how to mend the term where one does not know it."""
    found: list[dict[str, Any]] = []
    fixes: list[str] = []
    for one in wanted:
        tree = _x12(asked, version, fixes) if one is Standard.X12 else _edifact(asked, version, fixes)
        if tree is not None:
            found.append(tree)
    return found, fixes


def _x12(term: str, version: str | None, fixes: list[str]) -> dict[str, Any] | None:
    from crossdock.faults import Invalid
    from crossdock.formats.x12 import dictionary
    from crossdock.formats.x12.glossary import explain

    release = version or dictionary.BASES[0]
    try:
        entry = explain(term.replace(" ", ""), release)
    except Invalid as fault:
        fixes.append(f"X12: {fault.fix}" if fault.fix else "")
        return None
    base = dictionary.base_version(release)
    return {
        "standard": "X12", "version": base, "kind": entry.kind, "term": entry.term, "title": entry.title,
        "lines": list(entry.lines),
    }  # fmt: skip


def _edifact(term: str, version: str | None, fixes: list[str]) -> dict[str, Any] | None:
    from crossdock.faults import Invalid
    from crossdock.formats.edifact.explain import explain

    try:
        entry = explain(term, version or "D01B")
    except Invalid as fault:
        fixes.append(f"EDIFACT: {fault.fix}" if fault.fix else "")
        return None
    return {
        "standard": "EDIFACT", "version": entry.version, "kind": entry.kind, "term": entry.term,
        "title": f"{entry.term}: {entry.name}", "lines": list(entry.lines),
    }  # fmt: skip
