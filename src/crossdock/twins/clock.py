"""The time a twin lives in: the machine's, or one that moves only when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["EPOCH", "Clock", "rfc3339"]

#: Where a simulated clock begins unless told otherwise.
EPOCH = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class Clock:
    """Tells the time in UTC; simulated when it is given a start."""

    def __init__(self, start: datetime | None = None) -> None:
        self._at = start

    @property
    def simulated(self) -> bool:
        """Whether the time moves only by `advance`."""
        return self._at is not None

    def now(self) -> datetime:
        """The present moment, with zone UTC."""
        return self._at if self._at is not None else datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Moves a simulated clock forward; time never runs back."""
        assert self._at is not None, "only a simulated clock is moved by hand"
        assert seconds >= 0, "time never runs back"
        self._at += timedelta(seconds=seconds)


def rfc3339(at: datetime) -> str:
    """The moment as text, with milliseconds and `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
