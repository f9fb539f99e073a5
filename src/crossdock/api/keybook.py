"""Keys made, rotated and revoked from within the hub, each act in the ledger with who and from where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import msgspec

from crossdock.access.roles import Actor
from crossdock.access.roles import Role as PersonRole
from crossdock.api.keys import Role, digest_of, new_key
from crossdock.faults import Invalid
from crossdock.journal.chain import partition_of
from crossdock.journal.sql.keyring import StoredKey, keys_of
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import FourEyes, Kind, OnePair, second
from crossdock.message.names import moment
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind

#: What a role may hand out: nobody gives away by a key what they may not do themselves.
MAY_GIVE: Mapping[PersonRole, Sequence[Role]] = {
    PersonRole.INTEGRATOR: (Role.SYSTEM, Role.OBSERVER, Role.OPERATOR),
    PersonRole.ADMIN: tuple(one for one in Role if one is not Role.TERMINAL),
}
#: How long an old key may go on beside the new one, in hours.
OVERLAP_MAX_H = 24 * 90
FINGERPRINT_CHARS, _NAME_MAX = 12, 100
_encode = msgspec.json.Encoder().encode


def fingerprint(key: StoredKey) -> str:
    """A few digits by which people tell keys apart; it opens nothing."""
    return key.digest.hex()[:FINGERPRINT_CHARS]


class KeyBook:
    """Changes the keys of a running hub; a new one is given once and never kept."""

    def __init__(
        self, journal: SiteJournal, now_ms: Callable[[], int], systems: Collection[str], eyes: FourEyes | None = None
    ) -> None:  # fmt: skip
        """`systems` are those that may have a key; `eyes` says whether two people must want one of a person."""
        self._journal, self._now_ms = journal, now_ms
        self._systems, self._eyes = systems, eyes or OnePair()

    async def make(self, role: str, name: str, by: Actor, gives: Collection[Role]) -> str:
        """A new key: of the system `name`, or for a holder called so. Raises Invalid, Asked, StoreDown."""
        kind, name = _role(role, gives), " ".join(name.split())
        if kind is Role.SYSTEM and name not in self._systems:
            raise Invalid(
                f"the charter has no system {name[:60]!r}", path="name", fix="choose one that it has"
            )
        if not 0 < len(name) <= _NAME_MAX or "\x00" in name:
            says = "a key is for somebody or something with a name"
            raise Invalid(says, path="name", fix=f"1 to {_NAME_MAX} characters")
        await self._must_agree("make", name, kind, {"role": role}, by)
        key = new_key()
        system = name if kind is Role.SYSTEM else None
        row = StoredKey(digest_of(key), name, kind.value, system, self._now_ms(), None)
        await self._save("make_key", f"{by.name} made a key for {name} ({kind.value})", None, row, by)
        return key

    async def rotate(self, wanted: str, overlap_h: float, by: Actor, gives: Collection[Role]) -> str:
        """A new key for the holder of another, which ends after the overlap. Raises Invalid, Asked, StoreDown."""
        if not 0 <= overlap_h <= OVERLAP_MAX_H:
            says = "the old key goes on for 0 to 2160 hours"
            raise Invalid(says, path="overlap_h", value=f"{overlap_h:g}", fix="24 is a day")
        old = await self._one(wanted, gives)
        if old.revoked_ms is not None:
            says = f"the key {fingerprint(old)} is to end already"
            raise Invalid(says, path="key", fix="rotate the one that took its place, or make one")
        await self._must_agree("rotate", wanted, Role(old.role), {"overlap_h": overlap_h}, by)
        key, now_ms = new_key(), self._now_ms()
        fresh = replace(old, digest=digest_of(key), at_ms=now_ms)
        ends_ms = now_ms + int(overlap_h * 3_600_000)
        says = f"{by.name} made a key for {old.name} ({old.role}) in place of {wanted}"
        await self._save("rotate_key", says, None, fresh, by)
        says = f"the key {wanted} of {old.name} works until {moment(ends_ms)}, as {by.name} said"
        await self._save("rotate_key", says, old, replace(old, revoked_ms=ends_ms), by)
        return key

    async def revoke(self, wanted: str, by: Actor, gives: Collection[Role]) -> None:
        """Ends a key now: nobody is asked before somebody is locked out. Raises Invalid, StoreDown."""
        old = await self._one(wanted, gives)
        says = f"{by.name} revoked the key {wanted} of {old.name} ({old.role})"
        await self._save("revoke_key", says, old, replace(old, revoked_ms=self._now_ms()), by)

    async def keep(self, rows: Sequence[StoredKey], by: Actor) -> None:
        """Keys as whoever may write to the store anyway decided them: one made or ended, or a new one and the old.

        What stands so already is left, so that it may be tried again. Raises StoreDown.
        """
        stood = {one.digest: one for one in await self._journal.view(keys_of)}
        for row in rows:
            before = stood.get(row.digest)
            if before == row:
                continue
            held = f"{row.name} ({row.role})"
            act, says = "make_key", f"{by.name} made a key for {held}"
            if before is not None and len(rows) == 1:
                act, says = "revoke_key", f"{by.name} revoked the key {fingerprint(row)} of {held}"
            elif before is not None and row.revoked_ms is not None:
                says = f"the key {fingerprint(row)} of {held} works until {moment(row.revoked_ms)}, as {by.name} said"
                act = "rotate_key"
            await self._save(act, says, before, row, by)

    async def _one(self, wanted: str, gives: Collection[Role]) -> StoredKey:
        now_ms = self._now_ms()
        for one in await self._journal.view(keys_of):
            if fingerprint(one) == wanted and (one.revoked_ms is None or one.revoked_ms > now_ms):
                _role(one.role, gives)
                return one
        raise Invalid("no valid key has that fingerprint", path="key", fix="look at the list again")

    async def _must_agree(
        self, act: str, subject: str, kind: Role, body: Mapping[str, object], by: Actor
    ) -> None:
        if kind is Role.SYSTEM:
            return
        says = f"{act} a key of {subject[:100]} ({kind.value})"
        await self._eyes.must_agree(
            Kind.PEOPLE, f"keys/{act}", subject, body, who=by.name, says=lambda: says
        )  # fmt: skip

    async def _save(self, act: str, says: str, before: StoredKey | None, after: StoredKey, by: Actor) -> None:
        told = [None if one is None else self._told(one) for one in (before, after)]
        detail = {
            "who": by.name,
            "act": act,
            "from": by.origin,
            "before": told[0],
            "after": told[1],
        } | second()
        partition = partition_of(f"keys/{fingerprint(after)}")
        changes = self._journal.changes()
        changes.entry(Entry(EntryKind.act, says=says, detail=_encode(detail).decode(), partition=partition))
        scope = self._journal.scope
        changes.row(
            "insert_key", after.digest, after.name, after.role, after.system, scope, after.at_ms, after.revoked_ms
        )  # fmt: skip
        await self._journal.submit(changes)

    @staticmethod
    def _told(key: StoredKey) -> dict[str, str | None]:
        ends = moment(key.revoked_ms) if key.revoked_ms is not None else None
        return {"fingerprint": fingerprint(key), "holder": key.name, "role": key.role, "ends": ends}


def _role(word: str, gives: Collection[Role]) -> Role:
    """The role of a key, where whoever acts may hand it out. Raises Invalid."""
    if word not in {one.value for one in gives}:
        words = ", ".join(one.value for one in gives) or "none"
        says = f"you may not hand out a key of the role {word[:40]!r}"
        raise Invalid(says, path="role", fix=f"of these you may: {words}")
    return Role(word)
