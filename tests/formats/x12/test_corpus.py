"""Every file of a corpus of strangers' X12 is read or refused with a reason, and judged as others judge it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.x12.check import COSMETIC, InterchangeReport, reports
from crossdock.formats.x12.read import read
from crossdock.formats.x12.write import write
from tests.formats.x12.plain_checker import problems
from tests.fuzz.x12 import precise

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
FILES = sorted((CORPUS / "x12").glob("*")) if CORPUS.is_dir() else []
pytestmark = pytest.mark.skipif(not FILES, reason="the corpus is not here")

#: What a structural checker looks at: trailers, counts and control numbers, and that segments have ids.
STRUCTURE = re.compile(r"x12\.(iea|ge|se|st02_twice$|outside|header)")
BAD_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}")


def judged(data: bytes) -> tuple[list[InterchangeReport], list[str]]:
    """The reports, and what of it makes a file ill formed; a refusal does."""
    try:
        found, outside = reports(io.BytesIO(data), lenient=True)
    except Invalid as refusal:
        precise(refusal)
        return [], [refusal.says]
    every = [*outside, *(finding for one in found for finding in one.every())]
    return found, [one.code for one in every if ill(one)]


def ill(finding: Finding) -> bool:
    """Whether a finding is one that a structural checker has as well."""
    if finding.code == "x12.unknown":
        return BAD_ID.fullmatch(finding.segment_id or "") is None
    if finding.severity == "forgiven":
        return finding.code not in COSMETIC
    # two sets with one number are wrong, and no structural checker looks
    return STRUCTURE.match(finding.code) is not None and finding.code != "x12.st02_twice"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_read_or_refused_and_comes_back_equal(path: Path) -> None:
    data = path.read_bytes()
    found, wrong = judged(data)
    if not found:
        assert wrong
        return
    for one in read(data, lenient=True):
        (back,) = read(write(one)) if len(one.delimiters.terminator) == 1 else read(write(one), lenient=True)
        before = [each.raw[: -1 if each.trailer else None] for group in one.groups for each in group.sets]
        after = [each.raw[:-1] for group in back.groups for each in group.sets]
        assert after == before
        assert [segment.raw for segment in back.acknowledged] == [segment.raw for segment in one.acknowledged]


def test_the_verdicts_are_those_of_a_checker_that_shares_nothing_with_us() -> None:
    differ = [
        path.name for path in FILES if bool(judged(path.read_bytes())[1]) != bool(problems(path.read_bytes()))
    ]
    assert len(differ) <= 0.02 * len(FILES), differ


def test_the_verdicts_are_those_that_the_corpus_was_filed_with() -> None:
    with (CORPUS / "index.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["standard"] == "x12"]
    assert len(rows) == len(FILES)
    differ = [
        row["file"]
        for row in rows
        if bool(judged((CORPUS / row["file"]).read_bytes())[1]) != (row["well_formed"] == "no")
    ]
    assert len(differ) <= 0.02 * len(rows), differ


def test_strict_reading_refuses_precisely_or_reads_the_same() -> None:
    refused = 0
    for path in FILES:
        try:
            strict = list(read(path.read_bytes()))
        except Invalid as refusal:
            precise(refusal)
            refused += 1
            continue
        lenient = list(read(path.read_bytes(), lenient=True))
        assert [one.header.raw for one in strict] == [one.header.raw for one in lenient]
        assert not any(finding.severity == "forgiven" for one in strict for finding in one.findings)
    assert 0 < refused < len(FILES)
