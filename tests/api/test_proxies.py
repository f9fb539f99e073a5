"""From where a request came: what a proxy says is believed where the proxy is."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from crossdock.api.proxies import Proxies
from crossdock.faults import Misconfigured
from crossdock.settings import settings_from

TRUSTED = Proxies([ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "told", "seen"),
    [
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the left one anybody may have written
        ("10.0.0.5", "198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),  # a chain of proxies
        ("10.0.0.5", "10.0.0.9, 10.1.1.1", "10.0.0.9"),  # all of them ours
        ("10.0.0.5", "198.51.100.1, nonsense", "10.0.0.5"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("[fd00::1]", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.5", "203.0.113.9", "203.0.113.9"),
        (
            "203.0.113.77",
            "198.51.100.1",
            "203.0.113.77",
        ),  # no proxy of ours: what it says of others is its own
    ],
)
def test_the_first_address_that_no_trusted_proxy_vouches_beyond_is_who_asked(
    peer: str, told: str, seen: str
) -> None:
    assert TRUSTED.seen(peer, "http", {"x-forwarded-for": told})[0] == seen


def test_control_without_a_list_nobody_is_believed() -> None:
    headers = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    assert Proxies(()).seen("10.0.0.5", "http", headers) == ("10.0.0.5", "http")


@pytest.mark.parametrize(
    ("told", "scheme"), [("https", "https"), ("http, https", "https"), ("gopher", "http"), ("", "http")]
)
def test_the_scheme_is_that_of_the_last_proxy(told: str, scheme: str) -> None:
    assert TRUSTED.seen("127.0.0.1", "http", {"x-forwarded-proto": told})[1] == scheme
    assert TRUSTED.seen("203.0.113.77", "http", {"x-forwarded-proto": "https"})[1] == "http"


def test_the_setting_is_a_list_of_networks() -> None:
    found = settings_from({"CROSSDOCK_TRUSTED_PROXIES": "10.0.0.5, fd00::/8"}).trusted_proxies
    assert [str(one) for one in found] == ["10.0.0.5/32", "fd00::/8"]
    with pytest.raises(Misconfigured, match="no list of networks"):
        settings_from({"CROSSDOCK_TRUSTED_PROXIES": "the load balancer"})
