"""How the hub proves who it is to a system: headers made from secrets, added at the socket only."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast
from urllib.parse import urlencode

from crossdock.faults import Fault, Misconfigured, TryLater
from crossdock.kit.connector import Credentials
from crossdock.kit.http import Client

T = TypeVar("T")

#: The value of a secret by its name. Raises Misconfigured when there is none.
Secret = Callable[[str], str]

_RENEW_BEFORE_S = 30.0
_TOKEN_FOR_S = 300.0  # when the answer does not tell how long


class AuthSettings(Protocol):
    """What is read of a system's `auth` in the charter."""

    @property
    def type(self) -> str: ...
    @property
    def secret(self) -> str | None: ...
    @property
    def user(self) -> str | None: ...
    @property
    def header(self) -> str | None: ...
    @property
    def client_id(self) -> str | None: ...
    @property
    def scope(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Grant:
    """Headers that prove who we are, and until when (seconds of the monotonic clock). Never printed."""

    headers: Mapping[str, str] = field(repr=False)
    until_s: float = math.inf


class Badge:
    """The grant in use for one system; fetched once however many requests wait for it."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Grant]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._grant: Grant | None = None
        self._fetching = asyncio.Lock()

    def held(self) -> Mapping[str, str] | None:
        """The headers, when they are there and still good."""
        grant = self._grant
        return grant.headers if grant is not None and self._clock() < grant.until_s else None

    async def headers(self) -> Mapping[str, str]:
        """The headers, fetched when there are none that are good. Raises TryLater."""
        held = self.held()
        if held is not None:
            return held
        async with self._fetching:
            held = self.held()  # somebody else fetched while we waited
            if held is None:
                self._grant = await self._fetch()
                held = self._grant.headers
            return held

    def refused(self, headers: Mapping[str, str]) -> None:
        """Drops these headers, because the system did not take them; newer ones stay."""
        if self._grant is not None and self._grant.headers is headers:
            self._grant = None

    def __repr__(self) -> str:
        return "Badge()"


def badge(
    auth: AuthSettings,
    secret: Secret,
    *,
    token_client: Client | None = None,
    session: Credentials | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Badge | None:
    """The badge for a system's `auth`; None when it wants none.

    `token_client` reaches the `token_url` of oauth2; `session` gives the headers of a login of the
    connector's own. Secrets are read when a grant is fetched, so a rotated one is taken over after
    the first refusal. Raises Misconfigured.
    """
    if auth.type == "none":
        return None
    if auth.type == "session":
        return Badge(_of_session(_wanted(session, "session", "a login of the connector")), clock=clock)
    name = _wanted(auth.secret, "secret", "the name of a secret")
    secret(name)  # a missing one is found at the start
    if auth.type == "oauth2":
        client = _wanted(token_client, "token_url", "the address that gives tokens")
        return Badge(_of_oauth2(auth, name, secret, client, clock), clock=clock)

    async def fetch() -> Grant:
        return Grant(_plain_headers(auth, secret(name)))

    _plain_headers(auth, "")  # what is missing is found at the start
    return Badge(fetch, clock=clock)


def _plain_headers(auth: AuthSettings, value: str) -> Mapping[str, str]:
    match auth.type:
        case "bearer":
            return {"authorization": f"Bearer {value}"}
        case "basic":
            user = _wanted(auth.user, "user", "the user's name")
            return {"authorization": "Basic " + base64.b64encode(f"{user}:{value}".encode()).decode()}
        case "header":
            return {_wanted(auth.header, "header", "the header's name").lower(): value}
        case _:
            raise Misconfigured(
                f"{auth.type!r} is no way to prove who we are",
                path="auth.type", fix="write none, bearer, basic, header or oauth2",
            )  # fmt: skip


def _of_session(login: Credentials) -> Callable[[], Awaitable[Grant]]:
    async def fetch() -> Grant:
        return Grant(await login())

    return fetch


def _of_oauth2(
    auth: AuthSettings, name: str, secret: Secret, client: Client, clock: Callable[[], float]
) -> Callable[[], Awaitable[Grant]]:
    """Client credentials: RFC 6749, section 4.4; the client proves itself by HTTP Basic (2.3.1)."""
    client_id = _wanted(auth.client_id, "client_id", "the client's id")

    async def fetch() -> Grant:
        pair = urlencode({"": client_id})[1:] + ":" + urlencode({"": secret(name)})[1:]
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        headers = {
            "authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        try:
            answer = await client.send("POST", "", body=urlencode(form).encode(), headers=headers)
        except Fault as fault:  # in doubt or not: asking again for a token harms nobody
            raise TryLater(f"no token: {fault.says}", path="auth.token_url") from None
        if answer.status != 200:
            raise TryLater(
                f"no token: the token address answered {answer.status}",
                path="auth.token_url", fix="check client_id, secret and scope",
            )  # fmt: skip
        return _granted(answer.body, clock())

    return fetch


def _granted(body: bytes, now_s: float) -> Grant:
    """The grant in a token answer (RFC 6749, section 5.1). Raises TryLater; never quotes the answer."""
    try:
        found = cast(object, json.loads(body))
    except ValueError:
        found = None
    tree = cast(dict[str, object], found) if isinstance(found, dict) else {}
    token, lasts = tree.get("access_token"), tree.get("expires_in", _TOKEN_FOR_S)
    if not isinstance(token, str) or not token:
        raise TryLater("no token: the token address answered without access_token", path="auth.token_url")
    try:
        lasts_s = float(lasts) if isinstance(lasts, int | float | str) else _TOKEN_FOR_S
    except ValueError:
        lasts_s = _TOKEN_FOR_S
    # A token that lasts shorter than our margin is still good for half its life.
    return Grant({"authorization": f"Bearer {token}"}, now_s + max(lasts_s - _RENEW_BEFORE_S, lasts_s / 2))


def _wanted(value: T | None, path: str, what: str) -> T:
    if value is None or value == "":
        raise Misconfigured(f"auth lacks {path}", path=f"auth.{path}", fix=f"write {what}")
    return value
