"""HTTP/1.1 to one system, over one pool of kept-alive connections."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import quote, urlsplit

from crossdock.faults import InDoubt, Invalid, Misconfigured, TryLater
from crossdock.transport.address import AddressGuard, Resolve, system_addresses
from crossdock.transport.http_connection import Connection, Incomplete

Made = TypeVar("Made")

_ADDRESS_FOR_S = 30.0  # how long a checked address is used before its name is looked up again
_CONNECT_MAX_S = 5.0
#: Shorter than the idle limits usual at servers, so that few kept connections turn out dead.
_IDLE_MAX_S = 30.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN_PATH = re.compile(r"[!$-~]*")  # printable ASCII without space, quote and number sign
#: What may stand in a path as it is, percent-encoded parts among it.
_IN_PATH = "/?:@!$&'()*+,;=%-._~[]"
#: Said by us, whatever the caller says.
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "accept-encoding"})
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
#: Where systems keep the authorities that they trust, for a Python that was built for another one.
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
#: A URL without anything that is written in two ways: its last label begins with a letter, or it is four numbers.
_PLAIN_URL = re.compile(
    r"(https?)://(?!\S*xn--)((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?|\d+\.\d+\.\d+\.\d+)"
    r"(?::([1-9]\d{0,4}))?((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/?",
    re.ASCII,
)


class HttpClient(Generic[Made]):
    """Sends requests to one base URL; sorts what goes wrong by whether anything left.

    Redirects are answers like any other, proxies from the environment are not used, no cookie is
    kept, and a request is never sent twice. `make` builds the caller's answer from status, headers
    (lower case; repeated ones joined by ", ") and body. The address is checked once, then pinned for
    the connection, so that a name cannot point elsewhere between check and use. Times in seconds.

    `may_send` is for a process whose work another may take over: it is asked between the making of the
    connection and the first byte of a request with a body, in the step of the loop that writes.
    """

    def __init__(
        self,
        url: str,
        *,
        make: Callable[[int, Mapping[str, str], bytes], Made],
        allow: tuple[IPv4Network | IPv6Network, ...] = (),
        timeout_s: float = 10.0,
        answer_bytes_max: int = 10_000_000,
        connections_max: int = 64,
        ca_pem: bytes | None = None,
        resolve: Resolve = system_addresses,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base, self._host, self._port, self._literal = parts_of(url)
        parts = urlsplit(self._base)
        self._path = parts.path
        self._prefix = (
            f"host: {parts.netloc}\r\nuser-agent: crossdock\r\naccept: */*\r\naccept-encoding: gzip\r\n"
        )
        self._tls = _tls(ca_pem) if parts.scheme == "https" else None
        self._guard = AddressGuard(allow)
        if self._literal and not self._guard.permits(self._host):
            raise Misconfigured(
                f"{self._host} is not a public address",
                path="url",
                fix=f"list {self._host} under network.allow",
            )
        self._make = make
        self._timeout_s = timeout_s
        self._answer_bytes_max = answer_bytes_max
        self._connections_max = connections_max
        self._resolve = resolve
        self._clock = clock
        self._address: str | None = None  #: the checked one that requests go to
        self._kept: list[Connection] = []  #: connections that wait for a request, the last used last
        self._open: set[Connection] = set()
        self._fresh_until_s = 0.0
        self._failed_address = ""
        self._looking_up = asyncio.Lock()
        self._closed = False
        self.may_send: Callable[[], bool] | None = None

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Made:
        """One request, and its complete answer whatever the status.

        Raises TryLater when nothing was sent (DNS, refused address, connect, TLS), InDoubt when bytes
        may have left and no complete answer came, Invalid when no request can be made of the arguments.
        """
        request = self._written(method, path, body, headers)
        address = self._address
        if address is None or self._clock() >= self._fresh_until_s:
            address = await self._checked_address()
        connection = self._idle_one() or await self._connected(address)
        if body and self.may_send is not None and not self.may_send():
            self._idle(connection)
            raise TryLater("this process may not send now: its hold on the work has run out")
        answer = connection.ask(request, head_only=method == "HEAD", timeout_s=self._timeout_s)
        try:
            status, found, content = await answer
        except Incomplete as why:
            raise InDoubt(f"{self._host}:{self._port} gave no complete answer: {why}") from None
        except asyncio.CancelledError:
            connection.abandon(answer)
            raise
        return self._make(status, found, content)

    async def close(self) -> None:
        """Ends all connections; what is under way ends in doubt."""
        self._closed, self._address = True, None
        self._kept.clear()
        for connection in list(self._open):
            connection.give_up("the hub has closed its connections")

    def __repr__(self) -> str:
        return f"HttpClient({self._base!r})"

    def _written(self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None) -> bytes:
        """The whole request as it goes over the wire. Raises Invalid."""
        if path and path[0] not in "/?":
            # "http://host" + "@elsewhere/" would be another host.
            raise Invalid(
                "a path begins with a slash", path="path", value=path[:100], fix="write /" + path[:100]
            )
        where = self._path + path
        if not _PLAIN_PATH.fullmatch(where):
            where = quote(where.partition("#")[0], safe=_IN_PATH)
        lines = [f"{method} {where if where[:1] == '/' else '/' + where} HTTP/1.1\r\n", self._prefix]
        for name, value in (headers or {}).items():
            if not _TOKEN.fullmatch(name) or "\n" in value or "\r" in value or "\x00" in value:
                raise Invalid("no HTTP request can be made of this path and these headers", path="path")
            if name.lower() not in _OURS:
                lines.append(f"{name}: {value}\r\n")
        if body or method in _WITH_LENGTH:
            lines.append(f"content-length: {len(body)}\r\n")
        lines.append("\r\n")
        if not _TOKEN.fullmatch(method):
            raise Invalid("no HTTP request can be made of this path and these headers", path="path")
        return "".join(lines).encode() + body

    # -- connections ---------------------------------------------------------

    def _idle_one(self) -> Connection | None:
        """A kept connection to the address in use that can take a request."""
        oldest_s = asyncio.get_running_loop().time() - _IDLE_MAX_S
        while self._kept:
            connection = self._kept.pop()
            if connection.idle_since_s > oldest_s and connection.stands():
                return connection
            connection.give_up("it was kept for too long")
        return None

    async def _connected(self, address: str) -> Connection:
        """A fresh connection. Raises TryLater: nothing was sent."""
        try:
            async with asyncio.timeout(self._connect_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(address, self._answer_bytes_max, self._idle, self._ended),
                    address.strip("[]"), self._port, ssl=self._tls,
                    server_hostname=self._host.strip("[]") if self._tls is not None else None,
                )  # fmt: skip
        except (OSError, ssl.SSLError) as error:  # a time-out is an OSError
            self._failed_address, self._fresh_until_s = address, 0.0
            raise TryLater(
                f"{self._host}:{self._port} cannot be reached: {self._in_words(error)}", path="url"
            ) from None
        self._open.add(connection)
        if self._closed:
            connection.give_up("the hub has closed its connections")
            raise TryLater(f"the connections to {self._host} are closed")
        return connection

    def _in_words(self, error: OSError) -> str:
        """Why there is no connection."""
        if isinstance(error, TimeoutError):
            return f"no connection within {self._connect_s:g} s"
        if isinstance(error, ssl.SSLError):
            return str(error)
        return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)

    def _idle(self, connection: Connection) -> None:
        """It can take another request, unless there are enough, or the name leads elsewhere by now."""
        if connection.address != self._address or len(self._kept) >= self._connections_max:
            connection.give_up("it is not needed any more")
            return
        connection.idle_since_s = asyncio.get_running_loop().time()
        self._kept.append(connection)

    def _ended(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._kept:
            self._kept.remove(connection)

    def _lead_to(self, address: str | None) -> None:
        """Requests go there from now on; what is under way elsewhere may end."""
        if address != self._address:
            self._address = address
            kept, self._kept = self._kept, []
            for connection in kept:
                connection.give_up("the name leads elsewhere")

    # -- addresses -----------------------------------------------------------

    async def _checked_address(self) -> str:
        """An address that was checked just now. Raises TryLater."""
        async with self._looking_up:
            if self._closed:
                raise TryLater(f"the connections to {self._host} are closed")
            if self._address is not None and self._clock() < self._fresh_until_s:
                return self._address  # somebody else looked while we waited
            addresses = [self._host] if self._literal else await self._permitted()
            address = self._next_address(addresses)
            self._lead_to(address)
            self._failed_address = ""
            self._fresh_until_s = self._clock() + _ADDRESS_FOR_S
            return address

    def _next_address(self, addresses: Sequence[str]) -> str:
        """The address in use while it works, else the one that follows it."""
        if self._failed_address in addresses:
            return addresses[(addresses.index(self._failed_address) + 1) % len(addresses)]
        return self._address if self._address is not None and self._address in addresses else addresses[0]

    async def _permitted(self) -> Sequence[str]:
        """The addresses of our host that may be called, at least one. Raises TryLater."""
        try:
            async with asyncio.timeout(self._connect_s):
                found = await self._resolve(self._host, self._port)
        except (OSError, UnicodeError):  # a time-out is an OSError; a label too long is a UnicodeError
            if self._address is not None and not self._failed_address:
                return [self._address]  # checked before, and it works
            raise TryLater(f"the name {self._host} has no address now", path="url") from None
        permitted = [address for address in found if self._guard.permits(address)]
        if not permitted:
            self._lead_to(None)
            named = ", ".join(found[:3]) or "nothing"
            raise TryLater(
                f"{self._host} leads to {named}, which the charter does not allow",
                path="url", fix=f"list {named} under network.allow if it is right",
            )  # fmt: skip
        return permitted

    @property
    def _connect_s(self) -> float:
        # Well below the whole time-out, so that a silent host is known to have got nothing.
        return min(_CONNECT_MAX_S, self._timeout_s / 2)


def _tls(ca_pem: bytes | None) -> ssl.SSLContext:
    """Trusts whom the machine trusts, and the authority of the site if it names one. Raises Misconfigured."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not paths.capath:
        bundle = next((path for path in _BUNDLES if Path(path).exists()), None)
        if bundle is not None:
            context.load_verify_locations(bundle)
    if ca_pem is not None:
        try:
            context.load_verify_locations(cadata=ca_pem.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            raise Misconfigured("this is no certificate", path="ca", fix="give it as PEM") from None
    return context


def plain_url(url: str) -> tuple[str, str, int, bool] | None:
    """The parts of a URL that no two readers understand differently; None for any other, which may be right, too."""
    found = _PLAIN_URL.fullmatch(url)
    if found is None:
        return None
    scheme, host, written, path = found.groups()
    usual = {"http": 80, "https": 443}[scheme]
    port = int(written or usual)
    literal = host[-1].isdigit() and host.replace(".", "").isdigit()
    if port > 65_535 or (literal and not _is_address(host)):
        return None
    return f"{scheme}://{host}{'' if port == usual else f':{port}'}{path}", host, port, literal


def parts_of(url: str) -> tuple[str, str, int, bool]:
    """Base without trailing slash, host, port, and whether the host is an address. Raises Misconfigured.

    What is not plain is read by a browser's rules, for which `http://2130706433` is 127.0.0.1.
    """
    return plain_url(url) or _odd_parts(url)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _odd_parts(url: str) -> tuple[str, str, int, bool]:
    from pyreqwest.http import Url  # large, and hardly ever needed

    try:
        parsed = Url(url)
    except ValueError:
        raise Misconfigured(
            "this is not a URL", path="url", fix="write it like https://host:port/base"
        ) from None
    host, port = parsed.host_str, parsed.port_or_known_default
    if parsed.scheme not in ("http", "https") or not host or not port:
        raise Misconfigured("this is not an HTTP URL", path="url", fix="write it like https://host:port/base")
    if parsed.username or parsed.password:
        raise Misconfigured("a URL holds no user or password", path="url", fix="name the secret under auth")
    if parsed.query_string or parsed.fragment:
        raise Misconfigured(
            "a base URL ends with its path", path="url", fix="put the query into the flow's path"
        )
    return str(parsed).rstrip("/"), host, port, _is_address(host.strip("[]"))
