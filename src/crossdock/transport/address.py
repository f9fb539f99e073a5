"""The guard over which network addresses the hub may call."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

#: Host and port to addresses, best first. Raises OSError when the name has none.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Lets the hub call public addresses, and those others that the charter lists under `network.allow`.

    A charter is written by people who may not own the hub's network: without this, a URL in it could
    reach the cloud's metadata service or an administration port on the same host.
    """

    allow: tuple[IPv4Network | IPv6Network, ...] = ()

    def permits(self, address: str) -> bool:
        """Whether one address, written as a literal, may be called."""
        ip = _meant(ip_address(address.strip("[]").partition("%")[0]))
        return (ip.is_global and not ip.is_multicast) or any(ip in network for network in self.allow)


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses that the operating system knows for a host. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _meant(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one carries inside (mapped, 6to4, Teredo, NAT64), else itself.

    A private address in such a wrapping looks public but ends at the private host.
    """
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
