"""Certificates and keys of the two sides of a partnership, and the calendar of their ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crossdock.faults import Misconfigured

#: Before every certificate that was ever made.
ALWAYS = datetime(1, 1, 1, tzinfo=UTC)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_RSA_BITS_MIN = 1024  # what old partners still use; shorter keys are refused
_CERTIFICATES_MAX = 32


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """A certificate that a profile pins: it is trusted because it is named, not because somebody signed it.

    `use_from` is the moment from which *we* use it (encrypt to it, or sign under it): a partner
    announces a change for a day. To check what arrives, each pinned certificate counts while it is valid.
    """

    der: bytes
    use_from: datetime = ALWAYS

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate as the library knows it."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def public_key(self) -> PublicKey:
        """The key inside; `certificates_of` has looked that it is one of these."""
        key = self.parsed.public_key()
        assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey), "checked when it was loaded"
        return key

    @property
    def not_before(self) -> datetime:
        """The first moment of its validity."""
        return self.parsed.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """The last moment of its validity."""
        return self.parsed.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the certificate: `sha256:1f…`, what two partners compare on the telephone."""
        return f"sha256:{hashlib.sha256(self.der).hexdigest()}"

    @property
    def subject(self) -> str:
        """Whose it is, as it says itself; for people only."""
        text = self.parsed.subject.rfc4514_string()[:200]
        return "".join(one if one.isprintable() else "?" for one in text)

    def __repr__(self) -> str:
        return f"Certificate({self.fingerprint})"

    def valid_at(self, now: datetime) -> bool:
        """Whether the moment lies within its validity."""
        return self.not_before <= now <= self.not_after


@dataclass(frozen=True, slots=True, eq=False)
class OwnKey:
    """A private key of ours with its certificate; never shown."""

    key: PrivateKey
    certificate: Certificate

    def __repr__(self) -> str:
        return f"OwnKey({self.certificate.fingerprint})"


def certificates_of(data: bytes, *, use_from: datetime = ALWAYS, path: str = "") -> tuple[Certificate, ...]:
    """The certificates of a PEM file (one or more) or of a DER file. Raises Misconfigured."""
    try:
        if b"-----BEGIN" in data:
            found = x509.load_pem_x509_certificates(data)
        else:
            found = [x509.load_der_x509_certificate(data)]
    except ValueError:
        raise Misconfigured(
            "this is no certificate", path=path, fix="give an X.509 certificate as PEM or DER"
        ) from None
    if len(found) > _CERTIFICATES_MAX:
        raise Misconfigured(
            f"{len(found)} certificates in one place", path=path, fix="pin the partner's own certificate only"
        )
    made = tuple(Certificate(one.public_bytes(Encoding.DER), use_from) for one in found)
    for one in found:
        _check_public_key(one, path)
    return made


def own_key(
    key: bytes,
    certificate: bytes,
    *,
    password: bytes | None = None,
    use_from: datetime = ALWAYS,
    path: str = "",
) -> OwnKey:
    """A private key (PEM or DER, PKCS#8 or older) with its certificate. Raises Misconfigured."""
    try:
        load = (
            serialization.load_pem_private_key if b"-----BEGIN" in key else serialization.load_der_private_key
        )
        private = load(key, password)
    except (ValueError, TypeError):  # their texts may quote the key
        raise Misconfigured(
            "the private key cannot be read", path=path, fix="give a PEM or DER key and its password"
        ) from None
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Misconfigured(
            "the private key is neither RSA nor EC", path=path, fix="make an RSA key of 2048 bits"
        )
    pinned = certificates_of(certificate, use_from=use_from, path=path)[0]
    if _bits_of(private.public_key()) != _bits_of(pinned.public_key):
        raise Misconfigured(
            "the certificate belongs to another private key",
            path=path,
            fix="give the pair that belongs together",
        )
    return OwnKey(private, pinned)


def _check_public_key(certificate: x509.Certificate, path: str) -> None:
    """Raises Misconfigured for a key that AS2 cannot use."""
    try:
        key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfigured(
            f"the certificate's key cannot be read: {type(error).__name__}",
            path=path,
            fix="ask for an RSA one",
        ) from None
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise Misconfigured(
            "the certificate's key is neither RSA nor EC", path=path, fix="ask for an RSA one"
        )
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _RSA_BITS_MIN:
        raise Misconfigured(
            f"a key of {key.key_size} bits protects nothing",
            path=path,
            fix="ask for one of 2048 bits or more",
        )


def _bits_of(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def in_use(certificates: Sequence[Certificate], now: datetime) -> Certificate | None:
    """The one that we use now: valid, its day come, and of these the one whose day came last.

    Where no days are named, the one that ends first: a new certificate that was only added beside the old one
    is not used before the other side is sure to know it.
    """
    ready = [one for one in certificates if one.use_from <= now and one.valid_at(now)]
    return max(ready, key=lambda one: (one.use_from, -one.not_after.timestamp()), default=None)


class Standing(StrEnum):
    """How a certificate stands in the calendar."""

    VALID = "valid"
    SOON = "soon"  #: ends within the days of warning
    EXPIRED = "expired"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class CertificateDay:
    """One line of the calendar of certificates."""

    whose: str  #: AS2 name
    ours: bool
    subject: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    use_from: datetime
    days_left: int  #: whole days; negative when it has ended
    standing: Standing
    followed: bool  #: another certificate of the same side is valid beyond this one's end


def calendar(
    sides: Iterable[tuple[str, bool, Sequence[Certificate]]], now: datetime, *, warn_days: int = 30
) -> tuple[CertificateDay, ...]:
    """The certificates of all sides (AS2 name, ours or not, certificates), the first to end first."""
    days = [
        _day(whose, one, certificates, now, ours=ours, warn_days=warn_days)
        for whose, ours, certificates in sides
        for one in certificates
    ]
    return tuple(sorted(days, key=lambda day: (day.not_after, day.whose, day.fingerprint)))


def _day(
    whose: str, one: Certificate, beside: Sequence[Certificate], now: datetime, *, ours: bool, warn_days: int
) -> CertificateDay:
    if now > one.not_after:
        standing = Standing.EXPIRED
    elif now < one.not_before:
        standing = Standing.NOT_YET
    elif one.not_after - now <= timedelta(days=warn_days):
        standing = Standing.SOON
    else:
        standing = Standing.VALID
    return CertificateDay(
        whose=whose,
        ours=ours,
        subject=one.subject,
        fingerprint=one.fingerprint,
        not_before=one.not_before,
        not_after=one.not_after,
        use_from=one.use_from,
        days_left=(one.not_after - now) // timedelta(days=1),
        standing=standing,
        followed=any(
            other.not_after > one.not_after and other.not_before <= one.not_after for other in beside
        ),
    )
