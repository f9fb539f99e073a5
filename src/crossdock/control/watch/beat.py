"""The beat: a sign of life to somebody outside, given only while the hub truly works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog

from crossdock.faults import Fault
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql.site import SiteJournal
from crossdock.kit.http import Client
from crossdock.pipeline.bound import Clock

_log = structlog.get_logger("crossdock.beat")
#: Where the last beat is kept, among the cursors: a commit of its own, which proves that the store takes them.
_SYSTEM, _DOCUMENT = "", "beat"
_TIMEOUT_S = 10.0


class Beat:
    """Calls an address while `ails` finds nothing and a commit succeeds; else it is silent, and that is the sign."""

    def __init__(
        self,
        journal: SiteJournal,
        client: Client,
        clock: Clock,
        ails: Callable[[], str | None],
        *,
        every_s: float,
        method: str = "GET",
        is_ours: Callable[[], bool] = lambda: True,
    ) -> None:
        """`ails` says why the hub does not work now, or None; `is_ours` whether this process beats for the site."""
        self._journal = journal
        self._client = client
        self._clock = clock
        self._ails = ails
        self._every_s = every_s
        self._method = method
        self._is_ours = is_ours
        self._task: asyncio.Task[None] | None = None
        self.told = 0
        self.failed = 0
        self.withheld = 0
        self.last_ms: int | None = None  #: when it was last heard outside
        self.says: str | None = None  #: why it was not, the last time

    def start(self) -> None:
        """Begins to beat."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="beat")

    async def stop(self) -> None:
        """Is silent from now on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._client.close()

    async def once(self) -> bool:
        """One beat; True when it was heard."""
        try:
            ails = self._ails()
            if ails is None:
                async with asyncio.timeout(_TIMEOUT_S):
                    await self._prove()
        except (StoreDown, TimeoutError) as error:
            ails = str(error) or "the store gave no answer"
        if ails is not None:
            self.withheld += 1
            self._unheard(f"withheld: {ails}")
            return False
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                answer = await self._client.send(self._method, "")
        except (Fault, TimeoutError) as error:
            self.failed += 1
            self._unheard(str(error) or "no answer")
            return False
        if not 200 <= answer.status < 300:
            self.failed += 1
            self._unheard(f"it answered {answer.status}")
            return False
        self.told += 1
        self.last_ms, self.says = self._clock.now_ms(), None
        return True

    def _unheard(self, says: str) -> None:
        if says != self.says:
            _log.warning("the beat was not heard", says=says)
        self.says = says

    async def _prove(self) -> None:
        """A commit of its own. Raises StoreDown."""
        changes, now_ms = self._journal.changes(), self._clock.now_ms()
        changes.row("upsert_cursor", self._journal.scope, _SYSTEM, _DOCUMENT, str(now_ms), now_ms)
        await self._journal.submit(changes)

    async def _run(self) -> None:
        while True:
            try:
                if self._is_ours():
                    await self.once()
            except Exception:  # ends in silence, which is the sign
                _log.exception("the beat stumbled")
            await self._clock.sleep(self._every_s)


def base_of(url: str) -> str:
    """An address without what may be secret in it, for people to read."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
