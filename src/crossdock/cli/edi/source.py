"""The files that a command line names: opened, told apart, and read with a bar that shows how far."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NoReturn, cast

import typer

from crossdock.cli.terminal import MISUSED, complain, progress, stop

if TYPE_CHECKING:
    from crossdock.faults import Invalid
    from crossdock.formats.edifile.checked import Rules
    from crossdock.formats.edifile.detect import Opened

STDIN = "-"

File = Annotated[str, typer.Argument(metavar="FILE", help="An X12 or EDIFACT file; - for standard input.")]
Files = Annotated[
    list[str], typer.Argument(metavar="FILE…", help="X12 or EDIFACT files; - for standard input.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict/--lenient", help="What a lenient reading forgives is an error, or only told."),
]
Version = Annotated[
    str | None,
    typer.Option(
        "--version", metavar="V", help="Read by this release, such as 005010 or D01B, whatever the file says."
    ),
]
Overlay = Annotated[
    Path | None,
    typer.Option("--overlay", metavar="FILE", help="A partner's changes to the standard, as YAML or JSON."),
]


def must_be_files(names: list[str]) -> None:
    """Ends the command when one of the names is no file that can be read; before anything is done."""
    if names.count(STDIN) > 1:
        stop("standard input can be read once", fix="name - once", status=MISUSED)
    for name in names:
        if name == STDIN:
            continue
        path = Path(name)
        if path.is_dir():
            _misused(name, "it is a folder", f"name the files in it: {name.rstrip('/')}/*")
        if not path.exists():
            _misused(name, "there is no such file", "")
        if not os.access(path, os.R_OK):
            _misused(name, "it may not be read", "give yourself the right to read it")


def _misused(name: str, says: str, fix: str) -> NoReturn:
    complain(f"{name}: {says}", fix=fix)
    raise typer.Exit(MISUSED)


@contextmanager
def opened(name: str) -> Generator[Opened]:
    """An EDI file, with a bar on a terminal when reading takes long. Raises Invalid for what is no EDI."""
    from crossdock.formats.edifile.detect import Opened

    with _bytes(name) as (stream, size), progress(called(name)) as show:
        yield Opened(stream, name, (lambda went: show(went, size)) if size else None)


@contextmanager
def _bytes(name: str) -> Generator[tuple[BinaryIO, int]]:
    if name == STDIN:
        yield cast("BinaryIO", sys.stdin.buffer), 0
        return
    with Path(name).open("rb") as stream:
        yield stream, os.fstat(stream.fileno()).st_size


def called(name: str) -> str:
    """The name of a file as people say it."""
    return "standard input" if name == STDIN else name


def refused(name: str, fault: Invalid) -> None:
    """One sentence on stderr: why a file cannot be read."""
    complain(f"{called(name)}: {fault.says}", fix=fault.fix)


def rules(version: str | None, overlay: Path | None) -> Rules:
    """What the options say of the grammar. Ends the command where they are wrong."""
    from crossdock.formats.edifile.checked import Rules, deltas

    return Rules(version) if overlay is None else Rules(version, deltas(_tree(overlay)))


def _tree(path: Path) -> object:
    """The plain values of a YAML or JSON file. JSON is YAML 1.2, so that one reader takes both."""
    from crossdock.charter.sheet import read_sheet
    from crossdock.faults import Misconfigured

    must_be_files([str(path)])
    problems: list[Misconfigured] = []
    try:
        entry = read_sheet(path.read_text("utf-8"), str(path), problems)
    except UnicodeDecodeError:
        _misused(str(path), "it is not UTF-8 text", "give an overlay as YAML or JSON")
    if problems or entry is None:
        stop(str(problems[0]) if problems else f"{path} says nothing", status=MISUSED)
    return entry.tree()
