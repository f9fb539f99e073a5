"""The ERP that a demo or a test starts, stops and takes back to where it began."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

from demo.tryton import seed, snapshot
from demo.tryton.process import DATABASE, Process
from demo.tryton.rpc import Erp


class TrytonServer:
    """A Tryton server with the demo company in it, on a database of its own.

    The first one on a machine installs and fills Tryton (about a minute); later ones copy the
    snapshot and listen within some two seconds. Usable as a context manager.
    """

    hub_user = seed.HUB_USER  #: the login that the hub uses
    database = DATABASE

    def __init__(self, *, folder: Path | None = None, tell: Callable[[str], None] | None = None) -> None:
        """`folder`: where the database lives (None: a temporary folder that `stop` removes)."""
        self._tell = tell
        self._kept = folder is not None
        self._folder = folder
        self._process: Process | None = None
        self._snapshot: snapshot.Snapshot | None = None
        self._port = 0
        self.url = ""

    def start(self, port: int = 0) -> str:
        """Starts from the snapshot and gives the server's URL; port 0 takes a free one."""
        self._snapshot = snapshot.ready(self._tell)
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="tryton-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = Process(self._snapshot.python, self._folder)
        self._port = port
        return self._restore_and_start()

    def reset(self) -> str:
        """Back to the snapshot, on the same port."""
        assert self._process, "start the server before it is reset"
        self._process.stop()
        return self._restore_and_start()

    def stop(self) -> None:
        """Ends the server and removes its temporary folder."""
        if self._process:
            self._process.stop()
            self._process = None
        if self._folder and not self._kept:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    @property
    def hub_password(self) -> str:
        """The password of the hub's own user; differs from machine to machine."""
        assert self._snapshot, "start the server first"
        return self._snapshot.hub_password

    @property
    def admin_password(self) -> str:
        """The administrator's password; differs from machine to machine."""
        assert self._snapshot, "start the server first"
        return self._snapshot.admin_password

    def erp(self) -> Erp:
        """A session of the administrator, for doing what a clerk would do."""
        return Erp(self.url, DATABASE, "admin", self.admin_password)

    def __enter__(self) -> Self:
        """Starts the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops the server."""
        self.stop()

    def _restore_and_start(self) -> str:
        assert self._process and self._snapshot and self._folder
        snapshot.copy_database(self._snapshot.database, self._folder / f"{DATABASE}.sqlite")
        self.url = self._process.start(self._port)
        self._port = int(self.url.rsplit(":", 1)[1])
        return self.url


def main() -> None:
    """`python3 -m demo.tryton.server`: installs and fills Tryton if that was not done yet."""
    snapshot.ready()
    print("tryton: ready", file=sys.stderr)


if __name__ == "__main__":
    main()
