"""Sessions with an SSH server: the address checked, the host key pinned, then signed in, then SFTP."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import io
import socket
import stat
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from paramiko import (
    AuthenticationException,
    BadAuthenticationType,
    ECDSAKey,
    Ed25519Key,
    Message,
    PKey,
    RSAKey,
    SFTPAttributes,
    SFTPClient,
    SSHException,
    Transport,
)
from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR, CMD_READDIR

from crossdock.faults import Misconfigured, TryLater
from crossdock.transport.address import AddressGuard, Resolve
from crossdock.transport.mailbox import Entry

Secret = Callable[[], str]

_KEY_KINDS: tuple[type[PKey], ...] = (Ed25519Key, ECDSAKey, RSAKey)
#: The names under which a server may prove that it has an RSA key; SHA-1 is not among them.
_RSA_PROOFS = ("rsa-sha2-512", "rsa-sha2-256")
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 1, 2, 4, 8, 0x8000_0000
_NAMES_MAX = 10_000  # in one answer
_CHUNK_BYTES = 32_768
_AHEAD_MAX = 64  # requests under way at once


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
        if coded[4 : 4 + len(named)] == named and int.from_bytes(coded[:4]) == len(named):
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


class _Client(SFTPClient):
    """The library's client with a listing of its own: the library's breaks at one name that is no UTF-8."""

    _request: Callable[..., tuple[int, Message]]  # the library's; its published types leave it out

    def files(self, folder: str, names_max: int) -> list[Entry]:
        """The regular files of a folder, at most so many names read. Raises OSError, SSHException."""
        handle, found, names = self._asked(CMD_OPENDIR, folder.encode()).get_binary(), list[Entry](), 0
        try:
            while names < names_max:
                answer = self._asked(CMD_READDIR, handle)
                for _ in range(min(answer.get_int(), _NAMES_MAX)):
                    name = answer.get_string().decode("utf-8", "surrogateescape")
                    answer.get_string()  # the line that `ls -l` would show
                    entry = _listed(name, answer)
                    names += name not in (".", "..")
                    if entry is not None and names <= names_max:
                        found.append(entry)
        except EOFError:  # how the library says that the server has no more
            if not self._alive():
                raise
        self._asked(CMD_CLOSE, handle)
        return found

    def _asked(self, *words: int | bytes) -> Message:
        """One request and its answer."""
        return self._request(*words)[1]

    def _alive(self) -> bool:
        channel = self.get_channel()
        return channel is not None and not channel.closed


def _listed(name: str, answer: Message) -> Entry | None:
    """The file that the attributes in a listing tell of (draft-ietf-secsh-filexfer-02, 5); None for no file."""
    flags = answer.get_int()
    size = answer.get_int64() if flags & _HAS_SIZE else 0
    if flags & _HAS_OWNER:
        answer.get_int64()
    mode = answer.get_int() if flags & _HAS_MODE else stat.S_IFREG
    modified_s = (answer.get_int(), answer.get_int())[1] if flags & _HAS_TIMES else 0
    if flags & _HAS_MORE:
        for _ in range(2 * min(answer.get_int(), 100)):
            answer.get_string()
    return Entry(name, size, float(modified_s)) if stat.S_ISREG(mode) else None


class Lost(Exception):
    """The connection broke: whether the last request was carried out is not known."""


class Session:
    """One connection, signed in. Blocks: use it in a thread. `Lost` when it breaks, OSError for a server's no."""

    def __init__(self, transport: Transport, sftp: _Client) -> None:
        self._transport = transport
        self._sftp = sftp

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as this side knows."""
        return self._transport.is_active()

    def close(self) -> None:
        """Ends the connection; whoever waits for an answer on it gets `Lost`."""
        self._transport.close()

    def names(self, folder: str, names_max: int) -> list[Entry]:
        """The regular files of a folder, at most so many names read."""
        with self._sorted_out():
            return self._sftp.files(folder, names_max)

    def check_folder(self, folder: str) -> None:
        """Raises OSError when the folder is not there."""
        with self._sorted_out():
            self._sftp.stat(folder)

    def seen(self, folder: str, name: str) -> Entry | None:
        """The file of that name now; None when there is none. A link is none."""
        with self._sorted_out():
            try:
                found = self._sftp.lstat(f"{folder}/{name}")
            except FileNotFoundError:
                return None
        return _entry(name, found) if _is_file(found) else None

    def exists(self, folder: str, name: str) -> bool:
        """Whether anything has that name."""
        with self._sorted_out():
            try:
                self._sftp.lstat(f"{folder}/{name}")
            except FileNotFoundError:
                return False
        return True

    def read_on(self, folder: str, entry: Entry, into: bytearray) -> None:
        """Reads a file from where `into` ends to its size at listing; what arrived before `Lost` stays there."""
        with self._sorted_out(), self._sftp.open(f"{folder}/{entry.name}", "rb") as file:
            file.seek(len(into))
            file.prefetch(entry.size, _AHEAD_MAX)
            while len(into) < entry.size:
                chunk = file.read(min(_CHUNK_BYTES, entry.size - len(into)))
                if not chunk:
                    return
                into += chunk

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Writes a file anew; every byte is acknowledged, and its size looked at, when this returns."""
        path = f"{folder}/{name}"
        with self._sorted_out():
            with self._sftp.open(path, "wb") as file:
                file.set_pipelined(True)
                for at in range(0, len(content), _CHUNK_BYTES):
                    file.write(content[at : at + _CHUNK_BYTES])
            size = self._sftp.stat(path).st_size
            if size != len(content):
                raise OSError(f"the server has {size} of {len(content)} bytes")

    def rename(self, folder: str, name: str, to_folder: str, to_name: str) -> None:
        """Renames at one instant; a plain rename where the server knows no other."""
        old, new = f"{folder}/{name}", f"{to_folder}/{to_name}"
        with self._sorted_out():
            try:
                self._sftp.posix_rename(old, new)
            except OSError as error:
                if error.errno is not None or not self.alive or "unsupported" not in str(error).lower():
                    raise
                self._sftp.rename(old, new)

    def remove(self, folder: str, name: str) -> None:
        """Removes a file; one that is gone is fine."""
        with self._sorted_out(), contextlib.suppress(FileNotFoundError):
            self._sftp.remove(f"{folder}/{name}")

    @contextlib.contextmanager
    def _sorted_out(self) -> Generator[None]:
        """Tells a broken connection from a server's no: the library raises OSError for both."""
        try:
            yield
        except (SSHException, EOFError, TimeoutError, ConnectionError) as error:
            self.close()
            raise Lost(_said(error)) from None
        except OSError as error:
            if self.alive and "closed" not in str(error):
                raise
            self.close()
            raise Lost(_said(error)) from None


def opened(account: Account, address: str, timeout_s: float) -> Session:
    """A session with the server at a checked address. Raises TryLater: nothing was done there."""
    try:
        transport = Transport(socket.create_connection((address, account.port), timeout_s))
    except (OSError, SSHException) as error:
        raise TryLater(
            f"{account.host}:{account.port} cannot be reached: {_said(error)}", path="host"
        ) from None
    try:
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = timeout_s
        pins = [_pin(one) for one in account.host_keys]
        _ask_for_known_kinds(transport, [kind for kind, _ in pins])
        transport.start_client(timeout=timeout_s)
        _check_host_key(transport.get_remote_server_key(), [print_ for _, print_ in pins], account)
        _sign_in(transport, account)
        sftp = _Client.from_transport(transport)
        if sftp is None:
            raise TryLater(f"{account.host} opens no SFTP", path="host")
        channel = sftp.get_channel()
        assert channel is not None, "from_transport opened it"
        channel.settimeout(timeout_s)
    except BaseException as error:
        transport.close()
        if isinstance(error, (SSHException, EOFError, OSError)):
            raise TryLater(f"{account.host} does not let us in: {_said(error)}", path="host") from None
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
    try:
        more: Sequence[str] = ("password",)
        if account.key is not None:
            more = transport.auth_publickey(account.user, _private_key(account))
        if account.password is not None and not transport.is_authenticated() and "password" in more:
            transport.auth_password(account.user, account.password())
    except (AuthenticationException, BadAuthenticationType):
        pass
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


def _is_file(found: SFTPAttributes) -> bool:
    return found.st_mode is None or stat.S_ISREG(found.st_mode)


def _entry(name: str, found: SFTPAttributes) -> Entry:
    return Entry(name, found.st_size or 0, float(found.st_mtime or 0))


def _said(error: BaseException) -> str:
    return str(error)[:200] or type(error).__name__
