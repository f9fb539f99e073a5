"""The fault dials at work on requests, with a record of what each request met."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from crossdock.twins.dials import Dials, Dice
from crossdock.twins.door import Reply, Request

__all__ = ["Faulty", "Met"]

RECORD_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Met:
    """What one request met: `fault` is the dial that struck, `outcome` what was done."""

    request: int
    method: str
    target: str
    key: str | None
    attempt: str | None
    fault: str | None
    outcome: str
    status: int | None  #: None: no answer was given


class Faulty:
    """Stands before the twin's face and lets a share of the requests go wrong.

    Which request is struck depends on the seed and on its number alone, so that the same requests in
    the same order meet the same faults.
    """

    def __init__(
        self,
        face: Callable[[Request], Reply],
        busy: Callable[[int], Reply],
        failed: Callable[[], Reply],
        dials: Dials,
        dice: Dice,
    ) -> None:
        self.dials = dials
        self.record: deque[Met] = deque(maxlen=RECORD_MAX)
        self.counts: Counter[str] = Counter()
        self._face, self._busy, self._failed = face, busy, failed
        self._dice = dice
        self._count = 0

    async def handle(self, request: Request) -> Reply | None:
        """The answer to a request, if it gets one."""
        self._count += 1
        number, dials = self._count, self.dials

        def strikes(dial: str) -> bool:
            return self._dice.falls(dial, number, getattr(dials, dial))

        if strikes("drop"):
            return self._note(number, request, "drop", None, outcome="nothing")
        slow = strikes("delay")
        if slow:
            await asyncio.sleep(dials.delay_s)
        if strikes("throttle"):
            return self._note(number, request, "throttle", self._busy(dials.retry_after_s))
        if strikes("fail"):
            return self._note(number, request, "fail", self._failed())
        reply = self._face(request)
        if strikes("late"):
            if dials.late_s is None:
                return self._note(number, request, "late", None, outcome=reply.outcome)
            self._note(number, request, "late", reply)
            await asyncio.sleep(dials.late_s)
            return reply
        if strikes("malformed"):
            broken = replace(reply, body=reply.body[: len(reply.body) // 2] + b"\xff")
            return self._note(number, request, "malformed", broken)
        return self._note(number, request, "delay" if slow else None, reply)

    def _note(
        self, number: int, request: Request, fault: str | None, reply: Reply | None, *, outcome: str = ""
    ) -> Reply | None:
        met = Met(
            request=number,
            method=request.method,
            target=request.target,
            key=request.headers.get("idempotency-key"),
            attempt=request.headers.get("crossdock-attempt"),
            fault=fault,
            outcome=reply.outcome if reply is not None else outcome,
            status=reply.status if reply is not None else None,
        )
        self.record.append(met)
        self.counts[met.outcome] += 1
        if fault is not None:
            self.counts[f"fault:{fault}"] += 1
        return reply
