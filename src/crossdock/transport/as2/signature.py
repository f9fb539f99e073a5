"""Detached signatures: CMS signed-data (RFC 5652, 5) made, and checked against pinned certificates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ExtensionNotFound, SubjectKeyIdentifier

from crossdock.transport.as2.asn1 import BROKEN, algos, cms, content_info, core, x509
from crossdock.transport.as2.certificates import Certificate, OwnKey, PublicKey
from crossdock.transport.as2.problem import Problem, Refused

_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_SIGNERS_MAX = 8
_ATTRIBUTES_MAX = 32


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that holds: whose, by which digest, and over which of the bytes offered."""

    fingerprint: str
    digest: str
    content: bytes
    leniencies: tuple[str, ...] = ()


def sign(
    content: bytes, own: OwnKey, *, digest: str, now: datetime, pss: bool = False, whole: bool = False
) -> bytes:
    """Signed-data over the content, DER; detached unless `whole`. The own certificate goes with it."""
    hashed = hashlib.new(digest, content).digest()
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": now.replace(microsecond=0)})]},
            {"type": "message_digest", "values": [hashed]},
        ]
    )
    algorithm, value = _signed(attributes.dump(), own, digest, pss=pss)
    certificate = x509.Certificate.load(own.certificate.der)
    signer = {
        "version": "v1",
        "sid": {
            "issuer_and_serial_number": {
                "issuer": certificate.issuer,
                "serial_number": certificate.serial_number,
            }
        },
        "digest_algorithm": {"algorithm": digest},
        "signed_attrs": attributes,
        "signature_algorithm": algorithm,
        "signature": value,
    }
    signed = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": digest}],
        "encap_content_info": {"content_type": "data", **({"content": content} if whole else {})},
        "certificates": [certificate],
        "signer_infos": [signer],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()


def _signed(data: bytes, own: OwnKey, digest: str, *, pss: bool) -> tuple[Any, bytes]:
    """The algorithm's identifier and the signature's value."""
    hashing = _HASHES[digest]()
    if isinstance(own.key, ec.EllipticCurvePrivateKey):
        return {"algorithm": f"{digest}_ecdsa"}, own.key.sign(data, ec.ECDSA(hashing))
    if not pss:
        return {"algorithm": "rsassa_pkcs1v15"}, own.key.sign(data, padding.PKCS1v15(), hashing)
    salt = hashing.digest_size
    parameters = algos.RSASSAPSSParams(
        {
            "hash_algorithm": {"algorithm": digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": digest}},
            "salt_length": salt,
        }
    )
    value = own.key.sign(data, padding.PSS(padding.MGF1(hashing), salt), hashing)
    return {"algorithm": "rsassa_pss", "parameters": parameters}, value


def verify(
    der: bytes,
    contents: Sequence[bytes],
    certificates: Sequence[Certificate],
    *,
    digests: frozenset[str],
    now: datetime,
) -> Signature:
    """The first signature that a pinned, valid certificate made over one of the contents. Raises Refused.

    `contents` is empty when the signature holds its content within itself. `digests` are the algorithms
    that the profile takes.
    """
    kind, signed = content_info(der, Problem.AUTHENTICATION)
    if kind != "signed_data":
        raise Refused(Problem.AUTHENTICATION, f"a signature was expected and {kind} came")
    try:
        offered = tuple(contents) or (_encapsulated(signed),)
        check = _Check(offered, certificates, _embedded(signed), digests, now)
        last: Refused | None = None
        for signer in list(signed["signer_infos"])[:_SIGNERS_MAX]:
            try:
                return _checked(signer, check)
            except Refused as refused:
                last = refused
    except BROKEN:
        raise Refused(Problem.AUTHENTICATION, "the signature cannot be read") from None
    raise last or Refused(Problem.AUTHENTICATION, "nobody signed the signature")


@dataclass(frozen=True, slots=True)
class _Check:
    """What a signature is held against."""

    contents: Sequence[bytes]
    certificates: Sequence[Certificate]
    embedded: Sequence[
        Certificate
    ]  #: that came along: believed in nothing, but good for telling what is wrong
    digests: frozenset[str]
    now: datetime


def _encapsulated(signed: Any) -> bytes:
    content = signed["encap_content_info"]["content"]
    if isinstance(content, core.Void):
        raise Refused(Problem.AUTHENTICATION, "the signature holds no content")
    inner = content.native
    if not isinstance(inner, bytes):
        raise Refused(Problem.AUTHENTICATION, "the signature holds something else than a content")
    return inner


def _embedded(signed: Any) -> list[Certificate]:
    certificates = signed["certificates"]
    if isinstance(certificates, core.Void):
        return []
    return [
        Certificate(one.chosen.dump())
        for one in list(certificates)[:_SIGNERS_MAX]
        if one.name == "certificate"
    ]


def _checked(signer: Any, check: _Check) -> Signature:
    """The signature of one signer. Raises Refused."""
    digest = signer["digest_algorithm"]["algorithm"].native
    if digest not in check.digests:
        raise Refused(
            Problem.SECURITY,
            f"the signature uses {digest!s:.40}, which the profile does not take",
            fix="ask the partner for SHA-256, or list the algorithm under `legacy` of the profile",
        )
    attributes = signer["signed_attrs"]
    attested = None if isinstance(attributes, core.Void) else _digest_attested(attributes)
    matching = [
        one for one in check.contents if attested is None or hashlib.new(digest, one).digest() == attested
    ]
    named = [one for one in check.certificates if names(signer["sid"], one)]
    for certificate in named or check.certificates:
        for content in matching:
            data = content if attested is None else _as_set(attributes)
            if _holds(certificate.public_key, signer, digest, data):
                _check_validity(certificate, check.now)
                return Signature(certificate.fingerprint, digest, content, _leniencies(certificate, named))
    if not named:
        raise _by_a_stranger(signer, check)
    if attested is not None and matching:
        raise Refused(Problem.AUTHENTICATION, "the content is what was signed, but the signature is not good")
    raise Refused(
        Problem.INTEGRITY,
        "the content is not what was signed",
        fix="ask the partner to send the message again",
    )


def _check_validity(certificate: Certificate, now: datetime) -> None:
    """Raises Refused when the certificate is not valid now."""
    if certificate.valid_at(now):
        return
    ended = now > certificate.not_after
    state, day = ("ended on", certificate.not_after) if ended else ("begins on", certificate.not_before)
    raise Refused(
        Problem.AUTHENTICATION,
        f"the signature is good, but the certificate {certificate.fingerprint} {state} {day:%Y-%m-%d}",
        fix="pin the partner's new certificate, and let them sign with it",
    )


def _leniencies(certificate: Certificate, named: Sequence[Certificate]) -> tuple[str, ...]:
    return () if named else (f"signed under another certificate with the key of {certificate.fingerprint}",)


def _by_a_stranger(signer: Any, check: _Check) -> Refused:
    """The refusal of a signature that no pinned certificate made."""
    if not check.certificates:
        return Refused(
            Problem.AUTHENTICATION, "the profile pins no certificate", fix="pin the partner's certificate"
        )
    stranger = next((one for one in check.embedded if names(signer["sid"], one)), None)
    whose = f"{stranger.fingerprint} ({stranger.subject})" if stranger else "a certificate that is not given"
    return Refused(
        Problem.AUTHENTICATION,
        f"the signature is by {whose}, which the profile does not pin",
        fix="ask the partner whether they changed their certificate; if so, pin the new one",
    )


def _digest_attested(attributes: Any) -> bytes:
    """The digest that the signed attributes vouch for. Raises Refused when they do not say what they must."""
    if len(attributes) > _ATTRIBUTES_MAX:
        raise Refused(Problem.AUTHENTICATION, f"more than {_ATTRIBUTES_MAX} signed attributes")
    found: dict[str, Any] = {}
    for attribute in attributes:
        name = attribute["type"].native
        if name in ("content_type", "message_digest"):
            if name in found or len(attribute["values"]) != 1:
                raise Refused(Problem.AUTHENTICATION, f"the signed attribute {name} is there twice")
            found[name] = attribute["values"][0].native
    digest = found.get("message_digest")
    if found.get("content_type") != "data" or not isinstance(digest, bytes):
        raise Refused(Problem.AUTHENTICATION, "the signed attributes name no content")
    return digest


def _as_set(attributes: Any) -> bytes:
    """The attributes as they were signed: a SET OF, whatever tag they carry in the message (RFC 5652, 5.4)."""
    dumped: bytes = attributes.dump()
    return b"\x31" + dumped[1:]


def names(identifier: Any, certificate: Certificate) -> bool:
    """Whether an identifier of CMS (issuer and serial number, or key identifier) means this certificate."""
    if identifier.name == "issuer_and_serial_number":
        known, meant = x509.Certificate.load(certificate.der), identifier.chosen
        return bool(
            meant["serial_number"].native == known.serial_number
            and meant["issuer"].dump() == known.issuer.dump()
        )
    return identifier.chosen.native == _key_identifier(certificate)


def _key_identifier(certificate: Certificate) -> bytes:
    try:
        return certificate.parsed.extensions.get_extension_for_class(SubjectKeyIdentifier).value.digest
    except (ExtensionNotFound, ValueError):
        return b""


def _holds(key: PublicKey, signer: Any, digest: str, data: bytes) -> bool:
    """Whether the signature's value is good over the data."""
    value: bytes = signer["signature"].native
    algorithm = signer["signature_algorithm"]
    scheme = algorithm.signature_algo
    hashing = _HASHES[digest]()
    try:
        if scheme == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), hashing)
        elif scheme == "rsassa_pss" and isinstance(key, rsa.RSAPublicKey):
            salt = int(algorithm["parameters"]["salt_length"].native)
            if not 0 <= salt <= 512:
                return False
            mask = algorithm["parameters"]["mask_gen_algorithm"]["parameters"]["algorithm"].native
            if mask not in _HASHES:
                return False
            key.verify(value, data, padding.PSS(padding.MGF1(_HASHES[mask]()), salt), hashing)
        elif scheme == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, data, ec.ECDSA(hashing))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True
