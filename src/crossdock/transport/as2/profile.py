"""What two partners agreed on for AS2: names, certificates, algorithms, MDNs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from crossdock.faults import Misconfigured
from crossdock.transport.as2.certificates import (
    Certificate,
    CertificateDay,
    OwnKey,
    calendar,
    in_use,
)

DIGESTS = ("sha256", "sha384", "sha512")
CIPHERS = ("aes256_cbc", "aes192_cbc", "aes128_cbc", "aes256_gcm", "aes192_gcm", "aes128_gcm")
#: Taken and used only where a profile lists them under `legacy`.
LEGACY_DIGESTS = ("sha1", "md5")
LEGACY_CIPHERS = ("3des",)

_NAME = re.compile(r"[\x20-\x7e]{1,128}\Z")  # RFC 4130, 6.2


class Compress(StrEnum):
    """When a document is compressed."""

    NEVER = "never"
    BEFORE_SIGNING = "before_signing"
    AFTER_SIGNING = "after_signing"


class MdnMode(StrEnum):
    """Which MDN we ask for."""

    NONE = "none"
    SYNC = "sync"  #: in the answer to the request
    ASYNC = "async"  #: posted to us later


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one message may ask of us."""

    body_bytes_max: int = 50_000_000
    document_bytes_max: int = 100_000_000  #: after decompression
    layers_max: int = 5
    parts_max: int = 32


@dataclass(frozen=True, slots=True, eq=False)
class Partner:
    """One partnership, both ways. Raises Misconfigured for settings that cannot work.

    `certificates` are the partner's that are pinned: all of them count for what they sign, so that an
    old and a new one overlap; `in_use` picks the one we encrypt to. `keys` are ours in the same manner:
    all open what arrives, the one in use signs. Times in seconds.
    """

    us: str
    them: str
    keys: tuple[OwnKey, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    encryption_certificates: tuple[Certificate, ...] = ()  #: when they differ from those that sign
    # what we send
    url: str = ""  #: where the partner takes messages; its host may also get our MDNs
    sign: str = "sha256"  #: "" for unsigned
    encrypt: str = "aes256_cbc"  #: "" for unencrypted
    compress: Compress = Compress.NEVER
    pss: bool = False  #: RSASSA-PSS instead of PKCS#1 v1.5
    oaep: bool = False  #: RSAES-OAEP (SHA-256) instead of PKCS#1 v1.5
    base64: bool = False  #: contents in base64 within MIME, for partners that cannot read binary
    dashed: bool = True  #: `sha-256` (RFC 5751); False for partners that know only `sha256`
    mdn: MdnMode = MdnMode.SYNC
    mdn_signed: bool = True
    mdn_url: str = ""  #: ours, where asynchronous MDNs shall come
    mdn_within_s: float = 3600.0
    # what we take
    require_signed: bool = True
    require_encrypted: bool = True
    legacy: frozenset[str] = frozenset()  #: of sha1, md5, 3des
    mdn_hosts: frozenset[str] = frozenset()  #: where else asynchronous MDNs of ours may go

    def __post_init__(self) -> None:
        self._check_names()
        self._check_algorithms()
        self._check_keys()

    def _check_names(self) -> None:
        for path, name in (("us", self.us), ("them", self.them)):
            if not _NAME.match(name) or name != name.strip():
                raise Misconfigured(
                    "an AS2 name has 1 to 128 printable ASCII characters", path=path, fix="write it as agreed"
                )
        if self.us == self.them:
            raise Misconfigured("both sides have the same AS2 name", path="them", fix="name the partner")
        if self.mdn is MdnMode.ASYNC and not self.mdn_url:
            raise Misconfigured(
                "asynchronous MDNs need an address to come to", path="mdn_url",
                fix="write our own public AS2 address",
            )  # fmt: skip

    def _check_algorithms(self) -> None:
        if unknown := self.legacy - {*LEGACY_DIGESTS, *LEGACY_CIPHERS}:
            raise Misconfigured(
                f"{', '.join(sorted(unknown))} is no old algorithm that we know", path="legacy",
                fix=f"use {', '.join((*LEGACY_DIGESTS, *LEGACY_CIPHERS))}",
            )  # fmt: skip
        for path, name, known in (("sign", self.sign, self.digests), ("encrypt", self.encrypt, self.ciphers)):
            if name and name not in known:
                raise Misconfigured(
                    f"{name} is not among the algorithms of this profile", path=path,
                    fix=f"use one of {', '.join(sorted(known))}, or list it under legacy",
                )  # fmt: skip

    def _check_keys(self) -> None:
        if self.sign and not self.keys:
            raise Misconfigured(
                "nothing can be signed without a key", path="keys", fix="name our key and certificate"
            )
        if self.require_encrypted and not any(isinstance(one.key, RSAPrivateKey) for one in self.keys):
            raise Misconfigured(
                "nothing encrypted can be opened without an RSA key of ours", path="keys",
                fix="name our key and certificate, or set `require_encrypted: false`",
            )  # fmt: skip
        if self.encrypt and not (self.encryption_certificates or self.certificates):
            raise Misconfigured(
                "nothing can be encrypted without the partner's certificate", path="certificates",
                fix="pin the partner's certificate",
            )  # fmt: skip
        if (self.require_signed or self._signed_mdn_asked) and not self.certificates:
            raise Misconfigured(
                "no signature can be checked without the partner's certificate", path="certificates",
                fix="pin the partner's certificate",
            )  # fmt: skip

    @property
    def _signed_mdn_asked(self) -> bool:
        return self.mdn_signed and self.mdn is not MdnMode.NONE

    @property
    def digests(self) -> frozenset[str]:
        """The digest algorithms that this profile takes."""
        return frozenset(DIGESTS) | (self.legacy & set(LEGACY_DIGESTS))

    @property
    def ciphers(self) -> frozenset[str]:
        """The ciphers that this profile takes."""
        return frozenset(CIPHERS) | (self.legacy & set(LEGACY_CIPHERS))

    def signing_key(self, now: datetime) -> OwnKey | None:
        """The key of ours that signs now; None when none is valid."""
        chosen = in_use([one.certificate for one in self.keys], now)
        return next((one for one in self.keys if one.certificate is chosen), None)

    def encryption_certificate(self, now: datetime) -> Certificate | None:
        """The certificate of the partner that we encrypt to now; None when none is valid."""
        return in_use(self.encryption_certificates or self.certificates, now)

    def may_get_mdn(self, url: str) -> bool:
        """Whether an MDN may be posted to an address that a message names.

        Without this a message could make the hub call any address it likes.
        """
        try:
            parts = urlsplit(url)
            own = urlsplit(self.url).hostname if self.url else None
            host = parts.hostname or ""
        except ValueError:
            return False
        return (
            parts.scheme in ("http", "https")
            and not parts.username
            and bool(host)
            and (host == own or host in self.mdn_hosts)
        )


#: The partnerships by (our name, their name): what AS2-To and AS2-From of a message say.
Partners = Mapping[tuple[str, str], Partner]


def by_names(partners: Iterable[Partner]) -> dict[tuple[str, str], Partner]:
    """Partnerships by the names that a message carries. Raises Misconfigured for a pair that is there twice."""
    found: dict[tuple[str, str], Partner] = {}
    for one in partners:
        if (one.us, one.them) in found:
            raise Misconfigured(
                f"{one.us} and {one.them} are partners twice",
                path="them",
                fix="keep one profile for the pair",
            )
        found[one.us, one.them] = one
    return found


def certificate_calendar(
    partners: Iterable[Partner], now: datetime, *, warn_days: int = 30
) -> tuple[CertificateDay, ...]:
    """Every certificate of these partnerships, ours once, the first to end first."""
    ours: dict[str, dict[str, Certificate]] = {}
    theirs: dict[str, dict[str, Certificate]] = {}
    for one in partners:
        for key in one.keys:
            ours.setdefault(one.us, {})[key.certificate.fingerprint] = key.certificate
        for certificate in (*one.certificates, *one.encryption_certificates):
            theirs.setdefault(one.them, {})[certificate.fingerprint] = certificate
    sides = [(name, True, tuple(found.values())) for name, found in ours.items()]
    sides += [(name, False, tuple(found.values())) for name, found in theirs.items()]
    return calendar(sides, now, warn_days=warn_days)
