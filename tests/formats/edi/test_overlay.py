"""A partner's overlay makes a new grammar that is stricter where it says so, and refuses what cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.faults import Misconfigured
from crossdock.formats.edi.grammar import Composite, DocumentGrammar, Element, Segment, Use
from crossdock.formats.edi.overlay import overlay
from crossdock.formats.x12.validate import validate
from tests.formats.edi.notation import grammar
from tests.formats.x12.letters import set_of

CODE = Element("128", "Qualifier", "ID", 2, 3, frozenset({"DP", "VR", "ZZ"}))
TEXT = Element("127", "Reference", "AN", 1, 30)
PAIR = Composite("C040", "More", (Use(CODE, "M"), Use(TEXT, "O")))
REF = Segment("REF", "Reference", (Use(CODE, "M"), Use(TEXT, "O"), Use(PAIR, "O")))
SEGMENTS = {
    "ST": Segment("ST", "Header", (Use(TEXT, "M"), Use(TEXT, "M"))),
    "SE": Segment("SE", "Trailer", (Use(TEXT, "M"), Use(TEXT, "M"))),
    "REF": REF,
    **{id_: Segment(id_, id_, (Use(TEXT, "O"),)) for id_ in ("BEG", "CUR", "N1", "N3", "PO1")},
}
BASE = grammar(
    "ST M1, BEG M1, CUR O1, REF O5, N1 O10 { N3 O2, REF O12 }, PO1 M>1 { REF O>1 }, SE M1",
    SEGMENTS,
    id_="850",
)
SOUND: list[tuple[Any, ...]] = [
    ("BEG", "1"),
    ("REF", "DP", "038"),
    ("N1", "A"),
    ("REF", "VR", "9"),
    ("PO1", "1"),
    ("REF", "ZZ"),
]


def told(
    delta: dict[str, Any], rows: list[tuple[Any, ...]] = SOUND
) -> list[tuple[str | None, str | None, str | None]]:
    one = overlay(BASE, delta, segments=SEGMENTS)
    return [(each.segment_id, each.element, each.ack) for each in validate(set_of(one, rows), one)]


def test_an_empty_overlay_changes_nothing() -> None:
    assert overlay(BASE, {}) == BASE
    assert told({}) == []


@pytest.mark.parametrize(
    ("what", "delta", "expected"),
    [
        ("a place is mandatory", {"mandatory": ["CUR"]}, [("CUR", None, "AK304:3")]),
        ("a place in a loop is mandatory", {"mandatory": ["N1/N3"]}, [("N3", None, "AK304:3")]),
        ("an element is mandatory", {"mandatory": ["PO1/REF02"]}, [("REF", "02", "AK403:1")]),
        ("a place is forbidden", {"forbidden": ["REF"]}, [("REF", None, "AK304:I4")]),
        ("a loop is forbidden", {"forbidden": ["N1"]}, [("N1", None, "AK304:I4"), ("REF", None, "AK304:I4")]),
        ("an element is forbidden", {"forbidden": ["N1/REF02"]}, [("REF", "02", "AK403:I10")]),
        ("the first of a loop", {"forbidden": ["N101"]}, [("N1", "01", "AK403:I10")]),
        ("codes", {"codes": {"REF01": ["VR", "ZZ"]}}, [("REF", "01", "AK403:7")]),
        ("codes everywhere", {"codes": {"*/REF01": ["DP"]}}, [("REF", "01", "AK403:7"), ("REF", "01", "AK403:7")]),
        ("lengths", {"lengths": {"REF02": [1, 2]}}, [("REF", "02", "AK403:5")]),
        ("own segment", {"add": [{"segment": "ZA1", "after": "BEG", "usage": "M", "elements": []}]},
         [("ZA1", None, "AK304:3")]),
    ],
)  # fmt: skip
def test_what_an_overlay_asks_for_is_checked(
    what: str, delta: dict[str, Any], expected: list[tuple[str | None, str | None, str | None]]
) -> None:
    assert told(delta) == expected, what
    assert told({}) == [], "and the base lets it be"


def test_how_often_a_place_or_loop_may_stand_is_narrowed() -> None:
    rows = [SOUND[0], SOUND[1], SOUND[1], SOUND[2], SOUND[2], *SOUND[4:]]
    assert told({}, rows) == []
    assert told({"max": {"REF": 1, "N1": 1, "PO1": 3}}, rows) == [
        ("REF", None, "AK304:5"),
        ("N1", None, "AK304:4"),
    ]


def test_a_partner_may_leave_out_what_the_standard_wants() -> None:
    assert told({}, SOUND[1:]) == [("BEG", None, "AK304:3")]
    assert told({"optional": ["BEG"]}, SOUND[1:]) == []


def test_codes_and_segments_of_the_partners_own_are_taken() -> None:
    rows = [SOUND[0], ("ZA1", "SS26", "2026"), ("REF", "XYZ", "1"), *SOUND[4:]]
    elements = [
        {"name": "Season", "type": "AN", "min": 4, "max": 4, "usage": "M"},
        {"name": "Year", "type": "N0", "min": 4, "max": 4, "codes": ["2025", "2026"]},
    ]
    delta = {
        "own_codes": {"REF01": ["XYZ"]},
        "add": [{"segment": "ZA1", "after": "BEG", "max": ">1", "elements": elements}],
    }
    assert told(delta, rows) == []
    assert told(delta, [rows[0], ("ZA1", "SS", "2027"), *rows[2:]]) == [
        ("ZA1", "01", "AK403:4"),
        ("ZA1", "02", "AK403:7"),
    ]
    assert told({"add": [{"segment": "N3", "after": "REF"}]}, [*SOUND[:2], ("N3", "x"), *SOUND[2:]]) == []


def test_components_are_addressed_behind_a_hyphen() -> None:
    rows = [SOUND[0], ("REF", "DP", "1", ("VR", "2")), *SOUND[4:]]
    assert told({"codes": {"REF03-1": ["DP"]}}, rows) == [("REF", "03-1", "AK403:7")]
    assert told({"lengths": {"REF03-2": [2, 3]}}, rows) == [("REF", "03-2", "AK403:4")]


@pytest.mark.parametrize(
    ("what", "delta", "path", "says", "fix"),
    [
        ("unknown key", {"mandatroy": []}, "mandatroy", "no 'mandatroy'", "mandatory"),
        ("no list", {"mandatory": "REF"}, "mandatory", "no list", "write"),
        ("no table", {"codes": ["REF01"]}, "codes", "no table", "write"),
        ("no address", {"mandatory": ["ref"]}, "mandatory", "no address", "write"),
        ("not in this document", {"mandatory": ["FOB"]}, "mandatory.FOB", "nothing stands at 'FOB'", ""),
        ("another loop", {"mandatory": ["N3"]}, "mandatory.N3", "nothing stands at 'N3'", "N1/N3"),
        ("no such element", {"codes": {"REF09": ["A"]}}, "codes.REF09", "has 3 elements", "01 to 03"),
        ("no code of it", {"codes": {"REF01": ["DQ"]}}, "codes.REF01", "no code of element 128", "DP"),
        ("own code too long", {"own_codes": {"REF01": ["LONG"]}}, "own_codes.REF01", "4 characters", "fit"),
        ("codes of a place", {"codes": {"REF": ["DP"]}}, "codes.REF", "concern an element", "REF01"),
        ("max of an element", {"max": {"REF01": 2}}, "max.REF01", "segment or loop", "lengths"),
        ("wider max", {"max": {"REF": 6}}, "max.REF", "5 at most", "up to 5"),
        ("any number", {"max": {"REF": ">1"}}, "max.REF", "5 at most", "up to 5"),
        ("max of nothing", {"max": {"REF": 0}}, "max.REF", "no number of times", "1 or more"),
        ("wider length", {"lengths": {"REF02": [1, 99]}}, "lengths.REF02", "1 to 30", "within"),
        ("lengths upside down", {"lengths": {"REF02": [9, 1]}}, "lengths.REF02", "no lengths", "shortest"),
        ("one length", {"lengths": {"REF02": 9}}, "lengths.REF02", "two lengths", "shortest"),
        ("forbids the mandatory", {"forbidden": ["BEG"]}, "forbidden.BEG", "mandatory", "optional"),
        ("relaxes the optional", {"optional": ["CUR"]}, "optional.CUR", "does not make it", "take it out"),
        ("codes of a composite", {"codes": {"REF03": ["DP"]}}, "codes.REF03", "composite", "REF03-1"),
        ("component of a simple one", {"codes": {"REF01-1": ["DP"]}}, "codes.REF01-1", "no components", "leave"),
        ("added nowhere", {"add": [{"segment": "N3", "after": "QQQ"}]}, "add.N3", "nothing stands at 'QQQ'", ""),
        ("added without elements", {"add": [{"segment": "ZA1", "after": "BEG"}]},
         "add[0].elements", "not given", "list"),
        ("added without place", {"add": [{"segment": "N3"}]}, "add[0].after", "missing", "name"),
        ("added of no type", {"add": [{"segment": "ZA1", "after": "BEG", "elements": [{"type": "X"}]}]},
         "add[0].elements[0].type", "no type", "AN"),
    ],
)  # fmt: skip
def test_a_bad_delta_is_refused_with_its_place(
    what: str, delta: dict[str, Any], path: str, says: str, fix: str
) -> None:
    with pytest.raises(Misconfigured) as refusal:
        overlay(BASE, delta, segments=SEGMENTS)
    assert refusal.value.path == path, what
    assert says in refusal.value.says and fix in refusal.value.fix and refusal.value.fix


def test_the_base_is_left_as_it_was() -> None:
    before = repr(BASE)
    made = overlay(BASE, {"mandatory": ["CUR", "*/REF02"], "max": {"N1": 2}})
    assert isinstance(made, DocumentGrammar) and repr(BASE) == before and made != BASE
