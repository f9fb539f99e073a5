"""The peer mock-edi: a trading partner that answers orders, in an environment of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.request
from typing import Any, Self

from tests.harness.ports import free_port
from tests.peers.cache import NotToBeHadError, environment

PACKAGES = ("mock-edi==0.9.0",)
_START_S = 60.0


class MockEdi:
    """A running partner; usable as a context manager. Raises NotToBeHadError."""

    def __init__(self, *options: str) -> None:
        self._options = options

    def __enter__(self) -> Self:
        python = environment("mock-edi", PACKAGES)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process = subprocess.Popen(
            [str(python), "-m", "mockedi", "--port", self.url.rsplit(":", 1)[1], *self._options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError):
                self.ask("GET", "/_mock/health")
                return self
            time.sleep(0.05)
        self.__exit__()
        raise NotToBeHadError("mock-edi does not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request to its control plane."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
