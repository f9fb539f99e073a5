"""The page of coverage names tests that exist, and has every row that is asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "coverage.md"
ASKED = ROOT.parent / "shared" / "facts" / "requirements.md"
_ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_STORY = re.compile(r"\[([\w/-]+)\]\(\.\./\.\./(scenarios/[^)]+)\)")
_TEST = re.compile(r"\[(test_\w+)\]\(\.\./\.\./([^)]+)\)")


def shown() -> dict[int, list[tuple[str, str]]]:
    """The tests of every row, with their files."""
    rows = {int(n): _TEST.findall(tests) for n, _, tests in _ROW.findall(PAGE.read_text("utf-8"))}
    return {n: [(name, path) for name, path in tests] for n, tests in rows.items()}


def missing(rows: dict[int, list[tuple[str, str]]]) -> list[str]:
    """Tests that a row names and no file has, and rows that name none."""
    found: list[str] = []
    for n, tests in rows.items():
        found += [] if tests else [f"row {n} names no test"]
        for name, path in tests:
            file = ROOT / path
            if not file.is_file() or f"def {name}(" not in file.read_text("utf-8"):
                found.append(f"row {n}: {path} has no {name}")
    return found


def test_every_test_that_the_page_names_is_there() -> None:
    assert missing(shown()) == []


def test_every_story_that_the_page_names_is_there_and_says_what_it_shows() -> None:
    stories = _STORY.findall(PAGE.read_text("utf-8"))
    assert stories
    for name, path in stories:
        assert path == f"scenarios/{name}.yaml"
        assert (ROOT / path).read_text("utf-8").startswith("scenario: ")


def test_a_test_that_is_not_there_and_a_row_without_one_are_found() -> None:
    wrong = {1: [("test_nothing_of_the_kind", "tests/docs/test_coverage.py")], 2: []}
    assert len(missing(wrong)) == 2


def test_the_page_has_every_row_that_is_asked_for() -> None:
    if not ASKED.is_file():
        pytest.skip("the list of requirements is not here")
    parts = re.split(r"^## ", ASKED.read_text("utf-8"), flags=re.MULTILINE)
    asked = {
        int(n)
        for part in parts
        if part[:2] in ("B.", "C.")
        for n in re.findall(r"^(\d+)\. ", part, re.MULTILINE)
    }
    assert asked
    assert set(shown()) == asked
