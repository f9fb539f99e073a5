"""Sign-in, sign-out, and one's own account."""

from __future__ import annotations

from starlette.responses import Response

from crossdock.access import passwords, totp
from crossdock.access.sessions import Stage
from crossdock.console.gate import Visit, safe_path
from crossdock.console.paper import query
from crossdock.console.words import say
from crossdock.faults import Fault, Invalid, TryLater
from crossdock.journal.sql import people as store


async def page(visit: Visit) -> Response:
    """The form; who is signed in goes on."""
    if visit.session is not None and visit.session.stage is Stage.WHOLE:
        return visit.to(safe_path(visit.asked("next", "/")))
    return form(visit, safe_path(visit.asked("next", "/")))


def form(visit: Visit, wanted: str, problem: Fault | None = None) -> Response:
    """The page where people sign in, with what went wrong the last time."""
    status = 200 if problem is None else 429 if isinstance(problem, TryLater) else 401
    response = visit.page(
        "sign_in.html",
        status,
        wanted=wanted,
        problem=problem,
        done=visit.asked("done"),
        name=visit.form.get("name", ""),
        with_=visit.shown.hub.charter.single_sign_on if visit.shown.single else None,
        onward=query(next=wanted),
    )
    if isinstance(problem, TryLater):
        response.headers["retry-after"] = str(int(problem.wait_s or 2))
    return response


async def sign_in(visit: Visit) -> Response:
    """Name and password."""
    wanted = safe_path(visit.form.get("next", "/"))
    if visit.session is not None:
        await visit.shown.sessions.sign_out(visit.session)
        visit.session = None
    try:
        session = await visit.shown.sessions.sign_in(
            visit.form.get("name", ""), visit.form.get("password", ""), visit.origin, visit.agent
        )
    except (Invalid, TryLater) as problem:
        return form(visit, wanted, problem)
    following = "" if wanted == "/" else query(next=wanted)
    match session.stage:
        case Stage.CODE:
            return visit.let_in(session, f"/sign-in/code{following}")
        case Stage.RENEW:
            return visit.let_in(session, f"/sign-in/password{following}")
        case Stage.WHOLE:
            return visit.let_in(session, wanted)


async def code_page(visit: Visit) -> Response:
    """Where the one-time code is typed."""
    if visit.session is None or visit.session.stage is not Stage.CODE:
        return visit.to("/sign-in")
    return visit.page("code.html", wanted=safe_path(visit.asked("next", "/")))


async def code(visit: Visit) -> Response:
    """The one-time code."""
    wanted = safe_path(visit.form.get("next", "/"))
    if visit.session is None or visit.session.stage is not Stage.CODE:
        return visit.to("/sign-in")
    try:
        session = await visit.shown.sessions.give_code(
            visit.session, visit.form.get("code", ""), visit.origin, visit.agent
        )
    except (Invalid, TryLater) as problem:
        return visit.page(
            "code.html", 429 if isinstance(problem, TryLater) else 401, wanted=wanted, problem=problem
        )
    return visit.let_in(session, "/sign-in/password" if session.stage is Stage.RENEW else wanted)


async def password_page(visit: Visit) -> Response:
    """Where somebody chooses a password of their own."""
    if visit.session is None or visit.session.stage is Stage.CODE:
        return visit.to("/sign-in")
    return _password(visit, safe_path(visit.asked("next", "/")))


def _password(visit: Visit, wanted: str, problem: Fault | None = None) -> Response:
    status = 200 if problem is None else 422
    return visit.page("password.html", status, wanted=wanted, problem=problem, least=passwords.LENGTH_MIN)


async def password(visit: Visit) -> Response:
    """The password that somebody chose; whoever is signed in already gives the old one too."""
    wanted, session = safe_path(visit.form.get("next", "/")), visit.session
    if session is None or session.stage is Stage.CODE:
        return visit.to("/sign-in")
    chosen = visit.form.get("password", "")
    try:
        if chosen != visit.form.get("again", ""):
            raise Invalid(say("password.differ"), path="again", fix=say("password.differ_fix"))
        if session.stage is Stage.WHOLE:
            await visit.shown.sessions.sign_in(
                session.person.name, visit.form.get("old", ""), visit.origin, visit.agent
            )
        fresh = await visit.shown.sessions.renew(session, chosen, visit.origin, visit.agent)
    except (Invalid, TryLater) as problem:
        return _password(visit, wanted, problem)
    return visit.let_in(fresh, wanted)


async def sign_out(visit: Visit) -> Response:
    """Ends the session."""
    if visit.session is not None:
        await visit.shown.sessions.sign_out(visit.session)
    return visit.let_out()


async def me(visit: Visit) -> Response:
    """One's own account: role, sessions, authenticator."""
    return await _me(visit)


async def _me(visit: Visit, problem: Fault | None = None, secret: str = "") -> Response:
    person = visit.who.person
    secret = secret or (totp.new_secret() if person.row.totp is None else "")
    sessions = await visit.shown.hub.journal.view(lambda c: store.sessions_of(c, person.row.id))
    return visit.page(
        "me.html", 200 if problem is None else 422, sessions=sessions, secret=secret, problem=problem,
        address=totp.address(secret, person.name, visit.shown.hub.charter.site.name) if secret else "",
        done=visit.asked("done"),
    )  # fmt: skip


async def authenticator(visit: Visit) -> Response:
    """Sets up an authenticator once its first code is right, or takes it away: both with the password."""
    person, shown, secret = visit.who.person, visit.shown, visit.form.get("secret", "")
    try:
        # A browser that was left open is not enough for either.
        await shown.sessions.sign_in(person.name, visit.form.get("password", ""), visit.origin, visit.agent)
        if visit.form.get("act") == "remove":
            await shown.running.people.set_totp(person, None, visit.by)
        else:
            await shown.sessions.set_up(visit.who, secret, visit.form.get("code", ""), visit.origin)
    except (Invalid, TryLater) as problem:
        return await _me(visit, problem, secret if totp.is_secret(secret) and person.row.totp is None else "")
    shown.sessions.forget()
    return visit.let_out("removed" if visit.form.get("act") == "remove" else "set_up")
