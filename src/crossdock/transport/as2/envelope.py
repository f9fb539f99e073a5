"""Encrypted contents: CMS enveloped-data (RFC 5652, 6) and, for AES-GCM, auth-enveloped-data (RFC 5083)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from crossdock.faults import Misconfigured
from crossdock.transport.as2.asn1 import BROKEN, algos, cms, content_info, core, x509
from crossdock.transport.as2.certificates import Certificate, OwnKey
from crossdock.transport.as2.problem import Problem, Refused
from crossdock.transport.as2.signature import names

#: So many random bytes, from the caller: `secrets.token_bytes` in the hub, a seed in tests.
Entropy = Callable[[int], bytes]

#: Bytes of the key, by the names that profiles use.
KEY_BYTES = {
    "aes128_cbc": 16, "aes192_cbc": 24, "aes256_cbc": 32,
    "aes128_gcm": 16, "aes192_gcm": 24, "aes256_gcm": 32, "3des": 24,
}  # fmt: skip
_RECIPIENTS_MAX = 32
_TAG_BYTES = 16
_NAMES = {"3des": "tripledes_3key"}
_OUR_NAMES = {"tripledes_3key": "3des"}
_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512,
}  # fmt: skip


def encrypt(
    content: bytes, certificate: Certificate, *, cipher: str, entropy: Entropy, oaep: bool = False
) -> bytes:
    """The content for the owner of one certificate, DER. Raises Misconfigured for one that cannot be encrypted to."""
    public = certificate.public_key
    if not isinstance(public, rsa.RSAPublicKey):
        raise Misconfigured(
            "only RSA certificates can be encrypted to", path="certificates", fix="ask for an RSA certificate"
        )
    key = entropy(KEY_BYTES[cipher])
    parsed = x509.Certificate.load(certificate.der)
    transport, encrypted_key = _key_for(public, key, oaep=oaep)
    recipient = {
        "version": "v0",
        "rid": {"issuer_and_serial_number": {"issuer": parsed.issuer, "serial_number": parsed.serial_number}},
        "key_encryption_algorithm": transport,
        "encrypted_key": encrypted_key,
    }
    recipients = [cms.RecipientInfo({"ktri": recipient})]
    name = _NAMES.get(cipher, cipher)
    if cipher.endswith("_gcm"):
        return _authenticated(content, key, name, entropy(12), recipients)
    iv = entropy(8 if cipher == "3des" else 16)
    sealed = {
        "content_type": "data",
        "content_encryption_algorithm": {"algorithm": name, "parameters": iv},
        "encrypted_content": _cbc_encrypt(cipher, key, iv, content),
    }
    enveloped = {"version": "v0", "recipient_infos": recipients, "encrypted_content_info": sealed}
    return cms.ContentInfo({"content_type": "enveloped_data", "content": cms.EnvelopedData(enveloped)}).dump()


def _key_for(public: rsa.RSAPublicKey, key: bytes, *, oaep: bool) -> tuple[Any, bytes]:
    if not oaep:
        return {"algorithm": "rsaes_pkcs1v15"}, public.encrypt(key, rsa_padding.PKCS1v15())
    hashing = hashes.SHA256()
    digest = {"algorithm": "sha256"}
    parameters = algos.RSAESOAEPParams(
        {"hash_algorithm": digest, "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest}}
    )
    scheme = rsa_padding.OAEP(rsa_padding.MGF1(hashing), hashing, None)
    return {"algorithm": "rsaes_oaep", "parameters": parameters}, public.encrypt(key, scheme)


def _authenticated(content: bytes, key: bytes, name: str, nonce: bytes, recipients: list[Any]) -> bytes:
    sealed = AESGCM(key).encrypt(nonce, content, None)
    parameters = core.SequenceOf([core.OctetString(nonce), core.Integer(_TAG_BYTES)], spec=core.Any)
    enveloped = {
        "version": "v0",
        "recipient_infos": recipients,
        "auth_encrypted_content_info": {
            "content_type": "data",
            "content_encryption_algorithm": {"algorithm": name, "parameters": parameters},
            "encrypted_content": sealed[:-_TAG_BYTES],
        },
        "mac": sealed[-_TAG_BYTES:],
    }
    content_type = "authenticated_enveloped_data"
    return cms.ContentInfo({"content_type": content_type, "content": cms.AuthEnvelopedData(enveloped)}).dump()


def _cbc_encrypt(cipher: str, key: bytes, iv: bytes, content: bytes) -> bytes:
    algorithm = TripleDES(key) if cipher == "3des" else AES(key)
    padder = padding.PKCS7(algorithm.block_size).padder()
    encryptor = Cipher(algorithm, CBC(iv)).encryptor()
    padded = padder.update(content) + padder.finalize()
    return encryptor.update(padded) + encryptor.finalize()


def decrypt(der: bytes, keys: Sequence[OwnKey], *, ciphers: frozenset[str]) -> tuple[bytes, str]:
    """The content and the name of the cipher, by whichever of our keys it was made for. Raises Refused."""
    kind, enveloped = content_info(der, Problem.DECRYPTION)
    if kind not in ("enveloped_data", "authenticated_enveloped_data"):
        raise Refused(Problem.DECRYPTION, f"an encrypted content was expected and {kind} came")
    authenticated = kind == "authenticated_enveloped_data"
    try:
        sealed = enveloped["auth_encrypted_content_info" if authenticated else "encrypted_content_info"]
        found = sealed["content_encryption_algorithm"]["algorithm"].native
        cipher = _OUR_NAMES.get(found, found)
        if cipher not in ciphers or cipher.endswith("_gcm") != authenticated:
            raise Refused(
                Problem.SECURITY,
                f"the content is encrypted with {cipher!s:.40}, which the profile does not take",
                fix="ask the partner for AES, or list the algorithm under `legacy` of the profile",
            )
        tried = 0
        for key in _content_keys(enveloped["recipient_infos"], keys, KEY_BYTES[cipher]):
            tried += 1
            content = _opened(enveloped, sealed, cipher, key)
            if content is not None:
                return content, cipher
    except (*BROKEN, UnsupportedAlgorithm):
        raise Refused(Problem.DECRYPTION, "the encrypted content cannot be read") from None
    if tried:
        raise Refused(
            Problem.DECRYPTION, "the content cannot be decrypted", fix="ask the partner to send it again"
        )
    raise Refused(
        Problem.DECRYPTION,
        "the content is not encrypted for any certificate of ours",
        fix="ask the partner which of our certificates they use, and send them the current one",
    )


def _content_keys(recipients: Any, keys: Sequence[OwnKey], length: int) -> Iterator[bytes]:
    """The content's key as each recipient that we may be gives it."""
    for recipient in list(recipients)[:_RECIPIENTS_MAX]:
        if recipient.name != "ktri":
            continue
        entry = recipient.chosen
        ours = [own for own in keys if names(entry["rid"], own.certificate)]
        for own in ours:
            key = _content_key(own, entry)
            if key is not None and len(key) == length:
                yield key


def _content_key(own: OwnKey, entry: Any) -> bytes | None:
    if not isinstance(own.key, rsa.RSAPrivateKey):
        return None
    algorithm = entry["key_encryption_algorithm"]
    scheme = rsa_padding.PKCS1v15()
    if algorithm["algorithm"].native == "rsaes_oaep":
        parameters = algorithm["parameters"]
        digest = parameters["hash_algorithm"]["algorithm"].native
        mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
        scheme = rsa_padding.OAEP(rsa_padding.MGF1(_HASHES[mask]()), _HASHES[digest](), None)
    elif algorithm["algorithm"].native != "rsaes_pkcs1v15":
        return None
    try:
        return own.key.decrypt(entry["encrypted_key"].native, scheme)
    except ValueError:
        return None


def _opened(enveloped: Any, sealed: Any, cipher: str, key: bytes) -> bytes | None:
    """The content, None when the key does not open it."""
    encrypted = sealed["encrypted_content"].native or b""
    parameters = sealed["content_encryption_algorithm"]["parameters"]
    if cipher.endswith("_gcm"):
        fields = core.SequenceOf.load(parameters.dump(), spec=core.Any)
        nonce = core.OctetString.load(fields[0].dump()).native
        if not isinstance(enveloped["auth_attrs"], core.Void):
            covered = b"\x31" + enveloped["auth_attrs"].dump()[1:]
        else:
            covered = None
        try:
            return AESGCM(key).decrypt(nonce, encrypted + enveloped["mac"].native, covered)
        except (InvalidTag, ValueError):
            return None
    algorithm = TripleDES(key) if cipher == "3des" else AES(key)
    try:
        decryptor = Cipher(algorithm, CBC(parameters.native)).decryptor()
        padded = decryptor.update(encrypted) + decryptor.finalize()
        unpadder = padding.PKCS7(algorithm.block_size).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None
