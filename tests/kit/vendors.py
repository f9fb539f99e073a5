"""Vendors that throttle, each in its own way, on a clock that is moved by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from crossdock.kit.adaptive import Adaptive
from crossdock.kit.throttle import Pace

#: Whether a vendor throttles a request that comes at a time in seconds.
Vendor = Callable[[float], bool]


def bucket(size: float, per_s: float) -> Vendor:
    """A bucket of tokens."""
    level, at = size, 0.0

    def throttles(now_s: float) -> bool:
        nonlocal level, at
        level, at = min(size, level + (now_s - at) * per_s), now_s
        if level < 1:
            return True
        level -= 1
        return False

    return throttles


def window(count: int, seconds: float) -> Vendor:
    """So many requests in each stretch of time."""
    seen: dict[int, int] = {}

    def throttles(now_s: float) -> bool:
        slot = int(now_s // seconds)
        seen[slot] = seen.get(slot, 0) + 1
        return seen[slot] > count

    return throttles


def by_chance(share: float) -> Vendor:
    """Throttles some, however few come."""
    dice = random.Random(1)
    return lambda _: dice.random() < share


@dataclass
class Run:
    """What came of a run: when each request went, and whether it was throttled."""

    sent: list[tuple[float, bool]] = field(default_factory=list)

    def took(self, from_s: float, to_s: float) -> float:
        """Requests a second that the vendor took."""
        return sum(not bad for at, bad in self.sent if from_s <= at < to_s) / (to_s - from_s)

    def throttled(self, from_s: float, to_s: float) -> float:
        """The share of requests that the vendor throttled."""
        among = [bad for at, bad in self.sent if from_s <= at < to_s]
        return sum(among) / max(len(among), 1)


def run(
    vendor: Vendor | Callable[[float], Vendor], seconds: float, *, adaptive: Adaptive | None,
    retry_after_s: float = 1.0, in_flight: int = 16, rate_per_s: float | None = None,
    answer_s: float = 0.02, start_s: float = 0.0,
) -> Run:  # fmt: skip
    """Somebody who always wants to send, `in_flight` at a time, and honours Retry-After."""
    made, now_s, pace = Run(), start_s, Pace(rate_per_s, burst=1)
    under_way: list[tuple[float, bool]] = []
    while now_s < start_s + seconds:
        for at, bad in [one for one in under_way if one[0] <= now_s]:
            under_way.remove((at, bad))
            if adaptive is not None:
                adaptive.answered(now_s, throttled=bad)
            if bad:
                pace.hold(retry_after_s, now_s)
        while len(under_way) < in_flight and pace.wait_s(now_s) == 0.0:
            if adaptive is not None:
                if adaptive.wait_s(now_s):
                    break
                adaptive.take(now_s)
            pace.take(now_s)
            bad = vendor(now_s)  # type: ignore[arg-type]
            made.sent.append((now_s, bad))  # type: ignore[arg-type]
            under_way.append((now_s + answer_s, bad))  # type: ignore[arg-type]
        now_s += 0.01
    return made
