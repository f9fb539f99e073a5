"""What the commands share: how they speak, how they fail, and how a long one shows that it goes on."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from crossdock.faults import Fault, Misconfigured
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql.connection import Damaged

if TYPE_CHECKING:
    from rich.console import Console

DONE, FOUND, MISUSED = 0, 1, 2  #: exit status: done, found something wrong, wrong use
#: Where a defect leaves its traceback, below the folder for temporary files.
_DEFECTS_FILE = "crossdock-errors.log"
#: What Typer raises for a wrong command line, and shows itself.
_USAGE_ERRORS = tuple(kind for kind in typer.BadParameter.__mro__[:-3] if issubclass(kind, Exception))

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Group(TyperGroup):
    """A group of commands whose faults end as a sentence and an exit status, never as a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except Fault as fault:
            said = isinstance(fault, Misconfigured)  # whose text has the fix in it
            complain(str(fault), path=fault.path, fix="" if said else fault.fix)
            raise typer.Exit(MISUSED if fault.path.startswith("CROSSDOCK_") else FOUND) from None
        except (typer.Exit, typer.Abort, *_USAGE_ERRORS, BrokenPipeError):
            raise
        except (OSError, sqlite3.Error, StoreDown, Damaged) as error:
            place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
            says = (
                error.strerror or str(error)
                if isinstance(error, OSError)
                else f"the store does not work: {error}"
            )
            fix = whose(error) if isinstance(error, PermissionError) else ""
            if isinstance(error, FileNotFoundError):
                fix = "look at the name, and at the folder"
            complain(f"{place}{says}", fix=fix or "`crossdock doctor` looks closer")
            raise typer.Exit(FOUND) from None
        except Exception as error:
            _defect(error)  # ends in exit status 1, with the traceback in a file
            raise typer.Exit(FOUND) from None


def whose(error: PermissionError) -> str:
    """Who may do what was not permitted, as far as that can be seen; empty where it cannot."""
    wanted = Path(error.filename or ".").absolute()
    for place in (wanted, *wanted.parents):
        try:
            return f"{place} belongs to {place.owner()}: run the command as the user that runs the hub"
        except (OSError, KeyError, NotImplementedError):
            continue
    return ""


def _defect(error: Exception) -> None:
    """One line for people; the traceback goes to a file that they can send."""
    file = Path(tempfile.gettempdir()) / _DEFECTS_FILE
    text = "".join(traceback.format_exception(error))
    try:
        with file.open("a", encoding="utf-8") as log:
            log.write(f"{' '.join(sys.argv)}\n{text}\n")
        where = f"the traceback is in {file}"
    except OSError:
        where = "set CROSSDOCK_LOG=debug to see the traceback"
    if os.environ.get("CROSSDOCK_LOG", "").lower() == "debug":
        print(text, file=sys.stderr)
    print(f"crossdock: this is a defect: {type(error).__name__}: {error}; {where}", file=sys.stderr)


def console(*, stderr: bool = False) -> Console:
    """A console that wraps nothing by itself, and colours only a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)


def complain(says: str, path: str = "", fix: str = "") -> None:
    """One readable paragraph on stderr: what is wrong, where, and what to do instead."""
    place = f" ({path})" if path and path not in says and not path.startswith("CROSSDOCK_") else ""
    whole = f"crossdock: {says}{place}{f'; {fix}' if fix else ''}"
    # what a file holds is quoted in it, and must not steer the terminal
    print(_CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", whole), file=sys.stderr)


def stop(says: str, *, fix: str = "", status: int = FOUND) -> NoReturn:
    """Ends the command with a sentence on stderr."""
    complain(says, fix=fix)
    raise typer.Exit(status)


def print_json(tree: Any, *, indented: bool = False) -> None:
    """A tree as JSON, for programs: one line in a pipe, indented for eyes."""
    indent = 2 if indented or sys.stdout.isatty() else None
    print(json.dumps(tree, ensure_ascii=False, indent=indent, default=_digits))


@contextmanager
def progress(says: str) -> Generator[Callable[[int, int], None]]:
    """A bar on stderr that appears when something takes longer than a second; call it with (done, all)."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    import time

    from rich.progress import Progress

    began_s = time.monotonic()
    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(says, total=None, visible=False)

        def show(done: int, all_: int) -> None:
            bar.update(task, completed=done, total=all_, visible=time.monotonic() - began_s > 1)

        yield show


def _digits(value: object) -> float:
    """A quantity with a fraction, as a reader of JSON sees it anyhow."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON can say")
