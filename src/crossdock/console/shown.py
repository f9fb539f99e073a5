"""What the pages are made of: the running hub, its desk, its people, and what was looked at a moment ago."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from crossdock.access.people import People
from crossdock.access.roles import Scope
from crossdock.access.seal import Seal
from crossdock.access.sessions import Sessions
from crossdock.access.single_sign_on import SingleSignOn
from crossdock.api.keybook import KeyBook
from crossdock.assembly import Hub
from crossdock.console.meter import Meter
from crossdock.console.waiting import Waiting
from crossdock.control.operate import Operator
from crossdock.control.watch.watch import Watch
from crossdock.desk.desk import Desk
from crossdock.desk.supervision import Supervision
from crossdock.governance.approvals import Approvals
from crossdock.governance.retention import Retainer
from crossdock.governance.subjects import Subjects

T = TypeVar("T")


class Running(Protocol):
    """What the console needs of the process."""

    hub: Hub
    desk: Desk
    operator: Operator
    people: People
    keybook: KeyBook
    approvals: Approvals
    supervision: Supervision
    watch: Watch
    subjects: Subjects
    retainer: Retainer

    @property
    def ready(self) -> bool:
        """Whether the process takes work."""
        ...


@dataclass(slots=True)
class _Look:
    """One figure, when it was read and how long that took; seconds of a clock that never goes back."""

    value: Any
    at_s: float
    took_s: float


class Looks:
    """Figures that many pages show, each read once for all of them and no more often than it is worth."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._kept: dict[str, _Look] = {}
        self._reading: dict[str, asyncio.Task[Any]] = {}

    async def look(
        self, name: str, read: Callable[[], Awaitable[T]], *, every_s: float = 1.0, most_s: float = 3_600.0,
        stale_s: float = 0.0,
    ) -> T:  # fmt: skip
        """A figure that is at most `every_s` old, or twenty times as old as it took to read, but never `most_s`.

        One that is not older than `stale_s` is given once more, while it is read anew.
        """
        kept, now_s = self._kept.get(name), self._clock_s()
        if kept is not None and now_s - kept.at_s < max(every_s, min(20 * kept.took_s, most_s)):
            return cast("T", kept.value)
        task = self._reading.get(name)
        if task is None:
            task = self._reading[name] = asyncio.ensure_future(self._read(name, read))
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        if kept is not None and now_s - kept.at_s < stale_s:
            return cast("T", kept.value)
        return cast("T", await asyncio.shield(task))

    def forget(self) -> None:
        """Reads every figure anew the next time: somebody has just changed something."""
        self._kept.clear()

    async def _read(self, name: str, read: Callable[[], Awaitable[Any]]) -> Any:
        began_s = self._clock_s()
        try:
            value = await read()
            if len(self._kept) > _KEPT_MAX:
                self._kept.clear()
            self._kept[name] = _Look(value, self._clock_s(), self._clock_s() - began_s)
            return value
        finally:
            del self._reading[name]


_KEPT_MAX = 500


@dataclass(slots=True)
class Shown:
    """Everything that pages are made of."""

    running: Running
    sessions: Sessions
    looks: Looks
    meter: Meter
    waiting: Waiting
    seal: Callable[[], Seal]
    prefix: str  #: path below which all pages are
    is_secure: bool  #: whether people reach it over TLS
    outside: str = ""  #: host and port that people reach it by, where a proxy stands between
    single: SingleSignOn | None = None  #: how people sign in by way of a provider
    guards_off: frozenset[str] = field(
        default_factory=frozenset[str]
    )  #: "csrf": for tests of that guard only

    @property
    def hub(self) -> Hub:
        """The wired hub."""
        return self.running.hub

    @property
    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self.hub.clock.now_ms()


def within(scope: Scope) -> tuple[str, ...] | None:
    """The systems that a scope is narrowed to, in a fixed order; None: all of them."""
    return None if scope.everything else tuple(sorted(scope.systems))
