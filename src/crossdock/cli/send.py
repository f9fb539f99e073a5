"""`crossdock send`: a document handed in from a file, as a system would."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import typer

from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import FOUND, MISUSED, complain, print_json, progress, stop

if TYPE_CHECKING:
    from crossdock.cli.remote import Answer, Remote

_TYPES = {".json": "application/json", ".xml": "application/xml", ".csv": "text/csv"}


@at_a_place
def send(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Files with one document each; - is stdin.")
    ],
    system: Annotated[str, typer.Option("--system", metavar="NAME", help="The system that they come from.")],
    document: Annotated[
        str | None, typer.Option("--document", metavar="KIND", help="Where the system sends several kinds.")
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option("--idempotency-key", metavar="TEXT", help="The arrival's own key (one file)."),
    ] = None,
    content_type: Annotated[
        str | None, typer.Option("--content-type", metavar="TYPE", help="\\[default: by the end of the name]")
    ] = None,
    *,
    at: Place,
) -> None:
    """Hands documents in to a running hub, from files."""
    if idempotency_key is not None and len(files) > 1:
        stop("one Idempotency-Key is one arrival", fix="send the files one by one", status=MISUSED)
    bodies = [(name, _read(name)) for name in files]
    path = f"/v1/systems/{quote(system, safe='')}/messages" + (
        f"?{urlencode({'document': document})}" if document else ""
    )
    given = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    answers: list[tuple[str, Answer]] = []
    with at.acting(system=system) as hub, progress("files") as show:
        for number, (name, body) in enumerate(bodies, 1):
            kind = content_type or _TYPES.get(Path(name).suffix.lower(), "application/json")
            answers.append((name, _sent(hub, path, body, given | {"Content-Type": kind})))
            show(number, len(bodies))
    _tell(answers, json=at.json)
    if any(answer.status != 202 for _, answer in answers):
        raise typer.Exit(FOUND)


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        stop(f"{name} cannot be read: {error.strerror}", status=MISUSED)


def _sent(hub: Remote, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    return hub.ask("POST", path, body, headers)


def _tell(answers: Iterable[tuple[str, Answer]], *, json: bool) -> None:
    from crossdock.cli.remote import told

    for name, answer in answers:
        repeated = answer.headers.get("crossdock-duplicate") == "true"
        tree: Any = answer.tree
        if json:
            print_json({"file": name, "status": answer.status, "duplicate": repeated, "answer": tree})
        elif answer.status == 202 and repeated:
            print(f"{name}: the hub had it before, as {tree['capture']}; nothing is done twice")
        elif answer.status == 202:
            print(f"{name}: accepted and safe on disk, as {tree['capture']}")
        else:
            says, path, fix = told(answer)
            complain(f"{name}: refused ({answer.status}): {says}", path, fix)
