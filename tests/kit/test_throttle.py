"""What the hub learns from a vendor's headers, and the pace it keeps."""

import pytest

from crossdock.kit.throttle import Allowance, Pace, allowance, leaking, retry_after_s

NOW = 1_790_000_000.0  # a Monday in September 2026
LATER = "Mon, 21 Sep 2026 14:13:50 GMT"  # 30 s after it


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": LATER}, 30.0),
        ({"retry-after": LATER, "date": "Mon, 21 Sep 2026 14:13:40 GMT"}, 10.0),
        ({"retry-after": "Mon, 21 Sep 2020 14:13:50 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "99999999"}, 86_400.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers, seconds):
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-ratelimit-limit": "100"}, None),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "60"}, Allowance(3, 60.0)),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "1790000030"}, Allowance(3, 30.0)),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "1790000030000"}, Allowance(3, 30.0)),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "5"}, Allowance(0, 5.0)),
        ({"x-rate-limit-remaining": "1", "x-rate-limit-reset": "5"}, Allowance(1, 5.0)),
        ({"ratelimit": '"default";r=50;t=30'}, Allowance(50, 30.0)),
        ({"ratelimit": '"day";r=900;t=8000, "second";r=0;t=1'}, Allowance(0, 1.0)),
        ({"ratelimit": "nonsense"}, None),
        ({"ratelimit": "limit=100, remaining=7, reset=12"}, Allowance(7, 12.0)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.5"}, Allowance(0, 1.5)),
        ({"x-shopify-shop-api-call-limit": "39/40"}, Allowance(1, 0.5)),
        ({"x-shopify-shop-api-call-limit": "400/400"}, Allowance(0, 0.05)),
        ({"x-shopify-shop-api-call-limit": "many"}, None),
        ({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "60"}, None),
    ],
)
def test_the_usual_headers_tell_what_is_left(headers, expected):
    assert allowance(headers, NOW) == expected


def test_a_leaking_bucket_tells_what_fits_into_it():
    read = leaking("X-Shop-Api-Call-Limit", 2.0)
    assert read({"x-shop-api-call-limit": "38/40"}, NOW) == Allowance(2, 0.5)
    assert read({"x-shop-api-call-limit": "40/40"}, NOW) == Allowance(0, 0.5)
    assert read({}, NOW) is None
    assert read({"x-shop-api-call-limit": "full"}, NOW) is None


def sent(pace: Pace, seconds: float, step_s: float = 0.01) -> int:
    """How many requests go in so many seconds when somebody always wants to send."""
    count, now_s = 0, 100.0
    for _ in range(round(seconds / step_s)):
        while pace.wait_s(now_s) == 0.0 and count < 100_000:
            pace.take(now_s)
            count += 1
            if pace.wait_s(now_s) == 0.0 and count > 50_000:
                return count
        now_s += step_s
    return count


def test_no_more_goes_than_the_rate_allows_after_a_first_burst():
    assert sent(Pace(5.0), 10.0) == pytest.approx(5 + 50, abs=1)
    assert sent(Pace(5.0, burst=1), 10.0) == pytest.approx(1 + 50, abs=1)
    assert sent(Pace(0.5), 10.0) == pytest.approx(1 + 5, abs=1)


def test_control_without_a_rate_everything_goes():
    assert sent(Pace(), 10.0) > 50_000


def test_the_wait_is_as_long_as_the_rate_says():
    pace = Pace(2.0, burst=1)
    pace.take(10.0)
    assert pace.wait_s(10.0) == pytest.approx(0.5)
    assert pace.wait_s(10.4) == pytest.approx(0.1)
    assert pace.wait_s(10.5) == 0.0


def test_after_a_hold_nothing_goes_until_it_is_over():
    pace = Pace()
    pace.hold(7.0, 10.0)
    pace.hold(2.0, 10.0)  # a shorter one takes nothing back
    assert (pace.wait_s(10.0), pace.wait_s(16.0), pace.wait_s(17.0)) == (7.0, 1.0, 0.0)


def test_what_a_vendor_has_left_is_used_up_and_then_awaited():
    pace = Pace()
    pace.learn(Allowance(3, 60.0), in_flight=1, now_s=10.0)
    for _ in range(2):
        assert pace.wait_s(10.0) == 0.0
        pace.take(10.0)
    assert pace.wait_s(10.0) == 60.0
    assert pace.wait_s(70.0) == 0.0  # a new window
