"""The crosswalks of a site with the rows of the desk laid over them, and a row more for as long as it is tried."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from crossdock.mapping.crosswalk import Crosswalks

#: A row as it is added: crosswalk, system, theirs, ours.
Row = tuple[str, str, str, str]


class Overlay:
    """What mappings look codes up in."""

    def __init__(
        self, files: Mapping[str, str], added: Callable[[], Sequence[tuple[str, str, str, str, int]]]
    ) -> None:
        """`added` gives the rows of the desk; they are read by `refresh` first."""
        self._files = dict(files)
        self._added = added
        self.current = Crosswalks.read(self._files)

    def refresh(self) -> None:
        """Lays the rows that were added on the desk over those of the site's files."""
        fresh = Crosswalks.read(self._files)
        for name, system, theirs, ours, _ in self._added():
            fresh = fresh.with_row(name, system, theirs, ours)
        self.current = fresh

    def known_codes(self, crosswalk: str) -> frozenset[str] | None:
        """Our codes that a crosswalk has; None when there is no such crosswalk."""
        table = self.current.tables.get(crosswalk)
        return None if table is None else frozenset(row.ours for row in table.rows())

    @contextmanager
    def trying(self, row: Row | None) -> Generator[None]:
        """A row more (None: none) while the block runs; nothing may be awaited inside, since all see it."""
        kept = self.current
        try:
            if row is not None:
                self.current = kept.with_row(*row)
            yield
        finally:
            self.current = kept
