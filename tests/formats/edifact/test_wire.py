"""Bytes become segments whatever a sender does to them, or are refused with the reason."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.edifact.check import check
from crossdock.formats.edifact.interchange import messages, read
from crossdock.formats.edifact.wire.segment import Segment, parse
from crossdock.formats.edifact.wire.syntax import DEFAULT, Delimiters
from crossdock.formats.edifact.wire.tokenizer import SEGMENT_BYTES_MAX, Source, Tokenizer
from crossdock.formats.edifact.writer import write
from tests.formats.edifact.samples import interchange, sample

HEAD = b"UNB+UNOC:3+A+B+250309:1410+1'"
BODY = b"UNH+1+ORDERS:D:96A:UN'BGM+220+X+9'UNT+3+1'UNZ+1+1'"


def tokens(source: Source, *, strict: bool = False) -> tuple[list[str], list[str]]:
    """All segments, and the codes of what was forgiven."""
    told: list[Finding] = []
    segments = [segment for batch in Tokenizer(source, told.append, strict=strict) for segment in batch]
    return segments, [finding.code for finding in told]


PLAIN = tokens(HEAD + BODY)[0]


def test_segments_come_without_terminators():
    assert PLAIN == [
        "UNB+UNOC:3+A+B+250309:1410+1",
        "UNH+1+ORDERS:D:96A:UN",
        "BGM+220+X+9",
        "UNT+3+1",
        "UNZ+1+1",
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\n"])
def test_line_breaks_between_segments_are_nothing(end: bytes):
    octets = (HEAD + BODY).replace(b"'", b"'" + end)
    assert tokens(octets) == (PLAIN, [])
    assert tokens(octets, strict=True) == (PLAIN, [])


def test_a_newline_may_be_the_terminator():
    octets = b"UNA:+.? \n" + (HEAD + BODY).replace(b"'", b"\n")
    assert tokens(octets) == (PLAIN, [])
    assert tokens(octets.replace(b"\n", b"\r\n").replace(b"UNA:+.? \r\n", b"UNA:+.? \n"))[0] == PLAIN


def test_una_names_every_service_character():
    octets = b"UNA^*,\\ ~" + (HEAD + BODY).translate(bytes.maketrans(b":+'", b"^*~")).replace(
        b"X", b"\\~\\\\\\*"
    )
    segments, told = tokens(octets)
    assert segments[2] == "BGM*220*\\~\\\\\\**9"
    assert parse(segments[2], Delimiters("^", "*", ",", "\\", " ", "~")).get(2) == "~\\*"
    assert told == []


def test_without_una_the_characters_of_level_b_are_known_and_others_are_guessed():
    table = bytes.maketrans(b":+'", b"\x1f\x1d\x1c")
    segments, told = tokens((HEAD + BODY).replace(b"UNOC", b"UNOB").translate(table))
    assert [segment.split("\x1d")[0] for segment in segments] == ["UNB", "UNH", "BGM", "UNT", "UNZ"]
    assert told == []
    segments, told = tokens((HEAD + BODY).translate(bytes.maketrans(b":+'", b"^*~")))
    assert [segment.split("*")[0] for segment in segments] == ["UNB", "UNH", "BGM", "UNT", "UNZ"]
    assert told == ["edifact.una_missing"]


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"\xef\xbb\xbf" + HEAD + BODY, "edifact.bom"),
        (b"Sent by mail:\n" + HEAD + BODY, "edifact.junk"),
        (HEAD + BODY + b"--end of mail", "edifact.last_terminator"),
        (HEAD.replace(b"'", b"'\n  ") + BODY, "edifact.blank"),
        (HEAD + b"'" + BODY, "edifact.empty_segment"),
        (HEAD + BODY.replace(b"BGM", b"BGM\n"), "edifact.bad_tag"),
        ((HEAD + BODY)[:-1], "edifact.last_terminator"),
        (HEAD.replace(b"UNOC", b"ABCD") + BODY, "edifact.unknown_level"),
        (HEAD.replace(b"UNOC", b"UNOA") + BODY.replace(b"X", b"\xc3\xa9"), "edifact.character_set"),
    ],
)
def test_what_is_forgiven_is_told_and_a_strict_reading_refuses_it(octets: bytes, code: str):
    segments, told = tokens(octets)
    assert code in told
    assert [segment[:3] for segment in segments][:5] == ["UNB", "UNH", "BGM", "UNT", "UNZ"]
    with pytest.raises(Invalid, match="cannot be read as EDIFACT"):
        tokens(octets, strict=True)


def test_lines_of_one_width_are_joined():
    octets = HEAD + BODY
    wrapped = b"\r\n".join(octets[start : start + 20] for start in range(0, len(octets), 20))
    assert len(octets) % 20, "the last line is a shorter one"
    for end in (b"", b"\r\n", b"\n\r\n"):
        assert tokens(wrapped + end) == (PLAIN, ["edifact.wrapped"])


def test_line_breaks_within_a_text_stay():
    octets = HEAD + BODY.replace(b"X", b"one\r\ntwo\nthree")
    assert tokens(octets)[0][2] == "BGM+220+one\r\ntwo\nthree+9"


@pytest.mark.parametrize(
    ("level", "octets", "text"),
    [
        ("UNOC", "Köln".encode("latin-1"), "Köln"),
        ("UNOD", "Łódź".encode("iso8859-2"), "Łódź"),
        ("UNOE", "Москва".encode("iso8859-5"), "Москва"),
        ("UNOF", "Αθήνα".encode("iso8859-7"), "Αθήνα"),
        ("UNOK", "İzmir".encode("iso8859-9"), "İzmir"),
        (
            "UNOX",
            "東京'+:".encode("iso2022_jp_2").replace(b"'", b"?'").replace(b"+", b"?+").replace(b":", b"?:"),
            "東京'+:",
        ),
        ("UNOY", "Zürich 東京".encode(), "Zürich 東京"),
    ],
)
def test_the_level_names_the_character_set(level: str, octets: bytes, text: str):
    whole = HEAD.replace(b"UNOC", level.encode()) + BODY.replace(b"X", octets)
    (received,) = list(messages(whole, strict=True))
    assert received.message.body[0].get(2) == text


def test_bytes_that_the_level_has_are_read_as_it_says_and_a_doubt_is_told():
    octets = HEAD + BODY.replace(b"X", "Müller".encode())
    segments, told = tokens(octets)
    assert (segments[2], told) == ("BGM+220+MÃ¼ller+9", ["edifact.doubtful_character_set"])
    ((received,), found) = read(octets, encoding="utf-8")
    assert next(received.messages).body[0].get(2) == "Müller"
    assert not found


def test_bytes_that_the_level_has_not_are_read_as_what_they_are():
    for octets in ("MUNCIÈ".encode(), "10 €".encode("cp1252")):
        segments, told = tokens(HEAD + BODY.replace(b"X", octets))
        assert segments[2] in {"BGM+220+MUNCIÈ+9", "BGM+220+10 €+9"}
        assert told == ["edifact.character_set"]


def test_a_shifted_character_that_looks_like_a_terminator_is_none():
    shifted = "ァ".encode("iso2022_jp_2")  # its second byte is that of a percent sign; others have that of '
    text = "Ё".encode("iso2022_jp_2")
    assert b"'" in text
    whole = HEAD.replace(b"UNOC", b"UNOX") + BODY.replace(b"X", shifted + text)
    for size in (1, 7, 1000):
        blocks = (whole[start : start + size] for start in range(0, len(whole), size))
        (received,) = list(messages(blocks))
        assert received.message.body[0].get(2) == "ァЁ"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "there is nothing in it"),
        (b"\r\n \x00", "there is nothing in it"),
        (b"ISA*00*          *00*          *ZZ*A", "no interchange begins"),
        (b"{}", "no interchange begins"),
        ("UNB+UNOC:3".encode("utf-16"), "UTF-16"),
        ("UNB+UNOC:3".encode("utf-16-le"), "UTF-16"),
        ("UNA:+.? 'UNB+UNOC:3".encode("cp500"), "EBCDIC"),
        (b"UNA:+.", "UNA is cut off"),
        (b"UNA::.? 'UNB+UNOC:3", "cannot be told apart"),
        (b"UNBxUNOC", "no interchange begins"),
        (b"UNB*UNOC^3*A*B", "cannot be told"),
    ],
)
def test_what_is_no_edifact_is_refused_with_the_reason(octets: bytes, reason: str):
    with pytest.raises(Invalid, match=reason) as caught:
        tokens(octets)
    assert caught.value.fix


def test_a_segment_without_an_end_is_refused_before_it_fills_the_memory():
    def endless() -> Iterator[bytes]:
        yield HEAD
        while True:
            yield b"X" * 10_000

    with pytest.raises(Invalid, match=f"does not end within {SEGMENT_BYTES_MAX}"):
        tokens(endless())


def test_a_file_is_read_from_disk_as_from_memory(tmp_path):
    octets = write(interchange(*(sample("ORDERS", "D96A", str(number)) for number in range(200))))
    (tmp_path / "orders.edi").write_bytes(octets)
    with (tmp_path / "orders.edi").open("rb") as file:
        assert tokens(file) == tokens(octets) == tokens(io.BytesIO(octets))


def test_where_blocks_end_changes_nothing():
    octets = (b"UNA:+.? '\r\n" + HEAD + BODY.replace(b"X", b"a?'b??")) * 2
    whole = tokens(octets)
    assert len(whole[0]) == 10
    for size in range(1, 40):
        assert tokens(octets[start : start + size] for start in range(0, len(octets), size)) == whole


def test_trailing_separators_are_no_values():
    assert parse("NAD+BY+541::9++") == parse("NAD+BY+541::9") == Segment.of("NAD", "BY", ("541", "", "9"))
    assert parse("PIA+1++A:").elements == ((("1",),), (), (("A",),))


def test_a_value_is_got_by_its_place_and_nothing_is_empty():
    segment = parse("NAD+BY+541::9+A?+B")
    assert [segment.get(1), segment.get(2, 3), segment.get(3), segment.get(2, 9), segment.get(9)] == [
        "BY",
        "9",
        "A+B",
        "",
        "",
    ]


# -- anything at all ----------------------------------------------------------------------------------------


def survives(octets: bytes) -> bool:
    """The worst answer is a refusal."""
    try:
        told = [finding for report in check(octets) for finding in report.findings]
        read(octets)
    except Invalid as fault:
        return bool(fault.says and fault.fix)
    return all(finding.says and finding.fix for finding in told)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"UNA:+.? '", b"UNB+UNOC:3+", HEAD, HEAD + BODY]))
def test_no_bytes_bring_it_down(octets: bytes, head: bytes):
    assert survives(head + octets)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="UNABHTZGES+:'?*\r\n 1Aé", max_size=120))
def test_no_arrangement_of_service_characters_brings_it_down(text: str):
    assert survives(HEAD + text.encode())


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_damage_to_a_good_file_brings_it_down(chance: random.Random):
    octets = bytearray(write(interchange(sample("DESADV", "D96A"), sample("ORDERS", "D01B", "2")), una=True))
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(octets))
        kind = chance.randrange(3)
        if kind == 0:
            octets[at] = chance.randrange(256)
        elif kind == 1:
            del octets[at : at + chance.randrange(1, 30)]
        else:
            octets[at:at] = octets[chance.randrange(len(octets)) :][: chance.randrange(1, 60)]
    assert survives(bytes(octets))


VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]), max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(VALUES, max_size=4), max_size=5),
    st.sampled_from([DEFAULT, Delimiters("^", "*", ",", "\\", "~", "$")]),
)
def test_a_segment_is_what_it_was_when_it_is_written_and_read(elements, delimiters):
    segment = Segment.of("ABC", *(tuple(parts) for parts in elements))
    assert parse(segment.text(delimiters), delimiters) == segment
