"""CONTRL says exactly what the check found; answers of partners are read as plainly."""

from __future__ import annotations

from datetime import datetime

import pytest

from crossdock.faults import Invalid
from crossdock.formats.edifact.answers import ApplicationError, Control, Verdict, application, control
from crossdock.formats.edifact.check import check
from crossdock.formats.edifact.contrl import contrl
from crossdock.formats.edifact.explain import explain
from crossdock.formats.edifact.interchange import Group, Interchange, Message, messages
from crossdock.formats.edifact.report import InterchangeReport
from crossdock.formats.edifact.wire.segment import parse
from crossdock.formats.edifact.writer import write
from tests.formats.edifact.samples import HEAD, interchange, sample

NOON = datetime(2025, 3, 9, 15, 0)


def report(octets: bytes) -> InterchangeReport:
    (found,) = [one for one in check(octets) if isinstance(one, InterchangeReport)]
    return found


def answer(octets: bytes, **options: str | bool) -> list[str]:
    """The segments of the answer, written, checked and split."""
    made = contrl(report(octets), reference="77", prepared=NOON, **options)  # type: ignore[arg-type]
    assert made is not None
    out = write(made)
    assert not any(one.findings for one in check(out))
    return out.decode().rstrip("'").split("'")


def broken(*, reference: str = "2") -> Message:
    """An order without BGM, with a bad quantity qualifier, a long unit and a lead left out."""
    good = sample("ORDERS", "D96A", reference)
    body = [segment for segment in good.body if segment.id != "BGM"]
    body = [
        parse("QTY+QQ:48:PIECE") if segment.get(1, 1) == "21" and segment.id == "QTY" else segment
        for segment in body
    ]
    return Message(good.header, tuple(body))


def test_a_good_interchange_is_acknowledged():
    assert answer(write(interchange(sample("ORDERS", "D96A")))) == [
        "UNB+UNOC:3+4012345500004:14+5412345000013:14+250309:1500+77",
        "UNH+1+CONTRL:D:3:UN",
        "UCI+4711+5412345000013:14+4012345500004:14+7",
        "UNT+3+1",
        "UNZ+1+77",
    ]


def test_a_bad_message_is_rejected_with_each_segment_and_element():
    octets = write(interchange(sample("ORDERS", "D96A"), broken()))
    assert answer(octets)[2:-2] == [
        "UCI+4711+5412345000013:14+4012345500004:14+7",
        "UCM+2+ORDERS:D:96A:UN+4",
        "UCS+1+13",  # behind UNH, which is segment 1, BGM is missing
        "UCS+23",
        "UCD+12+2:1",  # the tag counts as element 1
        "UCD+39+2:3",
        "UCS+34",
        "UCD+12+2:1",
        "UCD+39+2:3",
    ]


def test_syntax_four_has_its_own_form():
    head = parse(
        HEAD.format(reference="4711").rstrip("'").replace("UNOC:3", "UNOC:4").replace("250309", "20250309")
    )
    octets = write(Interchange(head, (sample("ORDERS", "D96A"),)))
    segments = answer(octets)
    assert segments[0] == "UNB+UNOC:4+4012345500004:14+5412345000013:14+20250309:1500+77"
    assert segments[1] == "UNH+1+CONTRL:4:1:UN"
    assert answer(octets, version="3", association="EAN002")[1] == "UNH+1+CONTRL:D:3:UN:EAN002"


@pytest.mark.parametrize(
    ("old", "new", "uci"),
    [
        (b"UNZ+1+4711", b"UNZ+2+4711", "UCI+4711+5412345000013:14+4012345500004:14+4+29+UNZ+2"),
        (b"UNZ+1+4711", b"UNZ+1+4712", "UCI+4711+5412345000013:14+4012345500004:14+4+28+UNZ+3"),
        (b"UNZ+1+4711'", b"", "UCI+4711+5412345000013:14+4012345500004:14+4+13+UNZ"),
        (b"+250309:1410+", b"+2503:1410+", "UCI+4711+5412345000013:14+4012345500004:14+4+40+UNB+5:1"),
    ],
)
def test_a_damaged_interchange_is_rejected_as_a_whole(old: bytes, new: bytes, uci: str):
    octets = write(interchange(broken()))
    assert old in octets
    assert answer(octets.replace(old, new))[2:-2] == [uci]


def test_a_wrong_trailer_of_a_message_is_told_with_its_tag():
    octets = write(interchange(sample("ORDERS", "D96A")))
    count = len(sample("ORDERS", "D96A").body) + 2
    assert answer(octets.replace(b"UNT+%d+1" % count, b"UNT+99+1"))[3:-2] == [
        "UCM+1+ORDERS:D:96A:UN+4+29+UNT+2"
    ]


def test_groups_are_answered_by_group():
    one = Group(parse("UNG+ORDERS+A:14+B:14+250309:1410+7+UN+D:96A"), (sample("ORDERS", "D96A"),))
    other = Group(
        parse("UNG+ORDERS+A:14+B:14+250309:1410+8+UN+D:96A"), (broken(), sample("ORDERS", "D96A", "3"))
    )
    octets = write(Interchange(interchange(broken()).header, (one, other)))
    segments = answer(octets)
    assert segments[3:5] == ["UCF+8+A:14+B:14+7", "UCM+2+ORDERS:D:96A:UN+4"]
    segments = answer(octets.replace(b"UNE+1+7'", b"UNE+5+7'"))
    assert "UCF+7+A:14+B:14+4+29+UNE+2" in segments
    assert "UCI+4711+5412345000013:14+4012345500004:14+7" in segments


def test_a_receipt_says_only_that_it_came():
    assert answer(write(interchange(broken())), receipt=True)[2:-2] == [
        "UCI+4711+5412345000013:14+4012345500004:14+8"
    ]


def test_a_contrl_is_never_answered():
    assert contrl(report(write(interchange(sample("CONTRL", "D3")))), reference="1", prepared=NOON) is None


def test_our_own_answer_reads_as_what_was_found():
    octets = "'".join(answer(write(interchange(sample("ORDERS", "D96A"), broken())))).encode() + b"'"
    (received,) = messages(octets)
    told = control(received.message)
    assert (told.interchange, told.verdict, told.sender) == (
        "4711",
        Verdict.ACCEPTED,
        ("5412345000013", "14"),
    )
    assert (told.of("1"), told.of("2"), told.of("3")) == (
        Verdict.ACCEPTED,
        Verdict.REJECTED,
        Verdict.ACCEPTED,
    )
    (message,) = told.messages
    assert message.type == "ORDERS"
    assert [
        (one.number, one.code, [(e.code, e.element) for e in one.elements]) for one in message.segments[:2]
    ] == [
        (1, "13", []),
        (23, "", [("12", "01-1"), ("39", "01-3")]),
    ]


def contrl_of(*lines: str) -> Control:
    return control(Message(parse("UNH+1+CONTRL:D:3:UN"), tuple(map(parse, lines))))


def test_a_rejected_interchange_or_group_takes_its_messages_with_it():
    whole = contrl_of("UCI+9+A+B+4+23+UNB+2:1")
    assert (whole.of("1"), whole.code, whole.service, whole.element) == (
        Verdict.REJECTED,
        "23",
        "UNB",
        "01-1",
    )
    group = contrl_of("UCI+9+A+B+7", "UCF+5+A+B+4+29+UNE", "UCF+6+A+B+7", "UCM+1+ORDERS:D:96A:UN+4")
    assert group.of("1", "5") is Verdict.REJECTED
    assert group.of("2", "6") is Verdict.ACCEPTED
    assert group.of("1", "6") is Verdict.REJECTED
    assert contrl_of("UCI+9+A+B+8").of("1") is Verdict.RECEIVED


@pytest.mark.parametrize("line", ["UCI+9+A+B+5", "UCI+9+A+B", "UCM+1"])
def test_an_answer_that_answers_nothing_is_refused(line: str):
    with pytest.raises(Invalid):
        contrl_of(line)


def test_an_application_answer_is_read():
    told = application(sample("APERAK", "D96A"))
    assert (told.type, told.number, told.function, told.verdict) == ("313", "APE-12", "27", Verdict.REJECTED)
    assert told.references == (("ACW", "PO-77120", ""),)
    assert told.texts == ("TWO LINES COULD NOT BE BOOKED",)
    assert told.errors == (ApplicationError("42", "", "91", ("UNKNOWN ITEM", "LINE 2"), (("LI", "2", ""),)),)
    accepted = application(
        Message(parse("UNH+1+APERAK:D:96A:UN"), (parse("BGM+312+A1+29+AP"), parse("RFF+ON:7")))
    )
    assert accepted.verdict is Verdict.ACCEPTED
    with pytest.raises(Invalid):
        application(sample("ORDERS", "D96A"))


@pytest.mark.parametrize(
    ("term", "kind", "name", "line"),
    [
        ("DESADV", "message", "Despatch advice", "BGM   Beginning of message, mandatory, at most 1"),
        ("dtm", "segment", "Date, time or period", "01    C507 Date, time or period, mandatory"),
        (
            "C507",
            "composite",
            "Date, time or period",
            "1     2005 Date or time qualifier, mandatory, text up to 3",
        ),
        ("1225", "element", "Message function", "9    Original"),
        ("DTM 01-2", "element", "Date or time", "text up to 35 (an..35)"),
        (
            "BGM 02",
            "composite",
            "Document identification",
            "1     1004 Document number, conditional, text up to 35",
        ),
        ("0085:39", "syntax error", "Element too long", "a code of 0085 Syntax error code"),
        ("2005:137", "code", "Document", "a code of 2005 Date or time qualifier"),
        ("3035:QQQ", "code", "no valid code", "a code of 3035 Party qualifier"),
        (
            "UCI",
            "segment",
            "Interchange response",
            "01    0020 Interchange control reference, mandatory, text up to 14",
        ),
    ],
)
def test_a_term_is_explained_in_words(term: str, kind: str, name: str, line: str):
    told = explain(term)
    assert (told.kind, told.name) == (kind, name)
    assert line in told.lines


@pytest.mark.parametrize("term", ["XYZ", "ORDERZ", "9999", "BGM 09", "DTM 01-9", "UNS 01-2", "???"])
def test_what_cannot_be_explained_says_what_can(term: str):
    with pytest.raises(Invalid) as caught:
        explain(term)
    assert caught.value.fix
