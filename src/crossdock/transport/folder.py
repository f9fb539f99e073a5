"""A mailbox in a folder of this machine: a mounted share, or what a VAN's own client fills and empties."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeVar

from crossdock.faults import Fault, InDoubt, Rejected, TryLater
from crossdock.transport.mailbox import Entry, Inbox, Outbox, Watch, check_name
from crossdock.transport.own_thread import OwnThread

Made = TypeVar("Made")

_STEP_BYTES = 1_048_576
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: Where a file system knows no second name for a file, the file is renamed instead.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})


def linked(old: str, new: str, folder: int) -> None:
    """Gives a file a second name in an open folder, never over another. Raises OSError."""
    os.link(old, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)


class FolderMailbox:
    """Keeps `transport.mailbox.Mailbox` on local folders. Times in seconds.

    `root` is where the folders of inbox and outbox begin. Every file is opened relative to its folder and
    never through a link, so that no name leads elsewhere. What was handed over or taken away is on
    the disk (fsync of the file, then of the folder) when the call returns. `sync` and `link` are the system's.
    """

    def __init__(
        self,
        root: Path,
        *,
        inbox: Inbox | None = None,
        outbox: Outbox | None = None,
        clock: Callable[[], float] = time.monotonic,
        sync: Callable[[int], None] = os.fsync,
        link: Callable[[str, str, int], None] = linked,
    ) -> None:
        self._root = root
        self._inbox = inbox or Inbox()
        self._outbox = outbox or Outbox()
        self._watch = Watch(self._inbox)
        self._clock = clock
        self._sync = sync
        self._link = link
        self._thread = OwnThread("mailbox")

    async def waiting(self) -> Sequence[Entry]:
        """The whole files that wait, the oldest first. Raises TryLater."""
        listed = await self._act(self._listed)
        return self._watch.whole(listed, self._clock())

    async def fetch(self, entry: Entry) -> bytes:
        """The bytes of one file. Raises TryLater, Rejected."""
        return await self._act(lambda: self._fetched(entry), entry.name)

    async def done(self, entry: Entry) -> None:
        """Takes a file out of the inbox. Raises TryLater."""
        await self._act(lambda: self._taken_away(entry), entry.name)

    async def hand_over(self, name: str, content: bytes) -> None:
        """Puts a file before the partner. Raises TryLater, InDoubt, Rejected, Invalid."""
        check_name(name)
        await self._act(lambda: self._handed_over(name, content))

    async def holds(self, name: str, content: bytes) -> bool:
        """Whether the partner's folder has this file. Raises TryLater."""
        check_name(name)

        def look() -> bool:
            with self._folder(self._outbox.folder) as folder:
                return _read(folder, name, len(content)) == content

        return await self._act(look)

    async def close(self) -> None:
        """Takes no further act."""
        self._thread.close()

    async def _act(self, act: Callable[[], Made], file: str = "") -> Made:
        """One act at a time; a cancelled one goes on to its end before the next begins.

        What stops an act on one `file` of the inbox is told of that file: the others can be had.
        """
        try:
            return await self._thread.run(act)
        except OSError as error:
            raise self._later(error, file) from None

    def _later(self, error: OSError, file: str) -> TryLater:
        if file:
            return TryLater(
                f"{file} cannot be taken: {error.strerror or error}", path=file,
                fix="see that the hub may read it and take it away, or take it away by hand",
            )  # fmt: skip
        return TryLater(
            f"the folder {self._root} cannot be used: {error.strerror or error}", path="folder",
            fix="see that it is mounted, that the hub may write there, and that the disk is not full",
        )  # fmt: skip

    @contextlib.contextmanager
    def _folder(self, name: str) -> Generator[int]:
        """An open folder. Its own path is the site's word, so links in it are followed."""
        descriptor = os.open(self._root / name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _listed(self) -> list[Entry]:
        found: list[Entry] = []
        with self._folder(self._inbox.folder) as folder, os.scandir(folder) as names:
            for _, one in zip(range(self._inbox.names_max), names, strict=False):
                with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                    seen = one.stat(follow_symlinks=False)
                    if stat.S_ISREG(seen.st_mode):
                        found.append(Entry(one.name, seen.st_size, seen.st_mtime))
        return found

    def _fetched(self, entry: Entry) -> bytes:
        if entry.size > self._inbox.bytes_max:
            raise Rejected(
                f"{entry.name} has {entry.size:,} bytes; at most {self._inbox.bytes_max:,} are read",
                path=entry.name, fix="ask the partner for smaller files, or raise the limit",
            )  # fmt: skip
        with self._folder(self._inbox.folder) as folder:
            if _seen(folder, entry.name) != entry:
                raise TryLater(f"{entry.name} is not the file that was listed", path=entry.name)
            content = _read(folder, entry.name, entry.size)
            if content is None or len(content) != entry.size or _seen(folder, entry.name) != entry:
                raise TryLater(f"{entry.name} changed while it was read", path=entry.name)
            return content

    def _taken_away(self, entry: Entry) -> None:
        with self._folder(self._inbox.folder) as folder:
            if _seen(folder, entry.name) == entry:
                if self._inbox.archive:
                    with self._folder(self._inbox.archive) as archive:
                        os.rename(
                            entry.name, _free(archive, entry.name), src_dir_fd=folder, dst_dir_fd=archive
                        )
                        self._sync(archive)
                else:
                    os.unlink(entry.name, dir_fd=folder)
            if self._inbox.marker and _seen(folder, entry.name) is None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.name + self._inbox.marker, dir_fd=folder)
            self._sync(folder)

    def _handed_over(self, name: str, content: bytes) -> None:
        with self._folder(self._outbox.folder) as folder:
            if not self._there(folder, name, content):
                partial = self._outbox.partial_name(name)
                self._written(folder, partial, content)
                self._put_in_place(folder, partial, name, content)
            if self._outbox.marker:
                self._marked(folder, name)

    def _there(self, folder: int, name: str, content: bytes) -> bool:
        """Whether it was handed over before. Raises Rejected when the name holds something else."""
        if not _exists(folder, name):
            return False
        if _read(folder, name, len(content)) != content:
            raise _name_taken(name)
        self._sync(folder)
        return True

    def _written(self, folder: int, partial: str, content: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial, dir_fd=folder)  # what a crash left
        descriptor = os.open(partial, _WRITE, 0o660, dir_fd=folder)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view[:_STEP_BYTES]) :]
            self._sync(descriptor)
        finally:
            os.close(descriptor)

    def _put_in_place(self, folder: int, partial: str, name: str, content: bytes) -> None:
        """Gives the file its name, unless that is taken. Raises Rejected, InDoubt."""
        try:
            self._link(partial, name, folder)
        except FileExistsError:
            os.unlink(partial, dir_fd=folder)
            if not self._there(folder, name, content):
                raise
        except OSError as error:
            if error.errno not in _NO_LINKS or _exists(folder, name):
                raise
            os.rename(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=folder)
            self._sync(folder)
        except OSError as error:
            raise InDoubt(
                f"{name} is in place, but the disk did not confirm it: {error.strerror or error}", path="name"
            ) from None

    def _marked(self, folder: int, name: str) -> None:
        """Puts the marker beside the file. Raises InDoubt."""
        try:
            marker = os.open(
                name + self._outbox.marker,
                os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC,
                0o660,
                dir_fd=folder,
            )
            os.close(marker)
            self._sync(folder)
        except OSError as error:
            raise InDoubt(
                f"{name} is in place without its marker: {error.strerror or error}", path="name"
            ) from None


def _seen(folder: int, name: str) -> Entry | None:
    """The regular file of that name now; None when there is none."""
    try:
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Entry(name, seen.st_size, seen.st_mtime) if stat.S_ISREG(seen.st_mode) else None


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _read(folder: int, name: str, bytes_max: int) -> bytes | None:
    """At most one byte more than `bytes_max` of a regular file, so that a longer one is told; None for none."""
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            return None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        chunks, left = list[bytes](), bytes_max + 1
        while left > 0 and (chunk := os.read(descriptor, min(left, _STEP_BYTES))):
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def _free(folder: int, name: str) -> str:
    """The name, or with a number behind it when the archive has one like it. Raises OSError."""
    for number in range(1000):
        candidate = f"{name}.{number}" if number else name
        if not _exists(folder, candidate):
            return candidate
    raise OSError(errno.EEXIST, f"the archive has {name} a thousand times")


def _name_taken(name: str) -> Fault:
    return Rejected(
        f"the partner's folder has another file {name}", path="name", value=name,
        fix="see whether the partner still needs it; then hand the document over under a new name",
    )  # fmt: skip
