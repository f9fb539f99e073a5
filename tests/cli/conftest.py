"""What the tests of the terminal start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.console import crossdock


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    said = crossdock("init", folder)
    assert said.code == 0, said.err
    return folder
