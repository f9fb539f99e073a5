"""The warehouse twin started and stopped from another program: tests, the demo, the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

__all__ = ["WarehouseTwin"]

STOP_S = 5.0
ANSWER_S = 30.0


class WarehouseTwin:
    """A warehouse twin in its own process; also a context manager that stops it."""

    def __init__(self, process: subprocess.Popen[str], url: str, stock_file: Path | None) -> None:
        self.url = url
        self.pid = process.pid
        self._process = process
        self._stock_file = stock_file

    @classmethod
    def start(
        cls,
        *,
        seed: int = 1,
        stock: Mapping[str, Any] | Path | None = None,
        push: Sequence[str] = (),
        key: str | None = None,
        topics: Sequence[str] = ("pick_status", "shipment"),
        faults: Mapping[str, Any] | None = None,
        listen: str = "127.0.0.1:0",
        api_key: str | None = None,
        simulated_clock: bool = False,
    ) -> WarehouseTwin:
        """Starts a twin and waits until it listens. Raises RuntimeError with its words when it does not.

        `stock` is the opening stock or a file of it; secrets travel by environment, never by command line.
        """
        command = [sys.executable, "-m", "crossdock.twins.warehouse", "--listen", listen, "--seed", str(seed)]
        environment = dict(os.environ)
        written = None
        if stock is not None and not isinstance(stock, Path):
            written = stock = _written(stock)
        if stock is not None:
            command += ["--stock", str(stock)]
        for url in push:
            command += ["--push", url]
        command += ["--topics", ",".join(topics)]
        if faults:
            command += ["--faults", ",".join(f"{dial}={_text(value)}" for dial, value in faults.items())]
        for option, name, value in (
            ("--key-env", "CROSSDOCK_TWIN_PUSH_KEY", key),
            ("--api-key-env", "CROSSDOCK_TWIN_API_KEY", api_key),
        ):
            if value is not None:
                command += [option, name]
                environment[name] = value
        if simulated_clock:
            command.append("--simulated-clock")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        first = process.stdout.readline()
        if not first:
            raise RuntimeError(f"the warehouse twin did not start: exit {process.wait(STOP_S)}")
        return cls(process, json.loads(first)["url"], written)

    def stop(self) -> None:
        """Ends the twin; killed when it does not end by itself."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._stock_file is not None:
            self._stock_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """The twin itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stops it."""
        self.stop()

    def state(self) -> dict[str, Any]:
        """Everything the twin knows: orders, effects, packages, bins, counts."""
        return self._ask("GET", "/_state")

    def dials(self, **changes: Any) -> dict[str, Any]:
        """Turns dials and gives them all."""
        return self._ask("PUT", "/_dials", changes)

    def truck(self, number: str, *lines: Mapping[str, Any], complete: bool = False) -> None:
        """Goods come for a receiving task. Raises RuntimeError where the twin says no."""
        self._comes("/_truck", {"number": number, "lines": lines, "complete": complete})

    def count(self, *lines: Mapping[str, Any]) -> None:
        """Somebody counts sellable goods. Raises RuntimeError where the twin says no."""
        self._comes("/_count", {"lines": lines})

    def _comes(self, path: str, tree: dict[str, Any]) -> None:
        answer = self._ask("PUT", path, tree)
        if "now" not in answer:
            raise RuntimeError(f"the warehouse did not take it: {answer}")

    def advance(self, seconds: float) -> None:
        """Moves a simulated clock, and the work with it."""
        self._ask("PUT", "/_clock", {"advance_s": seconds})

    def _ask(self, method: str, path: str, tree: dict[str, Any] | None = None) -> Any:
        body = None if tree is None else json.dumps(tree).encode()
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_S)
        try:
            connection.request(method, path, body)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


def _written(stock: Mapping[str, Any]) -> Path:
    handle, name = tempfile.mkstemp(suffix=".json", prefix="warehouse-stock-")
    with os.fdopen(handle, "w") as file:
        json.dump(stock, file, default=str)
    return Path(name)


def _text(value: object) -> str:
    return "none" if value is None else str(value)
