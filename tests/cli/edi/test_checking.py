"""`crossdock edi check`: findings to the element, for people and for programs, of files of any kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.console import crossdock

ROOT = Path(__file__).resolve().parents[3]
ORDERS = ROOT / "examples" / "edi" / "orders.edi"
CORPUS = ROOT.parent / "shared" / "corpus"
FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file()) if CORPUS.is_dir() else []
KEYS = {
    "file", "interchange", "group", "set", "segment_number", "segment_id", "element", "value", "code", "says",
    "fix", "severity", "position", "ack",
}  # fmt: skip
MESSAGE = (
    b"UNB+UNOC:3+5412345000013:14+4012345500004:14+260316:0730+77'UNH+1+ORDERS:D:96A:UN:EAN008'"
    b"BGM+220+PO-1+9'DTM+137:20260316:102'NAD+BY+5412345000013::9'NAD+SU+4012345500004::9'"
    b"LIN+1++4012345000016:EN'QTY+21:4'UNS+S'UNT+9+1'UNZ+1+77'"
)


def test_each_finding_names_the_element_and_the_way_out() -> None:
    said = crossdock("edi", "check", ORDERS, "--json")
    assert said.code == 1
    assert all(set(one) == KEYS for one in said.tree)
    keys = ("set", "segment_number", "segment_id", "element", "ack")
    assert [tuple(one[key] for key in keys) for one in said.tree] == [
        ("0002", 2, "BEG", "05", "AK403:8"),
        ("0002", 5, "PO1", "03", "AK403:5"),
        ("0002", 5, "PO1", "07", "AK403:2"),
        ("0002", 6, "CTT", "01", "AK403:7"),
    ]  # fmt: skip
    first = said.tree[0]
    assert (first["file"], first["interchange"], first["group"]) == (str(ORDERS), "000004711", "311")
    assert (first["value"], first["position"], first["severity"]) == ("20260231", 16, "error")
    assert first["fix"] == "send the date as CCYYMMDD"


def test_people_read_where_what_and_the_fix_and_a_count_at_the_end() -> None:
    said = crossdock("edi", "check", ORDERS)
    assert "set 0002 (850, 004010)\n      2  BEG05 = 20260231\n" in said.out
    assert "set 0001" not in said.out
    assert said.out.endswith("2 sets in 1 interchange: 4 errors in 1 set\n")


def test_a_sound_file_ends_with_nothing_to_say() -> None:
    said = crossdock("edi", "check", "-", stdin=MESSAGE)
    assert (said.code, said.out) == (0, "1 set in 1 interchange: no errors\n")
    assert crossdock("edi", "check", "-", "--json", stdin=MESSAGE).tree == []


def test_an_edifact_finding_names_the_component() -> None:
    (one,) = crossdock("edi", "check", "-", "--json", stdin=MESSAGE.replace(b"21:4", b"21:x")).tree
    assert (one["set"], one["segment_number"], one["segment_id"], one["element"]) == ("1", 7, "QTY", "01-2")
    assert (one["file"], one["interchange"], one["value"]) == ("-", "77", "x")


def test_what_is_forgiven_is_an_error_only_when_strict() -> None:
    marked = b"\xef\xbb\xbf" + MESSAGE
    lenient = crossdock("edi", "check", "-", "--json", stdin=marked)
    assert (lenient.code, [one["severity"] for one in lenient.tree]) == (0, ["forgiven"])
    strict = crossdock("edi", "check", "-", "--json", "--strict", stdin=marked)
    assert (strict.code, [one["severity"] for one in strict.tree]) == (1, ["error"])


def test_a_note_leaves_the_exit_status_at_0_and_can_be_left_out() -> None:
    unknown = ORDERS.read_bytes().replace(b"*010*", b"*Z9Z*")
    sound = unknown[: unknown.index(b"ST*850*0002")] + b"GE*1*311~\nIEA*1*000004711~\n"
    said = crossdock("edi", "check", "-", "--json", stdin=sound)
    assert (said.code, [one["severity"] for one in said.tree]) == (0, ["note"])
    assert crossdock("edi", "check", "-", "--json", "--quiet", stdin=sound).tree == []


def test_an_overlay_narrows_the_standard(tmp_path: Path) -> None:
    overlay = tmp_path / "retailer.yaml"
    overlay.write_text('"850":\n  mandatory: [REF]\n  codes: {BEG02: [NE]}\n', "utf-8")
    found = crossdock("edi", "check", ORDERS, "--json", "--overlay", overlay).tree
    assert [(one["set"], one["code"]) for one in found][:1] == [("0001", "x12.invalid_code")]
    assert ("0002", "x12.missing") in [(one["set"], one["code"]) for one in found]
    overlay.write_text("mandatory: [REFF]\n", "utf-8")
    said = crossdock("edi", "check", ORDERS, "--overlay", overlay)
    assert said.code == 2
    assert "the overlay does not fit: " in said.err


def test_another_release_can_be_asked_for() -> None:
    assert crossdock("edi", "check", ORDERS, "--version", "005010").code == 1
    said = crossdock("edi", "check", ORDERS, "--version", "D96A")
    assert said.code == 2
    assert "is X12" in said.err


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"", "it is empty"),
        (b"%PDF-1.7\n", "it is a PDF"),
        (b'{"a": 1}', "it is JSON"),
        (b"\x00" * 200_000, "there is nothing but zero bytes in it"),
        (bytes(range(256)) * 300, "it holds binary data"),
        (b"dear partner,\nplease find enclosed", "it begins with 'dear partner,'"),
        (b"GS*PO*A*B*20260101*1200*1*X*004010~", "the interchange header ISA is missing"),
        (b"ISA*00*", "ISA has 2 elements where it needs 16"),
    ],
)
def test_what_is_no_edi_is_told_in_one_sentence(octets: bytes, says: str) -> None:
    (one,) = crossdock("edi", "check", "-", "--json", stdin=octets).tree
    assert says in one["says"]
    assert (one["code"], one["severity"]) == ("edi.unreadable", "error")
    for command in ("show", "ack", "to-json"):
        said = crossdock("edi", command, "-", stdin=octets)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"crossdock: standard input: {one['says']}")


def test_a_file_that_is_not_there_or_is_a_folder_is_wrong_use(tmp_path: Path) -> None:
    said = crossdock("edi", "check", ORDERS, tmp_path / "orders.edi")
    assert (said.code, said.out) == (2, "")
    assert "there is no such file" in said.err
    assert "it is a folder" in crossdock("edi", "check", tmp_path).err


def test_one_unreadable_file_harms_no_other(tmp_path: Path) -> None:
    bad = tmp_path / "bad.edi"
    bad.write_bytes(b"%PDF")
    found = crossdock("edi", "check", bad, ORDERS, "--json").tree
    assert [one["file"] for one in found] == [str(bad), *[str(ORDERS)] * 4]


@pytest.mark.skipif(not FILES, reason="the corpus is not here")
def test_every_file_of_strangers_is_checked_shown_and_answered() -> None:
    for path in FILES:
        said = crossdock("edi", "check", path, "--json")
        assert said.code in (0, 1), path
        assert all(set(one) == KEYS for one in json.loads(said.out))
        assert said.code == any(one["severity"] == "error" for one in said.tree)
        assert crossdock("edi", "show", path).code in (0, 1)
        assert crossdock("edi", "ack", path).code in (0, 1)
