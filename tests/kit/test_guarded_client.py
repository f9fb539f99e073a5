"""What goes out to a system, when, and with which proof."""

import asyncio
import traceback

import pytest

from crossdock.faults import InDoubt, Invalid, TryLater
from crossdock.kit.adaptive import Adaptive, Lesson
from crossdock.kit.breaker import Breaker, BreakerState
from crossdock.kit.credentials import Badge, Grant
from crossdock.kit.guarded import GuardedClient
from crossdock.kit.http import Response
from crossdock.kit.throttle import Pace
from tests.kit.vendors import bucket

OK = Response(200)


class Target:
    """A client that answers in turn, the last answer for ever, and counts who is inside."""

    def __init__(self, *answers: Response | BaseException) -> None:
        self.answers = list(answers) or [OK]
        self.sent: list[dict[str, str]] = []
        self.inside = self.inside_max = 0
        self.gate: asyncio.Event | None = None
        self.closed = False

    async def send(self, method, path, *, body=b"", headers=None):
        self.sent.append(dict(headers or {}))
        self.inside += 1
        self.inside_max = max(self.inside, self.inside_max)
        try:
            if self.gate is not None:
                await self.gate.wait()
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, BaseException):
                raise answer
            return answer
        finally:
            self.inside -= 1

    async def close(self):
        self.closed = True


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def guarded(target: Target, time: Time | None = None, **options) -> GuardedClient:
    time = time or Time()
    return GuardedClient(target, clock=time, wall=time, sleep=time.sleep, **options)


async def until(true) -> None:
    """Lets the other tasks run until it is so."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize(
    ("concurrency", "expected"), [(3, 3), (100, 10)], ids=["guard on", "control: guard off"]
)
async def test_no_more_requests_are_under_way_than_the_limit(concurrency, expected):
    target = Target()
    target.gate = asyncio.Event()
    client = guarded(target, concurrency=concurrency)
    tasks = [asyncio.create_task(client.send("POST", "/")) for _ in range(10)]
    await until(lambda: target.inside == expected)
    assert client.in_flight == expected
    target.gate.set()
    await asyncio.gather(*tasks)
    assert (len(target.sent), target.inside_max, client.in_flight) == (10, expected, 0)


async def test_who_waits_too_long_for_a_place_has_sent_nothing():
    target = Target()
    target.gate = asyncio.Event()
    client = guarded(target, concurrency=1, wait_max_s=0.01)
    first = asyncio.create_task(client.send("POST", "/"))
    await until(lambda: target.inside == 1)
    with pytest.raises(TryLater, match="busy"):
        await client.send("POST", "/")
    assert client.in_use == 1, "who never had a place gives none back"
    target.gate.set()
    assert await first == OK
    assert len(target.sent) == 1
    assert await client.send("POST", "/") == OK  # the place is not lost


async def test_the_queue_for_a_place_is_bounded():
    target = Target()
    target.gate = asyncio.Event()
    client = guarded(target, concurrency=1, waiting_max=1)
    tasks = [asyncio.create_task(client.send("POST", "/")) for _ in range(2)]
    await until(lambda: target.inside == 1)
    with pytest.raises(TryLater, match="too many"):
        await client.send("POST", "/")
    target.gate.set()
    await asyncio.gather(*tasks)


async def test_requests_keep_the_rate_by_waiting_a_little():
    target, time = Target(), Time()
    client = guarded(target, time, pace=Pace(2.0, burst=1))
    for _ in range(5):
        await client.send("POST", "/")
    assert sum(time.slept) == pytest.approx(2.0)


async def test_a_long_wait_for_the_rate_is_told_instead_of_slept():
    target, time = Target(), Time()
    client = guarded(target, time, pace=Pace(0.1))
    await client.send("POST", "/")
    with pytest.raises(TryLater) as caught:
        await client.send("POST", "/")
    assert caught.value.wait_s == pytest.approx(10.0)
    assert (len(target.sent), time.slept) == (1, [])
    assert client.wait_s() == pytest.approx(10.0)


async def test_a_429_holds_the_whole_system_for_as_long_as_it_says():
    target, time = Target(Response(429, {"retry-after": "30"}), OK), Time()
    client = guarded(target, time)
    assert (await client.send("POST", "/")).status == 429
    with pytest.raises(TryLater) as caught:
        await client.send("POST", "/")
    assert caught.value.wait_s == pytest.approx(30.0)
    time.now_s += 30
    assert await client.send("POST", "/") == OK


async def test_a_503_holds_nobody_else():
    target = Target(Response(503, {"retry-after": "30"}), OK)
    client = guarded(target)
    assert (await client.send("POST", "/")).status == 503
    assert await client.send("POST", "/") == OK


async def test_what_a_vendor_has_left_is_not_exceeded():
    target, time = (
        Target(Response(200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "20"}), OK),
        Time(),
    )
    client = guarded(target, time)
    await client.send("GET", "/")
    with pytest.raises(TryLater) as caught:
        await client.send("GET", "/")
    assert caught.value.wait_s == pytest.approx(20.0)


@pytest.mark.parametrize("failure", [TryLater("refused"), InDoubt("cut"), Response(503), Response(504)])
async def test_the_breaker_opens_when_the_system_is_down(failure):
    target, time = Target(failure), Time()
    client = guarded(target, time, breaker=Breaker(failures_max=3))
    for _ in range(5):
        try:
            await client.send("POST", "/")
        except (TryLater, InDoubt):
            continue
    assert (len(target.sent), client.standing().breaker.state) == (3, BreakerState.OPEN)
    with pytest.raises(TryLater) as caught:
        await client.send("POST", "/")
    assert caught.value.wait_s is not None
    target.answers = [OK]
    time.now_s += 1
    assert await client.send("POST", "/") == OK
    assert client.standing().breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize("answer", [Response(500), Response(404), Response(429), Response(401)])
async def test_an_answer_about_one_request_does_not_open_the_breaker(answer):
    target, time = Target(answer), Time()
    client = guarded(target, time, breaker=Breaker(failures_max=3))
    for _ in range(5):
        assert await client.send("POST", "/") == answer
        time.now_s += 2
    assert len(target.sent) == 5


async def test_one_probe_at_a_time_asks_whether_the_system_is_back():
    target, time = Target(TryLater("refused")), Time()
    client = guarded(target, time, breaker=Breaker(failures_max=1))
    with pytest.raises(TryLater):
        await client.send("POST", "/")
    time.now_s += 1
    target.answers, target.gate = [OK], asyncio.Event()
    probe = asyncio.create_task(client.send("POST", "/"))
    await until(lambda: target.inside == 1)
    for _ in range(3):
        with pytest.raises(TryLater):
            await client.send("POST", "/")
    target.gate.set()
    assert await probe == OK
    assert len(target.sent) == 2


async def test_a_cancelled_probe_does_not_keep_the_breaker_open_for_ever():
    target, time = Target(TryLater("refused")), Time()
    client = guarded(target, time, breaker=Breaker(failures_max=1), concurrency=1)
    with pytest.raises(TryLater):
        await client.send("POST", "/")
    time.now_s += 1
    target.answers, target.gate = [OK], asyncio.Event()
    probe = asyncio.create_task(client.send("POST", "/"))
    await until(lambda: target.inside == 1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    target.gate = None
    assert await client.send("POST", "/") == OK


async def test_an_impossible_request_says_nothing_of_the_system():
    client = guarded(Target(Invalid("no path")), breaker=Breaker(failures_max=1))
    for _ in range(3):
        with pytest.raises(Invalid):
            await client.send("POST", "/")
    assert client.standing().breaker.state is BreakerState.CLOSED


def numbered() -> Badge:
    """A badge whose headers change with every fetch."""
    count = iter(range(1, 100))

    async def fetch() -> Grant:
        await asyncio.sleep(0)
        return Grant({"authorization": f"Bearer t{next(count)}"})

    return Badge(fetch)


async def test_the_proof_is_added_to_the_callers_headers_and_wins():
    target = Target()
    await guarded(target, badge=numbered()).send("POST", "/", headers={"X-Key": "7", "Authorization": "mine"})
    assert target.sent == [{"X-Key": "7", "authorization": "Bearer t1"}]


async def test_a_401_fetches_new_credentials_and_asks_once_more():
    target = Target(Response(401), OK)
    assert await guarded(target, badge=numbered()).send("POST", "/") == OK
    assert [one["authorization"] for one in target.sent] == ["Bearer t1", "Bearer t2"]


async def test_a_second_401_is_the_answer():
    target = Target(Response(401))
    assert (await guarded(target, badge=numbered()).send("POST", "/")).status == 401
    assert len(target.sent) == 2


async def test_a_401_with_a_secret_that_nobody_changed_is_the_answer():
    async def fetch() -> Grant:
        return Grant({"authorization": "Bearer same"})

    target = Target(Response(401))
    assert (await guarded(target, badge=Badge(fetch)).send("POST", "/")).status == 401
    assert len(target.sent) == 1


async def test_ten_refused_at_once_fetch_new_credentials_once():
    class Fussy(Target):
        async def send(self, method, path, *, body=b"", headers=None):
            self.sent.append(dict(headers or {}))
            await asyncio.sleep(0)
            return OK if headers["authorization"] == "Bearer t2" else Response(401)

    target = Fussy()
    client = guarded(target, badge=numbered())
    answers = await asyncio.gather(*(client.send("POST", "/") for _ in range(10)))
    assert all(answer == OK for answer in answers)
    assert {one["authorization"] for one in target.sent} == {"Bearer t1", "Bearer t2"}


async def test_an_unclear_outcome_is_never_asked_again():
    target = Target(InDoubt("cut"), OK)
    with pytest.raises(InDoubt):
        await guarded(target, badge=numbered()).send("POST", "/")
    assert len(target.sent) == 1


async def test_no_fault_and_no_print_tells_the_proof():
    word = "4711-hush"[::-1]

    async def fetch() -> Grant:
        return Grant({"authorization": word})

    client = guarded(Target(TryLater("refused")), badge=Badge(fetch))
    with pytest.raises(TryLater) as caught:
        await client.send("POST", "/")
    assert word not in "".join(traceback.format_exception(caught.value)) + repr(client)


async def test_closing_it_closes_the_connections():
    target = Target()
    await guarded(target).close()
    assert target.closed


class Strict(Target):
    """A vendor that takes five requests a second."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time, self._throttles = time, bucket(5, 5)
        self.throttled = 0

    async def send(self, method, path, *, body=b"", headers=None):
        if not self._throttles(self._time()):
            return OK
        self.throttled += 1
        return Response(429, {"retry-after": "0"})


@pytest.mark.parametrize(
    ("adaptive", "most"), [(Adaptive(), 150), (None, 900)], ids=["guard on", "control: guard off"]
)
async def test_a_system_that_throttles_is_asked_more_slowly_and_says_so(adaptive, most):
    time = Time()
    target = Strict(time)
    client = guarded(target, time, adaptive=adaptive)
    while time.now_s < 1060.0:
        await client.send("POST", "/")
        time.now_s += 0.05
    learned = client.standing().learned
    assert target.throttled <= most
    assert (target.throttled > 800) == (adaptive is None)
    assert learned is None or (learned.lesson, learned.throttled) == (Lesson.LEARNED, target.throttled)
