"""Real files of others: each is read or refused, none harms, and what is well formed stays what it is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.faults import Invalid
from crossdock.formats.edifact.check import check
from crossdock.formats.edifact.interchange import read
from crossdock.formats.edifact.report import InterchangeReport
from crossdock.formats.edifact.writer import write
from tests.formats.edifact.structure import well_formed

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not (CORPUS / "edifact").is_dir(), reason="the corpus is not here")


def files() -> list[Path]:
    return sorted((CORPUS / "edifact").glob("*"))


def verdict(octets: bytes) -> bool:
    reports = [report for report in check(octets) if isinstance(report, InterchangeReport)]
    return all(report.well_formed and report.header is not None for report in reports)


def plain(octets: bytes) -> str:
    return octets.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def test_every_file_is_read_or_refused_with_a_reason():
    for path in files():
        try:
            interchanges, _ = read(path.read_bytes())
        except Invalid as fault:
            assert fault.says and fault.fix, path.name  # noqa: PT017  a refusal is one of two good ends
        else:
            assert interchanges and all(list(one.messages) for one in interchanges), path.name


def test_well_formed_files_keep_their_segments_when_they_are_written_and_read_again():
    kept = 0
    for path in files():
        octets = path.read_bytes()
        if verdict(octets):
            interchanges, _ = read(octets)
            # many name a level that does not have their characters
            written = b"\n".join(write(one, encoding="utf-8") for one in interchanges)
            assert read(written, encoding="utf-8")[0] == interchanges, path.name
            kept += 1
    assert kept > 15


def test_the_verdict_is_that_of_an_independent_reading():
    differ = [
        path.name for path in files() if verdict(path.read_bytes()) != well_formed(plain(path.read_bytes()))
    ]
    assert len(differ) <= 0.02 * len(files()), differ


def listed() -> Iterator[tuple[Path, bool]]:
    """What the index of the corpus says of the files that its own check could judge."""
    with (CORPUS / "index.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            path = CORPUS / row["file"]
            if row["standard"] == "edifact" and path.exists():
                text = plain(path.read_bytes())
                if "UNG" not in text and "UNA" not in text[9:]:  # it knew neither groups nor a second UNA
                    yield path, row["well_formed"] == "yes"


def test_the_verdict_is_that_of_the_index_where_it_could_judge():
    rows = list(listed())
    differ = [path.name for path, said in rows if verdict(path.read_bytes()) != said]
    assert len(rows) > 30
    assert len(differ) <= 0.02 * len(rows), differ
