"""Runs the simulation, then the short tests, on a copy of the code with a patch: does anything notice?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.run import ROOT, WORKERS, many, report

#: What a copy needs; the rest of the checkout is not touched by what is run there.
_COPIED = ("src", "tests", "examples", "docs", "pyproject.toml", "Makefile", "README.md", "CHANGELOG.md")
#: Rooms of the code, and the tests that look at their guards one by one; the first that fits counts.
TESTS_OF = (
    ("src/crossdock/journal/postgresql/", ("tests/journal", "tests/pipeline/test_hosts_share_a_database.py",
                                           "tests/pipeline/test_two_workers_share_a_store.py")),
    ("src/crossdock/journal/", ("tests/journal", "tests/pipeline")),
    ("src/crossdock/pipeline/", ("tests/pipeline",)),
    ("src/crossdock/kit/", ("tests/kit", "tests/connectors/http")),
    ("src/crossdock/desk/", ("tests/desk",)),
    ("src/crossdock/control/", ("tests/control",)),
    ("src/crossdock/api/", ("tests/api",)),
    ("src/crossdock/connectors/", ("tests/connectors/http", "tests/connectors/warehouse")),
    ("src/crossdock/mapping/", ("tests/mapping",)),
    ("src/crossdock/charter/", ("tests/charter",)),
    ("src/crossdock/model/", ("tests/model",)),
    ("src/crossdock/", ("tests/pipeline", "tests/journal")),
)  # fmt: skip
_TESTS_MAX_S = 420
_IMPORTS = (
    "import crossdock.assembly, crossdock.api.app, crossdock.desk.desk, crossdock.cli.main, crossdock; "
)


class NotApplied(Exception):
    """The patch does not fit the code, or what it makes of it is no program."""


@dataclass(frozen=True, slots=True)
class Catch:
    """What noticed a fault: a seed or a test, and what it said. Nothing: nobody did."""

    by: str = ""
    says: str = ""
    events: str = ""


@contextmanager
def copy_with(patch: Path) -> Generator[Path]:
    """A copy of the checkout with the patch in it. Raises NotApplied."""
    with tempfile.TemporaryDirectory(prefix="crossdock-patched-") as folder:
        root = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source, root / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
                )
            elif source.exists():
                shutil.copy(source, root / name)
        _apply(patch.resolve(), root)
        _must_load(root)
        yield root


def _apply(patch: Path, root: Path) -> None:
    """Applies a patch whole, whoever made it: `git diff`, `diff -u`, with or without a/ and b/. Raises NotApplied."""
    if not patch.is_file():
        raise NotApplied(f"there is no file {patch}")
    text = patch.read_text(errors="replace")
    if not re.search(r"^\+\+\+ \S", text, re.MULTILINE):
        raise NotApplied(f"{patch.name} is no patch: no line of it names a file that it changes")
    # Outside of any repository, or git would look for the paths in that one.
    environment = {
        **os.environ,
        "GIT_CEILING_DIRECTORIES": str(root.parent),
        "GIT_DIR": str(root / ".no-git"),
    }
    loose = ["--batch", "--forward", "--no-backup-if-mismatch", "-i", str(patch)]
    said = ""
    for level in _levels(text, root):
        for command in (["git", "apply", f"-p{level}", str(patch)], ["patch", f"-p{level}", *loose]):
            tried = [*command, "--dry-run"] if command[0] == "patch" else [*command, "--check"]
            if shutil.which(command[0]) is None:
                continue
            for step in (tried, command):
                done = subprocess.run(
                    step, cwd=root, env=environment, capture_output=True, text=True, check=False
                )
                if done.returncode != 0:
                    said = said or (done.stderr or done.stdout).strip()
                    break
            else:
                return
    raise NotApplied(
        f"the patch does not apply: {said.splitlines()[-1] if said else 'neither git nor patch is here'}"
    )


def _levels(text: str, root: Path) -> list[int]:
    """How many folders to leave out of the paths of a patch, so that they are there; the usual ones after those."""
    found = dict[int, None]()
    for path in re.findall(r"^(?:\+\+\+|---) (\S+)", text, re.MULTILINE):
        parts = path.split("/")
        found |= {n: None for n in range(len(parts)) if (root / "/".join(parts[n:])).is_file()}
    return list(found | {1: None, 0: None})


def _must_load(root: Path) -> None:
    """The copy, not the checkout, is what is imported from now on, and it can be."""
    where = f"{_IMPORTS} print(crossdock.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", where],
        cwd=root,
        env=_environment(root),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1]
        raise NotApplied(f"the patched code does not import: {last}")
    assert Path(done.stdout.strip()).is_relative_to(root), f"{done.stdout.strip()} is not the copy"


def _environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}", "PYTHONDONTWRITEBYTECODE": "1"}


def caught(
    patch: Path,
    numbers: Sequence[int],
    *,
    tests: Sequence[str] | None = None,
    quiet: bool = False,
    processes: int = WORKERS,
) -> Catch:
    """What notices a patch: a seed, else a test, by default one of those near what it touches. Raises NotApplied."""
    tests = near(patch) if tests is None else tests
    with copy_with(patch) as root:
        if numbers:
            result = many(numbers, root=root, quiet=quiet, processes=processes)
            for one in result.broken:
                return Catch(f"seed {one.seed}", one.broken or "", report(result))
        return _tested(root, tests) if tests else Catch()


def near(patch: Path) -> list[str]:
    """The tests of the rooms that a patch touches."""
    touched = re.findall(r"^\+\+\+ (\S+)", patch.read_text(errors="replace"), re.MULTILINE)
    found = dict[str, None]()
    for whole in touched:
        path = whole[max(whole.find("src/crossdock/"), 0) :]
        tests = next((tests for room, tests in TESTS_OF if path.startswith(room)), ())
        found |= dict.fromkeys(test for test in tests if (ROOT / test).exists())
    return list(found)


def _tested(root: Path, tests: Sequence[str]) -> Catch:
    """The first short test that fails on the copy."""
    # What needs the checkout's own history or its demo cannot run in a copy.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--no-header",
        "-n",
        "2",
        *tests,
    ]
    try:
        done = subprocess.run(
            command, cwd=root, env=_environment(root), capture_output=True, text=True, check=False,
            timeout=_TESTS_MAX_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Catch("the short tests", f"they do not end within {_TESTS_MAX_S} s")
    if done.returncode == 0:
        return Catch()
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    first = failed[0].partition(" ")[2] if failed else f"pytest ended with {done.returncode}"
    name, _, why = first.partition(" - ")
    return Catch(f"test {name}", why, done.stdout[-3_000:])


def tell(patch: Path, numbers: Sequence[int]) -> int:
    """Runs and tells; the exit status: 1 something noticed it, 0 nothing did, 2 it is no fault that could be tried."""
    try:
        catch = caught(patch, numbers)
    except NotApplied as fault:
        print(f"NOT TRIED, and so neither found nor missed: {fault}")
        return 2
    if not catch.by:
        print(f"NOT CAUGHT: {len(numbers)} seeds and the short tests hold with {patch.name}")
        return 0
    print(catch.events)
    print(f"CAUGHT, found by {catch.by}: {catch.says}")
    if catch.by.startswith("seed "):
        alone = many([int(catch.by.removeprefix("seed "))], quiet=True)
        print(
            "without the patch this seed holds"
            if not alone.broken
            else "BUT this seed breaks without the patch too"
        )
    return 1
