"""Runs the simulation, then the short tests, on a copy of the code with a patch: does anything notice?"""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.near import stages, words_of
from tests.simulation.run import ROOT, WORKERS, many, report

#: What a copy does without: what was built, and whatever is hidden.
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "var", "build", "dist", "*.egg-info")
#: Hidden as well, but tests start programs that lie there.
_SHARED = (".venv", ".cache")
#: Seconds for the tests that name what a fault changes, for those of its room, and for the others.
STAGE_MAX_S = 420
#: Tests that fail by themselves are left out, and the rest is asked again so often.
_ROUNDS = 4
#: Seeds that break without the patch, too, are left out; more than so many, and the world itself is broken.
_STRANGE_SEEDS = 3
_IMPORTS = (
    "import crossdock.assembly, crossdock.api.app, crossdock.desk.desk, crossdock.cli.main, crossdock; "
)


class NotApplied(Exception):
    """The patch does not fit the code, changes nothing of it, or what it makes of it is no program."""


@dataclass(frozen=True, slots=True)
class Catch:
    """What noticed a fault: a seed or a test, and what it said. Nothing: nobody did."""

    by: str = ""
    says: str = ""
    events: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A checkout with a patch in it."""

    root: Path
    touched: tuple[str, ...]  #: files of the product that differ
    same: bool  #: whether it does the same all the same: nothing but comments and layout differ


@contextmanager
def _copy() -> Generator[Path]:
    """A copy of the checkout as it is."""
    with tempfile.TemporaryDirectory(prefix="crossdock-patched-") as folder:
        root = Path(folder) / "crossdock"
        shutil.copytree(ROOT, root, ignore=_LEFT_OUT, symlinks=True)
        for name in _SHARED:
            if (ROOT / name).exists():
                (root / name).symlink_to(ROOT / name)
        yield root


@contextmanager
def copy_with(patch: Path) -> Generator[Copy]:
    """A copy of the checkout with the patch in it. Raises NotApplied."""
    with _copy() as root:
        apply(patch.resolve(), root)
        touched = _touched(root)
        if not touched:
            raise NotApplied(f"{patch.name} changes no file under src/crossdock: the hub is as it was")
        pairs = [(_program(ROOT / name), _program(root / name)) for name in touched]
        same = all(before is not None and before == after for before, after in pairs)
        if not same:
            _must_load(root)
        yield Copy(root, touched, same)


def _touched(root: Path) -> tuple[str, ...]:
    """The files of the product that the patch changed, made or took away."""
    found = set[str]()
    for one, other in ((root, ROOT), (ROOT, root)):
        for path in (one / "src" / "crossdock").rglob("*"):
            name = path.relative_to(one)
            if path.is_file() and "__pycache__" not in name.parts and not _equal(path, other / name):
                found.add(name.as_posix())
    return tuple(sorted(found))


def _equal(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _program(path: Path) -> str | None:
    """What a file says without comments and layout; None where that cannot be told. Raises NotApplied."""
    if path.suffix != ".py" or not path.is_file():
        return None
    try:
        return ast.dump(ast.parse(path.read_text("utf-8")))
    except (SyntaxError, ValueError) as fault:
        says = fault.msg if isinstance(fault, SyntaxError) else str(fault)
        line = fault.lineno if isinstance(fault, SyntaxError) else "?"
        raise NotApplied(f"the patched code is no Python: {path.name}, line {line}: {says}") from None


def apply(patch: Path, root: Path) -> None:
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
        [sys.executable, "-c", where], cwd=root, env=_environment(root), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1]
        raise NotApplied(f"the patched code does not import: {last}")
    assert Path(done.stdout.strip()).is_relative_to(root), f"{done.stdout.strip()} is not the copy"


def _environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}", "PYTHONDONTWRITEBYTECODE": "1"}


# -- a planted fault: what it names must notice it ---------------------------------


def caught(patch: Path, numbers: Sequence[int], *, tests: Sequence[str], processes: int = WORKERS) -> Catch:
    """What notices a patch: one of some seeds, else one of some tests. Raises NotApplied."""
    with copy_with(patch) as copy:
        if copy.same:
            return Catch(says="nothing but comments differ")
        if numbers:
            result = many(numbers, root=copy.root, quiet=True, processes=processes)
            for one in result.broken:
                return Catch(f"seed {one.seed}", one.broken or "", report(result))
        return _tested(copy.root, tests, ()).catch if tests else Catch()


# -- a stranger's patch: whatever is said of it must be true -------------------------


def tell(patch: Path, numbers: Sequence[int]) -> int:
    """Runs and tells; the exit status: 1 something noticed it, 0 nothing did, 2 it is no fault that could be tried."""
    began_s = time.monotonic()
    try:
        with copy_with(patch) as copy:
            if copy.same:
                print(
                    f"NOT CAUGHT: with {patch.name} nothing but comments or layout differ, so there is no fault"
                )
                return 0
            print(f"{patch.name} changes {', '.join(copy.touched)}", flush=True)
            catch = _by_seeds(copy, numbers)
            if not catch.by:
                catch = _by_tests(copy)
    except NotApplied as fault:
        print(f"NOT TRIED, and so neither found nor missed: {fault}")
        return 2
    took = f"after {time.monotonic() - began_s:.0f} s"
    if not catch.by:
        print(f"NOT CAUGHT: {len(numbers)} seeds and {catch.says} hold with {patch.name}, {took}")
        return 0
    print(catch.events)
    print(f"CAUGHT, found by {catch.by}: {catch.says} ({took}; without the patch it holds)")
    return 1


def _by_seeds(copy: Copy, numbers: Sequence[int]) -> Catch:
    """The first seed that breaks with the patch and holds without it."""
    left = list(numbers)
    for _ in range(_STRANGE_SEEDS):
        result = many(left, root=copy.root) if left else None
        if result is None or not result.broken:
            break
        one = result.broken[0]
        if not many([one.seed], quiet=True).broken:
            return Catch(f"seed {one.seed}", one.broken or "", report(result))
        print(f"seed {one.seed} breaks without the patch, too, and says nothing of it", flush=True)
        left.remove(one.seed)
    return Catch()


def _by_tests(copy: Copy) -> Catch:
    """The first test that fails with the patch and passes without it, the nearest first."""
    says = "the short tests"
    for what, tests in stages(copy.touched, copy.root, _words(copy)):
        print(f"nothing yet; now {len(tests)} files of tests {what}", flush=True)
        catch, ended = _confirmed(copy.root, tests, STAGE_MAX_S)
        if catch.by:
            return catch
        if not ended:
            says = "those of the short tests that had their turn in time"
    return Catch(says=says)


def _words(copy: Copy) -> set[str]:
    """The names in and around what differs."""
    found = set[str]()
    for name in copy.touched:
        before, after = ROOT / name, copy.root / name
        if before.is_file() and after.is_file():
            found |= words_of(before.read_text("utf-8"), after.read_text("utf-8"))
    return found


def _confirmed(root: Path, tests: Sequence[str], max_s: float) -> tuple[Catch, bool]:
    """What fails again when it is alone, and does not without the patch; and whether all had their turn in time."""
    strange, ends_s = list[str](), time.monotonic() + max_s
    for _ in range(_ROUNDS):
        found = _tested(root, tests, strange, max_s=max(ends_s - time.monotonic(), 1.0))
        if not found.catch.by:
            return Catch(), found.ended
        name = found.name
        with _copy() as clean:
            again = _tested(root, [name], (), alone=True).catch.by
            if again and not _tested(clean, [name], (), alone=True).catch.by:
                return found.catch, True
        print(f"{name} fails by itself, and says nothing of the patch", flush=True)
        strange.append(name)
    return Catch(), False


@dataclass(frozen=True, slots=True)
class _Tested:
    """What some tests said."""

    catch: Catch
    name: str = ""  #: of the first that failed
    ended: bool = True


def _tested(
    root: Path,
    tests: Sequence[str],
    without: Sequence[str],
    *,
    max_s: float = STAGE_MAX_S,
    alone: bool = False,
) -> _Tested:
    """The first short test that fails on a copy."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.simulation.limit",
    ]
    command += ["-p", "no:xdist"] if alone else ["-n", "2", "--dist", "loadfile"]
    command += ["--no-header", *(f"--deselect={one}" for one in without), *tests]
    # A group of its own: what tests have started ends with them.
    process = subprocess.Popen(
        command, cwd=root, env=_environment(root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=max_s)
    except subprocess.TimeoutExpired:
        return _Tested(Catch(), ended=False)
    finally:
        _end(process)
    if process.returncode in {0, 5}:  # 5: nothing is left to ask
        return _Tested(Catch())
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+?(?:\[.*?\])?)(?: - (.*))?$", said, re.MULTILINE)
    name, why = failed[0] if failed else (tests[0], f"pytest ended with {process.returncode}")
    return _Tested(Catch(f"test {name}", why, said[-3_000:]), name)


def _end(process: subprocess.Popen[str]) -> None:
    """Ends tests that still run, so that they take away what they have set up."""
    for what, wait_s in ((signal.SIGINT, 30.0), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, what)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=wait_s)
