"""A share of a system's limits: what fewer places and a lower rate do to those who send."""

import asyncio

import pytest

from crossdock.faults import TryLater
from crossdock.kit.guarded import GuardedClient
from crossdock.kit.share import Places, Whole
from crossdock.kit.throttle import Pace
from tests.kit.test_guarded_client import Target, Time


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_fewer_places_take_none_away_and_nobody_new_comes_in():
    places = Places(3)
    for _ in range(3):
        await places.acquire()
    places.set(1)
    late = asyncio.create_task(places.acquire())
    await _turns()
    assert (places.in_use, places.waiting) == (3, 1)
    places.release()
    places.release()
    await _turns()
    assert (places.in_use, late.done()) == (1, False), "only one place is left, and it is taken"
    places.release()
    await late
    assert places.in_use == 1


async def test_those_who_wait_are_served_in_the_order_of_asking_when_the_share_rises():
    places, served = Places(0), []

    async def take(n: int) -> None:
        await places.acquire()
        served.append(n)

    tasks = [asyncio.create_task(take(n)) for n in range(4)]
    await _turns()
    places.set(3)
    await _turns()
    assert served == [0, 1, 2]
    places.release()
    await asyncio.gather(*tasks)
    assert served == [0, 1, 2, 3]


async def test_who_gives_up_waiting_as_a_place_comes_free_leaves_it_to_the_next():
    places = Places(1)
    await places.acquire()
    gives_up, stays = (asyncio.create_task(places.acquire()) for _ in range(2))
    await _turns()
    gives_up.cancel()
    places.release()  # in the same round of the loop: who gives up has not run yet
    await _turns()
    assert gives_up.cancelled(), "it ended by something else than its cancellation"
    assert (stays.done(), places.in_use, places.waiting) == (True, 1, 0)


async def test_who_gives_up_waiting_holds_no_place():
    places = Places(1)
    await places.acquire()
    waiting = asyncio.create_task(places.acquire())
    await _turns()
    places.release()  # its turn has come, and it is cancelled before it runs
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (places.in_use, places.waiting) == (0, 0)
    given_up = asyncio.create_task(places.acquire())
    places.set(0)
    await _turns()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert places.waiting == 0


async def test_whoever_needs_more_places_is_told_when_they_are_there():
    places = Places(1)
    third = asyncio.create_task(places.reached(3))
    places.set(2)
    await _turns()
    assert not third.done()
    places.set(3)
    await third


async def test_a_process_that_stands_alone_has_all_places():
    whole = Whole(2)
    await whole.reached(2)
    more = asyncio.create_task(whole.reached(3))
    await _turns()
    assert not more.done()
    more.cancel()


async def test_a_client_without_a_place_says_so_beforehand_and_sends_nothing():
    target = Target()
    client = GuardedClient(target, concurrency=2, wait_max_s=0.01)
    client.allot(0, None)
    assert client.wait_s() > 0
    with pytest.raises(TryLater):
        await client.send("POST", "/")
    client.allot(1, None)
    assert client.wait_s() == 0
    await client.send("POST", "/")
    assert len(target.sent) == 1


async def test_nothing_is_sent_once_the_hold_on_the_work_has_run_out():
    target = Target()
    held = True
    client = GuardedClient(target, may_send=lambda: held)
    await client.send("POST", "/")
    held = False
    with pytest.raises(TryLater):
        await client.send("POST", "/")
    assert len(target.sent) == 1
    assert client.share.in_use == 0


async def test_the_hold_is_looked_at_after_the_wait_for_a_turn_not_before():
    target, time = Target(), Time()
    until_s = time() + 0.5
    client = GuardedClient(
        target, pace=Pace(1.0), clock=time, sleep=time.sleep, may_send=lambda: time() < until_s
    )
    await client.send("POST", "/")
    with pytest.raises(TryLater):
        await client.send("POST", "/")  # its turn comes a second later
    assert len(target.sent) == 1


def _sent_within(paces: list[Pace], from_s: float, to_s: float, step_s: float = 0.001) -> list[float]:
    """The moments at which these paces let something go, each as fast as it may."""
    gone: list[float] = []
    for n in range(round((to_s - from_s) / step_s)):
        now_s = from_s + n * step_s
        for pace in paces:
            if pace.wait_s(now_s) == 0:
                pace.take(now_s)
                gone.append(now_s)
    return gone


def test_a_share_of_the_rate_that_moves_never_lets_more_through_than_the_whole():
    one, other = Pace(5.0), Pace(5.0)
    one.allot(3.0, 1, 0.0)
    other.allot(2.0, 1, 0.0)
    gone = _sent_within([one, other], 0.0, 5.0)
    one.allot(2.0, 1, 5.0)
    other.allot(3.0, 1, 5.0)
    gone += _sent_within([one, other], 5.0, 10.0)
    one.allot(0.0, 1, 10.0)
    other.allot(5.0, 1, 10.0)
    gone += _sent_within([one, other], 10.0, 15.0)
    most = max(sum(at <= s < at + 0.999 for s in gone) for at in gone)
    assert most <= 5, "five a second is the site's limit"
    assert len(gone) >= 65, "and nearly all of it is used"


def test_a_pace_of_nothing_lets_nothing_through():
    pace = Pace(5.0)
    pace.allot(0.0, 1, 0.0)
    assert _sent_within([pace], 0.0, 3.0) == []


async def test_a_share_is_wanted_as_long_as_something_waits_that_has_not_asked():
    places, lanes = Places(0), ["SO-1"]
    assert not places.wanted(), "nobody has named what waits"
    places.heed(lambda: bool(lanes))
    assert (places.wanted(), places.wanted()) == (True, True), (
        "else another host keeps the only place for ever"
    )
    lanes.clear()
    places.ask()
    assert (places.wanted(), places.wanted()) == (True, False)
