"""MDNs to a partner (message disposition notifications, RFC 4130, 7): made, signed, and answered again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from crossdock.transport.as2 import layers, mime
from crossdock.transport.as2.envelope import Entropy
from crossdock.transport.as2.layers import Mic
from crossdock.transport.as2.mime import Entity
from crossdock.transport.as2.outgoing import FEATURES, VERSION, message_id, quoted
from crossdock.transport.as2.problem import Problem
from crossdock.transport.as2.profile import Partner
from crossdock.transport.as2.receiving import Opened, Refusal

_AGENT = "Crossdock"
_TOOK = "The message was received and is kept. What it says is answered by documents of their own."
_TOOK_NOT = "The message was not taken. The reason stands in the second part of this report."


@dataclass(frozen=True, slots=True)
class Delivery:
    """An asynchronous MDN: to be posted to `url`, with its own attempts and clock."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer to a request, and what to post afterwards: stored before either leaves."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    delivery: Delivery | None = None


def mdn_for(outcome: Opened | Refusal, now: datetime, entropy: Entropy) -> Reply:
    """The reply to a request that `receive` has judged.

    For an `Opened`: make it, commit it together with the message, and only then send it. When the same
    arrival comes again, send the stored reply. A refusal is not remembered: once its cause is mended the
    sender may send the same message again.
    """
    wish, partner = outcome.wish, outcome.partner
    refused = isinstance(outcome, Refusal)
    if not wish.wanted:
        return Reply(
            400 if refused else 200, {"Content-Type": "text/plain"}, b"refused\r\n" if refused else b""
        )
    us, them = (partner.us, partner.them) if partner else (outcome.us, outcome.them) if refused else ("", "")
    report = _report(outcome, us, entropy)
    signed = wish.signed and partner is not None
    entity = _signed(report, partner, outcome, now, entropy) if signed and partner is not None else report
    headers = {
        "AS2-Version": VERSION,
        "EDIINT-Features": FEATURES,
        "AS2-From": quoted(_clean(us)),
        "AS2-To": quoted(_clean(them)),
        "Message-ID": message_id(entropy(16).hex(), us),
        "Date": format_datetime(now.astimezone(UTC), usegmt=True),
        "Subject": "Message Disposition Notification",
        "MIME-Version": "1.0",
        **dict(entity.headers),
    }
    if wish.deliver_to and partner is not None and partner.may_get_mdn(wish.deliver_to):
        return Reply(200, {}, b"", Delivery(wish.deliver_to, headers, entity.body))
    return Reply(200, headers, entity.body)


def _signed(
    report: Entity, partner: Partner, outcome: Opened | Refusal, now: datetime, entropy: Entropy
) -> Entity:
    """The report under our signature; unsigned when no key of ours is valid, which the sender then sees."""
    own = partner.signing_key(now)
    if own is None:
        return report
    wished = [layers.digest_name(one) for one in outcome.wish.algorithms]
    mic = outcome.mic.algorithm if outcome.mic else ""
    digest = next((one for one in (mic, *wished) if one in partner.digests), "sha256")
    dashed = "-" in next(iter(outcome.wish.algorithms), "-") and partner.dashed
    return layers.signed(report, own, digest=digest, now=now, entropy=entropy, pss=partner.pss, dashed=dashed)


def _report(outcome: Opened | Refusal, us: str, entropy: Entropy) -> Entity:
    """A part for people and a part for programs (RFC 8098, 3)."""
    refused = isinstance(outcome, Refusal)
    # One sentence for whatever went wrong: a stranger who sends changed bytes learns nothing from differences.
    text = _TOOK_NOT if refused else _TOOK
    told = mime.made((("Content-Type", "text/plain; charset=us-ascii"),), f"{text}\r\n".encode("ascii"))
    disposition = outcome.problem.disposition if refused else "processed"
    lines = [
        f"Reporting-UA: {_AGENT}",
        f"Original-Recipient: rfc822; {_clean(us)}",
        f"Final-Recipient: rfc822; {_clean(us)}",
        f"Original-Message-ID: {_clean(outcome.message_id)}",
        f"Disposition: automatic-action/MDN-sent-automatically; {disposition}",
    ]
    if outcome.mic is not None:
        lines.append(f"Received-Content-MIC: {_mic(outcome.mic, outcome.wish.algorithms)}")
    fields = "".join(f"{line}\r\n" for line in lines).encode("ascii")
    noted = mime.made((("Content-Type", "message/disposition-notification"),), fields)
    boundary = layers.fresh_boundary((told.raw, noted.raw), entropy)
    kind = f'multipart/report; report-type=disposition-notification; boundary="{boundary}"'
    return mime.made((("Content-Type", kind),), layers.joined((told.raw, noted.raw), boundary))


def _mic(found: Mic, wished: tuple[str, ...]) -> str:
    """With the algorithm's name as the sender writes it, where they wrote it."""
    written = next((one for one in wished if layers.digest_name(one) == found.algorithm), None)
    return f"{found.value}, {_clean(written or layers.written_digest(found.algorithm, dashed=True))}"


def _clean(text: str) -> str:
    """A word of a stranger that can stand in a header: printable ASCII, on one line."""
    return "".join(one if one.isascii() and one.isprintable() else "?" for one in text)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept of a message that was taken: its content's digest and the reply that it got."""

    content_sha256: str
    reply: Reply


def again(opened: Opened, stored: Stored) -> Reply | Refusal:
    """The answer to an arrival that is already stored: the same reply, or a refusal of another content.

    A refusal here belongs on the desk: two different messages under one Message-ID.
    """
    if opened.content_sha256 == stored.content_sha256:
        return stored.reply
    return Refusal(
        Problem.UNEXPECTED,
        "another content came under a Message-ID that was taken before",
        fix="ask the partner to send it under a new Message-ID",
        us=opened.partner.us,
        them=opened.partner.them,
        message_id=opened.message_id,
        subject=opened.subject,
        partner=opened.partner,
        wish=opened.wish,
        mic=opened.mic,
    )
