"""From where a request came, where proxies that are trusted stand between."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

_HOPS_MAX = 20
_SCHEMES = frozenset({"http", "https"})


class Proxies:
    """Believes `X-Forwarded-For` and `X-Forwarded-Proto` of proxies in listed networks, and of nobody else."""

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self._networks = tuple(networks)

    def seen(self, peer: str, scheme: str, headers: Any) -> tuple[str, str]:
        """Address and scheme of whoever asked, from the address that the socket tells.

        Read from the right: each trusted proxy vouches for the address before it; the first one that is not
        trusted is who asked. What stands further left anybody may have written.
        """
        peer = peer.strip("[]")
        if not self._networks or not self._trusts(_address(peer)):
            return peer, scheme
        told = (headers.get("x-forwarded-proto") or "").rpartition(",")[2].strip().lower()
        scheme = told if told in _SCHEMES else scheme
        for hop in reversed((headers.get("x-forwarded-for") or "").split(",")[-_HOPS_MAX:]):
            address = _address(hop.strip().strip("[]"))
            if address is None:
                break  # nobody knows what that is: the last proxy that said something sensible stands
            peer = str(address)
            if not self._trusts(address):
                break
        return peer, scheme

    def _trusts(self, address: IPv4Address | IPv6Address | None) -> bool:
        if address is None:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
