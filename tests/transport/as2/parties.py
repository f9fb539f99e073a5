"""Two partners of the tests, with keys and certificates made when they are first needed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from crossdock.transport.as2.certificates import OwnKey, certificates_of, own_key
from crossdock.transport.as2.profile import Partner

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORDER = b"ISA*00*          *00*          *ZZ*US             *ZZ*THEM           *261122*1200*U*00401*000000001*0*P*>~\n"
US, THEM = "Crossdock", "The Partner"


def chance(seed: int = 0) -> Callable[[int], bytes]:
    """Bytes that look random and are the same for the same seed."""
    return random.Random(seed).randbytes


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The private key that goes by a name, made once a run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The same on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def certificate_pem(
    name: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> bytes:
    """A certificate that the key signs for itself."""
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def key_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM, unprotected."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def own(
    name: str, *, begins_days: int = -100, ends_days: int = 300, use_days: int = -10_000, kind: str = "rsa"
) -> OwnKey:
    """A key with its certificate, the same for the same words; the days are counted from NOW."""
    return _own(name, begins_days, ends_days, use_days, kind)


@cache
def _own(name: str, begins_days: int, ends_days: int, use_days: int, kind: str) -> OwnKey:
    key = rsa_key(name) if kind == "rsa" else ec_key(name)
    begins, ends = NOW + timedelta(days=begins_days), NOW + timedelta(days=ends_days)
    use_from = NOW + timedelta(days=use_days)
    return own_key(key_pem(key), certificate_pem(name, key, begins, ends), use_from=use_from)


def pem(of: OwnKey) -> bytes:
    """The certificate of a key as PEM."""
    return of.certificate.parsed.public_bytes(serialization.Encoding.PEM)


def pinned(of: OwnKey):
    """The certificate of a key as the other side pins it."""
    return certificates_of(pem(of), use_from=of.certificate.use_from)[0]


def ours(**settings: object) -> Partner:
    """The partnership as we have it."""
    given = {
        "us": US, "them": THEM, "keys": (own("ours"),), "certificates": (pinned(own("theirs")),),
        "url": "https://them.test/as2",
    }  # fmt: skip
    return Partner(**{**given, **settings})  # type: ignore[arg-type]


def theirs(**settings: object) -> Partner:
    """The same partnership as the partner has it."""
    given = {
        "us": THEM, "them": US, "keys": (own("theirs"),), "certificates": (pinned(own("ours")),),
        "url": "https://us.test/as2",
    }  # fmt: skip
    return Partner(**{**given, **settings})  # type: ignore[arg-type]
