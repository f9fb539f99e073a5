"""What is written is read back as it was, in exact envelopes; what would be bent is refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.formats.x12 import dictionary
from crossdock.formats.x12.read import read
from crossdock.formats.x12.tree import Delimiters, Repeats, Row
from crossdock.formats.x12.validate import validate
from crossdock.formats.x12.write import (
    Charset,
    Heading,
    add_group,
    add_set,
    choose_delimiters,
    encode,
    interchange,
    write,
)
from tests.formats.x12.letters import WHEN, interchanges, letter
from tests.formats.x12.sampling import Sample

EVERY_SET = [
    (one, version) for version in dictionary.BASES for one in dictionary.sets(version) if one != "TA1"
]
HEADING = Heading(("ZZ", "ACME"), ("01", "123456789"), 42, WHEN, version="00501")

MARKS = st.sampled_from(
    [
        Delimiters(b"*", b">", b"~", b"^"),
        Delimiters(b"*", b":", b"~", b"^", b"\r\n"),
        Delimiters(b"|", b"<", b"\n", b"!"),
        Delimiters(b"\x1d", b"\x1f", b"\x1c", b"\x1e"),
        Delimiters(b"~", b"\\", b"'", b"`", b"\n"),
    ]
)
TEXT = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="*>~^:|<!\\'`"), min_size=1
)
SIMPLE = st.one_of(st.just(""), TEXT)
COMPOSITE = st.lists(SIMPLE, min_size=1, max_size=4).map(lambda parts: (*parts, "E"))
REPEATED = st.lists(st.one_of(TEXT, COMPOSITE), min_size=2, max_size=3).map(
    lambda values: Repeats(tuple(values))
)
ROW = st.builds(
    lambda id_, values, last: (id_, *values, last),
    st.from_regex(r"[A-Z][A-Z0-9]{1,2}", fullmatch=True).filter(
        lambda id_: id_ not in ("ST", "SE", "GS", "GE", "ISA", "IEA", "TA1", "BIN", "BDS")
    ),
    st.lists(st.one_of(SIMPLE, COMPOSITE, REPEATED), max_size=8),
    TEXT,
)


def test_an_envelope_is_exact_to_the_byte() -> None:
    whole = interchange(HEADING, Delimiters(b"*", b">", b"~", b"^", b"\n"))
    group = add_group(whole, "PO", 5, "005010", WHEN, sender="SHOP", receiver="WAREHOUSE")
    add_set(group, "850", 17, [("BEG", "00", "SA", "PO-1", "", "20260314"), ("CTT", "0")])
    assert write(whole).decode() == (
        "ISA*00*          *00*          *ZZ*ACME           *01*123456789      *260314*1230*^*00501*000000042*0*P*>~\n"
        "GS*PO*SHOP*WAREHOUSE*20260314*1230*5*X*005010~\n"
        "ST*850*0017~\n"
        "BEG*00*SA*PO-1**20260314~\n"
        "CTT*0~\n"
        "SE*4*0017~\n"
        "GE*1*5~\n"
        "IEA*1*000000042~\n"
    )


@given(rows=st.lists(ROW, max_size=12), marks=MARKS)
@settings(max_examples=60, deadline=None)
def test_rows_of_any_values_come_back_as_they_were(rows: list[Row], marks: Delimiters) -> None:
    whole = interchange(HEADING, marks)
    group = add_group(whole, "PO", 5, "005010", WHEN)
    add_set(group, "850", 1, rows)
    add_set(group, "850", 2, rows)
    data = write(whole)
    (back,) = read(data)
    assert [one.rows for one in back.groups[0].sets] == [rows, rows]
    assert write(back) == data
    assert not back.findings and not back.groups[0].findings and not back.groups[0].sets[0].findings


@pytest.mark.parametrize(("set_id", "version"), EVERY_SET)
@given(seed=st.integers(0, 2**32), marks=MARKS)
@example(seed=33560585, marks=Delimiters(repetition=b"^"))  # two loops that both begin with LS
@settings(max_examples=3, deadline=None)
def test_a_document_of_every_set_comes_back_and_is_sound(
    set_id: str, version: str, seed: int, marks: Delimiters
) -> None:
    grammar = dictionary.grammar(set_id, version)
    sample = Sample(grammar, random.Random(seed), odds=0.15)
    older = version < "005010"
    marks = Delimiters(marks.element, marks.component, marks.terminator, None if older else marks.repetition)
    heading = Heading(("ZZ", "ACME"), ("01", "123456789"), 42, WHEN, version="00401" if older else "00501")
    whole = interchange(heading, marks)
    add_set(add_group(whole, grammar.family, 1, version, WHEN), set_id, 1, sample.rows)
    (back,) = read(write(whole))
    (one,) = back.groups[0].sets
    assert one.rows == [tuple(row) for row in sample.rows]
    assert validate(one, grammar) == []


def test_what_was_read_is_written_again_with_its_counts_mended() -> None:
    data = letter().replace(b"SE*11*", b"SE*99*").replace(b"GE*1*", b"GE*9*").replace(b"IEA*1", b"IEA*9")
    (one,) = interchanges(data)
    assert write(one) == letter()
    (unpadded,) = interchanges(letter().replace(b"ACME           ", b"ACME", 1))
    assert write(unpadded) == letter()


@pytest.mark.parametrize(
    ("what", "row", "charset", "path", "says"),
    [
        ("element separator", ("N1", "ST", "A*B"), "ascii", "(N102)", "delimiter"),
        ("component separator", ("N1", "ST", "A>B"), "ascii", "(N102)", "delimiter"),
        ("terminator", ("N1", "ST", ("x", "A~B")), "ascii", "(N102)-2", "delimiter"),
        ("repetition", ("N1", "ST", Repeats(("A", "B"))), "ascii", "(N102)", "no repetition separator"),
        ("line break", ("N1", "ST", "A\nB"), "ascii", "(N102)", "control character"),
        ("umlaut in ASCII", ("N1", "ST", "Müller"), "ascii", "(N102)", "not in the charset ascii"),
        ("dash in latin-1", ("N1", "ST", "A–B"), "latin-1", "(N102)", "not in the charset latin-1"),
        ("small letter in basic", ("N1", "ST", "Abc"), "basic", "(N102)", "basic character set"),
    ],
)  # fmt: skip
def test_what_would_be_bent_is_refused(what: str, row: Row, charset: Charset, path: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refusal:
        encode(row, Delimiters(), charset, path="segment 3")
    assert refusal.value.path == f"segment 3 {path}", what
    assert refusal.value.fix


@pytest.mark.parametrize(
    ("charset", "text"), [("latin-1", "Müller"), ("utf-8", "Müller – Söhne"), ("basic", "A-1/B")]
)
def test_other_charsets_come_back_as_they_were(charset: Charset, text: str) -> None:
    whole = interchange(HEADING)
    add_set(add_group(whole, "PO", 5, "005010", WHEN), "850", 1, [("N1", "ST", text)], charset=charset)
    (back,) = read(write(whole))
    assert back.groups[0].sets[0].rows == [("N1", "ST", text)]


def test_delimiters_give_way_to_the_data() -> None:
    rows = [("N1", "ST", "A*B"), ("MSG", ("5>4", "~"))]
    marks = choose_delimiters(rows, Delimiters(repetition=b"^"))
    assert (marks.element, marks.component, marks.terminator, marks.repetition) == (b"|", b":", b"'", b"^")
    whole = interchange(HEADING, marks)
    add_set(add_group(whole, "PO", 5, "005010", WHEN), "850", 1, rows)
    (back,) = read(write(whole))
    assert back.groups[0].sets[0].rows == rows
    with pytest.raises(Invalid, match="every character"):
        choose_delimiters([("MSG", "~'\x1c")], Delimiters())


@pytest.mark.parametrize(
    ("heading", "path"),
    [
        (Heading(("ZZ", "A" * 16), ("ZZ", "B"), 1, WHEN), "ISA06"),
        (Heading(("Z", "A"), ("ZZ", "B"), 1, WHEN), "ISA05"),
        (Heading(("ZZ", "A"), ("ZZ", "B"), 0, WHEN), "ISA13"),
        (Heading(("ZZ", "A"), ("ZZ", "B"), 1_000_000_000, WHEN), "ISA13"),
        (Heading(("ZZ", "A"), ("ZZ", "B"), 1, WHEN, version="4010"), "ISA12"),
        (Heading(("ZZ", "A"), ("ZZ", "B"), 1, WHEN, usage=""), "ISA15"),
        (Heading(("ZZ", "Ä"), ("ZZ", "B"), 1, WHEN), "ISA06"),
    ],
)
def test_a_heading_that_does_not_fit_is_refused(heading: Heading, path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        interchange(heading)
    assert refusal.value.path == path and refusal.value.fix


@pytest.mark.parametrize(
    "marks",
    [
        Delimiters(b"*", b"*"),
        Delimiters(b"A"),
        Delimiters(b" "),
        Delimiters(b"."),
        Delimiters(terminator="…".encode()),
        Delimiters(repetition=b"^"),
        Delimiters(suffix=b"x"),
    ],
)
def test_delimiters_that_cannot_separate_are_refused(marks: Delimiters) -> None:
    with pytest.raises(Invalid):
        interchange(Heading(("ZZ", "A"), ("ZZ", "B"), 1, WHEN), marks)
