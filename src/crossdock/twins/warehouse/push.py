"""Events pushed to subscribers: in order for each order, again until they are taken, wrong where the dials say so."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from time import time
from zlib import crc32

from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import RequestError

from crossdock.twins.dials import Dials, Dice
from crossdock.twins.warehouse.floor.feed import Event

__all__ = ["ORDER_TOPICS", "Push", "Subscription", "poster"]

LANES = 8
PENDING_MAX = 100_000
ATTEMPTS_MAX = 20_000  #: at the longest pause about a day
RETRY_FIRST_S, RETRY_MAX_S = 0.2, 5.0
LATER = frozenset((408, 425, 429))
ORDER_TOPICS = frozenset(("pick_status", "shipment"))

#: URL, body, headers -> status and Retry-After in seconds; status 0 when there was no answer.
Post = Callable[[str, bytes, dict[str, str]], Awaitable[tuple[int, float | None]]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where events go: `{topic}` in the URL is filled in; `key` is sent as bearer, `secret` signs."""

    url: str
    key: str | None = None
    secret: str | None = None  #: Standard Webhooks: `whsec_` and base64
    topics: frozenset[str] = ORDER_TOPICS


@dataclass(slots=True)
class _Lane:
    queue: deque[Event] = field(default_factory=deque[Event])
    held: dict[str, Event] = field(
        default_factory=dict[str, Event]
    )  #: order number -> event that waits for its follower
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Push:
    """Pushes to one subscriber; events of one order share a lane and never overtake each other unasked."""

    def __init__(
        self, subscription: Subscription, post: Post, dials: Callable[[], Dials], dice: Dice
    ) -> None:
        self.subscription = subscription
        self.counts: Counter[str] = Counter()
        self.refused: deque[tuple[str, int]] = deque(
            maxlen=1000
        )  #: event id and the answer that ended its pushing
        self._post, self._dials, self._dice = post, dials, dice
        self._lanes = [_Lane() for _ in range(LANES)]
        self._pending = 0
        self._drained = asyncio.Event()
        self._drained.set()

    @property
    def pending(self) -> int:
        """Events that are still to be pushed."""
        return self._pending

    def offer(self, event: Event) -> None:
        """Takes an event that just happened; past PENDING_MAX it stands in the feed only."""
        if event.topic not in self.subscription.topics:
            return
        if self._pending >= PENDING_MAX:
            self.counts["overflow"] += 1
            return
        if self._dice.falls("push_drop", event.id, self._dials().push_drop):
            self.counts["dropped"] += 1
            return
        lane = self._lanes[crc32(event.number.encode()) % LANES]
        lane.queue.append(event)
        lane.news.set()
        self._pending += 1
        self._drained.clear()

    async def drained(self) -> None:
        """Waits until nothing is left to be pushed."""
        await self._drained.wait()

    async def run(self) -> None:
        """Pushes until cancelled."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(self._work(lane))

    async def _work(self, lane: _Lane) -> None:
        while True:
            if not lane.queue:
                await self._idle(lane)
                continue
            event = lane.queue.popleft()
            before = lane.held.pop(event.number, None)
            if before is None and self._dice.falls("reorder", event.id, self._dials().reorder):
                lane.held[event.number] = event
                continue
            await self._deliver(event)
            if before is not None:
                self.counts["reordered"] += 1
                await self._deliver(before)

    async def _idle(self, lane: _Lane) -> None:
        """Waits for news; a held event whose follower does not come goes out alone."""
        lane.news.clear()
        try:
            async with asyncio.timeout(self._dials().hold_s if lane.held else None):
                await lane.news.wait()
        except TimeoutError:
            for number in tuple(lane.held):
                await self._deliver(lane.held.pop(number))

    async def _deliver(self, event: Event) -> None:
        for attempt in range(ATTEMPTS_MAX):
            status, wait_s = await self._send(event)
            if 200 <= status < 300:
                self.counts["pushed"] += 1
                if self._dice.falls("duplicate", event.id, self._dials().duplicate):
                    self.counts["duplicated"] += 1
                    await self._send(event)
                break
            if status and status not in LATER and status < 500:
                self.counts["refused"] += 1
                self.refused.append((event.id, status))
                break
            self.counts["retried"] += 1
            pause_s = min(RETRY_FIRST_S * 2 ** min(attempt, 10), RETRY_MAX_S)
            await asyncio.sleep(max(pause_s, wait_s or 0))
        else:
            self.counts["given_up"] += 1
        self._pending -= 1
        if not self._pending:
            self._drained.set()

    async def _send(self, event: Event) -> tuple[int, float | None]:
        subscription = self.subscription
        headers = {"Content-Type": "application/json", "Idempotency-Key": event.id}
        if subscription.key is not None:
            headers["Authorization"] = f"Bearer {subscription.key}"
        if subscription.secret is not None:
            headers.update(_signature(subscription.secret, event, int(time())))
        return await self._post(subscription.url.replace("{topic}", event.topic), event.body, headers)


def _signature(secret: str, event: Event, now_s: int) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event.id}.{now_s}.".encode() + event.body
    signature = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    return {"webhook-id": event.id, "webhook-timestamp": str(now_s), "webhook-signature": f"v1,{signature}"}


def poster(timeout_s: float = 15.0) -> Post:
    """Posts over the network with one pool of connections; must be made inside a running loop."""
    client = ClientBuilder().no_proxy().follow_redirects(False).timeout(timedelta(seconds=timeout_s)).build()

    async def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, float | None]:
        try:
            response = await client.post(url).headers(headers).body_bytes(body).build().send()
        except RequestError:
            return 0, None
        wait = response.get_header("retry-after") or ""
        return response.status, float(wait) if wait.isdecimal() else None

    return post
