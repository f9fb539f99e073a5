"""What the demo shows while it runs: a bar for each phase, and a line for each one that is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

WIDTH_MAX = 100

#: Called with how much is done, and if need be what is happening now.
Tell = Callable[..., None]


class Screen:
    """A console at most so wide that tables stay readable; remembers how long each phase took."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, emoji=False)
        self.console.width = min(self.console.width, WIDTH_MAX) if self.console.is_terminal else WIDTH_MAX
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, says: str, total: int | None = None) -> Iterator[Tell]:
        """A bar while the phase lasts, and one line when it is over."""
        began_s = time.monotonic()
        last = ""
        bar = Progress(
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(24), MofNCompleteColumn(),
            TimeElapsedColumn(), TextColumn("[dim]{task.fields[now]}"),
            console=self.console, transient=True, disable=not self.console.is_terminal,
        )  # fmt: skip
        with bar:
            task = bar.add_task(says, total=total, now="")

            def tell(done: int | None = None, now: str | None = None, total: int | None = None) -> None:
                nonlocal last
                last = now if now is not None else last
                bar.update(task, completed=done, total=total, now=escape(last))

            yield tell
        took_s = time.monotonic() - began_s
        self.seconds[says] = took_s
        self.console.print(f"[green]✓[/] {escape(says):<58} [dim]{escape(last[:26]):<26}{took_s:6.1f} s[/]")

    def print(self, *things: object) -> None:
        """Prints as Rich does."""
        self.console.print(*things)
