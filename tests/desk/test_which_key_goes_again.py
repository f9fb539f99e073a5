"""Under which key a sending goes again that waited for a person: a new one only where the old one cannot be known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.charter.charter import Charter, Checks, Site, System
from crossdock.desk.act import Outcome as Told
from crossdock.desk.moves import Moves, Woken
from crossdock.faults import Rejected, TryLater
from crossdock.kit.connector import Answer
from crossdock.message.incident import MemberKind
from crossdock.message.records import Transmission
from crossdock.message.states import TransmissionState
from crossdock.pipeline.conclude import TOO_MANY, Concluder
from crossdock.pipeline.transmit import NeverGuess, Outcome

_S = TransmissionState
MEMBER = [(MemberKind.TRANSMISSION, 1)]
CHANGES = cast("Any", SimpleNamespace(move_transmission=lambda t, to, _entry: setattr(t, "state", to)))


def desk(*, doubted: bool = False) -> tuple[Moves, Transmission]:
    t = Transmission(
        1, 1, "wms", "shop", "sales_order", "SO-1", 1, 1, "h1", attempt=3, state=_S.DESK, first_ms=5, payload=9,
        request='["POST", "/in", {}]',
    )  # fmt: skip
    journal = SimpleNamespace(
        transmission=lambda _id: t,
        doubted=lambda *_: doubted,
        lanes_after=lambda *_: (),
        restored_systems=tuple,
    )
    return Moves(cast("Any", journal), lambda: 100), t


def keeps_its_key(t: Transmission) -> bool:
    """Whether it goes again as it was; it is due now in any case, and its clock begins anew."""
    assert (t.state, t.due_ms, t.first_ms, t.attempt) == (_S.DUE, 100, 0, 3)
    kept = (t.round, t.payload, t.request is not None)
    assert kept in ((1, 9, True), (2, None, False)), "its key and its bytes belong together"
    return kept[0] == 1


def never_taken(status: int) -> str:
    """The type of the incident of what a target did not take in time, as that is written down."""
    opened: list[Any] = []
    context = SimpleNamespace(
        clock=SimpleNamespace(now_ms=lambda: 10**9), random=None, charter=Charter("", Site(), {}, {}, Checks(), ()),
        journal=SimpleNamespace(next_id=lambda: 5), gates=SimpleNamespace(closed_ms=lambda *_: 0),
    )  # fmt: skip
    context.random = SimpleNamespace(uniform=lambda *_: 1.0)
    changes = SimpleNamespace(
        move_transmission=CHANGES.move_transmission, open_incident=lambda one, _entry: opened.append(one)
    )
    _, t = desk()
    concluder = Concluder(cast("Any", context), System("wms", "json"), NeverGuess())
    outcome = Outcome(fault=TryLater("busy"), answer=Answer(status, b"", {}))
    concluder.conclude(cast("Any", SimpleNamespace(t=t)), cast("Any", None), outcome, cast("Any", changes))
    return opened[0].type


@pytest.mark.parametrize("mended", [False, True])
@pytest.mark.parametrize("status", [503, TOO_MANY])
def test_what_was_never_refused_goes_again_under_its_key(status: int, mended: bool):
    moves, t = desk()
    moves.send_back(MEMBER, never_taken(status), CHANGES, Woken(), mended=mended)
    assert keeps_its_key(t)


@pytest.mark.parametrize(("doubted", "mended", "same"), [(False, False, False), (False, True, False),
                                                         (True, False, True), (True, True, False)])  # fmt: skip
def test_what_was_refused_goes_under_a_new_key_unless_it_may_be_there(
    doubted: bool, mended: bool, same: bool
):
    moves, t = desk(doubted=doubted)
    moves.send_back(MEMBER, Rejected.type, CHANGES, Woken(), mended=mended)
    assert keeps_its_key(t) is same


@pytest.mark.parametrize("doubted", [False, True])
def test_what_a_person_did_not_find_there_goes_under_a_new_key(doubted: bool):
    moves, t = desk(doubted=doubted)
    moves.end(MEMBER, Told.NOT_APPLIED, None, CHANGES, Woken())
    assert not keeps_its_key(t)
