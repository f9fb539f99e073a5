"""Sign-in and sessions: kept in the store by the digest of what the browser holds, ended by time or by people."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from crossdock.access import passwords
from crossdock.access.lockout import FORGOTTEN_S, FREE_BY_ADDRESS, FREE_BY_NAME, wait_s
from crossdock.access.people import People, Person, access_entry, person_of
from crossdock.access.roles import Actor, Right, Role
from crossdock.access.seal import Seal
from crossdock.access.totp import is_secret, step_of
from crossdock.faults import Invalid, TryLater
from crossdock.journal.sql import people as store
from crossdock.journal.sql.people import AttemptRow, PersonRow, SessionRow
from crossdock.journal.sql.site import SiteJournal

#: A session ends after a shift, and earlier when nobody uses it.
SESSION_MAX_S, IDLE_MAX_S = 12 * 3_600, 4 * 3_600
#: Half a sign-in is kept this long: until the code is typed, or the new password.
HALF_MAX_S = 600
#: How exactly the store knows when a session was used last.
_SEEN_EVERY_MS = 300_000
#: A session that ended in another process works no longer than this.
_STALE_MS = 1_000
#: And a page that only renews itself no longer than this: hundreds of them are open all day.
_STALE_LOOK_MS = 3_000
_CACHED_MAX, _WAITING_MAX = 5_000, 50
_TOKEN_BYTES, _TEXT_MAX = 32, 200
#: Whom the ledger names where nobody is called what was typed.
UNKNOWN = "a name that nobody has"


class Stage(Enum):
    """How far a sign-in has come. The number is what the store keeps."""

    WHOLE = 1  #: signed in
    CODE = 2  #: the one-time code is still to be typed
    RENEW = 3  #: an own password is still to be chosen


def locked(after_s: int) -> TryLater:
    """The refusal of a try that comes too early."""
    says = f"too many tries; the next one counts in {after_s} seconds"
    return TryLater(says, wait_s=after_s, fix="wait, then try again")


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    token: str
    stage: Stage
    person: Person
    until_ms: int

    @property
    def csrf(self) -> str:
        """What a form of this session carries, so that no other page can send one."""
        return csrf_of(self.token)

    def may(self, right: Right) -> bool:
        """Whether the person has a right; half a sign-in has none."""
        return self.stage is Stage.WHOLE and self.person.may(right)


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def csrf_of(token: str) -> str:
    """What a form carries: made from what the browser holds, and telling nothing of it."""
    return hmac.new(token.encode(), b"crossdock form", hashlib.sha256).hexdigest()


def digest_of(token: str) -> bytes:
    """What the store knows a session by."""
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """Lets people in, one try at a time, and knows who is in."""

    def __init__(
        self, journal: SiteJournal, people: People, now_ms: Callable[[], int], seal: Callable[[], Seal],
        site: str, *, locks: bool = True, local: frozenset[Role] = frozenset(Role),
    ) -> None:  # fmt: skip
        """`local`: who may sign in with a password.

        `locks` off: failures are not counted; for tests of that guard only.
        """
        self._journal = journal
        self._people = people
        self._now_ms = now_ms
        self._seal = seal
        self._site = site
        self._local = local
        self._locks = locks
        self._trying, self._waiting = asyncio.Lock(), 0
        self._cached: dict[bytes, tuple[int, Session | None]] = {}
        self._masks = secrets.token_bytes(
            _TOKEN_BYTES
        )  #: gone with the process: nothing typed can be guessed from it
        self._nobody = ""  #: the digest of no password, compared where there is no such person

    # -- sign-in -----------------------------------------------------------------

    async def sign_in(self, name: str, password: str, origin: str, agent: str) -> Session:
        """A new session, perhaps with a code or a new password still to come. Raises Invalid, TryLater, StoreDown."""
        name = name.strip().lower()[:_TEXT_MAX]
        async with self._turn():
            row = await self._journal.view(lambda c: store.person_named(c, self._journal.scope, name))
            counts = await self._counts(self._about(name, row), origin)
            fits = await self._fits(row, password)
            if row is None or not fits or not self._is_let_in(row) or person_of(row).role not in self._local:
                await self._failed(counts, name if row else UNKNOWN, origin)
                raise Invalid("that name and password do not open anything", fix="look at both")
            stage = Stage.CODE if row.totp else Stage.RENEW if row.renew else Stage.WHOLE
            await self._forgive(counts[:1])
            return await self._open(row, stage, origin, agent)

    async def give_code(self, session: Session, code: str, origin: str, agent: str) -> Session:
        """The second half of a sign-in, under a new token. Raises Invalid, TryLater, StoreDown."""
        row = session.person.row
        about = f"code:{row.name}"
        async with self._turn():
            counts = await self._counts(about, origin)
            secret = self.totp_secret(row)
            used = await self._journal.view(lambda c: store.attempt(c, f"step:{row.id}"))
            step = step_of(secret, code, self._now_ms() / 1000, used.step) if secret else None
            if step is None:
                await self._failed(counts, about, origin)
                raise Invalid("that code is not right, or was used", fix="wait for the next one")
            changes = self._journal.changes()
            changes.row("upsert_attempt", *replace(used, step=step, at_ms=self._now_ms()).values)
            changes.row("delete_session", digest_of(session.token))
            await self._journal.submit(changes)
            await self._forgive(counts[:1])
            self._cached.pop(digest_of(session.token), None)
            return await self._open(row, Stage.RENEW if row.renew else Stage.WHOLE, origin, agent)

    async def renew(self, session: Session, password: str, origin: str, agent: str) -> Session:
        """The own password that a person chose, and a new session. Raises Invalid, StoreDown."""
        await self._people.choose_password(session.person, password, Actor(session.person.name, origin))
        self._cached.clear()
        person = await self._people.named(session.person.name)
        return await self._open(person.row, Stage.WHOLE, origin, agent)

    async def open_for(self, row: PersonRow, origin: str, agent: str) -> Session:
        """A session for somebody whom the single sign-on vouches for. Raises Invalid, StoreDown."""
        if not self._is_let_in(row):
            raise Invalid("this account may not sign in here", fix="ask an admin")
        return await self._open(row, Stage.WHOLE, origin, agent)

    async def set_up(self, session: Session, secret: str, code: str, origin: str) -> None:
        """Keeps somebody's first authenticator once a code of it is right, and counts that code as used.

        Their sessions end. One that is there already is not replaced: it is taken away first, with the password.
        Raises Invalid, StoreDown.
        """
        row, now_ms = session.person.row, self._now_ms()
        step = step_of(secret, code, now_ms / 1000, 0) if is_secret(secret) and row.totp is None else None
        if step is None:
            fix = "look at the clock of the device, and type the code that it shows now"
            raise Invalid("that code is not right", path="code", fix=fix)
        changes = self._journal.changes()
        changes.row("upsert_attempt", *AttemptRow(f"step:{row.id}", step=step, at_ms=now_ms).values)
        await self._journal.submit(changes)
        await self._people.set_totp(session.person, self.sealed(row, secret), Actor(row.name, origin))
        self.forget()

    def totp_secret(self, row: PersonRow) -> str | None:
        """The secret of somebody's authenticator. Raises Misconfigured when its key is gone."""
        return self._seal().opened(row.totp, about=f"totp/{row.id}").decode() if row.totp else None

    def sealed(self, row: PersonRow, secret: str) -> bytes:
        """The secret of an authenticator as it may be stored. Raises Misconfigured."""
        return self._seal().sealed(secret.encode(), about=f"totp/{row.id}")

    # -- who is in ---------------------------------------------------------------

    async def find(self, token: str | None, *, used: bool) -> Session | None:
        """Whose session a browser holds; `used`: a person did something, the page did not only renew itself."""
        if not token or len(token) > _TEXT_MAX:
            return None
        digest, now_ms = digest_of(token), self._now_ms()
        at_ms, session = self._cached.get(digest, (0, None))
        if at_ms and now_ms - at_ms < (_STALE_MS if used else _STALE_LOOK_MS):
            return session
        found = await self._journal.view(lambda c: store.session(c, digest))
        session = self._valid(token, *found, now_ms) if found else None
        if session is not None and found is not None and used and now_ms - found[0].seen_ms > _SEEN_EVERY_MS:
            changes = self._journal.changes()
            changes.row("see_session", now_ms, digest)
            await self._journal.submit(changes)
        if len(self._cached) >= _CACHED_MAX:
            self._cached.clear()
        self._cached[digest] = (now_ms, session)
        return session

    async def sign_out(self, session: Session) -> None:
        """Ends one session."""
        changes = self._journal.changes()
        changes.row("delete_session", digest_of(session.token))
        self._cached.pop(digest_of(session.token), None)
        await self._journal.submit(changes)

    def forget(self) -> None:
        """Looks at every session anew: somebody's rights were changed."""
        self._cached.clear()

    def _valid(self, token: str, row: SessionRow, person: PersonRow, now_ms: int) -> Session | None:
        if now_ms >= row.until_ms or now_ms - row.seen_ms > IDLE_MAX_S * 1000 or not self._is_let_in(person):
            return None
        return Session(token, Stage(row.stage), person_of(person), row.until_ms)

    def _is_let_in(self, row: PersonRow) -> bool:
        person = person_of(row)
        return not person.is_disabled and person.scope.at(self._site)

    async def _open(self, row: PersonRow, stage: Stage, origin: str, agent: str) -> Session:
        token, now_ms = new_token(), self._now_ms()
        lasts_s = SESSION_MAX_S if stage is Stage.WHOLE else HALF_MAX_S
        kept = SessionRow(
            digest_of(token), row.id, stage.value, now_ms, now_ms, now_ms + lasts_s * 1000,
            origin[:_TEXT_MAX], agent[:_TEXT_MAX],
        )  # fmt: skip
        changes = self._journal.changes()
        changes.row("delete_sessions_before", now_ms)
        changes.row("upsert_session", *kept.values)
        if stage is Stage.WHOLE:
            by = Actor(row.name, origin)
            changes.entry(access_entry(row.id, f"{row.name} signed in", "sign_in", by))
        await self._journal.submit(changes)
        return Session(token, stage, person_of(row), kept.until_ms)

    # -- failures ----------------------------------------------------------------

    def _about(self, name: str, row: PersonRow | None) -> str:
        """What failures are counted under: where nobody is called so, a password may stand in the field of the name."""
        if row is not None:
            return name
        return f"?{hmac.new(self._masks, name.encode(), hashlib.sha256).hexdigest()}"

    def _turn(self) -> _Turn:
        return _Turn(self)

    async def take_turn(self) -> None:
        """Waits until no other try is under way. Raises TryLater where too many wait."""
        if self._waiting >= _WAITING_MAX:
            raise locked(2)
        self._waiting += 1
        try:
            await self._trying.acquire()
        finally:
            self._waiting -= 1

    def end_turn(self) -> None:
        """Lets the next try begin."""
        self._trying.release()

    async def _fits(self, row: PersonRow | None, password: str) -> bool:
        """Compares in the same time whether there is such a person or not."""
        if not self._nobody:
            self._nobody = await asyncio.to_thread(passwords.hashed, new_token())
        kept = row.password if row is not None and row.password is not None else self._nobody
        fits = await asyncio.to_thread(passwords.fits, kept, password[: passwords.LENGTH_MAX])
        return fits and kept is not self._nobody

    async def _counts(self, name: str, origin: str) -> tuple[AttemptRow, AttemptRow]:
        """The failures of the name and of the address so far. Raises TryLater while one of them must wait."""
        now_ms = self._now_ms()
        found = await self._journal.view(
            lambda c: (store.attempt(c, f"name:{name}"), store.attempt(c, f"from:{origin}"[:_TEXT_MAX]))
        )
        by_name, by_address = (
            replace(one, failures=0) if now_ms - one.at_ms > FORGOTTEN_S * 1000 else one for one in found
        )
        until_ms = max(by_name.until_ms, by_address.until_ms)
        if self._locks and now_ms < until_ms:
            raise locked(-(-(until_ms - now_ms) // 1000))
        return by_name, by_address

    async def _failed(self, counts: tuple[AttemptRow, AttemptRow], name: str, origin: str) -> None:
        now_ms, changes = self._now_ms(), self._journal.changes()
        changes.row("delete_attempts_before", now_ms - FORGOTTEN_S * 1000)
        longest = 0
        for one, free in zip(counts, (FREE_BY_NAME, FREE_BY_ADDRESS), strict=True):
            wait = wait_s(one.failures + 1, free)
            longest = max(longest, wait)
            row = replace(one, failures=one.failures + 1, until_ms=now_ms + wait * 1000, at_ms=now_ms)
            changes.row("upsert_attempt", *row.values)
        if longest:
            says = f"sign-in as {name[:100]} failed {counts[0].failures + 1} times; the next try counts in {longest} s"
            changes.entry(access_entry(0, says, "locked", Actor(name[:100], origin)))
        await self._journal.submit(changes)

    async def _forgive(self, counts: tuple[AttemptRow, ...]) -> None:
        """A good try ends the count of its name; that of the address goes on, or one account would free them all."""
        changes = self._journal.changes()
        for one in counts:
            if one.failures:
                changes.row("upsert_attempt", *AttemptRow(one.who, step=one.step).values)
        if changes.rows:
            await self._journal.submit(changes)


class _Turn:
    """One try to sign in, while no other is under way: so failures are counted one by one."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def __aenter__(self) -> None:
        await self._sessions.take_turn()

    async def __aexit__(self, *_: object) -> None:
        self._sessions.end_turn()
