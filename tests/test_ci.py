"""The script of CI is not fooled: it fails when make fails, and when the tests did not really pass."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PASSED = "echo '===== 3 passed, 1 skipped in 0.10s ====='"


def ci(folder: Path, test: str, crash: str = "true") -> subprocess.CompletedProcess[str]:
    """Runs .ci/run in a checkout whose `make test` and crash run are the given commands."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    program = f"printf '#!/bin/sh\\n{crash}\\n' | tee .venv/bin/python > .venv/bin/crossdock"
    python = f"mkdir -p .venv/bin && {program} && chmod +x .venv/bin/*"
    (folder / "Makefile").write_text(f"env:\n\t{python}\ntest:\n\t{test}\n", "utf-8")
    environ = {**os.environ, "CI": "true"}
    command = [str(folder / ".ci" / "run")]
    return subprocess.run(
        command, cwd="/", env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_passed_run_ends_with_the_closing_line(tmp_path: Path) -> None:
    done = ci(tmp_path, PASSED)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "===== 3 passed, 1 skipped in 0.10s ====="


@pytest.mark.parametrize(
    ("test", "crash"),
    [
        (f"{PASSED}; false", "true"),
        ("true", "true"),
        ("echo '===== 1 failed, 3 passed in 0.10s ====='", "true"),
        ("echo '===== 3 passed, 1 error in 0.10s ====='", "true"),
        ("echo '===== 3 skipped in 0.10s ====='", "true"),
        (PASSED, "exit 1"),
    ],
)
def test_whatever_else_happens_is_a_failure(test: str, crash: str, tmp_path: Path) -> None:
    assert ci(tmp_path, test, crash).returncode != 0
