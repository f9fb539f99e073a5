"""A pace learned from a system that throttles: found by what it takes, kept a little below, tried again with time."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum

#: Answers that are looked at together; fewer could be chance.
SAMPLE = 50
#: Share of throttled ones in a sample from which on our own pace is to blame.
TOO_MANY = 0.3
#: Seconds over which it is counted what the system takes.
_OVER_S = 10
#: Of what a system took, so much is sent; after a single throttled answer the pace falls to so much of itself.
_BELOW, _DECREASE = 0.9, 0.85
#: So much of the pace at the last decrease is added each second; twice as much after each quiet stretch.
_INCREASE, _QUIET_S = 0.01, 30.0
#: Decreases follow each other no faster: what is under way tells of the same excess.
_DECREASE_EVERY_S = 1.0
#: Slower is no pace: a system that takes less says when it wants to be asked again.
LEAST_PER_S = 0.5
#: Beyond so many times the pace that was too fast the lesson is over.
_FORGOTTEN_AT = 8.0
#: Answers looked at to see whether a slower pace helps, and the share of throttled ones from which on it does not:
#: first right after a cut, then as long as it is kept.
_FIRST_TRIAL, _TRIAL = (12, 0.25), (40, 0.09)
#: So much is taken between two decreases; what is throttled sooner is no consequence of the pace.
_BETWEEN = 20
#: Trials in a row that did not help: the system throttles for a reason of its own, and is left to say when.
_FUTILE_TRIALS, _FUTILE_FIRST_S, _FUTILE_MAX_S = 3, 60.0, 960.0


class Lesson(Enum):
    """What is held of a system's pace."""

    FREE = "free"  #: it takes what it gets
    LEARNED = "learned"  #: it throttled, and less is sent
    FUTILE = "futile"  #: it throttles however little is sent


@dataclass(frozen=True, slots=True)
class AdaptiveStanding:
    """What was learned; `per_s` None: nothing, or nothing of use."""

    lesson: Lesson
    per_s: float | None
    throttled: int  #: answers since the start that asked for a slower pace
    since_s: float  #: on the caller's clock: when it was last asked for


class Adaptive:
    """Additive increase, multiplicative decrease, between `LEAST_PER_S` and no limit at all.

    It begins where the system was seen to take what it got, not at a guess. Chance throttling, which hits
    any pace alike, teaches nothing. Pure but for its own state: `now_s` is of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._per_s: float | None = None
        self._too_fast = 0.0  #: the pace at the last decrease
        self._tokens = 1.0
        self._at_s = -math.inf
        self._sample: deque[bool] = deque(maxlen=SAMPLE)
        self._took: dict[int, int] = {}  #: second -> what the system took in it; only the last `_OVER_S`
        self._began_s = math.inf  #: since when `_took` counts
        self._cut_s = -math.inf
        self._taken_since = 0  #: what the system took since the last decrease
        self._trial = [0, 0]  #: answers at a learned pace since the last look, and throttled ones among them
        self._proven = False  #: the pace was seen to help
        self._trials = 0  #: in a row, that did not help
        self._futile_s = _FUTILE_FIRST_S
        self._futile_until_s = -math.inf
        self._throttled = 0
        self._throttled_s = -math.inf

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next request may go; 0 now."""
        if self._per_s is None:
            return 0.0
        missing = 1.0 - self._filled(now_s)
        return missing / self._per_s if missing > 1e-9 else 0.0

    def take(self, now_s: float) -> None:
        """Notes that one request goes now."""
        self._began_s = min(self._began_s, now_s)
        if self._per_s is not None:
            self._tokens = self._filled(now_s) - 1.0
            self._grow(now_s)
        self._at_s = now_s

    def answered(self, now_s: float, *, throttled: bool) -> None:
        """Notes what the system said: that it took a request, or that it wants fewer."""
        self._sample.append(throttled)
        if self._per_s is not None and self._in_vain(now_s, throttled=throttled):
            return
        if not throttled:
            self._count(now_s)
            self._taken_since += 1
            return
        self._throttled += 1
        self._throttled_s = now_s
        if now_s - self._cut_s < _DECREASE_EVERY_S or now_s < self._futile_until_s:
            return
        if len(self._sample) == SAMPLE and sum(self._sample) >= TOO_MANY * SAMPLE:
            self._cut(now_s)
        elif self._per_s is not None and self._taken_since >= _BETWEEN:
            self._set(self._per_s * _DECREASE, now_s)

    def standing(self, now_s: float) -> AdaptiveStanding:
        """What is held of the system's pace."""
        lesson = Lesson.LEARNED if self._per_s is not None else Lesson.FREE
        if now_s < self._futile_until_s:
            lesson = Lesson.FUTILE
        return AdaptiveStanding(lesson, self._per_s, self._throttled, self._throttled_s)

    # -- the pace ------------------------------------------------------------

    def _cut(self, now_s: float) -> None:
        """Down to what the system took of late."""
        self._set(self._taken_per_s(now_s) * _BELOW, now_s)
        self._sample.clear()
        self._took.clear()
        self._began_s = now_s
        self._proven, self._trial = False, [0, 0]

    def _in_vain(self, now_s: float, *, throttled: bool) -> bool:
        """Whether going slower turns out not to help; then the system itself says when it wants to be asked."""
        self._trial[0] += 1
        self._trial[1] += throttled
        answers, bad = self._trial
        enough, too_many = _TRIAL if self._proven else _FIRST_TRIAL
        if answers < enough:
            return False
        self._trial = [0, 0]
        if bad < too_many * answers:
            if self._proven:
                self._trials, self._futile_s = 0, _FUTILE_FIRST_S
            self._proven = True
            return False
        self._trials += 1
        if self._trials < _FUTILE_TRIALS:
            self._cut(now_s)
            return True
        self._per_s, self._trials = None, 0
        self._futile_until_s = now_s + self._futile_s
        self._futile_s = min(self._futile_s * 2, _FUTILE_MAX_S)
        self._sample.clear()
        return True

    def _set(self, per_s: float, now_s: float) -> None:
        self._too_fast = max(self._per_s or per_s, LEAST_PER_S)
        self._tokens = min(self._filled(now_s), 0.0) if self._per_s is not None else 0.0
        self._per_s = max(per_s, LEAST_PER_S)
        self._at_s = self._cut_s = now_s
        self._taken_since = 0

    def _grow(self, now_s: float) -> None:
        """A little faster with the time that passed, and faster yet after quiet stretches."""
        assert self._per_s is not None
        quiet_s = now_s - max(self._throttled_s, self._cut_s)
        step = _INCREASE * 2.0 ** min(quiet_s // _QUIET_S, 8.0)
        passed_s = min(max(now_s - self._at_s, 0.0), 1.0 / self._per_s, 1.0)
        grown = self._per_s + self._too_fast * step * passed_s
        self._per_s = grown if grown <= _FORGOTTEN_AT * self._too_fast else None

    def _filled(self, now_s: float) -> float:
        assert self._per_s is not None
        return min(1.0, self._tokens + (now_s - self._at_s) * self._per_s)

    def _count(self, now_s: float) -> None:
        second = int(now_s)
        self._took[second] = self._took.get(second, 0) + 1
        if len(self._took) > _OVER_S:
            self._took = {at: count for at, count in self._took.items() if at > second - _OVER_S}

    def _taken_per_s(self, now_s: float) -> float:
        """What the system took a second, pauses that it asked for included."""
        first_s = max(self._began_s, now_s - _OVER_S)
        taken = sum(count for at, count in self._took.items() if at >= int(first_s))
        return taken / max(now_s - first_s, 1.0)
