"""Mailboxes: files that a partner puts into a folder for us, and that we put into one for a partner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from crossdock.faults import Invalid, Misconfigured

#: Names under which senders write a file before it is whole; never read, whatever `match` says.
UNFINISHED = (".*", "*.part", "*.partial", "*.filepart", "*.tmp", "*.writing")
_NAME_BYTES_MAX = 200  # leaves room for what we put around it


@dataclass(frozen=True, slots=True)
class Entry:
    """One whole file that waits for us, as it was when it was listed."""

    name: str
    size: int
    modified_s: float  #: by the clock of whoever keeps the folder


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where files for us lie, and how a whole one is told from one that still grows.

    By default a file is whole when it is there: the sender renames it into place. Otherwise `marker`
    names the suffix of an empty file that follows each one (`.done`), or `settled_s` is the time for which its
    size must not have changed. After `done` a file goes to `archive`, or away when that is "".
    """

    folder: str = "."
    match: str = "*"
    marker: str = ""
    settled_s: float = 0.0
    archive: str = ""
    names_max: int = 10_000  #: read of one listing
    entries_max: int = 500  #: given by one listing, the oldest first
    bytes_max: int = 50_000_000

    def __post_init__(self) -> None:
        if self.marker and not _is_name(f"x{self.marker}"):
            raise Misconfigured("this is no suffix", path="marker", fix="write it like .done")
        if self.settled_s < 0 or min(self.names_max, self.entries_max, self.bytes_max) < 1:
            raise Misconfigured("a bound is less than one", path="inbox", fix="leave it out for the default")


@dataclass(frozen=True, slots=True)
class Outbox:
    """Where files for the partner go. `partial` is the name while one is written: {name} is the final one."""

    folder: str = "."
    partial: str = ".{name}.part"
    marker: str = ""  #: suffix of an empty file to put beside each one when it is whole

    def __post_init__(self) -> None:
        if "{name}" not in self.partial or not _is_name(self.partial_name("x")) or self.partial == "{name}":
            raise Misconfigured(
                "a file needs another name while it is written",
                path="partial",
                fix="write it like .{name}.part",
            )

    def partial_name(self, name: str) -> str:
        """The name of a file while it is written."""
        return self.partial.replace("{name}", name)


class Mailbox(Protocol):
    """Files in and files out, over SFTP or in a folder of this machine.

    TryLater always means that the partner sees nothing of what was tried.
    """

    async def waiting(self) -> Sequence[Entry]:
        """The whole files that wait, the oldest first. Raises TryLater."""
        ...

    async def fetch(self, entry: Entry) -> bytes:
        """The bytes of one file, as long as it is the one that was listed.

        Raises TryLater when it changed, went or could not be read to its end; Rejected when it is too large.
        """
        ...

    async def done(self, entry: Entry) -> None:
        """Takes a file out of the inbox once its bytes are committed; nothing happens when it is gone.

        Another file that came under the same name since is left alone. Raises TryLater.
        """
        ...

    async def hand_over(self, name: str, content: bytes) -> None:
        """Puts a file before the partner: whole, under its name, at one instant, never over another.

        The same name and content again is done already. Raises TryLater while the partner sees nothing,
        InDoubt when the last step was asked for and not answered, Rejected when the name holds another
        content, Invalid for what is no name.
        """
        ...

    async def holds(self, name: str, content: bytes) -> bool:
        """Whether the partner's folder has this file with this content now.

        False does not say that it was never there: partners take files away. Raises TryLater.
        """
        ...

    async def close(self) -> None:
        """Ends what is open."""
        ...


def check_name(name: str) -> str:
    """A name that stays in its folder on every system. Raises Invalid."""
    if not _is_name(name) or name.startswith("."):
        raise Invalid(
            "this cannot be the name of a file", path="name", value=name[:100],
            fix="use letters, digits, dots and dashes, at most 200",
        )  # fmt: skip
    return name


def _is_name(name: str) -> bool:
    return (
        bool(name)
        and name not in (".", "..")
        and not set('/\\:*?"<>|') & set(name)
        and name.isprintable()
        and not _has_surrogates(name)
        and len(name.encode()) <= _NAME_BYTES_MAX
    )


def _has_surrogates(name: str) -> bool:
    """Whether the name came from bytes that are no UTF-8."""
    return any("\ud800" <= one <= "\udfff" for one in name)


class Watch:
    """Tells whole files from growing ones across listings; one per inbox, bounded by what a listing holds."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._since_s: dict[Entry, float] = {}

    def whole(self, listed: Iterable[Entry], now_s: float) -> list[Entry]:
        """The whole ones of a listing, the oldest first. `now_s` is a clock that only goes on."""
        inbox = self._inbox
        found = {one.name: one for one in listed}
        wanted = [
            one
            for one in found.values()
            if fnmatchcase(one.name, inbox.match)
            and not any(fnmatchcase(one.name, pattern) for pattern in UNFINISHED)
            and _is_name(one.name)
            and not (inbox.marker and one.name.endswith(inbox.marker))
            and (not inbox.marker or one.name + inbox.marker in found)
        ]
        # An entry that changed is another one, so its time begins anew.
        self._since_s = {one: self._since_s.get(one, now_s) for one in wanted}
        ready = [one for one in wanted if now_s - self._since_s[one] >= inbox.settled_s]
        return sorted(ready, key=lambda one: (one.modified_s, one.name))[: inbox.entries_max]
