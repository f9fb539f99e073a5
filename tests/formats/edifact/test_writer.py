"""What is written has exact envelopes, and reads as what it was."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.formats.edifact.check import check
from crossdock.formats.edifact.interchange import Group, Interchange, Message, messages, read
from crossdock.formats.edifact.wire.segment import Segment, parse
from crossdock.formats.edifact.wire.syntax import DEFAULT, DEFAULT_4, Delimiters
from crossdock.formats.edifact.writer import unb, unh, write, written
from tests.formats.edifact.samples import ALL, interchange, sample

NOON = datetime(2025, 3, 9, 14, 10)
HEADER = unb(("5412345000013", "14"), ("4012345500004", "14"), NOON, "4711")
ORDER = Message(unh("1", "ORDERS", "D96A", "EAN008"), (parse("BGM+220+PO1+9"), parse("UNS+S")))


def test_an_interchange_is_written_to_the_letter():
    assert write(Interchange(HEADER, (ORDER,)), una=True, line_end="\r\n") == (
        b"UNA:+.? '\r\n"
        b"UNB+UNOC:3+5412345000013:14+4012345500004:14+250309:1410+4711'\r\n"
        b"UNH+1+ORDERS:D:96A:UN:EAN008'\r\n"
        b"BGM+220+PO1+9'\r\n"
        b"UNS+S'\r\n"
        b"UNT+4+1'\r\n"
        b"UNZ+1+4711'\r\n"
    )


def test_una_is_written_when_the_characters_are_not_the_usual_ones():
    assert write(Interchange(HEADER, (ORDER,))).startswith(b"UNB+")
    assert write(Interchange(HEADER, (ORDER,), Delimiters(terminator="~"))).startswith(b"UNA:+.? ~UNB+")
    four = unb(("A",), ("B",), NOON, "1", version="4")
    assert write(Interchange(four, (ORDER,), DEFAULT_4)).startswith(b"UNB+UNOC:4+A+B+20250309:1410+1'")
    assert write(Interchange(four, (ORDER,), DEFAULT)).startswith(b"UNA:+.? 'UNB+")


def test_the_header_holds_what_the_partner_asks_for():
    told = {
        "level": "UNOA",
        "application": "ORDERS",
        "acknowledge": True,
        "agreement": "EANCOM",
        "test": True,
    }
    header = unb(("A", "14", "X"), ("B", "ZZ"), NOON, "9", **told)
    assert header.text() == "UNB+UNOA:3+A:14:X+B:ZZ+250309:1410+9++ORDERS++1+EANCOM+1"


def test_service_characters_in_values_are_released():
    message = Message(ORDER.header, (Segment.of("FTX", "AAI", "", "", "Who's there? 1+1:2 *"),))
    assert b"FTX+AAI+++Who?'s there?? 1?+1?:2 *'" in write(Interchange(HEADER, (message,)))
    four = unb(("A",), ("B",), NOON, "1", version="4")
    assert b"1?+1?:2 ?*'" in write(Interchange(four, (message,), DEFAULT_4))


@pytest.mark.parametrize(
    ("level", "value", "place"),
    [
        ("UNOA", "Koeln", "01-2"),
        ("UNOB", "Köln", "01-2"),
        ("UNOC", "Łódź", "01-2"),
        ("UNOC", "a\nb", "01-2"),
        ("UNOY", "\x07", "01-2"),
    ],
)
def test_a_character_that_the_level_has_not_is_refused_at_its_place(level: str, value: str, place: str):
    header = unb(("A",), ("B",), NOON, "1", level=level)
    message = Message(ORDER.header, (Segment.of("LOC", ("7", value)),))
    with pytest.raises(Invalid) as caught:
        write(Interchange(header, (message,)))
    assert caught.value.path == f"message 1, LOC {place}"
    assert caught.value.value == value


def test_the_same_value_is_written_on_a_level_that_has_it():
    header = unb(("A",), ("B",), NOON, "1", level="UNOY")
    message = Message(ORDER.header, (Segment.of("LOC", ("7", "Łódź")),))
    assert "Łódź".encode() in write(Interchange(header, (message,)))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (Interchange(unb(("A",), ("B",), NOON, ""), (ORDER,)), "UNB has no reference"),
        (Interchange(HEADER, (Message(unh("", "ORDERS", "D96A"), ()),)), "UNH has no reference"),
        (Interchange(HEADER, ()), "needs a message"),
        (Interchange(HEADER, (Message(ORDER.header, (Segment.of("dtm", "1"),)),)), "is no tag"),
        (Interchange(HEADER, (ORDER, Group(parse("UNG+ORDERS+A+B+250309:1410+7+UN+D:96A"), (ORDER,)))), "outside them"),
        (Interchange(HEADER, (Message(ORDER.header, (Segment.of("BGM", ["1", "2"]),)),)), "needs syntax version 4"),
        (Interchange(HEADER, (Message(ORDER.header, (parse("BGM+a?+b"),)),), Delimiters(release=" ")), "no release"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_rightly_is_refused(made: Interchange, says: str):
    with pytest.raises(Invalid, match=says):
        write(made)


def test_a_partner_may_have_an_encoding_of_its_own():
    message = Message(ORDER.header, (Segment.of("LOC", ("7", "Łódź")),))
    octets = write(Interchange(HEADER, (message,)), encoding="utf-8")
    assert "LOC+7:Łódź'".encode() in octets
    assert list(read(octets, encoding="utf-8")[0][0].messages) == [message]


def test_groups_count_their_messages_and_the_interchange_its_groups():
    group = Group(parse("UNG+ORDERS+A+B+250309:1410+7+UN+D:96A"), (ORDER, ORDER))
    octets = write(Interchange(HEADER, (group, group)))
    assert octets.count(b"UNE+2+7'") == 2
    assert octets.endswith(b"UNZ+2+4711'")


def test_many_messages_are_written_piece_by_piece():
    pieces = written(HEADER, (sample("ORDERS", "D96A", str(number)) for number in range(5)))
    assert next(pieces).startswith(b"UNB+") and next(pieces).startswith(b"UNH+0+")
    assert list(pieces)[-1] == b"UNZ+5+4711'"


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_a_message_reads_as_it_was_written(kind: str, version: str):
    made = interchange(sample(kind, version), sample(kind, version, "2"))
    assert read(write(made)) == ((made,), ())
    (first, second) = messages(write(made), strict=True)
    assert (first.message, second.message.reference) == (made.items[0], "2")


TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]), min_size=1, max_size=9
)
PARTS = st.lists(st.one_of(st.just(""), TEXT), max_size=3).map(tuple)
SEGMENT = st.builds(
    lambda tag, elements: Segment.of(tag, *elements),
    st.sampled_from(["BGM", "DTM", "FTX", "LIN", "QTY"]),
    st.lists(st.one_of(PARTS, st.lists(PARTS, max_size=3)), max_size=4),
)
MESSAGE = st.builds(lambda body: Message(ORDER.header, tuple(body)), st.lists(SEGMENT, max_size=5))
SIGNS = st.sampled_from(
    [DEFAULT_4, Delimiters("^", "|", ",", "\\", "~", "$"), Delimiters(":", "+", ".", "?", "*", "\n")]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(MESSAGE, min_size=1, max_size=3), SIGNS, st.booleans(), st.booleans())
def test_anything_written_reads_as_what_it_was(made, delimiters, grouped, lines):
    header = unb(("A?", "14"), ("B'", "14"), NOON, "+1", version="4")
    items = (Group(parse("UNG+ORDERS+A+B+250309:1410+7+UN+D:96A"), tuple(made)),) if grouped else tuple(made)
    sent = Interchange(header, items, delimiters)
    octets = write(sent, line_end="\r\n" if lines else "")
    assert read(octets)[0] == (sent,)
    assert all(report.well_formed for report in check(octets))
