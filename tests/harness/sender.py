"""The shop: senders that post orders, repeat what was not answered, and remember every 202."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.harness.orders import Order, OrderBook
from tests.harness.wire import ANSWER_WAIT_S, Client, Cut, NotSent, Reply

INTAKE = "/v1/systems/shop/messages"
PAUSE_S = 0.05
TRIES_MAX = 2_000


@dataclass(slots=True)
class Accepted:
    """An order that got its 202; times on the machine's monotonic clock."""

    order: Order
    sent_s: float  #: the first try
    at_s: float
    capture: str
    body: bytes


@dataclass(slots=True)
class Sent:
    """All that the shop knows."""

    accepted: dict[str, Accepted] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  #: numbers posted at least once
    refused: list[tuple[str, int, bytes]] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)  #: a repeat got other bytes than the first answer
    unmarked: list[str] = field(default_factory=list)  #: a repeat without `Crossdock-Duplicate: true`
    counts: Counter[str] = field(default_factory=Counter)
    listeners: list[Callable[[Accepted], None]] = field(default_factory=list)

    def take(self, order: Order, sent_s: float, reply: Reply) -> None:
        """Notes the answer to a post."""
        if reply.status != 202:
            self.refused.append((order.number, reply.status, reply.body))
            return
        known = self.accepted.get(order.number)
        if known is None:
            made = Accepted(order, sent_s, time.monotonic(), reply.json["capture"], reply.body)
            self.accepted[order.number] = made
            for listener in self.listeners:
                listener(made)
            return
        self.counts["repeats"] += 1
        if known.body != reply.body:
            self.unequal.append(order.number)
        if reply.header("crossdock-duplicate") != "true":
            self.unmarked.append(order.number)


@dataclass(slots=True)
class Ring:
    """Several hosts of one site: each request goes to the next of them, wherever the one before went."""

    clients: list[Client]
    turn: int = 0

    async def raw(self, request: bytes) -> Reply:
        """Bytes as they are, and the answer of whichever host has its turn. Raises NotSent, Cut."""
        self.turn += 1
        return await self.clients[self.turn % len(self.clients)].raw(request)

    async def close(self) -> None:
        """Ends all connections."""
        for client in self.clients:
            await client.close()


@dataclass(slots=True)
class Shop:
    """Senders over one key; each keeps to its own customers, one request after another."""

    url: str
    key: str
    book: OrderBook = field(default_factory=OrderBook)
    sent: Sent = field(default_factory=Sent)
    repeat_every: int = 0  #: every n-th order is posted once more after its 202
    headed_every: int = 2  #: every n-th order goes without an Idempotency-Key
    ended: bool = False
    more_urls: tuple[str, ...] = ()  #: further hosts of the same site; posts go to all of them in turn
    wait_s: float = ANSWER_WAIT_S
    system: str = "shop"

    def client(self) -> Client | Ring:
        """Connections of one sender."""
        if not self.more_urls:
            return Client(self.url, self.key, self.wait_s)
        return Ring([Client(url, self.key, self.wait_s) for url in (self.url, *self.more_urls)])

    async def load(
        self, senders: int, *, orders: int = 1 << 60, pace_s: float = 0.0, customers: int = 1
    ) -> None:
        """Posts until `ended` or until each sender had `orders` accepted; `pace_s` from post to post."""
        await asyncio.gather(*(self._send_all(f"C{n}", orders, pace_s, customers) for n in range(senders)))

    async def _send_all(self, name: str, orders: int, pace_s: float, customers: int) -> None:
        client = self.client()
        due_s = time.monotonic()
        for turn in range(orders):
            if self.ended:
                break
            order = self.book.next(f"{name}-{turn % customers}")
            await self.post(client, order)
            if self.repeat_every and order.n % self.repeat_every == 0:
                await self.post(client, order)
            if pace_s:
                due_s = max(due_s + pace_s, time.monotonic() - 1)  # a pause is not made up for by a burst
                await asyncio.sleep(due_s - time.monotonic())
        await client.close()

    async def post(self, client: Client | Ring, order: Order) -> Reply | None:
        """Posts one order until the hub says what becomes of it; None when it never did."""
        request = self.request(order)
        sent_s = time.monotonic()
        self.sent.asked.add(order.number)
        for _ in range(TRIES_MAX):
            try:
                reply = await client.raw(request)
            except NotSent:
                self.sent.counts["not sent"] += 1
                await asyncio.sleep(PAUSE_S)
                continue
            except Cut:
                self.sent.counts["cut"] += 1
                await asyncio.sleep(PAUSE_S)
                continue
            if reply.status not in (429, 503):
                self.sent.take(order, sent_s, reply)
                return reply
            self.sent.counts[str(reply.status)] += 1
            await asyncio.sleep(float(reply.header("retry-after") or PAUSE_S))
        self.sent.refused.append((order.number, 0, b"never answered"))
        return None

    def request(self, order: Order) -> bytes:
        """The bytes of a post."""
        body = order.body()
        named = (
            "" if order.n % self.headed_every == 1 else f"Idempotency-Key: {order.seed}-{order.number}\r\n"
        )
        path = INTAKE.replace("shop", self.system)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.url[7:]}\r\nAuthorization: Bearer {self.key}\r\n{named}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
