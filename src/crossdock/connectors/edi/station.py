"""The site's AS2 address: which partner a message is from, what is in it, and the MDN that it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from crossdock.connectors.edi.carriage import as2_partner
from crossdock.connectors.edi.mdns import AWAITED
from crossdock.faults import Fault, Invalid, Misconfigured
from crossdock.formats.edi.profile import Profile
from crossdock.kit.connector import Way
from crossdock.kit.http import Client
from crossdock.transport.as2.mdn import Reply, Stored, again, mdn_for
from crossdock.transport.as2.problem import Problem
from crossdock.transport.as2.profile import CertificateDay, Partner, by_names, certificate_calendar
from crossdock.transport.as2.receiving import Opened, Refusal, receive
from crossdock.transport.as2.report import Mdn
from crossdock.transport.as2.sending import deliver

_log = structlog.get_logger("crossdock.as2")
_NAME_MAX = 40
#: Larger messages are opened beside the event loop: 3 ms of work at this size, 34 at 5 MB.
_AT_ONCE_BYTES = 65_536


@dataclass(slots=True)
class Handed:
    """One request that was opened."""

    found: Opened | Refusal | Mdn
    way: Way | None
    system: str | None = None
    arrival: str = ""
    digest: bytes = b""
    payloads: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])
    amiss: tuple[str, Fault] | None = None  #: the system and the reason of a refusal
    _reply: Reply | None = None

    @property
    def is_mdn(self) -> bool:
        """Whether it is an MDN for something of ours."""
        return isinstance(self.found, Mdn)

    @property
    def later(self) -> bool:
        """Whether an MDN is to be posted."""
        return self._reply is not None and self._reply.delivery is not None

    def reply(self) -> Reply:
        """The answer now: the MDN, or nothing where it is posted later."""
        assert not isinstance(self.found, Mdn), "an MDN is never answered by one"
        return self._mdn(self.found)

    def refused(self, says: str) -> Reply:
        """The answer to a document that the door did not take."""
        return self._mdn(self._refusal(says))

    def conflicting(self) -> Reply:
        """The answer to another document under a Message-ID that was taken."""
        assert isinstance(self.found, Opened), "only what was opened can conflict"
        judged = again(self.found, Stored("", Reply(200, {}, b"")))
        if not isinstance(judged, Refusal):
            return judged
        assert self.system is not None, "what was opened is of a partner"
        self.amiss = self.system, _fault(judged, "duplicate_conflict")
        return self._mdn(judged)

    async def deliver(self) -> None:
        """Posts the MDN that was asked for later. Raises TryLater, InDoubt, Rejected."""
        assert self.way is not None and self._reply is not None and self._reply.delivery is not None
        client: Client = self.way.http(self._reply.delivery.url)
        try:
            await deliver(client, self._reply.delivery)
        finally:
            await client.close()

    def _mdn(self, outcome: Opened | Refusal) -> Reply:
        way = self.way
        assert way is not None, "whoever answers knows the time"
        self._reply = mdn_for(outcome, way.now(), way.entropy)
        return self._reply

    def _refusal(self, says: str) -> Refusal:
        found = self.found
        assert isinstance(found, Opened), "what was refused is refused already"
        return Refusal(
            Problem.UNEXPECTED, says, us=found.partner.us, them=found.partner.them, message_id=found.message_id,
            subject=found.subject, partner=found.partner, wish=found.wish, mic=found.mic,
        )  # fmt: skip


def _fault(refusal: Refusal, type_: str) -> Fault:
    """What our people are told of a refusal."""
    return Invalid(
        f"an AS2 message of {refusal.them} was refused ({refusal.problem}): {refusal.says}",
        path=refusal.problem, value=refusal.message_id, type=type_,
        fix=refusal.fix or "ask the partner whether they sent it; once mended they may send it again",
    )  # fmt: skip


class As2Station:
    """Every AS2 partnership of a site."""

    def __init__(self, profiles: Mapping[str, Profile], way: Way) -> None:
        """Raises Misconfigured for a partnership that cannot work."""
        self._way = way
        self._systems: dict[tuple[str, str], str] = {}
        partners: list[Partner] = []
        for system, profile in profiles.items():
            partner = as2_partner(profile, way)
            if (partner.us, partner.them) in self._systems:
                raise Misconfigured(
                    f"{partner.us} and {partner.them} are partners twice", file=profile.file, path="transport.as2_them",
                    fix="keep one profile for the pair",
                )  # fmt: skip
            self._systems[partner.us, partner.them] = system
            partners.append(partner)
        self._all: Sequence[Partner] = partners
        self._partners = by_names(partners)

    async def open(self, headers: Mapping[str, str], body: bytes) -> Handed:
        """What a request holds; what takes long to decrypt and unpack keeps nobody else waiting."""
        if len(body) > _AT_ONCE_BYTES:
            found = await asyncio.to_thread(receive, headers, body, self._partners, self._way.now())
        else:
            found = receive(headers, body, self._partners, self._way.now())
        if isinstance(found, Mdn):
            if not AWAITED.came(found):
                _log.warning("an MDN came that nobody waits for", partner=found.them, outcome=found.outcome)
            return Handed(found, self._way)
        if isinstance(found, Refusal):
            _log.warning("an AS2 message was refused", problem=found.problem, partner=found.them[:_NAME_MAX])
            handed = Handed(found, self._way)
            if found.partner is not None:
                handed.amiss = self._systems[found.us, found.them], _fault(found, "poison")
            return handed
        payloads = [(one.content, one.content_type) for one in (found.document, *found.attachments)]
        system = self._systems[found.partner.us, found.partner.them]
        return Handed(found, self._way, system, found.arrival, bytes.fromhex(found.content_sha256), payloads)

    def calendar(self) -> Sequence[CertificateDay]:
        """Every certificate with the days that are left."""
        return certificate_calendar(self._all, self._way.now())

    def certificates(self) -> Mapping[str, Sequence[CertificateDay]]:
        """The calendar of each partnership by its system, ours in every one of them."""
        now = self._way.now()
        return {self._systems[one.us, one.them]: certificate_calendar([one], now) for one in self._all}
