"""The ways out of the hub that are no systems: to people, to who listens for the beat, to a collector of traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

from crossdock.charter.watch import AlertWay
from crossdock.charter.watch import Beat as BeatRule
from crossdock.control.watch.beat import Beat
from crossdock.control.watch.couriers import Chat, Courier, Mail, Mailbox, Webhook
from crossdock.control.watch.traces import Tracer
from crossdock.control.watch.watch import Watch
from crossdock.faults import Misconfigured
from crossdock.journal.sql.site import SiteJournal
from crossdock.kit.http import Client, Response
from crossdock.pipeline.bound import Clock, Context


@dataclass(frozen=True, slots=True)
class Outside:
    """How the outside is reached: chosen by assembly."""

    http: Callable[[str], Client]  #: to one address
    mail: Callable[[AlertWay, Callable[[], str] | None], Mailbox]
    secret: Callable[[str], str]  #: by name. Raises Misconfigured

    def client(self, url: str) -> Client:
        """A client to a whole address, query and all. Raises Misconfigured."""
        parts = urlsplit(url)
        client = self.http(urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")))
        return _Queried(client, f"?{parts.query}") if parts.query else client

    def courier(self, way: AlertWay, clock: Clock) -> Courier:
        """Who brings alerts on one way. Raises Misconfigured, so that a missing secret is found at the start."""
        name = way.secret
        if name is not None:
            self.secret(name)
        if way.type == "mail":
            password = (lambda: self.secret(name)) if name is not None else None
            return Mail(
                way, self.mail(way, password), lambda: datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
            )
        if way.type == "chat":
            return Chat(self.client(way.url or self.secret(name or "")))
        return Webhook(self.client(way.url or ""), lambda: self.secret(name or ""))

    def beat(
        self, rule: BeatRule, journal: SiteJournal, clock: Clock, ails: Callable[[], str | None],
        is_ours: Callable[[], bool],
    ) -> Beat:  # fmt: skip
        """The beat that the charter asks for. Raises Misconfigured."""
        url = rule.url or self.secret(rule.secret or "")
        return Beat(
            journal, self.client(url), clock, ails, every_s=rule.every_s, method=rule.method, is_ours=is_ours
        )


class _Queried:
    """A client to an address with a query."""

    def __init__(self, client: Client, query: str) -> None:
        self._client = client
        self._query = query

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One request; see Client."""
        return await self._client.send(method, path + self._query, body=body, headers=headers)

    async def close(self) -> None:
        """Ends all connections."""
        await self._client.close()


def watch_of(
    context: Context, journal: SiteJournal, outside: Outside, *, may_work: Callable[[], bool], version: str
) -> Watch:
    """The watch that the charter asks for, nothing started. Raises Misconfigured."""
    charter, clock = context.charter, context.clock
    rules = charter.watch
    tracer = None
    if rules.traces is not None:
        headers: dict[str, str] = {}
        if rules.traces.header and rules.traces.secret:
            headers[rules.traces.header] = outside.secret(rules.traces.secret)
        client = outside.client(rules.traces.url)
        tracer = Tracer(client, clock, site=charter.site.name, version=version, headers=headers)
    couriers: dict[str, Courier] = {}
    for way in rules.alerts.ways:
        try:
            couriers[way.name] = outside.courier(way, clock)
        except Misconfigured as wrong:
            path = f"watch.alerts.ways.{way.name}"
            raise Misconfigured(wrong.says, path=path, fix=wrong.fix) from None

    def serves(target: str, document: str) -> bool:
        bound = context.systems.get(target)
        return bound is not None and document in bound.writers

    return Watch(
        charter, journal, context.gates, clock,
        couriers=couriers, tracer=tracer, may_work=may_work, serves=serves,
    )  # fmt: skip
