"""The X12 dictionary: every set in both releases, versions read by the nearest, and sanity over all its data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crossdock.faults import Invalid
from crossdock.formats.edi.grammar import BroadCodes, Composite, Element, Loop, Segment, Slot
from crossdock.formats.x12 import dictionary

SETS = {
    "180", "204", "210", "214", "753", "754", "810", "820", "824", "832", "846", "850", "852", "855", "856", "860",
    "861", "865", "940", "943", "944", "945", "947", "990", "997", "999", "TA1",
}  # fmt: skip
EVERY = [(one, version) for one in sorted(SETS) for version in dictionary.BASES]


def slots(items: tuple[Slot | Loop, ...], path: str = "") -> Iterator[tuple[str, Slot | Loop]]:
    """Every place with its path, `PO1/N1/N3`; a loop by the path of the segment that leads it."""
    for item in items:
        if isinstance(item, Loop):
            yield f"{path}{item.id}", item
            yield from slots(item.items[1:], f"{path}{item.id}/")
        else:
            yield f"{path}{item.segment.id}", item


def test_the_plan_of_sets_is_whole_in_both_releases() -> None:
    for version in dictionary.BASES:
        assert set(dictionary.sets(version)) == SETS


@pytest.mark.parametrize(("set_id", "version"), EVERY)
def test_each_set_stands_between_its_header_and_trailer(set_id: str, version: str) -> None:
    found = dictionary.grammar(set_id, version)
    assert (found.id, found.version) == (set_id, version)
    ends = [item.segment.id for item in (found.items[0], found.items[-1]) if isinstance(item, Slot)]
    assert ends == (["TA1", "TA1"] if set_id == "TA1" else ["ST", "SE"])


@pytest.mark.parametrize(("set_id", "version"), EVERY)
def test_each_loop_is_led_by_a_segment_that_stands_once(set_id: str, version: str) -> None:
    for path, item in slots(dictionary.grammar(set_id, version).items):
        assert item.max is None or item.max >= 1, path
        if isinstance(item, Loop):
            first = item.items[0]
            assert isinstance(first, Slot), path
            assert (first.usage, first.max, first.segment.id) == ("M", 1, item.id), path
            assert len(item.items) > 1, path


@pytest.mark.parametrize("version", dictionary.BASES)
def test_every_segment_has_elements_that_are_written_down_and_relations_that_hold_in_it(version: str) -> None:
    for id_ in dictionary.segments():
        segment = dictionary.segment(id_, version)
        assert segment.uses, id_
        assert all(use.repeat >= 1 for use in segment.uses), id_
        for relation in segment.relations:
            assert len(relation.positions) >= 2, id_
            assert max(relation.positions) <= len(segment.uses), id_
            never = [position for position in relation.positions if segment.uses[position - 1].usage == "M"]
            assert relation.kind in "CL" or not never, f"{id_} {relation} cannot break"


@pytest.mark.parametrize("version", dictionary.BASES)
def test_every_element_has_a_length_and_codes_of_that_length(version: str) -> None:
    for id_ in dictionary.elements():
        element = dictionary.element(id_, version)
        assert 1 <= element.min <= element.max, id_
        assert element.name[0].isupper() or element.name[0].isdigit(), id_
        assert element.codes is None or element.codes, id_
        longest = max(dictionary.element(id_, base).max for base in dictionary.BASES)
        for code in dictionary.known_codes(id_):
            assert element.min <= len(code) <= longest, f"{id_} {code}"
            assert code == code.upper(), f"{id_} {code}"


def test_every_element_and_segment_is_used() -> None:
    used = {use.what.id for one in dictionary.segments() for base in dictionary.BASES
            for use in dictionary.segment(one, base).uses}  # fmt: skip
    for one in dictionary.composites():
        used |= {use.what.id for base in dictionary.BASES for use in dictionary.composite(one, base).parts}
    assert not set(dictionary.elements()) - used
    stand = {path.rpartition("/")[2] for set_id, version in EVERY
             for path, _ in slots(dictionary.grammar(set_id, version).items)}  # fmt: skip
    assert set(dictionary.segments()) - stand == {"ISA", "IEA", "GS", "GE"}


#: set: segments in 004010 and 005010, and places that both have, or one of them
FACTS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "810": (
        90,
        94,
        ("BIG M1", "IT1/SAC O25 004010", "IT1/SAC O>1 005010", "TDS M1", "SAC/TXI/DTM O1 005010"),
    ),
    "846": (65, 65, ("BIA M1", "LIN M10000", "LIN/QTY O99", "LIN/QTY/LS/REF M>1", "LIN/N1/N4 O1")),
    "850": (
        196,
        207,
        ("BEG M1", "N9/MSG O1000 004010", "N9/MTX O>1 005010", "PO1 M>1", "PO1/SDQ O500", "CTT/AMT O1"),
    ),
    "855": (
        147,
        155,
        ("BAK M1", "PO1/ACK O104", "PO1/ACK/DTM O1", "N1/IN2 O>1 005010", "PO1/SLN/SAC/CUR O1"),
    ),
    "856": (58, 59, ("BSN M1", "HL M>1", "HL/MAN O>1", "HL/TD3/AT9 O1 005010", "HL/N1/N4 O1", "CTT O1")),
    "860": (189, 201, ("BCH M1", "POC O>1", "POC/LS/LDT/LM/LQ M>1", "POC/MSG O>1 004010", "CTT/AMT O5")),
    "940": (
        61,
        67,
        ("W05 M1", "LX/W01 O>1", "LX/W01/W20 O3", "LX/W01/PER O5 004010", "LX/W01/N1/PER O5 005010"),
    ),
    "943": (20, 20, ("W06 M1", "N1 M10", "W27 M1", "W04 M9999", "W04/W20 O2", "W03 M1")),
    "944": (22, 27, ("W17 M1", "W07 M9999 004010", "LX M>1 005010", "LX/W07/W13/N9 O200 005010", "W14 M1")),
    "945": (47, 52, ("W06 M1", "LX/W12 O>1", "LX/W12/QTY O10", "LX/W12/N1/N4 O1 005010", "W03 O1")),
    "947": (35, 35, ("W15 M1", "N1 M100", "W19 M>1", "W19/N9 O10", "W19/LX/LM/LQ M100")),
    "997": (8, 8, ("AK1 M1", "AK2/AK3/AK4 O99", "AK2/AK5 M1", "AK9 M1")),
}


@pytest.mark.parametrize("set_id", sorted(FACTS))
def test_the_first_sets_have_the_places_of_the_standard(set_id: str) -> None:
    *counts, places = FACTS[set_id]
    for version, count in zip(dictionary.BASES, counts, strict=True):
        found = {
            f"{path} {item.usage}{item.max or '>1'}"
            for path, item in slots(dictionary.grammar(set_id, version).items)
        }
        listed = [path for path, _ in slots(dictionary.grammar(set_id, version).items)]
        assert len(listed) == count, version
        for said in places:
            path, bounds, *only = said.split()
            assert (f"{path} {bounds}" in found) == (only in ([], [version])), f"{said} in {version}"


@pytest.mark.parametrize(
    ("version", "base", "said"),
    [
        ("004010", "004010", None),
        ("005010", "005010", None),
        ("004010VICS", "004010", None),
        ("005010X231A1", "005010", None),
        ("004010UCS", "004010", None),
        ("003040", "004010", "003040"),
        ("004020", "004010", "004020"),
        ("004030", "005010", "004030"),
        ("004060VICS", "005010", "004060"),
        ("006020", "005010", "006020"),
    ],
)
def test_a_version_is_read_by_the_nearest_release_and_says_so(
    version: str, base: str, said: str | None
) -> None:
    assert dictionary.base_version(version) == base
    assert dictionary.grammar("850", version).version == base
    sentence = dictionary.stands_in(version)
    assert (sentence is None) == (said is None)
    assert said is None or (sentence or "").startswith(f"{said} is read by the grammar of {base}")


@pytest.mark.parametrize(
    "version", ["", "4010", "UNKNOWN", "00401", "000000", "004010 VICS", "999999", "004010ABCDEFG"]
)
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(Invalid, match="is no X12 version"):
        dictionary.grammar("850", version)


def test_an_unknown_set_is_refused_with_the_nearest() -> None:
    with pytest.raises(Invalid, match="no X12 set '851'") as caught:
        dictionary.grammar("851", "004010")
    assert "865" in caught.value.fix
    assert caught.value.path == "ST01"


@pytest.mark.parametrize(
    ("ask", "near"),
    [
        (lambda: dictionary.segment("BEQ", "004010"), "BEG"),
        (lambda: dictionary.segment("????", "004010"), "X12"),
        (lambda: dictionary.composite("C04", "004010"), "C040"),
        (lambda: dictionary.element("12X", "004010"), "12"),
    ],
)
def test_what_is_not_written_down_is_refused_with_the_nearest(ask, near: str) -> None:
    with pytest.raises(Invalid) as caught:
        ask()
    assert near in caught.value.fix


def test_the_releases_differ_where_the_standard_changed() -> None:
    def length(element: str) -> list[int]:
        return [dictionary.element(element, base).max for base in dictionary.BASES]

    assert length("127") == [30, 50]
    assert length("364") == [80, 256]
    assert length("358") == [10, 15]
    assert length("234") == [48, 48]
    assert [len(dictionary.segment("ST", base).uses) for base in dictionary.BASES] == [2, 3]
    assert [len(dictionary.segment("N4", base).uses) for base in dictionary.BASES] == [6, 7]


def test_what_a_relation_names_is_conditional() -> None:
    usages = [use.usage for use in dictionary.segment("N1", "004010").uses]
    assert usages == ["M", "C", "C", "C", "O", "O"]


def test_a_composite_stands_with_its_parts() -> None:
    what = dictionary.segment("REF", "005010").uses[3].what
    assert isinstance(what, Composite)
    first = what.parts[1].what
    assert (what.id, len(what.parts)) == ("C040", 6)
    assert isinstance(first, Element)
    assert (first.id, first.max) == ("127", 50)


def test_a_complete_list_is_told_from_one_of_what_is_in_use() -> None:
    purpose, reference = dictionary.element("353", "004010"), dictionary.element("128", "004010")
    assert not isinstance(purpose.codes, BroadCodes)
    assert isinstance(reference.codes, BroadCodes)
    assert dictionary.element("140", "004010").codes is None
    assert [dictionary.codes_kind(one) for one in ("353", "128", "755")] == ["closed", "broad", "open"]
    assert dictionary.code_meaning("353", "00") == "Original"
    assert dictionary.code_meaning("353", "09") is None
    assert dictionary.code_meaning("353", "77") == ""


def test_a_grammar_is_made_once() -> None:
    assert dictionary.grammar("850", "004010VICS") is dictionary.grammar("850", "004020")
    assert isinstance(dictionary.segment("BEG", "004010"), Segment)
