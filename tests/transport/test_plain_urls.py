"""URLs of systems: the short way and the browser's rules never differ, and what is odd takes the long way."""

from __future__ import annotations

import pytest
from pyreqwest.http import Url

from crossdock.faults import Misconfigured
from crossdock.transport.http import parts_of, plain_url

_PLAIN = [
    f"{scheme}://{host}{port}{path}"
    for scheme in ("http", "https")
    for host in ("wms", "wms.example", "a-b.c1.example", "1.example", "127.0.0.1", "10.0.0.255", "a1")
    for port in ("", ":80", ":443", ":8080", ":1", ":65535")
    for path in ("", "/", "/api", "/api/", "/api/v1.2", "/A_b~c/-d")
]


def test_the_two_ways_read_a_plain_url_alike() -> None:
    """Base, host and port are those of the browser's rules."""
    for url in _PLAIN:
        found, other = plain_url(url), Url(url)
        assert found is not None, url
        assert found[:3] == (str(other).rstrip("/"), other.host_str, other.port_or_known_default)
        assert found[3] is found[1].replace(".", "").isdigit()


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433", "http://127.1", "http://0177.0.0.1", "http://0x7f.0.0.1", "http://127.0.0.01",
        "http://256.0.0.1", "http://1.2.3.4.5", "http://[::1]", "http://wms.example.", "http://WMS.example",
        "http://xn--bcher-kva.example", "http://bücher.example", "http://a_b.example", "http://u:p@wms", "http://wms@evil",
        "http://wms:0", "http://wms:65536", "http://wms:99999", "http://wms:08", "http://wms/a/../b", "http://wms/%2e%2e/b",
        "http://wms//b", "http://wms/.", "http://wms/a?b=1", "http://wms/a#b", "http://wms\\evil", "http://wms/a b",
        "http://wms\n", "http://-wms", "http://wms-", "ftp://wms", "//wms", "wms", "", "http://", "http://wms.0x7f",
        "http://wms.1",
    ],
)  # fmt: skip
def test_an_odd_url_takes_the_long_way(url: str) -> None:
    """What could be read in two ways is left to the browser's rules, whatever they make of it."""
    assert plain_url(url) is None


def test_the_long_way_still_reads_and_refuses() -> None:
    """A number is an address, and what is no URL of a system is refused."""
    assert parts_of("http://2130706433/x/") == ("http://127.0.0.1/x", "127.0.0.1", 80, True)
    with pytest.raises(Misconfigured):
        parts_of("http://u:p@wms")
