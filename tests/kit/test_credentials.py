"""How the hub proves who it is, and that no secret gets out."""

import asyncio
import base64
import traceback
from dataclasses import dataclass

import pytest

from crossdock.faults import InDoubt, Misconfigured, TryLater
from crossdock.kit.credentials import Badge, Grant, badge
from crossdock.kit.http import Response

WORD = "hush-" + "4711"  # so that no source line of a traceback holds it


@dataclass
class Auth:
    """What the charter says about credentials."""

    type: str = "none"
    secret: str | None = "WMS"
    user: str | None = None
    header: str | None = None
    client_id: str | None = None
    scope: str | None = None


class Tokens:
    """A token address: gives the answers in turn, the last one for ever."""

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[bytes, dict[str, str]]] = []

    async def send(self, method, path, *, body=b"", headers=None):
        self.asked.append((body, dict(headers or {})))
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self):
        """Nothing to end."""


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def secret(name: str) -> str:
    return {"WMS": WORD}[name]


def token(value: str, body: str = '{"access_token": "%s", "expires_in": 3600}') -> Response:
    return Response(200, {}, (body % value).encode())


OAUTH = Auth("oauth2", client_id="hub", scope="orders")


def test_no_credentials_are_no_badge():
    assert badge(Auth("none", secret=None), secret) is None


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (Auth("bearer"), {"authorization": "Bearer " + WORD}),
        (Auth("header", header="X-Api-Key"), {"x-api-key": WORD}),
        (
            Auth("basic", user="hüb"),
            {"authorization": "Basic " + base64.b64encode(f"hüb:{WORD}".encode()).decode()},
        ),
    ],
)
async def test_each_kind_gives_its_header(auth, expected):
    made = badge(auth, secret)
    assert made is not None
    assert await made.headers() == expected


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        (Auth("bearer", secret=None), "auth.secret"),
        (Auth("basic"), "auth.user"),
        (Auth("header"), "auth.header"),
        (Auth("oauth2", client_id="hub"), "auth.token_url"),
        (Auth("session"), "auth.session"),
        (Auth("kerberos"), "auth.type"),
    ],
)
def test_what_is_missing_is_named_at_the_start(auth, path):
    with pytest.raises(Misconfigured) as caught:
        badge(auth, secret)
    assert caught.value.path == path
    assert caught.value.fix
    assert WORD not in str(caught.value)


async def test_a_token_is_fetched_by_client_credentials():
    tokens = Tokens(token("t1"))
    made = badge(OAUTH, secret, token_client=tokens)
    assert made is not None
    assert await made.headers() == {"authorization": "Bearer t1"}
    body, headers = tokens.asked[0]
    assert body == b"grant_type=client_credentials&scope=orders"
    assert headers["authorization"] == "Basic " + base64.b64encode(f"hub:{WORD}".encode()).decode()


async def test_fifty_requests_at_once_fetch_one_token():
    tokens = Tokens(token("t1"))
    made = badge(OAUTH, secret, token_client=tokens)
    assert made is not None
    found = await asyncio.gather(*(made.headers() for _ in range(50)))
    assert len(tokens.asked) == 1
    assert all(headers == {"authorization": "Bearer t1"} for headers in found)


async def test_a_token_is_renewed_before_it_ends():
    tokens, clock = Tokens(token("t1"), token("t2")), Clock()
    made = badge(OAUTH, secret, token_client=tokens, clock=clock)
    assert made is not None
    await made.headers()
    clock.now_s += 3500
    assert await made.headers() == {"authorization": "Bearer t1"}
    clock.now_s += 80
    assert await made.headers() == {"authorization": "Bearer t2"}


async def test_refused_headers_are_dropped_but_newer_ones_stay():
    grants = iter([Grant({"a": "1"}), Grant({"a": "2"})])

    async def fetch() -> Grant:
        return next(grants)

    made = Badge(fetch)
    old = await made.headers()
    made.refused(old)
    assert await made.headers() == {"a": "2"}
    made.refused(old)  # the answer to a request that left before
    assert made.held() == {"a": "2"}


async def test_a_login_of_the_connector_is_a_badge_too():
    async def login():
        return {"authorization": "Session abc"}

    made = badge(Auth("session"), secret, session=login)
    assert made is not None
    assert await made.headers() == {"authorization": "Session abc"}


@pytest.mark.parametrize(
    "answer",
    [
        Response(401, {}, b"bad secret " + WORD.encode()),
        Response(200, {}, b"not json " + WORD.encode()),
        Response(200, {}, b"[]"),
        Response(200, {}, b'{"access_token": 5}'),
        InDoubt("no answer"),
        TryLater("cannot be reached"),
    ],
)
async def test_without_a_token_nothing_is_sent_and_no_secret_is_told(answer):
    made = badge(OAUTH, secret, token_client=Tokens(answer))
    assert made is not None
    with pytest.raises(TryLater, match="no token") as caught:
        await made.headers()
    assert caught.value.path == "auth.token_url"
    assert WORD not in "".join(traceback.format_exception(caught.value))


async def test_a_token_whose_life_is_not_told_is_kept_for_a_while():
    clock = Clock()
    made = badge(OAUTH, secret, token_client=Tokens(token("t1", '{"access_token": "%s"}')), clock=clock)
    assert made is not None
    await made.headers()
    clock.now_s += 200
    assert made.held() is not None
    clock.now_s += 200
    assert made.held() is None


async def test_nothing_prints_a_secret():
    made = badge(Auth("bearer"), secret)
    assert made is not None
    await made.headers()
    grant = Grant({"authorization": WORD})
    assert WORD not in repr(made) + str(made) + repr(grant) + str(grant)
    assert WORD in repr(grant.headers)  # control: where it stands, the check sees it
