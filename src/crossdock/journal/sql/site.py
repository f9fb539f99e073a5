"""The journal as the desk, the doors and the terminal use it: the pipeline's, and what people ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from crossdock.journal.contract import Journal
from crossdock.journal.sql.connection import Connection

T = TypeVar("T")


class Writing(Protocol):
    """How the writer of a journal fares."""

    failure: str | None  #: why the last commit failed; None while the store takes commits
    commits: int
    failures: int
    #: Told of every commit: seconds from the first statement to the disk's word, and how many callers shared it.
    watch: Callable[[float, int], None]

    @property
    def depth(self) -> int:
        """How many callers wait."""
        ...


class SiteJournal(Journal, Protocol):
    """A journal that is opened, read in larger pieces, and closed."""

    @property
    def writer(self) -> Writing:
        """How the writer fares."""
        ...

    @property
    def position(self) -> int:
        """The position of the last durable entry of this process."""
        ...

    def start(self) -> None:
        """Begins to take commits; needs a running event loop."""
        ...

    async def close(self) -> None:
        """Writes what is queued, anchors the chains, lets go of the store."""
        ...

    async def use_charter(self, version: str, code: str, files: dict[str, str]) -> None:
        """Records the charter version that decisions from now on are made by."""
        ...

    @property
    def member_id(self) -> int:
        """The number of this process among those that write to the store; 0 where no other can."""
        ...

    async def is_member(self, id_: int) -> bool:
        """Whether another process of that number still writes to the store. Raises StoreDown."""
        ...

    async def view(self, read: Callable[[Connection], T]) -> T:
        """Runs a larger read in one snapshot, off the event loop."""
        ...

    def crosswalk_rows(self) -> Sequence[tuple[str, str, str, str, int]]:
        """Rows added on the desk: (name, system, theirs, ours, position)."""
        ...

    def lanes_after(self, transmission: int, message: int) -> Sequence[tuple[str, str]]:
        """(target, ordering key) of the lanes in which something comes after a transmission of a message."""
        ...

    def answer(self, key: str) -> tuple[bytes, bytes] | None:
        """(digest of the request, answer) that was given under an Idempotency-Key."""
        ...

    def keys(self, now_ms: int) -> Sequence[tuple[bytes, str, str, str | None]]:
        """(digest, name, role, system) of every key that is valid at a time."""
        ...
