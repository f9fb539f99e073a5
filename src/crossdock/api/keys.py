"""The keys by which systems and people are known at the door; only their digests are kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from crossdock.journal.contract import StoreDown

#: Makes a key recognisable in a log or a repository, where it must not be.
PREFIX = "cdk_"
_BYTES = 32
#: A revoked key works no longer than this after the revocation, in another process too.
_STALE_S = 1.0
#: Longer credentials are nobody's; they are not even hashed.
_LENGTH_MAX = 512


class Role(Enum):
    """What the holder of a key may do."""

    SYSTEM = "system"  #: deliver for one system, and read what came from it
    OBSERVER = "observer"  #: read everything
    OPERATOR = "operator"  #: read everything, and act on incidents
    APPROVER = "approver"  #: read everything, and say yes to what somebody else asks for
    ADMIN = "admin"  #: all of this, and who may sign in to the console
    #: read everything, and keep keys: for one command of somebody who may write to the store; nobody is given it
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who stands behind a key."""

    name: str
    role: Role
    system: str | None = None

    @property
    def acts(self) -> bool:
        """Whether the holder may act on incidents."""
        return self.role in {Role.OPERATOR, Role.ADMIN}

    @property
    def approves(self) -> bool:
        """Whether the holder may say yes to what somebody else asks for."""
        return self.role in {Role.APPROVER, Role.ADMIN}

    def reads(self, system: str | None) -> bool:
        """Whether the holder may read what came from a system (None: everything)."""
        return self.role is not Role.SYSTEM or (system is not None and system == self.system)

    def delivers(self, system: str) -> bool:
        """Whether the holder may hand in documents as a system."""
        return self.role is Role.SYSTEM and self.system == system


def new_key() -> str:
    """A fresh key of 256 random bits, shown once and never stored."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def digest_of(key: str) -> bytes:
    """What the store keeps of a key: its SHA-256. A random key needs no slow hash."""
    return hashlib.sha256(key.encode()).digest()


class Keys:
    """All keys that are valid now, found by digest.

    The look-up is a dictionary's over SHA-256 digests: what its timing could tell is the digest of
    what the caller sent, which the caller knows. `load` reads (digest, name, role, system) of every
    key that is not revoked; it runs again when an unknown key comes, so that a new one works at
    once, and once a second, so that a revoked one stops.
    """

    def __init__(
        self, load: Callable[[], Sequence[tuple[bytes, str, str, str | None]]], now_s: Callable[[], float]
    ) -> None:
        self._load = load
        self._now_s = now_s
        self._holders: dict[bytes, Holder] = {}
        self._loaded_s = float("-inf")

    def holder(self, authorization: str | None) -> Holder | None:
        """Who sent an `Authorization` header; None when it is missing, malformed, unknown or revoked.

        Raises StoreDown when a key is not known and the store cannot be asked.
        """
        if not authorization or len(authorization) > _LENGTH_MAX:
            return None
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = digest_of(key.strip())
        if self._now_s() - self._loaded_s >= _STALE_S and digest in self._holders:
            with suppress(StoreDown):  # who was known before is known while the store cannot be asked
                self._reload()
        holder = self._holders.get(digest)
        if holder is None:
            self._reload()
            holder = self._holders.get(digest)
        return holder

    def _reload(self) -> None:
        self._loaded_s = self._now_s()
        self._holders = {
            bytes(digest): Holder(name, Role(role), system) for digest, name, role, system in self._load()
        }
