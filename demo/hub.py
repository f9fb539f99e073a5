"""The hub as its operator has it: a command, a site, and an HTTP interface."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from demo.tryton.process import free_port

START_S = 60
STOP_S = 15  # it drains for at most ten
COMMAND_S = 60


def command() -> list[str]:
    """The command of this environment."""
    built = Path(sys.executable).with_name("crossdock")
    return [str(built)] if built.exists() else [sys.executable, "-m", "crossdock.cli.main"]


class Hub:
    """One hub over one site, at an address that is known before it runs."""

    def __init__(self, site: Path, log: Path) -> None:
        self.site = site
        self.log = log
        self.url = f"http://127.0.0.1:{free_port()}"
        self._running: subprocess.Popen[str] | None = None
        self._key = ""

    def say(self, *words: str) -> str:
        """What a command answers. Raises RuntimeError with its words when it fails."""
        status, said = self.tried(*words)
        if status:
            raise RuntimeError(f"crossdock {' '.join(words)} ended with {status}: {said}")
        return said

    def tried(self, *words: str) -> tuple[int, str]:
        """Exit status of a command, and what it said."""
        done = subprocess.run(
            [*command(), *words, "--site", str(self.site)],
            env={**os.environ, "COLUMNS": "100"}, capture_output=True, text=True, timeout=COMMAND_S, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.strip() or done.stderr.strip()

    def start(self, secrets: Mapping[str, str]) -> None:
        """Starts it and waits for its ready line. Raises RuntimeError with the end of its log."""
        self._key = self.say("keys", "create", "--role", "observer").strip()
        environment = {**os.environ, **{f"CROSSDOCK_SECRET_{name}": value for name, value in secrets.items()}}
        words = [*command(), "up", "--site", str(self.site), "--listen", self.url.removeprefix("http://")]
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                words,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._running.stdout
        if not self._running.stdout.readline().startswith("{"):
            self.stop()
            raise RuntimeError(f"the hub did not start:\n{self.log.read_text(errors='replace')[-2_000:]}")

    def stop(self) -> None:
        """Lets it finish what is on the wire; ends it hard when it does not."""
        running, self._running = self._running, None
        if not running:
            return
        running.terminate()
        try:
            running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(STOP_S)
        if running.stdout:
            running.stdout.close()

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._running is not None and self._running.poll() is None

    def ask(self, path: str) -> Any:
        """What the process API says. Raises RuntimeError when it refuses, or when the hub is gone."""
        if not self.runs:
            raise RuntimeError(f"the hub ended:\n{self.log.read_text(errors='replace')[-2_000:]}")
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self._key}"})
        try:
            with urllib.request.urlopen(request, timeout=COMMAND_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(
                    f"the hub answered {error.code} to {path}: {error.read()[:500]!r}"
                ) from error

    def conservation(self) -> dict[str, Any]:
        """Where everything is that was ever accepted."""
        return self.ask("/v1/conservation")

    def incidents(self) -> list[dict[str, Any]]:
        """All that is open on the desk."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.ask(f"/v1/incidents?state=open{after}")
            found += page["items"]
            if page["next"] is None:
                return found
            after = f"&after={quote(page['next'])}"
