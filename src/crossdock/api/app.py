"""A running hub with its doors: the hot route, the process and admin API, start and orderly end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crossdock.access.erased import FILE, Erased
from crossdock.access.people import People
from crossdock.access.seal import Seal, key_of, no_secret
from crossdock.api.as2 import As2Door
from crossdock.api.bridge import ASGI, bridged, parted
from crossdock.api.intake import Front, Intake
from crossdock.api.kept_keys import add_kept_keys
from crossdock.api.keybook import KeyBook
from crossdock.api.keys import Keys
from crossdock.api.proxies import Proxies
from crossdock.api.second import carry_erasures, carry_keys, carry_out
from crossdock.api.server import HttpServer
from crossdock.api.watch import add_watch
from crossdock.assembly import Hub
from crossdock.control.courtesy import Courtesy
from crossdock.control.gauges import flood_gauge
from crossdock.control.metrics import Metrics
from crossdock.control.store_file import StoreFile
from crossdock.control.watch.figures import Figures
from crossdock.control.watch.gauges import watch_gauges
from crossdock.desk.supervision import Supervision
from crossdock.governance.approvals import Approvals
from crossdock.governance.retention import Retainer
from crossdock.governance.subjects import Subject, Subjects
from crossdock.message.names import moment
from crossdock.settings import Secrets

_log = structlog.get_logger("crossdock.app")
#: How long a stop waits for what is on the wire.
DRAIN_MAX_S = 10.0
#: How often the file of the store is looked at.
_LOOK_S = 1.0
_DRAIN_STEP_S = 0.02
#: What the admin API takes in one request.
_ADMIN_MAX_BYTES = 1_000_000


class Beside(Protocol):
    """Pages of a hub under a path of their own."""

    prefix: str

    def asgi(self, app: App) -> ASGI:
        """The pages of a running hub."""
        ...


def _leads_to(path: str) -> Callable[[Request], Awaitable[Response]]:
    """Sends whoever types the bare address of the hub into a browser to its pages."""

    async def lead(_: Request) -> Response:
        return RedirectResponse(path, 303)

    return lead


class App:
    """The hub as a process; `beside` are pages that it serves besides."""

    def __init__(self, hub: Hub, beside: Beside | None = None, secrets: Secrets | None = None) -> None:
        """`secrets` may hold the key by which the list of erasures is sealed."""
        self.hub = hub
        self.keys = Keys(lambda: hub.journal.keys(hub.clock.now_ms()), time.monotonic)
        self.metrics = Metrics(worker=hub.settings.worker)
        self.courtesy = Courtesy(hub.charter.systems, hub.clock, share=hub.charter.intake.flood_share)
        self.intake = Intake(
            hub.worker.door, self.keys, self.metrics, hub.pressure, self.courtesy,
            max_bytes=hub.charter.intake_max_bytes, now_ms=hub.clock.now_ms,
        )  # fmt: skip
        from crossdock.api.admin import create, desk_of, operator_of

        rules = hub.charter.four_eyes
        self.approvals = eyes = Approvals(hub.journal, hub.clock.now_ms, rules.acts, rules.within_s)
        self.desk = desk_of(hub, eyes)
        self.operator = operator_of(hub, hub.context, eyes)
        self.people = People(hub.journal, hub.clock.now_ms, eyes)
        self.supervision = Supervision(
            hub.journal, self.desk, hub.context, hub.clock.now_ms,
            trying=hub.crosswalks.trying, eyes=eyes,
        )  # fmt: skip
        carry_out(
            eyes, desk=self.desk, operator=self.operator, people=self.people, restored=hub.context.restored,
            supervision=self.supervision,
        )  # fmt: skip
        self.subjects = Subjects(hub.journal, hub.clock.now_ms, eyes, self._noted(hub, secrets))
        self.retainer = Retainer(
            hub.journal, hub.clock.now_ms, hub.charter.retention, may=lambda: hub.journal.owns(0),
            also=eyes.end_what_is_over,
        )  # fmt: skip
        carry_erasures(eyes, self.subjects)
        self.keybook = KeyBook(hub.journal, hub.clock.now_ms, hub.charter.systems, eyes)
        carry_keys(eyes, self.keybook)
        admin = create(
            self, desk=self.desk, operator=self.operator, people=self.people, approvals=eyes,
            subjects=self.subjects, supervision=self.supervision, at_door=self.courtesy.waiting,
        )  # fmt: skip
        proxies = Proxies(hub.settings.trusted_proxies)
        other = bridged(admin, max_bytes=_ADMIN_MAX_BYTES, proxies=proxies)
        if beside is not None:
            pages = bridged(beside.asgi(self), max_bytes=_ADMIN_MAX_BYTES, proxies=proxies)
            other = parted(other, {beside.prefix: pages})
            admin.add_route("/", _leads_to(beside.prefix), include_in_schema=False)
        self.as2 = self._as2_door(hub)
        front = Front(self.intake, other, self.as2)
        settings = hub.settings
        self.watch = hub.watch
        self.watch.figures = Figures(self.metrics.registry)
        rule, outside = hub.charter.watch.beat, hub.outside
        ours = lambda: self.watch.is_ours  # noqa: E731 - one word for the line below
        self.beat = outside.beat(rule, hub.journal, hub.clock, self.ails, ours) if rule else None
        self.metrics.more = lambda c: watch_gauges(c, self.watch, self.beat) | flood_gauge(self.courtesy)
        add_watch(admin, self.keys, self, hub.charter.watch)
        add_kept_keys(admin, self.keys, self.keybook)
        self.server = HttpServer(front, settings.host, settings.port, shares_port=settings.shares_port)
        self.ended = asyncio.Event()
        self.lost: str | None = None  #: why the store is not ours any more
        self._looks: asyncio.Task[None] | None = None

    @staticmethod
    def _noted(hub: Hub, secrets: Secrets | None) -> Callable[[Subject], None]:
        """Keeps beside the store what was erased."""
        folder = hub.settings.site / "data"
        kept = Erased(folder / FILE, lambda: Seal(key_of(secrets or no_secret, folder / "seal.key")))
        return lambda subject: kept.note(subject.by, subject.value)

    @staticmethod
    def _as2_door(hub: Hub) -> As2Door | None:
        """The door for AS2, where a partner uses it."""
        station = hub.as2_station()
        if station is None:
            return None
        journal = hub.journal

        async def keep(key: str, digest: bytes, answer: bytes) -> None:
            changes = journal.changes()
            changes.row("insert_answer", key, digest, answer, hub.clock.now_ms())
            await journal.submit(changes)

        return As2Door(station, hub.worker.door, journal.answer, keep, max_bytes=hub.charter.intake_max_bytes)

    async def start(self) -> str:
        """Commits and listens; gives the URL. Recovery of a backlog may still go on."""
        await self.hub.start()
        await self.hub.worker.start()
        self.hub.pressure.start()
        self.watch.start()
        if self.watch.tracer is not None:
            self.watch.tracer.start()
        if self.beat is not None:
            self.beat.start()
        await self.supervision.start()
        await self.server.start()
        self.server.on_exit(self.ended.set)
        self.retainer.start()
        if not self.hub.settings.is_shared:
            file = StoreFile(self.hub.settings.sqlite_path)
            self._looks = asyncio.create_task(self._look_after(file), name="store-file")
        systems, charter = sorted(self.hub.charter.systems), self.hub.charter.version
        _log.info("started", url=self.server.url, charter=charter, systems=systems)
        for one in self.hub.context.restored.open:
            _log.warning(
                "a system hands in again: the store was restored", system=one.system,
                backup_at=moment(one.backup_ms), ends=f"crossdock restored end {one.system}",
            )  # fmt: skip
        return self.server.url

    async def _look_after(self, file: StoreFile) -> None:
        """Takes nothing more, sends nothing more and ends once the file of the store is not the one that was opened."""
        while (gone := file.gone()) is None:
            await self.hub.clock.sleep(_LOOK_S)
        self.lost = f"{gone}; it takes nothing more and ends"
        self.intake.draining = True
        for target in self.hub.worker.targets.values():
            target.paused = True
        _log.error("the store is gone", says=self.lost)
        self.ended.set()

    @property
    def ready(self) -> bool:
        """Whether the store takes commits, the work goes on, and nobody else can have taken it over."""
        hub = self.hub
        if hub.journal.writer.failure is not None or self.intake.draining:
            return False
        return hub.tenure.may_send() and hub.worker.ails() is None

    def ails(self) -> str | None:
        """Why the hub does not work now, as far as it knows itself; None: it works."""
        stopped = self.lost or self.hub.worker.ails()
        if stopped is None and not self.ready:
            return self.hub.journal.writer.failure or "it is stopping, or others have taken its work over"
        if stopped is None and self.watch.is_ours and self.watch.is_stuck:
            return "the watch does not come to its end"
        return stopped

    async def stop(self) -> None:
        """Takes nothing new, gives what is on the wire up to `DRAIN_MAX_S`, closes the journal."""
        started = time.monotonic()
        self.intake.draining = True
        self.courtesy.close()
        if self._looks is not None:
            self._looks.cancel()
        ends = AsyncExitStack()  # the last one first
        for part in (self.hub, self.supervision, self.as2, self.server, self.retainer):
            if part is not None:
                ends.push_async_callback(part.stop)
        async with ends:
            if self.beat is not None:
                await self.beat.stop()
            for target in self.hub.worker.targets.values():
                target.paused = True
            while time.monotonic() - started < DRAIN_MAX_S - 2:
                if not any(target.sending for target in self.hub.worker.targets.values()):
                    break
                await asyncio.sleep(_DRAIN_STEP_S)
        _log.info("stopped", seconds=round(time.monotonic() - started, 2))
