"""`crossdock edi send`: interchanges handed in from files, for the partners that their envelopes name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import FOUND, MISUSED, complain, print_json, stop

if TYPE_CHECKING:
    from crossdock.charter.charter import Charter
    from crossdock.cli.remote import Answer


@at_a_place
def send(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="X12 or EDIFACT files of partners.")],
    system: Annotated[
        str | None,
        typer.Option("--system", metavar="NAME", help="Whose they are.  \\[default: as their envelope says]"),
    ] = None,
    *,
    at: Place,
) -> None:
    """Hands interchanges in to a running hub, as if their partner had sent them.

    The ids of the envelope tell whose they are. The same interchange again has no effect; another one under the
    same control number is held on the desk. Exit status 1 when one was refused.
    """
    from crossdock.assembly import read_charter

    charter = None if system is not None else read_charter(at.settings().site)[0]
    handed: list[tuple[Path, bytes, str, str]] = []
    for path in files:
        try:
            body = path.read_bytes()
        except OSError as error:
            stop(f"{path} cannot be read: {error.strerror}", status=MISUSED)
        kind, ids = _envelope(path, body)
        handed.append((path, body, kind, system or _whose(path, ids, charter)))
    refused = False
    for path, body, kind, whose in handed:
        with at.acting(system=whose) as hub:
            answer = hub.ask(
                "POST", f"/v1/systems/{quote(whose, safe='')}/messages", body, {"Content-Type": kind}
            )
        _tell(path, whose, answer, json=at.json)
        refused |= answer.status != 202
    if refused:
        raise typer.Exit(FOUND)


def _envelope(path: Path, body: bytes) -> tuple[str, tuple[str, str]]:
    """The media type of an interchange, and who sent it to whom; ends the command for what is none."""
    from crossdock.faults import Invalid
    from crossdock.formats.edifact.interchange import read
    from crossdock.formats.x12.header import WINDOW_BYTES, read_header
    from crossdock.formats.x12.tree import Segment

    start = body.find(b"ISA")
    if 0 <= start < 64:
        header = read_header(body[start : start + WINDOW_BYTES])
        if isinstance(header, str):
            stop(
                f"{path} begins with ISA and cannot be read: {header}",
                fix="`crossdock edi show` tells what is in it",
                status=MISUSED,
            )
        isa = Segment(header.segment, header.delimiters)
        return "application/edi-x12", (isa[6].strip(), isa[8].strip())
    try:
        interchanges, _ = read(body)
    except Invalid as fault:
        stop(f"{path}: {fault.says}", fix=fault.fix, status=MISUSED)
    if not interchanges or interchanges[0].header.id != "UNB":
        stop(
            f"{path} is neither X12 nor EDIFACT",
            fix="`crossdock edi show` tells what is in it",
            status=MISUSED,
        )
    unb = interchanges[0].header
    return "application/edifact", (unb.get(2), unb.get(3))


def _whose(path: Path, ids: tuple[str, str], charter: Charter | None) -> str:
    """The system whose partner has these ids; ends the command when there is none."""
    known: Mapping[str, tuple[str, str]] = {
        name: (one.partner.them.id, one.partner.us.id)
        for name, one in (charter.systems.items() if charter is not None else ())
        if one.partner is not None
    }
    for name, pair in known.items():
        if pair == ids:
            return name
    there = ", ".join(f"{name}: {them} to {us}" for name, (them, us) in known.items()) or "none"
    return stop(
        f"{path} is from {ids[0]} to {ids[1]}, and no partner of the site has these ids",
        fix=f"name its system by --system; there are {there}",
    )


def _tell(path: Path, system: str, answer: Answer, *, json: bool) -> None:
    from crossdock.cli.remote import told

    repeated = answer.headers.get("crossdock-duplicate") == "true"
    if json:
        print_json(
            {
                "file": str(path),
                "system": system,
                "status": answer.status,
                "duplicate": repeated,
                "answer": answer.tree,
            }
        )
    elif answer.status == 202:
        how = "had before" if repeated else "accepted and safe on disk"
        print(f"{path}: {how}, as {answer.tree['capture']} of {system}")
    else:
        says, where, fix = told(answer)
        complain(f"{path}: refused ({answer.status}): {says}", where, fix)
