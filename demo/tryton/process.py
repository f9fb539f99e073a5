"""One running Tryton server over one folder with a database."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

DATABASE = "erp"
START_S = 60
STOP_S = 10


class Process:
    """A Tryton server on the loopback interface; at most one process at a time."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = python
        self._folder = folder
        self._running: subprocess.Popen[bytes] | None = None

    def start(self, port: int = 0) -> str:
        """Starts it and waits until it answers; gives its URL. Port 0: a free one. Raises RuntimeError."""
        if self._running:
            raise RuntimeError("this server runs already")
        port = port or free_port()
        config = configure(self._folder, port)
        log = self._folder / "trytond.log"
        command = [self._python, self._python.with_name("trytond"), "-c", config, "-d", DATABASE]
        with log.open("ab") as out:
            self._running = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        try:
            self._wait_for(url, log)
        except BaseException:
            self.stop()
            raise
        return url

    def stop(self) -> None:
        """Ends the process; its database stays. Does nothing when it does not run."""
        running, self._running = self._running, None
        if not running:
            return
        running.terminate()
        try:
            running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(STOP_S)

    def _wait_for(self, url: str, log: Path) -> None:
        assert self._running
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self._running.poll() is not None:
                raise RuntimeError(f"Tryton ended at start:\n{log.read_text(errors='replace')[-2_000:]}")
            if _answers(url):
                return
            time.sleep(0.1)
        raise RuntimeError(f"Tryton does not answer after {START_S} s; see {log}")


def configure(folder: Path, port: int) -> Path:
    """Writes the configuration of a server whose database lies in the folder."""
    config = folder / "trytond.conf"
    config.write_text(
        f"[web]\nlisten = 127.0.0.1:{port}\n[database]\nuri = sqlite://\npath = {folder}\n"
        "[bus]\nallow_subscribe = False\n[queue]\nworker = False\n"
    )
    return config


def free_port() -> int:
    """A port on which nobody listens, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
