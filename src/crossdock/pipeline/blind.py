"""Guards that guard nothing, for control runs: each breaks one promise, so that a test of it must fail.

Assembly wires them only under CROSSDOCK_UNSAFE_TEST=1. The guards themselves contain no switch.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable

from crossdock.journal.contract import Accepted, Arrival, Known, Verdict
from crossdock.kit.connector import Unclear
from crossdock.message.records import Transmission

#: How long a blind commit holds an arrival back after it was answered.
_HELD_BACK_S = 0.3


class NoDedup:
    """Takes every arrival for a new one."""

    def judge(
        self,
        arrival: Arrival,
        *,
        by_key: Known | None,
        same_version: Known | None,
        latest: Known | None,
        same_as: Callable[[int], bool],
    ) -> tuple[Verdict, int, int]:
        """The next version, whatever came."""
        return Verdict.NEW, latest.version + 1 if latest else 1, 0


class NoFence:
    """Lets a process write on that was taken over."""

    def holds(self, found: int | None, own: int) -> bool:
        """Always."""
        return True

    def sure(self, now_s: float, until_s: float) -> bool:
        """Always."""
        return True


class NoCommit:
    """Answers before anything is on disk."""

    def __init__(self) -> None:
        self._count = 0

    async def durable(self, accept: Callable[[], Future[Accepted]]) -> Accepted:
        """An answer at once; the commit comes later, if the process still lives."""
        self._count += 1
        asyncio.get_running_loop().call_later(_HELD_BACK_S, accept)
        return Accepted(Verdict.NEW, -self._count)


class NoOrder:
    """Gives every transmission a lane of its own."""

    def lane_key(self, transmission: Transmission) -> str:
        """A lane that nobody shares."""
        return f"t{transmission.id}"


class NoReservation:
    """Sets stock aside whether it is there or not."""

    def free(self, there: int) -> int:
        """Whatever anybody wants."""
        return max(there, 1 << 60)

    def least(self, kept: int) -> int:
        """Nothing, and less."""
        return min(kept, -(1 << 62))


class NoDoubt:
    """Takes an unclear outcome for a failure and sends again as if nothing had been sent."""

    def way(self, unclear: Unclear) -> tuple[Unclear, int]:
        """Again, under a new key."""
        return Unclear.RESEND, 1
