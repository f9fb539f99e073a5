"""The process and admin API: conservation, traces, incidents, bytes, health, metrics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Protocol
from urllib.parse import quote

import msgspec
from fastapi import FastAPI, Header, Query, Request, Response

from crossdock.access.people import People
from crossdock.api import shapes
from crossdock.api.acts import act_body
from crossdock.api.approvals import WAITS, add_approvals
from crossdock.api.description import add_intake, describe
from crossdock.api.desk import add_desk
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.api.numbers import add_numbers
from crossdock.api.people import add_people
from crossdock.api.problems import MEDIA_TYPE
from crossdock.api.refusals import Refusal, add_handlers
from crossdock.api.restored import add_restored
from crossdock.api.stock import add_stock
from crossdock.api.subjects import add_subjects
from crossdock.api.systems import add_systems
from crossdock.charter.desk import DeskRules
from crossdock.control.gauges import system_gauges
from crossdock.control.metrics import CONTENT_TYPE, Gauge, Metrics
from crossdock.control.operate import Gatekeeper, Operator
from crossdock.desk.attending import shown as shown_clock
from crossdock.desk.closeup import closeup
from crossdock.desk.desk import Desk
from crossdock.desk.nudge import Nudge
from crossdock.desk.supervision import Supervision
from crossdock.faults import Invalid
from crossdock.governance.approvals import Approvals
from crossdock.governance.subjects import Subjects
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql import desk_reads, incidents, views
from crossdock.journal.sql.awaited import open_
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.people import has_people
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.trace import Several, trace
from crossdock.message.four_eyes import FourEyes
from crossdock.message.incident import TYPES
from crossdock.message.names import BYTES, INCIDENT, id_of
from crossdock.pipeline.bound import Context
from crossdock.pipeline.lives import lifecycle
from crossdock.pipeline.trial import Trial

_JSON = "application/json"
_REFUSALS = (
    (400, "The body cannot be read"), (401, "No key"), (403, "Not with this key"), (404, "There is no such thing"),
    (413, "The body is too large"), (422, "Something in it is wrong"), (503, "The store cannot be asked now"),
)  # fmt: skip
_KEY_MAX = 255
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Clock(Protocol):
    """The hub's own time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        ...


class Woken(Nudge, Gatekeeper, Protocol):
    """Who is woken after an act on an incident, and after one on a gate."""


class Running(Protocol):
    """What the API needs of the wired hub."""

    @property
    def journal(self) -> SiteJournal:
        """Where everything is read."""
        ...

    @property
    def worker(self) -> Woken:
        """Who is woken after an act."""
        ...

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...

    @property
    def context(self) -> Context | None:
        """What values are tried with; None: nothing is tried."""
        ...

    def known_codes(self, crosswalk: str) -> Collection[str] | None:
        """Our codes that a crosswalk has."""
        ...

    def refresh_crosswalks(self) -> None:
        """Lays the rows that were added on the desk over those of the site's files."""
        ...


class Shown(Protocol):
    """What the API needs of the process."""

    @property
    def hub(self) -> Running:
        """The wired hub."""
        ...

    @property
    def keys(self) -> Keys:
        """Who may come in."""
        ...

    @property
    def metrics(self) -> Metrics:
        """What the process counts."""
        ...

    @property
    def ready(self) -> bool:
        """Whether the process takes work."""
        ...


def desk_of(hub: Running, eyes: FourEyes | None = None) -> Desk:
    """The desk of a running hub; all doors of a process share one, so that two acts on an incident meet."""
    return Desk(
        hub.journal, hub.worker, hub.clock.now_ms, crosswalks_changed=hub.refresh_crosswalks,
        trial=Trial(hub.context) if hub.context else None, known_codes=hub.known_codes, eyes=eyes,
        rules=hub.context.charter.desk if hub.context else DeskRules(),
    )  # fmt: skip


def operator_of(hub: Running, context: Context, eyes: FourEyes | None = None) -> Operator:
    """Who opens and closes the ways of a running hub."""
    return Operator(hub.journal, hub.worker, hub.clock.now_ms, context.charter.systems, eyes=eyes)


def create(
    shown: Shown, *, desk: Desk | None = None, operator: Operator | None = None, people: People | None = None,
    approvals: Approvals | None = None, subjects: Subjects | None = None,
    supervision: Supervision | None = None, at_door: Callable[[], Mapping[str, int]] = dict,
) -> FastAPI:  # fmt: skip
    """The API over a running hub. Nothing in it decides: it reads, and hands acts to the desk.

    What is not given is made for this API alone.
    """
    app = FastAPI(
        title="Crossdock", version="1", docs_url=None, redoc_url=None,
        description="The process and admin API of a hub between warehouse systems and everything around them.",
        responses={
            status: {"content": {MEDIA_TYPE: {"schema": _PROBLEM}}, "description": says}
            for status, says in _REFUSALS
        },
    )  # fmt: skip
    add_handlers(app)
    shown.hub.journal.writer.watch = shown.metrics.committed
    hub = shown.hub
    add_intake(app)
    _add_figures(app, shown)
    _add_stories(app, shown)
    _add_incidents(app, shown, desk or desk_of(hub))
    add_people(app, shown.keys, people or People(hub.journal, hub.clock.now_ms))
    if approvals is not None:
        add_approvals(app, shown.keys, approvals)
    if subjects is not None:
        add_subjects(app, shown.keys, subjects)
    if hub.context is not None:
        add_restored(app, shown.keys, hub.context.restored, hub.journal, approvals)
        keeper = operator or operator_of(hub, hub.context)
        add_numbers(app, shown.keys, hub.journal, hub.context)
        add_systems(app, shown.keys, hub.journal, hub.context, keeper, hub.clock.now_ms, at_door)
        add_stock(app, shown.keys, hub.journal, hub.context, hub.clock.now_ms)
    if supervision is not None:
        add_desk(app, shown.keys, hub.journal, supervision, hub.clock.now_ms)
    _add_health(app, shown)
    describe(app)
    return app


def _answer(tree: object, status: int = 200) -> Response:
    return Response(_encode(tree), status, media_type=_JSON)


# -- conservation and traces -----------------------------------------------------


def _add_figures(app: FastAPI, shown: Shown) -> None:
    guest, journal = Guest(shown.keys), shown.hub.journal

    @app.get("/v1/conservation", response_model=shapes.Conservation, tags=["process"])
    async def conservation(request: Request, system: str | None = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Every accepted document, by where it is now."""
        system = guest.narrowed(guest.holder(request), system)
        at_ms = shown.hub.clock.now_ms()
        return _answer(await journal.view(lambda c: views.conservation(c, at_ms=at_ms, system=system)))


def _add_stories(app: FastAPI, shown: Shown) -> None:
    guest, journal = Guest(shown.keys), shown.hub.journal

    @app.get(
        "/v1/trace/{object}/{number:path}", response_model=shapes.Trace, tags=["process"],
        responses={300: {"model": shapes.Choices, "description": "Several objects have this number"}},
    )  # fmt: skip
    async def story(request: Request, object: str, number: str, system: str | None = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        """The story of one object, from the bytes that came to the bytes that left."""
        holder = guest.holder(request)
        context = shown.hub.context
        closed = context.gates.why if context else open_
        life = lifecycle(context.charter, journal.scope) if context else None
        origin = guest.origin(holder)
        found = await journal.view(
            lambda c: trace(c, object, number, system=system, origin=origin, closed=closed, life=life)
        )
        if found is None:
            says = f"nobody ever spoke of {object} {number}"
            raise Refusal(404, says, fix="look at the number; it may be another system's own: add ?system=")
        if isinstance(found, Several):
            return _answer({"choices": [_choice(one) for one in found.choices]}, 300)
        return _answer(found)

    @app.get(
        "/v1/bytes/{id}", tags=["process"], response_class=Response,
        responses={200: {"content": {"*/*": {}}, "description": "The bytes as they came or left"}},
    )  # fmt: skip
    async def bytes_(request: Request, id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """The bytes that one entry of a trace tells of, for saving: never shown as a page."""
        holder = guest.holder(request)
        position = id_of(BYTES, id)
        found = None if position is None else await journal.view(lambda c: views.bytes_of(c, position))
        if found is None or not holder.reads(found.origin):
            raise Refusal(404, f"there are no bytes {id}", fix="take the href from a trace")
        headers = {
            "content-disposition": f'attachment; filename="{id}"',
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox",
        }
        return Response(found.body, headers=headers, media_type=found.content_type)


def _choice(one: Mapping[str, Any]) -> dict[str, Any]:
    href = f"/v1/trace/{quote(one['object'])}/{quote(one['number'], safe='')}?system={quote(one['system'])}"
    return {**one, "href": href}


# -- incidents -------------------------------------------------------------------


def _add_incidents(app: FastAPI, shown: Shown, desk: Desk) -> None:
    guest, journal = Guest(shown.keys), shown.hub.journal

    @app.get("/v1/incidents", response_model=shapes.Incidents, tags=["desk"])
    async def listed(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        state: Annotated[str, Query(pattern="^(open|resolved|all)$")] = "open",
        type: str | None = None,
        system: str | None = None,
        key: str | None = None,
        after: str | None = None,
    ) -> Response:
        """What needs somebody, oldest first, a hundred at a time."""
        holder = guest.holder(request)
        if type and type not in TYPES:
            raise Invalid(
                f"there is no incident type {type}", path="type", fix=f"one of: {', '.join(sorted(TYPES))}"
            )
        wanted = incidents.Filter(
            state,
            type or None,
            system or None,
            key or None,
            _incident_id(after) if after else 0,
            guest.origin(holder),
        )
        return _answer(await journal.view(lambda c: incidents.incidents(c, wanted)))

    @app.get("/v1/incidents/{id}", response_model=shapes.IncidentItem, tags=["desk"])
    async def one(request: Request, id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """One incident, with what was done about it."""
        holder, number = guest.holder(request), _incident_id(id)
        item = await journal.view(lambda c: incidents.incident(c, number, origin=guest.origin(holder)))
        if item is None:
            raise _no_incident(id)
        more = await journal.view(
            lambda c: {"history": incidents.history(c, number)} | closeup(c, item) | _clock(c, number)
        )
        return _answer(item | more)

    @app.post(
        "/v1/incidents/{id}/{act}", response_model=shapes.IncidentItem, tags=["desk"],
        responses={**WAITS, 409: {"model": shapes.Problem, "description": "Somebody was faster"}},
        openapi_extra={"requestBody": {"content": {_JSON: {"schema": {"type": "object"}}}, "required": True}},
    )  # fmt: skip
    async def acted(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        id: str,
        act: str,
        idempotency_key: Annotated[str | None, Header(max_length=_KEY_MAX)] = None,
    ) -> Response:
        """Assigns, fixes, retries or resolves an incident; answers the incident as it is then."""
        holder = guest.operator(request)
        body = act_body(await request.body())
        answer = await desk.act(_incident_id(id), act, body, who=holder.name, key=idempotency_key or None)
        if answer is None:
            raise _no_incident(id)
        return Response(answer, media_type=_JSON)


def _clock(connection: Connection, id_: int) -> dict[str, Any]:
    clock = desk_reads.clock_of(connection, id_)
    return {} if clock is None else {"desk": shown_clock(clock)}


def _incident_id(name: str) -> int:
    id_ = id_of(INCIDENT, name)
    if id_ is None:
        raise _no_incident(name)
    return id_


def _no_incident(name: str) -> Refusal:
    return Refusal(404, f"there is no incident {name[:40]}", fix="take the id from GET /v1/incidents")


# -- health ----------------------------------------------------------------------


def _add_health(app: FastAPI, shown: Shown) -> None:
    journal, guest = shown.hub.journal, Guest(shown.keys)

    @app.get("/healthz", response_model=shapes.Health, tags=["health"])
    async def alive() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Whether the process lives."""
        return _answer({"status": "alive"})

    @app.get("/readyz", response_model=shapes.Health, tags=["health"])
    async def ready() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Whether the store takes commits: after a failure that is tried, not guessed."""
        if journal.writer.failure is not None:
            await journal.anchor()  # raises StoreDown, which is answered 503
        if not shown.ready:
            raise StoreDown("the hub is stopping or does not take commits")
        return _answer({"status": "ready"})

    @app.get(
        "/metrics", tags=["health"], response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text format"}},
    )  # fmt: skip
    async def metrics(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """What the hub counts of itself; once there are accounts, with a key of any role but a system's."""
        # It names systems: where people have to sign in to see them, nobody reads them here without a key.
        if await journal.view(has_people):
            guest.insider(request)
        open_, under_way, more = await journal.view(
            lambda c: (incidents.open_by_type(c), views.under_way(c), shown.metrics.more(c))
        )
        context = shown.hub.context
        gauges = _gauges(journal, open_, under_way) | (system_gauges(context) if context else {})
        gauges.update(more)
        return Response(shown.metrics.page(gauges), media_type=CONTENT_TYPE)


def _failed(under_way: Mapping[str, int]) -> dict[str, float]:
    return {
        what: float(under_way.get(f"{what} desk", 0)) for what in ("captures", "messages", "transmissions")
    }


def _gauges(journal: SiteJournal, open_: Mapping[str, int], under_way: Mapping[str, int]) -> dict[str, Gauge]:
    writer = journal.writer
    return {
        "crossdock_incidents_open": Gauge(
            "Open incidents, by type.", {name: open_.get(name, 0) for name in TYPES}, label="type"
        ),
        "crossdock_under_way": Gauge("What is not at its end, by where it is.", under_way, label="where"),
        "crossdock_failed": Gauge(
            "What waits for a person, by what it is.", _failed(under_way), label="what"
        ),
        "crossdock_commits_total": Gauge("Commits since the start.", {"": writer.commits}),
        "crossdock_commit_failures_total": Gauge(
            "Commits that failed since the start.", {"": writer.failures}
        ),
        "crossdock_commit_queue": Gauge("Callers that wait for a commit.", {"": writer.depth}),
        "crossdock_ledger_position": Gauge("Position of the last durable entry.", {"": journal.position}),
        "crossdock_store_ready": Gauge(
            "1 while the store takes commits.", {"": float(writer.failure is None)}
        ),
    }
