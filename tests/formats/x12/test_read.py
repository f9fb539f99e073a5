"""Any file is interchanges, groups and sets with what was forgiven, or a refusal that says where and why."""

from __future__ import annotations

import io

import pytest

from crossdock.faults import Invalid
from crossdock.formats.x12 import scan
from crossdock.formats.x12.read import PART_BYTES, events, read
from tests.formats.x12.letters import ORDER, codes, findings, interchanges, isa, letter, order, sets

IDS = ["ST", *[line.partition("*")[0] for line in ORDER], "SE"]


def ids(data: bytes) -> list[list[str]]:
    return [[segment.id for segment in one] for one in sets(data)]


def test_an_interchange_is_read_with_everything_its_envelope_says() -> None:
    (one,) = interchanges(letter(), lenient=False)
    assert (one.control, one.version, one.usage) == ("000000007", "00401", "P")
    assert (one.sender, one.receiver) == (("ZZ", "ACME"), ("01", "123456789"))
    assert not one.wants_acknowledgement and one.delimiters.repetition is None
    (group,) = one.groups
    assert (group.family, group.control, group.version, group.sender) == ("PO", "7", "004010", "ACME")
    (order_,) = group.sets
    assert (order_.id, order_.control, order_.position, order_.charset) == ("850", "0001", 3, "ascii")
    assert [segment.id for segment in order_] == IDS
    assert order_.segments[3][2] == "Midtown Store"
    assert not one.findings and not group.findings and not order_.findings


@pytest.mark.parametrize("end", ["~", "~\n", "~\r\n", "\n", "\r\n", "\r", "'", "\x1c", "\x85"])
@pytest.mark.parametrize(
    ("element", "component"), [("*", ">"), ("|", ":"), ("^", "\\"), ("\x1d", "\x1f"), ("~", "*")]
)
def test_delimiters_are_what_the_header_says(end: str, element: str, component: str) -> None:
    if end[0] in (element, component):
        end = "!"
    data = letter(element=element, component=component, end="\1").replace(b"\1", end.encode("latin-1"))
    assert ids(data) == [IDS]
    assert codes(data) == []
    (one,) = interchanges(data, lenient=False)
    assert one.delimiters.element == element.encode() and one.delimiters.component == component.encode()


@pytest.mark.parametrize(
    ("what", "data", "code"),
    [
        ("byte order mark", b"\xef\xbb\xbf" + letter(), "x12.bom"),
        ("blanks before ISA", b"\r\n  \t" + letter(), "x12.blank"),
        ("indented lines", letter(end="~\r\n").replace(b"\nREF", b"\n    REF"), "x12.blank"),
        ("empty segments", letter().replace(b"~REF", b"~~REF"), "x12.empty"),
        ("blank lines", letter(end="\n").replace(b"\nREF", b"\n\n\nREF"), "x12.empty"),
        ("line break inside a segment", letter(end="~\n").replace(b"Midtown", b"Mid\r\ntown"), "x12.line_break"),
        ("no terminator at the end", letter()[:-1], "x12.last_terminator"),
        ("wide terminator", letter(end="…\n"), "x12.wide_terminator"),
        ("ISA not padded", letter().replace(b"ACME           ", b"ACME", 1), "x12.isa_width"),
        ("ISA not padded, line ends", letter(end="\n").replace(b"*          *", b"**"), "x12.isa_width"),
        ("blanks before line ends", letter(end=" \r\n"), "x12.blank"),
        ("junk between", letter() + b"1r junk\r\n" + letter(control=8), "x12.junk"),
        ("junk before", b"HTTP/1.1 200 OK\r\n\r\n" + letter(), "x12.junk"),
        ("junk after", letter() + b"\x1a\x00goodbye", "x12.junk"),
        ("ISA16 missing", letter(end="~\n").replace(b"*P*>~", b"*P*~"), "x12.component_missing"),
    ],
)  # fmt: skip
def test_what_is_off_is_forgiven_and_told_once_or_refused(what: str, data: bytes, code: str) -> None:
    assert ids(data)[0] == IDS, what
    told = [one for one in findings(data) if one.code == code]
    assert [one.severity for one in told if one.severity == "forgiven"] == ["forgiven"], what
    with pytest.raises(Invalid) as refusal:
        list(read(data))
    assert refusal.value.path and refusal.value.fix


@pytest.mark.parametrize("width", [72, 80, 100, 132])
def test_lines_cut_at_a_width_are_put_together(width: int) -> None:
    data = letter([order("0001"), order("0002")])
    cut = b"\r\n".join(data[at : at + width] for at in range(0, len(data), width))
    assert ids(cut) == [IDS, IDS]
    assert [segment.raw for one in sets(cut) for segment in one] == [
        segment.raw for one in sets(data) for segment in one
    ]
    assert {"x12.wrapped", "x12.line_break"} & set(codes(cut))


def test_what_is_forgiven_is_told_with_its_place_in_the_file() -> None:
    data = letter([order("0001"), order("0002")], end="~\n").replace(b"\nN3*1 Main", b"\n  N3*1 Ma\nin", 1)
    found = {one.code: (one.position, one.interchange) for one in findings(data)}
    assert found == {"x12.blank": (7, "000000007"), "x12.line_break": (7, "000000007")}


def test_padding_and_line_ends_that_do_no_harm_are_not_mentioned() -> None:
    data = letter(end="~\r\n") + b"\r\n\r\n" + letter(control=8, end="~\n") + b"\x1a\x00\x00\n"
    assert codes(data, lenient=False) == []
    assert len(ids(data)) == 2


def test_interchanges_follow_one_another_with_delimiters_of_their_own() -> None:
    data = letter() + letter(control=8, element="|", end="\n") + letter(control=9) + letter(control=10)
    assert [one.control for one in interchanges(data, lenient=False)] == [
        "000000007",
        "000000008",
        "000000009",
        "000000010",
    ]
    assert ids(data) == [IDS] * 4
    assert [one.position for one in interchanges(data)] == [1, 16, 31, 46]


def test_isa_in_the_data_opens_nothing() -> None:
    body = [*ORDER[:2], "N1*ST*ISA*92*ISA", "NTE*GEN*ISA*00*ISA", "ISAX*1", *ORDER[5:]]
    (one,) = sets(letter([order(body=body)]))
    assert [segment.id for segment in one][3:6] == ["N1", "NTE", "ISAX"]
    assert codes(letter([order(body=body)])) == []


@pytest.mark.parametrize("element", ["*", "|"])
def test_an_isa_ends_the_interchange_that_was_left_open(element: str) -> None:
    open_ended = letter()[: letter().index(b"SE*")]
    data = open_ended + letter(control=8, element=element)
    assert [one.control for one in interchanges(data)] == ["000000007", "000000008"]
    first, second = ids(data)
    assert first == IDS[:-1] and second == IDS
    assert codes(data) == ["x12.iea_missing", "x12.ge_missing", "x12.se_missing"]
    assert [one.ack for one in findings(data)] == ["TA1:023", "AK905:3", "AK502:2"]


@pytest.mark.parametrize(
    ("what", "old", "new", "code", "ack", "element"),
    [
        ("IEA01", b"IEA*1*", b"IEA*2*", "x12.iea01", "TA1:021", "01"),
        ("IEA02", b"IEA*1*000000007", b"IEA*1*000000008", "x12.iea02", "TA1:001", "02"),
        ("GE01", b"GE*1*7", b"GE*2*7", "x12.ge01", "AK905:5", "01"),
        ("GE02", b"GE*1*7", b"GE*1*8", "x12.ge02", "AK905:4", "02"),
        ("SE01", b"SE*11*", b"SE*12*", "x12.se01", "AK502:4", "01"),
        ("SE01 no number", b"SE*11*", b"SE*eleven*", "x12.se01", "AK502:4", "01"),
        ("SE02", b"SE*11*0001", b"SE*11*0002", "x12.se02", "AK502:3", "02"),
        ("ST02", b"0001", b"01", "x12.st02", "AK502:7", "02"),
        ("ST01", b"ST*850*", b"ST*PO850*", "x12.st01", "AK502:6", "01"),
        ("GS06", b"*7*X*", b"*A*X*", "x12.gs06", "AK905:6", "06"),
        ("GS08", b"*X*004010", b"*X", "x12.gs08", "AK905:2", "08"),
        ("GS01", b"GS*PO", b"GS*", "x12.gs01", "AK905:1", "01"),
        ("ISA05", b"*ZZ*ACME", b"*Q9*ACME", "x12.isa05", "TA1:005", "05"),
        ("ISA08", b"123456789      ", b"               ", "x12.isa08", "TA1:008", "08"),
        ("ISA09", b"*260314*", b"*261314*", "x12.isa09", "TA1:014", "09"),
        ("ISA10", b"*1230*U", b"*2460*U", "x12.isa10", "TA1:015", "10"),
        ("ISA12", b"*00401*", b"*4.010*", "x12.isa12", "TA1:017", "12"),
        ("ISA13", b"*000000007*0", b"*A00000007*0", "x12.isa13", "TA1:018", "13"),
        ("ISA14", b"*0*P*", b"*2*P*", "x12.isa14", "TA1:019", "14"),
        ("ISA15", b"*0*P*", b"*0*Q*", "x12.isa15", "TA1:020", "15"),
    ],
)  # fmt: skip
def test_the_envelope_is_held_to_its_counts_and_numbers(
    what: str, old: bytes, new: bytes, code: str, ack: str, element: str
) -> None:
    assert old in letter(), what
    found = [one for one in findings(letter().replace(old, new)) if one.code == code]
    assert [(one.ack, one.element, one.severity) for one in found] == [(ack, element, "error")]
    assert found[0].says and found[0].fix
    assert not [one for one in findings(letter()) if one.code == code]


def test_missing_trailers_are_told_where_they_should_stand() -> None:
    data = b"".join(part + b"~" for part in letter().split(b"~")[:13] if not part.startswith(b"SE"))
    found = findings(data + b"GE*1*7~IEA*1*000000007~")
    assert [(one.code, one.segment_number, one.position) for one in found] == [("x12.se_missing", 11, 13)]


def test_control_numbers_are_unique_in_their_group_and_interchange() -> None:
    data = letter([order("0001"), order("0002"), order("0001")])
    assert codes(data) == ["x12.st02_twice"]
    assert [one.ack for one in findings(data)] == ["AK502:23"]
    twice = letter().replace(b"IEA*1", b"GS*PO*ACME*123456789*20260314*1230*007*X*004010~GE*0*007~IEA*2")
    assert codes(twice) == ["x12.gs06"]


def test_segments_outside_of_sets_are_told_and_passed_over() -> None:
    data = letter().replace(b"GE*1", b"REF*DP*1~GE*1").replace(b"IEA*1", b"N1*ST~SE*1*1~IEA*1")
    found = [one for one in findings(data) if one.code == "x12.outside"]
    assert [(one.segment_id, one.ack) for one in found] == [
        ("REF", "TA1:022"),
        ("N1", "TA1:022"),
        ("SE", "TA1:022"),
    ]
    assert ids(data) == [IDS]


def test_a_set_without_a_group_is_read_all_the_same() -> None:
    data = (isa() + "~" + "~".join(order()) + "~IEA*0*000000007~").encode()
    assert ids(data) == [IDS]
    assert codes(data) == ["x12.outside"]


def test_ta1_segments_stand_before_groups() -> None:
    data = (
        isa() + "~TA1*000000001*260314*1230*A*000~TA1*000000002*260314*1230*R*006~IEA*0*000000007~"
    ).encode()
    (one,) = interchanges(data, lenient=False)
    assert [segment[5] for segment in one.acknowledged] == ["000", "006"]
    assert codes(data) == []


def test_the_repetition_separator_comes_with_the_version() -> None:
    data = (isa(version="00501", eleventh="^") + letter().decode()[105:].replace("*038", "*038^039")).encode()
    (one,) = sets(data, lenient=False)
    assert one.delimiters.repetition == b"^"
    assert one.segments[2].repeats(2) == ["038", "039"]
    (older,) = sets(letter().replace(b"*038", b"*038^039"))
    assert older.segments[2].repeats(2) == ["038^039"]


@pytest.mark.parametrize(
    ("text", "encoding", "charset"),
    [("Müller", "utf-8", "utf-8"), ("Müller", "latin-1", "latin-1"), ("Müller – Söhne", "cp1252", "cp1252")],
)
def test_the_charset_is_told_by_the_bytes(text: str, encoding: str, charset: str) -> None:
    data = letter().replace(b"Midtown Store", text.encode(encoding))
    (one,) = sets(data, lenient=False)
    assert (one.charset, one.segments[3][2]) == (charset, text)


def test_binary_segments_may_hold_terminators_and_line_breaks() -> None:
    blob = "a~b*c\nST*850*9999~SE*1*1~\r\nx"
    body = [*ORDER, f"BIN*{len(blob)}*{blob}"]
    data = letter([order(body=body), order("0002")], end="~\n")
    first, second = sets(data)
    assert first.raw[-2] == f"BIN*{len(blob)}*{blob}".encode() and len(second.raw) == len(IDS)
    wrong = letter([order(body=[*ORDER, *["BIN*9999*abc"] * 50, "BIN*5*a~b~c", "BIN*5*abc"])])
    assert sets(wrong)[0].raw[-6:-3] == [b"BIN*9999*abc", b"BIN*5*a", b"b"], (
        "who lies too often is no longer believed"
    )
    once = letter([order(body=[*ORDER, "BIN*9999*abc", "BIN*5*a~b~c", "BIN*5*abc"])])
    assert sets(once)[0].raw[-4:-1] == [b"BIN*9999*abc", b"BIN*5*a~b~c", b"BIN*5*abc"]


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_it_does_not_matter_where_blocks_end(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = "~\n~" * 40
    data = letter([order(body=[*ORDER, f"BIN*{len(blob)}*{blob}"]), order("0002")], end="~\r\n")
    data += letter(control=8, element="|", end="\n") + b"junk" + letter(control=9).replace(b"~REF", b"~ ~REF")
    whole = [segment.raw for one in sets(data) for segment in one], codes(data)
    monkeypatch.setattr(scan, "BLOCK_BYTES", size)
    assert ([segment.raw for one in sets(data) for segment in one], codes(data)) == whole


def test_a_large_set_comes_in_parts_that_are_the_whole() -> None:
    lines = [f"PO1*{number}*12*EA*9.95**UP*{number:012}" for number in range(300_000)]
    data = letter([order(body=lines)])
    parts = [event for event in events(io.BytesIO(data)) if event.set]
    kinds = [event.kind for event in parts]
    assert kinds[-1] == "set" and kinds.count("part") >= 2
    (one,) = sets(data)
    assert len(one.raw) == len(lines) + 2 and len(b"~".join(one.raw)) > 2 * PART_BYTES
    assert codes(data) == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b"  \r\n ", "it is empty"),
        (b"hello world, nothing here", "no ISA segment"),
        (b"ISA*00*", "elements where it needs 16"),
        (b"ISAAAAAAAAAA", "cannot separate elements"),
        (letter().replace(b"*", b"A"), "cannot separate elements"),
        (letter()[:106], None),
        ("\ufeff".encode("utf-16-le") + letter().decode().encode("utf-16-le"), "UTF-16"),
        (letter().decode().encode("cp037"), "EBCDIC"),
        (b"UNB+UNOA:2+A+B+260314:1230+1'UNZ+0+1'", "EDIFACT"),
        (b"PK\x03\x04" + b"\0" * 200, "ZIP"),
        (letter().replace(b"*P*>~", b"*P*>GS"), "terminator"),
    ],
)  # fmt: skip
def test_what_is_no_interchange_is_refused_with_the_reason(data: bytes, says: str | None) -> None:
    if says is None:
        assert codes(data) == ["x12.iea_missing"]
        return
    for lenient in (True, False):
        with pytest.raises(Invalid, match=says) as refusal:
            list(read(data, lenient=lenient))
        assert refusal.value.path and refusal.value.fix


def test_an_interchange_that_cannot_be_read_does_no_harm_to_the_others() -> None:
    broken = letter(control=8).replace(b"*P*>~", b"*P*>GS")
    data = letter() + broken + letter(control=9)
    assert [one.control for one in interchanges(data)] == ["000000007", "000000009"]
    assert [one.severity for one in findings(data) if one.code == "x12.header"] == ["error"]


def test_a_segment_without_an_end_is_refused() -> None:
    data = letter()[:-40] + b"X" * (scan.SEGMENT_BYTES_MAX + 2 * scan.BLOCK_BYTES)
    with pytest.raises(Invalid, match="does not end"):
        list(read(io.BytesIO(data), lenient=True))
