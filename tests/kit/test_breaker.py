"""When the hub stops calling a system that is down, and how it finds out that it is back."""

from random import Random

import pytest

from crossdock.kit.breaker import Breaker, BreakerState, back_off_s


def failing(breaker: Breaker, times: int, now_s: float) -> None:
    """So many requests that fail, while the breaker lets them go."""
    for _ in range(times):
        breaker.failed(now_s, probe=breaker.begin(now_s))


def opened(now_s: float = 10.0) -> Breaker:
    breaker = Breaker(failures_max=3, first_s=1.0, max_s=5.0)
    failing(breaker, 3, now_s)
    return breaker


def test_it_opens_after_failures_in_a_row_only():
    breaker = Breaker(failures_max=3, first_s=1.0, max_s=5.0)
    for _ in range(10):
        failing(breaker, 2, 10.0)
        breaker.succeeded(11.0, probe=breaker.begin(10.0))
    assert breaker.state is BreakerState.CLOSED
    failing(breaker, 3, 10.0)
    assert (breaker.state, breaker.wait_s(10.0), breaker.wait_s(10.4)) == (
        BreakerState.OPEN,
        1.0,
        pytest.approx(0.6),
    )


def test_after_the_pause_one_probe_goes_and_no_second():
    breaker = opened()
    assert breaker.wait_s(11.0) == 0.0
    assert breaker.begin(11.0)
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.wait_s(11.0) > 0.0


def test_a_probe_that_succeeds_closes_it():
    breaker = opened()
    breaker.succeeded(11.0, probe=breaker.begin(11.0))
    assert (breaker.state, breaker.wait_s(11.0)) == (BreakerState.CLOSED, 0.0)


def test_each_probe_that_fails_doubles_the_pause_up_to_the_limit():
    breaker, now_s, pauses = opened(), 10.0, []
    for _ in range(5):
        pauses.append(breaker.wait_s(now_s))
        now_s += breaker.wait_s(now_s)
        breaker.failed(now_s, probe=breaker.begin(now_s))
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]
    now_s += breaker.wait_s(now_s)
    breaker.succeeded(now_s, probe=breaker.begin(now_s))
    failing(breaker, 3, now_s)
    assert breaker.wait_s(now_s) == 1.0, "once it was closed the pause begins anew"


def test_an_answer_from_before_it_opened_does_not_close_it():
    breaker = opened()
    breaker.succeeded(11.0, probe=False)
    assert breaker.state is BreakerState.OPEN
    breaker.begin(11.0)
    breaker.succeeded(11.0, probe=False)
    breaker.failed(11.0, probe=False)
    assert breaker.state is BreakerState.HALF_OPEN, "only the probe that is out says how it is now"


def test_a_failure_from_before_it_opened_does_not_prolong_the_pause():
    breaker = opened()
    breaker.failed(10.9, probe=False)
    assert breaker.wait_s(11.0) == 0.0


def test_a_probe_that_was_given_up_makes_room_for_the_next():
    breaker = opened()
    breaker.abandoned(11.0, probe=breaker.begin(11.0))
    assert breaker.wait_s(11.0) == 0.0
    assert breaker.begin(11.0)


def test_the_back_off_doubles_from_the_first_to_the_cap_within_thirty_percent():
    for failures, middle in [(1, 0.2), (2, 0.4), (3, 0.8), (5, 3.2), (6, 5.0), (1000, 5.0)]:
        found = [back_off_s(failures, first_s=0.2, max_s=5.0, random=Random(seed)) for seed in range(50)]
        assert all(middle * 0.7 <= pause <= middle * 1.3 for pause in found)
        assert max(found) - min(found) > middle * 0.3, "no jitter"


def test_the_same_seed_gives_the_same_back_off():
    one, other = (back_off_s(4, first_s=0.2, max_s=5.0, random=Random(7)) for _ in range(2))
    assert one == other


def test_it_closes_after_as_many_good_probes_in_a_row_as_it_needs():
    breaker = Breaker(failures_max=1, probes_needed=3, first_s=1.0, max_s=5.0)
    failing(breaker, 1, 10.0)
    for answered in (True, True, False, True, True, True):
        now_s = 11.0 + breaker.wait_s(11.0)
        probe = breaker.begin(now_s)
        assert probe
        if answered:
            breaker.succeeded(now_s, probe=probe)
        else:
            breaker.failed(11.0, probe=probe, says="no answer")
    standing = breaker.standing(20.0)
    assert (standing.state, standing.probes, standing.probes_good) == (BreakerState.CLOSED, 6, 3)


def test_it_says_how_it_stands_and_why():
    breaker = Breaker(failures_max=2, first_s=1.0, max_s=5.0)
    breaker.failed(10.0, probe=False, says="refused")
    assert (breaker.standing(10.0).failures, breaker.standing(10.0).opened) == (1, 0)
    breaker.failed(12.0, probe=False, says="timed out")
    standing = breaker.standing(12.5)
    assert (standing.state, standing.since_s, standing.wait_s, standing.opened, standing.says) == (
        BreakerState.OPEN, 12.0, 0.5, 1, "timed out",
    )  # fmt: skip
    breaker.failed(13.0, probe=breaker.begin(13.0))
    assert (breaker.standing(13.0).probes, breaker.standing(13.0).since_s) == (1, 12.0)
    breaker.succeeded(15.0, probe=breaker.begin(15.0))
    assert (breaker.standing(15.0).since_s, breaker.standing(15.0).says) == (15.0, "")
