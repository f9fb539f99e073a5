"""Sign-in by way of a provider: there, and back."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from crossdock.access.roles import Actor
from crossdock.access.single_sign_on import STARTED_MAX_S, Client, Provider, SingleSignOn, Started
from crossdock.assembly import Hub, real_http
from crossdock.charter.charter import System
from crossdock.console import sign_in
from crossdock.console.gate import Visit, not_found, safe_path
from crossdock.console.words import say
from crossdock.faults import Invalid, Misconfigured, TryLater
from crossdock.settings import Secrets

#: What the browser keeps between going there and coming back; sealed, and of no use to anybody else.
COOKIE = "crossdock_sign_on"
_ABOUT = "sign-on"


def single_sign_on(hub: Hub, secrets: Secrets) -> SingleSignOn | None:
    """The single sign-on of a site; None where its charter has none."""
    rules = hub.charter.single_sign_on
    if rules is None:
        return None
    name = rules.secret

    def client(origin: str) -> Client:
        return real_http(origin, System("single sign-on", "http", origin), hub.charter)

    provider = Provider(rules.issuer, rules.client_id, rules.roles, rules.groups, rules.name, rules.scope)
    secret = None if name is None else lambda: secrets(name)
    return SingleSignOn(provider, secret, client, lambda: hub.clock.now_ms() / 1000)


async def there(visit: Visit) -> Response:
    """Sends the browser to the provider."""
    shown = visit.shown
    if shown.single is None:
        return not_found(visit, say("sign_in.none"))
    wanted = safe_path(visit.asked("next", "/"))
    try:
        address, started = await shown.single.begin(_back(visit), wanted)
    except (Invalid, TryLater) as problem:
        return sign_in.form(visit, wanted, problem)
    answer = RedirectResponse(address, 303)
    sealed = shown.seal().sealed(started.packed(), about=_ABOUT).hex()
    answer.set_cookie(
        COOKIE, sealed, max_age=STARTED_MAX_S, path=f"{shown.prefix}/sign-in", secure=shown.is_secure, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return answer


async def back(visit: Visit) -> Response:
    """Lets somebody in whom the provider vouches for."""
    shown = visit.shown
    if shown.single is None:
        return not_found(visit, say("sign_in.none"))
    try:
        started = _started(visit)
        given = {name: value[:4_000] for name, value in visit.request.query_params.items()}
        vouched = await shown.single.finish(started, given)
        row = await shown.running.people.vouched(
            vouched, Actor(vouched.name.strip().lower()[:100], visit.origin)
        )
        shown.sessions.forget()
        session = await shown.sessions.open_for(row, visit.origin, visit.agent)
        answer = visit.let_in(session, safe_path(started.next))
    except (Invalid, TryLater) as problem:
        answer = sign_in.form(visit, "/", problem)
    answer.delete_cookie(
        COOKIE, path=f"{shown.prefix}/sign-in", secure=shown.is_secure, httponly=True, samesite="lax"
    )
    return answer


def _started(visit: Visit) -> Started:
    """What this browser began. Raises Invalid."""
    try:
        data = bytes.fromhex(visit.request.cookies.get(COOKIE, ""))
        return Started.unpacked(visit.shown.seal().opened(data, about=_ABOUT))
    except (ValueError, TypeError, Misconfigured):
        raise Invalid(say("sign_in.lost"), path="state", fix=say("sign_in.again")) from None


def _back(visit: Visit) -> str:
    """Where the provider sends the browser: the console's address from outside, as the settings or the request say."""
    url = visit.request.url
    scheme = "https" if visit.shown.is_secure else url.scheme
    host = visit.shown.outside or visit.request.headers.get("host", url.netloc)
    return f"{scheme}://{host}{visit.shown.prefix}/sign-in/back"
