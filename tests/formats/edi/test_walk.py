"""Each segment of a document gets its place, and one fault is named once, where it is."""

from __future__ import annotations

import pytest

from crossdock.formats.edi import words
from crossdock.formats.edi.chart import Place, chart
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.walk import Misplaced, walk
from crossdock.formats.x12 import dictionary
from tests.formats.edi.notation import grammar

ORDER = """
  ST M1, BEG M1, CUR O1, REF O>1, DTM O10
  N9 O1000 { DTM O>1, MSG O1000 }
  N1 O3 { N2 O2, N3 O2, N4 O>1, REF O12, PER O>1 }
  PO1 M>1 {
    LIN O>1, PID O1000 { MEA O10 }
    QTY O>1 { SI O>1 }
    SCH O200 { TD1 O2, REF O>1 }
    LS O1 { LDT M>1 { QTY O>1, MSG O1 } LE M1 }
    N1 O200 { N2 O2, N3 O2, N4 O1, LDT O>1 { MAN O10 } }
  }
  CTT O1 { AMT O1 }
  SE M1
"""
SHIPMENT = """
  ST M1, W06 M1, N1 M10 { N3 O2, N4 O1 }
  N9 O10
  LX M>1 { MAN O>1, N9 O5, W12 O>1 { G69 O5, N9 O2, FA1 O>1 { FA2 M>1 } } }
  W03 O1, SE M1
"""
NOTICE = """
  ST M1, BSN M1, DTM O10
  HL M>1 { LIN O1, PRF O1, TD1 O20, MAN O>1, N1 O200 { N3 O2, N4 O1 } }
  CTT O1, SE M1
"""
KNOWN = frozenset({"ST", "SE", "BEG", "FOB", "W06", "BSN"})


def walked(one: DocumentGrammar, ids: str) -> tuple[list[Place | None], list[Misplaced]]:
    return walk(chart(one), ids.split(), KNOWN)


def found(text: str, ids: str) -> list[tuple[str, int, str]]:
    """(kind, number, id) of every fault."""
    _, faults = walked(grammar(text), ids)
    return [(fault.kind, fault.number, fault.id) for fault in faults]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (ORDER, "ST BEG REF REF DTM N9 MSG MSG N1 N2 N3 N4 PER N1 N3 PO1 PID MEA PID QTY SI PO1 CTT AMT SE"),
        (ORDER, "ST BEG PO1 LIN LS LDT QTY MSG LDT QTY LE N1 N3 N4 LDT MAN LDT N1 PO1 SE"),
        (ORDER, "ST BEG N9 DTM DTM N9 DTM N1 REF PER PO1 SCH TD1 REF REF SCH REF N1 SE"),
        (SHIPMENT, "ST W06 N1 N3 N4 N1 N9 LX MAN N9 W12 G69 N9 N9 FA1 FA2 FA2 W12 LX W12 W03 SE"),
        (NOTICE, "ST BSN DTM HL TD1 N1 N3 N4 N1 N3 HL PRF HL MAN HL LIN HL PRF HL MAN HL LIN CTT SE"),
    ],
)
def test_a_sound_document_has_no_fault_and_every_segment_a_place(text: str, ids: str) -> None:
    places, faults = walked(grammar(text), ids)
    assert faults == []
    assert [place.id if place else None for place in places] == ids.split()


def test_places_name_the_loops_around_them() -> None:
    places, _ = walked(grammar(ORDER), "ST BEG N1 N3 PO1 LS LDT QTY LE N1 LDT MAN SE")
    loops = [place.loop if place else None for place in places]
    assert loops == [
        "", "", "N1", "N1", "PO1", "PO1/LS", "PO1/LS/LDT", "PO1/LS/LDT", "PO1/LS", "PO1/N1",
        "PO1/N1/LDT", "PO1/N1/LDT", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "text", "ids", "expected"),
    [
        ("unknown id", ORDER, "ST BEG XYZ REF PO1 SE", [("unknown", 3, "XYZ")]),
        ("of another set", ORDER, "ST BEG FOB REF PO1 SE", [("foreign", 3, "FOB")]),
        ("mandatory dropped", ORDER, "ST REF DTM PO1 SE", [("missing", 2, "BEG")]),
        ("only line dropped, children stay", ORDER, "ST BEG QTY SI CTT SE", [("missing", 3, "PO1")]),
        ("only line dropped, nothing stays", ORDER, "ST BEG CTT SE", [("missing", 3, "PO1")]),
        ("trailer dropped", ORDER, "ST BEG PO1 CTT", [("missing", 5, "SE")]),
        ("end of a bounded loop dropped", ORDER, "ST BEG PO1 LS LDT N1 SE", [("missing", 6, "LE")]),
        ("first of a loop dropped", ORDER, "ST BEG REF N3 N4 PER PO1 SE", [("unexpected", 4, "N3")]),
        ("second line dropped", ORDER, "ST BEG PO1 LIN PID QTY LIN PID QTY SE", [("unexpected", 7, "LIN")]),
        ("inner of two firsts dropped", SHIPMENT, "ST W06 N1 W12 G69 W12 W03 SE", [("missing", 4, "LX")]),
        ("header twice", ORDER, "ST BEG BEG REF PO1 SE", [("over_max", 3, "BEG")]),
        ("header again later", ORDER, "ST BEG REF BEG DTM PO1 SE", [("over_max", 4, "BEG")]),
        ("once too often", ORDER, "ST BEG N1 N3 N3 N3 N4 PO1 SE", [("over_max", 6, "N3")]),
        ("loop once too often", ORDER, "ST BEG N1 N3 N1 N3 N1 N3 N1 N3 N4 PO1 SE", [("loop_over_max", 9, "N1")]),
        ("neighbours swapped", ORDER, "ST REF BEG DTM PO1 SE", [("out_of_sequence", 2, "REF")]),
        ("too late", ORDER, "ST BEG DTM REF N1 PO1 SE", [("out_of_sequence", 4, "REF")]),
        ("one too early, then all that belong before it", ORDER, "ST BEG DTM REF REF REF PO1 SE",
         [("out_of_sequence", 3, "DTM")]),
        ("a loop too late", SHIPMENT, "ST W06 N1 N9 LX W12 N1 N3 N4 W12 SE", [("out_of_sequence", 7, "N1")]),
        ("a loop too early", ORDER, "ST N1 N3 N4 BEG REF PO1 SE", [("out_of_sequence", 2, "N1")]),
        ("in no loop that is open", ORDER, "ST BEG MAN REF PO1 SE", [("unexpected", 3, "MAN")]),
        ("two faults far apart", ORDER, "ST BEG XYZ N1 N3 N3 N3 N4 PO1 SE",
         [("unknown", 3, "XYZ"), ("over_max", 7, "N3")]),
        ("nothing at all", ORDER, "ST SE", [("missing", 2, "BEG"), ("missing", 2, "PO1")]),
        ("after the end", ORDER, "ST BEG PO1 SE REF", [("out_of_sequence", 5, "REF")]),
    ],
)  # fmt: skip
def test_one_fault_is_named_once_where_it_is(
    what: str, text: str, ids: str, expected: list[tuple[str, int, str]]
) -> None:
    assert found(text, ids) == expected, what


def test_a_full_place_gives_way_to_a_later_one_of_the_same_segment() -> None:
    text = "ST M1, BGM M1, FTX O1, DTM O1, FTX O2, SE M1"
    assert found(text, "ST BGM FTX FTX FTX SE") == []
    assert found(text, "ST BGM FTX FTX FTX FTX SE") == [("over_max", 6, "FTX")]


def test_a_place_that_is_not_used_takes_no_segment() -> None:
    text = "ST M1, BGM M1, FTX N1, DTM O1, SE M1"
    assert found(text, "ST BGM FTX DTM SE") == [("not_used", 3, "FTX")]
    assert found(text, "ST BGM DTM SE") == []


def test_a_fault_tells_which_first_segment_is_lacking() -> None:
    _, faults = walked(grammar(ORDER), "ST BEG N3 N4 PER PO1 SE")
    assert [fault.lacks for fault in faults] == [("N1",)]
    assert isinstance(faults[0], Misplaced) and faults[0].after is not None and faults[0].after.id == "BEG"


def test_the_chart_of_a_grammar_is_made_once() -> None:
    one = grammar(ORDER)
    assert chart(one) is chart(one)
    assert chart(one) is not chart(grammar(ORDER))


def test_the_same_loop_object_may_stand_in_several_places() -> None:
    one = grammar("N1 O2 { N3 O1 }").items[0]
    both = grammar("ST M1, LX M2 { W12 O1 }, SE M1")
    st, lx, se = both.items
    twice = type(both)("000", "004010", "", "XX", (st, one, lx, one, se))
    places, faults = walked(twice, "ST N1 N3 LX W12 N1 N3 SE")
    assert faults == []
    assert [place.index if place else -1 for place in places] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_a_missing_loop_names_what_to_send() -> None:
    _, (fault,) = walk(
        chart(dictionary.grammar("945", "004010")),
        ["ST", "W06", "LX", "W12", "W03", "SE"],
        dictionary.segments(),
    )
    assert words.says(fault, "945") == "the loop N1 is missing after W06"
    assert words.fix(fault) == "send N1 (Party), which begins the loop, after W06"
