"""A client that keeps to the limits of one system: concurrency, pace, breaker, credentials."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from crossdock.faults import InDoubt, TryLater
from crossdock.kit.adaptive import Adaptive, AdaptiveStanding
from crossdock.kit.breaker import Breaker, BreakerStanding, BreakerState
from crossdock.kit.credentials import Badge
from crossdock.kit.http import Client, Response
from crossdock.kit.share import Places
from crossdock.kit.throttle import Pace, ReadAllowance, allowance, retry_after_s

#: Answers that say of the system itself, not of the request, that it is not there.
_DOWN = frozenset({502, 503, 504})

_RETRY_AFTER_UNKNOWN_S = 1.0
#: However long one answer asks us to wait, the system is asked again after this: it may have been a slip.
_HOLD_MAX_S = 300.0
#: How long a process without any place of a system waits before it looks again.
_NO_PLACE_S = 0.25


def _always() -> bool:
    return True


def _throttles(answer: Response) -> bool:
    """Whether an answer asks for a slower pace; a 503 that names no time speaks of an outage."""
    return answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers)


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """How requests to one system fare; times in seconds, `at_s` on the client's own clock."""

    breaker: BreakerStanding
    learned: AdaptiveStanding | None  #: None: nothing is learned here
    held_s: float  #: our limits, or the vendor's, hold everything for so long
    in_flight: int
    at_s: float


class GuardedClient:
    """Another client, asked only when the system's limits let it be asked.

    Waits up to `wait_max_s` for a free place and for the pace, then raises TryLater: nothing was sent.
    While the breaker is open it raises TryLater at once. A 401 fetches new credentials and asks once
    more, because a 401 is a definite refusal. `may_send` is asked at the last moment before bytes leave.
    Times in seconds.
    """

    def __init__(
        self,
        client: Client,
        *,
        concurrency: int = 16,
        pace: Pace | None = None,
        breaker: Breaker | None = None,
        adaptive: Adaptive | None = None,
        badge: Badge | None = None,
        read_allowance: ReadAllowance = allowance,
        wait_max_s: float = 2.0,
        waiting_max: int = 10_000,
        burst_s: float = 0.1,
        may_send: Callable[[], bool] = _always,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        assert concurrency > 0, "nothing could ever be sent"
        self._client = client
        self.share = Places(concurrency)
        self._pace = pace or Pace()
        self._breaker = breaker or Breaker()
        self._adaptive = adaptive
        self._badge = badge
        self._read_allowance = read_allowance
        self._wait_max_s = wait_max_s
        self._waiting_max = waiting_max
        self._clock = clock
        self._wall = wall
        self._sleep = sleep
        self._burst_s = burst_s
        self._may_send = may_send
        self._in_flight = 0

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One request, and its complete answer whatever the status.

        Raises TryLater when nothing was sent or the credentials were refused and no new ones came,
        InDoubt when bytes may have left and no complete answer came, Invalid for an impossible request.
        """
        if self._breaker.state is not BreakerState.CLOSED:
            self._ask_breaker()  # without queueing for a place first
        if self.share.locked():
            await self._place()
        else:
            await self.share.acquire()
        try:
            badge = self._badge
            if badge is None:
                return await self._once(method, path, body, headers)
            proof = badge.held() or await badge.headers()
            answer = await self._once(method, path, body, _with(headers, proof))
            if answer.status != 401:
                return answer
            badge.refused(proof)
            newer = await badge.headers()
            if newer == proof:
                return answer  # a secret that nobody changed
            return await self._once(method, path, body, _with(headers, newer))
        finally:
            self.share.release()

    def allot(self, places: int, rate_per_s: float | None) -> None:
        """Another share of the system's limits from now on; a rate of None leaves the pace as it is."""
        self.share.set(places)
        if rate_per_s is not None:
            self._pace.allot(rate_per_s, rate_per_s * self._burst_s, self._clock())

    async def close(self) -> None:
        """Ends all connections."""
        await self._client.close()

    def wait_s(self) -> float:
        """Seconds until a request could go, 0 now: for a caller that would rather not begin than be refused."""
        now_s = self._clock()
        wait_s = max(self._breaker.wait_s(now_s), self._pace.wait_s(now_s))
        if self._adaptive is not None:
            wait_s = max(wait_s, self._adaptive.wait_s(now_s))
        self.share.ask()  # whoever asks has something to send
        return wait_s if self.share.places else max(wait_s, _NO_PLACE_S)

    def standing(self) -> ClientStanding:
        """How requests to the system fare, for the control room."""
        now_s = self._clock()
        learned = self._adaptive.standing(now_s) if self._adaptive is not None else None
        return ClientStanding(
            self._breaker.standing(now_s), learned, self._pace.wait_s(now_s), self._in_flight, now_s
        )

    def wanted(self) -> bool:
        """Whether anything was to be sent since the last call, or waits to be."""
        return self.share.wanted()

    @property
    def in_use(self) -> int:
        """How many places are taken, by requests under way and by those that wait for their turn."""
        return self.share.in_use

    @property
    def in_flight(self) -> int:
        """Requests without an answer yet."""
        return self._in_flight

    async def _once(self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None) -> Response:
        now_s = self._clock()
        wait_s = self._paced_s(now_s)
        if wait_s:
            now_s = await self._its_turn(wait_s, now_s)
        self._ask_breaker()
        if not self._may_send():
            raise TryLater("this process may not send now: its hold on the work has run out")
        probe = self._breaker.begin(now_s)
        self._pace.take(now_s)
        if self._adaptive is not None:
            self._adaptive.take(now_s)
        self._in_flight += 1
        try:
            answer = await self._client.send(method, path, body=body, headers=headers)
        except (TryLater, InDoubt) as fault:
            self._breaker.failed(self._clock(), probe=probe, says=fault.says)
            raise
        except BaseException:
            # Cancelled, or never a request at all: it tells nothing of the system.
            self._breaker.abandoned(self._clock(), probe=probe)
            raise
        finally:
            self._in_flight -= 1
        self._learn(answer, probe=probe)
        return answer

    def _learn(self, answer: Response, *, probe: bool) -> None:
        """What an answer tells of the system's health and limits."""
        now_s = self._clock()
        if answer.status in _DOWN:
            self._breaker.failed(now_s, probe=probe, says=f"it answered {answer.status}")
        else:
            self._breaker.succeeded(now_s, probe=probe)
        if self._adaptive is not None:
            self._adaptive.answered(now_s, throttled=_throttles(answer))
        allowed = self._read_allowance(answer.headers, self._wall())
        if allowed is not None:
            self._pace.learn(allowed, self._in_flight, self._clock())
        if answer.status == 429:
            # A 503 with Retry-After holds one transmission only: the writer says so, and the breaker sees outages.
            wait_s = retry_after_s(answer.headers, self._wall())
            hold_s = _RETRY_AFTER_UNKNOWN_S if wait_s is None else min(wait_s, _HOLD_MAX_S)
            self._pace.hold(hold_s, self._clock())

    def _ask_breaker(self) -> None:
        wait_s = self._breaker.wait_s(self._clock())
        if wait_s:
            raise TryLater("the system does not answer; we wait before we ask again", wait_s=wait_s)

    async def _its_turn(self, wait_s: float, now_s: float) -> float:
        """Sleeps until the pace lets a request go; the time then. Raises TryLater beyond `wait_max_s`."""
        give_up_at_s = now_s + self._wait_max_s
        while wait_s:
            if now_s + wait_s > give_up_at_s:
                raise TryLater("the system's rate limit is reached", wait_s=wait_s)
            await self._sleep(wait_s)
            now_s = self._clock()
            wait_s = self._paced_s(now_s)
        return now_s

    def _paced_s(self, now_s: float) -> float:
        """Seconds until our limits, the vendor's, and what we learned let one request go."""
        wait_s = self._pace.wait_s(now_s)
        return wait_s if self._adaptive is None else max(wait_s, self._adaptive.wait_s(now_s))

    async def _place(self) -> None:
        """Waits for a free place. Raises TryLater."""
        if self.share.waiting >= self._waiting_max:
            raise TryLater("too many requests wait for the system", wait_s=self._wait_max_s)
        try:
            async with asyncio.timeout(self._wait_max_s):
                await self.share.acquire()
        except TimeoutError:
            raise TryLater("the system is busy with our other requests") from None


def _with(headers: Mapping[str, str] | None, proof: Mapping[str, str]) -> Mapping[str, str]:
    """The caller's headers and our proof, which wins."""
    if not headers:
        return proof
    merged = {name: value for name, value in headers.items() if name.lower() not in proof}
    merged.update(proof)
    return merged
