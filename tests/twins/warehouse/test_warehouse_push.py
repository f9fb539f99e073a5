"""Events pushed by the simulated warehouse."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from crossdock.twins.dials import Dice, turned
from crossdock.twins.warehouse.floor.feed import Feed
from crossdock.twins.warehouse.floor.floor import WarehouseDials
from crossdock.twins.warehouse.push import Push, Subscription

STEPS = ("acknowledged", "allocated", "picking", "picked", "packed", "shipped")


class Receiver:
    """Takes what is pushed, and answers as it is told."""

    def __init__(self, answers: Callable[[int], int] = lambda _: 202) -> None:
        self.got: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self._answers = answers

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, float | None]:
        """One delivery."""
        self.got.append((url, json.loads(body), headers))
        await asyncio.sleep(0)
        return self._answers(len(self.got)), None

    def story(self, number: str) -> list[str]:
        """The types that came for one order, as they came."""
        return [event["type"] for _, event, _ in self.got if event["number"] == number]


async def pushed(
    receiver: Receiver, orders: int = 5, subscription: Subscription | None = None, **dials: Any
) -> Push:
    """Pushes the story of some orders, one step of all before the next."""
    given = turned(WarehouseDials(hold_s=0.05), dials)
    push = Push(subscription or Subscription("http://hub/{topic}"), receiver.post, lambda: given, Dice(1))
    feed = Feed(1)
    feed.listen(push.offer)
    for step in STEPS:
        for order in range(orders):
            feed.add(step, "2026-01-05T08:00:00.000Z", f"SO-{order}", {"number": f"SO-{order}"})
    running = asyncio.create_task(push.run())
    async with asyncio.timeout(60):
        await push.drained()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return push


async def test_without_faults_each_event_comes_once_and_in_order() -> None:
    receiver = Receiver()
    await pushed(receiver)
    assert len(receiver.got) == 5 * len(STEPS)
    assert all(receiver.story(f"SO-{order}") == list(STEPS) for order in range(5))
    assert {url for url, _, _ in receiver.got} == {"http://hub/pick_status", "http://hub/shipment"}
    assert all(headers["Idempotency-Key"] == event["id"] for _, event, headers in receiver.got)


async def test_the_duplicate_dial_pushes_an_event_twice() -> None:
    receiver = Receiver()
    await pushed(receiver, duplicate=1)
    assert set(Counter(event["id"] for _, event, _ in receiver.got).values()) == {2}


async def test_the_reorder_dial_pushes_an_event_after_its_follower() -> None:
    receiver = Receiver()
    push = await pushed(receiver, reorder=0.5)
    assert push.counts["reordered"] > 0
    stories = [receiver.story(f"SO-{order}") for order in range(5)]
    assert any(story != list(STEPS) for story in stories)
    assert all(sorted(story) == sorted(STEPS) for story in stories)


async def test_the_last_event_of_an_order_is_not_held_for_ever() -> None:
    receiver = Receiver()
    await pushed(receiver, orders=1, reorder=1)
    assert sorted(receiver.story("SO-0")) == sorted(STEPS)


async def test_a_lost_push_stays_in_the_feed_only() -> None:
    receiver = Receiver()
    push = await pushed(receiver, push_drop=1)
    assert receiver.got == []
    assert push.counts["dropped"] == 5 * len(STEPS)


@pytest.mark.parametrize("status", [0, 429, 500, 503])
async def test_a_push_that_was_not_taken_is_tried_again(status: int) -> None:
    receiver = Receiver(lambda count: status if count == 1 else 202)
    push = await pushed(receiver, orders=1)
    assert receiver.story("SO-0") == ["acknowledged", *STEPS]
    assert push.counts["retried"] == 1


async def test_a_push_that_was_refused_is_not_tried_again_and_is_noted() -> None:
    receiver = Receiver(lambda count: 422 if count == 1 else 202)
    push = await pushed(receiver, orders=1)
    assert receiver.story("SO-0") == list(STEPS)
    assert list(push.refused) == [("EV1-0000001", 422)]


async def test_only_the_topics_of_the_subscription_are_pushed() -> None:
    receiver = Receiver()
    await pushed(receiver, subscription=Subscription("http://hub", topics=frozenset({"shipment"})))
    assert {event["type"] for _, event, _ in receiver.got} == {"shipped"}


async def test_a_push_shows_its_key_and_signature() -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    subscription = Subscription("http://hub", "the-key", "whsec_" + base64.b64encode(secret).decode())
    bodies: list[bytes] = []

    class Keeping(Receiver):
        async def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, float | None]:
            bodies.append(body)
            return await super().post(url, body, headers)

    receiver = Keeping()
    await pushed(receiver, 1, subscription)
    _, event, headers = receiver.got[0]
    signed = f"{event['id']}.{headers['webhook-timestamp']}.".encode() + bodies[0]
    assert headers["Authorization"] == "Bearer the-key"
    assert (
        headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(secret, signed, sha256)).decode()
    )
