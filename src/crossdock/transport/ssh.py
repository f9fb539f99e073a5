"""Sessions with an SSH server: the address checked, the host key pinned, then signed in, then SFTP."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import io
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from paramiko import (
    AuthenticationException,
    BadAuthenticationType,
    ECDSAKey,
    Ed25519Key,
    PKey,
    RSAKey,
    SSHException,
    Transport,
)

from crossdock.faults import Misconfigured, TryLater
from crossdock.transport.address import AddressGuard, Resolve
from crossdock.transport.sftp_session import Requests, Session, said

Secret = Callable[[], str]

# What matters of its log becomes a fault; without a handler Python prints it for the operator.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

_HOST_KEY_KINDS = frozenset(
    {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"}
)
_KEY_KINDS: tuple[type[PKey], ...] = (Ed25519Key, ECDSAKey, RSAKey)
#: The names under which a server may prove that it has an RSA key; SHA-1 is not among them.
_RSA_PROOFS = ("rsa-sha2-512", "rsa-sha2-256")


@dataclass(frozen=True, slots=True)
class Account:
    """Where a server is, which host keys it may show, and who we are there.

    `host_keys` are lines as in `known_hosts` without the host (`ssh-ed25519 AAAA…`) or fingerprints
    (`SHA256:…`); several let a change overlap. The secrets are asked for anew at each sign-in. Raises Misconfigured.
    """

    host: str
    user: str
    host_keys: tuple[str, ...]
    port: int = 22
    password: Secret | None = None
    key: Secret | None = None  #: private key in OpenSSH's or PEM's form
    passphrase: Secret | None = None

    def __post_init__(self) -> None:
        if not self.host_keys:
            raise Misconfigured(
                "no host key is pinned, so anybody could answer for the server", path="host_keys",
                fix="ask the partner for it, and compare it with `ssh-keyscan HOST`",
            )  # fmt: skip
        for one in self.host_keys:
            _pin(one)
        if self.password is None and self.key is None:
            raise Misconfigured(
                "neither a password nor a key is named", path="auth", fix="name the secret of one"
            )


def _pin(written: str) -> tuple[str, str]:
    """The kind of a pinned key ("" when only its fingerprint is known) and its fingerprint. Raises Misconfigured."""
    words = written.split()
    if len(words) == 1 and words[0].startswith("SHA256:") and len(words[0]) == 50:
        return "", words[0]
    try:
        kind, coded = words[0], base64.b64decode(words[1], validate=True)
        named = kind.encode()
        if (
            kind in _HOST_KEY_KINDS
            and coded[4 : 4 + len(named)] == named
            and int.from_bytes(coded[:4]) == len(named)
        ):
            return kind, _fingerprint(coded)
    except (IndexError, binascii.Error, ValueError):
        pass
    raise Misconfigured(
        "this is no host key", path="host_keys", fix="write it like `ssh-ed25519 AAAA…` or `SHA256:…`"
    )


def _fingerprint(key: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


async def permitted_address(
    account: Account, allow: Sequence[IPv4Network | IPv6Network], resolve: Resolve
) -> str:
    """The address of the server, checked like those of HTTP. Raises TryLater."""
    guard, host = AddressGuard(tuple(allow)), account.host
    try:
        ip_address(host)
        found: Sequence[str] = [host]
    except ValueError:
        try:
            found = await resolve(host, account.port)
        except (OSError, UnicodeError):
            raise TryLater(f"the name {host} has no address now", path="host") from None
    address = next((one for one in found if guard.permits(one)), None)
    if address is None:
        named = ", ".join(found[:3]) or "nothing"
        raise TryLater(
            f"{host} leads to {named}, which the charter does not allow",
            path="host", fix=f"list {named} under network.allow if it is right",
        )  # fmt: skip
    return address


def opened(account: Account, address: str, timeout_s: float) -> Session:
    """A session with the server at a checked address. Raises TryLater: nothing was done there."""
    try:
        transport = Transport(socket.create_connection((address, account.port), timeout_s))
    except (OSError, SSHException) as error:
        raise TryLater(
            f"{account.host}:{account.port} cannot be reached: {said(error)}", path="host"
        ) from None
    try:
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = timeout_s
        pins = [_pin(one) for one in account.host_keys]
        _ask_for_known_kinds(transport, [kind for kind, _ in pins])
        transport.start_client(timeout=timeout_s)
        _check_host_key(transport.get_remote_server_key(), [print_ for _, print_ in pins], account)
        _sign_in(transport, account)
        sftp = Requests.from_transport(transport)
        if sftp is None:
            raise TryLater(f"{account.host} opens no SFTP", path="host")
        channel = sftp.get_channel()
        assert channel is not None, "from_transport opened it"
        channel.settimeout(timeout_s)
    except BaseException as error:
        transport.close()
        if isinstance(error, (SSHException, EOFError, OSError, ValueError)):
            raise TryLater(f"{account.host} does not let us in: {said(error)}", path="host") from None
        raise
    return Session(transport, sftp)


def _ask_for_known_kinds(transport: Transport, kinds: Sequence[str]) -> None:
    """Has the server prove the kind of key that is pinned, if it has several; never by SHA-1."""
    options = transport.get_security_options()
    known = [one for one in options.key_types if one != "ssh-rsa"]
    wanted = [proof for kind in kinds for proof in (_RSA_PROOFS if kind == "ssh-rsa" else (kind,))]
    options.key_types = tuple(one for one in known if one in wanted) if "" not in kinds else tuple(known)


def _check_host_key(shown: PKey, pinned: Sequence[str], account: Account) -> None:
    """Raises TryLater for a host key that is not pinned: nothing was told to that host."""
    fingerprint = _fingerprint(shown.asbytes())
    if fingerprint not in pinned:
        raise TryLater(
            f"{account.host} shows the host key {shown.get_name()} {fingerprint}, which is not pinned",
            path="host_keys",
            fix="ask the partner whether they changed it; never pin a key that only the line told you",
        )


def _sign_in(transport: Transport, account: Account) -> None:
    """By key, by password, or by both when the server wants both. Raises TryLater."""
    refused = (AuthenticationException, BadAuthenticationType)
    if account.key is not None:
        with contextlib.suppress(*refused):
            transport.auth_publickey(account.user, _private_key(account))
    if account.password is not None and not transport.is_authenticated():
        with contextlib.suppress(*refused):
            transport.auth_password(account.user, account.password())
    if not transport.is_authenticated():
        raise TryLater(
            f"{account.host} refused the sign-in of {account.user}", path="auth",
            fix="compare user, key and password with what the partner set up",
        )  # fmt: skip


def _private_key(account: Account) -> PKey:
    assert account.key is not None, "asked only with a key"
    text, phrase = account.key(), account.passphrase() if account.passphrase else None
    for kind in _KEY_KINDS:
        with contextlib.suppress(SSHException, ValueError, TypeError, IndexError):
            return kind.from_private_key(io.StringIO(text), phrase)
    raise TryLater(
        "the private key for the sign-in cannot be read", path="auth", fix="give an Ed25519, ECDSA or RSA key"
    )
