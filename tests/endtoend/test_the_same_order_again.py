"""Repeats, other content, revisions and versions, seen from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.scenarios import duplicates


@pytest.mark.parametrize("headed", [True, False], ids=["with the header", "by id and content"])
async def test_fifty_at_once_have_one_effect_and_one_answer(tmp_path: Path, headed: bool) -> None:
    outcome = await duplicates.at_once(tmp_path, times=50, headed=headed)
    assert outcome.findings == {}, outcome.shown()


async def test_other_content_is_refused_and_on_the_desk(tmp_path: Path) -> None:
    outcome = await duplicates.other_content(tmp_path)
    assert outcome.findings == {}, outcome.shown()


async def test_there_and_back_again_is_three_revisions(tmp_path: Path) -> None:
    outcome = await duplicates.revisions(tmp_path)
    assert outcome.findings == {}, outcome.shown()


async def test_an_older_version_that_arrives_late_is_superseded(tmp_path: Path) -> None:
    outcome = await duplicates.versions(tmp_path)
    assert outcome.findings == {}, outcome.shown()
