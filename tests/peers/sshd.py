"""The peer OpenSSH: its real server on a free port of the loopback, serving SFTP out of a folder."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.harness.ports import free_port
from tests.peers.cache import NotToBeHadError, debian, kept, run

#: What Debian's server needs beyond a plain system.
PACKAGES = ("openssh-server", "libwrap0")
_START_S = 60.0


class Sshd:
    """A running server; usable as a context manager. Raises NotToBeHadError.

    It runs as nobody when the tests run as root: a server of root wants a system user of its own.
    """

    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    host = "127.0.0.1"

    def __enter__(self) -> Self:
        self.home = Path(tempfile.mkdtemp(prefix="sshd-"))
        try:
            self._program, self._environment = _program(self.home)
            self._configure()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def stop(self) -> None:
        """Ends the server and every connection of it."""
        process: subprocess.Popen[bytes] | None = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)

    def restart(self) -> None:
        """The same server again, on the same port."""
        self.stop()
        self._start()

    @property
    def host_key(self) -> str:
        """The line of its Ed25519 key, as `known_hosts` writes it without the host."""
        return self._public("host_ed25519")

    @property
    def client_key(self) -> str:
        """The private key with which `user` signs in."""
        return (self.home / "client").read_text()

    def folder(self, name: str) -> Path:
        """A new folder that the server may use."""
        made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.home))
        made.chmod(0o777)
        return made

    def _public(self, name: str) -> str:
        return " ".join((self.home / f"{name}.pub").read_text().split()[:2])

    def _configure(self) -> None:
        self.port = free_port()
        for name, kind in (("host_ed25519", "ed25519"), ("host_rsa", "rsa"), ("client", "ed25519")):
            run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(self.home / name)])
        shutil.copy(self.home / "client.pub", self.home / "authorized")
        lines = (
            f"ListenAddress {self.host}", f"Port {self.port}", f"HostKey {self.home}/host_ed25519",
            f"HostKey {self.home}/host_rsa", f"AuthorizedKeysFile {self.home}/authorized", "StrictModes no",
            "UsePAM yes", "PasswordAuthentication no", "PidFile none", "Subsystem sftp internal-sftp",
            "PrintMotd no", "MaxStartups 100", "LogLevel ERROR",
        )  # fmt: skip
        (self.home / "config").write_text("\n".join(lines) + "\n")
        owner = pwd.getpwnam(self.user)
        for path in (self.home, *self.home.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def _start(self) -> None:
        owner = pwd.getpwnam(self.user)
        become = (
            {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        log = (self.home / "log").open("ab")
        self._process = subprocess.Popen(
            [str(self._program), "-D", "-e", "-f", str(self.home / "config")],
            env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **become,
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1):
                return
            time.sleep(0.02)
        raise NotToBeHadError(f"sshd does not start: {(self.home / 'log').read_text()[-300:]}")


def _program(home: Path) -> tuple[Path, dict[str, str]]:
    """The server's program where every user can read it, and its environment."""
    installed = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if installed:
        return Path(installed), {"PATH": "/usr/bin:/bin"}
    if shutil.which("apt-get") is None or shutil.which("ssh-keygen") is None:
        raise NotToBeHadError("there is no sshd, and no way to get one")

    tree = kept("sshd", PACKAGES, lambda folder: debian(folder, PACKAGES)) / "tree"
    for path in (
        tree / "usr" / "sbin" / "sshd",
        *tree.glob("lib/*/libwrap.so.*"),
        *tree.glob("usr/lib/*/libwrap.so.*"),
    ):
        shutil.copy(path, home / path.name)
    return home / "sshd", {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(home)}
