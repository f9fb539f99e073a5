"""The pace that is learned from vendors that throttle, against vendors of several kinds."""

from __future__ import annotations

import pytest

from crossdock.kit.adaptive import Adaptive, Lesson
from tests.kit.vendors import Vendor, bucket, by_chance, run, window


@pytest.mark.parametrize(
    ("vendor", "per_s"),
    [(lambda: bucket(40, 2), 2.0), (lambda: bucket(5, 5), 5.0), (lambda: bucket(10, 20), 20.0)],
    ids=["2/s in a bucket of 40", "5/s", "20/s"],
)
def test_a_vendor_is_asked_no_faster_than_it_takes(vendor, per_s):
    learned = run(vendor(), 600, adaptive=Adaptive())
    assert learned.took(60, 600) > 0.7 * per_s, "as fast as it takes"
    assert learned.throttled(60, 600) < 0.15


def test_control_without_learning_most_requests_are_throttled():
    assert run(bucket(40, 2), 600, adaptive=None).throttled(60, 600) > 0.8


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_throttling_by_chance_does_not_slow_us_down(share):
    free, learned = (run(by_chance(share), 600, adaptive=one) for one in (None, Adaptive()))
    assert learned.took(0, 600) > 0.7 * free.took(0, 600)


def test_a_vendor_that_throttles_whatever_we_do_is_left_to_say_when():
    adaptive = Adaptive()
    made = run(by_chance(0.9), 300, adaptive=adaptive)
    assert adaptive.standing(300).throttled > 0
    assert made.took(0, 300) > 0.5 * run(by_chance(0.9), 300, adaptive=None).took(0, 300)


def test_a_window_of_a_minute_is_used_up_all_the_same():
    assert run(window(100, 60), 600, adaptive=Adaptive()).took(60, 600) > 1.4


def test_the_charters_own_rate_is_never_exceeded():
    made = run(lambda _: False, 60, adaptive=Adaptive(), rate_per_s=3.0)
    assert made.took(0, 60) == pytest.approx(3.0, rel=0.05)


def test_nothing_is_learned_where_nobody_throttles():
    adaptive = Adaptive()
    run(lambda _: False, 30, adaptive=adaptive)
    assert adaptive.standing(30).lesson is Lesson.FREE
    assert adaptive.wait_s(30) == 0.0


def test_when_the_vendor_has_room_again_the_pace_rises_and_the_lesson_ends():
    strict = bucket(5, 5)

    def relaxed(now_s: float) -> bool:
        return strict(now_s) if now_s < 120 else False

    vendor: Vendor = relaxed
    adaptive = Adaptive()
    made = run(vendor, 400, adaptive=adaptive)
    assert made.took(60, 120) == pytest.approx(5.0, rel=0.1)
    assert made.took(150, 180) > 5.5
    assert adaptive.standing(400).lesson is Lesson.FREE


def test_requests_at_a_learned_pace_are_spread_and_not_sent_in_bursts():
    made = run(bucket(5, 5), 300, adaptive=Adaptive())
    late = [at for at, _ in made.sent if at > 100]
    assert max(sum(start <= at < start + 1 for at in late) for start in late) <= 8


def test_after_a_pause_nothing_was_saved_up():
    adaptive = Adaptive()
    run(bucket(5, 5), 60, adaptive=adaptive)
    assert adaptive.standing(60).lesson is Lesson.LEARNED
    adaptive.take(10_000.0)
    assert adaptive.wait_s(10_000.0) > 0.0
