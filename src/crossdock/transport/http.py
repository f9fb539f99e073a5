"""HTTP/1.1 to one system, over one pool of kept-alive connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Generic, TypeVar

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    DetailedPyreqwestError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.http import HeaderMap, Url
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from crossdock.faults import InDoubt, Invalid, Misconfigured, TryLater
from crossdock.transport.address import AddressGuard, Resolve, system_addresses

Made = TypeVar("Made")

#: The cause that the library names when its connector (TCP, TLS) failed, before a request was written.
#: The classes of its exceptions do not tell: a reset after a whole request, too, is a `ConnectError` there.
#: Should a release word it otherwise, everything becomes in doubt, which is safe, and a test fails.
_NOTHING_SENT = "client error (Connect)"

_ADDRESS_FOR_S = 30.0  # how long a checked address is used before its name is looked up again
_CONNECT_MAX_S = 5.0
#: Shorter than the idle limits usual at servers, so that few kept connections turn out dead.
_IDLE_MAX_S = 30.0


@dataclass(slots=True, eq=False)
class _Pool:
    """The connections to one checked address."""

    client: Client
    address: str
    in_use: int = 0
    retired: bool = False


class HttpClient(Generic[Made]):
    """Sends requests to one base URL; sorts what goes wrong by whether anything left.

    Redirects are answers like any other, proxies from the environment are not used, no cookie is
    kept, and a request is never sent twice. `make` builds the caller's answer from status, headers
    (lower case; repeated ones joined by ", ") and body. The address is checked once, then pinned for
    the connection, so that a name cannot point elsewhere between check and use. Times in seconds.

    `may_send` is for a process whose work another may take over: it is asked, in the thread that writes,
    between the making of the connection and the first byte of a request with a body.
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
        self._base, self._host, self._port, self._literal = _parts(url)
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
        self._ca_pem = ca_pem
        self._resolve = resolve
        self._clock = clock
        self._pool: _Pool | None = None
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
        pool = self._pool
        if pool is None or self._clock() >= self._fresh_until_s:
            pool = await self._checked_pool()
        pool.in_use += 1
        try:
            async with self._request(pool.client, method, path, body, headers) as response:
                content = await self._content(response)
                return self._make(response.status, _lower(response.headers), content)
        except PyreqwestError as error:
            if _NOTHING_SENT in _causes(error):
                self._failed_address, self._fresh_until_s = pool.address, 0.0
            raise self._fault(error) from None  # its text may quote the whole URL
        finally:
            pool.in_use -= 1
            if pool.retired and not pool.in_use:
                await pool.client.close()

    async def close(self) -> None:
        """Ends all connections; what is under way ends in doubt."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.client.close()

    def __repr__(self) -> str:
        return f"HttpClient({self._base!r})"

    def _request(
        self, client: Client, method: str, path: str, body: bytes, headers: Mapping[str, str] | None
    ) -> StreamRequest:
        if path and path[0] not in "/?":
            # "http://host" + "@elsewhere/" would be another host.
            raise Invalid(
                "a path begins with a slash", path="path", value=path[:100], fix="write /" + path[:100]
            )
        try:
            request = client.request(method, self._base + path)
            if headers:
                request = request.headers(headers)
            if body and self.may_send is not None:
                request = request.headers({"content-length": str(len(body))}).body_stream(self._asked(body))
            elif body:
                request = request.body_bytes(body)
            return request.build_streamed()
        except ValueError:  # its text quotes the header
            raise Invalid("no HTTP request can be made of this path and these headers", path="path") from None

    def _asked(self, body: bytes) -> Iterator[bytes]:
        """The body, unless the process may not send any more at the moment of the writing. Raises TryLater."""
        if self.may_send is not None and not self.may_send():
            raise TryLater("this process may not send now: its hold on the work has run out")
        yield body

    async def _content(self, response: Response) -> bytes:
        """The whole body, at most `answer_bytes_max`. Raises InDoubt when there is more."""
        reader, found, parts = response.body_reader, 0, list[bytes]()
        while (chunk := await reader.read_chunk()) is not None:
            found += len(chunk)
            if found > self._answer_bytes_max:
                raise InDoubt(
                    f"{self._host} answered {response.status} with more than {self._answer_bytes_max:,} bytes",
                    fix="raise the limit on answers, or ask for smaller pages",
                )
            parts.append(chunk.to_bytes())
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _checked_pool(self) -> _Pool:
        """The pool for an address that was checked just now; kept while the address stays. Raises TryLater."""
        async with self._looking_up:
            if self._closed:
                raise TryLater(f"the connections to {self._host} are closed")
            pool = self._pool
            if pool is not None and self._clock() < self._fresh_until_s:
                return pool  # somebody else looked while we waited
            addresses = [self._host] if self._literal else await self._permitted()
            address = self._next_address(addresses, pool)
            if pool is None or pool.address != address:
                await self._retire(pool)
                pool = self._pool = _Pool(self._built(address), address)
            self._failed_address = ""
            self._fresh_until_s = self._clock() + _ADDRESS_FOR_S
            return pool

    def _next_address(self, addresses: Sequence[str], pool: _Pool | None) -> str:
        """The address in use while it works, else the one that follows it."""
        if self._failed_address in addresses:
            return addresses[(addresses.index(self._failed_address) + 1) % len(addresses)]
        return pool.address if pool is not None and pool.address in addresses else addresses[0]

    async def _permitted(self) -> Sequence[str]:
        """The addresses of our host that may be called, at least one. Raises TryLater."""
        try:
            async with asyncio.timeout(self._connect_s):
                found = await self._resolve(self._host, self._port)
        except (OSError, UnicodeError):  # a time-out is an OSError; a label too long is a UnicodeError
            if self._pool is not None and not self._failed_address:
                return [self._pool.address]  # checked before, and it works
            raise TryLater(f"the name {self._host} has no address now", path="url") from None
        permitted = [address for address in found if self._guard.permits(address)]
        if not permitted:
            await self._retire(self._pool)
            named = ", ".join(found[:3]) or "nothing"
            raise TryLater(
                f"{self._host} leads to {named}, which the charter does not allow",
                path="url", fix=f"list {named} under network.allow if it is right",
            )  # fmt: skip
        return permitted

    async def _retire(self, pool: _Pool | None) -> None:
        """No new request uses the pool; it closes with its last answer."""
        self._pool = None
        if pool is not None:
            pool.retired = True
            if not pool.in_use:
                await pool.client.close()

    @property
    def _connect_s(self) -> float:
        # Well below the whole time-out, so that a silent host is known to have got nothing.
        return min(_CONNECT_MAX_S, self._timeout_s / 2)

    def _built(self, address: str) -> Client:
        builder = (
            ClientBuilder()
            .no_proxy()
            .follow_redirects(False)
            .referer(False)
            .user_agent("crossdock")
            .http1_only()  # over HTTP/2 the library repeats requests that a server refused
            .brotli(False).zstd(False).deflate(False)
            .timeout(timedelta(seconds=self._timeout_s))
            .connect_timeout(timedelta(seconds=self._connect_s))
            .pool_idle_timeout(timedelta(seconds=_IDLE_MAX_S))
            .pool_max_idle_per_host(self._connections_max)
        )  # fmt: skip
        if not self._literal:
            builder = builder.resolve(self._host, address, self._port)
        if self._ca_pem is not None:
            builder = builder.add_root_certificate_pem(self._ca_pem)
        return builder.build()

    def _fault(self, error: PyreqwestError) -> TryLater | InDoubt:
        causes = _causes(error)
        why = causes[-1][:200] if causes else type(error).__name__  # the innermost names no URL
        if _NOTHING_SENT in causes:
            return TryLater(f"{self._host}:{self._port} cannot be reached: {why}", path="url")
        if isinstance(error, RequestTimeoutError):
            return InDoubt(f"{self._host}:{self._port} gave no complete answer within {self._timeout_s:g} s")
        return InDoubt(f"{self._host}:{self._port} gave no complete answer: {why}")


def _parts(url: str) -> tuple[str, str, int, bool]:
    """Base without trailing slash, host, port, and whether the host is an address. Raises Misconfigured.

    Read by the client's own parser, for which `http://2130706433` is 127.0.0.1: what is checked is what is called.
    """
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
    try:
        ip_address(host.strip("[]"))
        literal = True
    except ValueError:
        literal = False
    return str(parsed).rstrip("/"), host, port, literal


def _lower(headers: HeaderMap) -> dict[str, str]:
    found = headers.dict_multi_value()
    return {name: value if isinstance(value, str) else ", ".join(value) for name, value in found.items()}


def _causes(error: PyreqwestError) -> list[str]:
    details = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    return [cause["message"] for cause in details or ()]
