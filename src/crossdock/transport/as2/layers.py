"""The layers of an S/MIME message (RFC 8551) put on and taken off."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crossdock.transport.as2 import compression, envelope, mime, signature
from crossdock.transport.as2.asn1 import content_info
from crossdock.transport.as2.certificates import Certificate, OwnKey
from crossdock.transport.as2.envelope import Entropy
from crossdock.transport.as2.mime import Entity
from crossdock.transport.as2.problem import Problem, Refused
from crossdock.transport.as2.profile import Limits, Partner
from crossdock.transport.as2.signature import Signature

_PKCS7_MIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_PKCS7_SIGNATURE = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})

#: The names that algorithms have in `micalg`, by RFC 5751 and as older software writes them.
_DASHED = {"sha1": "sha-1", "sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
_UNDASHED = {dashed: name for name, dashed in _DASHED.items()}


@dataclass(frozen=True, slots=True)
class Mic:
    """A digest of what was received, as an MDN gives it back (message integrity check)."""

    value: str  #: base64
    algorithm: str  #: `sha256`


@dataclass(slots=True)
class Opening:
    """A message as far as it is opened."""

    entity: Entity
    signed: Signature | None = None
    cipher: str = ""
    compressed: bool = False
    leniencies: list[str] = field(default_factory=list[str])

    @property
    def mic_over(self) -> bytes:
        """The bytes that a MIC covers (RFC 4130, 7.3.1; RFC 5402, 5).

        Of a signed message what was signed; of one that is only encrypted or compressed the entity
        inside with its headers; of a plain one the body alone.
        """
        if self.signed is not None:
            return self.signed.content
        return self.entity.raw if self.cipher or self.compressed else self.entity.body


def mic(content: bytes, algorithm: str) -> Mic:
    """The MIC of these bytes."""
    return Mic(base64.b64encode(hashlib.new(algorithm, content).digest()).decode("ascii"), algorithm)


def digest_name(written: str) -> str:
    """The name of a digest as we write it inside: `SHA-256` and `sha256` are one."""
    name = written.strip().strip('"').lower()
    return _UNDASHED.get(name, name.replace("_", ""))


def written_digest(name: str, *, dashed: bool) -> str:
    """The name of a digest as it goes out."""
    return _DASHED.get(name, name) if dashed else name


def opened(outer: Entity, partner: Partner, now: datetime, limits: Limits) -> Opening:
    """All layers taken off, each checked against the profile. Raises Refused."""
    found = Opening(outer)
    for _ in range(limits.layers_max + 1):
        kind = found.entity.kind
        if kind in _PKCS7_MIME:
            _take_off_cms(found, partner, now, limits)
        elif kind == "multipart/signed":
            _take_off_signature(found, partner, now, limits)
        else:
            return found
    raise Refused(Problem.UNEXPECTED, f"more than {limits.layers_max} layers")


def _take_off_cms(found: Opening, partner: Partner, now: datetime, limits: Limits) -> None:
    """One layer whose kind the structure itself tells; the parameter smime-type is often wrong."""
    der = found.entity.content()
    kind, _ = content_info(der, Problem.DECRYPTION)
    if kind in ("enveloped_data", "authenticated_enveloped_data"):
        if found.cipher:
            raise Refused(Problem.UNEXPECTED, "the message is encrypted twice")
        content, found.cipher = envelope.decrypt(der, partner.keys, ciphers=partner.ciphers)
        found.entity = _inside(content, Problem.DECRYPTION)
    elif kind == "compressed_data":
        if found.compressed:
            raise Refused(Problem.DECOMPRESSION, "the message is compressed twice")
        found.compressed = True
        found.entity = _inside(compression.decompress(der, limits.document_bytes_max), Problem.DECOMPRESSION)
    elif kind == "signed_data":
        _note_signature(
            found, signature.verify(der, (), partner.certificates, digests=partner.digests, now=now)
        )
    else:
        raise Refused(Problem.FORMAT, f"a content of the kind {kind} is not read")


def _take_off_signature(found: Opening, partner: Partner, now: datetime, limits: Limits) -> None:
    inside = mime.parts(found.entity, limits.parts_max)
    if len(inside) != 2 or inside[1].kind not in _PKCS7_SIGNATURE:
        raise Refused(
            Problem.AUTHENTICATION, "a signed message is a content and its signature, and this is not"
        )
    _note_signature(found, _verified(inside[1].content(), inside[0].raw, partner, now))


def _verified(der: bytes, exact: bytes, partner: Partner, now: datetime) -> Signature:
    """The signature over the bytes as they came, else over their canonical form, which some software signs."""
    try:
        return signature.verify(der, (exact,), partner.certificates, digests=partner.digests, now=now)
    except Refused as refused:
        if refused.problem is not Problem.INTEGRITY or (canonical := mime.with_crlf(exact)) == exact:
            raise
    held = signature.verify(der, (canonical,), partner.certificates, digests=partner.digests, now=now)
    return replace(held, leniencies=(*held.leniencies, "signed with lines ended by CR LF, sent with LF"))


def _note_signature(found: Opening, checked: Signature) -> None:
    if found.signed is not None:
        raise Refused(Problem.UNEXPECTED, "the message is signed twice")
    found.signed = checked
    found.leniencies.extend(checked.leniencies)
    found.entity = _inside(checked.content, Problem.UNEXPECTED)


def _inside(content: bytes, problem: Problem) -> Entity:
    """What a layer held. Bytes that are no entity are the fault of the layer: a wrong key gives such, too."""
    try:
        entity = mime.read(content)
    except Refused as refused:
        raise Refused(problem, f"what is inside is no MIME content: {refused.says}") from None
    if not entity.headers and problem is Problem.DECRYPTION:
        raise Refused(problem, "what was decrypted has no MIME headers")
    return entity


# -- putting them on ----------------------------------------------------------------------------


def compressed(entity: Entity, *, base64_coded: bool) -> Entity:
    """The entity inside a compressed one."""
    return _pkcs7("compressed-data", "smime.p7z", compression.compress(entity.raw), base64_coded=base64_coded)


def encrypted(
    entity: Entity, certificate: Certificate, *, cipher: str, entropy: Entropy, oaep: bool, base64_coded: bool
) -> Entity:
    """The entity inside an encrypted one. Raises Misconfigured."""
    der = envelope.encrypt(entity.raw, certificate, cipher=cipher, entropy=entropy, oaep=oaep)
    kind = "authEnveloped-data" if cipher.endswith("_gcm") else "enveloped-data"
    return _pkcs7(kind, "smime.p7m", der, base64_coded=base64_coded)


def signed(
    entity: Entity,
    own: OwnKey,
    *,
    digest: str,
    now: datetime,
    entropy: Entropy,
    pss: bool = False,
    dashed: bool = True,
) -> Entity:
    """The entity beside its signature, as multipart/signed."""
    der = signature.sign(entity.raw, own, digest=digest, now=now, pss=pss)
    headers = (
        ("Content-Type", "application/pkcs7-signature; name=smime.p7s; smime-type=signed-data"),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", "attachment; filename=smime.p7s"),
    )
    beside = mime.made(headers, mime.base64_lines(der).rstrip())
    boundary = fresh_boundary((entity.raw, beside.raw), entropy)
    micalg = written_digest(digest, dashed=dashed)
    kind = f'multipart/signed; protocol="application/pkcs7-signature"; micalg={micalg}; boundary="{boundary}"'
    return mime.made((("Content-Type", kind),), joined((entity.raw, beside.raw), boundary))


def joined(parts: Sequence[bytes], boundary: str) -> bytes:
    """The body of a multipart entity."""
    mark = boundary.encode("ascii")
    return b"".join(b"--%b\r\n%b\r\n" % (mark, part) for part in parts) + b"--%b--\r\n" % mark


def fresh_boundary(parts: Sequence[bytes], entropy: Entropy) -> str:
    """A boundary that stands in none of the parts."""
    for _ in range(100):
        boundary = f"=_{entropy(16).hex()}"
        if not any(boundary.encode("ascii") in part for part in parts):
            return boundary
    raise AssertionError("the source of chance always gives the same bytes")


def _pkcs7(kind: str, name: str, der: bytes, *, base64_coded: bool) -> Entity:
    headers = (
        ("Content-Type", f"application/pkcs7-mime; smime-type={kind}; name={name}"),
        ("Content-Transfer-Encoding", "base64" if base64_coded else "binary"),
        ("Content-Disposition", f"attachment; filename={name}"),
    )
    body = mime.base64_lines(der) if base64_coded else der
    return mime.made(headers, body)
