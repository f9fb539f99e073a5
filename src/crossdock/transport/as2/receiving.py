"""Messages from a partner: opened, or refused with a reason; pure, so that the answer can wait for the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crossdock.transport.as2 import layers, mime, report
from crossdock.transport.as2.asn1 import BROKEN
from crossdock.transport.as2.layers import Mic, Opening
from crossdock.transport.as2.mime import Entity
from crossdock.transport.as2.outgoing import unquoted
from crossdock.transport.as2.problem import Problem, Refused
from crossdock.transport.as2.profile import Limits, Partner, Partners
from crossdock.transport.as2.report import Mdn

_HEADER_MAX = 16_384
_MESSAGE_ID_MAX = 998  # RFC 5322, one line


@dataclass(frozen=True, slots=True)
class Payload:
    """One content of a message. `filename` is the sender's word for it, never a path."""

    content: bytes
    content_type: str
    filename: str = ""


@dataclass(frozen=True, slots=True)
class MdnWish:
    """The MDN that the sender asks for."""

    wanted: bool = False
    signed: bool = False
    only_signed: bool = False  #: an unsigned one will not do
    algorithms: tuple[str, ...] = ()  #: of the MIC, by preference, as the sender writes them
    one_of_these: bool = False  #: no other algorithm will do
    deliver_to: str = ""  #: "" for the answer to the request itself


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that is what the profile asks for: store it, then answer with its MDN.

    To be stored in one commit: the request's headers and body as they came, `document`, and the
    MDN that `mdn.mdn_for` makes. `arrival` names the message: the same arrival again is
    answered by the stored MDN when `content_sha256` is the same too, and refused when it is not.
    """

    partner: Partner
    message_id: str
    subject: str
    document: Payload
    attachments: tuple[Payload, ...]
    wish: MdnWish
    mic: Mic
    signed_by: str = ""  #: fingerprint of the partner's certificate, "" for unsigned
    cipher: str = ""
    compressed: bool = False
    leniencies: tuple[str, ...] = ()

    @property
    def arrival(self) -> str:
        """The name of this arrival: both AS2 names and the Message-ID."""
        return f"{self.partner.us}|{self.partner.them}|{self.message_id}"

    @property
    def content_sha256(self) -> str:
        """What the document is, whatever was wrapped around it: a repeat may be encrypted anew."""
        digest = hashlib.sha256()
        for one in (self.document, *self.attachments):
            digest.update(b"%d:" % len(one.content) + one.content)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was not taken: answer with its MDN, keep the bytes for the desk.

    `says` and `fix` are for our people; the sender learns `problem`. `partner` is None for a
    stranger: they get no signature of ours, and nothing is posted anywhere for them.
    """

    problem: Problem
    says: str
    fix: str = ""
    us: str = ""
    them: str = ""
    message_id: str = ""
    subject: str = ""
    partner: Partner | None = None
    wish: MdnWish = MdnWish()
    mic: Mic | None = None


def receive(
    headers: Mapping[str, str], body: bytes, partners: Partners, now: datetime, limits: Limits | None = None
) -> Opened | Mdn | Refusal:
    """What one request to our AS2 address is. Never raises for whatever came.

    `headers` in any case, `body` whole; `now` has a time zone. An `Opened` is only opened: nothing
    promises yet that it is kept. A `Mdn` is about a message of ours: `report.judge` says what it means.
    """
    assert now.tzinfo is not None, "a moment without a zone is no moment"
    limits = limits or Limits()
    given = {name.lower(): value.strip() for name, value in headers.items()}
    found = Refusal(
        Problem.UNEXPECTED,
        "",
        us=unquoted(given.get("as2-to", ""))[:200],
        them=unquoted(given.get("as2-from", ""))[:200],
        message_id=given.get("message-id", "")[:_MESSAGE_ID_MAX],
        subject=given.get("subject", "")[:200],
        wish=_wish(given),
    )
    found = replace(found, partner=partners.get((found.us, found.them)))
    try:
        _check_envelope(found, given, body, limits)
        assert found.partner is not None, "checked with the envelope"
        opening, trouble = report.opened(content_of(given, body), found.partner, now, limits)
        if report.is_report(opening):
            return report.read_report(
                opening, found.partner, limits, message_id=found.message_id, trouble=trouble
            )
        _check_mdn(found.wish, found.partner, now)
        return _opened(found, found.partner, opening, limits)
    except Refused as refused:
        return replace(found, problem=refused.problem, says=refused.says, fix=refused.fix)
    except (*BROKEN, UnicodeError) as error:
        # Bytes made to confuse a reader; which reader it was helps nobody but us.
        return replace(found, says=f"the message cannot be read ({type(error).__name__})")


def _check_envelope(found: Refusal, given: Mapping[str, str], body: bytes, limits: Limits) -> None:
    """The request's own headers. Raises Refused."""
    if len(body) > limits.body_bytes_max:
        raise Refused(
            Problem.UNEXPECTED, f"{len(body):,} bytes; at most {limits.body_bytes_max:,} are read",
            fix="ask the partner for smaller messages, or raise the limit",
        )  # fmt: skip
    if any(len(value) > _HEADER_MAX for value in given.values()):
        raise Refused(Problem.UNEXPECTED, f"a header of more than {_HEADER_MAX:,} characters")
    if not found.us or not found.them:
        raise Refused(Problem.AUTHENTICATION, "AS2-From and AS2-To must both be given")
    if found.partner is None:
        raise Refused(
            Problem.AUTHENTICATION, f"{found.them!r} to {found.us!r} is no partnership of ours",
            fix="compare the AS2 names with the partner letter by letter: they are case-sensitive",
        )  # fmt: skip
    if not found.message_id:
        raise Refused(
            Problem.UNEXPECTED, "the message has no Message-ID, so a repeat could not be known",
            fix="ask the partner to send one",
        )  # fmt: skip


def content_of(headers: Mapping[str, str], body: bytes) -> Entity:
    """The MIME entity that an HTTP message carries: those of its headers (lower case) that speak of the body."""
    names = ("content-type", "content-transfer-encoding", "content-disposition")
    return Entity(tuple((name, headers[name]) for name in names if name in headers), body, body)


def _check_mdn(wish: MdnWish, partner: Partner, now: datetime) -> None:
    """Raises Refused when the MDN cannot be given as it is asked for: then nothing must be taken."""
    if wish.deliver_to and not partner.may_get_mdn(wish.deliver_to):
        raise Refused(
            Problem.UNEXPECTED, f"the MDN is wanted at {wish.deliver_to[:200]}, which is not the partner's",
            fix="list the host under mdn_hosts of the profile if it is right",
        )  # fmt: skip
    if wish.only_signed and partner.signing_key(now) is None:
        raise Refused(
            Problem.UNEXPECTED, f"a signed MDN is asked for, and no certificate of {partner.us} is valid now",
            fix="renew our certificate and send it to the partner",
        )  # fmt: skip


def _opened(found: Refusal, partner: Partner, opening: Opening, limits: Limits) -> Opened:
    """The message, when it is protected as the profile asks. Raises Refused."""
    if partner.require_encrypted and not opening.cipher:
        raise Refused(
            Problem.SECURITY, "the message is not encrypted, and the profile asks for it",
            fix="ask the partner to encrypt, or take `require_encrypted` out of the profile",
        )  # fmt: skip
    if partner.require_signed and opening.signed is None:
        raise Refused(
            Problem.SECURITY, "the message is not signed, and the profile asks for it",
            fix="ask the partner to sign, or take `require_signed` out of the profile",
        )  # fmt: skip
    payloads = _payloads(opening.entity, limits, limits.layers_max)
    return Opened(
        partner=partner,
        message_id=found.message_id,
        subject=found.subject,
        document=payloads[0],
        attachments=tuple(payloads[1:]),
        wish=found.wish,
        mic=layers.mic(opening.mic_over, _mic_algorithm(found.wish, partner, opening)),
        signed_by=opening.signed.fingerprint if opening.signed else "",
        cipher=opening.cipher,
        compressed=opening.compressed,
        leniencies=tuple(opening.leniencies),
    )


def _payloads(entity: Entity, limits: Limits, deep: int) -> Sequence[Payload]:
    """The content, and the attachments that came with it (RFC 6362). Raises Refused."""
    if not entity.kind.startswith("multipart/"):
        content = entity.content()
        if len(content) > limits.document_bytes_max:
            raise Refused(Problem.UNEXPECTED, f"a document of more than {limits.document_bytes_max:,} bytes")
        return [Payload(content, entity.header("Content-Type")[:200], entity.filename)]
    if not deep:
        raise Refused(Problem.UNEXPECTED, f"more than {limits.layers_max} multiparts in each other")
    found = [
        one for part in mime.parts(entity, limits.parts_max) for one in _payloads(part, limits, deep - 1)
    ]
    if not found or len(found) > limits.parts_max:
        raise Refused(Problem.UNEXPECTED, "the message has no content, or too many")
    return found


def _mic_algorithm(wish: MdnWish, partner: Partner, opening: Opening) -> str:
    """That of the signature, else the first wish that the profile takes. Raises Refused."""
    if opening.signed is not None:
        return opening.signed.digest
    wished = [layers.digest_name(one) for one in wish.algorithms]
    taken = next((one for one in wished if one in partner.digests), None)
    if taken is None and wish.one_of_these:
        raise Refused(
            Problem.MIC_ALGORITHM,
            f"a MIC by {', '.join(wished)[:100] or 'nothing'} is asked for, which the profile does not take",
            fix="ask the partner for SHA-256, or list the algorithm under `legacy` of the profile",
        )
    return taken or "sha256"


def _wish(given: Mapping[str, str]) -> MdnWish:
    """The MDN that the headers ask for (RFC 4130, 7.3)."""
    if not given.get("disposition-notification-to"):
        return MdnWish()
    options = given.get("disposition-notification-options", "")[:1000]
    found: dict[str, tuple[str, list[str]]] = {}
    for option in options.split(";"):
        name, _, value = option.partition("=")
        words = [word.strip() for word in value.split(",") if word.strip()]
        if words:
            found[name.strip().lower()] = (words[0].lower(), words[1:])
    asked, protocols = found.get("signed-receipt-protocol", ("", []))
    importance, algorithms = found.get("signed-receipt-micalg", ("", []))
    return MdnWish(
        wanted=True,
        signed=bool(protocols),
        only_signed=bool(protocols) and asked == "required",
        algorithms=tuple(one[:40] for one in algorithms[:8]),
        one_of_these=importance == "required",
        deliver_to=given.get("receipt-delivery-option", "")[:2000],
    )
