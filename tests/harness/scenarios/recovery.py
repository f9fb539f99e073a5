"""How long the promises of a run were late: from each blow until all that was accepted before it had arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.harness.arrivals import Applied, Arrival
from tests.harness.sender import Accepted
from tests.harness.stage import Stage

#: How soon every order accepted before a strike must have arrived, for all but one in twenty strikes.
RECOVERY_MAX_S = 10.0


@dataclass(frozen=True, slots=True)
class Strike:
    """One blow; `at_s` on the machine's monotonic clock."""

    at_s: float
    how: str
    host: str


async def recovered(world: Stage, applied: Applied) -> None:
    """Waits until all that was accepted up to now has arrived; what takes too long is found in the record."""
    open_ = set(world.shop.sent.accepted)
    give_up_s = time.monotonic() + 3 * RECOVERY_MAX_S
    while open_ and time.monotonic() < give_up_s:
        await asyncio.sleep(0.1)
        await world.target.stats()
        open_ -= applied.look()


def recoveries(
    strikes: Iterable[Strike], accepted: Sequence[Accepted], arrivals: Sequence[Arrival]
) -> list[float]:
    """For each strike: how long until everything accepted before it had arrived."""
    first = {arrival.number: arrival.at_s for arrival in reversed(arrivals) if arrival.applied}
    found: list[float] = []
    for strike in strikes:
        open_ = [
            first[one.order.number] - strike.at_s for one in accepted
            if one.at_s <= strike.at_s and first.get(one.order.number, 0.0) > strike.at_s
        ]  # fmt: skip
        found.append(max(open_, default=0.0))
    return found


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which that share of them lies; 0 of none."""
    ranked = sorted(values)
    return ranked[int(share * (len(ranked) - 1))] if ranked else 0.0


def quantiles(values: Sequence[float]) -> str:
    """Median, 95th percentile and longest, for people."""
    return " ".join(f"{quantile(values, share):.2f}" for share in (0.5, 0.95, 1.0)) if values else "-"


def too_slow(took_s: Sequence[float]) -> list[str]:
    """What to say when more than one strike in twenty took longer than it may."""
    return [f"recovery took {quantiles(took_s)} s"] if quantile(took_s, 0.95) > RECOVERY_MAX_S else []
