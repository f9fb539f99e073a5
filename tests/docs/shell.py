"""A shell that types what a page says, in a folder of its own, and keeps what comes back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.docs.pages import ROOT, Step, matches
from tests.harness.ports import free_port

STEP_S_MAX = 30.0

#: Ends the jobs of this bash, first politely.
FAREWELL = """
for job in $(jobs -p); do kill -TERM -- "-$job"; done
for tenth in $(seq 150); do [ -z "$(jobs -rp)" ] && break; sleep 0.1; done
for job in $(jobs -rp); do kill -KILL -- "-$job"; done
exit 0
"""


class Shell:
    """One bash for one page. Ports that the pages name are exchanged for free ones, both ways."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"8080": str(free_port()), "9100": str(free_port())}
        shutil.copytree(ROOT / "examples", folder / "examples")
        for file in folder.rglob("*"):
            if file.suffix in {".yaml", ".py"}:
                file.write_text(self.inside(file.read_text("utf-8")), "utf-8")
        environ = {k: v for k, v in os.environ.items() if not k.startswith("CROSSDOCK_")}
        environ["PATH"] = f"{ROOT / '.venv' / 'bin'}:{environ['PATH']}"
        environ |= {"COLUMNS": "200", "LC_ALL": "C.UTF-8"}
        environ["CROSSDOCK_LISTEN"] = f"127.0.0.1:{self.ports['8080']}"
        self.errors = (folder / "stderr.txt").open("w+")
        self.bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder, env=environ, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
        )  # fmt: skip
        self.got = ""
        self.typed = 0
        self.news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        self.run(Step("set -m +o history; set -o pipefail", "", 0))

    def __enter__(self) -> Self:
        """The shell itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends what the page started, and nothing else: the jobs of this bash."""
        assert self.bash.stdin
        self.bash.stdin.write(FAREWELL)
        self.bash.stdin.close()
        self.bash.wait(timeout=60)
        self.errors.close()

    def inside(self, text: str) -> str:
        """A text of the page with the ports of this shell."""
        for theirs, ours in self.ports.items():
            text = re.sub(rf"\b{theirs}\b", ours, text)
        return text

    def run(self, step: Step) -> None:
        """Types one command; fails when it fails or answers something else than the page shows."""
        before = len(self.got)
        self._type(self.inside(step.command))
        end = re.compile(rf"^--end {self.typed} (\d+)--\n", re.MULTILINE)

        def answer() -> tuple[str, int] | None:
            text = self.got[before:]
            done = end.search(text)
            return (end.sub("", text), int(done.group(1))) if done else None

        def said() -> bool:
            # what a command in the background says may come after its prompt
            return (a := answer()) is not None and (a[1] != 0 or self._as_shown(step, a[0]))

        in_background = step.command.rstrip().endswith("&")
        self._until(said if in_background else (lambda: answer() is not None))
        got, status = answer() or ("no answer in time", -1)
        story = f"line {step.line}: $ {step.command}\n{got}\n{self._stderr()}"
        assert status == 0, f"exit status {status}\n{story}"
        assert self._as_shown(step, got), f"the page shows:\n{step.shown}\n{story}"

    def _as_shown(self, step: Step, got: str) -> bool:
        """Whether the output is the one shown; a step that shows nothing may say anything."""
        return not step.shown.strip() or matches(self.inside(step.shown), got)

    def _type(self, command: str) -> None:
        """Writes a command to bash, then one that tells its status."""
        assert self.bash.stdin
        self.typed += 1
        # no command may read what is typed after it
        self.bash.stdin.write(
            f"{{ {command}\n}} </dev/null\nstatus=$?; printf '\\n--end {self.typed} %s--\\n' $status\n"
        )
        self.bash.stdin.flush()

    def _listen(self) -> None:
        """Collects what bash and its children say."""
        assert self.bash.stdout
        for line in self.bash.stdout:
            with self.news:
                self.got += line
                self.news.notify_all()

    def _until(self, true: Callable[[], bool]) -> None:
        """Waits for news until something is true, or the time of a step is over."""
        until_s = time.monotonic() + STEP_S_MAX
        with self.news:
            while not true() and (left_s := until_s - time.monotonic()) > 0:
                self.news.wait(left_s)

    def _stderr(self) -> str:
        """What was said on the other stream, and in logs of the page."""
        logs = [self.folder / "stderr.txt", *self.folder.rglob("*.log")]
        return "\n".join(f"--- {log.name}\n{log.read_text('utf-8', 'replace')[-2000:]}" for log in logs)
