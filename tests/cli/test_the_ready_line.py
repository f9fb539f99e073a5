"""The line that says that a hub is ready, where nobody reads it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from crossdock.cli.up import _tell
from crossdock.settings import settings_from


@pytest.mark.parametrize("read", [True, False])
def test_a_hub_lives_on_where_nobody_reads_that_it_is_ready(
    read: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    reading, writing = os.pipe()
    if not read:
        os.close(reading)
    monkeypatch.setattr(sys, "stdout", os.fdopen(writing, "w", encoding="utf-8"))
    _tell(settings_from({}, site=tmp_path), "http://127.0.0.1:1")
    sys.stdout.close()  # the end of the process does the same, and must not stumble over a line that nobody took
    if read:
        with os.fdopen(reading, encoding="utf-8") as line:
            assert json.loads(line.read())["url"] == "http://127.0.0.1:1"
