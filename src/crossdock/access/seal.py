"""Secrets as the store keeps them: sealed with a key that is not in the store."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.faults import Misconfigured

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: Name of the secret that holds the key, base64 of 32 bytes.
SECRET = "seal_key"
_KEY_BYTES, _NONCE_BYTES = 32, 12


class Seal:
    """Seals and opens small secrets (AES-256-GCM)."""

    def __init__(self, key: bytes) -> None:
        assert len(key) == _KEY_BYTES, "the key of a seal has 32 bytes"
        self._key = key

    @cached_property
    def _cipher(self) -> AESGCM:
        """The cipher; its library is large, and a hub at which nobody signs in never needs it."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    def sealed(self, plain: bytes, *, about: str) -> bytes:
        """The secret as it may be stored; `about` says whose it is, and is needed to open it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def opened(self, data: bytes, *, about: str) -> bytes:
        """The secret again. Raises Misconfigured when it was sealed with another key, or for something else."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], about.encode())
        except InvalidTag:
            says = "a stored secret was sealed with another key"
            raise Misconfigured(says, path="secret", fix=f"give back the secret {SECRET}") from None


def no_secret(name: str) -> str:
    """Where no secrets are looked up. Raises Misconfigured."""
    raise Misconfigured(f"the secret {name} is missing", path="secret")


def key_of(secret: Callable[[str], str], file: Path) -> bytes:
    """The key of this site: the secret `seal_key` if there is one, else a file of its own, made when needed.

    Raises Misconfigured when neither can be had.
    """
    try:
        return _decoded(secret(SECRET))
    except Misconfigured as missing:
        if "is missing" not in missing.says:
            raise
    try:
        return _from_file(file)
    except OSError as error:
        says = f"the key that seals secrets cannot be kept: {type(error).__name__}"
        fix = f"set the secret {SECRET} to base64 of 32 random bytes"
        raise Misconfigured(says, path="secret", fix=fix) from None


def _from_file(file: Path) -> bytes:
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = base64.b64encode(secrets.token_bytes(_KEY_BYTES))
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(made)
        try:
            os.link(fresh, file)  # who comes first wins, and nobody reads half a key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return _decoded(file.read_text("ascii"))


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise Misconfigured(f"the secret {SECRET} is no key", path="secret", fix="base64 of 32 random bytes")
    return key


def fingerprint(key: bytes) -> str:
    """A few digits by which people tell keys apart."""
    return hashlib.sha256(b"crossdock seal" + key).hexdigest()[:12]
