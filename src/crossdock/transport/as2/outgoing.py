"""Messages to a partner: a document made ready to leave, and what its MDN must say."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from crossdock.faults import Invalid, Misconfigured
from crossdock.transport.as2 import layers, mime
from crossdock.transport.as2.envelope import Entropy
from crossdock.transport.as2.mime import Entity
from crossdock.transport.as2.profile import Compress, MdnMode, Partner

VERSION = "1.2"
FEATURES = "multiple-attachments, AS2-Reliability"

_CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(;[\x20-\x7e]*)?\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>\Z")
#: Old software keeps message ids in 255 characters; RFC 5322 allows 998.
_MESSAGE_ID_MAX = 255


@dataclass(frozen=True, slots=True)
class Expected:
    """What the MDN of one message must say: stored with the message, before it leaves.

    `mics` holds the digest by each algorithm in which the partner may give it back.
    """

    us: str
    them: str
    message_id: str
    algorithm: str  #: of the MIC that we asked for
    mics: Mapping[str, str]  #: algorithm -> base64
    mdn: MdnMode
    signed: bool  #: whether the MDN must be signed
    message_signed: bool
    due: datetime  #: when the MDN is overdue

    def overdue(self, now: datetime) -> bool:
        """Whether an MDN was asked for and should have come by now."""
        return self.mdn is not MdnMode.NONE and now > self.due


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, ready to leave: the exact bytes to store, then to send."""

    headers: Mapping[str, str]
    body: bytes
    expected: Expected


def message_id(key: str, us: str) -> str:
    """The Message-ID of a transmission: the same for the same key, so that a repeat is known as one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{_host(us)}>"


def _host(us: str) -> str:
    """Our AS2 name as the right side of a message id."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", us).strip("-")[:60] or "crossdock"


def outgoing(
    document: bytes,
    partner: Partner,
    *,
    message_id: str,
    now: datetime,
    entropy: Entropy,
    content_type: str = "application/octet-stream",
    filename: str = "",
    subject: str = "EDI",
) -> Outgoing:
    """A document compressed, signed and encrypted as the profile says.

    `now` has a time zone. Raises Misconfigured when a key or certificate is missing or not valid now,
    Invalid for a content type, file name, subject or id that cannot stand in a header.
    """
    assert now.tzinfo is not None, "a moment without a zone is no moment"
    _check_words(message_id, content_type, filename, subject)
    inner = _document(document, partner, content_type, filename)
    entity = (
        layers.compressed(inner, base64_coded=partner.base64)
        if partner.compress is Compress.BEFORE_SIGNING
        else inner
    )
    digest = partner.sign or "sha256"
    covered = entity
    if partner.sign:
        entity = _signed(entity, partner, now, entropy)
    if partner.compress is Compress.AFTER_SIGNING:
        entity = layers.compressed(entity, base64_coded=partner.base64)
    if partner.encrypt:
        entity = _encrypted(entity, partner, now, entropy)
    mics = {name: layers.mic(_covered(covered, inner, partner), name).value for name in partner.digests}
    expected = Expected(
        us=partner.us,
        them=partner.them,
        message_id=message_id,
        algorithm=digest,
        mics=mics,
        mdn=partner.mdn,
        signed=partner.mdn_signed and partner.mdn is not MdnMode.NONE,
        message_signed=bool(partner.sign),
        due=now + timedelta(seconds=partner.mdn_within_s),
    )
    headers = _headers(entity, partner, message_id, subject, now, digest)
    return Outgoing(headers, entity.body, expected)


def _document(document: bytes, partner: Partner, content_type: str, filename: str) -> Entity:
    headers = [("Content-Type", content_type)]
    layered = partner.sign or partner.encrypt or partner.compress is not Compress.NEVER
    if partner.base64 and layered:
        coded = mime.base64_lines(document)
        headers.append(("Content-Transfer-Encoding", "base64"))
    else:
        coded = document
        headers.append(("Content-Transfer-Encoding", "binary"))
    if filename:
        headers.append(("Content-Disposition", f"attachment; {mime.parameter('filename', filename)}"))
    return mime.made(headers, coded)


def _covered(covered: Entity, inner: Entity, partner: Partner) -> bytes:
    """What the partner's MIC covers; the same rule as `layers.Opening.mic_over`, seen from the sender."""
    if partner.sign:
        return covered.raw
    return inner.raw if partner.encrypt or partner.compress is not Compress.NEVER else inner.body


def _signed(entity: Entity, partner: Partner, now: datetime, entropy: Entropy) -> Entity:
    own = partner.signing_key(now)
    if own is None:
        raise Misconfigured(
            f"no certificate of {partner.us} is valid now",
            path="keys",
            fix="renew it and send it to the partner",
        )
    return layers.signed(
        entity, own, digest=partner.sign, now=now, entropy=entropy, pss=partner.pss, dashed=partner.dashed
    )


def _encrypted(entity: Entity, partner: Partner, now: datetime, entropy: Entropy) -> Entity:
    certificate = partner.encryption_certificate(now)
    if certificate is None:
        raise Misconfigured(
            f"no certificate of {partner.them} is valid now", path="certificates",
            fix="ask the partner for the new one and pin it",
        )  # fmt: skip
    return layers.encrypted(
        entity,
        certificate,
        cipher=partner.encrypt,
        entropy=entropy,
        oaep=partner.oaep,
        base64_coded=partner.base64,
    )


def _headers(
    entity: Entity, partner: Partner, message_id: str, subject: str, now: datetime, digest: str
) -> dict[str, str]:
    headers = {
        "AS2-Version": VERSION,
        "EDIINT-Features": FEATURES,
        "AS2-From": quoted(partner.us),
        "AS2-To": quoted(partner.them),
        "Message-ID": message_id,
        "Date": format_datetime(now.astimezone(UTC), usegmt=True),
        "Subject": subject,
        "MIME-Version": "1.0",
        **dict(entity.headers),
    }
    if partner.mdn is not MdnMode.NONE:
        headers["Disposition-Notification-To"] = quoted(partner.us)
        protocol = "signed-receipt-protocol=required, pkcs7-signature; " if partner.mdn_signed else ""
        micalg = layers.written_digest(digest, dashed=partner.dashed)
        headers["Disposition-Notification-Options"] = f"{protocol}signed-receipt-micalg=optional, {micalg}"
    if partner.mdn is MdnMode.ASYNC:
        headers["Receipt-Delivery-Option"] = partner.mdn_url
    return headers


def quoted(name: str) -> str:
    """An AS2 name as a header carries it: in quotes when it is no plain word (RFC 4130, 6.2)."""
    if re.search(r'[\s"\\]', name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return name


def unquoted(value: str) -> str:
    """The AS2 name that a header carries; some software quotes it again when it answers."""
    text = value.strip()
    for _ in range(2):
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _check_words(message_id: str, content_type: str, filename: str, subject: str) -> None:
    """Raises Invalid for what would break a header apart."""
    if not _MESSAGE_ID.match(message_id) or len(message_id) > _MESSAGE_ID_MAX:
        raise Invalid(
            "this is no Message-ID", path="message_id", value=message_id[:100], fix="write it like <id@host>"
        )
    if not _CONTENT_TYPE.match(content_type):
        raise Invalid(
            "this is no content type", path="content_type", value=content_type[:100],
            fix="write it like application/edi-x12",
        )  # fmt: skip
    if not all(one.isprintable() for one in filename) or len(filename) > 200:
        raise Invalid(
            "this is no file name", path="filename", value=filename[:100], fix="use printable characters"
        )
    if not subject.isascii() or not subject.isprintable() or len(subject) > 200:
        raise Invalid(
            "a subject is printable ASCII",
            path="subject",
            value=subject[:100],
            fix="leave the other characters out",
        )
