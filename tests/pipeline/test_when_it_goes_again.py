"""When something goes again: pauses that grow with the tries, and doubts that are asked anew each time."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.charter.charter import Charter, Checks, Limits, Site, System
from crossdock.faults import Fault, InDoubt, Invalid, Rejected, TryLater
from crossdock.kit.connector import Answer, Done, Unclear
from crossdock.message.records import Entry, Transmission
from crossdock.message.states import TransmissionState
from crossdock.pipeline.conclude import Concluder, Verdict
from crossdock.pipeline.lanes import Flight
from crossdock.pipeline.transmit import NeverGuess, Outcome, next_due_ms

_S = TransmissionState
SETTLE_MS = 30_000
ASKS = cast("Any", SimpleNamespace(unclear=Unclear.FIND, settle_s=SETTLE_MS / 1000))
NOT_THERE = Outcome(answer=Answer(404, b"", {}))


class Written:
    """Changes, as far as states are moved by them."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def move_transmission(self, t: Transmission, to: TransmissionState, entry: Entry | None, *_: Any) -> None:
        t.state = to
        self.said += [entry.says] if entry is not None else []

    def entry(self, entry: Entry) -> None:
        self.said.append(entry.says)

    def open_incident(self, _incident: Any, entry: Entry) -> None:
        self.said.append(entry.says)

    def belief(self, *_: Any, **__: Any) -> None: ...

    def add_follower(self, cause: str, transmission: int) -> None:
        self.said.append(f"{transmission} behind {cause}")


class Sending:
    """One transmission whose outcomes are told by a test; its clock stands."""

    now_ms = 1_000_000

    def __init__(self, *, keyless: bool = False) -> None:
        clock, journal = SimpleNamespace(now_ms=lambda: self.now_ms), SimpleNamespace(next_id=lambda: 5)
        charter = Charter("", Site(), {}, {}, Checks(), ())
        context = SimpleNamespace(
            clock=clock, random=Random(1), journal=journal, stock=None, charter=charter,
            gates=SimpleNamespace(closed_ms=lambda *_: 0), restored=SimpleNamespace(keyless=lambda _t: keyless),
        )  # fmt: skip
        self.concluder = Concluder(cast("Any", context), System("wms", "json"), NeverGuess())
        t = Transmission(1, 1, "wms", "shop", "sales_order", "SO-1", 1, 1, "h1", attempt=1, state=_S.SENDING)
        self.flight, self.written = Flight(t), Written()

    def _at(self) -> tuple[TransmissionState, int]:
        return self.flight.t.state, self.flight.t.due_ms - self.now_ms

    def ends_in(self, fault: Fault) -> tuple[TransmissionState, int]:
        """The state after a sending that ended so, and how long it rests."""
        self.flight.t.state, self.flight.t.first_ms = _S.SENDING, self.now_ms
        self.concluder.conclude(self.flight, ASKS, Outcome(fault=fault), cast("Any", self.written))
        return self._at()

    def is_told(self, outcome: Outcome) -> tuple[TransmissionState, int, Verdict]:
        """The same after the target was asked whether it has it."""
        self.flight.t.due_ms = self.now_ms
        changes = cast("Any", self.written)
        verdict = self.concluder.settle(self.flight, ASKS, outcome, changes, asked=True)
        return *self._at(), verdict


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_each_doubt_is_asked_twice_with_time_between_before_it_goes_again(turns: int):
    one = Sending()
    for _ in range(turns):
        assert one.ends_in(InDoubt("no answer")) == (_S.IN_DOUBT, SETTLE_MS)
        assert one.is_told(NOT_THERE) == (_S.IN_DOUBT, SETTLE_MS, Verdict.AGAIN), "it may be on its way still"
        assert one.is_told(NOT_THERE) == (_S.RETRYING, 0, Verdict.AGAIN)


def test_a_question_without_an_answer_counts_as_none():
    one = Sending()
    one.ends_in(InDoubt("no answer"))
    one.is_told(NOT_THERE)
    state, _, verdict = one.is_told(Outcome(fault=TryLater("busy")))
    assert (state, verdict) == (_S.IN_DOUBT, Verdict.AGAIN)
    assert one.is_told(NOT_THERE)[0] is _S.RETRYING, "the second answer, after the one before that"


@pytest.mark.parametrize(
    "fault", [Rejected("no such page"), Invalid("cannot be asked"), InDoubt("half an answer")]
)
@pytest.mark.parametrize("answers_before", [0, 1])
def test_a_question_that_is_refused_says_nothing_of_what_was_sent(fault: Fault, answers_before: int):
    one = Sending()
    one.ends_in(InDoubt("no answer"))
    for _ in range(answers_before):
        one.is_told(NOT_THERE)
    state, _, verdict = one.is_told(Outcome(fault=fault))
    assert (state, verdict) == (_S.DESK, Verdict.BLOCKED)
    assert "nobody knows whether wms has" in one.written.said[-1]


def test_what_is_there_is_done_however_often_it_was_not():
    one = Sending()
    one.ends_in(InDoubt("no answer"))
    one.is_told(NOT_THERE)
    state, _, verdict = one.is_told(Outcome(done=Done(says="there")))
    assert (state, verdict) == (_S.DONE, Verdict.DONE)


@pytest.mark.parametrize(
    ("state", "keyless", "then"),
    [
        (_S.IN_DOUBT, False, _S.IN_DOUBT),
        (_S.IN_DOUBT, True, _S.HELD),
        (_S.RETRYING, False, _S.HELD),
        (_S.DUE, False, _S.HELD),
    ],
)
def test_a_doubt_behind_one_that_waits_for_a_person_stays_a_doubt(
    state: TransmissionState, keyless: bool, then: TransmissionState
):
    """What is held is due again once it is let go, and nobody would ask for it, or wait until it has arrived."""
    one = Sending(keyless=keyless)
    one.flight.t.state = state
    one.concluder.hold([one.flight], "in_doubt/t0", cast("Any", one.written))
    assert one.flight.t.state is then
    assert ("1 behind in_doubt/t0" in one.written.said) is (then is _S.HELD)


def test_what_may_have_left_at_a_stop_is_asked_for_once_it_may_have_arrived():
    """Also behind one that waits for a person; asked at once, what is on its way there is not there yet."""
    one = Sending()
    one.concluder.interrupted_behind(one.flight, ASKS, cast("Any", one.written))
    assert (one.flight.t.state, one.flight.t.due_ms) == (_S.IN_DOUBT, one.now_ms + SETTLE_MS)


@pytest.mark.parametrize("status", [429, 503])
def test_whatever_it_is_told_meanwhile_the_time_for_trying_goes_on(status: int):
    """A target that asks for a slower pace to the end would never be told of to anybody."""
    one = Sending()
    t, busy = one.flight.t, Outcome(answer=Answer(status, b"", {}), fault=TryLater("busy"))
    t.first_ms = 1
    one.concluder.conclude(one.flight, ASKS, busy, cast("Any", one.written))
    assert (t.state, t.first_ms) == (_S.RETRYING, 1)


@pytest.mark.parametrize("round_", [1, 5])
@pytest.mark.parametrize(("attempt", "usual_s"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (60, 10)])
def test_pauses_double_with_each_try_of_whatever_round(attempt: int, usual_s: int, round_: int):
    system = System("wms", "json", limits=Limits(retry_first_s=1, retry_max_s=10, retry_for_s=86_400))
    t = Transmission(
        1, 1, "wms", "shop", "sales_order", "SO-1", 1, 1, "h1", attempt=attempt, round=round_, first_ms=1
    )
    waits = [next_due_ms(t, TryLater("busy"), system, Random(seed), 1) for seed in range(200)]
    assert all(wait is not None and usual_s * 700 <= wait <= usual_s * 1300 + 1 for wait in waits)
    assert len(set(waits)) > 100, "many that fail at once come back one by one"
