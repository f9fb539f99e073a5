"""The fault dials of a twin, and the dice that decide by seed when one strikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from typing import Any, TypeVar

from crossdock.faults import Misconfigured

__all__ = ["Dials", "Dice", "turned"]


@dataclass(frozen=True, slots=True)
class Dials:
    """How badly the twin behaves. Shares are probabilities from 0 to 1; 0 everywhere is a clean run.

    The first seven concern a request that reaches the twin, the last four an event that it pushes.
    """

    drop: float = 0.0  #: hang up before anything is done
    delay: float = 0.0  #: wait `delay_s` before doing it
    delay_s: float = 0.2
    throttle: float = 0.0  #: 429 with Retry-After `retry_after_s`, nothing done
    retry_after_s: int = 1
    fail: float = 0.0  #: 500, nothing done
    late: float = 0.0  #: do it, then answer after `late_s`, or hang up without an answer when that is None
    late_s: float | None = None
    malformed: float = 0.0  #: do it, then give an answer that cannot be read
    push_drop: float = 0.0  #: never push this event; it stands in the feed only
    duplicate: float = 0.0  #: push the event twice
    reorder: float = 0.0  #: push the event after the one that follows it
    hold_s: float = 0.3  #: how long a reordered event waits for a follower


class Dice:
    """Chance that depends on the seed and on what is asked, never on what was asked before."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def share(self, what: str, which: object) -> float:
        """A number from 0 up to but not including 1, always the same for the same question."""
        digest = blake2b(f"{self._seed}/{what}/{which}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def falls(self, what: str, which: object, probability: float) -> bool:
        """Whether `what` happens to `which`, given how probable it is."""
        return probability > 0 and self.share(what, which) < probability


D = TypeVar("D", bound=Dials)
_SHARES = frozenset(
    [
        "drop",
        "delay",
        "throttle",
        "fail",
        "late",
        "malformed",
        "push_drop",
        "duplicate",
        "reorder",
        "miscount",
    ]
)
_SECONDS = frozenset(("delay_s", "late_s", "hold_s", "work_interval_s"))
_COUNTS = {"retry_after_s": 0, "wave_orders": 1}  # whole numbers, and the least of each


def turned(dials: D, changes: Mapping[str, Any]) -> D:
    """The dials with some of them turned. Raises Misconfigured for a dial or a value that does not exist."""
    names = {f.name for f in fields(dials)}
    for name, value in changes.items():
        if name not in names:
            raise Misconfigured(
                f"there is no dial {name!r}", path=name, fix=f"use one of {', '.join(sorted(names))}"
            )
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in _SHARES and not (number and 0 <= value <= 1):
            raise Misconfigured(f"dial {name!r} is {value!r}", path=name, fix="give a share from 0 to 1")
        if name in _SECONDS and not (number and value >= 0) and not (name == "late_s" and value is None):
            raise Misconfigured(f"dial {name!r} is {value!r}", path=name, fix="give seconds, 0 or more")
        least = _COUNTS.get(name)
        if least is not None and not (number and isinstance(value, int) and value >= least):
            raise Misconfigured(
                f"dial {name!r} is {value!r}", path=name, fix=f"give a whole number, {least} or more"
            )
    return replace(dials, **changes)
