"""`crossdock edi` show, explain, ack, to-json, from-json, diff and bench, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.console import crossdock
from tests.cli.edi.test_checking import FILES, MESSAGE, ORDERS

SAMPLES = sorted((ORDERS.parents[2] / "tests" / "formats" / "x12" / "samples").glob("*.edi"))


def test_segments_are_shown_in_their_loops_with_names_and_meanings() -> None:
    said = crossdock("edi", "show", ORDERS, "--set", "2")
    assert said.code == 0
    assert "set 0002, 850 Purchase order\n" in said.out
    assert "set 0001" not in said.out
    assert "SA  Stand-alone order\n" in said.out
    raw = crossdock("edi", "show", ORDERS, "--raw").out
    assert "        5  N1*ST*Store 0417*92*0417\n        6    N3*2200 Lakeshore Drive\n" in raw


def test_what_is_shown_is_bounded() -> None:
    said = crossdock("edi", "show", ORDERS, "--limit", "3")
    assert "DTM" not in said.out
    assert said.out.endswith("--limit 0 shows all, --set N one set\n")


def test_a_set_that_is_not_there_is_told_with_those_that_are() -> None:
    said = crossdock("edi", "show", ORDERS, "--set", "9")
    assert said.code == 1
    assert said.err.endswith("has no set 9; it has 0001, 0002\n")


def test_showing_for_programs_is_a_list() -> None:
    tree = crossdock("edi", "show", "-", "--json", stdin=MESSAGE).tree
    assert [one["kind"] for one in tree[:3]] == ["interchange", "set", "segment"]
    (quantity,) = [one for one in tree if one.get("id") == "QTY"]
    assert quantity["loops"] == ["SG25"]
    assert quantity["values"][0] == {
        "place": "01-1",
        "name": "Quantity qualifier",
        "value": "21",
        "meaning": "Ordered",
    }


@pytest.mark.parametrize(
    ("term", "says"),
    [
        ("850", "X12 004010  850: Purchase order"),
        ("BEG03", "X12 004010  BEG03: element 324, Purchase order number"),
        ("AK304:3", "A mandatory segment is missing"),
        ("DESADV", "EDIFACT D01B  DESADV: Despatch advice"),
        ("DTM 01-2", "EDIFACT D01B  DTM 01-2: "),
        ("0085:13", "0085:13: Missing"),
    ],
)
def test_a_term_is_explained(term: str, says: str) -> None:
    said = crossdock("edi", "explain", term)
    assert said.code == 0
    assert says in said.out


def test_several_terms_are_explained_one_after_the_other_and_an_unknown_one_is_named() -> None:
    said = crossdock("edi", "explain", "850", "SN108", "2005:137", "--json")
    assert [one["term"] for one in said.tree] == ["850", "SN108", "2005:137"]
    together = crossdock("edi", "explain", "BEG", "03", "--json").tree
    assert [one["term"] for one in together] == ["BEG03"]
    wrong = crossdock("edi", "explain", "850", "FOO")
    assert wrong.code == 2 and "'FOO' is known neither" in wrong.err


def test_a_term_of_both_standards_is_explained_by_both() -> None:
    tree = crossdock("edi", "explain", "DTM", "--json").tree
    assert [one["standard"] for one in tree] == ["X12", "EDIFACT"]
    assert [
        one["standard"] for one in crossdock("edi", "explain", "DTM", "--version", "D96A", "--json").tree
    ] == ["EDIFACT"]


def test_an_unknown_term_is_wrong_use_and_gets_the_nearest_names() -> None:
    said = crossdock("edi", "explain", "DESADW")
    assert said.code == 2
    assert "did you mean DESADV" in said.err


def test_the_acknowledgement_has_the_right_codes() -> None:
    said = crossdock("edi", "ack", ORDERS, "--control", 88, "--group", 5, "--at", "2026-03-16T08:00:00")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].endswith("*260316*0800*U*00401*000000088*0*P*>~")
    assert lines[1] == "GS*FA*LINDENWARE*5550001111*20260316*0800*5*X*004010~"
    assert lines[3:16] == [
        "AK1*PO*311~", "AK2*850*0001~", "AK5*A~", "AK2*850*0002~", "AK3*BEG*2**8~", "AK4*5*373*8*20260231~",
        "AK3*PO1*5*PO1*8~", "AK4*3*355*5*EACH~", "AK4*7*234*2~", "AK3*CTT*6**8~",
        "AK4*1*354*7*2~", "AK5*R*5~", "AK9*P*2*2*1~",
    ]  # fmt: skip


def test_other_kinds_of_acknowledgement_are_made_when_asked_for() -> None:
    ta1 = crossdock("edi", "ack", ORDERS, "--kind", "ta1").out.splitlines()
    assert [line[:3] for line in ta1] == ["ISA", "TA1", "IEA"]
    assert "IK4*5*373*8*20260231~" in crossdock("edi", "ack", ORDERS, "--kind", "999").out
    assert crossdock("edi", "ack", ORDERS, "--kind", "contrl").code == 2
    (answer,) = crossdock("edi", "ack", ORDERS, "--json").tree
    assert [one["verdict"] for one in answer["says"][0]["sets"]] == ["A", "R"]


def test_an_interchange_that_asks_for_it_gets_a_ta1_as_well() -> None:
    asking = ORDERS.read_bytes().replace(b"*0*P*>", b"*1*P*>")
    assert "TA1*000004711*260316*0730*A*000~" in crossdock("edi", "ack", "-", stdin=asking).out
    assert "TA1" not in crossdock("edi", "ack", ORDERS).out


def test_an_edifact_file_is_answered_by_a_contrl() -> None:
    said = crossdock("edi", "ack", "-", stdin=MESSAGE.replace(b"BGM+220", b"BGM+220:1:9:a:b:c"))
    assert said.code == 0
    assert "UCI+77+5412345000013:14+4012345500004:14+7'UCM+1+ORDERS:D:96A:UN:EAN008+4'UCS+2'" in said.out


def test_acknowledgements_are_not_acknowledged() -> None:
    answer = crossdock("edi", "ack", ORDERS).out
    said = crossdock("edi", "ack", "-", stdin=answer)
    assert (said.code, said.out) == (0, "")
    assert "nothing in it is to be acknowledged" in said.err


@pytest.mark.parametrize("path", [ORDERS, *SAMPLES], ids=lambda path: path.name)
def test_json_and_back_gives_the_same_bytes(path: Path) -> None:
    spelled = crossdock("edi", "to-json", path)
    assert spelled.code == 0, spelled.err
    assert crossdock("edi", "from-json", "-", stdin=spelled.out).out.encode() == path.read_bytes()


def test_a_header_that_was_padded_too_far_comes_back_with_its_widths() -> None:
    text = ORDERS.read_text()
    sender = text.split("*")[6]
    assert len(sender) == 15
    spelled = crossdock("edi", "to-json", "-", stdin=text.replace(sender, sender + "  ", 1))
    assert crossdock("edi", "from-json", "-", stdin=spelled.out).out == text


def test_edifact_comes_back_too_released_characters_and_umlauts_with_it() -> None:
    told = b"UNA:+.? '\r\n" + MESSAGE.replace(b"PO-1", "PO?+1 M\xfcller".encode("latin-1")).replace(
        b"'", b"'\r\n"
    )
    spelled = crossdock("edi", "to-json", "-", stdin=told)
    assert '["BGM", "220", "PO+1 M\\u00fcller", "9"]' in spelled.out
    tree = spelled.tree
    assert tree["interchanges"][0]["una"] == "UNA:+.? '"
    again = crossdock("edi", "to-json", "-", stdin=_bytes(spelled.out))
    assert again.tree == tree


def _bytes(spelled: str) -> bytes:
    from crossdock.formats.edifile.tree_in import written

    return b"".join(written(json.loads(spelled)))


@pytest.mark.skipif(not FILES, reason="the corpus is not here")
def test_what_is_read_of_strangers_comes_back_with_the_same_segments() -> None:
    from crossdock.faults import Invalid
    from crossdock.formats.edifile.detect import opened
    from crossdock.formats.edifile.tree_out import tree

    def trimmed(spelled: str) -> object:
        """Without the padding of headers, which is set right, and the charset in which bytes came."""
        interchanges = json.loads(spelled)["interchanges"]
        for one in interchanges:
            one["header"] = [text.strip() if isinstance(text, str) else text for text in one["header"] or []][
                :16
            ]
            del one["delimiters"]
        return interchanges

    for path in FILES:
        try:
            spelled = "".join(tree(opened(path.read_bytes()), lambda _: None))
        except Invalid:
            continue
        again = "".join(tree(opened(_bytes(spelled)), lambda _: None))
        assert trimmed(again) == trimmed(spelled), path


def test_a_trailer_that_is_left_out_is_counted(tmp_path: Path) -> None:
    tree = json.loads(crossdock("edi", "to-json", ORDERS).out)
    del tree["interchanges"][0]["trailer"], tree["interchanges"][0]["groups"][0]["trailer"]
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(tree), "utf-8")
    assert crossdock("edi", "from-json", file).out.endswith("GE*2*311~\nIEA*1*000004711~\n")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (5, "5 stands where text belongs"),
        (None, "null stands where text belongs"),
        ("a*b", "the value holds '*', which is a delimiter"),
        ({"repeats": ["a", "b"]}, "the interchange has no repetition separator"),
        ({"repeat": ["a"]}, 'a table of an element holds "repeats" alone'),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_path(change: object, says: str) -> None:
    tree = json.loads(crossdock("edi", "to-json", ORDERS).out)
    tree["interchanges"][0]["groups"][0]["sets"][1]["segments"][4][3] = change
    said = crossdock("edi", "from-json", "-", stdin=json.dumps(tree))
    assert (said.code, said.out) == (1, "")
    assert f"interchanges[0].groups[0].sets[1].segments[4][3]: {says}" in said.err


def test_a_difference_of_meaning_is_told_and_one_of_writing_is_not(tmp_path: Path) -> None:
    written_otherwise = (
        ORDERS.read_bytes().replace(b"*", b"|").replace(b"~\n", b"'").replace(b"7.25", b"7.250")
    )
    other = tmp_path / "other.edi"
    other.write_bytes(written_otherwise.replace(b"000004711", b"000004712"))
    assert crossdock("edi", "diff", ORDERS, other).out == "no difference\n"
    said = crossdock("edi", "diff", ORDERS, other, "--all")
    assert (said.code, said.out.count("000004712")) == (1, 3)
    other.write_bytes(written_otherwise.replace(b"|48|EA", b"|60|EA"))
    said = crossdock("edi", "diff", ORDERS, other)
    assert said.code == 1
    assert "PO102 Quantity ordered: 48 → 60\n1 difference\n" in said.out


def test_a_set_or_a_segment_in_one_file_only_is_told(tmp_path: Path) -> None:
    octets = ORDERS.read_bytes()
    first, second = octets.index(b"ST*850*0001"), octets.index(b"ST*850*0002")
    other = tmp_path / "other.edi"
    other.write_bytes(octets[:first] + octets[second:])
    said = crossdock("edi", "diff", ORDERS, other, "--json")
    assert [(one["id"], one["set"], one["second"]) for one in said.tree] == [(None, ["0001", None], None)]
    other.write_bytes(octets.replace(b"REF*DP*0041~\n", b""))
    (one,) = crossdock("edi", "diff", ORDERS, other, "--json").tree
    assert (one["segment"], one["first"], one["second"]) == ([3, None], "REF DP 0041", None)


def test_files_of_two_kinds_are_not_compared(tmp_path: Path) -> None:
    other = tmp_path / "other.edi"
    other.write_bytes(MESSAGE)
    said = crossdock("edi", "diff", ORDERS, other)
    assert said.code == 2
    assert "the first file is X12, the second EDIFACT" in said.err


def test_a_measurement_tells_speed_and_memory() -> None:
    tree = crossdock("edi", "bench", ORDERS, "--seconds", "0.1", "--json").tree
    assert [one["what"] for one in tree["measured"]] == ["tokens and envelope", "full validation"]
    assert all(one["mb_per_s"] > 0 and one["segments_per_s"] > 0 for one in tree["measured"])
    assert tree["memory_mb"] > 0
