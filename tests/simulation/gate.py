"""What one process may ask of one system at a time: concurrency, rate, Retry-After, breaker."""

from __future__ import annotations

from collections import deque
from email.utils import parsedate_to_datetime

from crossdock.faults import InDoubt, TryLater
from crossdock.kit.http import Response
from tests.simulation.network import Sent
from tests.simulation.site import Plan

_DOWN = frozenset({502, 503, 504})
#: Failures in a row that open the breaker, and its first pause.
_FAILURES_MAX, _PAUSE_S = 10, 0.5
_SLACK_S = 0.002


class Gate:
    """The limits of one system as they look from the wire."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._out: dict[Sent, bool] = {}  # on the wire -> it left while the breaker was open
        self._held_until_s = 0.0
        self._lately: deque[float] = deque(maxlen=200)
        self._failures = 0
        self._opened_s = 0.0

    def leaving(self, sent: Sent, now_s: float) -> None:
        """A request leaves."""
        plan, where = self._plan, f"{sent.process.name} to {sent.system}"
        assert len(self._out) < plan.concurrency, f"{where}: more than {plan.concurrency} at once"
        early_s = self._held_until_s - now_s
        assert early_s <= _SLACK_S, f"{where}: {early_s:.2f} s before Retry-After was over"
        if plan.rate_per_s is not None:
            since = sum(at_s > now_s - 1 for at_s in self._lately)
            most = plan.rate_per_s * 1.1 + 2
            assert since < most, f"{where}: {since} within a second, {plan.rate_per_s} are allowed"
        self._lately.append(now_s)
        open_ = self._failures >= _FAILURES_MAX
        if open_:
            assert not any(self._out.values()), f"{where}: a second probe while the breaker is open"
            pause_s = now_s - self._opened_s
            assert pause_s >= _PAUSE_S - _SLACK_S, (
                f"{where}: a probe {pause_s:.2f} s after the breaker opened"
            )
        self._out[sent] = open_

    def dropped(self, sent: Sent) -> None:
        """Nobody waits for the answer any more."""
        self._out.pop(sent, None)

    def heard(self, sent: Sent, outcome: Response | Exception, now_s: float) -> None:
        """An answer, or none, is known."""
        probe = self._out.pop(sent, False)
        failed = isinstance(outcome, TryLater | InDoubt) or (
            isinstance(outcome, Response) and outcome.status in _DOWN
        )
        open_ = self._failures >= _FAILURES_MAX
        if failed and (probe or not open_):
            self._failures += 1
            self._opened_s = now_s
        elif not failed and (probe or not open_):
            self._failures = 0
        if isinstance(outcome, Response) and outcome.status == 429:
            self._held_until_s = max(self._held_until_s, now_s + min(_asked_s(outcome), 300.0))


def _asked_s(answer: Response) -> float:
    """Seconds that a 429 asks for."""
    text = answer.headers.get("retry-after")
    if text is None:
        return 1.0
    if text.isdecimal():
        return float(text)
    at = parsedate_to_datetime(text) - parsedate_to_datetime(answer.headers["date"])
    return max(at.total_seconds(), 0.0)
