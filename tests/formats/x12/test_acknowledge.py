"""Each interchange and group is answered with the right codes and verdicts, and answers are never answered."""

from __future__ import annotations

import itertools

import pytest

from crossdock.faults import Invalid
from crossdock.formats.x12.acknowledge import (
    Policy,
    acknowledge,
    group_verdict,
    interchange_verdict,
    set_verdict,
)
from crossdock.formats.x12.check import InterchangeReport, reports
from crossdock.formats.x12.read import read
from crossdock.formats.x12.receipts import GroupReceipt, InterchangeReceipt, receipts
from crossdock.formats.x12.write import write
from tests.formats.x12.letters import ORDER, WHEN, letter, order

BAD_ELEMENT = [ORDER[0].replace("20260314", "20261314"), *ORDER[1:]]
BAD_SEGMENT = [ORDER[0], "QQ9*1", *ORDER[1:]]


def report(data: bytes) -> InterchangeReport:
    (one,), _ = reports(data, lenient=True)
    return one


def answer(data: bytes, policy: Policy | None = None) -> list[str]:
    """The segments of the answer, between its ISA and IEA; none where there is no answer."""
    numbers = itertools.count(100)
    made = acknowledge(report(data), lambda _: next(numbers), WHEN, policy=policy or Policy())
    if made is None:
        return []
    back, outside = reports(write(made))
    # a TA1 repeats the date of the interchange, right or wrong
    wrong = [one.says for each in back for one in each.every() if one.segment_id != "TA1"]
    assert not outside and not wrong, "an answer is sound itself"
    return write(made).decode().split("~")[1:-2]


def test_a_sound_group_is_accepted_set_by_set() -> None:
    assert answer(letter([order("0001"), order("0002")])) == [
        "GS*FA*123456789*ACME*20260314*1230*101*X*004010",
        "ST*997*0001",
        "AK1*PO*7",
        "AK2*850*0001",
        "AK5*A",
        "AK2*850*0002",
        "AK5*A",
        "AK9*A*2*2*2",
        "SE*8*0001",
        "GE*1*101",
    ]


def test_faults_are_told_at_their_segment_and_element() -> None:
    bad = [ORDER[0].replace("20260314", "20261314"), "QQ9*1", "REF*DP", *ORDER[2:]]
    body = answer(letter([order("0001"), order("0002", bad)]))[2:-1]
    assert body == [
        "AK1*PO*7",
        "AK2*850*0001",
        "AK5*A",
        "AK2*850*0002",
        "AK3*BEG*2**8",
        "AK4*5*373*8*20261314",
        "AK3*QQ9*3**1",
        "AK3*REF*4**8",
        "AK4*2*127*2",
        "AK5*R*5",
        "AK9*P*2*2*1",
        "SE*13*0001",
    ]


def test_a_segment_without_elements_is_an_error_of_the_segment() -> None:
    body = answer(letter([order("0001", [*ORDER[:2], "TD5", *ORDER[2:]])]))
    assert [one for one in body if one.startswith("AK3*TD5")] == ["AK3*TD5*4**8"]


@pytest.mark.parametrize(
    ("bodies", "lenient", "verdict", "accepted"),
    [
        ([ORDER, ORDER], False, "A", 2),
        ([ORDER, BAD_ELEMENT], False, "P", 1),
        ([BAD_ELEMENT, BAD_SEGMENT], False, "R", 0),
        ([ORDER, BAD_ELEMENT], True, "E", 2),
        ([BAD_ELEMENT, BAD_SEGMENT], True, "P", 1),
        ([BAD_SEGMENT], True, "R", 0),
        ([], False, "A", 0),
    ],
)
def test_the_verdict_on_a_group_follows_from_those_on_its_sets(
    bodies: list[list[str]], lenient: bool, verdict: str, accepted: int
) -> None:
    data = letter([order(f"{number:04}", body) for number, body in enumerate(bodies, 1)] or [order()])
    if not bodies:
        data = data[: data.index(b"ST*")] + b"GE*0*7~IEA*1*000000007~"
    policy = Policy(accept_with_errors=lenient)
    (group,) = report(data).groups
    assert group_verdict(group, policy).code == verdict
    (ak9,) = [one for one in answer(data, policy) if one.startswith("AK9")]
    assert ak9 == f"AK9*{verdict}*{len(bodies)}*{len(bodies)}*{accepted}"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (b"SE*11*0001", b"SE*12*0001", "AK5*R*4"),
        (b"SE*11*0001", b"SE*11*0009", "AK5*R*3"),
        (b"~SE*11*0001", b"", "AK5*R*2"),
        (b"ST*850*0001", b"ST*271*0001", "AK5*R*1"),
        (b"GS*PO", b"GS*IN", "AK5*R*6"),
        (b"GE*1*7", b"GE*2*7", "AK9*R*2*1*0*5"),
        (b"GE*1*7", b"GE*1*8", "AK9*R*1*1*0*4"),
        (b"GE*1*7~", b"", "AK9*R*1*1*0*3"),
        (b"*X*004010", b"*X*UNKNOWN", "AK9*R*1*1*0*2"),
    ],
)
def test_faults_of_the_envelope_have_their_codes(old: bytes, new: bytes, line: str) -> None:
    assert old in letter()
    assert line in answer(letter().replace(old, new))


def test_a_control_number_that_stands_twice_rejects_the_second_set() -> None:
    body = answer(letter([order("0001"), order("0001")]))
    assert [one for one in body if one.startswith("AK5")] == ["AK5*A", "AK5*R*23"]


@pytest.mark.parametrize(
    ("old", "new", "verdict", "note"),
    [
        (b"*0*P*", b"*1*P*", "A", "000"),
        (b"*0*P*", b"*1*X*", "E", "020"),
        (b"*260314*1230*U", b"*261314*1230*U", "E", "014"),
        (b"IEA*1*000000007", b"IEA*1*000000009", "R", "001"),
        (b"IEA*1*000000007~", b"", "R", "023"),
        (b"IEA*1*", b"IEA*3*", "E", "021"),
        (b"*ZZ*ACME", b"*@@*ACME", "R", "005"),
        (b"GE*1", b"REF*1~GE*1", "R", "022"),
    ],
)
def test_an_interchange_has_its_own_verdict(old: bytes, new: bytes, verdict: str, note: str) -> None:
    data = letter().replace(b"*0*P*", b"*1*P*") if old != b"*0*P*" else letter()
    assert old in data
    lines = answer(data.replace(old, new))
    assert lines[0].split("*") == ["TA1", "000000007", lines[0].split("*")[2], "1230", verdict, note]
    assert (len(lines) > 1) == (verdict != "R"), "a rejected interchange has no other answer"


def test_a_rejected_interchange_is_answered_unasked_and_a_sound_one_only_when_asked() -> None:
    assert answer(letter().replace(b"IEA*1*000000007", b"IEA*1*000000009"))[0].startswith("TA1")
    assert not answer(letter())[0].startswith("TA1")
    assert answer(letter(), Policy(ta1=True))[0] == "TA1*000000007*260314*1230*A*000"
    assert not answer(letter().replace(b"*0*P*", b"*1*P*"), Policy(ta1=False))[0].startswith("TA1")


def test_answers_are_never_answered() -> None:
    numbers = itertools.count(1)
    made = acknowledge(report(letter()), lambda _: next(numbers), WHEN, policy=Policy(ta1=True))
    assert made is not None
    data = write(made)
    assert answer(data, Policy(ta1=True)) == []
    both = letter().replace(b"IEA*1", b"".join(data.partition(b"GS*FA")[1:]).split(b"IEA")[0] + b"IEA*2")
    assert [one for one in answer(both) if one.startswith(("AK1", "ST"))] == ["ST*997*0001", "AK1*PO*7"]


def test_a_999_speaks_of_the_guide() -> None:
    body = answer(letter([order("0001", BAD_ELEMENT)]), Policy(form="999"))
    assert body[1:-1] == [
        "ST*999*0001*005010X231A1",
        "AK1*PO*7*004010",
        "AK2*850*0001",
        "IK3*BEG*2**8",
        "IK4*5*373*8*20261314",
        "IK5*R*5",
        "AK9*R*1*1*0",
        "SE*8*0001",
    ]


def test_accepted_sets_need_not_be_named() -> None:
    data = letter([order("0001"), order("0002", BAD_SEGMENT)])
    body = answer(data, Policy(name_accepted=False))
    assert [one for one in body if one.startswith("AK2")] == ["AK2*850*0002"]


def test_values_that_hold_the_delimiters_of_the_answer_find_others() -> None:
    data = letter(
        [order("0001", [ORDER[0].replace("20260314", "20*6".replace("*", "^")), *ORDER[1:]])], element="|"
    )
    made = acknowledge(report(data), lambda _: 1, WHEN)
    assert made is not None and made.delimiters.element == b"|"
    (receipt,) = [one for one in receipts(made) if isinstance(one, GroupReceipt)]
    assert receipt.sets[0].errors[0].elements[0].value == "20^6"


def test_verdicts_are_at_hand_without_an_answer() -> None:
    one = report(letter([order("0001", BAD_ELEMENT)]))
    assert interchange_verdict(one).code == "A"
    assert set_verdict(one.groups[0].sets[0]).code == "R"
    assert set_verdict(one.groups[0].sets[0], Policy(accept_with_errors=True)).code == "E"


# -- what partners answer ---------------------------------------------------------------------------------


def received(data: bytes) -> list[InterchangeReceipt | GroupReceipt]:
    return [receipt for one in read(data) for receipt in receipts(one)]


@pytest.mark.parametrize("form", ["997", "999"])
def test_an_answer_is_read_as_it_was_meant(form: str) -> None:
    data = letter([order("0001"), order("0002", BAD_ELEMENT)])
    policy = Policy(form="999" if form == "999" else "997", ta1=True)
    made = acknowledge(report(data), lambda _: 1, WHEN, policy=policy)
    assert made is not None
    ta1, group = received(write(made))
    assert ta1 == InterchangeReceipt("000000007", "260314", "1230", "A", "000")
    assert isinstance(group, GroupReceipt)
    assert (group.form, group.family, group.control, group.verdict) == (form, "PO", "7", "P")
    assert (group.included, group.received, group.accepted, group.codes) == (2, 2, 1, ())
    assert [(one.id, one.control, one.accepted, one.codes) for one in group.sets] == [
        ("850", "0001", True, ()),
        ("850", "0002", False, ("5",)),
    ]
    (error,) = group.sets[1].errors
    assert (error.id, error.number, error.code) == ("BEG", 2, "8")
    (element,) = error.elements
    assert (element.element, element.component, element.reference, element.code) == (5, None, "373", "8")
    assert element.value == "20261314"
    assert group.verdict_on("850", "0002") == "R"


def test_sets_that_are_not_named_share_the_verdict_on_their_group() -> None:
    data = letter([["ST*997*0001", "AK1*PO*7", "AK9*A*2*2*2", "SE*4*0001"]])
    (group,) = received(data)
    assert isinstance(group, GroupReceipt)
    assert group.verdict_on("850", "0002") == "A"
    (partly,) = received(data.replace(b"AK9*A*2*2*2", b"AK9*P*2*2*1"))
    assert isinstance(partly, GroupReceipt) and partly.verdict_on("850", "0002") is None


def test_components_and_contexts_of_an_error_are_kept() -> None:
    lines = ["ST*999*0001", "AK1*PO*7", "AK2*850*0001", "IK3*REF*4*N1*8", "CTX*SITUATIONAL TRIGGER*REF*4",
             "IK4*4>2>1*127*7*XX", "IK5*E*5", "AK9*E*1*1*1", "SE*9*0001"]  # fmt: skip
    (group,) = received(letter([lines]))
    assert isinstance(group, GroupReceipt)
    (error,) = group.sets[0].errors
    assert (error.loop, error.contexts) == ("N1", ["CTX*SITUATIONAL TRIGGER*REF*4"])
    assert [(one.element, one.component, one.repetition) for one in error.elements] == [(4, 2, 1)]
    assert group.sets[0].accepted


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["ST*997*0001", "AK9*A*1*1*1", "SE*3*0001"], "which group"),
        (["ST*997*0001", "AK1*PO*7", "SE*3*0001"], "no verdict"),
        (["ST*997*0001", "AK1*PO*7", "REF*DP*1", "AK9*A*1*1*1", "SE*5*0001"], "no place"),
    ],
)
def test_an_answer_that_answers_nothing_is_refused(lines: list[str], says: str) -> None:
    with pytest.raises(Invalid, match=says) as refusal:
        received(letter([lines]))
    assert refusal.value.path and refusal.value.fix
