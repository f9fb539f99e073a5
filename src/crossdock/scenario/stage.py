"""The stage of one scenario: the real hub between simulated systems, all in one process and in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import msgspec

from crossdock.api.intake import Intake
from crossdock.api.keys import Keys, digest_of
from crossdock.assembly import Hub, Surroundings
from crossdock.charter.charter import Charter, System
from crossdock.control.courtesy import Courtesy
from crossdock.desk.desk import Desk
from crossdock.journal.sql.connection import Connection
from crossdock.pipeline.trial import Trial
from crossdock.scenario.cast import Cast
from crossdock.scenario.script import Given
from crossdock.scenario.site import write_site
from crossdock.scenario.virtual import HubClock, VirtualLoop, WorldClock
from crossdock.scenario.wire import Line, Uncounted, posted
from crossdock.settings import Settings

__all__ = ["Stage"]

#: All is at rest when nothing moved for so long; looked at so often; waited for at most.
_CALM_S, _LOOK_S, REST_MAX_S = 1.5, 0.25, 180.0
#: A wait longer than this passes in larger steps.
_LONG_S, _STEPS = 120.0, 1_000
_SEED = 7


class Stage:
    """Everything that a scenario needs, from the first document to the last look."""

    def __init__(self, loop: VirtualLoop, given: Given, start: Any, folder: Path) -> None:
        self._loop = loop
        self.given = given
        self.clock = HubClock(loop, start)
        self.world = WorldClock(loop, start)
        self._folder = folder
        write_site(given, folder)
        self.settings = Settings(
            site=folder, database=f"sqlite:{folder / 'hub.db'}", host_id="scenario", sqlite_synchronous="OFF"
        )
        self.down: set[str] = set()
        self.refused: dict[str, list[str]] = {}  #: what the door did not take, by system
        self.promises: dict[str, str] = {}
        self.cast = Cast(given, self.world, _SEED, self._deliver)
        self.hub: Hub
        self.desk: Desk
        self._intake: Intake
        self._pushing: list[asyncio.Task[None]] = []
        self._began_s = 0.0

    # -- life -------------------------------------------------------------------

    async def open(self) -> None:
        """Starts the hub and the systems, and lets them tell each other what there is. Raises Misconfigured."""
        await self.start_hub()
        self._pushing = [self._loop.create_task(push.run()) for push in self.cast.pushes]
        self.cast.introduce()
        await self.rest()
        self.cast.forget()

    async def start_hub(self) -> None:
        """The hub comes up on whatever is in the store."""
        hub = self.hub = Hub(self.settings, lambda name: f"the secret {name}", self._around())
        every = [(digest_of(f"key-of-{name}"), name, "system", name) for name in self.given.members]
        keys = Keys(lambda: every, self.clock.monotonic_s)
        self._intake = Intake(
            hub.worker.door, keys, Uncounted(), hub.pressure,
            Courtesy(hub.charter.systems, hub.clock, share=hub.charter.intake.flood_share, busy_s=lambda: 0.0),
            max_bytes=hub.charter.intake_max_bytes, now_ms=hub.clock.now_ms,
        )  # fmt: skip
        self.desk = Desk(
            hub.journal, hub.worker, self.clock.now_ms, crosswalks_changed=hub.refresh_crosswalks,
            trial=Trial(hub.context), known_codes=hub.known_codes,
        )  # fmt: skip
        await hub.start()
        await hub.worker.start()

    async def close(self) -> None:
        """Ends everything."""
        for task in self._pushing:
            task.cancel()
        await asyncio.gather(*self._pushing, return_exceptions=True)
        with contextlib.suppress(AttributeError):
            await self.hub.stop()

    def _around(self) -> Surroundings:
        random = Random(_SEED)
        return Surroundings(clock=self.clock, random=random, random_bytes=random.randbytes, http=self._http)

    def _http(self, url: str, system: System, charter: Charter) -> Line:
        del charter
        name = (urlsplit(url).hostname or "").partition(".")[0]
        return Line(name, self.cast.party(name), system.limits.timeout_s, self.down.__contains__)

    # -- the door -----------------------------------------------------------------

    async def _deliver(
        self, system: str, document: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, float | None]:
        """A system tells something; what the door refuses is noted."""
        answer = await posted(self._intake, system, document, f"key-of-{system}", body, headers)
        if answer.status != 202 and answer.status not in (429, 503):
            self.refused.setdefault(system, []).append(f"{answer.status} {document} {_number(body)}".strip())
        wait = dict(answer.told or ()).get("retry-after", "")
        return answer.status, float(wait) if wait.isdecimal() else None

    async def send(self, system: str, document: str, body: bytes, headers: Mapping[str, str]) -> None:
        """A document that a scenario itself wrote goes to the door."""
        await self._deliver(system, document, body, headers)

    # -- time ---------------------------------------------------------------------

    async def rest(self) -> None:
        """Lets time pass until nobody has anything to do, or too long."""
        calm_s = waited_s = 0.0
        while calm_s < _CALM_S and waited_s < REST_MAX_S:
            await asyncio.sleep(_LOOK_S)
            waited_s += _LOOK_S
            calm_s = calm_s + _LOOK_S if await self._quiet() else 0.0

    async def _quiet(self) -> bool:
        return self.cast.quiet and not await self.view(_under_way)

    async def wait(self, seconds: float) -> None:
        """Lets so much time pass, whoever waits for what."""
        self.clock.least_s = seconds / _STEPS if seconds > _LONG_S else 0.0
        try:
            await asyncio.sleep(seconds)
        finally:
            self.clock.least_s = 0.0

    async def until(self, at_s: float) -> None:
        """Lets time pass until a moment after the beginning of the story."""
        left_s = self._began_s + at_s - self._loop.time()
        if left_s > 0:
            await self.wait(left_s)

    def begin(self) -> None:
        """The story begins now."""
        self._began_s = self._loop.time()

    async def view(self, read: Callable[[Any], Any]) -> Any:
        """Something out of the store."""
        return await self.hub.journal.view(read)


def _under_way(connection: Connection) -> bool:
    """Whether the hub has something to do, or waits for an answer."""
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM captures WHERE state = 1)"
        " OR EXISTS (SELECT 1 FROM transmissions WHERE state IN (1, 3, 4, 5))"
    ).fetchone()
    return bool(found[0])


def _number(body: bytes) -> str:
    """What a document that was refused is called, as far as it says so."""
    try:
        tree = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return ""
    named = (tree.get(name) for name in ("number", "order", "sku"))
    return str(next((one for one in named if one), ""))
