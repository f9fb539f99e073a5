"""An SFTP server in memory that misbehaves exactly as told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface

S_IFREG = 0o100644

#: Called before an act with its name and path; may hang up, wait, or answer with a status of its own.
Script = Callable[["ScriptedSftp", str, str], int | None]


def well(server: ScriptedSftp, act: str, path: str) -> int | None:
    """Every act as asked."""
    return None


@dataclass
class ScriptedSftp:
    """A running server; usable as a context manager. What it saw stands in its fields."""

    script: Script = well
    files: dict[str, bytes] = field(default_factory=dict)
    modified_s: int = 1_000
    password: str | None = "secret"
    also_key: bool = False  #: whether the password alone is not enough
    extra_names: tuple[str, ...] = ()
    acts: list[tuple[str, str]] = field(default_factory=list)
    read_at: list[int] = field(default_factory=list)
    sign_ins: int = 0
    connections: int = 0
    cuts: int = 0

    def __enter__(self) -> Self:
        self.host_keys = [paramiko.ECDSAKey.generate()]
        self.stopped = threading.Event()
        self._transports: list[paramiko.Transport] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        self._thread.join(timeout=5)

    @property
    def host_key(self) -> str:
        """The line for `known_hosts`, without the host."""
        key = self.host_keys[0]
        return f"{key.get_name()} {key.get_base64()}"

    def hang_up(self) -> None:
        """Breaks every connection, as a cut cable would."""
        self.cuts += 1
        doomed, self._transports = self._transports, []
        for transport in doomed:
            with contextlib.suppress(OSError):
                transport.sock.shutdown(socket.SHUT_RDWR)
            transport.close()

    def silence(self) -> None:
        """Says nothing any more until the server ends."""
        self.stopped.wait(30)

    def did(self, cuts: int, act: str, path: str) -> int | None:
        """Notes an act and lets the script decide; `cuts` were counted when its connection began."""
        if cuts != self.cuts:
            return paramiko.SFTP_CONNECTION_LOST  # it came over a cable that is cut
        self.acts.append((act, path))
        return self.script(self, act, path)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connected, _ = self._listener.accept()
                self.connections += 1
                transport = paramiko.Transport(connected)
                for key in self.host_keys:
                    transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", SFTPServer, sftp_si=_Files, scripted=self)
                self._transports.append(transport)
                with contextlib.suppress(paramiko.SSHException, EOFError):
                    transport.start_server(event=threading.Event(), server=_Door(self))


class _Door(paramiko.ServerInterface):
    """Who may come in."""

    def __init__(self, scripted: ScriptedSftp) -> None:
        self._scripted = scripted
        self._half = False

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._scripted.sign_ins += 1
        if self._scripted.also_key:
            self._half = True
            return paramiko.AUTH_PARTIALLY_SUCCESSFUL
        return paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        self._scripted.sign_ins += 1
        right = password == self._scripted.password and self._half == self._scripted.also_key
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(SFTPServerInterface):
    """The files, flat, each by its whole path."""

    def __init__(self, server: object, *, scripted: ScriptedSftp) -> None:
        super().__init__(server)
        self._scripted = scripted
        self._cuts = scripted.cuts

    def _attributes(self, path: str, name: str = "") -> SFTPAttributes:
        found = SFTPAttributes()
        found.filename = name or path.rsplit("/", 1)[-1]
        found.st_size, found.st_mode = len(self._scripted.files.get(path, b"")), S_IFREG
        found.st_atime = found.st_mtime = self._scripted.modified_s
        return found

    def list_folder(self, path: str):
        answer = self._scripted.did(self._cuts, "list", path)
        if answer is not None:
            return answer
        names = [one for one in self._scripted.files if one.startswith(f"{path}/")]
        listed = [self._attributes(one) for one in names]
        return listed + [self._attributes("", name) for name in self._scripted.extra_names]

    def lstat(self, path: str):
        answer = self._scripted.did(self._cuts, "stat", path)
        if answer is not None:
            return answer
        known = path in self._scripted.files or path in ("/in", "/out")
        return self._attributes(path) if known else paramiko.SFTP_NO_SUCH_FILE

    stat = lstat

    def open(self, path: str, flags: int, attr: SFTPAttributes):
        answer = self._scripted.did(self._cuts, "open", path)
        if answer is not None:
            return answer
        return _File(self._scripted, path, self._cuts)

    def remove(self, path: str) -> int:
        answer = self._scripted.did(self._cuts, "remove", path)
        if answer is not None:
            return answer
        return (
            paramiko.SFTP_OK
            if self._scripted.files.pop(path, None) is not None
            else paramiko.SFTP_NO_SUCH_FILE
        )

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._renamed("posix_rename", oldpath, newpath)

    def rename(self, oldpath: str, newpath: str) -> int:
        return self._renamed("rename", oldpath, newpath)

    def _renamed(self, act: str, oldpath: str, newpath: str) -> int:
        answer = self._scripted.did(self._cuts, act, newpath)
        if answer is not None:
            return answer
        self._scripted.files[newpath] = self._scripted.files.pop(oldpath)
        self._scripted.did(self._cuts, f"{act}d", newpath)
        return paramiko.SFTP_OK


class _File(SFTPHandle):
    """An open file."""

    def __init__(self, scripted: ScriptedSftp, path: str, cuts: int) -> None:
        super().__init__()
        self._scripted = scripted
        self._cuts = cuts
        self._path = path
        self._fresh = True

    def read(self, offset: int, length: int):
        answer = self._scripted.did(self._cuts, "read", self._path)
        if answer is not None:
            return answer
        self._scripted.read_at.append(offset)
        return self._scripted.files[self._path][offset : offset + length] or paramiko.SFTP_EOF

    def write(self, offset: int, data: bytes) -> int:
        answer = self._scripted.did(self._cuts, "write", self._path)
        if answer is not None:
            return answer
        held = b"" if self._fresh else self._scripted.files[self._path]
        self._fresh = False
        self._scripted.files[self._path] = (
            held[:offset].ljust(offset, b"\0") + data + held[offset + len(data) :]
        )
        return paramiko.SFTP_OK

    def close(self) -> None:
        if self._fresh and self._path.endswith(".part"):
            self._scripted.files.setdefault(self._path, b"")
