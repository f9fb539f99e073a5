"""The table of requirements is kept: each has a number of its own, and a test that exists or a reason."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

ROW = re.compile(r"^\| (?P<number>\d+\.\d+\.\d+) \| (?P<says>[^|]+) \| (?P<how>[^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"\btest_\w+")


def rows() -> list[tuple[str, str, str]]:
    text = (ROOT / "docs" / "reference" / "asvs.md").read_text("utf-8")
    return [(row["number"], row["says"], row["how"]) for row in ROW.finditer(text)]


def known() -> set[str]:
    found: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^(?:async )?def (test_\w+)", file.read_text("utf-8"), re.MULTILINE))
    return found


def test_every_requirement_has_a_number_of_its_own() -> None:
    numbers = [number for number, _, _ in rows()]
    assert len(numbers) > 150 and len(numbers) == len(set(numbers))
    assert {number.split(".")[0] for number in numbers} == {str(n) for n in range(1, 18)}


def test_every_test_that_the_table_names_exists_and_every_other_row_gives_a_reason() -> None:
    names = known()
    for number, _, how in rows():
        missing = set(NAMED.findall(how)) - names
        assert not missing, (number, missing)
        assert how.startswith(("`test_", "Reason: ")), number
        assert how.startswith("`") or len(how) > len("Reason: not used"), number
