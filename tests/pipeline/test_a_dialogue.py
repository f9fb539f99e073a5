"""A sending of several requests: what may be asked again, what is in doubt, and what is stored before it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from crossdock.charter.charter import System
from crossdock.faults import Fault, InDoubt, Invalid, Rejected, TryLater
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Unclear
from crossdock.kit.http import Response
from crossdock.message.records import Transmission
from crossdock.pipeline.lanes import Flight
from crossdock.pipeline.transmit import STEPS_MAX, Outcome, Sender

ASKS = Ask("GET", "/order", safe=True)
PUTS = Ask("PUT", "/order", b"{}")
STARTS = Ask("POST", "/order/start", b"{}")
JOB = Job("sales_order", {}, "SO-1", "t7.1")


@dataclass
class Target:
    """A system whose answers are written down before, and what came to it or was stored, in order."""

    answers: list[Response | Fault]
    came: list[str] = field(default_factory=list[str])

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        self.came.append(f"{method} {path}")
        answer = self.answers.pop(0)
        if isinstance(answer, Fault):
            raise answer
        return answer

    def wait_s(self) -> float:
        return 0.0

    async def store(self, _flight: Flight, ask: Ask) -> None:
        self.came.append(f"stored {ask.method}")


@dataclass
class Dialogue:
    """A writer of some steps; after the last it is done, or says why not."""

    steps: Sequence[Ask]
    ends: Fault | None = None
    found_: Fault | None = None
    unclear = Unclear.RESEND
    settle_s = 0.0

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        if len(exchanges) < len(self.steps):
            return self.steps[len(exchanges)]
        if self.ends is not None:
            raise self.ends
        return Done("77")

    def find(self, job: Job) -> Ask | None:
        return ASKS

    def found(self, job: Job, answer: Answer) -> Done | None:
        if self.found_ is not None:
            raise self.found_
        return Done("77") if answer.status == 200 else None


OK = Response(200, {}, b"{}")
LOST = InDoubt("no answer came")


def flight() -> Flight:
    return Flight(Transmission(7, 1, "wms", "shop", "sales_order", "SO-1", 1, 1, "K", attempt=3))


async def outcome(target: Target, writer: Dialogue, begun: Flight | None = None) -> Outcome:
    sender = Sender(System("wms", "http"), target, target.store)  # type: ignore[arg-type]
    return await sender.send(begun or flight(), writer, JOB)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steps", "answers", "fault"),
    [
        ((ASKS,), (LOST,), TryLater),
        ((PUTS,), (LOST,), InDoubt),
        ((ASKS, PUTS), (OK, LOST), InDoubt),
        ((ASKS, ASKS), (OK, LOST), TryLater),
        ((PUTS, STARTS), (OK, LOST), InDoubt),
        ((PUTS, STARTS), (LOST,), InDoubt),
        ((PUTS, ASKS), (OK, LOST), TryLater),
        ((ASKS, PUTS), (TryLater("busy"),), TryLater),
        ((ASKS, PUTS), (OK, TryLater("busy")), TryLater),
    ],
)
async def test_only_a_question_may_be_asked_again_when_no_answer_came(
    steps: Sequence[Ask], answers: Sequence[Response | Fault], fault: type[Fault]
):
    found = await outcome(Target(list(answers)), Dialogue(steps))
    assert type(found.fault) is fault
    assert (found.answer is not None) is (len(answers) > 1), "the answer before is kept"


async def test_each_further_request_that_changes_something_is_stored_before_it_leaves():
    target = Target([OK, OK, OK])
    found = await outcome(target, Dialogue((ASKS, PUTS, STARTS)))
    assert found.done == Done("77")
    assert target.came == ["GET /order", "stored PUT", "PUT /order", "stored POST", "POST /order/start"]


async def test_what_was_stored_for_the_round_goes_as_it_is_and_not_what_would_be_made_now():
    target, begun = Target([OK]), flight()
    begun.ask = Ask("PUT", "/order/as/stored", b"{}")
    await outcome(target, Dialogue((PUTS,)), begun)
    assert target.came == ["PUT /order/as/stored"]


async def test_an_answer_that_says_no_is_told_with_what_was_answered():
    found = await outcome(Target([OK]), Dialogue((PUTS,), ends=Rejected("no such item")))
    assert (type(found.fault), found.done) == (Rejected, None)
    assert found.answer is not None


async def test_a_dialogue_without_end_is_given_up():
    target = Target([OK] * (STEPS_MAX + 5))
    found = await outcome(target, Dialogue((ASKS,) * (STEPS_MAX + 5)))
    assert type(found.fault) is Invalid
    assert len(target.came) == STEPS_MAX


@pytest.mark.parametrize(
    ("answer", "raises", "done", "fault"),
    [
        (OK, None, True, None),
        (Response(404, {}, b""), None, False, None),
        (LOST, None, False, TryLater),
        (TryLater("busy"), None, False, TryLater),
        (OK, InDoubt("cannot be read"), False, TryLater),
        (OK, Invalid("there are two of them"), False, Invalid),
    ],
)
async def test_who_is_asked_whether_it_is_there_says_yes_or_no_or_nothing(
    answer: Response | Fault, raises: Fault | None, done: bool, fault: type[Fault] | None
):
    target = Target([answer])
    sender = Sender(System("wms", "http"), target, target.store)  # type: ignore[arg-type]
    found = await sender.find(flight(), Dialogue((), found_=raises), JOB, ASKS)  # type: ignore[arg-type]
    assert (found.done is not None, type(found.fault) if found.fault else None) == (done, fault)
