"""What `crossdock edi check` refuses, the hub refuses too, and tells the partner so."""

from __future__ import annotations

import pytest

from crossdock.connectors.edi.reader import EdiReader
from crossdock.formats.x12.check import reports
from crossdock.kit.connector import Content, Draft
from tests.connectors.edi.test_sets_and_documents import profile, tools
from tests.connectors.edi.trade import envelope, set_850

LENIENT = "acknowledge: {accept_with_errors: true}\n"


def handed_in(text: str, more: str = "") -> tuple[list[Draft], str]:
    """The documents that come of it, and the 997 that goes back, on one line."""
    drafts = EdiReader(profile(("850",), "in", more=more), tools(profile(("850",), "in"))).read(
        Content(text.encode(), "application/edi-x12")
    )
    told = next(one for one in drafts if one.document == "acknowledgement")
    answer = str(told.tree["extra"]["edi"]["text"]).replace("\n", "")
    return [one for one in drafts if one is not told], answer


def order(old: str = "", new: str = "") -> str:
    """An 850 in its envelope, with one thing changed."""
    sound = set_850("0001", "PO-1")
    assert old in sound
    return envelope(sound.replace(old, new), "PO", 7)


@pytest.mark.parametrize(
    ("old", "new", "segment"),
    [("CTT*2~", "CTT*3~", "AK3*CTT*9**8~AK4*1*354*7*3~"), ("*48*EA", "*48*EACH", "AK4*3*355*5*EACH~")],
)
def test_what_a_check_refuses_is_refused_and_said(old: str, new: str, segment: str) -> None:
    text = order(old, new)
    (found,), _ = reports(text.encode())
    assert any(one.severity == "error" for one in found.every())
    (draft,), answer = handed_in(text)
    assert draft.wrong is not None
    assert segment in answer and "AK5*R*5~AK9*R*1*1*0~" in answer


def test_a_lenient_profile_takes_what_can_be_read_all_the_same() -> None:
    (draft,), answer = handed_in(order("CTT*2~", "CTT*3~"), LENIENT)
    assert draft.wrong is None and draft.tree["number"] == "PO-1"
    assert "AK5*E*5~AK9*E*1*1*1~" in answer


@pytest.mark.parametrize(("old", "new"), [("*48*EA", "*4x8*EA"), ("VN*PT-210", "VN*")])
def test_what_cannot_be_read_is_not_acknowledged_as_accepted(old: str, new: str) -> None:
    (draft,), answer = handed_in(order(old, new), LENIENT)
    assert draft.wrong is not None
    assert "AK5*R*5~AK9*R*1*1*0~" in answer


def test_a_sound_set_is_accepted_although_a_person_must_still_look_at_it() -> None:
    (draft,), answer = handed_in(order("*PE*VN*PT-210", "*PE*ZZ*PT-210"))
    assert draft.wrong is not None, "no item number that was agreed on"
    assert "AK5*A~AK9*A*1*1*1~" in answer, "an acknowledgement speaks of the syntax"
