"""The way in to every page: who asks, what they may, and that a form was sent by the page itself."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crossdock.access.roles import Actor, Right, Scope
from crossdock.access.sessions import Session, Stage, csrf_of, new_token
from crossdock.api.store_down import heard
from crossdock.console.clock import Clock
from crossdock.console.paper import rendered
from crossdock.console.shown import Shown
from crossdock.console.words import say
from crossdock.faults import Fault, TryLater
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.message.four_eyes import Asked
from crossdock.message.names import whole
from crossdock.message.whence import WHENCE

_log = structlog.get_logger("crossdock.console")
_FORM_MAX_BYTES, _FIELDS_MAX = 64_000, 200
COOKIE, VISIT = "crossdock", "crossdock_visit"
#: A page of which only its moving parts are wanted again: nobody did anything.
LIVE = "x-live"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    "cache-control": "no-store",
}


@dataclass(slots=True)
class Visit:
    """One request for a page."""

    shown: Shown
    request: Request
    session: Session | None
    token: str  #: what forms of somebody who is not signed in are tied to
    form: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def who(self) -> Session:
        """Who asks; a page that needs nobody does not ask."""
        assert self.session is not None, "this page lets only people in who are signed in"
        return self.session

    @property
    def scope(self) -> Scope:
        """How far they see."""
        return self.who.person.scope

    @property
    def origin(self) -> str:
        """The address that the request came from."""
        return self.request.client.host if self.request.client else ""

    @property
    def by(self) -> Actor:
        """Who acts, and from where."""
        return Actor(self.who.person.name, self.origin)

    @property
    def agent(self) -> str:
        """What browser it is, as it says itself."""
        return self.request.headers.get("user-agent", "")

    @property
    def clock(self) -> Clock:
        """The clock on the wall of the site, now."""
        return Clock(self.shown.hub.charter.site.timezone, self.shown.now_ms)

    @property
    def is_live(self) -> bool:
        """Whether a page only renews itself."""
        return LIVE in self.request.headers

    @property
    def waits(self) -> bool:
        """Whether a page that only renews itself is to be answered once there is news."""
        return self.request.headers.get(LIVE) == "wait"

    async def is_still_in(self) -> bool:
        """Whether whoever asked may see the answer yet, after the time that it took."""
        return await self.shown.sessions.find(self.request.cookies.get(COOKIE), used=False) is not None

    def asked(self, name: str, default: str = "") -> str:
        """One value of the address."""
        return self.request.query_params.get(name, default)[:300]

    def number(self, name: str) -> int:
        """One number of the address; 0 for none, and for what is more than the store counts to."""
        return whole(self.asked(name))

    def may(self, right: Right) -> bool:
        """Whether whoever asks has a right."""
        return self.session is not None and self.session.may(right)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page with the frame around it."""
        session = self.session
        csrf = csrf_of(session.token if session else self.token)
        frame = {
            "visit": self, "prefix": self.shown.prefix, "clock": self.clock, "csrf": csrf, "Right": Right,
            "person": session.person if session and session.stage is Stage.WHOLE else None,
            # What renews itself needs its parts alone, without the frame and whose it is.
            "layout": "live.html" if self.is_live else "base.html",
            "site_name": self.shown.hub.charter.site.name, "here": self.request.url.path,
            "approvals_used": bool(self.shown.hub.charter.four_eyes.acts), "notice": "", "problem": None,
        }  # fmt: skip
        return Response(rendered(template, frame | values), status, media_type="text/html")

    def to(self, path: str) -> Response:
        """Sends the browser to another page of the console."""
        return RedirectResponse(f"{self.shown.prefix}{path}", 303)

    def let_in(self, session: Session, path: str) -> Response:
        """Sends the browser on, signed in under a token that it never had before."""
        answer = self.to(path)
        _keep(answer, self.shown, COOKIE, session.token)
        _drop(answer, self.shown, VISIT)
        return answer

    def let_out(self, done: str = "") -> Response:
        """Sends the browser to the sign-in page, signed out; `done`: what was done before, said there."""
        answer = self.to(f"/sign-in?done={done}" if done else "/sign-in")
        _drop(answer, self.shown, COOKIE)
        return answer


Page = Callable[[Visit], Awaitable[Response]]


def guarded(shown: Shown, right: Right | None, page: Page) -> Callable[[Request], Awaitable[Response]]:
    """A page behind the gate; `right` None: for anybody, signed in or not."""

    async def answer(request: Request) -> Response:
        response = await _answer(shown, right, page, request)
        if LIVE in request.headers and response.status_code == 200:
            response = _unless_same(request, response)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if shown.is_secure:
            response.headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
        return response

    return answer


def tag_of(body: bytes) -> str:
    """What a browser knows a page by."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _unless_same(request: Request, response: Response) -> Response:
    """The page, or only the word that it is what the browser has."""
    tag = response.headers.get("etag") or tag_of(bytes(response.body))
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    response.headers["etag"] = tag
    return response


async def _answer(shown: Shown, right: Right | None, page: Page, request: Request) -> Response:
    token, is_live = request.cookies.get(VISIT, ""), LIVE in request.headers
    # A page that only renews itself signs nobody in: it needs no token of its own.
    visit = Visit(shown, request, None, token if token or is_live else new_token())
    try:
        visit.session = await shown.sessions.find(request.cookies.get(COOKIE), used=not is_live)
        if right is not None and (visit.session is None or visit.session.stage is not Stage.WHOLE):
            return _sign_in_first(visit)
        if request.method == "POST":
            visit.form = await _form(request)
            if not _is_own(visit):
                return _refused(visit, 403, say("refused.csrf"), say("refused.csrf_fix"))
        if right is not None and not visit.may(right):
            return _refused(
                visit, 403, say("refused.role", role=visit.who.person.role.value), say("refused.role_fix")
            )
        WHENCE.set(visit.origin)
        response = await page(visit)
    except Asked as waiting:
        response = visit.to(f"/approvals?asked={waiting.request['id']}")
    except TryLater as fault:
        response = _refused(visit, 429, fault.says, fault.fix)
        response.headers["retry-after"] = str(int(fault.wait_s or 2))
    except Fault as fault:
        response = _refused(visit, 422, fault.says, fault.fix)
    except Overtaken as error:
        response = _refused(visit, 409, str(error), say("refused.again"))
    except StoreDown as error:
        response = _refused(visit, 503, heard(error), say("refused.later"))
    if not token and not is_live and visit.session is None:
        _keep(response, shown, VISIT, visit.token)
    return response


def not_found(visit: Visit, says: str, fix: str = "") -> Response:
    """The page of what does not exist, or may not be seen."""
    return _refused(visit, 404, says, fix)


def _refused(visit: Visit, status: int, says: str, fix: str) -> Response:
    return visit.page("refused.html", status, says=says, fix=fix)


def _sign_in_first(visit: Visit) -> Response:
    if visit.is_live or visit.request.method == "POST":
        return _refused(visit, 401, say("refused.session"), "")
    if visit.session is not None:
        return visit.to("/sign-in/code" if visit.session.stage is Stage.CODE else "/sign-in/password")
    path = visit.request.url.path.removeprefix(visit.shown.prefix)
    wanted = f"{path}?{visit.request.url.query}" if visit.request.url.query else path
    return visit.to(f"/sign-in?next={quote(wanted, safe='')}" if wanted not in ("", "/") else "/sign-in")


def safe_path(wanted: str) -> str:
    """A path within the console, whatever was asked for: nobody is sent elsewhere after the sign-in."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and _host_of(wanted) == ""
    return wanted if is_ours and not any(sign in wanted for sign in "\\\r\n") else "/"


def _host_of(address: str) -> str | None:
    """The host and port that an address names; None where it is no address at all."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return None


# -- forms -----------------------------------------------------------------------


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    if len(body) > _FORM_MAX_BYTES:
        return {}
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        return {}
    return {name: values[-1].replace("\x00", "") for name, values in fields.items()}


def _is_own(visit: Visit) -> bool:
    """Whether a form was sent from a page of ours: the browser says so, and it carries what only such a page knows."""
    if "csrf" in visit.shown.guards_off:
        return True
    headers = visit.request.headers
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin and origin != "null" and _host_of(origin) not in {headers.get("host", ""), visit.shown.outside}:
        return False
    token = visit.session.token if visit.session else visit.token
    return hmac.compare_digest(visit.form.get("csrf", "").encode(), csrf_of(token).encode())


# -- cookies ---------------------------------------------------------------------


def _keep(answer: Response, shown: Shown, name: str, value: str) -> None:
    answer.set_cookie(
        name, value, path=shown.prefix, secure=shown.is_secure, httponly=True, samesite="lax",
        max_age=None,
    )  # fmt: skip


def _drop(answer: Response, shown: Shown, name: str) -> None:
    answer.delete_cookie(name, path=shown.prefix, secure=shown.is_secure, httponly=True, samesite="lax")
