"""Programs of others that run beside the tests, installed on first use and kept under `var/peers/`."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / "var" / "peers"
INSTALL_S = 300


class NotToBeHadError(Exception):
    """A program that cannot be installed here; the text says why, for the reason of a skip."""


def kept(name: str, made_from: Sequence[str], make: Callable[[Path], object]) -> Path:
    """The folder of a program, made once for these words. Raises NotToBeHadError."""
    HOME.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256("\n".join((sys.version, *made_from)).encode()).hexdigest()[:12]
    folder = HOME / f"{name}-{key}"
    with _alone(HOME / f"{name}.lock"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "complete").touch()
    return folder


def environment(name: str, packages: Sequence[str], mend: Callable[[Path], None] = lambda _: None) -> Path:
    """The interpreter of a virtual environment with exactly these packages. Raises NotToBeHadError."""

    def make(folder: Path) -> None:
        run([sys.executable, "-m", "venv", str(folder / "env")])
        pip = [str(folder / "env" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
        run([*pip, "--quiet", "--no-deps", "--retries", "1", "--timeout", "15", *packages])
        mend(folder / "env")

    return kept(name, packages, make) / "env" / "bin" / "python"


def debian(folder: Path, packages: Sequence[str]) -> Path:
    """Debian packages unpacked below a folder; nothing of the system is changed. Raises NotToBeHadError."""
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True)
    quick = ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15"]
    own_lists = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={folder}"]
    try:
        run(["apt-get", *quick, "download", *packages], folder)
    except NotToBeHadError:  # the system's lists may be old or empty
        run(["apt-get", *quick, *own_lists, "update"], folder)
        run(["apt-get", *quick, *own_lists, "download", *packages], folder)
    for package in folder.glob("*.deb"):
        run(["dpkg", "-x", str(package), str(folder / "tree")])
    return folder / "tree"


def run(command: Sequence[str], folder: Path | None = None) -> str:
    """The output of an installer. Raises NotToBeHadError with the end of what it said."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotToBeHadError(f"{command[0]}: {error}") from error
    if done.returncode:
        raise NotToBeHadError(f"{' '.join(command[:4])}: {done.stderr.strip()[-300:]}")
    return done.stdout


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One installation at a time, across the processes of a test run."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
