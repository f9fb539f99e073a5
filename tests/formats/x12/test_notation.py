"""The notation of the dictionary and of the outlines of sets: each slip is refused with its file and line."""

from __future__ import annotations

import pytest

from crossdock.faults import Misconfigured
from crossdock.formats.edi.grammar import Relation
from crossdock.formats.x12.notation import code_rows, element_rows, segment_rows
from crossdock.formats.x12.outline import outline

SET = """850 PO Purchase order
# a comment

004010
BEG M1, REF O>1
N9 O10 {
  DTM O5
  N1 O2 {
    N3 O2
  }
}
N1 O1
N1 O200 {
  N3 O2, N4 O1
}

005010 = 004010
= /N9 O>1
+ /N9/ MTX O1
+ /N9/DTM PWK O1, EFI O2
- /N9/N1
+ /N1#2/N4 REF O12 { DTM O1 }
- /N1
+ / CUR O1
"""


def refused(read, text: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        read(text, "x.txt")
    return str(caught.value)


def test_an_outline_reads_loops_in_loops() -> None:
    places = outline(SET, "850.txt").versions["004010"]
    assert [place.id for place in places] == ["BEG", "REF", "N9", "N1", "N1"]
    loop = places[2]
    assert (loop.usage, loop.max, [place.id for place in loop.inside]) == ("O", 10, ["DTM", "N1"])
    assert [place.id for place in loop.inside[1].inside] == ["N3"]
    assert places[1].max is None


def test_a_later_version_changes_the_one_before_and_leaves_it_alone() -> None:
    read = outline(SET, "850.txt")
    later = read.versions["005010"]
    assert [place.id for place in later] == ["CUR", "BEG", "REF", "N9", "N1"]
    assert later[3].max is None
    assert [place.id for place in later[3].inside] == ["MTX", "DTM", "PWK", "EFI"]
    assert [place.id for place in later[4].inside] == ["N3", "N4", "REF"]
    assert [place.id for place in later[4].inside[2].inside] == ["DTM"]
    assert read.versions["004010"][2].max == 10
    assert [place.id for place in read.versions["004010"][2].inside] == ["DTM", "N1"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("850 Purchase order", 1),
        ("850 PO Purchase order\nBEG M1", 2),
        ("850 PO Purchase order\n004010\nBEG M", 3),
        ("850 PO Purchase order\n004010\nBEG M1 {\nREF O1", 4),
        ("850 PO Purchase order\n004010\nBEG M1 }", 3),
        ("850 PO Purchase order\n004010\n{ BEG M1 }", 3),
        ("850 PO Purchase order\n004010\nN1 O1 { }", 3),
        ("850 PO Purchase order\n004010", 2),
        ("850 PO Purchase order\n004010\nBEG M1\n004010\nBEG M1", 4),
        ("850 PO Purchase order\n005010 = 004010\n- /BEG", 2),
        ("850 PO Purchase order\n004010\nBEG M1\n005010 = 004010\n- /REF", 5),
        ("850 PO Purchase order\n004010\nBEG M1\n005010 = 004010\n- /BEG M1", 5),
        ("850 PO Purchase order\n004010\nBEG M1\n005010 = 004010\n+ /BEG", 5),
        ("850 PO Purchase order\n004010\nBEG M1\n005010 = 004010\n+ /BEG#2 REF O1", 5),
        ("850 PO Purchase order\n004010\nBEG M1\n005010 = 004010\nREF O1", 5),
    ],
)
def test_a_slip_in_an_outline_is_refused_at_its_line(text: str, line: int) -> None:
    assert refused(outline, text).startswith(f"x.txt:{line}: ")


def test_an_element_has_the_lengths_of_both_releases() -> None:
    rows = element_rows("127 AN 1/30 1/50 Reference number\n610 N2 1/15 Amount", "x.txt")
    assert (rows["127"].lengths, rows["127"].later, rows["127"].name) == (
        (1, 30),
        (1, 50),
        "Reference number",
    )
    assert rows["610"].later == (1, 15)


@pytest.mark.parametrize(
    "text",
    [
        "127 AN 1-30 Name",
        "127 XX 1/30 Name",
        "127 AN 9/3 Name",
        "127 AN 1/3 Name\n127 AN 1/3 Name",
        "127 AN 1/3",
    ],
)
def test_a_slip_in_an_element_is_refused_at_its_line(text: str) -> None:
    assert refused(element_rows, text).startswith(f"x.txt:{text.count(chr(10)) + 1}: ")


def test_a_code_list_spreads_its_ranges() -> None:
    rows = code_rows("92 closed\n  SA Stand-alone\n  + 01-03 AX-AZ B8-B9 K1\n", "x.txt")
    assert rows["92"].kind == "closed"
    assert rows["92"].meanings() == {
        "SA": "Stand-alone", "K1": "", "01": "", "02": "", "03": "", "AX": "", "AY": "", "AZ": "", "B8": "", "B9": "",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["  00 Original", "92 shut", "92 open\n92 open"])
def test_a_slip_in_a_code_list_is_refused_at_its_line(text: str) -> None:
    assert refused(code_rows, text).startswith(f"x.txt:{text.count(chr(10)) + 1}: ")


@pytest.mark.parametrize("codes", ["  A One\n  A Two", "  + A B A", "  + 9-1", "  + AA-9", "  + 1-"])
def test_a_slip_in_a_code_is_refused_when_the_list_is_asked_for(codes: str) -> None:
    rows = code_rows(f"92 open\n{codes}", "x.txt")
    with pytest.raises(Misconfigured, match=r"x\.txt:[23]: "):
        rows["92"].meanings()


def test_a_segment_spreads_its_pairs_and_their_relations() -> None:
    row = segment_rows("LIN 350 235! 234! (235 234)x2 C040*5 : P0405-0607 C0802 ; Item", "x.txt")[
        "LIN", "004010"
    ]
    assert [use.what for use in row.uses] == ["350", "235", "234", "235", "234", "235", "234", "C040"]
    assert [use.mandatory for use in row.uses] == [False, True, True, False, False, False, False, False]
    assert row.uses[-1].repeat == 5
    assert row.relations == (Relation("P", (4, 5)), Relation("P", (6, 7)), Relation("C", (8, 2)))


@pytest.mark.parametrize(
    "text",
    [
        "BEG 353!",
        "beg 353! ; Header",
        "BEG 353? ; Header",
        "BEG 353! : X0102 ; Header",
        "BEG 353! : R0102 ; Header",
        "BEG 353! 92 : P0101 ; Header",
        "BEG 353! 92 : P0102-0304 ; Header",
        "BEG 353! ; Header\nBEG 353! ; Header",
        "  005010 353!",
        "BEG 353! ; Header\n  later 353!",
        "BEG 353! ; Header\n  005010 353!\n  005010 353!",
    ],
)
def test_a_slip_in_a_segment_is_refused_at_its_line(text: str) -> None:
    assert refused(segment_rows, text).startswith(f"x.txt:{text.count(chr(10)) + 1}: ")
