"""The lines of grammar files, each known by its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from crossdock.faults import Misconfigured


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a grammar file, for the reader and for the one who mends it."""

    file: str
    number: int
    text: str

    def refuse(self, says: str, fix: str = "") -> NoReturn:
        """Raises Misconfigured that points here."""
        raise Misconfigured(says, file=self.file, line=self.number, fix=fix)


def lines(text: str, file: str) -> Iterator[Line]:
    """The lines of a file that say something, without comments."""
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.strip() and not raw.lstrip().startswith("#"):
            yield Line(file, number, raw.rstrip())
