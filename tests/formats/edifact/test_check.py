"""The check finds what is wrong where it is wrong, and nothing where all is well."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from crossdock.formats.edi.finding import Finding
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.overlay import overlay
from crossdock.formats.edi.walk import Kind
from crossdock.formats.edifact.check import check, standard
from crossdock.formats.edifact.interchange import Group, Interchange, Message
from crossdock.formats.edifact.report import InterchangeReport, MessageReport
from crossdock.formats.edifact.wire.segment import Segment, parse
from crossdock.formats.edifact.wire.syntax import Delimiters
from crossdock.formats.edifact.writer import write
from tests.formats.edifact.mutations import Mutation, mutations
from tests.formats.edifact.samples import ALL, FIRST, HEAD, interchange, sample


def findings(octets: bytes, **options: bool) -> list[Finding]:
    return [finding for report in check(octets, **options) for finding in report.findings]


def reports(octets: bytes) -> tuple[list[MessageReport], list[InterchangeReport]]:
    found = list(check(octets))
    messages = [one for one in found if isinstance(one, MessageReport)]
    return messages, [one for one in found if isinstance(one, InterchangeReport)]


def order(**changed: str) -> bytes:
    """An order of twelve segments, with some of them written otherwise."""
    segments = {
        "UNA": "UNA:+.? '",
        "UNB": HEAD.format(reference="4711"),
        "UNH": "UNH+1+ORDERS:D:96A:UN:EAN008'",
        "BGM": "BGM+220+PO1+9'",
        "DTM": "DTM+137:20250309:102'",
        "NAD": "NAD+BY+5412345000013::9'",
        "LIN": "LIN+1++4012345000016:EN'",
        "QTY": "QTY+21:48:PCE'",
        "PRI": "PRI+AAA:2.00'",
        "UNS": "UNS+S'",
        "CNT": "CNT+2:1'",
        "UNT": "UNT+10+1'",
        "UNZ": "UNZ+1+4711'",
    }
    return "".join({**segments, **changed}.values()).encode("latin-1")


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_a_valid_message_has_no_finding(kind: str, version: str):
    assert findings(write(interchange(sample(kind, version)), una=True, line_end="\r\n")) == []


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_a_valid_message_is_checked_by_its_own_directory(kind: str, version: str):
    (message,), _ = reports(write(interchange(sample(kind, version))))
    assert message.grammar == ("service" if kind == "CONTRL" else version)


def found_where_it_is(mutation: Mutation) -> bool:
    told = findings(write(interchange(mutation.message)))
    return any(
        finding.severity == ("note" if mutation.kind == "unlisted" else "error")
        and finding.segment_number == mutation.number
        and (mutation.element is None or finding.element == mutation.element)
        for finding in told
    )


@pytest.mark.parametrize(("kind", "version"), ALL)
def test_what_is_broken_is_found_at_its_segment_and_element(kind: str, version: str):
    made = list(mutations(sample(kind, version)))
    kinds = Counter(mutation.kind for mutation in made)
    missed = [str(mutation) for mutation in made if not found_where_it_is(mutation)]
    assert len(made) > 60 and kinds["lengthen"] and kinds["add"] and kinds["empty"], kinds
    assert len(missed) <= 0.05 * len(made), missed


def test_every_message_of_the_first_list_has_a_sample_in_both_directories():
    assert {kind for kind, version in ALL if version in ("D96A", "D3")} >= set(FIRST)
    assert {kind for kind, version in ALL if version in ("D01B", "41")} >= set(FIRST)


def test_a_finding_says_where_it_is_and_what_to_do():
    (finding,) = findings(order(QTY="QTY+21:4X:PCE'"))
    assert finding == Finding(
        "edifact.wrong_type",
        "Quantity '4X' is no number",
        "write digits, with a minus before and a decimal mark within where needed",
        interchange="4711",
        set="1",
        segment_number=6,
        segment_id="QTY",
        element="01-2",
        value="4X",
        position=7,
        ack="0085:37",
    )


def test_one_bad_message_harms_no_other():
    good, bad = sample("ORDERS", "D96A", "1"), sample("DESADV", "D01B", "2")
    broken = Message(bad.header, bad.body[1:])
    messages, (whole,) = reports(write(interchange(good, broken, sample("INVOIC", "D96A", "3"))))
    assert [message.rejected for message in messages] == [False, True, False]
    assert [message.reference for message in whole.rejected] == ["2"]
    assert not whole.damaged


@pytest.mark.parametrize(
    ("changed", "code", "ack", "segment", "element"),
    [
        ({"UNT": "UNT+11+1'"}, "edifact.count_mismatch", "0085:29", "UNT", "01"),
        ({"UNT": "UNT+10+2'"}, "edifact.reference_mismatch", "0085:28", "UNT", "02"),
        ({"UNT": ""}, "edifact.unt_missing", "0085:13", "UNT", None),
        ({"UNZ": "UNZ+2+4711'"}, "edifact.count_mismatch", "0085:29", "UNZ", "01"),
        ({"UNZ": "UNZ+1+4712'"}, "edifact.reference_mismatch", "0085:28", "UNZ", "02"),
        ({"UNZ": ""}, "edifact.unz_missing", "0085:13", "UNZ", None),
        ({"UNB": ""}, "edifact.unb_missing", "0085:13", "UNB", None),
        ({"UNZ": "BGM+220'UNZ+1+4711'"}, "edifact.outside", "0085:33", "BGM", None),
        ({"CNT": "CNT+2:7'"}, "edifact.total", "0085:12", "CNT", "01-2"),
        ({"CNT": "CNT+1:7'"}, "edifact.total", "0085:12", "CNT", "01-2"),
        ({"BGM": "BGM+220+PO1+99'"}, "edifact.invalid_code", "0085:12", "BGM", "03"),
        ({"BGM": "BGX+220+PO1+9'"}, "edifact.unknown", "0085:15", "BGX", None),
        ({"BGM": "SGP+220'"}, "edifact.foreign", "0085:15", "SGP", None),
        ({"BGM": ""}, "edifact.missing", "0085:13", "BGM", None),
        ({"DTM": "DTM+137:20250230:102'"}, "edifact.invalid_date", "0085:12", "DTM", "01-2"),
        ({"DTM": "DTM+137:20250309:203'"}, "edifact.invalid_date", "0085:12", "DTM", "01-2"),
        ({"DTM": "DTM+137:20250309:102:1'"}, "edifact.too_many_components", "0085:16", "DTM", "01-4"),
        ({"QTY": "QTY+21:.5'"}, "edifact.bad_number", "0085:38", "QTY", "01-2"),
        ({"QTY": "QTY+21:5.'"}, "edifact.bad_number", "0085:19", "QTY", "01-2"),
        ({"QTY": "QTY+21'"}, "edifact.missing_element", "0085:13", "QTY", "01-2"),
        ({"LIN": "LIN+1++4012345000016:EN++++++X'"}, "edifact.too_many_elements", "0085:16", "LIN", "07"),
        ({"UNS": "UNS+X'"}, "edifact.invalid_code", "0085:12", "UNS", "01"),
        ({"UNH": "UNH+1+ORDERS:D:96A'"}, "edifact.missing_element", "0085:13", "UNH", "02-4"),
        ({"UNB": "UNB+UNOC:3+A+B+2503:1410+4711'"}, "edifact.too_short", "0085:40", "UNB", "04-1"),
    ],
)  # fmt: skip
def test_each_breach_has_its_code_and_place(changed, code, ack, segment, element):
    octets = order(**changed)
    told = {
        (one.code, one.ack, one.segment_id, one.element)
        for one in findings(octets)
        if one.severity == "error"
    }
    assert (code, ack, segment, element) in told
    assert (code, ack, segment, element) not in {
        (one.code, one.ack, one.segment_id, one.element) for one in findings(order())
    }


def test_too_many_segments_and_groups_are_told_apart():
    segments = findings(order(QTY="QTY+21:48:PCE'" * 11, UNT="UNT+20+1'"))
    groups = findings(order(PRI="PRI+AAA:2.00'" * 26, UNT="UNT+35+1'"))
    assert [(one.code, one.ack, one.segment_number) for one in segments] == [
        ("edifact.over_max", "0085:35", 16)
    ]
    assert [(one.code, one.ack, one.segment_number) for one in groups] == [
        ("edifact.loop_over_max", "0085:36", 32)
    ]


def test_what_is_forgiven_is_told_and_in_a_strict_check_an_error():
    level_b = HEAD.format(reference="4711").replace("UNOC", "UNOB")
    octets = b"\xef\xbb\xbf" + order(
        UNB=level_b, NAD="NAD+BY+5412345000013::9++'", BGM="BGM+220+PO\xc3\xa9+9'"
    )
    lenient, strict = findings(octets), findings(octets, strict=True)
    assert {one.code for one in lenient} == {
        "edifact.bom", "edifact.character_set", "edifact.invalid_character", "edifact.trailing_empty",
    }  # fmt: skip
    assert {one.severity for one in lenient} == {"forgiven"}
    assert {one.severity for one in strict} == {"error"}


def test_a_character_that_the_level_has_not_is_named_at_its_segment():
    octets = order(UNB=HEAD.format(reference="4711").replace("UNOC", "UNOA"), BGM="BGM+220+po1+9'")
    (finding,) = findings(octets)
    assert (finding.code, finding.severity, finding.segment_number, finding.value, finding.ack) == (
        "edifact.invalid_character", "forgiven", 2, "p", "0085:21",
    )  # fmt: skip


def test_released_characters_are_right_and_counted_once():
    assert findings(order(BGM="BGM+220+PO?+1?:?'??+9'")) == []
    released = "?+" * 35
    assert findings(order(BGM=f"BGM+220+{released}+9'")) == []
    assert [one.element for one in findings(order(BGM=f"BGM+220+{released}X+9'"))] == ["02"]


def test_a_code_of_another_list_is_not_held_against_ours():
    assert findings(order(BGM="BGM+QQ:ORD:92+PO1+9'")) == []
    assert [one.element for one in findings(order(BGM="BGM+QQ+PO1+9'"))] == ["01-1"]


def test_other_directories_are_read_by_the_nearest_and_it_is_said():
    (finding,) = findings(order(UNH="UNH+1+ORDERS:D:97B:UN'"))
    assert (finding.code, finding.severity, finding.element) == ("edifact.other_directory", "note", "02-3")
    assert "D96A" in finding.says


def test_a_message_without_grammar_is_still_held_to_its_envelope():
    told = findings(order(UNH="UNH+1+PAORES:93:1:IA'", UNT="UNT+9+1'"))
    assert [(one.code, one.severity) for one in told] == [
        ("edifact.unknown_message", "note"),
        ("edifact.count_mismatch", "error"),
    ]


def test_messages_in_groups_are_counted_by_group():
    header = parse("UNG+ORDERS+5412345000013:14+4012345500004:14+250309:1410+77+UN+D:96A:EAN008")
    first, second = sample("ORDERS", "D96A", "1"), sample("ORDERS", "D96A", "2")
    octets = write(Interchange(interchange(first).header, (Group(header, (first, second)),)))
    messages, (whole,) = reports(octets)
    assert [message.group for message in messages] == [header, header]
    assert not whole.findings and octets.endswith(b"UNE+2+77'UNZ+1+4711'")
    _, (broken,) = reports(octets.replace(b"UNE+2+77", b"UNE+3+77"))
    assert [group.header for group in broken.groups] == [header]
    assert not broken.damaged and not broken.well_formed


def test_several_interchanges_each_have_their_own_characters():
    mine = interchange(sample("ORDERS", "D96A"))
    other = Interchange(mine.header, mine.items, Delimiters(component="^", element="*", terminator="~"))
    _, both = reports(write(mine, line_end="\n") + write(other) + write(mine))
    assert [whole.reference for whole in both] == ["4711", "4711", "4711"]
    assert not any(whole.findings or whole.rejected_count for whole in both)


def test_a_repeated_reference_is_a_duplicate():
    twice = findings(write(interchange(sample("ORDERS", "D96A"), sample("ORDERS", "D96A"))))
    assert [(one.code, one.ack) for one in twice] == [("edifact.repeated_reference", "0085:26")]


def test_syntax_four_repeats_elements_and_refuses_it_where_one_is_the_most():
    head = HEAD.format(reference="4711").replace("UNOC:3", "UNOC:4").replace("250309", "20250309")
    octets = order(UNB=head, UNA="UNA:+.?*'", DTM="DTM+137:20250309:102*2:20250310:102'")
    assert [(one.code, one.ack, one.element) for one in findings(octets)] == [
        ("edifact.too_many_repetitions", "0085:35", "01")
    ]
    three = order(UNA="UNA:+.?*'", BGM="BGM+220+PO*1+9'")
    assert findings(three) == []


def test_a_partner_may_narrow_a_message():
    """By the overlay that X12 and EDIFACT share."""
    delta = {
        "mandatory": ["SG1", "BGM03"],
        "forbidden": ["FTX"],
        "max": {"SG25": 1},
        "codes": {"BGM01-1": ["220"], "SG25/SG28/PRI01-1": ["AAA"]},
        "own_codes": {"SG25/QTY01-1": ["QQ"]},
        "lengths": {"BGM02": [1, 3]},
    }

    def partner(header: Segment) -> DocumentGrammar:
        return overlay(standard(header), delta)

    grammar = partner(parse("UNH+1+ORDERS:D:96A:UN"))
    octets = order(
        BGM="BGM+224+PO10'", QTY="QTY+QQ:48:PCE'", PRI="PRI+AAB:2.00'LIN+2'", CNT="CNT+2:2'", UNT="UNT+11+1'"
    )
    told = [one for report in check(octets, grammar_of=lambda _: grammar) for one in report.findings]
    assert [(one.code, one.segment_number, one.element) for one in told] == [
        ("edifact.invalid_code", 2, "01-1"),
        ("edifact.too_long", 2, "02"),
        ("edifact.missing_element", 2, "03"),
        ("edifact.missing", 4, None),
        ("edifact.invalid_code", 7, "01-1"),
        ("edifact.loop_over_max", 8, None),
    ]
    assert [one.element for one in findings(octets)] == ["01-1"]  # QTY, whose code only the partner knows


def test_memory_does_not_grow_with_one_endless_message():
    program = """
import resource, sys
from crossdock.formats.edifact.check import check
def blocks(megabytes):
    yield b"UNB+UNOC:3+A+B+250309:1410+1'UNH+1+ORDERS:D:96A:UN'BGM+220+X+9'DTM+137:20250309:102'"
    lines = b"".join(b"LIN+%d++4012345000016:EN'QTY+21:%d'" % (n, n) for n in range(1, 2500))
    for _ in range(megabytes * 10):
        yield lines
    yield b"UNS+S'UNT+1+1'UNZ+1+1'"
def grown(megabytes):
    codes = [one.code for report in check(blocks(megabytes)) for one in report.findings]
    assert codes == ["edifact.count_mismatch"], codes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first = grown(1)
print(grown(12) - first)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 8_000  # of 1024 bytes


def test_there_is_an_end_to_the_findings_of_one_message():
    lines = "".join(f"LIN+{n}++X:QQQ'" for n in range(1, 1500))
    octets = order(LIN=lines, QTY="", PRI="", CNT="", UNT="UNT+1505+1'")
    told = findings(octets)
    assert len(told) == 1001
    assert told[-1].code == "edifact.more" or "edifact.more" in {one.code for one in told}


def test_segments_of_a_long_message_are_found_at_their_number():
    lines = "".join(f"LIN+{n % 999999}++4012345000016:EN'QTY+21:{n}'" for n in range(1, 30000))
    octets = order(LIN=lines, QTY="QTY+21:A'", CNT="", UNT="UNT+60006+1'")
    (finding,) = [one for one in findings(octets) if one.code == "edifact.wrong_type"]
    assert (finding.segment_number, finding.position) == (60003, 60004)
    assert Segment.of("QTY", ("21", "A")).text() == "QTY+21:A"


def test_every_code_of_a_finding_is_documented():
    root = Path(__file__).parents[3]
    page = (root / "docs/reference/edifact.md").read_text(encoding="utf-8")
    sources = (root / "src/crossdock/formats/edifact").rglob("*.py")
    used = {
        code for source in sources for code in re.findall(r'"(edifact\.[a-z_]+)"', source.read_text("utf-8"))
    }
    used |= {f"edifact.{kind}" for kind in get_args(Kind)}
    assert used == set(re.findall(r"`(edifact\.[a-z_]+)`", page))


def test_a_count_too_long_to_be_a_number_is_a_wrong_count() -> None:
    digits = b"9" * 6000
    octets = b"UNB+UNOC:3+A:14+B:14+260320:0915+71'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-1+9'"
    found = findings(octets + b"UNT+" + digits + b"+1'UNZ+" + digits + b"+71'")
    assert [one.code for one in found].count("edifact.count_mismatch") == 2


def test_a_code_of_a_list_that_is_not_complete_is_noted_and_not_answered():
    whole = interchange(sample("ORDERS", "D96A"))
    octets = write(whole).replace(b"CUX+2:EUR:9", b"CUX+2:QJX:9")
    (one,) = [finding for finding in findings(octets) if finding.severity != "forgiven"]
    assert (one.code, one.severity, one.segment_id, one.element) == (
        "edifact.unlisted_code",
        "note",
        "CUX",
        "01-2",
    )
    assert one.value == "QJX" and one.ack is None
