"""The directories are written down rightly, and a slip in them is found at its line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from crossdock.faults import Invalid, Misconfigured
from crossdock.formats.edi.chart import chart
from crossdock.formats.edi.grammar import Composite, Element, Loop, Segment, Slot, Use
from crossdock.formats.edi.notation import Line
from crossdock.formats.edifact import dictionary, notation
from crossdock.formats.edifact.checking.inspection import inspect
from crossdock.formats.edifact.checking.pattern import accept
from crossdock.formats.edifact.wire.syntax import DEFAULT
from tests.formats.edifact.mutations import mutations
from tests.formats.edifact.samples import ALL, sample

EVERY = [
    (message, base)
    for base in (*dictionary.BASES, dictionary.SERVICE)
    for message in dictionary.messages(base)
]


def test_both_directories_have_every_message_asked_for():
    asked = (
        "APERAK",
        "DESADV",
        "HANMOV",
        "IFTMIN",
        "INSDES",
        "INVOIC",
        "INVRPT",
        "ORDCHG",
        "ORDERS",
        "ORDRSP",
        "RECADV",
        "SLSRPT",
    )
    assert [dictionary.messages(base) for base in dictionary.BASES] == [asked, asked]
    assert dictionary.messages(dictionary.SERVICE) == ("CONTRL",)


def items(level: tuple[Slot | Loop, ...]) -> Iterator[Slot | Loop]:
    for item in level:
        yield item
        if isinstance(item, Loop):
            yield from items(item.items)


@pytest.mark.parametrize(("message", "base"), EVERY)
def test_groups_are_numbered_in_the_order_in_which_they_begin(message: str, base: str):
    grammar = dictionary.grammar(message, base)
    groups = [item.id for item in items(grammar.items) if isinstance(item, Loop)]
    assert groups == [f"SG{number}" for number in range(1, len(groups) + 1)]
    assert (grammar.items[0].segment.id, grammar.items[-1].segment.id) == ("UNH", "UNT")  # type: ignore[union-attr]
    assert chart(grammar).places


@pytest.mark.parametrize("base", [*dictionary.BASES, dictionary.SERVICE])
def test_every_segment_and_element_is_whole(base: str):
    for tag in dictionary.segments(base):
        segment = dictionary.segment(tag, base)
        assert segment.name and segment.uses, tag
        assert dictionary.element(segment.uses[0].what.id, base).name
        assert accept(segment, DEFAULT)


@pytest.mark.parametrize(
    ("base", "tag", "place", "id_", "length"),
    [
        ("D96A", "IMD", (3, 4), "7008", 35),
        ("D01B", "IMD", (3, 4), "7008", 256),
        ("D96A", "FTX", (4, 1), "4440", 70),
        ("D01B", "FTX", (4, 1), "4440", 512),
        ("D96A", "BGM", (2, 0), "1004", 35),
        ("D01B", "BGM", (2, 1), "1004", 35),
        ("D96A", "RFF", (1, 2), "1154", 35),
        ("D01B", "RFF", (1, 2), "1154", 70),
        ("D96A", "LOC", (2, 1), "3225", 25),
        ("D96A", "CPS", (1, 0), "7164", 12),
        ("D01B", "CPS", (1, 0), "7164", 35),
        ("D96A", "NAD", (8, 0), "3251", 9),
        ("D01B", "NAD", (8, 0), "3251", 17),
        ("D01B", "PIA", (6, 2), "7143", 3),
        ("D96A", "UNB", (5, 0), "0020", 14),
    ],
)
def test_lengths_are_those_of_the_directory(
    base: str, tag: str, place: tuple[int, int], id_: str, length: int
):
    what = dictionary.segment(tag, base).uses[place[0] - 1].what
    element = what.parts[place[1] - 1].what if isinstance(what, Composite) else what
    assert isinstance(element, Element)
    assert (element.id, element.max) == (id_, length)


@pytest.mark.parametrize(
    ("version", "base"),
    [("D96A", "D96A"), ("96A", "D96A"), ("D:01B", "D01B"), ("D93A", "D96A"), ("D97B", "D96A"), ("D99A", "D01B"),
     ("D24A", "D01B"), ("D3", "service"), ("4:1", "service")],
)  # fmt: skip
def test_a_version_is_read_by_the_nearest_directory(version: str, base: str):
    assert dictionary.base_version(version) == base


def test_it_is_said_when_another_directory_stands_in():
    assert dictionary.stands_in("D96A") is None
    assert dictionary.stands_in("D97A") == "directory D97A is read by D96A, the nearest there is"


@pytest.mark.parametrize(
    ("asked", "says", "fix"),
    [
        (lambda: dictionary.grammar("ORDERZ", "D96A"), "no EDIFACT message 'ORDERZ'", "ORDERS"),
        (lambda: dictionary.segment("DTX", "D96A"), "no EDIFACT segment 'DTX'", "did you mean"),
        (lambda: dictionary.element("9999", "D96A"), "no EDIFACT element '9999'", ""),
        (lambda: dictionary.base_version("1901"), "'1901' is no EDIFACT directory", "D96A"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is_near(asked, says: str, fix: str):
    with pytest.raises(Invalid, match=says) as caught:
        asked()
    assert fix in caught.value.fix


def test_every_code_with_a_meaning_is_valid():
    for (element, code), said in dictionary._meanings().items():
        known = dictionary.codes(element)
        assert said and (known is None or code in known), (element, code)


def test_ranges_of_codes_are_told():
    line = Line("codes.txt", 1, "")
    assert list(notation.codes_of(line, ("8-11", "AY-BB", "ZZZ"))) == [
        "8",
        "9",
        "10",
        "11",
        "AY",
        "AZ",
        "BA",
        "BB",
        "ZZZ",
    ]
    assert dictionary.codes("0081") == {"D", "S"}
    assert dictionary.codes("7402") is None


@pytest.mark.parametrize(
    ("reader", "text", "line", "says"),
    [
        (notation.element_rows, "1004 an..35 Number\n1004 an..35 Number\n", 2, "a second time"),
        (notation.element_rows, "# all\n\n1004 zz..35 Number\n", 3, "is no element"),
        (notation.element_rows, "1004 an9..3 Number\n", 1, "above its longest"),
        (notation.segment_rows, "DTM C507!\n", 1, "is no segment"),
        (notation.segment_rows, "DTM C5O7! ; Date\n", 1, "is no use of an element"),
        (notation.segment_rows, "DTM 2005 2380 : C0103 ; Date\n", 1, "does not have"),
        (notation.segment_rows, "DTM 2005 2380 : X0102 ; Date\n", 1, "is no relation"),
        (notation.message_rows, " UNH!\n", 1, "before the first message"),
        (notation.message_rows, "orders Order\n", 1, "no head of a message"),
        (notation.code_rows, "  1 2\n", 1, "before the first element"),
        (notation.meaning_rows, "1225 9 Original\n1225 9 Again\n", 2, "a second one"),
    ],
)
def test_a_slip_is_refused_with_its_line(reader, text: str, line: int, says: str):
    with pytest.raises(Misconfigured, match=says) as caught:
        reader(text, "some.txt")
    assert (caught.value.file, caught.value.line) == ("some.txt", line)


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        (" UNH! 1:9(RFF! DTM", 1, "not closed"),
        (" UNH! RFF)", 2, "closed that is not open"),
        (" UNH!\n 1:9(RFF DTM)", 3, "not led by a mandatory segment"),
        (" UNH! rff", 2, "no place of a message"),
    ],
)
def test_a_slip_in_a_message_is_refused_with_its_line(body: str, line: int, says: str):
    row = notation.message_rows(f"ORDERS Order\n{body}\n", "messages.txt")["ORDERS"]
    with pytest.raises(Misconfigured, match=says) as caught:
        row.places()
    assert caught.value.line == line


def test_nothing_is_read_before_it_is_asked_for():
    code = "from crossdock.formats.edifact import dictionary as d; print(d._elements.cache_info().currsize)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "0\n"
    )


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_the_pattern_of_a_segment_takes_only_what_the_inspection_takes(kind: str, version: str):
    taken = refused = 0
    for mutation in mutations(sample(kind, version)):
        if mutation.element is not None:
            segment = mutation.message.body[mutation.number - 2]
            spec, raw = dictionary.segment(segment.id, version), segment.text()
            wrong = list(inspect(raw, spec, DEFAULT))
            if accept(spec, DEFAULT)(raw):
                assert not wrong, raw
                taken += 1
            refused += bool(wrong)
    for segment in sample(kind, version).body:
        spec = dictionary.segment(segment.id, version)
        assert accept(spec, DEFAULT)(segment.text()) or "?" in segment.text(), segment
    assert refused > taken


def test_relations_of_a_segment_are_held():
    simple = Element("1", "Number", "an", 1, 9)
    rows = notation.segment_rows("ABC 1001 1001 1001 : P0102 R0103 E0203 ; Test\n", "some.txt")
    spec = Segment("ABC", "Test", (Use(simple, "C"),) * 3, rows["ABC"].relations)

    def broken(raw: str) -> list[str | None]:
        return [fault.element for fault in inspect(raw, spec, DEFAULT)]

    assert accept(spec, DEFAULT)("ABC+1+2") is None  # the slow way decides
    assert broken("ABC+1+2") == []
    assert broken("ABC+1") == ["02"]
    assert broken("ABC") == ["01"]
    assert broken("ABC+1+2+3") == ["03"]
    conditional = notation.segment_rows("ABC 1001 1001 1001 : C0102 L010203 ; Test\n", "some.txt")["ABC"]
    spec = Segment("ABC", "Test", (Use(simple, "C"),) * 3, conditional.relations)
    assert broken("ABC+1++3") == ["02"]
    assert broken("ABC+1") == ["02", "02"]
    assert broken("ABC++2") == []
