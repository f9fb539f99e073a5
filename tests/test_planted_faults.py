"""Planted faults, whether each still fits the code that it breaks; and what is said of patches that are no faults."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.simulation.patched import NotApplied, apply, copy_with

ROOT = Path(__file__).parent.parent
PATCHES = sorted((ROOT / "tests" / "planted").glob("*.patch"))
FAULTS = "src/crossdock/faults.py"


def applied(patch: Path, root: Path) -> dict[str, bool]:
    """Applies a patch to copies of the files that it names; which of them are other than before."""
    names = re.findall(r"^\+\+\+ b/(\S+)$", patch.read_text("utf-8"), re.MULTILINE)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    apply(patch, root)
    return {name: (root / name).read_bytes() != (ROOT / name).read_bytes() for name in names}


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_a_planted_fault_fits_the_code(patch: Path, tmp_path: Path):
    changed = applied(patch, tmp_path)
    assert changed
    assert all(changed.values()), changed


def written(folder: Path, old: str, new: str) -> Path:
    """A patch that replaces a line of a file, as `diff` would write it."""
    lines = (ROOT / FAULTS).read_text("utf-8").splitlines()
    at = lines.index(old) + 1 if old in lines else 1
    patch = folder / "one.patch"
    patch.write_text(f"--- a/{FAULTS}\n+++ b/{FAULTS}\n@@ -{at} +{at},{new.count(chr(10)) + 1} @@\n-{old}\n")
    with patch.open("a", encoding="utf-8") as more:
        more.writelines(f"+{line}\n" for line in new.split("\n"))
    return patch


def refusal(patch: Path) -> str:
    """Why a patch is not tried."""
    with pytest.raises(NotApplied) as refused, copy_with(patch):
        pass
    return str(refused.value)


FIRST = "from __future__ import annotations"


def test_the_control_a_fault_for_other_code_does_not_fit(tmp_path: Path):
    with pytest.raises(NotApplied, match="does not apply"):
        applied(written(tmp_path, "no such line", "another"), tmp_path)


def test_what_breaks_the_syntax_is_named_with_its_line_and_is_no_catch(tmp_path: Path):
    assert "no Python: faults.py, line" in refusal(written(tmp_path, FIRST, f"{FIRST}\nif True"))


def test_a_file_that_is_no_patch_is_not_tried(tmp_path: Path):
    empty = tmp_path / "empty.patch"
    empty.write_text("")
    assert "is no patch" in refusal(empty)


def test_a_patch_of_anything_but_the_product_is_not_tried(tmp_path: Path):
    patch = tmp_path / "other.patch"
    first = (ROOT / "README.md").read_text("utf-8").splitlines()[0]
    patch.write_text(f"--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-{first}\n+# Another\n")
    assert "changes no file under src/crossdock" in refusal(patch)


@pytest.mark.parametrize(
    ("new", "same"),
    [(f"# A word.\n{FIRST}", True), (f"{FIRST}\n\nONE_MORE = 1", False)],
    ids=["a comment", "a statement"],
)
def test_a_comment_alone_makes_the_same_program(tmp_path: Path, new: str, same: bool):
    with copy_with(written(tmp_path, FIRST, new)) as copy:
        assert (copy.touched, copy.same) == ((FAULTS,), same)
