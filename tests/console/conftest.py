"""A real Chromium and axe-core, where this machine has them."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

_AXE = "axe-core@4.14.1"
_KEPT = Path(__file__).resolve().parents[2] / "var" / "axe"


def chromium() -> str:
    """The browser of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("NOT TESTED in a browser: there is no chromium on this machine")
    return found


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, fetched once; it is not part of this repository."""
    script = _KEPT / "package" / "axe.min.js"
    if not script.exists():
        if shutil.which("npm") is None:
            pytest.skip("NOT TESTED by axe-core: there is no npm to fetch it")
        _KEPT.mkdir(parents=True, exist_ok=True)
        got = subprocess.run(["npm", "pack", _AXE], cwd=_KEPT, capture_output=True, timeout=60, check=False)
        packed = sorted(_KEPT.glob("axe-core-*.tgz"))
        if got.returncode or not packed:
            pytest.skip("NOT TESTED by axe-core: it could not be fetched")
        with tarfile.open(packed[-1]) as tar:
            tar.extract("package/axe.min.js", _KEPT, filter="data")
    return script.read_text("utf-8")


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    api = pytest.importorskip("playwright.async_api")
    path = chromium()
    async with api.async_playwright() as play:
        started = await play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        await started.close()
