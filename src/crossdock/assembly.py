"""The one place that chooses and wires: charter, connectors, journal, guards, worker, doors."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, cast

from crossdock.charter.charter import Charter, FlowOut, OnUnclear, System
from crossdock.charter.fields import ConnectorFields, Declared, DocumentRead, DocumentWritten, Option
from crossdock.charter.load import load
from crossdock.connectors.files.loading import LoadReader
from crossdock.control.pressure import Pressure
from crossdock.control.watch.outside import Outside, watch_of
from crossdock.faults import Misconfigured
from crossdock.governance.charter_gate import must_be_approved
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sqlite.lock import StoreLock
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.journal.tenure import Alone, Signals, Silence, Tenure
from crossdock.kit.adaptive import Adaptive
from crossdock.kit.breaker import Breaker
from crossdock.kit.connector import Carries, Connector, Read, Reading, SignsIn, Tools, Way, Writer
from crossdock.kit.credentials import badge
from crossdock.kit.fits import Fits
from crossdock.kit.fitting import FittedWriter
from crossdock.kit.guarded import GuardedClient
from crossdock.kit.http import Client, Response
from crossdock.kit.no_client import NoClient
from crossdock.kit.registry import Registry
from crossdock.kit.registry import connectors as find_connectors
from crossdock.kit.throttle import Pace
from crossdock.mapping.crosswalk import Codes
from crossdock.mapping.overlay import Overlay
from crossdock.model import register
from crossdock.pipeline import blind
from crossdock.pipeline.bound import Bound, Clock, Context, DecisionTime, GatedClient
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.pipeline.lanes import KeyOrdering
from crossdock.pipeline.packs import Packs
from crossdock.pipeline.receive import DurableFirst
from crossdock.pipeline.stockkeeping.guard import NeverOversell
from crossdock.pipeline.target import WINDOW_MAX
from crossdock.pipeline.told import Told
from crossdock.pipeline.transmit import NeverGuess
from crossdock.pipeline.worker import Worker
from crossdock.settings import Secrets, Settings
from crossdock.transport.http import HttpClient
from crossdock.transport.smtp import SmtpServer

if TYPE_CHECKING:
    from crossdock.connectors.edi.station import As2Station

#: Seconds of a system's rate that may go out at once: vendors count windows, so a burst of a whole second breaks them.
_BURST_S = 0.1
CODE_VERSION = version("crossdock")
Clients = Mapping[str, tuple[System, GuardedClient]]


class RealClock:
    """The machine's own time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        await asyncio.sleep(seconds)


def real_http(url: str, system: System, charter: Charter) -> Client:
    """HTTP over sockets to one address of a system."""
    return HttpClient(
        url, make=Response, allow=charter.network_allow, timeout_s=system.limits.timeout_s,
        connections_max=system.limits.concurrency,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a hub takes from the machine that it runs on; a simulation hands in its own."""

    clock: Clock = field(default_factory=RealClock)
    random: Random = field(default_factory=Random)  #: spreads retries
    random_bytes: Callable[[int], bytes] = os.urandom  #: salts
    http: Callable[[str, System, Charter], Client] = real_http  #: to one url of a system
    window: int = WINDOW_MAX  #: transmissions of one target kept in memory
    #: Opens the store, and says who has what of it; None: the real ones.
    journal: Callable[[Settings, Surroundings], SiteJournal] | None = None
    hold: Callable[[SiteJournal, Settings, Clients], tuple[Tenure, Signals]] | None = None


def connector_fields(found: Registry) -> Mapping[str, ConnectorFields]:
    """What the charter must know of each connector, from what the connectors declare."""
    return Declared(frozenset(found), lambda kind: _fields(found[kind]))


def _fields(connector: Connector) -> ConnectorFields:
    d = connector.declaration
    return ConnectorFields(
        kind=d.kind,
        options=tuple(Option(f.name, f.type, f.required, f.default, f.says) for f in d.fields),
        documents_in=tuple(
            DocumentRead(i.document, i.every_s if i.reading is Reading.POLL else None) for i in d.documents_in
        ),
        documents_out=tuple(DocumentWritten(o.document, OnUnclear(o.unclear.value)) for o in d.documents_out),
        auth=d.auth,
        configurable=d.configurable,
        filed=d.filed,
        partnered=d.partnered,
    )


def _writer(connector: Connector, system: System, flow: FlowOut, tools: Tools) -> Writer:
    """The writer of one flow; what a connector makes by itself is checked against the flow's lengths from outside."""
    writer = connector.writer(flow.document, tools)
    if connector.declaration.configurable or not (flow.lengths or flow.charset or flow.fits):
        return writer
    return FittedWriter(writer, Fits.of(flow, f"systems.{system.name}.out.{flow.document}"))


def read_charter(site: Path) -> tuple[Charter, Registry]:
    """The charter of a site, checked, and the connectors it may use. Raises Misconfigured."""
    found = find_connectors(site)
    charter = load(site, connectors=connector_fields(found), documents=register.kinds())
    return charter, found


def open_journal(settings: Settings, around: Surroundings) -> SiteJournal:
    """The journal that the settings mean. Raises Misconfigured, StoreDown."""
    off = settings.guards_off
    dedup = blind.NoDedup() if "dedup" in off else ArrivalDedup()
    if not settings.is_shared:
        return SqliteJournal(
            settings.sqlite_path, clock_ms=around.clock.now_ms, dedup=dedup, random_bytes=around.random_bytes,
            synchronous=settings.sqlite_synchronous,
        )  # fmt: skip
    # Not every site needs the driver, which takes a while to load.
    from crossdock.journal.postgresql.membership import EpochFence
    from crossdock.journal.postgresql.store import PostgresqlJournal

    return PostgresqlJournal(
        settings.database, clock_ms=around.clock.now_ms, dedup=dedup, host=settings.host_id,
        address=f"{settings.host}:{settings.port}", lease_s=settings.lease_s, random_bytes=around.random_bytes,
        claims=False,
        fence=blind.NoFence() if "fence" in off else EpochFence(),
    )  # fmt: skip


def hold_on(journal: SiteJournal, settings: Settings, clients: Clients) -> tuple[Tenure, Signals]:
    """What says which partitions are ours, how much of each system's limits, and carries words to other processes."""
    if not settings.is_shared:
        return Alone(), Silence()
    from crossdock.journal.postgresql.budgets import Budgets, Limit
    from crossdock.journal.postgresql.signals import PostgresqlSignals
    from crossdock.journal.postgresql.store import PostgresqlJournal
    from crossdock.journal.postgresql.tenure import PostgresqlTenure

    assert isinstance(journal, PostgresqlJournal), "a shared database is a PostgreSQL database"
    signals = PostgresqlSignals(settings.database, f"{settings.host_id} {journal.process.birth}")
    limits = {name: Limit(s.limits.concurrency, s.limits.rate_per_s) for name, (s, _) in clients.items()}
    budgets = Budgets(limits, {name: client for name, (_, client) in clients.items()})
    tenure = PostgresqlTenure(journal, signals, budgets, url=settings.database, lease_s=settings.lease_s)
    return tenure, signals


class Hub:
    """One running hub: everything wired, nothing started."""

    def __init__(
        self, settings: Settings, secrets: Secrets, surroundings: Surroundings | None = None
    ) -> None:
        self.settings = settings
        self._around = around = surroundings or Surroundings()
        self.clock = around.clock
        self.charter, found = read_charter(settings.site)
        off = settings.guards_off
        #: A file has one writer; in a shared database each transaction asks whether it may write.
        self._lock = None if settings.is_shared else StoreLock(settings.sqlite_path)
        self.journal = (around.journal or open_journal)(settings, around)
        self._files = dict(self.charter.files)
        self.crosswalks = Overlay(self._files, self.journal.crosswalk_rows)
        self._time = DecisionTime()
        self._secrets = secrets
        systems = {
            name: self._bound(system, found[system.connector])
            for name, system in self.charter.systems.items()
        }
        clients = {
            name: (bound.system, bound.client)
            for name, bound in systems.items()
            if isinstance(bound.client, GuardedClient)
        }
        self.tenure, signals = (around.hold or hold_on)(self.journal, settings, clients)
        self.context = Context(
            charter=self.charter,
            systems=systems,
            journal=self.journal,
            clock=self.clock,
            random=around.random,
            time=self._time,
            tenure=self.tenure,
            signals=signals,
            refresh=self.refresh_crosswalks,
            reservation=blind.NoReservation() if "reservation" in off else NeverOversell(),
        )
        self.pressure = Pressure(self.charter, self.journal, self.clock, self._disk)
        self.context.full, self.context.backlogs = self.pressure.is_full, self.pressure.backlogs
        self.outside = Outside(
            http=lambda url: around.http(url, System("outside", "http", url), self.charter),
            mail=lambda way, password: SmtpServer(
                way.server or "", user=way.user, password=password, starttls=way.starttls,
                allow=self.charter.network_allow,
            ),
            secret=secrets,
        )  # fmt: skip
        self.watch = watch_of(
            self.context, self.journal, self.outside, may_work=self.tenure.may_send, version=CODE_VERSION
        )
        self.worker = Worker(
            self.context,
            commit=blind.NoCommit() if "commit" in off else DurableFirst(),
            ordering=blind.NoOrder() if "order" in off else KeyOrdering(),
            doubt=blind.NoDoubt() if "in_doubt" in off else NeverGuess(),
            window=around.window,
        )

    async def start(self) -> None:
        """Opens the journal for commits; recovery of a backlog follows in the worker."""
        self.journal.start()
        await self.tenure.join()
        await must_be_approved(self.journal, self.charter.version)
        await self.journal.use_charter(self.charter.version, CODE_VERSION, self._files)
        self.refresh_crosswalks()

    def refresh_crosswalks(self) -> None:
        """Lays the rows that were added on the desk over those of the site's files."""
        self.crosswalks.refresh()

    def known_codes(self, crosswalk: str) -> frozenset[str] | None:
        """Our codes that a crosswalk has; None when there is no such crosswalk."""
        return self.crosswalks.known_codes(crosswalk)

    def _disk(self) -> tuple[int, int] | None:
        """Free bytes and bytes in all where the store is; None for a store on another machine."""
        if self.settings.is_shared:
            return None
        disk = shutil.disk_usage(self.settings.sqlite_path.parent)
        return disk.free, disk.total

    async def stop(self) -> None:
        """Stops the worker, then closes the journal and all connections; what fails keeps no other from its end."""
        ends = AsyncExitStack()  # the last one first
        if self._lock is not None:
            ends.callback(self._lock.release)
        ends.push_async_callback(self.journal.close)
        for bound in self.context.systems.values():
            ends.push_async_callback(bound.client.close)
        for part in (self.tenure.end, self.worker.stop, self.watch.stop, self.pressure.stop):
            ends.push_async_callback(part)
        await ends.aclose()

    # -- one system ----------------------------------------------------------

    def _bound(self, system: System, connector: Connector) -> Bound:
        packs = Packs(self.journal)
        codes = Codes(system.name, lambda: self.crosswalks.current)
        told = Told(self.journal, self.charter)
        tools = Tools(
            system=system,
            ours=codes.ours,
            theirs=codes.theirs,
            file=self._file,
            now=self._time.now_s,
            reads=lambda: _reads(codes, packs),
            convert=packs.convert,
            document=told.document,
            belonging=told.belonging,
            known=self.charter.objects.__contains__,
        )
        pollers = {f.document: connector.poller(f.document, tools) for f in system.flows_in}
        client = self._client(system, connector, tools)
        return Bound(
            system=system,
            client=client,
            readers={
                f.document: LoadReader(connector.reader(f.document, tools), f.document, tools)
                for f in system.flows_in
            },
            writers={f.document: _writer(connector, system, f, tools) for f in system.flows_out},
            pollers={document: poller for document, poller in pollers.items() if poller is not None},
            reads=tools.reads,
            share=client.share if isinstance(client, GuardedClient) else None,
        )

    def _file(self, name: str) -> str:
        """The text of a file of the site, as the charter's version has it. Raises Misconfigured."""
        if name not in self._files:
            raise Misconfigured(
                f"there is no {name} in the site", file=name, fix="make it, or correct its name"
            )
        return self._files[name]

    def _client(self, system: System, connector: Connector, tools: Tools) -> GatedClient:
        clock, charter = self.clock, self.charter
        limits, auth = system.limits, system.auth
        if isinstance(connector, Carries):
            http = connector.client(tools, self._way(system))
        else:
            http = self._around.http(system.url, system, charter) if system.url is not None else None
        if http is None:
            return NoClient(system.name)
        ours: object = http
        if self.settings.is_shared and isinstance(ours, HttpClient):
            cast("HttpClient[Response]", ours).may_send = lambda: self.tenure.may_send()
        token_client = self._around.http(auth.token_url, system, charter) if auth.token_url else None
        session = None
        if auth.type == "session" and auth.secret is not None and isinstance(connector, SignsIn):
            name = auth.secret
            self._secrets(name)  # a missing one is found at the start
            session = connector.credentials(tools, lambda: self._secrets(name), http)
        return GuardedClient(
            http,
            concurrency=limits.concurrency,
            pace=Pace(limits.rate_per_s, burst=(limits.rate_per_s or 0) * _BURST_S),
            burst_s=_BURST_S,
            may_send=lambda: self.tenure.may_send(),
            breaker=Breaker(
                failures_max=limits.breaker_failures,
                probes_needed=limits.breaker_probes,
                max_s=max(limits.retry_max_s, limits.retry_first_s, 0.5),
            ),
            adaptive=Adaptive() if limits.adapt else None,
            badge=badge(
                auth, self._secrets, token_client=token_client, session=session, clock=clock.monotonic_s
            ),
            clock=clock.monotonic_s,
            wall=lambda: clock.now_ms() / 1000,
            sleep=clock.sleep,
        )

    def as2_station(self) -> As2Station | None:
        """The site's AS2 address; None where no partner uses it. Raises Misconfigured."""
        profiles = {
            name: bound.system.partner
            for name, bound in self.context.systems.items()
            if bound.system.partner is not None and bound.system.partner.carriage.type == "as2"
        }
        if not profiles:
            return None
        from crossdock.connectors.edi.station import As2Station

        return As2Station(profiles, self._way(self.context.systems[next(iter(profiles))].system))

    def _way(self, system: System) -> Way:
        """What a connector may use that carries its requests itself."""
        around, charter = self._around, self.charter
        return Way(
            site=self.settings.site,
            secret=self._secrets,
            http=lambda url: around.http(url, system, charter),
            allow=charter.network_allow,
            now=lambda: datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC),
            entropy=around.random_bytes,
            sleep=self.clock.sleep,
        )


def _reads(codes: Codes, packs: Packs) -> tuple[Read, ...]:
    """What was looked up since this was last asked."""
    rows, items = codes.used(), packs.used()
    return (*[Read(used.what, used.version) for used in rows], *items) if rows else items
