"""Signing in by way of an OpenID Connect provider, which runs as a program of its own and may lie."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, build_opener

import pytest

from crossdock.access.roles import Role
from crossdock.access.sessions import csrf_of
from crossdock.journal.sql import people as store
from tests.console.world import GOOD, PREFIX, Reply, World, world
from tests.peers.oidc_program import SECRET

ANNA = {
    "sub": "u-1", "email": "anna@example.com", "email_verified": True, "name": "Anna B.", "groups": ["floor", "leads"],
}  # fmt: skip
ROLES = {"leads": "approver", "floor": "operator"}


class Provider:
    """The provider from outside."""

    def __init__(self, url: str) -> None:
        self.url = url

    def tell(self, **told: Any) -> dict[str, Any]:
        request = Request(f"{self.url}/tell", json.dumps(told).encode(), {"content-type": "application/json"})
        with build_opener().open(request, timeout=60) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.peers.oidc_program"],
        stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], env=dict(os.environ),
    )  # fmt: skip
    try:
        assert program.stdout is not None
        yield Provider(json.loads(program.stdout.readline())["url"])
    finally:
        program.terminate()
        program.wait(10)


def rules(url: str) -> dict[str, Any]:
    return {
        "single_sign_on": {
            "issuer": url, "client_id": "crossdock", "secret": "oidc", "roles": ROLES, "shown": "Example Logistics",
        }
    }  # fmt: skip


@pytest.fixture
async def w(tmp_path: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    provider.tell(person=ANNA)
    async with world(tmp_path, more=rules(provider.url), secrets={"oidc": SECRET}) as made:
        yield made


async def go(w: World, *, wanted: str = "", swap: str = "") -> Reply:
    """What a browser does: to the hub, to the provider, and back; `swap` is another browser's kept secret."""
    there = await w.ask("GET", f"{PREFIX}/sign-in/with{wanted}")
    assert there.status == 303, there.text
    kept = swap or there.cookies[0].split(";")[0]
    address = there.headers["location"]

    def provider() -> str:
        from urllib.error import HTTPError

        from tests.console.world import _Stays

        try:
            build_opener(_Stays).open(address, timeout=60)
        except HTTPError as moved:
            return moved.headers["location"]
        raise AssertionError("the provider sends nobody on")

    back = urlsplit(await asyncio.to_thread(provider))
    return await w.ask("GET", f"{back.path}?{back.query}", cookie=kept)


def token(reply: Reply) -> str:
    return next(one for one in reply.cookies if one.startswith("crossdock=")).split(";")[0].split("=", 1)[1]


async def test_somebody_signs_in_by_the_provider_with_the_role_of_their_groups(w: World) -> None:
    page = (await w.ask("GET", f"{PREFIX}/sign-in")).text
    assert "Sign in with Example Logistics" in page
    reply = await go(w, wanted="?next=%2Forders")
    assert (reply.status, reply.headers["location"]) == (303, f"{PREFIX}/orders")
    me = (await w.ask("GET", f"{PREFIX}/me", token(reply))).text
    assert "anna@example.com" in me and "approver" in me
    acts = await w.shown.hub.journal.view(lambda c: store.acts(c, 0, 10))
    assert [(one["act"], one["who"]) for one in acts] == [
        ("sign_in", "anna@example.com"),
        ("add", "anna@example.com"),
    ]


async def test_their_role_follows_their_groups_and_ends_with_them(w: World, provider: Provider) -> None:
    first = token(await go(w))
    provider.tell(person={**ANNA, "groups": ["floor"]})
    reply = await go(w)
    assert "operator" in (await w.ask("GET", f"{PREFIX}/me", token(reply))).text
    assert (await w.ask("GET", f"{PREFIX}/me", first)).status == 303, "older sessions ended with the role"
    provider.tell(person={**ANNA, "groups": ["canteen"]})
    refused = await go(w)
    assert (refused.status, "one of your groups" in refused.text) == (401, True)


LIES: dict[str, dict[str, Any]] = {
    "another audience": {"claims": {"aud": "somebody-else"}},
    "two audiences": {"claims": {"aud": ["crossdock", "other"]}},
    "another party": {"claims": {"azp": "other"}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "another issuer of the answer": {"iss_back": "https://evil.example"},
    "another nonce": {"claims": {"nonce": "guessed"}},
    "no nonce": {"claims": {"nonce": None}},
    "no text for a nonce": {"claims": {"nonce": 7}},
    "no audience": {"claims": {"aud": None}},
    "no issuer": {"claims": {"iss": None}},
    "no word of when it was made": {"claims": {"iat": None}},
    "made in the future": {"claims": {"iat": 4_000_000_000}},
    "no subject": {"claims": {"sub": None}},
    "too old": {"claims": {"exp": 1_000_000_000}},
    "made long ago": {"claims": {"iat": 1_000_000_000}},
    "no end": {"claims": {"exp": None}},
    "nobody": {"claims": {"sub": ""}},
    "an address that nobody checked": {"claims": {"email_verified": False}},
    "not signed": {"signs": "none"},
    "signed with the public key as a secret": {"signs": "with the public key as a secret"},
    "signed with the secret of the client": {"signs": "with the client's secret"},
    "signed with another key": {"signs": "with another key"},
    "signed with a key of nobody": {"signs": "with an unknown key"},
    "denied": {"denied": True},
}


async def test_a_token_that_is_not_as_it_must_be_lets_nobody_in(w: World, provider: Provider) -> None:
    for lie, told in LIES.items():
        provider.tell(lies=told)
        reply = await go(w)
        assert reply.status == 401, lie
        assert not any(one.startswith("crossdock=") for one in reply.cookies), lie
        provider.tell(lies={})
        assert (await go(w)).status == 303, f"control: without the lie they come in ({lie})"


async def test_an_answer_that_another_browser_began_lets_nobody_in(w: World) -> None:
    other = (await w.ask("GET", f"{PREFIX}/sign-in/with")).cookies[0].split(";")[0]
    assert (await go(w, swap=other)).status == 401
    assert (await go(w, swap="crossdock_sign_on=00ff")).status == 401


async def test_keys_that_were_rotated_are_found_and_are_not_asked_for_at_each_sign_in(
    w: World, provider: Provider
) -> None:
    before = provider.tell()["asked_keys"]
    for _ in range(3):
        assert (await go(w)).status == 303
    assert provider.tell()["asked_keys"] == before + 1
    provider.tell(rotate="two")
    single = w.shown.single
    assert single is not None and single._keys is not None
    assert (await go(w)).status == 401, (
        "not twice within half a minute: a liar could make the hub ask without end"
    )
    single._keys = (single._keys[0] - 60, single._keys[1])
    assert (await go(w)).status == 303


async def test_a_local_account_is_nobody_elses_and_the_admins_opens_without_the_provider(
    w: World, provider: Provider
) -> None:
    await w.app.people.add("anna@example.com", Role.VIEWER, _by())
    assert (await go(w)).status == 401
    await w.person("root", Role.ADMIN)
    provider.tell(person={**ANNA, "sub": "u-2", "email": "root"})
    assert (await go(w)).status == 401
    for name, role, status in (("root", None, 303), ("olga", Role.OPERATOR, 401)):
        if role is not None:
            w.shown.sessions._local = frozenset(Role)
            await w.person(name, role)
            w.shown.sessions._local = frozenset({Role.ADMIN})
        visit = "v" * 43
        form = {"csrf": csrf_of(visit), "name": name, "password": GOOD}
        reply = await w.ask("POST", f"{PREFIX}/sign-in", None, form, cookie=f"crossdock_visit={visit}")
        assert reply.status == status, name


async def test_a_disabled_account_stays_out_whatever_the_provider_says(w: World) -> None:
    assert (await go(w)).status == 303
    await w.app.people.disable("anna@example.com", _by())
    assert (await go(w)).status == 401


def _by() -> Any:
    from tests.console.world import ROOT

    return ROOT
