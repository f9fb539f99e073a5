"""The glossary of X12: what people ask for, they find, in plain words; and what is not there is refused with a hint."""

from __future__ import annotations

import pytest

from crossdock.faults import Invalid
from crossdock.formats.x12 import dictionary
from crossdock.formats.x12.glossary import explain


@pytest.mark.parametrize(
    ("term", "kind", "title"),
    [
        ("850", "set", "850: Purchase order (004010, in a group PO)"),
        ("TA1", "set", "TA1: Interchange acknowledgement (004010)"),
        ("BEG", "segment", "BEG: Purchase order header"),
        ("beg03", "element", "BEG03: element 324, Purchase order number"),
        ("N1-04", "element", "N1-04: element 67, Identification"),
        ("REF04-2", "element", "REF04-2: element 127, Reference number"),
        ("C040", "composite", "C040: Further reference"),
        ("353", "element", "353: element 353, Purpose"),
        ("E810", "element", "E810: element 810, Inner pack"),
        ("BEG01:00", "code", "BEG01:00: Original"),
        ("353=00", "code", "353=00: Original"),
        ("N101:ST", "code", "N101:ST: Ship to"),
        ("AK304:3", "code", "AK304:3: A mandatory segment is missing"),
        ("AK4:7", "code", "AK4:7: The code is not valid"),
        ("AK905:2", "code", "AK905:2: The version of the group is not supported"),
        ("AK501:R", "code", "AK501:R: Rejected"),
        ("IK403:I10", "code", "IK403:I10: The guide does not use this element"),
        ("TA1:025", "code", "TA1:025: The control number came before"),
    ],
)
def test_a_term_is_explained(term: str, kind: str, title: str) -> None:
    entry = explain(term)
    assert (entry.kind, entry.title) == (kind, title)
    assert str(entry).startswith(title)


def test_a_segment_lists_its_elements_and_says_its_relations_in_words() -> None:
    lines = explain("N1").lines
    assert lines[0] == "N101  Entity code (98): mandatory, a code, 2 to 3 characters"
    assert "at least one of N102 or N103 is needed" in lines
    assert "N103 and N104 come together or not at all" in lines


def test_a_set_shows_its_loops() -> None:
    lines = explain("997", "005010").lines
    assert "loop AK2: optional, any number" in lines
    assert "    AK4  Element in error: optional, up to 99 times" in lines


def test_an_element_says_its_form_in_the_release_that_is_asked_for() -> None:
    assert explain("127").lines[0] == "text, 1 to 30 characters"
    assert explain("127", "005010").lines[0] == "text, 1 to 50 characters"
    assert explain("610").lines[0] == "a whole number whose last 2 digits are decimals, 1 to 15 digits"
    assert "ST  Ship to" in explain("98").lines


def test_a_code_outside_of_a_list_says_how_sure_that_is() -> None:
    assert "not among the codes known here" in explain("N101:Q9").title
    assert "ask the partner's guide" in explain("BIA02:XX").title
    with pytest.raises(Invalid, match="'09' is no code of BEG01") as caught:
        explain("BEG01:09")
    assert caught.value.fix.startswith("did you mean 08 (")
    assert "the codes are 00, 01, 02" in caught.value.fix
    assert caught.value.fix.endswith("and 47 more")


@pytest.mark.parametrize(("term", "near"), [("353:1", "01 (Cancellation)?"), ("AK304:04", "4 (")])
def test_a_code_that_is_none_names_those_that_were_meant(term: str, near: str) -> None:
    with pytest.raises(Invalid) as caught:
        explain(term)
    assert f"did you mean {near}" in caught.value.fix


@pytest.mark.parametrize(
    ("version", "meant"), [("4010", "write 004010,"), ("5010", "write 005010,"), ("4O10", "write six digits")]
)
def test_a_version_without_its_zeros_is_told_with_them(version: str, meant: str) -> None:
    with pytest.raises(Invalid, match="is no X12 version") as caught:
        dictionary.base_version(version)
    assert caught.value.fix.startswith(meant)


@pytest.mark.parametrize(
    ("term", "hint"),
    [("BEGG", "BEG"), ("BEG99", "the elements of BEG are 01 to 12"), ("", "ask for"), ("?!", "ask for")],
)
def test_what_is_not_there_is_refused_with_a_hint(term: str, hint: str) -> None:
    with pytest.raises(Invalid, match="is not in the X12 dictionary") as caught:
        explain(term)
    assert hint in caught.value.fix


@pytest.mark.parametrize("version", dictionary.BASES)
def test_everything_that_is_written_down_can_be_explained(version: str) -> None:
    terms = [*dictionary.sets(version), *dictionary.segments(), *dictionary.composites()]
    terms += [f"E{one}" if one.isdigit() else one for one in dictionary.elements()]
    assert all(explain(term, version).title for term in terms)
