"""People and what is done to their accounts, each act in the ledger with who, from where, before and after."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from crossdock.access import passwords
from crossdock.access.roles import RIGHTS, Actor, Right, Role, Scope, role_of
from crossdock.access.single_sign_on import Vouched
from crossdock.faults import Invalid
from crossdock.journal.chain import partition_of
from crossdock.journal.sql import people as store
from crossdock.journal.sql.people import PersonRow
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import FourEyes, OnePair, second
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind

#: As people type them: an address of e-mail is a good one.
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
_LISTED_MAX = 200
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in."""

    row: PersonRow
    role: Role
    scope: Scope

    @property
    def name(self) -> str:
        """What they sign in with, and the ledger calls them."""
        return self.row.name

    @property
    def is_disabled(self) -> bool:
        """Whether they may not sign in any more."""
        return self.row.disabled_ms is not None

    def may(self, right: Right) -> bool:
        """Whether they have a right, as far as their scope goes."""
        return not self.is_disabled and right in RIGHTS[self.role]


def person_of(row: PersonRow) -> Person:
    """A person as the store has them."""
    sites, systems = frozenset(json.loads(row.sites)), frozenset(json.loads(row.systems))
    return Person(row, Role(row.role), Scope(sites=sites, systems=systems))


def no_such(name: str) -> Invalid:
    """The refusal of a name that nobody has."""
    return Invalid(f"nobody is called {name[:60]}", path="name", fix="`crossdock people list` shows them")


class People:
    """Makes and changes accounts. One act at a time; the last admin stays one."""

    def __init__(self, journal: SiteJournal, now_ms: Callable[[], int], eyes: FourEyes | None = None) -> None:
        """`eyes` says whether two people must want a change."""
        self.eyes = eyes or OnePair()
        self._journal = journal
        self._now_ms = now_ms
        self._acting = asyncio.Lock()

    async def all(self) -> Sequence[Person]:
        """Everybody, by name."""
        rows = await self._journal.view(lambda c: store.people(c, self._journal.scope))
        return [person_of(row) for row in rows]

    async def named(self, name: str) -> Person:
        """Somebody. Raises Invalid when nobody is called so."""
        row = await self._journal.view(
            lambda c: store.person_named(c, self._journal.scope, name.strip().lower())
        )
        if row is None:
            raise no_such(name)
        return person_of(row)

    async def add(
        self, name: str, role: Role, by: Actor, *, shown: str = "", systems: Collection[str] = (),
        sites: Collection[str] = (), subject: str | None = None,
    ) -> str:  # fmt: skip
        """Makes an account; gives the password for the first sign-in, shown once. Raises Invalid, StoreDown."""
        name = name.strip().lower()
        if not _NAME.fullmatch(name):
            says = f"{name[:60]!r} is no name to sign in with"
            raise Invalid(says, path="name", fix="up to 100 small letters, digits and . _ @ + -")
        password = passwords.one_time()
        kept = await asyncio.to_thread(passwords.hashed, password)
        async with self._acting:
            journal = self._journal
            known = await journal.view(lambda c: store.person_named(c, journal.scope, name))
            if known is not None:
                raise Invalid(f"there is {name} already", path="name", fix="choose another name")
            row = PersonRow(
                id=journal.next_id(), scope=journal.scope, name=name, shown=" ".join(shown.split())[:100] or name,
                role=role.value, systems=_listed(systems), sites=_listed(sites), password=kept, renew=1, totp=None,
                subject=subject, disabled_ms=None, made_ms=self._now_ms(),
            )  # fmt: skip
            await self._save(None, row, "add", f"{by.name} made an account for {name} ({role.value})", by)
        return password

    async def vouched(self, vouched: Vouched, by: Actor) -> PersonRow:
        """The account of whom the single sign-on vouches for, made or changed to the role of their groups.

        Raises Invalid where a local account has that name: it is nobody else's.
        """
        role, name = role_of(vouched.role), vouched.name.strip().lower()
        async with self._acting:
            journal = self._journal
            known = await journal.view(lambda c: store.person_of_subject(c, journal.scope, vouched.subject))
            if known is not None:
                if known.role != role.value:
                    after = replace(known, role=role.value)
                    says = f"{name} is {role.value} by the groups of the single sign-on"
                    await self._save(known, after, "role", says, by)
                    return after
                return known
            if not _NAME.fullmatch(name):
                raise Invalid(
                    f"{name[:60]!r} is no name to sign in with", path="name", fix="map another claim to it"
                )
            if await journal.view(lambda c: store.person_named(c, journal.scope, name)) is not None:
                says = f"there is a local account {name} already"
                raise Invalid(says, path="name", fix="have an admin rename or disable it")
            shown = " ".join(vouched.shown.split())[:100] or name
            row = PersonRow(
                id=journal.next_id(), scope=journal.scope, name=name, shown=shown, role=role.value, systems="[]",
                sites="[]", password=None, renew=0, totp=None, subject=vouched.subject, disabled_ms=None,
                made_ms=self._now_ms(),
            )  # fmt: skip
            await self._save(None, row, "add", f"the single sign-on brought {name} ({role.value})", by)
        return row

    async def set_role(
        self, name: str, by: Actor, *, role: str | None = None, systems: Collection[str] | None = None,
        sites: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        """Changes what somebody may do, and how far; they sign in again. Raises Invalid."""
        async with self._acting:
            before = (await self.named(name)).row
            after = replace(
                before,
                role=before.role if role is None else role_of(role).value,
                systems=before.systems if systems is None else _listed(systems),
                sites=before.sites if sites is None else _listed(sites),
            )
            await self._must_leave_an_admin(before, after)
            what = f"{after.role} for {_named(after.systems, 'every system')}"
            await self._save(before, after, "role", f"{by.name} made {before.name} {what}", by)

    async def disable(self, name: str, by: Actor) -> None:
        """Ends every session of somebody, and lets them in no more. Raises Invalid."""
        async with self._acting:
            before = (await self.named(name)).row
            after = replace(before, disabled_ms=before.disabled_ms or self._now_ms())
            await self._must_leave_an_admin(before, after)
            await self._save(before, after, "disable", f"{by.name} disabled {before.name}", by)

    async def enable(self, name: str, by: Actor) -> None:
        """Lets somebody in again. Raises Invalid."""
        async with self._acting:
            before = (await self.named(name)).row
            await self._save(
                before, replace(before, disabled_ms=None), "enable", f"{by.name} enabled {before.name}", by
            )

    async def reset(self, name: str, by: Actor) -> str:
        """Gives somebody a new one-time password and takes their authenticator away. Raises Invalid."""
        password = passwords.one_time()
        kept = await asyncio.to_thread(passwords.hashed, password)
        async with self._acting:
            before = (await self.named(name)).row
            after = replace(before, password=kept, renew=1, totp=None)
            says = f"{by.name} reset the password and the authenticator of {before.name}"
            await self._save(before, after, "reset", says, by)
        return password

    async def choose_password(self, person: Person, password: str, by: Actor) -> None:
        """Keeps the password that somebody chose; their other sessions end. Raises Invalid."""
        passwords.must_be_good(password, person.name)
        kept = await asyncio.to_thread(passwords.hashed, password)
        async with self._acting:
            before = (await self.named(person.name)).row
            after = replace(before, password=kept, renew=0)
            await self._save(before, after, "password", f"{by.name} chose a new password", by)

    async def set_totp(self, person: Person, sealed: bytes | None, by: Actor) -> None:
        """Keeps the sealed secret of somebody's authenticator, or takes it away (None)."""
        async with self._acting:
            before = (await self.named(person.name)).row
            said = "set up an authenticator" if sealed else "took the authenticator away"
            await self._save(before, replace(before, totp=sealed), "authenticator", f"{by.name} {said}", by)

    async def _must_leave_an_admin(self, before: PersonRow, after: PersonRow) -> None:
        if not _is_admin(before) or _is_admin(after):
            return
        others = [one.row for one in await self.all() if one.row.id != before.id and _is_admin(one.row)]
        # Who never signed in may never do so: such an account replaces no admin who did.
        if not any(_has_signed_in(one) or not _has_signed_in(before) for one in others):
            says = f"{before.name} is the only admin" + (" who ever signed in" if others else "")
            fix = f"have {others[0].name} sign in first" if others else "make somebody else an admin first"
            raise Invalid(says, path="name", fix=fix)

    async def _save(self, before: PersonRow | None, after: PersonRow, act: str, says: str, by: Actor) -> None:
        changes = self._journal.changes()
        entry = access_entry(
            after.id, says, act, by, before=_told(before) if before else None, after=_told(after)
        )
        changes.entry(entry, ("upsert_person", after.values, None))
        changes.row("delete_sessions_of", after.id)
        await self._journal.submit(changes)


def access_entry(id_: int, says: str, act: str, by: Actor, **more: Any) -> Entry:
    """The line of the ledger about an account: who did what, from where; never a password or its digest."""
    detail = {"who": by.name, "act": act, "from": by.origin, **more} | second()
    return Entry(
        EntryKind.act, says=says, detail=_encode(detail).decode(), partition=partition_of(f"people/{id_}")
    )


def _is_admin(row: PersonRow) -> bool:
    """Whether somebody can mend everything, who may sign in."""
    everything = row.systems == "[]" and row.sites == "[]"
    return row.role == Role.ADMIN.value and row.disabled_ms is None and everything


def _has_signed_in(row: PersonRow) -> bool:
    """Whether somebody has chosen a password of their own, or the single sign-on brought them."""
    return not row.renew


def _told(row: PersonRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "role": row.role,
        "systems": json.loads(row.systems),
        "sites": json.loads(row.sites),
        "disabled": row.disabled_ms is not None,
        "authenticator": row.totp is not None,
        "one_time_password": bool(row.renew),
    }


def _listed(names: Collection[str]) -> str:
    if len(names) > _LISTED_MAX:
        raise Invalid(f"a scope names at most {_LISTED_MAX}", path="systems", fix="leave it open")
    return json.dumps(sorted(set(names)))


def _named(listed: str, everything: str) -> str:
    return ", ".join(json.loads(listed)) or everything
