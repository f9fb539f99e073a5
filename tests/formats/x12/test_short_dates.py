"""Releases before 004010 write dates with six digits, and are read and answered so."""

from __future__ import annotations

import datetime

import pytest

from crossdock.charter.partners import read_partner
from crossdock.connectors.edi.words import day
from crossdock.faults import Misconfigured
from crossdock.formats.x12.acknowledge import acknowledge
from crossdock.formats.x12.check import reports
from crossdock.formats.x12.dictionary import element, grammar, stands_in
from crossdock.formats.x12.write import write
from crossdock.model import register
from tests.connectors.edi.test_sets_and_documents import drafts, profile
from tests.connectors.edi.trade import RETAILER, order

WHEN = datetime.datetime(2026, 3, 14, 12, 30, tzinfo=datetime.UTC)


def old(version: str, date: str) -> bytes:
    """An 850 of a release, with its date."""
    text = order().replace("**20260302~", f"**{date}~").replace("*X*004010~", f"*X*{version}~")
    return text.replace("*20260320*0915*", "*260320*0915*").encode()


def errors(body: bytes) -> list[tuple[str | None, str]]:
    """What is wrong, with the code of an acknowledgement."""
    (found,), _ = reports(body)
    return [(one.ack, one.says) for one in found.every() if one.severity == "error"]


@pytest.mark.parametrize("version", ["002040", "003020", "003040", "003070", "003060VICS"])
def test_six_digits_are_the_date_of_an_old_release_and_eight_are_too_many(version: str) -> None:
    assert errors(old(version, "260302")) == []
    assert errors(old(version, "261302"))[0][0] == "AK403:8"
    assert errors(old(version, "20260302"))[0][0] == "AK403:5"
    assert "YYMMDD" in str(stands_in(version))


@pytest.mark.parametrize("version", ["004010", "005010"])
def test_eight_digits_are_the_date_of_a_newer_one(version: str) -> None:
    assert errors(old(version, "20260302")) == []
    assert errors(old(version, "260302"))[0][0] == "AK403:4"
    assert "YYMMDD" not in str(stands_in(version))


def test_the_answer_is_written_in_the_dates_of_its_release() -> None:
    (found,), _ = reports(old("003040", "260302"))
    made = acknowledge(found, lambda _: 1, WHEN)
    assert made is not None
    assert b"GS*FA*PINECREST*HARBORLANE*260314*1230*1*X*003040~" in write(made)
    assert errors(write(made)) == []


def test_an_old_order_has_its_day() -> None:
    (one,) = drafts(old("003040", "260302"), profile(("850",), "in", version="003040"))
    assert one.tree["placed_at"] == "2026-03-02" and day("990302") == "1999-03-02"


def test_nothing_is_written_in_an_old_release() -> None:
    problems: list[Misconfigured] = []
    read_partner("p", RETAILER.replace("004010", "003040"), "p.yaml", problems, register.kinds(), {})
    assert [one.says for one in problems] == [
        "version: 856 is not written in 003040, whose dates have six digits"
    ]


def test_the_dictionary_knows_the_lengths_of_each_release() -> None:
    assert [(element("373", v).min, element("373", v).max) for v in ("003040", "004010")] == [(6, 6), (8, 8)]
    assert grammar("850", "003040").version == "004010"
