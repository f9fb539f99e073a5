"""Retention: what has ended is taken out once it is old enough, a little at a time, and the ledger tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from crossdock.charter.charter import Retention
from crossdock.governance.erasing import put
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql import erasing
from crossdock.journal.sql.erasing import Found
from crossdock.journal.sql.site import SiteJournal

_log = structlog.get_logger("crossdock.retention")
_DAY_MS = 86_400_000
#: What one step takes out or looks at, and the pauses: between steps of a round, between two rounds, after trouble.
STEP, _STEP_S, _ROUND_S = 200, 0.5, 3_600.0
WHO = "retention"


@dataclass(frozen=True, slots=True)
class _Look:
    """One kind of thing with its age, and how the next of it are found beyond a place in the ledger."""

    what: str
    days: int
    find: Callable[[int, int, frozenset[int]], Callable[[erasing.Connection], tuple[Found, int]]]


class Retainer:
    """Takes out what is beyond its time. One process of a site does it; a step is one small commit."""

    def __init__(
        self,
        journal: SiteJournal,
        now_ms: Callable[[], int],
        rules: Retention,
        *,
        may: Callable[[], bool] = lambda: True,
        also: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`may`: whether this process is the one that does it; `also`: what else is ended in each round."""
        self._journal = journal
        self._now_ms = now_ms
        self._rules = rules
        self._may = may
        self._also = also
        self._task: asyncio.Task[None] | None = None
        self.last: dict[str, int] = {}  #: what the last round took out, by kind

    def start(self) -> None:
        """Begins to look, once an hour."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="retention")

    async def stop(self) -> None:
        """Ends after the step that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            try:
                if self._may():
                    if self._also is not None:
                        await self._also()
                    await self.round(pause_s=_STEP_S)
            except StoreDown as down:
                _log.warning("retention waits for the store", says=str(down))
            except Exception:  # ends in the next round: what is beyond its time must not stay until a restart
                _log.exception("a round of retention stumbled")
            await asyncio.sleep(_ROUND_S)

    async def round(self, *, pause_s: float = 0.0) -> dict[str, int]:
        """Takes out all that is beyond its time now; gives how much, by kind. Raises StoreDown."""
        done: dict[str, int] = {}
        for look in self._looks():
            before_ms, after = self._now_ms() - look.days * _DAY_MS, 0
            under_way = await self._journal.view(partial(erasing.captures_under_way, before_ms=before_ms))
            while True:
                found, following = await self._journal.view(look.find(before_ms, after, under_way))
                count = await self._take_out(look, found)
                done[look.what] = done.get(look.what, 0) + count
                if not following and (not count or look.what != "refused bodies"):
                    break
                after = following
                await asyncio.sleep(pause_s)
        self.last = done
        return done

    def _looks(self) -> list[_Look]:
        rules = self._rules
        looks = [
            _Look(
                "refused bodies",
                rules.refused_days,
                lambda ms, _, __: lambda c: (erasing.refused_before(c, ms, STEP), 0),
            )
        ]
        if rules.bytes_days is not None:
            looks.append(_Look("bytes", rules.bytes_days, self._ended(bytes_too=True, documents_too=False)))
        if rules.documents_days is not None:
            looks.append(
                _Look("documents", rules.documents_days, self._ended(bytes_too=False, documents_too=True))
            )
        return looks

    @staticmethod
    def _ended(
        *, bytes_too: bool, documents_too: bool
    ) -> Callable[[int, int, frozenset[int]], Callable[[erasing.Connection], tuple[Found, int]]]:
        def find(
            before_ms: int, after: int, under_way: frozenset[int]
        ) -> Callable[[erasing.Connection], tuple[Found, int]]:
            return lambda c: erasing.ended_before(
                c,
                before_ms,
                after,
                STEP,
                bytes_too=bytes_too,
                documents_too=documents_too,
                under_way=under_way,
            )

        return find

    async def _take_out(self, look: _Look, found: Found) -> int:
        if not found.count:
            return 0
        why, now_ms = f"older than {look.days} days", self._now_ms()
        rows = await self._journal.view(lambda c: erasing.rows_of(c, found, why, now_ms))
        if not rows[1]:
            return 0
        changes = self._journal.changes()
        says = f"retention took out {len(rows[1])} {look.what} older than {look.days} days"
        put(changes, rows, says, {"who": WHO, "act": "retain", "after": {look.what: len(rows[1])}})
        await self._journal.submit(changes)
        return len(rows[1])
