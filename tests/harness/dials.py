"""The ways in which a target can misbehave, each a dial."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(slots=True)
class Dials:
    """Rates are between 0 and 1 per request; times in seconds."""

    seed: int = 1
    busy_rate: float = 0.0  #: 503, nothing applied; `find` gets it, too
    throttle_rate: float = 0.0  #: 429 with Retry-After, nothing applied
    retry_after_s: int = 1
    reject_rate: float = 0.0  #: 422, nothing applied
    blank_rate: float = 0.0  #: 500, nothing applied: unclear, and truly absent
    vanish_rate: float = 0.0  #: applied, then no trustworthy answer, as `vanish_how` says
    vanish_how: str = "mixed"  #: 500 | 302 | drop | timeout | mixed
    latency_s: float = 0.0  #: until the answer; the effect stands at once
    find_lag_s: float = 0.0  #: how long an applied order stays invisible to `find`
    dedupe: bool = True  #: a known Idempotency-Key gets its first answer and no second effect
    tell_id: bool = True  #: whether the answer carries the target's own id

    def turned(self, changes: dict[str, Any]) -> None:
        """Sets the dials that are named. Raises KeyError for a dial that does not exist."""
        known = {dial.name for dial in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise KeyError(name)
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """All dials by name."""
        return asdict(self)
