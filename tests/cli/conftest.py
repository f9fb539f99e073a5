"""What the tests of the terminal start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.console import crossdock


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    said = crossdock("init", folder)
    assert said.code == 0, said.err
    return folder


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A hub started in this process logs to the stream of its command, which ends with it."""
    yield
    structlog.reset_defaults()
