"""The circuit breaker that keeps the hub from calling a system that is down, and the back-off between sends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random


class BreakerState(Enum):
    """Whether requests to a system go out."""

    CLOSED = "closed"  #: everything goes
    OPEN = "open"  #: nothing goes until the pause is over
    HALF_OPEN = "half_open"  #: one probe is under way; its outcome decides


@dataclass(frozen=True, slots=True)
class BreakerStanding:
    """What a breaker lets through, and why; times in seconds."""

    state: BreakerState
    failures: int  #: in a row, while closed
    opened: int  #: how often since the start
    probes: int  #: sent since it opened
    probes_good: int  #: of those, answered in a row
    since_s: float  #: on the caller's clock: when it took this state
    wait_s: float  #: until the next probe
    says: str  #: the last failure, in words; empty: none since it closed


class Breaker:
    """Opens after `failures_max` failures in a row; then one probe at a time, with a pause that doubles.

    `probes_needed` answers in a row close it. Pure but for its own state; times are seconds of a clock
    that never goes back.
    """

    def __init__(
        self, *, failures_max: int = 10, probes_needed: int = 1, first_s: float = 0.5, max_s: float = 5.0
    ) -> None:
        assert failures_max > 0, "a breaker that opens by itself"
        assert probes_needed > 0, "a breaker that closes by itself"
        assert 0 < first_s <= max_s, "the first pause is the shortest"
        self._failures_max = failures_max
        self._probes_needed = probes_needed
        self._opened = self._probes = self._good = 0
        self._since_s = 0.0
        self._says = ""
        self._first_s = first_s
        self._max_s = max_s
        self._pause_s = first_s
        self._failures = 0
        self._until_s = 0.0
        self.state = BreakerState.CLOSED

    def wait_s(self, now_s: float) -> float:
        """Seconds until a request may be tried; 0 now. While a probe is out, the pause it would cause."""
        if self.state is BreakerState.CLOSED:
            return 0.0
        if self.state is BreakerState.OPEN:
            return max(self._until_s - now_s, 0.0)
        return self._pause_s

    def begin(self, now_s: float) -> bool:
        """Notes that a request goes; True when it is the probe. Only after `wait_s` gave 0."""
        assert self.wait_s(now_s) == 0.0, "the breaker was not asked"
        if self.state is BreakerState.CLOSED:
            return False
        self.state = BreakerState.HALF_OPEN
        self._probes += 1
        return True

    def succeeded(self, now_s: float, *, probe: bool) -> None:
        """The system answered. What was sent before it opened says nothing of now, so only probes close it."""
        if self.state is BreakerState.CLOSED:
            self._failures = 0
        elif probe:
            self._good += 1
            if self._good < self._probes_needed:
                self.state, self._until_s = BreakerState.OPEN, now_s  # the next probe may go at once
                return
            self._failures = 0
            self._pause_s = self._first_s
            self.state, self._since_s, self._says = BreakerState.CLOSED, now_s, ""

    def failed(self, now_s: float, *, probe: bool, says: str = "") -> None:
        """The system did not answer, or said that it cannot; `says` in words, without secrets."""
        self._says = says or self._says
        if probe:
            self._good = 0
            self._pause_s = min(self._pause_s * 2, self._max_s)
            self._open(now_s)
        elif self.state is BreakerState.CLOSED:
            self._failures += 1
            if self._failures >= self._failures_max:
                self._open(now_s)

    def abandoned(self, now_s: float, *, probe: bool) -> None:
        """The request ended without telling anything (cancelled by us): the next one may probe at once."""
        if probe:
            self.state = BreakerState.OPEN
            self._until_s = now_s

    def standing(self, now_s: float) -> BreakerStanding:
        """What is let through, and why."""
        return BreakerStanding(
            self.state, self._failures, self._opened, self._probes, self._good, self._since_s,
            self.wait_s(now_s), self._says,
        )  # fmt: skip

    def _open(self, now_s: float) -> None:
        if self.state is BreakerState.CLOSED:
            self._opened += 1
            self._probes = self._good = 0
            self._since_s = now_s
        self.state = BreakerState.OPEN
        self._failures = 0
        self._until_s = now_s + self._pause_s


def back_off_s(failures: int, *, first_s: float, max_s: float, random: Random) -> float:
    """Seconds before the next send after so many failures: first × 2^(n-1), capped, ±30%. Pure for a seeded random."""
    assert failures >= 1, "a back-off follows a failure"
    doubled = min(failures - 1, 64)  # beyond this the cap holds, and floats would overflow at last
    return min(first_s * 2.0**doubled, max_s) * random.uniform(0.7, 1.3)
