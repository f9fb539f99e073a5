"""Accounts, sign-in and sessions, on either store."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pyotp
import pytest

from crossdock.access import passwords
from crossdock.access.people import People
from crossdock.access.roles import RIGHTS, Actor, Right, Role
from crossdock.access.seal import Seal
from crossdock.access.sessions import IDLE_MAX_S, SESSION_MAX_S, UNKNOWN, Sessions, Stage, digest_of
from crossdock.access.totp import new_secret, step_of
from crossdock.faults import Invalid, Misconfigured, TryLater
from crossdock.journal.sql import audit
from crossdock.journal.sql import people as store
from tests.journal.places import Place
from tests.stories import START_MS, stories

ROOT = Actor("root", "terminal")
GOOD = "seven quiet forklifts"


class Hours:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ms = START_MS + 10_000_000

    def now_ms(self) -> int:
        return self.ms

    def pass_s(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


class Gate:
    """A store with accounts."""

    def __init__(self, journal: Any, *, locks: bool = True) -> None:
        self.clock, self.journal = Hours(), journal
        self.people = People(journal, self.clock.now_ms)
        self.sessions = Sessions(
            journal, self.people, self.clock.now_ms, lambda: Seal(b"k" * 32), "reno", locks=locks
        )

    async def ready(self, name: str = "anna", role: Role = Role.OPERATOR, **more: Any) -> str:
        """An account whose owner has chosen a password; gives the token of the session."""
        first = await self.people.add(name, role, ROOT, **more)
        half = await self.sessions.sign_in(name, first, "10.0.0.7", "tablet")
        assert half.stage is Stage.RENEW
        whole = await self.sessions.renew(half, GOOD, "10.0.0.7", "tablet")
        return whole.token

    async def told(self) -> list[dict[str, Any]]:
        return await self.journal.view(lambda c: store.acts(c, 0, 50))


@asynccontextmanager
async def gate(place: Place, **more: Any) -> AsyncIterator[Gate]:
    async with stories(place.database) as told:
        yield Gate(told.journal, **more)


async def test_a_one_time_password_lets_in_once_and_only_to_choose_ones_own(place: Place) -> None:
    async with gate(place) as g:
        first = await g.people.add("Anna", Role.OPERATOR, ROOT)
        half = await g.sessions.sign_in("anna", first, "10.0.0.7", "tablet")
        assert half.stage is Stage.RENEW
        assert not any(half.may(right) for right in Right)
        whole = await g.sessions.renew(half, GOOD, "10.0.0.7", "tablet")
        assert whole.may(Right.ACT)
        assert not whole.may(Right.PEOPLE)
        assert await g.sessions.find(half.token, used=True) is None
        with pytest.raises(Invalid):
            await g.sessions.sign_in("anna", first, "10.0.0.7", "tablet")


async def test_a_session_is_known_by_its_digest_only_and_ends_by_time(place: Place) -> None:
    async with gate(place) as g:
        token = await g.ready()
        assert token.encode() not in b"".join(row[0] for row in place.rows("SELECT digest FROM sessions"))
        assert place.count("sessions") == 1
        found = await g.sessions.find(token, used=True)
        assert found is not None and found.person.name == "anna"
        for _ in range(5):  # in use all the time: it ends with the shift
            g.clock.pass_s(SESSION_MAX_S / 5 - 10)
            assert await g.sessions.find(token, used=True) is not None
        g.clock.pass_s(60)
        assert await g.sessions.find(token, used=True) is None


async def test_a_page_that_renews_itself_does_not_keep_a_session_alive(place: Place) -> None:
    async with gate(place) as g:
        token = await g.ready()
        for _ in range(3):
            g.clock.pass_s(IDLE_MAX_S / 4)
            assert await g.sessions.find(token, used=False) is not None
        g.clock.pass_s(IDLE_MAX_S / 2)
        assert await g.sessions.find(token, used=False) is None


async def test_failures_cost_time_that_doubles_and_the_right_password_does_not_help_meanwhile(
    place: Place,
) -> None:
    async with gate(place) as g:
        await g.ready()
        waits: list[float] = []
        for _ in range(9):
            try:
                await g.sessions.sign_in("anna", "wrong wrong wrong", "10.9.9.9", "")
            except Invalid:
                continue
            except TryLater as locked:
                waits.append(locked.wait_s or 0)
                with pytest.raises(TryLater):
                    await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")
                g.clock.pass_s(waits[-1])
        assert waits[:2] == [15, 30]
        says = [one["says"] for one in await g.told() if one["act"] == "locked"]
        assert any("sign-in as anna failed 5 times" in one for one in says)


async def test_control_without_the_lock_nothing_costs_time(place: Place) -> None:
    async with gate(place, locks=False) as g:
        await g.ready()
        for _ in range(9):
            with pytest.raises(Invalid):
                await g.sessions.sign_in("anna", "wrong wrong wrong", "10.9.9.9", "")
        assert (await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")).stage is Stage.WHOLE


async def test_names_that_nobody_has_are_answered_and_locked_like_names_that_somebody_has(
    place: Place,
) -> None:
    async with gate(place) as g:
        await g.ready()
        said: dict[str, list[str]] = {"anna": [], "nobody": []}
        for name, heard in said.items():
            for _ in range(6):
                with pytest.raises((Invalid, TryLater)) as refused:
                    await g.sessions.sign_in(name, "wrong wrong wrong", f"10.1.1.{len(name)}", "")
                heard.append(str(refused.value))
        assert said["anna"] == said["nobody"]


async def test_a_good_sign_in_ends_the_count_of_its_name_and_not_that_of_its_address(place: Place) -> None:
    async with gate(place) as g:
        await g.ready()
        for name in ("anna", "anna", "nobody"):
            with pytest.raises(Invalid):
                await g.sessions.sign_in(name, "wrong wrong wrong", "10.0.0.7", "")
        await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")
    failures = dict(place.rows("SELECT who, failures FROM attempts"))
    assert failures["name:anna"] == 0
    assert failures["from:10.0.0.7"] == 3, (
        "with one account of their own they could try all the others for ever"
    )


async def test_an_admin_who_never_signed_in_may_go_though_the_other_never_did_either(place: Place) -> None:
    async with gate(place) as g:
        for name in ("mistyped", "right"):
            await g.people.add(name, Role.ADMIN, ROOT)
        await g.people.disable("mistyped", ROOT)
        with pytest.raises(Invalid, match="only admin"):
            await g.people.disable("right", ROOT)


async def test_a_password_typed_into_the_field_of_the_name_is_kept_nowhere(place: Place) -> None:
    async with gate(place) as g:
        await g.ready()
        for name in (GOOD, "anna"):
            for _ in range(7):
                with pytest.raises((Invalid, TryLater)):
                    await g.sessions.sign_in(name, "wrong wrong wrong", "10.0.0.7", "")
        locked = {one["who"] for one in await g.told() if one["act"] == "locked"}
        assert locked == {UNKNOWN, "anna"}, "control: an account that there is stands there by its name"
        kept = [str(row) for table in ("attempts", "ledger") for row in place.rows(f"SELECT * FROM {table}")]
        assert any("anna" in row for row in kept)
        assert not any(GOOD in row for row in kept)


async def test_a_code_of_the_authenticator_is_the_second_half_and_works_once(place: Place) -> None:
    async with gate(place) as g:
        token = await g.ready()
        session = await g.sessions.find(token, used=True)
        assert session is not None
        secret = new_secret()
        await g.people.set_totp(session.person, g.sessions.sealed(session.person.row, secret), ROOT)
        assert secret.encode() not in b"".join(row[0] for row in place.rows("SELECT totp FROM people"))
        half = await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")
        assert half.stage is Stage.CODE and not half.may(Right.SEE)
        code = pyotp.TOTP(secret).at(g.clock.ms // 1000)
        whole = await g.sessions.give_code(half, code, "10.0.0.7", "")
        assert whole.stage is Stage.WHOLE and whole.token != half.token
        again = await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")
        with pytest.raises(Invalid, match="was used"):
            await g.sessions.give_code(again, code, "10.0.0.7", "")


async def test_a_reset_takes_the_authenticator_away_with_the_password(place: Place) -> None:
    async with gate(place) as g:
        session = await g.sessions.find(await g.ready(), used=True)
        assert session is not None
        sealed = g.sessions.sealed(session.person.row, new_secret())
        await g.people.set_totp(session.person, sealed, ROOT)
        password = await g.people.reset("anna", ROOT)
        half = await g.sessions.sign_in("anna", password, "10.0.0.7", "")
        assert half.stage is Stage.RENEW, "who lost the device would be asked for its code"
        with pytest.raises(Invalid):
            await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")


async def test_who_is_disabled_or_loses_a_role_is_out_at_once(place: Place) -> None:
    async with gate(place) as g:
        await g.ready("boss", Role.ADMIN)
        anna = await g.ready()
        g.clock.pass_s(2)
        await g.people.disable("anna", ROOT)
        assert await g.sessions.find(anna, used=True) is None
        with pytest.raises(Invalid):
            await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")
        await g.people.enable("anna", ROOT)
        assert (await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")).stage is Stage.WHOLE


async def test_the_last_admin_stays_one(place: Place) -> None:
    async with gate(place) as g:
        await g.ready("boss", Role.ADMIN)
        for act in (
            g.people.disable("boss", ROOT),
            g.people.set_role("boss", ROOT, role="viewer"),
            g.people.set_role("boss", ROOT, systems=["shop"]),
        ):
            with pytest.raises(Invalid, match="only admin"):
                await act
        first = await g.people.add("second", Role.ADMIN, ROOT)
        with pytest.raises(Invalid, match="who ever signed in"):
            await g.people.disable("boss", ROOT)  # the second one may never come
        half = await g.sessions.sign_in("second", first, "10.0.0.7", "tablet")
        await g.sessions.renew(half, GOOD, "10.0.0.7", "tablet")
        await g.people.set_role("boss", ROOT, role="viewer")
        assert (await g.people.named("boss")).role is Role.VIEWER


async def test_every_act_is_in_the_ledger_with_who_from_where_before_and_after(place: Place) -> None:
    async with gate(place) as g:
        await g.ready("boss", Role.ADMIN)
        await g.ready(systems=["shop"])
        by = Actor("boss", "10.0.0.1")
        await g.people.set_role("anna", by, role="integrator", systems=[])
        await g.people.reset("anna", by)
        told = await g.told()
        changed = next(one for one in told if one["act"] == "role")
        assert (changed["who"], changed["from"]) == ("boss", "10.0.0.1")
        assert (changed["before"]["role"], changed["after"]["role"]) == ("operator", "integrator")
        assert (changed["before"]["systems"], changed["after"]["systems"]) == (["shop"], [])
        assert {one["act"] for one in told} == {"add", "sign_in", "password", "role", "reset"}
        kept = [row[0] for row in place.rows("SELECT password FROM people")]
        assert not any(part in json.dumps(told) for part in kept)
    assert audit.verify(place.storage, lambda _done, _all: None) is None


async def test_a_role_given_behind_the_hubs_back_is_found_by_the_audit(place: Place) -> None:
    async with gate(place) as g:
        await g.ready()
    place.run("UPDATE people SET role = 'admin'")
    assert audit.verify(place.storage, lambda _done, _all: None) is not None


async def test_a_session_made_by_somebody_else_opens_nothing(place: Place) -> None:
    async with gate(place) as g:
        await g.ready()
        planted = "a token that an attacker chose"
        assert await g.sessions.find(planted, used=True) is None
        first = await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")
        second = await g.sessions.sign_in("anna", GOOD, "10.0.0.7", "")
        assert len({planted, first.token, second.token}) == 3
        await g.sessions.sign_out(first)
        assert await g.sessions.find(first.token, used=True) is None
        assert await g.sessions.find(second.token, used=True) is not None
        assert digest_of(first.token) != digest_of(second.token)


async def test_somebody_of_another_site_is_not_let_in(place: Place) -> None:
    async with gate(place) as g:
        first = await g.people.add("ben", Role.VIEWER, ROOT, sites=["utrecht"])
        with pytest.raises(Invalid):
            await g.sessions.sign_in("ben", first, "10.0.0.7", "")


@pytest.mark.parametrize(
    "bad", ["short", "password1234567", "anna anna anna!", "aaaaaaaaaaaaaaaa", "x" * 200]
)
def test_passwords_that_are_easy_to_guess_are_refused(bad: str) -> None:
    with pytest.raises(Invalid):
        passwords.must_be_good(bad, "anna")


def test_a_password_is_kept_by_argon2id_and_fits_however_its_signs_are_composed() -> None:
    kept = passwords.hashed("caf\u00e9 am fluss 12")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits(kept, "cafe\u0301 am fluss 12")
    assert not passwords.fits(kept, "cafe am fluss 12")
    assert not passwords.fits("not a digest", "x")


def test_each_role_has_its_rights_and_none_between() -> None:
    told = {role.value: {right.value for right in rights} for role, rights in RIGHTS.items()}
    assert told == {
        "viewer": {"see"},
        "operator": {"see", "bytes", "act", "gate"},
        "integrator": {"see", "bytes", "act", "gate", "connect", "audit"},
        "approver": {"see", "bytes", "approve", "audit"},
        "admin": {right.value for right in Right},
    }


def test_a_seal_of_another_key_or_for_somebody_else_does_not_open() -> None:
    data = Seal(b"k" * 32).sealed(b"secret", about="totp/1")
    assert Seal(b"k" * 32).opened(data, about="totp/1") == b"secret"
    for seal, about in ((Seal(b"x" * 32), "totp/1"), (Seal(b"k" * 32), "totp/2")):
        with pytest.raises(Misconfigured):
            seal.opened(data, about=about)


def test_a_code_counts_a_step_early_or_late_and_never_twice() -> None:
    secret, now_s = new_secret(), 1_795_000_000
    for drift, good in ((-60, False), (-30, True), (0, True), (30, True), (60, False)):
        code = pyotp.TOTP(secret).at(now_s + drift)
        assert (step_of(secret, code, now_s, 0) is not None) is good
    step = step_of(secret, pyotp.TOTP(secret).at(now_s), now_s, 0)
    assert step is not None
    assert step_of(secret, pyotp.TOTP(secret).at(now_s), now_s, step) is None
    assert step_of(secret, "12345x", now_s, 0) is None
