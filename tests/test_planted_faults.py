"""Planted faults, whether each still fits the code that it breaks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PATCHES = sorted((ROOT / "tests" / "planted").glob("*.patch"))


def misfits(patch: str, root: Path) -> list[str]:
    """The lines to be taken away that do not stand in the file which they are for; what is around may have moved."""
    missing: list[str] = []
    for part in re.split(r"^--- \S+\n", patch, flags=re.MULTILINE)[1:]:
        name = part.partition("\n")[0].removeprefix("+++ b/")
        text = (root / name).read_text("utf-8")
        taken = re.findall(r"(?:^-.*\n)+", part, flags=re.MULTILINE)
        missing += [lines for lines in taken if re.sub(r"^-", "", lines, flags=re.MULTILINE) not in text]
    return missing


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_a_planted_fault_fits_the_code(patch: Path):
    assert misfits(patch.read_text("utf-8"), ROOT) == []


def test_the_control_a_fault_for_other_code_does_not_fit():
    patch = "Strange.\n\n--- a/src/crossdock/faults.py\n+++ b/src/crossdock/faults.py\n@@ -1 +1 @@\n-no such line\n"
    assert misfits(patch, ROOT) == ["-no such line\n"]
