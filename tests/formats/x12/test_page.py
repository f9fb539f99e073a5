"""The reference names every finding that the X12 engine can give."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from crossdock.formats.edi.walk import Kind

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/edi-x12.md").read_text("utf-8")


def test_every_finding_is_on_the_page_and_no_other() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src/crossdock/formats/x12").glob("*.py"))
    given = set(re.findall(r'"(x12\.[a-z0-9_]+)"', sources)) | {f"x12.{kind}" for kind in get_args(Kind)}
    assert "x12.unknown" in given and len(given) > 50
    named = set(re.findall(r"`(x12\.[a-z0-9_]+)`", PAGE))
    numbered = re.compile(r"x12\.(isa|gs)\d\d")
    assert {one for one in given if not numbered.fullmatch(one)} == {
        one for one in named if not numbered.fullmatch(one)
    }
