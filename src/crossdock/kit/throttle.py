"""What a vendor's answers say about its limits, and the pace the hub keeps because of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

_EPOCH_FROM = 1_000_000_000  # a reset beyond this many seconds is a date, not a duration
_WAIT_MAX_S = 86_400.0
_WINDOW_MAX_S = 300.0  # a longer one is asked about again
_NO_RATE_S = 0.25  # while another process has the whole rate: asked again after this


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may still be sent: `left` requests within the next `for_s` seconds."""

    left: int
    for_s: float


_BUCKET, _BUCKET_EMPTY_S = "x-shopify-shop-api-call-limit", 20.0


#: Answer headers (lower case) and the wall clock (seconds since 1970) to what they allow; None when they do not tell.
ReadAllowance = Callable[[Mapping[str, str], float], Allowance | None]


def retry_after_s(headers: Mapping[str, str], wall_s: float) -> float | None:
    """Seconds that the answer asks us to wait (RFC 9110, section 10.2.3); None when it does not tell.

    A date is read against the answer's own `Date`, so that a server's wrong clock does not matter.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    seconds = _number(text)
    if seconds is None:
        until_s = _date_s(text)
        if until_s is None:
            return None
        seconds = until_s - (_date_s(headers.get("date", "")) or wall_s)
    return min(max(seconds, 0.0), _WAIT_MAX_S)


def allowance(headers: Mapping[str, str], wall_s: float) -> Allowance | None:
    """What the usual headers allow: `RateLimit` of the IETF drafts, `RateLimit-*`, `X-RateLimit-*`.

    Source: draft-ietf-httpapi-ratelimit-headers (03: three fields; 06: one with names; 10: structured).
    """
    if "ratelimit" in headers:
        return _structured(headers["ratelimit"])
    for prefix in ("ratelimit-", "x-ratelimit-", "x-rate-limit-"):
        left = headers.get(prefix + "remaining")
        reset = headers.get(prefix + "reset") or headers.get(prefix + "reset-after")
        if left is not None and reset is not None:
            return _plain(left, reset, wall_s)
    if _BUCKET in headers:
        return _bucket(headers, wall_s)
    return None


def _bucket(headers: Mapping[str, str], wall_s: float) -> Allowance | None:
    """A shop's bucket, whatever its size: it leaks empty in the same time.

    Source: shopify.dev, "API limits": 40 leak 2 a second, 80 leak 4, 400 leak 20.
    """
    size = _number(headers[_BUCKET].partition("/")[2])
    return leaking(_BUCKET, size / _BUCKET_EMPTY_S)(headers, wall_s) if size else None


def leaking(header: str, leaks_per_s: float) -> ReadAllowance:
    """A reader for buckets that tell `used/size` and leak at a known rate, as some shop systems do."""
    name = header.lower()

    def read(headers: Mapping[str, str], _wall_s: float) -> Allowance | None:
        used, _, size = headers.get(name, "").partition("/")
        in_use, room = _number(used), _number(size)
        if in_use is None or room is None:
            return None
        return Allowance(max(int(room - in_use), 0), 1.0 / leaks_per_s)

    return read


class Pace:
    """How fast requests to one system may follow each other: our own rate, and what the vendor last said.

    Pure but for its own state: every method takes `now_s` of a clock that never goes back.
    """

    def __init__(self, rate_per_s: float | None = None, burst: float | None = None) -> None:
        assert rate_per_s is None or rate_per_s > 0, "a rate of nothing is a pause, not a pace"
        self._rate_per_s = rate_per_s
        self._burst = max(1.0, burst if burst is not None else (rate_per_s or 1.0))
        self._tokens = self._burst
        self._at_s = -math.inf
        self._held_until_s = -math.inf
        self._left = 0
        self._window_until_s = -math.inf

    def allot(self, rate_per_s: float, burst: float, now_s: float) -> None:
        """Another rate from now on; 0 is none at all. What a lower rate saved up is not spent at a higher one."""
        assert rate_per_s >= 0, "a rate is never less than nothing"
        rises = self._rate_per_s is not None and rate_per_s > self._rate_per_s
        self._tokens = (
            0.0 if rises else min(self._filled(now_s), burst) if self._rate_per_s is not None else 0.0
        )
        self._at_s = now_s
        self._rate_per_s, self._burst = rate_per_s, max(1.0, burst)

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next request may go; 0 now."""
        wait = self._held_until_s - now_s
        if self._window_until_s > now_s and self._left <= 0:
            wait = max(wait, self._window_until_s - now_s)
        if self._rate_per_s == 0:
            wait = max(wait, _NO_RATE_S)
        elif self._rate_per_s is not None:
            missing = 1.0 - self._filled(now_s)
            wait = max(wait, missing / self._rate_per_s) if missing > 1e-9 else wait
        return max(wait, 0.0)

    def take(self, now_s: float) -> None:
        """Notes that one request goes now."""
        if self._rate_per_s is not None:
            self._tokens = self._filled(now_s) - 1.0
            self._at_s = now_s
        self._left -= 1

    def hold(self, wait_s: float, now_s: float) -> None:
        """Nothing goes for so long, because the vendor said so."""
        self._held_until_s = max(self._held_until_s, now_s + wait_s)

    def learn(self, allowed: Allowance, in_flight: int, now_s: float) -> None:
        """Takes over what the vendor allows; requests still under way are counted against it."""
        self._left = allowed.left - in_flight
        self._window_until_s = now_s + min(allowed.for_s, _WINDOW_MAX_S)

    def _filled(self, now_s: float) -> float:
        assert self._rate_per_s is not None
        return min(self._burst, self._tokens + (now_s - self._at_s) * self._rate_per_s)


def _plain(left: str, reset: str, wall_s: float) -> Allowance | None:
    remaining, until = _number(left), _number(reset)
    if remaining is None or until is None:
        return None
    if until > _EPOCH_FROM * 1000:
        until /= 1000.0
    if until > _EPOCH_FROM:
        until -= wall_s
    return Allowance(max(int(remaining), 0), max(until, 0.0))


def _structured(value: str) -> Allowance | None:
    """The tightest of `"name";r=50;t=30, …`: r requests left, t seconds; or `limit=…, remaining=50, reset=30`."""
    found = list[Allowance]()
    named = dict[str, str](re.findall(r"\b(remaining|reset)=(\d{1,9})\b", value))
    if len(named) == 2:
        return Allowance(int(named["remaining"]), float(named["reset"]))
    for part in value.split(",")[:16]:
        numbers = {name: float(number) for name, number in re.findall(r";\s*([rt])=(\d{1,9})\b", part)}
        if "r" in numbers and "t" in numbers:
            found.append(Allowance(int(numbers["r"]), numbers["t"]))
    return min(found, key=lambda one: (one.left, -one.for_s), default=None)


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if re.fullmatch(r"\d{1,15}(\.\d{1,9})?", text) else None


def _date_s(text: str) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
