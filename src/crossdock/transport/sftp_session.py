"""One SFTP session: requests, answers, and the difference between a server's no and a broken connection."""

from __future__ import annotations

import contextlib
import stat
import struct
from collections import deque
from collections.abc import Callable, Generator

from paramiko import Message, SFTPAttributes, SFTPClient, SSHException, Transport
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_DATA,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    SFTP_FLAG_READ,
    int64,
)

from crossdock.transport.mailbox import Entry

_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 1, 2, 4, 8, 0x8000_0000
_NAMES_MAX = 10_000  # in one answer
_CHUNK_BYTES = 32_768
_AHEAD_MAX = 64  # requests under way at once


class Requests(SFTPClient):
    """The library's client, with a listing and a download of its own.

    The library's listing breaks at one name that is no UTF-8. Its download runs in a thread that never
    ends when the connection does.
    """

    # The library's, left out of its published types.
    _request: Callable[..., tuple[int, Message]]
    _async_request: Callable[..., int]
    _read_response: Callable[[int], tuple[int, Message]]

    def files(self, folder: str, names_max: int) -> list[Entry]:
        """The regular files of a folder, at most so many names read. Raises OSError, SSHException."""
        handle, found, names = self._asked(CMD_OPENDIR, folder.encode()), list[Entry](), 0
        with contextlib.suppress(EOFError):  # how the library says that the server has no more
            while names < names_max:
                _, answer = self._request(CMD_READDIR, handle)
                count = min(answer.get_int(), _NAMES_MAX)
                if not count:
                    break
                for _ in range(count):
                    name = answer.get_string().decode("utf-8", "surrogateescape")
                    answer.get_string()  # the line that `ls -l` would show
                    entry = _listed(name, answer)
                    names += name not in (".", "..")
                    if entry is not None and names <= names_max:
                        found.append(entry)
        self._request(CMD_CLOSE, handle)
        return found

    def read_on(self, path: str, size: int, into: bytearray) -> None:
        """Reads a file from where `into` ends up to `size`. Raises OSError, SSHException."""
        handle = self._asked(CMD_OPEN, path.encode(), SFTP_FLAG_READ, SFTPAttributes())
        with contextlib.suppress(EOFError):  # the file is shorter than it was
            while len(into) < size:
                self._read_in_order(handle, size, into)
        self._request(CMD_CLOSE, handle)

    def _read_in_order(self, handle: bytes, size: int, into: bytearray) -> None:
        """Reads until the end, or until a piece came short and the following ones do not fit. Raises EOFError."""
        early, under_way, asked = _Early(), deque[tuple[int, int]](), len(into)
        while len(into) < size:
            while asked < size and len(under_way) < _AHEAD_MAX:
                length = min(_CHUNK_BYTES, size - asked)
                under_way.append((self._async_request(early, CMD_READ, handle, int64(asked), length), length))
                asked += length
            number, length = under_way.popleft()
            kind, answer = early.arrived.pop(number, None) or self._read_response(number)
            piece = answer.get_string() if kind == CMD_DATA else b""
            if not piece:
                raise EOFError
            into += piece
            if len(piece) != length:
                return

    def _asked(self, *words: object) -> bytes:
        """The handle that a request opens."""
        return self._request(*words)[1].get_string()


class _Early:
    """Answers that came before those that were asked for first."""

    def __init__(self) -> None:
        self.arrived: dict[int, tuple[int, Message]] = {}

    def _async_response(self, kind: int, answer: Message, number: int) -> None:
        """Called by the library."""
        self.arrived[number] = (kind, answer)


def _listed(name: str, answer: Message) -> Entry | None:
    """The file that the attributes in a listing tell of (draft-ietf-secsh-filexfer-02, 5); None for no file."""
    flags = answer.get_int()
    size = answer.get_int64() if flags & _HAS_SIZE else 0
    if flags & _HAS_OWNER:
        answer.get_int64()
    mode = answer.get_int() if flags & _HAS_MODE else stat.S_IFREG
    modified_s = (answer.get_int(), answer.get_int())[1] if flags & _HAS_TIMES else 0
    if flags & _HAS_MORE:
        for _ in range(2 * min(answer.get_int(), 100)):
            answer.get_string()
    return Entry(name, size, float(modified_s)) if stat.S_ISREG(mode) else None


class Lost(Exception):
    """The connection broke: whether the last request was carried out is not known."""


class Session:
    """One connection, signed in. Blocks: use it in a thread. `Lost` when it breaks, OSError for a server's no."""

    def __init__(self, transport: Transport, sftp: Requests) -> None:
        self._transport = transport
        self._sftp = sftp

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as this side knows."""
        return self._transport.is_active()

    def close(self) -> None:
        """Ends the connection; whoever waits for an answer on it gets `Lost`."""
        self._transport.close()

    def names(self, folder: str, names_max: int) -> list[Entry]:
        """The regular files of a folder, at most so many names read."""
        with self._sorted_out():
            return self._sftp.files(folder, names_max)

    def check_folder(self, folder: str) -> None:
        """Raises OSError when the folder is not there."""
        with self._sorted_out():
            self._sftp.stat(folder)

    def seen(self, folder: str, name: str) -> Entry | None:
        """The file of that name now; None when there is none. A link is none."""
        with self._sorted_out():
            try:
                found = self._sftp.lstat(f"{folder}/{name}")
            except FileNotFoundError:
                return None
        return _entry(name, found) if _is_file(found) else None

    def exists(self, folder: str, name: str) -> bool:
        """Whether anything has that name."""
        with self._sorted_out():
            try:
                self._sftp.lstat(f"{folder}/{name}")
            except FileNotFoundError:
                return False
        return True

    def read_on(self, folder: str, entry: Entry, into: bytearray) -> None:
        """Reads a file from where `into` ends to its size at listing; what arrived before `Lost` stays there."""
        with self._sorted_out():
            self._sftp.read_on(f"{folder}/{entry.name}", entry.size, into)

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Writes a file anew; every byte is acknowledged, and its size looked at, when this returns."""
        path = f"{folder}/{name}"
        with self._sorted_out():
            with self._sftp.open(path, "wb") as file:
                file.set_pipelined(True)
                for at in range(0, len(content), _CHUNK_BYTES):
                    file.write(content[at : at + _CHUNK_BYTES])
            size = self._sftp.stat(path).st_size
            if size != len(content):
                raise OSError(f"the server has {size} of {len(content)} bytes")

    def rename(self, folder: str, name: str, to_folder: str, to_name: str) -> None:
        """Renames at one instant; a plain rename where the server knows no other."""
        old, new = f"{folder}/{name}", f"{to_folder}/{to_name}"
        with self._sorted_out():
            try:
                self._sftp.posix_rename(old, new)
            except OSError as error:
                if error.errno is not None or not self.alive or "unsupported" not in str(error).lower():
                    raise
                self._sftp.rename(old, new)

    def remove(self, folder: str, name: str) -> None:
        """Removes a file; one that is gone is fine."""
        with self._sorted_out(), contextlib.suppress(FileNotFoundError):
            self._sftp.remove(f"{folder}/{name}")

    @contextlib.contextmanager
    def _sorted_out(self) -> Generator[None]:
        """Tells a broken connection from a server's no: the library raises OSError for both."""
        try:
            yield
        except (
            SSHException,
            EOFError,
            TimeoutError,
            ConnectionError,
            ValueError,
            IndexError,
            struct.error,
        ) as error:
            self.close()  # the last three: an answer that is none
            raise Lost(said(error)) from None
        except OSError as error:
            if self.alive and "closed" not in str(error):
                raise
            self.close()
            raise Lost(said(error)) from None


def _is_file(found: SFTPAttributes) -> bool:
    return found.st_mode is None or stat.S_ISREG(found.st_mode)


def _entry(name: str, found: SFTPAttributes) -> Entry:
    return Entry(name, found.st_size or 0, float(found.st_mtime or 0))


def said(error: BaseException) -> str:
    """What an error of the library tells, at most a line."""
    return str(error)[:200] or type(error).__name__
