"""The console as an application: every page, its path, and the right that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crossdock.access.roles import Right, Role
from crossdock.access.seal import Seal, key_of
from crossdock.access.sessions import Sessions
from crossdock.api.app import App
from crossdock.api.bridge import ASGI
from crossdock.console import (
    admin,
    approvals,
    charter,
    find,
    incidents,
    interchange,
    keys,
    many,
    orders,
    partners,
    personal,
    reports,
    sign_in,
    sign_on,
    stock,
    stock_item,
    systems,
    today,
)
from crossdock.console.gate import HEADERS, Page, Visit, guarded, not_found
from crossdock.console.meter import Meter
from crossdock.console.paper import STATIC, static
from crossdock.console.shown import Looks, Shown
from crossdock.console.sign_on import single_sign_on
from crossdock.console.waiting import Waiting
from crossdock.console.words import say
from crossdock.settings import Secrets

_KEPT = "public, max-age=31536000, immutable"
#: Method, path, the right that it needs (None: nobody needs to be signed in), and the page.
PAGES: Sequence[tuple[str, str, Right | None, Page]] = (
    ("GET", "/", Right.SEE, today.page),
    ("GET", "/find", Right.SEE, find.page),
    ("GET", "/orders", Right.SEE, orders.page),
    ("GET", "/orders/{document}/{number:path}", Right.SEE, orders.one),
    ("GET", "/bytes/{id}", Right.BYTES, orders.bytes_),
    ("GET", "/incidents", Right.SEE, incidents.page),
    ("GET", "/incidents/{id}", Right.SEE, incidents.one),
    ("POST", "/incidents/{id}/{act}", Right.ACT, incidents.act),
    ("GET", "/bulk", Right.ACT, many.bulk_page),
    ("POST", "/bulk", Right.ACT, many.bulk),
    ("GET", "/replay", Right.ACT, many.replay_page),
    ("POST", "/replay", Right.ACT, many.replay),
    ("GET", "/runs", Right.BYTES, many.runs),
    ("GET", "/runs/{id}", Right.BYTES, many.run),
    ("POST", "/hand-over", Right.ACT, many.hand_over),
    ("GET", "/reports", Right.SEE, reports.page),
    ("GET", "/systems", Right.SEE, systems.page),
    ("GET", "/systems/{system}", Right.SEE, systems.one),
    ("POST", "/systems/{system}/{act}", Right.GATE, systems.act),
    ("POST", "/hub/{act}", Right.GATE, systems.act),
    ("GET", "/partners", Right.SEE, partners.page),
    ("GET", "/partners/{system}", Right.SEE, partners.one),
    ("GET", "/partners/{system}/documents/{id}", Right.SEE, interchange.one),
    ("GET", "/partners/{system}/bytes/{id}", Right.BYTES, interchange.bytes_),
    ("GET", "/charter", Right.SEE, charter.page),
    ("GET", "/stock", Right.SEE, stock.page),
    ("GET", "/stock/{sku:path}", Right.SEE, stock_item.page),
    ("GET", "/approvals", Right.SEE, approvals.page),
    (
        "POST",
        "/approvals/{id}/{act}",
        Right.SEE,
        approvals.act,
    ),  # who asked may withdraw; others need the right
    ("GET", "/admin/people", Right.PEOPLE, admin.people),
    ("POST", "/admin/people", Right.PEOPLE, admin.person_act),
    ("POST", "/admin/people/{name}/{act}", Right.PEOPLE, admin.person_act),
    ("GET", "/admin/keys", Right.CONNECT, keys.page),
    ("POST", "/admin/keys", Right.CONNECT, keys.act),
    ("POST", "/admin/keys/{key}/{act}", Right.CONNECT, keys.act),
    ("GET", "/admin/data", Right.PEOPLE, personal.page),
    ("POST", "/admin/data/{act}", Right.PEOPLE, personal.act),
    ("GET", "/admin/audit", Right.AUDIT, admin.audit),
    ("GET", "/me", Right.SEE, sign_in.me),
    ("POST", "/me/authenticator", Right.SEE, sign_in.authenticator),
    ("GET", "/sign-in", None, sign_in.page),
    ("POST", "/sign-in", None, sign_in.sign_in),
    ("GET", "/sign-in/code", None, sign_in.code_page),
    ("POST", "/sign-in/code", None, sign_in.code),
    ("GET", "/sign-in/password", None, sign_in.password_page),
    ("POST", "/sign-in/password", None, sign_in.password),
    ("GET", "/sign-in/with", None, sign_on.there),
    ("GET", "/sign-in/back", None, sign_on.back),
    ("POST", "/sign-out", None, sign_in.sign_out),
)


class Console:
    """The pages of a hub below a path of their own."""

    def __init__(self, place: str, secrets: Secrets) -> None:
        """`place` is a path, or the whole address by which people reach the console from outside."""
        parts = urlsplit(place)
        self.prefix = parts.path
        self._is_secure = parts.scheme == "https"
        self._outside = parts.netloc
        self._secrets = secrets

    def asgi(self, app: App) -> ASGI:
        """The pages of a running hub."""
        return cast("ASGI", application(self.shown(app)))

    def shown(self, app: App) -> Shown:
        """What the pages are made of."""
        hub = app.hub
        file = hub.settings.site / "data" / "seal.key"
        seals: list[Seal] = []

        def seal() -> Seal:
            if not seals:
                seals.append(Seal(key_of(self._secrets, file)))
            return seals[0]

        rules = hub.charter.single_sign_on
        local = frozenset({Role.ADMIN}) if rules is not None and rules.local == "admin" else frozenset(Role)
        name = hub.charter.site.name
        sessions = Sessions(hub.journal, app.people, hub.clock.now_ms, seal, name, local=local)
        meter = Meter(hub.journal, hub.clock.now_ms)
        return Shown(
            app,
            sessions,
            Looks(hub.clock.monotonic_s),
            meter,
            Waiting(lambda: app.ready),
            seal,
            self.prefix,
            self._is_secure,
            self._outside,
            single_sign_on(hub, self._secrets),
        )


def application(shown: Shown) -> Starlette:
    """Every page behind its gate."""

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            return Response(status_code=404)
        return Response(static(name), headers={**HEADERS, "cache-control": _KEPT}, media_type=STATIC[name])

    async def nowhere(visit: Visit) -> Response:
        return not_found(visit, say("nowhere"), say("nowhere_fix"))

    routes = [Route(f"{shown.prefix}/static/{{name}}", file, methods=["GET"])]
    for method, path, right, page in PAGES:
        place = shown.prefix if path == "/" else f"{shown.prefix}{path}"
        routes.append(Route(place, guarded(shown, right, page), methods=[method]))
    routes.append(Route(f"{shown.prefix}/", guarded(shown, Right.SEE, today.page), methods=["GET"]))
    routes.append(Route(f"{shown.prefix}/{{rest:path}}", guarded(shown, Right.SEE, nowhere)))
    return Starlette(routes=routes)
