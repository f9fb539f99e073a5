"""The fault dials: each does what it says, in the share that it says, and nothing at 0."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.faults import Misconfigured
from crossdock.twins.dials import Dials, Dice, turned
from crossdock.twins.door import Reply, Request
from crossdock.twins.faulty import Faulty


class Counting:
    """A face that counts what it applied."""

    def __init__(self) -> None:
        self.applied = 0

    def answer(self, request: Request) -> Reply:
        """Applies one request."""
        self.applied += 1
        return Reply(201, b'{"id": 1}', outcome="applied")


def behind(seed: int = 1, **dials: Any) -> tuple[Faulty, Counting]:
    face = Counting()
    faulty = Faulty(
        face.answer,
        lambda wait_s: Reply(429, headers={"Retry-After": str(wait_s)}, outcome="refused"),
        lambda: Reply(500, outcome="refused"),
        turned(Dials(), dials),
        Dice(seed),
    )
    return faulty, face


async def send(faulty: Faulty, times: int = 1) -> list[Reply | None]:
    request = Request(
        "POST", ("orders",), {}, {"idempotency-key": "k", "crossdock-attempt": "2"}, b"", "/orders"
    )
    return [await faulty.handle(request) for _ in range(times)]


async def test_all_dials_at_nothing_give_a_clean_run() -> None:
    faulty, face = behind()
    assert {reply.status for reply in await send(faulty, 500) if reply is not None} == {201}
    assert face.applied == 500
    assert dict(faulty.counts) == {"applied": 500}


async def test_drop_hangs_up_and_does_nothing() -> None:
    faulty, face = behind(drop=1)
    assert await send(faulty) == [None]
    assert face.applied == 0


async def test_throttle_says_when_to_come_again_and_does_nothing() -> None:
    faulty, face = behind(throttle=1, retry_after_s=3)
    [reply] = await send(faulty)
    assert reply is not None
    assert (reply.status, reply.headers["Retry-After"], face.applied) == (429, "3", 0)


async def test_fail_answers_500_and_does_nothing() -> None:
    faulty, face = behind(fail=1)
    [reply] = await send(faulty)
    assert reply is not None
    assert (reply.status, face.applied) == (500, 0)


async def test_late_does_it_and_never_answers() -> None:
    faulty, face = behind(late=1)
    assert await send(faulty) == [None]
    assert face.applied == 1


async def test_late_with_seconds_does_it_and_answers_after_them() -> None:
    faulty, face = behind(late=1, late_s=0)
    [reply] = await send(faulty)
    assert reply is not None
    assert (reply.status, face.applied) == (201, 1)


async def test_delay_still_does_it_and_answers() -> None:
    faulty, face = behind(delay=1, delay_s=0)
    [reply] = await send(faulty)
    assert reply is not None
    assert (reply.status, face.applied, faulty.record[0].fault) == (201, 1, "delay")


async def test_malformed_does_it_and_answers_what_nobody_can_read() -> None:
    faulty, face = behind(malformed=1)
    [reply] = await send(faulty)
    assert reply is not None
    assert face.applied == 1
    with pytest.raises(UnicodeDecodeError):
        reply.body.decode()


@pytest.mark.parametrize("dial", ["drop", "throttle", "fail", "late", "malformed"])
async def test_a_share_strikes_about_that_share_of_requests(dial: str) -> None:
    faulty, _ = behind(**{dial: 0.1})
    await send(faulty, 2000)
    assert 150 < faulty.counts[f"fault:{dial}"] < 250


async def test_the_seed_alone_decides_which_requests_are_struck() -> None:
    async def struck(seed: int) -> list[int]:
        faulty, _ = behind(seed, fail=0.3)
        await send(faulty, 100)
        return [met.request for met in faulty.record if met.fault == "fail"]

    assert await struck(1) == await struck(1)
    assert await struck(1) != await struck(2)


async def test_another_dial_does_not_change_which_requests_a_dial_strikes() -> None:
    async def failed(**dials: Any) -> set[int]:
        faulty, _ = behind(fail=0.3, **dials)
        await send(faulty, 200)
        return {met.request for met in faulty.record if met.fault == "fail"}

    assert await failed(throttle=0.3) < await failed()


async def test_the_record_tells_key_attempt_fault_and_outcome() -> None:
    faulty, _ = behind(late=1)
    await send(faulty)
    met = faulty.record[0]
    assert (met.key, met.attempt, met.fault, met.outcome, met.status) == ("k", "2", "late", "applied", None)


@pytest.mark.parametrize(
    ("dial", "value"),
    [
        ("drops", 0.1),
        ("drop", 1.1),
        ("drop", -0.1),
        ("drop", "x"),
        ("late_s", -1),
        ("drop", True),
        ("retry_after_s", 0.5),
    ],
)
def test_a_dial_or_value_that_does_not_exist_is_refused(dial: str, value: object) -> None:
    with pytest.raises(Misconfigured):
        turned(Dials(), {dial: value})
