"""Partner profiles: what is wrong in them is told with its line and what to write instead."""

from __future__ import annotations

import pytest

from crossdock.charter.partners import read_partner, read_partners
from crossdock.faults import Misconfigured
from crossdock.formats.edi.profile import Direction, Profile
from crossdock.model import register

SOUND = """\
partner: 1
standard: x12
us: {id: PINECREST, qualifier: ZZ}
them: {id: HARBORLANE, qualifier: "01", group: HL}
version: "004010"
usage: production
delimiters: {element: "*", terminator: "~", line_end: lf}
documents:
  - {set: "850", direction: in}
  - set: "856"
    direction: out
    hierarchy: SOI
    answer_within_h: 4
    overlay:
      mandatory: [HL/REF]
      codes: {BSN01: ["00"]}
acknowledge: {form: "999", within_h: 2}
shipping: {sscc_required: true, sscc_prefix: "0614141"}
deadlines:
  - {set: "856", after: shipped_at, hours: 1}
transport: {type: folder, root: boxes}
"""


def read(text: str) -> tuple[Profile | None, list[str]]:
    """The profile, and its mistakes as a person reads them."""
    problems: list[Misconfigured] = []
    found = read_partner("acme", text, "partners/acme.yaml", problems, register.kinds(), {})
    return found, [str(problem) for problem in problems]


def test_a_sound_profile_is_read_whole() -> None:
    found, problems = read(SOUND)
    assert problems == [] and found is not None
    assert found.them.group == "HL" and not found.test and found.marks.line_end == "\n"
    assert found.kinds(Direction.IN) == ("sales_order",) and found.kinds(Direction.OUT) == ("shipment",)
    notice = found.written("shipment")
    assert notice is not None and (notice.hierarchy, notice.answer_within_h) == ("SOI", 4.0)
    assert found.answering.form == "999" and found.shipping.sscc_prefix == "0614141"


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("standard: x12", "standard: X-12", 2, "write x12"),
        ("us: {id: PINECREST", "us: {name: PINECREST", 3, "id"),
        ('qualifier: "01"', 'qualifier: "1"', 4, "two characters"),
        ('version: "004010"', 'version: "004711x"', 5, "004711x"),
        ("usage: production", "usage: live", 6, "production"),
        ('element: "*"', 'element: "AB"', 7, "cannot separate"),
        ('terminator: "~"', 'terminator: "*"', 7, "stands twice"),
        ('{set: "850", direction: in}', '{set: "850", direction: out}', 9, "not exchanged this way"),
        (
            '{set: "850", direction: in}',
            '{set: "850", direction: in, document: sales_ordr}',
            9,
            "write sales_order",
        ),
        ("mandatory: [HL/REF]", "mandatory: [RFE]", 15, "RFE"),
        ("BSN01", "BSN77", 16, "BSN has"),
        ('form: "999"', "form: CONTRL", 17, "write 997"),
        ("within_h: 2", "within_hours: 2", 17, "write within_h"),
        ("0614141", "06x", 18, "company prefix"),
        ('- {set: "856", after', '- {set: "810", after', 20, "not sent"),
        ("root: boxes", "rot: boxes", 21, "root"),
        ("type: folder", "type: fodler", 21, "write folder"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    before: str, after: str, line: int, says: str
) -> None:
    assert before in SOUND
    _, problems = read(SOUND.replace(before, after))
    assert any(one.startswith(f"partners/acme.yaml:{line}: ") and says in one for one in problems), problems


def test_two_profiles_for_one_pair_are_a_mistake() -> None:
    problems: list[Misconfigured] = []
    files = {"partners/a.yaml": SOUND, "partners/b.yaml": SOUND.replace("root: boxes", "root: others")}
    assert set(read_partners(files, problems, register.kinds())) == {"a", "b"}
    assert ["same as in partners/a.yaml" in str(one) for one in problems] == [True]


def test_certificates_and_notes_beside_the_profiles_are_no_profiles() -> None:
    problems: list[Misconfigured] = []
    assert read_partners({"partners/acme.pem": "x", "partners/README.md": "y"}, problems, None) == {}
    assert problems == []
